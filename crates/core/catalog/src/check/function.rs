//! Functions of the template language, as far as checking values needs them: which object is one, and what it can give.

use serde_json::{Map, Value};

use crate::format::Kinds;

/// What a value is before deployment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'value> {
    /// What is written.
    Plain(&'value Value),
    /// Nothing: `AWS::NoValue`.
    Absent,
    /// One of two, with the places of both among the function's arguments.
    Either([(usize, &'value Value); 2]),
    /// What a function gives, of one of these kinds; an empty set where any is possible.
    Computed(Kinds),
}

/// Tells what a value is.
pub(super) fn form(value: &Value) -> Form<'_> {
    let Some((name, argument)) = value.as_object().and_then(call) else { return Form::Plain(value) };
    match name {
        "Ref" if argument == "AWS::NoValue" => Form::Absent,
        "Fn::If" => match argument.as_array().map(Vec::as_slice) {
            Some([_, yes, no]) => Form::Either([(1, yes), (2, no)]),
            _ => Form::Computed(Kinds::default()),
        },
        "Fn::Sub" | "Fn::Join" | "Fn::Base64" | "Fn::ToJsonString" => Form::Computed(Kinds::STRING),
        "Fn::Split" | "Fn::GetAZs" | "Fn::Cidr" => Form::Computed(Kinds::ARRAY),
        _ => Form::Computed(Kinds::default()),
    }
}

/// Returns the function that an object calls, if its only key names one.
pub(super) fn call(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    (key == "Ref" || key.starts_with("Fn::")).then_some((key.as_str(), argument))
}

/// Tells whether what an object holds is only known once a macro or a loop has run.
pub(super) fn is_generated(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| key.starts_with("Fn::"))
}

/// Tells whether a text is looked up during deployment, wholly or in part.
pub(super) fn is_dynamic(text: &str) -> bool {
    text.contains("{{resolve:")
}

/// Whether something will be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It will.
    Yes,
    /// A condition decides.
    Maybe,
    /// It will not.
    No,
}

/// Tells whether a value will be there, if it is written at all.
pub(super) fn presence(value: Option<&Value>) -> Presence {
    match value.map(form) {
        None | Some(Form::Absent) => Presence::No,
        Some(Form::Plain(_) | Form::Computed(_)) => Presence::Yes,
        Some(Form::Either([(_, yes), (_, no)])) => match (presence(Some(yes)), presence(Some(no))) {
            (Presence::Yes, Presence::Yes) => Presence::Yes,
            (Presence::No, Presence::No) => Presence::No,
            _ => Presence::Maybe,
        },
    }
}
