//! Mappings by region that lack a region to which the template goes.

use serde_json::Value;
use stackfleet_base::{Diagnostic, Severity};

use crate::codes::LOOKUP;
use crate::subject::Subject;
use crate::trace::below;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.deployment.regions.is_empty() {
        return;
    }
    for resource in subject.deployed.resources() {
        let certain = resource.condition().is_none();
        for (attribute, value) in resource.body {
            let pointer = below(&below("/Resources", resource.name), attribute);
            search(subject, value, &pointer, certain, found);
        }
    }
    for output in subject.deployed.outputs() {
        let certain = output.condition().is_none();
        output.value().into_iter().for_each(|value| {
            search(subject, value, &below(&below("/Outputs", output.name), "Value"), certain, found);
        });
    }
}

/// Looks for look-ups by region; `certain` says that they are made in every region.
fn search(subject: &Subject<'_>, value: &Value, pointer: &str, certain: bool, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                search(subject, item, &format!("{pointer}/{number}"), certain, found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let pointer = below(pointer, key);
                if key == "Fn::FindInMap" {
                    found.extend(missing(subject, member, &pointer, certain));
                }
                search(subject, member, &pointer, certain && key != "Fn::If", found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn missing(subject: &Subject<'_>, arguments: &Value, pointer: &str, certain: bool) -> Option<Diagnostic> {
    let [mapping, key, _] = arguments.as_array()?.as_slice() else { return None };
    if key.get("Ref").and_then(Value::as_str) != Some("AWS::Region") {
        return None;
    }
    let rows = subject.deployed.value().get("Mappings")?.get(mapping.as_str()?)?.as_object()?;
    if rows.contains_key("Fn::Transform") {
        return None;
    }
    let regions = subject.deployment.regions.iter().map(|region| region.as_str());
    let lacking: Vec<&str> = regions.filter(|region| !rows.contains_key(*region)).collect();
    if lacking.is_empty() {
        return None;
    }
    let message = format!("the mapping `{}` has nothing for {}", mapping.as_str()?, lacking.join(", "));
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let told = Diagnostic { severity, ..Diagnostic::error(LOOKUP, message) };
    let told = told.help("add the region to the mapping, or do not deploy there");
    Some(told.at(subject.value_span(pointer)?, ""))
}
