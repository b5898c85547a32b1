//! Parameters, mappings and conditions of a SAM template that nothing uses. Of other templates the language's checks tell;
//! here the transform may use a name in ways of its own, so any text that has it counts as a use.

use serde_json::Value;
use stackfleet_base::Diagnostic;

use crate::codes::UNUSED;
use crate::subject::Subject;
use crate::trace::below;

const SECTIONS: [(&str, &str); 3] = [("Parameters", "parameter"), ("Mappings", "mapping"), ("Conditions", "condition")];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    // Only where the SAM transform is the only one.
    if !subject.is_transformed() {
        return;
    }
    let Some(sections) = subject.source.value().as_object() else { return };
    for (section, what) in SECTIONS {
        for (name, _) in subject.source.section(section) {
            // A condition may use another, and a rule a parameter; nothing uses itself.
            let used = sections.iter().any(|(other, value)| match value.as_object().filter(|_| other == section) {
                Some(members) if other == "Conditions" => {
                    members.iter().any(|(member, body)| member != name && mentions(body, name))
                }
                Some(_) => false,
                None => other != "Metadata" && mentions(value, name),
            });
            if !used {
                let warning = Diagnostic::warning(UNUSED, format!("the {what} `{name}` is used nowhere"));
                subject.at_key(found, &below(&format!("/{section}"), name), warning);
            }
        }
    }
}

/// Tells whether a text has a name as a whole word.
fn mentions(value: &Value, name: &str) -> bool {
    let is_word = |text: &str| text.split(|sign: char| !sign.is_ascii_alphanumeric()).any(|word| word == name);
    match value {
        Value::String(text) => is_word(text),
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(members) => members.values().any(|member| mentions(member, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
