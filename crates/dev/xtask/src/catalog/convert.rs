//! One schema as facts: JSON Schema with CloudFormation's additions in, numbered nodes out.
//!
//! A keyword that is neither kept nor listed as left out is an error: the next version of the package may say something
//! that is worth keeping.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};
use stackfleet_catalog::Handler;
use stackfleet_catalog::format::{
    Facet, HandlerFacts, Kinds, Lifecycle, Node, NodeId, Path, Scalar, Stateful, TaggingFacts, TextId, TypeFacts,
};

use super::package::Package;

/// Keywords without meaning for checks: words for people, and where else something is found.
const WORDS: [&str; 9] = [
    "$comment",
    "$schema",
    "description",
    "documentationUrl",
    "examples",
    "relationshipRef",
    "resourceLink",
    "sourceUrl",
    "title",
];

/// Keywords that some dozen schemas use and the catalog does without.
const RARE: [&str; 8] =
    ["arrayType", "dependencies", "if", "maxUniqueItems", "not", "prefixItems", "propertyTransform", "then"];

/// Keywords that speak of the type, not of its properties.
const OF_TYPES: [&str; 15] = [
    "additionalIdentifiers",
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "definitions",
    "deprecatedProperties",
    "handlers",
    "lifecycle",
    "primaryIdentifier",
    "readOnlyProperties",
    "replacementStrategy",
    "taggable",
    "tagging",
    "typeConfiguration",
    "typeName",
    "writeOnlyProperties",
];

/// Collects the nodes of a block; equal ones are kept once.
pub(super) struct Converter<'number> {
    number: &'number mut dyn FnMut(&str) -> TextId,
    nodes: Vec<Node>,
    known: BTreeMap<String, NodeId>,
}

/// The schema that references point into.
struct Document<'schema> {
    schema: &'schema Value,
    /// Nodes by reference.
    done: BTreeMap<&'schema str, NodeId>,
}

impl<'number> Converter<'number> {
    pub(super) fn new(number: &'number mut dyn FnMut(&str) -> TextId) -> Self {
        Self { number, nodes: Vec::new(), known: BTreeMap::new() }
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    /// Converts all that the package knows about a type.
    pub(super) fn resource(&mut self, package: &Package, name: &str) -> anyhow::Result<TypeFacts> {
        let schema = package.schemas.get(name).context("no schema")?;
        let object = schema.as_object().context("no object")?;
        let mut document = Document { schema, done: BTreeMap::new() };
        let facets = self.facets(&mut document, object, &OF_TYPES)?;
        let root = self.node(Node { facets });
        Ok(TypeFacts {
            root,
            read_only: self.paths(object.get("readOnlyProperties"))?,
            create_only: self.paths(object.get("createOnlyProperties"))?,
            conditional_create_only: self.paths(object.get("conditionalCreateOnlyProperties"))?,
            write_only: self.paths(object.get("writeOnlyProperties"))?,
            deprecated: self.paths(object.get("deprecatedProperties"))?,
            primary_identifier: self.paths(object.get("primaryIdentifier"))?,
            additional_identifiers: {
                let sets = object.get("additionalIdentifiers").and_then(Value::as_array);
                sets.into_iter().flatten().map(|set| self.paths(Some(set))).collect::<anyhow::Result<_>>()?
            },
            attributes: self.attributes(package, name, schema)?,
            handlers: self.handlers(object.get("handlers"))?,
            tagging: self.tagging(object)?,
            deletes_before_replacing: match object.get("replacementStrategy").and_then(Value::as_str) {
                None | Some("create_then_delete") => false,
                Some("delete_then_create") => true,
                Some(other) => bail!("unknown replacementStrategy {other}"),
            },
            lifecycle: self.lifecycle(object.get("lifecycle"))?,
            stateful: match package.stateful.get(name) {
                None => Stateful::No,
                Some(false) => Stateful::Yes,
                Some(true) => Stateful::MustBeEmpty,
            },
        })
    }

    fn schema<'schema>(&mut self, document: &mut Document<'schema>, schema: &'schema Value) -> anyhow::Result<NodeId> {
        let object = schema.as_object().context("a schema is no object")?;
        let reference = object.get("$ref").and_then(Value::as_str);
        let facets = self.facets(document, object, &[])?;
        match reference {
            // The other schema itself; a node that only refers to it would say nothing more.
            Some(reference) if facets.is_empty() => self.referenced(document, reference),
            Some(reference) => {
                let mut facets = facets;
                facets.push(Facet::Reference(self.referenced(document, reference)?));
                Ok(self.node(Node { facets }))
            }
            None => Ok(self.node(Node { facets })),
        }
    }

    /// Keeps a node, unless there is one like it.
    fn node(&mut self, node: Node) -> NodeId {
        let key = format!("{node:?}");
        let next = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let id = *self.known.entry(key).or_insert(next);
        if id == next {
            self.nodes.push(node);
        }
        id
    }

    fn referenced<'schema>(
        &mut self,
        document: &mut Document<'schema>,
        reference: &'schema str,
    ) -> anyhow::Result<NodeId> {
        if let Some(done) = document.done.get(reference) {
            return Ok(*done);
        }
        let target = target(document.schema, reference)?;
        if !refers_to_itself(document.schema, reference)? {
            let id = self.schema(document, target)?;
            document.done.insert(reference, id);
            return Ok(id);
        }
        // It needs a number before its parts can refer to it.
        let id = NodeId(u32::try_from(self.nodes.len())?);
        self.nodes.push(Node::default());
        document.done.insert(reference, id);
        let object = target.as_object().context("a schema is no object")?;
        ensure!(!object.contains_key("$ref"), "{reference} is a reference in a circle");
        let facets = self.facets(document, object, &[])?;
        let slot = self.nodes.get_mut(id.0 as usize).context("BUG: the node was just added")?;
        slot.facets = facets;
        Ok(id)
    }

    /// Converts all keywords but those that are read `elsewhere`.
    fn facets<'schema>(
        &mut self,
        document: &mut Document<'schema>,
        object: &'schema Map<String, Value>,
        elsewhere: &[&str],
    ) -> anyhow::Result<Vec<Facet>> {
        let mut facets = Vec::new();
        for (keyword, value) in object {
            let keyword = keyword.as_str();
            if keyword == "$ref" || WORDS.contains(&keyword) || RARE.contains(&keyword) || elsewhere.contains(&keyword)
            {
                continue;
            }
            let facet = self.facet(document, keyword, value);
            facets.extend(facet.with_context(|| format!("{keyword}: {value}"))?);
        }
        if let Some(Value::Object(dependencies)) = object.get("dependencies") {
            // Only lists of names; schemas that depend on a property are rare.
            let lists: Map<String, Value> = dependencies
                .iter()
                .filter(|(_, value)| value.is_array())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if !lists.is_empty() {
                facets.push(Facet::DependentRequired(self.dependents(&Value::Object(lists))?));
            }
        }
        Ok(facets)
    }

    fn facet<'schema>(
        &mut self,
        document: &mut Document<'schema>,
        keyword: &str,
        value: &'schema Value,
    ) -> anyhow::Result<Option<Facet>> {
        let whole = || value.as_u64().or_else(|| value.as_f64().map(|number| number as u64)).context("no whole number");
        let number = || value.as_f64().context("no number");
        Ok(Some(match keyword {
            "type" => Facet::Kinds(kinds(value)?),
            "properties" => Facet::Properties(self.named(document, value)?),
            "patternProperties" => Facet::PatternProperties(self.named(document, value)?),
            "additionalProperties" => match value.as_bool().context("a schema for further properties")? {
                false => Facet::Closed(()),
                true => return Ok(None),
            },
            "required" => Facet::Required(self.texts(value)?),
            "requiredXor" => Facet::RequiredOne(self.texts(value)?),
            "requiredOr" => Facet::RequiredAny(self.texts(value)?),
            "dependentRequired" => Facet::DependentRequired(self.dependents(value)?),
            "dependentExcluded" => Facet::DependentExcluded(self.dependents(value)?),
            "items" => Facet::Items(self.schema(document, value)?),
            "enum" => Facet::Enumeration(self.scalars(value)?),
            "const" => Facet::Enumeration(vec![self.scalar(value)?.context("no single value")?]),
            "enumCaseInsensitive" => Facet::EnumerationOfAnyCase(self.scalars(value)?),
            "pattern" => Facet::Pattern(self.text(value)?),
            "format" => Facet::Format(self.text(value)?),
            "minLength" => Facet::LengthMin(whole()?),
            "maxLength" => Facet::LengthMax(whole()?),
            "minItems" => Facet::ItemsMin(whole()?),
            "maxItems" => Facet::ItemsMax(whole()?),
            "minProperties" => Facet::PropertiesMin(whole()?),
            "maxProperties" => Facet::PropertiesMax(whole()?),
            "minimum" => Facet::Minimum(number()?),
            "maximum" => Facet::Maximum(number()?),
            "exclusiveMaximum" => Facet::Below(number()?),
            "multipleOf" => Facet::MultipleOf(number()?),
            "uniqueItems" if *value == Value::Bool(true) => Facet::Unique(()),
            "insertionOrder" if *value == Value::Bool(false) => Facet::Unordered(()),
            "uniqueItems" | "insertionOrder" => return Ok(None),
            "uniqueKeys" => Facet::UniqueKeys(self.texts(value)?),
            "default" => return Ok(self.scalar(value)?.map(Facet::Default)),
            "anyOf" => Facet::AnyOf(self.schemas(document, value)?),
            "oneOf" => Facet::OneOf(self.schemas(document, value)?),
            "allOf" => Facet::AllOf(self.schemas(document, value)?),
            _ => bail!("unknown keyword"),
        }))
    }

    fn named<'schema>(
        &mut self,
        document: &mut Document<'schema>,
        value: &'schema Value,
    ) -> anyhow::Result<Vec<(TextId, NodeId)>> {
        let mut members: Vec<_> = value.as_object().context("no object")?.iter().collect();
        members.sort_by(|left, right| left.0.cmp(right.0));
        let convert = |(name, schema): (&'schema String, &'schema Value)| {
            let id = (self.number)(name);
            Ok((id, self.schema(document, schema).with_context(|| name.clone())?))
        };
        members.into_iter().map(convert).collect()
    }

    fn schemas<'schema>(
        &mut self,
        document: &mut Document<'schema>,
        value: &'schema Value,
    ) -> anyhow::Result<Vec<NodeId>> {
        let members = value.as_array().context("no list")?;
        members.iter().map(|schema| self.schema(document, schema)).collect()
    }

    fn dependents(&mut self, value: &Value) -> anyhow::Result<Vec<(TextId, Vec<TextId>)>> {
        let members = value.as_object().context("no object")?;
        members.iter().map(|(name, others)| Ok(((self.number)(name), self.texts(others)?))).collect()
    }

    fn text(&mut self, value: &Value) -> anyhow::Result<TextId> {
        Ok((self.number)(value.as_str().context("no text")?))
    }

    fn texts(&mut self, value: &Value) -> anyhow::Result<Vec<TextId>> {
        value.as_array().context("no list")?.iter().map(|text| self.text(text)).collect()
    }

    fn scalars(&mut self, value: &Value) -> anyhow::Result<Vec<Scalar>> {
        let members = value.as_array().context("no list")?;
        members.iter().map(|value| self.scalar(value)?.context("no single value")).collect()
    }

    fn scalar(&mut self, value: &Value) -> anyhow::Result<Option<Scalar>> {
        Ok(match value {
            Value::String(text) => Some(Scalar::Text((self.number)(text))),
            Value::Number(number) => Some(Scalar::Number(number.as_f64().context("no number")?)),
            Value::Bool(flag) => Some(Scalar::Flag(*flag)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
    }

    fn path(&mut self, pointer: &str) -> anyhow::Result<Path> {
        let steps = pointer.strip_prefix("/properties/").context("no path of properties")?;
        Ok(steps.split('/').map(|step| (self.number)(step)).collect())
    }

    fn paths(&mut self, list: Option<&Value>) -> anyhow::Result<Vec<Path>> {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.map(|pointer| self.path(pointer.as_str().context("no text")?)).collect()
    }

    /// What `Fn::GetAtt` takes, where it is not the read-only properties.
    fn attributes(&mut self, package: &Package, name: &str, schema: &Value) -> anyhow::Result<Option<Vec<Path>>> {
        let read_only = || {
            let list = schema.get("readOnlyProperties").and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned)
        };
        let pointers: Vec<String> = if name == "AWS::CloudFormation::CustomResource" {
            vec!["/properties/*".to_owned()]
        } else if name == "AWS::CloudFormation::Stack" {
            vec!["/properties/Outputs/*".to_owned()]
        } else if name == "AWS::ServiceCatalog::CloudFormationProvisionedProduct" {
            read_only().map(|path| if path == "/properties/Outputs" { path + "/*" } else { path }).collect()
        } else if package.open.contains(name) {
            let mut leaves = Vec::new();
            leaves_of(schema, schema, "", 0, &mut leaves)?;
            leaves
        } else if let Some(more) = package.attributes.get(name) {
            let mut all: BTreeSet<String> = more.iter().map(|name| format!("/properties/{name}")).collect();
            all.extend(read_only());
            all.into_iter().collect()
        } else {
            return Ok(None);
        };
        Ok(Some(pointers.iter().map(|pointer| self.path(pointer)).collect::<anyhow::Result<_>>()?))
    }

    fn handlers(&mut self, handlers: Option<&Value>) -> anyhow::Result<Vec<(u8, HandlerFacts)>> {
        let mut found = Vec::new();
        for (name, facts) in handlers.and_then(Value::as_object).into_iter().flatten() {
            let number = Handler::ALL.iter().position(|handler| handler.as_str() == name);
            let number = u8::try_from(number.with_context(|| format!("unknown handler {name}"))?)?;
            let timeout = facts.get("timeoutInMinutes").and_then(Value::as_u64);
            let timeout_minutes = timeout.map(u32::try_from).transpose()?;
            found.push((number, HandlerFacts { permissions: self.permissions(facts)?, timeout_minutes }));
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(found)
    }

    fn permissions(&mut self, facts: &Value) -> anyhow::Result<Vec<TextId>> {
        let listed = facts.get("permissions").and_then(Value::as_array).into_iter().flatten();
        let listed = listed.map(|action| action.as_str().context("a permission is no text"));
        let listed: BTreeSet<&str> = listed.collect::<anyhow::Result<_>>()?;
        Ok(listed.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(|text| (self.number)(text)).collect())
    }

    fn tagging(&mut self, object: &Map<String, Value>) -> anyhow::Result<Option<TaggingFacts>> {
        let Some(tagging) = object.get("tagging") else {
            // The older way to say it.
            return Ok(object.get("taggable").and_then(Value::as_bool).map(|taggable| TaggingFacts {
                taggable,
                on_create: taggable,
                updatable: taggable,
                system_tags: taggable,
                property: None,
                permissions: Vec::new(),
            }));
        };
        let flag = |name: &str| tagging.get(name).and_then(Value::as_bool);
        // What is not said is as CloudFormation's definition of provider schemas has it: true where tags are possible.
        let taggable = flag("taggable").unwrap_or(true);
        let property = tagging.get("tagProperty").and_then(Value::as_str);
        Ok(Some(TaggingFacts {
            taggable,
            on_create: flag("tagOnCreate").unwrap_or(taggable),
            updatable: flag("tagUpdatable").unwrap_or(taggable),
            system_tags: flag("cloudFormationSystemTags").unwrap_or(taggable),
            property: property.map(|pointer| self.path(pointer)).transpose()?,
            permissions: self.permissions(tagging)?,
        }))
    }

    fn lifecycle(&mut self, lifecycle: Option<&Value>) -> anyhow::Result<Option<Lifecycle>> {
        let Some(lifecycle) = lifecycle else { return Ok(None) };
        let status = self.text(lifecycle.get("status").context("no status")?)?;
        let date = lifecycle.get("date").map(|date| self.text(date)).transpose()?;
        Ok(Some(Lifecycle { status, date }))
    }
}

fn kinds(value: &Value) -> anyhow::Result<Kinds> {
    let named = |name: &Value| {
        let name = name.as_str().context("no text")?;
        Kinds::named(name).with_context(|| format!("unknown type {name}"))
    };
    match value.as_array() {
        Some(names) => names.iter().try_fold(Kinds::default(), |kinds, name| Ok(kinds.with(named(name)?))),
        None => named(value),
    }
}

/// Finds what a reference names.
fn target<'schema>(document: &'schema Value, reference: &str) -> anyhow::Result<&'schema Value> {
    let pointer = reference.strip_prefix('#').with_context(|| format!("{reference} leads out of the schema"))?;
    document.pointer(pointer).with_context(|| format!("{reference} names nothing"))
}

/// Tells whether what a reference names refers back to it.
fn refers_to_itself(document: &Value, reference: &str) -> anyhow::Result<bool> {
    let mut seen = BTreeSet::new();
    let mut open = vec![reference];
    while let Some(next) = open.pop() {
        let mut found = Vec::new();
        references(target(document, next)?, &mut found);
        if found.contains(&reference) {
            return Ok(true);
        }
        open.extend(found.into_iter().filter(|reference| seen.insert(*reference)));
    }
    Ok(false)
}

fn references<'schema>(value: &'schema Value, found: &mut Vec<&'schema str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(members) => members.iter().for_each(|member| references(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Objects in objects that are looked into for attributes.
const DEPTH_MAX: usize = 8;

/// Collects the properties that are single values or lists of them.
fn leaves_of(
    document: &Value,
    schema: &Value,
    path: &str,
    depth: usize,
    leaves: &mut Vec<String>,
) -> anyhow::Result<()> {
    let resolve = |schema: &'_ Value| -> anyhow::Result<Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => target(document, reference).cloned(),
            None => Ok(schema.clone()),
        }
    };
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let (property, path) = (resolve(property)?, format!("{path}/{name}"));
        let kinds = property.get("type").map_or(Ok(Kinds::default()), kinds)?;
        if kinds.contains(Kinds::OBJECT) && depth < DEPTH_MAX {
            leaves_of(document, &property, &path, depth + 1, leaves)?;
        } else if kinds.contains(Kinds::ARRAY) {
            let items = property.get("items").map_or(Ok(Value::Null), resolve)?;
            let items = items.get("type").map_or(Ok(Kinds::default()), self::kinds)?;
            if !items.meets(Kinds::OBJECT.with(Kinds::ARRAY)) {
                leaves.push(format!("/properties{path}"));
            }
        } else {
            leaves.push(format!("/properties{path}"));
        }
    }
    Ok(())
}
