//! From the tree to one normalised JSON value, and back from a JSON pointer to a place.
//!
//! Normalised means: short tags in long form (`!Sub x` is `{"Fn::Sub": "x"}`, `!GetAtt a.b.c` is
//! `{"Fn::GetAtt": ["a", "b.c"]}`), bare scalars decided as CloudFormation does, keys as text, merge keys merged.

mod direct;
mod places;

use std::borrow::Cow;

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

pub(crate) use direct::{Direct, Facts, read as read_directly};
pub(crate) use places::Places;

/// Returns the normalised value of a tree; `json` says that the text was JSON, whose numbers hold no surprises.
pub(crate) fn to_value(node: &Node, json: bool, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let mut converter = Converter { json, diagnostics, surprises: Surprises::default() };
    let value = converter.value(node);
    let surprises = converter.surprises.found;
    diagnostics.extend(surprises);
    value
}

struct Converter<'found> {
    json: bool,
    diagnostics: &'found mut Vec<Diagnostic>,
    surprises: Surprises,
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
                Some(text) if matches!(&*tag.name, "!!int" | "!!float" | "!!bool" | "!!null") => {
                    plain(text.into(), self.json)
                }
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
                plain((&*scalar.text).into(), self.json)
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
        if !self.json && node.alias.is_none() {
            self.surprises.look(node.span, text);
        }
    }
}

/// Bare scalars that become something else than they look.
#[derive(Default)]
struct Surprises {
    found: Vec<Diagnostic>,
}

impl Surprises {
    /// Decides what a bare scalar means, and warns where that is a surprise.
    fn plain(&mut self, span: Span, text: Cow<'_, str>) -> Value {
        // Most scalars are words that mean nothing else.
        if scalar::is_surely_text(&text) {
            return Value::String(text.into_owned());
        }
        self.look(span, &text);
        plain(text, false)
    }

    fn look(&mut self, span: Span, text: &str) {
        if scalar::is_surely_text(text) {
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
            self.found.push(
                Diagnostic::warning(SURPRISE, message)
                    .at(span, "")
                    .help("quote it to keep the text")
                    .fix("quote the text", vec![Edit { span, replacement: format!("\"{text}\"") }]),
            );
        }
    }
}

fn plain(text: Cow<'_, str>, json: bool) -> Value {
    if json {
        return json_scalar(&text);
    }
    match scalar::resolve_cloudformation(&text) {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => Value::Bool(value),
        Meaning::Integer(value) => Value::Number(value.into()),
        Meaning::Float(value) => match Number::from_f64(value) {
            Some(number) => Value::Number(number),
            None => Value::String(text.into_owned()),
        },
        Meaning::Text(_) => Value::String(text.into_owned()),
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
        Some(plain) if !json => plain_key(plain.into()),
        _ => text.to_owned(),
    })
}

fn plain_key(text: Cow<'_, str>) -> String {
    match scalar::resolve_cloudformation(&text) {
        Meaning::Text(_) => text.into_owned(),
        other @ (Meaning::Null | Meaning::Bool(_) | Meaning::Integer(_) | Meaning::Float(_)) => scalar::to_text(other),
    }
}

/// Tells whether a key calls for something to be put in its place before anything else is done.
pub(crate) fn is_expansion(key: &str) -> bool {
    key == "Fn::Transform" || key.starts_with("Fn::ForEach::")
}

/// Tells whether a key is this one, as [`key_text`] gives it.
fn is_key(node: &Node, key: &str, json: bool) -> bool {
    match node.plain() {
        Some(plain) if !json && !scalar::is_surely_text(plain) => plain_key(plain.into()) == key,
        Some(_) | None => node.text() == Some(key),
    }
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

/// Returns the long name of the function that a tag stands for.
pub(crate) fn long_form(tag: &str) -> Option<&'static str> {
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

/// What a JSON pointer is followed through: a tree, or a flat list of places.
pub(crate) trait View<'source>: Copy {
    /// The tag, and where it is written.
    fn tag(self) -> Option<(&'source str, Span)>;
    /// Where the value is written.
    fn span(self) -> Span;
    /// The same with its tag.
    fn full_span(self) -> Span;
    /// An item of a sequence.
    fn item(self, index: usize) -> Option<Self>;
    /// The value of the last entry of a mapping with this key, and where the key is written.
    fn member(self, key: &str) -> Option<(Self, Option<Span>)>;
}

/// A tree, and whether it was JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeView<'tree> {
    pub(crate) node: &'tree Node,
    pub(crate) json: bool,
}

impl<'tree> View<'tree> for TreeView<'tree> {
    fn tag(self) -> Option<(&'tree str, Span)> {
        self.node.tag.as_ref().map(|tag| (&*tag.name, tag.span))
    }

    fn span(self) -> Span {
        self.node.span
    }

    fn full_span(self) -> Span {
        self.node.full_span()
    }

    fn item(self, index: usize) -> Option<Self> {
        Some(Self { node: self.node.as_sequence()?.get(index)?, ..self })
    }

    fn member(self, key: &str) -> Option<(Self, Option<Span>)> {
        let (node, place) = member(self.node.as_mapping()?, key, self.json)?;
        Some((Self { node, ..self }, place))
    }
}

/// Follows a JSON pointer of the normalised value. Where it leads past what is written (a part of a scalar, a member that
/// is missing), the nearest place above it is returned with `false`.
pub(crate) fn find<'source, V: View<'source>>(root: V, pointer: &str) -> (V, Place, bool) {
    let mut node = root;
    let mut place = Place { value: root.full_span(), key: None };
    // Whether the tag of `node` was already passed as a step.
    let mut inside_tag = false;
    for token in tokens(pointer) {
        let tag = node.tag().filter(|_| !inside_tag);
        if let Some((function, span)) = tag.and_then(|(name, span)| Some((long_form(name)?, span))) {
            if token != function {
                return (node, place, false);
            }
            inside_tag = true;
            place = Place { value: node.span(), key: Some(span) };
            continue;
        }
        let item = || Some((node.item(token.parse().ok()?)?, None));
        let Some((child, key)) = node.member(&token).or_else(item) else { return (node, place, false) };
        node = child;
        inside_tag = false;
        place = Place { value: child.full_span(), key };
    }
    (node, place, true)
}

fn member<'tree>(mapping: &'tree Mapping, key: &str, json: bool) -> Option<(&'tree Node, Option<Span>)> {
    let mut own = mapping.entries().iter().rev();
    if let Some(entry) = own.find(|entry| is_key(&entry.key, key, json)) {
        return Some((&entry.value, Some(entry.key.span)));
    }
    merged_mappings(mapping).into_iter().find_map(|merged| member(merged, key, json))
}
