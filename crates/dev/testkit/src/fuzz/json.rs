//! The two JSON readers, of templates and of policies, beside serde_json's: they take the same texts and find the same
//! values in them.

use serde_json::Value;
use stackfleet_policy::{minify, pretty};
use stackfleet_template::yaml;

use super::{check_diagnostics, sources};

/// Deeper documents are refused by the reader of policies.
const POLICY_DEPTH_MAX: usize = 64;

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let expected: Option<Value> = serde_json::from_str(text).ok();
    check_tree(text, expected.as_ref());
    check_policy(text, expected.as_ref());
}

fn check_tree(text: &str, expected: Option<&Value>) {
    let (_, file) = sources(text);
    let (root, found) = yaml::read(file, text);
    check_diagnostics(&found, text);
    let Some(expected) = expected.filter(|_| yaml::is_json_like(text)) else { return };
    assert!(root.is_some(), "BUG: JSON is refused: {found:?}");
    let (template, found) = stackfleet_template::read(file, text);
    check_diagnostics(&found, text);
    assert!(same(template.value(), expected), "BUG: read as {}, not {expected}", template.value());
    let (again, _) = stackfleet_template::read(file, &template.value().to_string());
    assert_eq!(again.value(), template.value(), "BUG: printed and read is something else");
}

fn check_policy(text: &str, expected: Option<&Value>) {
    let (Some(short), Some(long)) = (minify(text), pretty(text)) else {
        let is_deep = expected.is_some_and(|value| depth(value) > POLICY_DEPTH_MAX);
        assert!(expected.is_none() || is_deep, "BUG: JSON is refused by the reader of policies");
        return;
    };
    for written in [&short, &long] {
        let value: Option<Value> = serde_json::from_str(written).ok();
        assert_eq!(value.as_ref(), expected, "BUG: {written}");
        assert_eq!(minify(written).as_ref(), Some(&short), "BUG: formatting changes the document");
        assert_eq!(pretty(written).as_ref(), Some(&long), "BUG: formatting changes the document");
    }
}

/// Equal but for numbers: the reader of templates keeps the text of those that fit into no integer, and serde_json reads
/// fractions to the last digit but one.
fn same(read: &Value, expected: &Value) -> bool {
    match (read, expected) {
        (Value::Number(_) | Value::String(_), Value::Number(expected)) => {
            let number: Option<f64> = read.as_f64().or_else(|| read.as_str()?.parse().ok());
            number.zip(expected.as_f64()).is_some_and(|(read, expected)| {
                read == expected || (read - expected).abs() <= expected.abs() * f64::EPSILON * 4.0
            })
        }
        (Value::Array(read), Value::Array(expected)) => {
            read.len() == expected.len() && read.iter().zip(expected).all(|(read, expected)| same(read, expected))
        }
        (Value::Object(read), Value::Object(expected)) => {
            let member = |(key, expected): (&String, &Value)| read.get(key).is_some_and(|read| same(read, expected));
            read.len() == expected.len() && expected.iter().all(member)
        }
        (
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            _,
        ) => read == expected,
    }
}

fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
    };
    1 + below.unwrap_or(0)
}
