//! Secrets that stand in the template, where everyone who may read it or its stack can see them.

use serde_json::Value;
use stackfleet_base::Diagnostic;

use super::secret_words::is_secret;
use crate::codes::LITERAL_SECRET;
use crate::subject::Subject;
use crate::trace::below;

/// Letters and digits after the beginning of an access key's id.
const KEY_ID_LENGTH: usize = 20;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (section, value) in subject.source.value().as_object().into_iter().flatten() {
        search(subject, value, &below("", section), "", found);
    }
}

/// Looks at all texts; `key` is the one under which the value stands.
fn search(subject: &Subject<'_>, value: &Value, pointer: &str, key: &str, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                search(subject, item, &format!("{pointer}/{number}"), "", found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                search(subject, member, &below(pointer, name), name, found);
            }
        }
        Value::String(text) => {
            if let Some(what) = secret(pointer, key, text) {
                let message = format!("{what} stands in the template, where everyone who may read it sees it");
                let help = "put it into Secrets Manager and write `{{resolve:secretsmanager:NAME:SecretString:KEY}}`";
                subject.at_value(found, pointer, Diagnostic::warning(LITERAL_SECRET, message).help(help));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn secret(pointer: &str, key: &str, text: &str) -> Option<String> {
    if has_access_key(text) {
        return Some("an access key".to_owned());
    }
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("a private key".to_owned());
    }
    let in_properties = pointer.strip_prefix("/Resources/").is_some_and(|rest| rest.contains("/Properties/"));
    (in_properties && is_secret(key) && is_value(text)).then(|| format!("the value of `{key}`"))
}

/// Finds `AKIA` and 16 capitals or digits; those of AWS's documentation end with `EXAMPLE`.
fn has_access_key(text: &str) -> bool {
    text.match_indices("AKIA").any(|(at, _)| {
        let id: String = text
            .chars()
            .skip(text.get(..at).map_or(0, |before| before.chars().count()))
            .take(KEY_ID_LENGTH + 1)
            .collect();
        let length = id.chars().take_while(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit()).count();
        length == KEY_ID_LENGTH && !id.contains("EXAMPLE")
    })
}

/// Tells whether a text can be a secret itself, rather than its name, a reference or a type.
fn is_value(text: &str) -> bool {
    let reference =
        text.contains("{{resolve:") || text.starts_with("arn:") || text.starts_with('/') || text.contains("${");
    let one_sign = text.chars().all(|sign| sign == '*' || sign == 'x' || sign == 'X');
    let word =
        ["true", "false", "none", "required", "optional", "string"].iter().any(|it| text.eq_ignore_ascii_case(it));
    !reference && !one_sign && !word && text.len() >= 4 && !text.contains(char::is_whitespace)
}
