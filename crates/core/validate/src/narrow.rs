//! From a whole text, list or statement to the characters that are meant.

use stackfleet_base::{Diagnostic, Span};

/// Codes of problems about one name or attribute, which may stand within a longer text or a list.
const ABOUT_NAMES: [&str; 5] = ["TPL003", "TPL020", "RES012", "PRJ014", "VAL008"];
/// Codes of problems about something that is missing from an object: its first line is enough.
const ABOUT_WHOLES: [&str; 2] = ["POL005", "POL006"];

/// Narrows the main place of every diagnostic.
pub(crate) fn all(found: &mut [Diagnostic], text: &str) {
    for diagnostic in found.iter_mut() {
        let (code, message) = (diagnostic.code, diagnostic.message.as_str());
        let Some(label) = diagnostic.labels.first_mut() else { continue };
        let narrowed = if ABOUT_NAMES.contains(&code) {
            let variable = variable(label.span, message, text);
            name(variable.unwrap_or(label.span), message, text).or(variable)
        } else if ABOUT_WHOLES.contains(&code) {
            first_line(label.span, text)
        } else {
            None
        };
        label.span = narrowed.unwrap_or(label.span);
    }
}

/// Finds the first variable of an `Fn::Sub` that the message names: whole, its resource or its attribute.
fn variable(span: Span, message: &str, text: &str) -> Option<Span> {
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

/// Finds the name that the message says leads nowhere.
fn name(span: Span, message: &str, text: &str) -> Option<Span> {
    const BEFORE: [&str; 6] = [
        "dependencies [",
        "dependency ",
        "undefined resource ",
        "Mapping named '",
        "no attribute `",
        "the parameter `",
    ];
    let wanted = BEFORE.iter().find_map(|before| words(message.split_once(before)?.1).next())?;
    let written = text.get(span.start..span.end)?;
    let whole = |at: &usize| {
        let before = written.get(..*at).and_then(|before| before.chars().next_back());
        let after = written.get(at + wanted.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    };
    // An attribute stands last: `Role.Role`.
    let mut places: Vec<usize> = written.match_indices(wanted).map(|(at, _)| at).filter(whole).collect();
    if message.contains("no attribute") {
        places.reverse();
    }
    let at = *places.first().filter(|_| !wanted.is_empty())?;
    Some(Span { start: span.start + at, end: span.start + at + wanted.len(), ..span })
}

fn first_line(span: Span, text: &str) -> Option<Span> {
    let length = text.get(span.start..span.end)?.find('\n')?;
    let line = text.get(span.start..span.start + length)?.trim_end();
    Some(Span { end: span.start + line.len(), ..span })
}

/// Splits a message at what cannot be part of a name.
fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split(|sign: char| !(sign.is_alphanumeric() || ".:_".contains(sign))).map(|word| word.trim_end_matches('.'))
}
