//! From a whole text to the `${...}` in it that is meant.

use stackfleet_base::{Diagnostic, Span};

/// Codes of problems about a name or an attribute, which may stand within the text of an `Fn::Sub`.
const ABOUT_NAMES: [&str; 4] = ["TPL003", "TPL020", "RES012", "PRJ014"];

/// Narrows the main place of every diagnostic that speaks of a variable of `Fn::Sub`.
pub(crate) fn all(found: &mut [Diagnostic], text: &str) {
    for diagnostic in found.iter_mut().filter(|diagnostic| ABOUT_NAMES.contains(&diagnostic.code)) {
        let message = diagnostic.message.as_str();
        if let Some(label) = diagnostic.labels.first_mut()
            && let Some(span) = narrowed(label.span, message, text)
        {
            label.span = span;
        }
    }
}

/// Finds the first variable that the message names: whole, its resource or its attribute.
fn narrowed(span: Span, message: &str, text: &str) -> Option<Span> {
    let written = text.get(span.start..span.end)?;
    let mut from = 0;
    while let Some(at) = written.get(from..)?.find("${").map(|at| from + at) {
        let length = written.get(at..)?.find('}')? + 1;
        let name = written.get(at + 2..at + length - 1)?.trim();
        let (resource, attribute) = name.split_once('.').map_or((name, None), |(left, right)| (left, Some(right)));
        let named = |part: &str| !part.is_empty() && words(message).any(|word| word == part);
        if !name.starts_with('!') && (named(name) || named(resource) || attribute.is_some_and(named)) {
            return Some(Span { start: span.start + at, end: span.start + at + length, ..span });
        }
        from = at + length;
    }
    None
}

/// Splits a message at what cannot be part of a name.
fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split(|sign: char| !(sign.is_alphanumeric() || ".:_".contains(sign))).map(|word| word.trim_end_matches('.'))
}
