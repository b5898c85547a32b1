//! `${...}`: variables of `Fn::Sub` that its text does not use, and texts with names in `${...}` that nothing replaces.

use serde_json::Value;
use stackfleet_base::Diagnostic;

use crate::codes::VARIABLE;
use crate::subject::Subject;
use crate::trace::below;

/// Properties whose texts have `${...}` of their own: programs, and definitions in which the service replaces names.
const OTHERS: [&str; 9] = [
    "BuildSpec",
    "Code",
    "Definition",
    "DefinitionBody",
    "DefinitionString",
    "FunctionCode",
    "InlineCode",
    "Metadata",
    "ZipFile",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let sections =
        ["Resources", "Outputs"].into_iter().filter_map(|name| Some((name, subject.source.value().get(name)?)));
    for (section, value) in sections {
        search(subject, value, &below("", section), found);
    }
}

fn search(subject: &Subject<'_>, value: &Value, pointer: &str, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                search(subject, item, &format!("{pointer}/{number}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !OTHERS.contains(&key.as_str())) {
                let here = below(pointer, key);
                match (key.as_str(), member) {
                    ("Fn::Sub", Value::Array(arguments)) => {
                        unused(subject, arguments, &here, found);
                        arguments.iter().skip(1).for_each(|own| search(subject, own, &format!("{here}/1"), found));
                    }
                    ("Fn::Sub", _) => {}
                    _ => search(subject, member, &here, found),
                }
            }
        }
        Value::String(text) => unreplaced(subject, text, pointer, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn unused(subject: &Subject<'_>, arguments: &[Value], pointer: &str, found: &mut Vec<Diagnostic>) {
    let [Value::String(text), Value::Object(own)] = arguments else { return };
    for name in own.keys().filter(|name| !name.starts_with("Fn::")) {
        if !variables(text).any(|variable| variable == name) {
            let warning = Diagnostic::warning(VARIABLE, format!("the text has no variable `${{{name}}}`"));
            let warning = warning.help("remove the variable, or use it in the text");
            found.extend(
                subject.source.key_span(&below(&format!("{pointer}/1"), name)).map(|span| warning.at(span, "")),
            );
        }
    }
}

/// A name of the template in a text that is no argument of `Fn::Sub` stays as it is.
fn unreplaced(subject: &Subject<'_>, text: &str, pointer: &str, found: &mut Vec<Diagnostic>) {
    let name = variables(text).find(|name| is_name(subject, name));
    let Some(name) = name.filter(|_| !text.contains("{{resolve:")) else { return };
    let message = format!("`${{{name}}}` stays as it is: the text is no argument of `Fn::Sub`");
    let warning = Diagnostic::warning(VARIABLE, message).help("write `!Sub` before the text");
    found.extend(subject.source.span(pointer).map(|span| warning.at(span, "")));
}

fn is_name(subject: &Subject<'_>, name: &str) -> bool {
    let resource = name.split_once('.').map_or(name, |(resource, _)| resource);
    ["AWS::AccountId", "AWS::Region", "AWS::StackName", "AWS::StackId", "AWS::Partition", "AWS::URLSuffix"]
        .contains(&name)
        || subject.source.parameters().contains_key(name)
        || subject.source.resource(resource).is_some()
}

fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim())
}
