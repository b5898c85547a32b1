//! An inline `Definition` as the text that Step Functions takes.

use crate::intrinsics::{is_dynamic_reference, is_intrinsic};
use crate::node::{Map, Node, Text, list, map};
use serde_json::Value;

/// Replaces intrinsics and dynamic references by `${definition_substitution_N}`, whose values go to `substitutions`.
pub(crate) fn replace_dynamic_values(definition: &mut Node, substitutions: &mut Map) {
    let mut count = 0;
    replace(definition, substitutions, &mut count, true);
}

fn replace(node: &mut Node, substitutions: &mut Map, count: &mut usize, is_root: bool) {
    if !is_root && (is_intrinsic(node) || is_dynamic_reference(node)) {
        *count += 1;
        let name = format!("definition_substitution_{count}");
        let value = std::mem::replace(node, Node::from(format!("${{{name}}}")));
        substitutions.insert(name, value);
        return;
    }
    match node {
        Node::List(items) => items.iter_mut().for_each(|item| replace(item, substitutions, count, false)),
        Node::Map(entries) => {
            let mut keys: Vec<Text> = entries.keys().cloned().collect();
            keys.sort_unstable();
            for key in keys {
                if let Some(value) = entries.get_mut(&key) {
                    replace(value, substitutions, count, false);
                }
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// The definition as sorted, indented JSON, line by line.
pub(crate) fn joined_lines(definition: &Node) -> Node {
    let mut lines = vec![String::new()];
    write(&sorted(definition.clone().into_value()), 0, &mut lines);
    let lines: Vec<Node> = lines.into_iter().map(Node::from).collect();
    Node::Map(map! {"Fn::Join" => list!["\n", lines]})
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn write(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "    ".repeat(depth + 1);
    let close = "    ".repeat(depth);
    let begin = |lines: &mut Vec<String>, first: bool, prefix: String| {
        if !first && let Some(last) = lines.last_mut() {
            last.push(',');
        }
        lines.push(prefix);
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            append(lines, "{");
            for (index, (key, value)) in entries.iter().enumerate() {
                begin(lines, index == 0, format!("{indent}{}: ", scalar(&Value::String(key.clone()))));
                write(value, depth + 1, lines);
            }
            lines.push(format!("{close}}}"));
        }
        Value::Array(items) if !items.is_empty() => {
            append(lines, "[");
            for (index, value) in items.iter().enumerate() {
                begin(lines, index == 0, indent.clone());
                write(value, depth + 1, lines);
            }
            lines.push(format!("{close}]"));
        }
        Value::Object(_) => append(lines, "{}"),
        Value::Array(_) => append(lines, "[]"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => append(lines, &scalar(value)),
    }
}

fn append(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

fn scalar(value: &Value) -> String {
    crate::python::json_sorted(&Node::from(value))
}
