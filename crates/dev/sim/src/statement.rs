//! Whether a statement concerns a request.

use serde_json::Value;

use crate::{
    asked::Asked,
    condition::conditions_hold,
    maybe::Maybe,
    pattern::{matches_action, matches_resource},
    principal::{Naming, naming},
};

/// Returns the statements of a document, each with whether policy variables mean something in it.
pub(crate) fn statements(document: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let variables = member(document, "Version").and_then(Value::as_str) == Some("2012-10-17");
    let found = member(document, "Statement");
    let several = found.and_then(Value::as_array).map(Vec::as_slice);
    let one = found.filter(|found| found.is_object());
    several.unwrap_or_default().iter().chain(one).map(move |statement| (statement, variables))
}

/// Returns a member of an object. There are few, so they are looked through: debug builds hash slowly.
pub(crate) fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.as_object()?.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Returns what a string or a list of strings says; numbers and truths are written out.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

/// Tells whether a statement has this effect.
pub(crate) fn has_effect(statement: &Value, effect: &str) -> bool {
    member(statement, "Effect").and_then(Value::as_str) == Some(effect)
}

/// Tells whether a statement covers the request, and how it names the caller when it may.
pub(crate) fn covers(statement: &Value, variables: bool, asked: &Asked, has_boundary: bool) -> (Maybe, Option<Naming>) {
    let action = element(statement, "Action", "NotAction", |pattern| matches_action(pattern, &asked.action).into());
    if action == Maybe::No {
        return (Maybe::No, None);
    }
    let Some(naming) = naming(statement, &asked.caller, has_boundary) else { return (Maybe::No, None) };
    let keys = variables.then_some(&asked.keys);
    let resource =
        element(statement, "Resource", "NotResource", |pattern| matches_resource(pattern, &asked.resource, keys));
    if resource == Maybe::No {
        return (Maybe::No, None);
    }
    let conditions = conditions_hold(member(statement, "Condition"), &asked.keys, variables);
    (resource.and(conditions), Some(naming))
}

/// Asks whether one of an element's patterns matches, or none of its negation's. An element that may be left out covers
/// everything then.
fn element(statement: &Value, plain: &str, negated: &str, matches: impl Fn(&str) -> Maybe) -> Maybe {
    let any = |value: &Value| Maybe::any(texts(value).iter().map(|pattern| matches(pattern)));
    match (member(statement, plain), member(statement, negated)) {
        (Some(value), _) => any(value),
        (None, Some(value)) => any(value).negated(),
        (None, None) => Maybe::Yes,
    }
}
