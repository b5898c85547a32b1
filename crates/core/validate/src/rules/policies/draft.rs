//! A policy document of a template, as far as it is known: functions give what nobody knows before deployment.

use serde_json::{Map, Value};
use stackfleet_policy::{Draft, DraftValue};

use crate::trace::below;

/// Makes a draft whose places are pointers; of a single statement the document that it stands in.
pub(super) fn draft(value: &Value, pointer: &str, is_statement: bool) -> Draft {
    let draft = part(value, pointer);
    if !is_statement {
        return draft;
    }
    let version = Draft { place: pointer.to_owned(), value: DraftValue::Unknown };
    let members = vec![("Version".to_owned(), version), ("Statement".to_owned(), draft)];
    Draft { place: pointer.to_owned(), value: DraftValue::Object(members) }
}

fn part(value: &Value, pointer: &str) -> Draft {
    let known = match value {
        Value::Null => DraftValue::Unknown,
        Value::String(text) if text.contains("{{resolve:") => DraftValue::Unknown,
        Value::String(text) => DraftValue::Text(text.clone()),
        Value::Number(number) => DraftValue::Text(number.to_string()),
        Value::Bool(truth) => DraftValue::Text(truth.to_string()),
        Value::Array(items) => {
            let mut parts = Vec::new();
            for (number, item) in items.iter().enumerate() {
                member(item, &format!("{pointer}/{number}"), &mut parts);
            }
            // A list that a condition may empty is not empty for sure.
            if parts.is_empty() && !items.is_empty() { DraftValue::Unknown } else { DraftValue::List(parts) }
        }
        Value::Object(members) if members.keys().any(|key| is_function(key)) => DraftValue::Unknown,
        Value::Object(members) => object(members, pointer),
    };
    Draft { place: pointer.to_owned(), value: known }
}

fn object(members: &Map<String, Value>, pointer: &str) -> DraftValue {
    let there = members.iter().filter(|(_, member)| !is_nothing(member));
    DraftValue::Object(there.map(|(key, member)| (key.clone(), part(member, &below(pointer, key)))).collect())
}

/// Adds a member of a list, or all that an `Fn::If` chooses from.
fn member(item: &Value, pointer: &str, parts: &mut Vec<Draft>) {
    if is_nothing(item) {
        return;
    }
    match item.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
        Some([_, yes, no]) => {
            for (number, branch) in [(1, yes), (2, no)] {
                let before = parts.len();
                member(branch, &format!("{pointer}/Fn::If/{number}"), parts);
                parts.iter_mut().skip(before).for_each(without_id);
            }
        }
        _ => parts.push(part(item, pointer)),
    }
}

/// Both branches of a condition may have the same statement id, for only one of them will be there.
fn without_id(draft: &mut Draft) {
    if let DraftValue::Object(members) = &mut draft.value {
        members.retain(|(key, _)| key != "Sid");
    }
}

fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

fn is_nothing(value: &Value) -> bool {
    value.get("Ref").and_then(Value::as_str) == Some("AWS::NoValue")
}
