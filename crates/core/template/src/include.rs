//! `AWS::Include`: snippets put in the place of the transform that names them.
//!
//! Whoever evaluates supplies their text ([`Lookup::included`]); nothing is read here. A snippet is a mapping in JSON or
//! YAML without short tags, and includes nothing itself ("AWS::Include transform" of the template reference). Its members
//! come where `Fn::Transform` stood, beside those that stand there already; at the top level its sections are joined with
//! the template's. AWS does not say which of two members with one name stays: here it is the template's own.

use serde_json::{Map, Value};
use stackfleet_base::Sources;

use crate::{
    Answer, Inputs, Lookup, Problem, Scope, Template, document,
    pointer::{Step, to_pointer},
    problem::TRANSFORM,
    yaml::{self, Node, NodeValue},
};

const INCLUDE: &str = "AWS::Include";
const TRANSFORM_KEY: &str = "Fn::Transform";

/// Puts the snippets of every `AWS::Include` in their places, as far as the lookup has their text; the others stay, as do
/// all other macros ([`Template::has_open_transforms`] tells). A template without includes comes back as it is, with its
/// places; another has none.
///
/// ```
/// use std::collections::BTreeMap;
/// use stackfleet_template::{Answer, Inputs, Lookup, evaluate, read_body};
///
/// struct Bucket;
/// impl Lookup for Bucket {
///     fn included(&self, location: &str) -> Answer {
///         if location == "s3://snippets/eu-west-1.yaml" { Answer::Known("Timeout: 30".into()) } else { Answer::Unknown }
///     }
/// }
/// let template = read_body("
/// Resources:
///   Function:
///     Type: AWS::Lambda::Function
///     Properties:
///       Handler: index.handler
///       Fn::Transform:
///         Name: AWS::Include
///         Parameters: { Location: !Sub 's3://snippets/${AWS::Region}.yaml' }
/// ").unwrap();
/// let inputs = Inputs {
///     parameters: BTreeMap::new(),
///     account: "111122223333".parse().unwrap(),
///     region: "eu-west-1".parse().unwrap(),
///     stack_name: None,
///     stack_id: None,
///     notification_arns: Vec::new(),
/// };
/// let evaluated = evaluate(&template, &inputs, &Bucket).unwrap();
/// assert_eq!(evaluated.resources["Function"].properties["Timeout"], 30);
/// ```
///
/// # Errors
/// When a parameter has no value, or a snippet is no mapping, has short tags or includes another.
pub fn expand_includes(template: &Template, inputs: &Inputs, lookup: &dyn Lookup) -> Result<Template, Vec<Problem>> {
    if !has_include(template.value()) {
        return Ok(template.clone());
    }
    let scope = Scope::with_parameters(template, inputs, lookup)?;
    let mut includer = Includer { template, scope: &scope, lookup, problems: Vec::new() };
    let expanded = includer.whole();
    if includer.problems.is_empty() { Ok(Template::new(expanded)) } else { Err(includer.problems) }
}

/// Tells whether anything includes a snippet.
pub(crate) fn has_include(value: &Value) -> bool {
    let mut found = false;
    each_macro(value, &mut Vec::new(), &mut |call, _| found |= name(call) == Some(INCLUDE));
    found
}

/// Tells whether there is a macro.
pub(crate) fn has_macro(value: &Value) -> bool {
    let mut found = false;
    each_macro(value, &mut Vec::new(), &mut |_, _| found = true);
    found
}

/// Returns the macros that have still to run, with their pointers: those of the template, then those within it.
pub(crate) fn open_macros(template: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each_macro(template, &mut Vec::new(), &mut |call, path| {
        let location = location(call).and_then(Value::as_str).map(|at| format!(" of {at}")).unwrap_or_default();
        let name = name(call).unwrap_or("a macro without a name");
        found.push((format!("{name}{location}"), to_pointer(path)));
    });
    found
}

/// Calls `found` for every macro: the entries of `Transform`, and each `Fn::Transform`.
fn each_macro<'value>(
    value: &'value Value,
    path: &mut Vec<Step<'value>>,
    found: &mut dyn FnMut(&'value Value, &[Step<'value>]),
) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                each_macro(item, path, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                path.push(Step::Key(key));
                if key == TRANSFORM_KEY || (key == "Transform" && path.len() == 1) {
                    calls(member).for_each(|call| found(call, path));
                } else {
                    each_macro(member, path, found);
                }
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Several macros may be listed at one place.
fn calls(transform: &Value) -> impl Iterator<Item = &Value> {
    let (one, many) = match transform {
        Value::Array(items) => (None, Some(items)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            (Some(other), None)
        }
    };
    one.into_iter().chain(many.into_iter().flatten())
}

fn name(call: &Value) -> Option<&str> {
    call.as_str().or_else(|| call.get("Name")?.as_str())
}

fn location(call: &Value) -> Option<&Value> {
    call.get("Parameters")?.get("Location")
}

struct Includer<'template> {
    template: &'template Template,
    scope: &'template Scope,
    lookup: &'template dyn Lookup,
    problems: Vec<Problem>,
}

/// What a macro gives.
enum Outcome {
    /// These members.
    Members(Map<String, Value>),
    /// It is another macro, or its snippet is not known.
    Open,
    /// A problem was recorded.
    Failed,
}

impl Includer<'_> {
    /// Macros within run before those of the whole template.
    fn whole(&mut self) -> Value {
        let mut sections = Map::new();
        for (key, section) in self.template.value().as_object().into_iter().flatten() {
            let kept = matches!(key.as_str(), "Parameters" | "AWSTemplateFormatVersion" | "Transform");
            let section = if kept { section.clone() } else { self.value(section, &to_pointer(&[Step::Key(key)])) };
            sections.insert(key.clone(), section);
        }
        let Some(transform) = sections.get("Transform").cloned() else { return Value::Object(sections) };
        let (open, included) = self.run(&transform, "/Transform");
        match open {
            Some(open) => drop(sections.insert("Transform".to_owned(), open)),
            None => drop(sections.shift_remove("Transform")),
        }
        for (key, section) in included {
            match (sections.get_mut(&key), section) {
                (Some(Value::Object(own)), Value::Object(members)) => {
                    for (name, member) in members {
                        own.entry(name).or_insert(member);
                    }
                }
                (Some(_), _) => {}
                (None, section) => drop(sections.insert(key, section)),
            }
        }
        Value::Object(sections)
    }

    fn value(&mut self, value: &Value, pointer: &str) -> Value {
        match value {
            Value::Array(items) => {
                let item = |(index, item)| self.value(item, &format!("{pointer}/{index}"));
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            Value::Object(object) => Value::Object(self.object(object, pointer)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn object(&mut self, object: &Map<String, Value>, pointer: &str) -> Map<String, Value> {
        let mut expanded = Map::with_capacity(object.len());
        for (key, member) in object {
            let pointer = format!("{pointer}{}", to_pointer(&[Step::Key(key)]));
            if key != TRANSFORM_KEY {
                let member = self.value(member, &pointer);
                expanded.insert(key.clone(), member);
                continue;
            }
            let (open, included) = self.run(member, &pointer);
            expanded.extend(open.map(|open| (key.clone(), open)));
            expanded.extend(included.into_iter().filter(|(key, _)| !object.contains_key(key)));
        }
        expanded
    }

    /// Runs what stands under `Transform` or `Fn::Transform`; returns what has still to run and what was included.
    fn run(&mut self, transform: &Value, pointer: &str) -> (Option<Value>, Map<String, Value>) {
        let mut open = Vec::new();
        let mut included = Map::new();
        for call in calls(transform) {
            match self.include(call, pointer) {
                Outcome::Members(members) => {
                    for (key, member) in members {
                        included.entry(key).or_insert(member);
                    }
                }
                Outcome::Open => open.push(call.clone()),
                Outcome::Failed => {}
            }
        }
        let open = match (transform, open.len()) {
            (_, 0) => None,
            (Value::Array(_), _) => Some(Value::Array(open)),
            _ => open.pop(),
        };
        (open, included)
    }

    fn include(&mut self, call: &Value, pointer: &str) -> Outcome {
        if name(call) != Some(INCLUDE) {
            return Outcome::Open;
        }
        // Some name the transform at the top, too, as other macros are; there is nothing to include then.
        let Some(location) = location(call) else { return Outcome::Members(Map::new()) };
        let location = match self.scope.computed(self.template, location, self.lookup) {
            Ok(Value::String(location)) => location,
            Ok(_) => return self.failed("the location of a snippet must be text", pointer),
            Err(found) => {
                let here = |problem| Problem { pointer: pointer.to_owned(), ..problem };
                self.problems.extend(found.into_iter().map(here));
                return Outcome::Failed;
            }
        };
        match self.lookup.included(&location) {
            Answer::Known(Value::String(text)) => match snippet(&text) {
                Ok(members) => Outcome::Members(members),
                Err(reason) => self.failed(&format!("{reason}: {location}"), pointer),
            },
            Answer::Known(Value::Object(members)) => Outcome::Members(members),
            Answer::Known(_) => self.failed(&format!("{NO_MAPPING}: {location}"), pointer),
            Answer::Unknown => Outcome::Open,
            Answer::Refused(reason) => self.failed(&reason, pointer),
        }
    }

    fn failed(&mut self, reason: &str, pointer: &str) -> Outcome {
        self.problems.push(Problem::new(TRANSFORM, format!("Transform AWS::Include failed with: {reason}"), pointer));
        Outcome::Failed
    }
}

const NO_MAPPING: &str = "The specified S3 object's content should be valid Yaml/JSON";

/// Reads a snippet.
fn snippet(text: &str) -> Result<Map<String, Value>, String> {
    let (root, _) = yaml::read(Sources::default().add("", ""), text);
    let root = root.ok_or_else(|| NO_MAPPING.to_owned())?;
    if let Some(tag) = short_tag(&root) {
        return Err(format!("{NO_MAPPING}; a snippet has no short functions such as {tag}"));
    }
    match document::to_value(&root, yaml::is_json_like(text), &mut Vec::new()) {
        value if has_include(&value) => Err("a snippet cannot include another".to_owned()),
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(NO_MAPPING.to_owned())
        }
    }
}

fn short_tag(node: &Node) -> Option<&str> {
    let own = node.tag.as_ref().map(|tag| &*tag.name).filter(|name| document::long_form(name).is_some());
    own.or_else(|| match &node.value {
        NodeValue::Scalar(_) => None,
        NodeValue::Sequence(items) => items.iter().find_map(short_tag),
        NodeValue::Mapping(mapping) => mapping.entries().iter().find_map(|entry| short_tag(&entry.value)),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::read_body;

    struct Snippets;

    impl Lookup for Snippets {
        fn included(&self, location: &str) -> Answer {
            match location {
                "s3://b/acl" => Answer::Known("AccessControl: Private\nTags: [{Key: a, Value: {Ref: Env}}]".into()),
                "s3://b/json" => Answer::Known("{\"Resources\": {\"B\": {\"Type\": \"T\"}, \"A\": {\"Type\": \"U\"}}, \"Outputs\": {\"O\": {\"Value\": 1}}}".into()),
                "s3://b/short" => Answer::Known("A: [!Ref x]".into()),
                "s3://b/nested" => Answer::Known("Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/acl}}".into()),
                "s3://b/list" => Answer::Known("[a]".into()),
                "s3://b/gone" => Answer::Refused("S3 bucket [b] does not exist.".to_owned()),
                _ => Answer::Unknown,
            }
        }
    }

    fn expand(text: &str) -> String {
        let inputs = Inputs {
            parameters: BTreeMap::new(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            stack_name: None,
            stack_id: None,
            notification_arns: Vec::new(),
        };
        match expand_includes(&read_body(text).unwrap(), &inputs, &Snippets) {
            Ok(template) => template.value().to_string(),
            Err(problems) => problems.iter().map(|found| format!("{} {}\n", found.pointer, found.message)).collect(),
        }
    }

    fn include(location: &str) -> String {
        format!("{{Name: AWS::Include, Parameters: {{Location: {location}}}}}")
    }

    #[test]
    fn snippets_come_beside_what_stands_there() {
        let acl = include("!Sub 's3://${Bucket}/acl'");
        let text = format!(
            "Parameters: {{Bucket: {{Type: String, Default: b}}}}\nResources:\n  A: {{Type: T, Properties: {{Name: n, Fn::Transform: {acl}, Tags: []}}}}\n"
        );
        insta::assert_snapshot!(expand(&text), @r#"{"Parameters":{"Bucket":{"Type":"String","Default":"b"}},"Resources":{"A":{"Type":"T","Properties":{"Name":"n","AccessControl":"Private","Tags":[]}}}}"#);
    }

    #[test]
    fn sections_are_joined_and_other_macros_stay() {
        let text = format!(
            "Transform: [{}, AWS::Serverless-2016-10-31]\nResources:\n  A: {{Type: T}}\n  Fn::Transform: [{{Name: Mine}}, {}]\n",
            include("s3://b/json"),
            include("s3://b/unknown"),
        );
        insta::assert_snapshot!(expand(&text), @r#"{"Transform":["AWS::Serverless-2016-10-31"],"Resources":{"A":{"Type":"T"},"Fn::Transform":[{"Name":"Mine"},{"Name":"AWS::Include","Parameters":{"Location":"s3://b/unknown"}}],"B":{"Type":"T"}},"Outputs":{"O":{"Value":1}}}"#);
    }

    #[test]
    fn what_aws_would_refuse_is_refused() {
        for (location, reason) in [
            ("s3://b/short", "no short functions such as !Ref: s3://b/short"),
            ("s3://b/nested", "a snippet cannot include another: s3://b/nested"),
            ("s3://b/list", "should be valid Yaml/JSON: s3://b/list"),
            ("s3://b/gone", "S3 bucket [b] does not exist."),
            ("[a]", "must be text"),
        ] {
            let told = expand(&format!("Transform: {}\nResources: {{A: {{Type: T}}}}\n", include(location)));
            assert!(told.starts_with("/Transform Transform AWS::Include failed with: "), "{told}");
            assert!(told.contains(reason), "{told}");
        }
    }
}
