//! Holds a catalog against the schemas that it was made from, through what `core/catalog` shows to its users.
//!
//! Written apart from `convert`, so that a slip there does not cancel out here.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};
use stackfleet_catalog::{Availability, Bounds, Catalog, Handler, PropertyPath, ResourceType, Scalar, Schema};

use super::package::Package;

/// Compares every type.
pub(super) fn all(catalog: &Catalog<'_>, package: &Package) -> anyhow::Result<()> {
    let names: Vec<&str> = catalog.types().map(|kind| kind.name()).collect();
    ensure!(names.iter().eq(package.schemas.keys()), "the types differ");
    for (name, schema) in &package.schemas {
        let kind = catalog.resource(name).with_context(|| format!("{name} is missing"))?;
        compare_type(kind, schema).with_context(|| name.clone())?;
        for (region, types) in &package.regions {
            let there = kind.available_in(&region.parse()?) == Availability::Available;
            ensure!(there == types.contains(name), "{name} in {region}");
        }
    }
    Ok(())
}

fn compare_type(kind: ResourceType<'_>, schema: &Value) -> anyhow::Result<()> {
    Walk { document: schema, seen: BTreeSet::new() }.compare(schema, kind.schema())?;
    same(schema.get("readOnlyProperties"), &pointers(kind.read_only()))?;
    same(schema.get("createOnlyProperties"), &pointers(kind.create_only()))?;
    same(schema.get("conditionalCreateOnlyProperties"), &pointers(kind.conditional_create_only()))?;
    same(schema.get("writeOnlyProperties"), &pointers(kind.write_only()))?;
    same(schema.get("deprecatedProperties"), &pointers(kind.deprecated()))?;
    same(schema.get("primaryIdentifier"), &pointers(kind.primary_identifier()))?;
    let sets: Vec<Value> = kind.additional_identifiers().map(|set| pointers(set.into_iter())).collect();
    same(schema.get("additionalIdentifiers"), &Value::Array(sets))?;
    for handler in Handler::ALL {
        let raw = schema.get("handlers").and_then(|handlers| handlers.get(handler.as_str()));
        let view = kind.handler(handler);
        ensure!(raw.is_some() == view.is_some(), "handler {}", handler.as_str());
        let (Some(raw), Some(view)) = (raw, view) else { continue };
        ensure!(permissions(raw).eq(view.permissions()), "permissions to {}", handler.as_str());
        ensure!(
            raw.get("timeoutInMinutes").and_then(Value::as_u64) == view.timeout_minutes().map(u64::from),
            "timeout of {}",
            handler.as_str()
        );
    }
    if let (Some(raw), Some(view)) = (schema.get("tagging"), kind.tagging()) {
        let flags = [
            ("taggable", view.is_taggable()),
            ("tagOnCreate", view.on_create()),
            ("tagUpdatable", view.is_updatable()),
            ("cloudFormationSystemTags", view.has_system_tags()),
        ];
        ensure!(flags.iter().all(|(name, flag)| raw.get(*name).is_none_or(|raw| raw == flag)), "flags of tagging");
        let property = view.property().map(|path| format!("/properties{path}"));
        ensure!(raw.get("tagProperty").and_then(Value::as_str) == property.as_deref(), "property of tags");
        ensure!(permissions(raw).eq(view.permissions()), "permissions to tag");
    }
    Ok(())
}

fn permissions(facts: &Value) -> impl Iterator<Item = &str> {
    let list = facts.get("permissions").and_then(Value::as_array).into_iter().flatten();
    let set: BTreeSet<&str> = list.filter_map(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).collect();
    set.into_iter()
}

fn pointers<'catalog>(paths: impl Iterator<Item = PropertyPath<'catalog>>) -> Value {
    paths.map(|path| Value::from(format!("/properties{path}"))).collect()
}

/// Compares a list of the schema, where missing is empty.
fn same(raw: Option<&Value>, view: &Value) -> anyhow::Result<()> {
    let empty = json!([]);
    let raw = raw.unwrap_or(&empty);
    ensure!(raw == view, "the schema says {raw}, the catalog {view}");
    Ok(())
}

struct Walk<'schema> {
    document: &'schema Value,
    /// References that were compared or are being compared, without and with something beside them.
    seen: BTreeSet<(&'schema str, bool)>,
}

impl<'schema> Walk<'schema> {
    fn compare(&mut self, raw: &'schema Value, view: Schema<'_>) -> anyhow::Result<()> {
        let raw = raw.as_object().context("no object")?;
        if let Some(reference) = raw.get("$ref").and_then(Value::as_str) {
            let others = raw.keys().any(|keyword| !matches!(keyword.as_str(), "$ref" | "description" | "title"));
            if !self.seen.insert((reference, others)) {
                return if others { self.keywords(raw, view) } else { Ok(()) };
            }
            let target = self.document.pointer(reference.trim_start_matches('#')).context("no such reference")?;
            if !others {
                return self.compare(target, view).with_context(|| reference.to_owned());
            }
            // What is nearer wins; the rest is the other's.
            let farther = target.as_object().context("no object")?.iter();
            for (keyword, value) in farther.filter(|(keyword, _)| !raw.contains_key(*keyword)) {
                self.keyword(keyword, value, view).with_context(|| format!("{reference}, {keyword}: {value}"))?;
            }
        }
        self.keywords(raw, view)
    }

    fn keywords(&mut self, raw: &'schema Map<String, Value>, view: Schema<'_>) -> anyhow::Result<()> {
        for (keyword, value) in raw {
            self.keyword(keyword, value, view).with_context(|| format!("{keyword}: {value}"))?;
        }
        let silent = |keyword: &str| !raw.contains_key(keyword) && !raw.contains_key("$ref");
        ensure!(!silent("properties") || view.properties().next().is_none(), "invented properties");
        ensure!(!silent("required") || view.required().next().is_none(), "invented required properties");
        ensure!(!silent("type") || view.kinds().is_empty(), "an invented type");
        ensure!(!silent("pattern") || view.pattern().is_none(), "an invented pattern");
        ensure!(!silent("items") || view.items().is_none(), "an invented item");
        ensure!(!silent("additionalProperties") || !view.is_closed(), "invented closedness");
        Ok(())
    }

    fn keyword(&mut self, keyword: &str, raw: &'schema Value, view: Schema<'_>) -> anyhow::Result<()> {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let shown = match keyword {
            "type" => {
                let mut names: Vec<&str> = view.kinds().names().collect();
                names.sort_unstable();
                let mut raw: Vec<&str> = raw.as_str().into_iter().chain(strings(raw)).collect();
                raw.sort_unstable();
                ensure!(raw == names, "types {names:?}");
                return Ok(());
            }
            "properties" => return self.members(raw, view.properties()),
            "patternProperties" => return self.members(raw, view.pattern_properties()),
            "items" => return self.compare(raw, view.items().context("no items")?),
            "anyOf" => return self.list(raw, view.any_of()),
            "oneOf" => return self.list(raw, view.one_of()),
            "allOf" => return self.list(raw, view.all_of()),
            "additionalProperties" => Value::Bool(!view.is_closed()),
            "required" => view.required().collect(),
            "requiredXor" => view.required_one().collect(),
            "requiredOr" => view.required_any().collect(),
            "uniqueKeys" => view.unique_keys().collect(),
            "dependentRequired" => view.dependent_required().map(|(name, others)| (name, json!(others))).collect(),
            "dependentExcluded" => view.dependent_excluded().map(|(name, others)| (name, json!(others))).collect(),
            "pattern" => text(view.pattern()),
            "format" => text(view.format()),
            "enum" | "enumCaseInsensitive" => view.enumeration().map(scalar).collect(),
            "default" if !raw.is_object() && !raw.is_array() => view.default().map_or(Value::Null, scalar),
            "uniqueItems" => Value::Bool(view.has_unique_items()),
            "insertionOrder" => Value::Bool(view.is_ordered()),
            "minLength" | "maxLength" => return bound(keyword, raw, view.length()),
            "minItems" | "maxItems" => return bound(keyword, raw, view.item_count()),
            "minProperties" | "maxProperties" => return bound(keyword, raw, view.property_count()),
            "minimum" | "maximum" => return bound(keyword, raw, view.range()),
            _ => return Ok(()),
        };
        ensure!(equal(raw, &shown), "the catalog shows {shown}");
        Ok(())
    }

    fn members<'catalog>(
        &mut self,
        raw: &'schema Value,
        view: impl Iterator<Item = (&'catalog str, Schema<'catalog>)>,
    ) -> anyhow::Result<()> {
        let raw = raw.as_object().context("no object")?;
        let view: Vec<_> = view.collect();
        ensure!(raw.len() == view.len(), "{} members, not {}", view.len(), raw.len());
        for (name, view) in view {
            self.compare(raw.get(name).context("an invented member")?, view).with_context(|| name.to_owned())?;
        }
        Ok(())
    }

    fn list<'catalog>(
        &mut self,
        raw: &'schema Value,
        view: impl Iterator<Item = Schema<'catalog>>,
    ) -> anyhow::Result<()> {
        let raw = raw.as_array().context("no list")?;
        let view: Vec<_> = view.collect();
        ensure!(raw.len() == view.len(), "{} members, not {}", view.len(), raw.len());
        raw.iter().zip(view).try_for_each(|(raw, view)| self.compare(raw, view))
    }
}

fn bound<Number: Into<Value>>(keyword: &str, raw: &Value, bounds: Bounds<Number>) -> anyhow::Result<()> {
    let shown = if keyword.starts_with("min") { bounds.min } else { bounds.max };
    let shown = shown.map_or(Value::Null, Into::into);
    ensure!(equal(raw, &shown), "the catalog shows {shown}");
    Ok(())
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn scalar(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Text(text) => text.into(),
        Scalar::Number(number) => number.into(),
        Scalar::Flag(flag) => flag.into(),
    }
}

/// Equal but for `1` and `1.0`.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        _ => left == right,
    }
}
