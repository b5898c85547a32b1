//! A policy document written anew: as short as possible, or as people like it. The order of elements stays.

use crate::json::{self, Member, Node, Value};

/// Returns a document without white space between its elements; `None` when it is not JSON.
#[must_use]
pub fn minify(text: &str) -> Option<String> {
    let node = json::read(text).ok()?;
    let mut written = String::with_capacity(text.len());
    write_short(&node, &mut written);
    Some(written)
}

/// Returns a document with one element a line, indented by two blanks, and a line end; `None` when it is not JSON.
/// Lists of one value stay on their line.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    let node = json::read(text).ok()?;
    let mut written = String::with_capacity(text.len() * 2);
    write_long(&node, 0, &mut written);
    written.push('\n');
    Some(written)
}

fn write_short(node: &Node, out: &mut String) {
    match &node.value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_short(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&quoted(&member.key));
                out.push(':');
                write_short(&member.node, out);
            }
            out.push('}');
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Unknown) => {
            write_plain(plain, out);
        }
    }
}

fn write_long(node: &Node, depth: usize, out: &mut String) {
    match &node.value {
        Value::Array(items) if items.len() > 1 || items.iter().any(has_parts) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                new_line(index > 0, depth + 1, out);
                write_long(item, depth + 1, out);
            }
            new_line(false, depth, out);
            out.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('{');
            for (index, Member { key, node, .. }) in members.iter().enumerate() {
                new_line(index > 0, depth + 1, out);
                out.push_str(&quoted(key));
                out.push_str(": ");
                write_long(node, depth + 1, out);
            }
            new_line(false, depth, out);
            out.push('}');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Unknown => {
            write_short(node, out);
        }
    }
}

fn has_parts(node: &Node) -> bool {
    match &node.value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Unknown => false,
    }
}

fn new_line(comma: bool, depth: usize, out: &mut String) {
    out.push_str(if comma { ",\n" } else { "\n" });
    out.extend(std::iter::repeat_n("  ", depth));
}

fn write_plain(value: &Value, out: &mut String) {
    match value {
        // No text has an unknown value.
        Value::Null | Value::Unknown => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Array(_) | Value::Object(_) => {}
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#" { "Version" : "2012-10-17", "Statement": [ {"Effect": "Allow",
        "Action": ["s3:Get*", "s3:List*"], "Resource": ["*"], "Condition": {} } ] } "#;

    #[test]
    fn minified_and_pretty() {
        let short = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["*"],"Condition":{}}]}"#;
        assert_eq!(minify(DOCUMENT).unwrap(), short);
        let long = pretty(DOCUMENT).unwrap();
        insta::assert_snapshot!(long, @r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": [
                "s3:Get*",
                "s3:List*"
              ],
              "Resource": ["*"],
              "Condition": {}
            }
          ]
        }
        "#);
        assert_eq!(pretty(&long).as_deref(), Some(&*long));
        assert_eq!(minify(&long).unwrap(), short);
        assert_eq!(minify("{"), None);
    }

    #[test]
    fn signs_survive() {
        let text = "{\"a\\\"\\\\\\n\u{fc}\\u0001\":[-1.50e3,true,null]}";
        assert_eq!(minify(text).unwrap(), text);
    }
}
