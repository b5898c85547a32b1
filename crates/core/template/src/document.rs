//! From the tree to one normalised JSON value, and back from a JSON pointer to a place.
//!
//! Normalised means: short tags in long form (`!Sub x` is `{"Fn::Sub": "x"}`, `!GetAtt a.b.c` is
//! `{"Fn::GetAtt": ["a", "b.c"]}`), bare scalars decided as CloudFormation does, keys as text, merge keys merged.

use serde_json::{Map, Number, Value};
use stackfleet_base::{Diagnostic, Edit, Span};

use crate::{
    pointer::tokens,
    problem::{FORMAT, SURPRISE},
    yaml::{
        Mapping, Node, NodeValue, ScalarStyle,
        scalar::{self, Meaning},
    },
};

/// Returns the normalised value of a tree; `json` says that the text was JSON, whose numbers hold no surprises.
pub(crate) fn to_value(node: &Node, json: bool, diagnostics: &mut Vec<Diagnostic>) -> Value {
    Converter { json, diagnostics }.value(node)
}

struct Converter<'found> {
    json: bool,
    diagnostics: &'found mut Vec<Diagnostic>,
}

impl Converter<'_> {
    fn value(&mut self, node: &Node) -> Value {
        let Some(tag) = &node.tag else { return self.untagged(node) };
        let Some(function) = long_form(&tag.name) else {
            if !is_type_tag(&tag.name) {
                let message = format!("`{}` is not a tag of the template language", tag.name);
                self.diagnostics.push(Diagnostic::error(FORMAT, message).at(tag.span, ""));
            }
            return match node.text() {
                Some(text) if matches!(&*tag.name, "!!int" | "!!float" | "!!bool" | "!!null") => plain(text, self.json),
                Some(text) => Value::String(text.to_owned()),
                None => self.untagged(node),
            };
        };
        let argument = match (function, node.text()) {
            ("Fn::GetAtt", Some(text)) => split_attribute(text),
            (_, Some(text)) => Value::String(text.to_owned()),
            (_, None) => self.untagged(node),
        };
        Value::Object(Map::from_iter([(function.to_owned(), argument)]))
    }

    fn untagged(&mut self, node: &Node) -> Value {
        match &node.value {
            NodeValue::Scalar(scalar) if scalar.style == ScalarStyle::Plain => {
                self.warn_of_surprise(node, &scalar.text);
                plain(&scalar.text, self.json)
            }
            NodeValue::Scalar(scalar) => Value::String(scalar.text.to_string()),
            NodeValue::Sequence(items) => items.iter().map(|item| self.value(item)).collect(),
            NodeValue::Mapping(mapping) => Value::Object(self.mapping(mapping)),
        }
    }

    fn mapping(&mut self, mapping: &Mapping) -> Map<String, Value> {
        let mut object = Map::with_capacity(mapping.len());
        for entry in mapping.entries() {
            if is_merge_key(&entry.key) {
                continue;
            }
            let Some(key) = key_text(&entry.key, self.json) else {
                self.diagnostics.push(Diagnostic::error(FORMAT, "a key must be text").at(entry.key.span, ""));
                continue;
            };
            if let Some(text) = entry.key.plain() {
                self.warn_of_surprise(&entry.key, text);
            }
            let value = self.value(&entry.value);
            object.insert(key, value);
        }
        for merged in merged_mappings(mapping) {
            for (key, value) in self.mapping(merged) {
                object.entry(key).or_insert(value);
            }
        }
        object
    }

    fn warn_of_surprise(&mut self, node: &Node, text: &str) {
        if self.json || node.alias.is_some() {
            return;
        }
        let is_account_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let message = match scalar::surprise(text) {
            Some(becomes) => Some(format!("CloudFormation reads the bare `{text}` as `{becomes}`")),
            // Large numbers reach some resource types in scientific notation.
            None if is_account_id => Some(format!("the bare `{text}` is a number, not an account id")),
            None => None,
        };
        if let Some(message) = message {
            self.diagnostics.push(
                Diagnostic::warning(SURPRISE, message)
                    .at(node.span, "")
                    .help("quote it to keep the text")
                    .fix("quote the text", vec![Edit { span: node.span, replacement: format!("\"{text}\"") }]),
            );
        }
    }
}

fn plain(text: &str, json: bool) -> Value {
    if json {
        return json_scalar(text);
    }
    match scalar::resolve_cloudformation(text) {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => Value::Bool(value),
        Meaning::Integer(value) => Value::Number(value.into()),
        Meaning::Float(value) => Number::from_f64(value).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        Meaning::Text(text) => Value::String(text.to_owned()),
    }
}

fn json_scalar(text: &str) -> Value {
    match text {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let whole =
                text.parse::<i64>().ok().map(Number::from).or_else(|| text.parse::<u64>().ok().map(Number::from));
            let fraction =
                || text.parse::<f64>().ok().filter(|_| text.contains(['.', 'e', 'E'])).and_then(Number::from_f64);
            whole.or_else(fraction).map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}

/// Returns the text of a key as CloudFormation takes it: a bare number as a number is written.
fn key_text(key: &Node, json: bool) -> Option<String> {
    let text = key.text()?;
    Some(match key.plain() {
        Some(plain) if !json && !plain.is_empty() => scalar::to_text(scalar::resolve_cloudformation(plain)),
        _ => text.to_owned(),
    })
}

fn is_merge_key(key: &Node) -> bool {
    key.plain() == Some("<<")
}

fn merged_mappings(mapping: &Mapping) -> Vec<&Mapping> {
    let merges = mapping.entries().iter().filter(|entry| is_merge_key(&entry.key));
    merges
        .flat_map(|entry| match &entry.value.value {
            NodeValue::Sequence(items) => items.iter().collect(),
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => vec![&entry.value],
        })
        .filter_map(Node::as_mapping)
        .collect()
}

/// Splits `a.b.c` into `["a", "b.c"]`; text without a point stays, and is refused where it is used.
fn split_attribute(text: &str) -> Value {
    match text.split_once('.') {
        Some((resource, attribute)) => Value::from(vec![resource, attribute]),
        None => Value::String(text.to_owned()),
    }
}

fn is_type_tag(tag: &str) -> bool {
    tag == "!" || tag.starts_with("!!") || tag.starts_with("!<tag:yaml.org,2002:")
}

fn long_form(tag: &str) -> Option<&'static str> {
    Some(match tag.strip_prefix('!')? {
        "Ref" => "Ref",
        "Condition" => "Condition",
        "And" => "Fn::And",
        "Base64" => "Fn::Base64",
        "Cidr" => "Fn::Cidr",
        "Contains" => "Fn::Contains",
        "EachMemberEquals" => "Fn::EachMemberEquals",
        "EachMemberIn" => "Fn::EachMemberIn",
        "Equals" => "Fn::Equals",
        "FindInMap" => "Fn::FindInMap",
        "GetAZs" => "Fn::GetAZs",
        "GetAtt" => "Fn::GetAtt",
        "GetStackOutput" => "Fn::GetStackOutput",
        "If" => "Fn::If",
        "ImportValue" => "Fn::ImportValue",
        "Join" => "Fn::Join",
        "Length" => "Fn::Length",
        "Not" => "Fn::Not",
        "Or" => "Fn::Or",
        "RefAll" => "Fn::RefAll",
        "Select" => "Fn::Select",
        "Split" => "Fn::Split",
        "Sub" => "Fn::Sub",
        "ToJsonString" => "Fn::ToJsonString",
        "Transform" => "Fn::Transform",
        "ValueOf" => "Fn::ValueOf",
        "ValueOfAll" => "Fn::ValueOfAll",
        _ => return None,
    })
}

/// Where a JSON pointer leads in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The value, with its tag.
    pub(crate) value: Span,
    /// The key it stands under, if it is a member.
    pub(crate) key: Option<Span>,
}

/// Follows a JSON pointer of the normalised value through the tree. Where it leads past what is written (a part of a
/// scalar, a member that is missing), the nearest place above it is returned with `false`.
pub(crate) fn find<'tree>(root: &'tree Node, pointer: &str, json: bool) -> (&'tree Node, Place, bool) {
    let mut node = root;
    let mut place = Place { value: root.full_span(), key: None };
    // Whether the tag of `node` was already passed as a step.
    let mut inside_tag = false;
    for token in tokens(pointer) {
        if let Some(function) = node.tag.as_ref().filter(|_| !inside_tag).and_then(|tag| long_form(&tag.name)) {
            if token != function {
                return (node, place, false);
            }
            inside_tag = true;
            place = Place { value: node.span, key: node.tag.as_ref().map(|tag| tag.span) };
            continue;
        }
        let next = match &node.value {
            NodeValue::Scalar(_) => None,
            NodeValue::Sequence(items) => {
                token.parse::<usize>().ok().and_then(|index| items.get(index)).map(|item| (item, None))
            }
            NodeValue::Mapping(mapping) => member(mapping, &token, json),
        };
        let Some((child, key)) = next else { return (node, place, false) };
        node = child;
        inside_tag = false;
        place = Place { value: child.full_span(), key };
    }
    (node, place, true)
}

fn member<'tree>(mapping: &'tree Mapping, key: &str, json: bool) -> Option<(&'tree Node, Option<Span>)> {
    let mut own = mapping.entries().iter().rev();
    if let Some(entry) = own.find(|entry| key_text(&entry.key, json).as_deref() == Some(key)) {
        return Some((&entry.value, Some(entry.key.span)));
    }
    merged_mappings(mapping).into_iter().find_map(|merged| member(merged, key, json))
}
