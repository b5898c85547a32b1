//! Texts with wildcards and policy variables.
//!
//! IAM User Guide: "Policy variables and tags", "IAM JSON policy elements: Resource", "ARN condition operators".

use std::collections::BTreeMap;

use crate::{asked::Known, maybe::Maybe};

/// The keys of a request.
pub(crate) type Keys = BTreeMap<String, Known>;

/// What stands at one place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Exactly(char),
    /// `?`
    One,
    /// `*`
    Run,
    /// A variable whose value nobody knows: any text.
    AnyValue,
}

/// Reads a pattern; `None` when it has a variable without a (single) value, for then nothing matches.
///
/// `keys` is `None` where `${...}` means nothing: in actions, and in policies of the older version.
fn read(text: &str, wildcards: bool, keys: Option<&Keys>) -> Option<Vec<Sign>> {
    let mut signs = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if let Some(keys) = keys
            && let Some((inner, after)) = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'))
        {
            match inner {
                "*" | "?" | "$" => signs.extend(inner.chars().map(Sign::Exactly)),
                variable => signs.extend(value_of(variable, keys)?),
            }
            rest = after;
            continue;
        }
        signs.push(match sign {
            '*' if wildcards => Sign::Run,
            '?' if wildcards => Sign::One,
            sign => Sign::Exactly(sign),
        });
        rest = rest.get(sign.len_utf8()..).unwrap_or_default();
    }
    Some(signs)
}

/// Returns what a variable stands for. Wildcards in values are no wildcards.
fn value_of(variable: &str, keys: &Keys) -> Option<Vec<Sign>> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
        None => (variable, None),
    };
    let literal = |text: &str| Some(text.chars().map(Sign::Exactly).collect());
    match keys.get(&key.trim().to_lowercase()) {
        Some(Known::Unknown) => Some(vec![Sign::AnyValue]),
        Some(Known::Values(values)) => match values.as_slice() {
            [value] => literal(value),
            _ => None,
        },
        None => literal(default?),
    }
}

fn fits(signs: &[Sign], text: &[char]) -> bool {
    match (signs.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((Sign::Run | Sign::AnyValue, rest)), None) => fits(rest, text),
        (Some((Sign::Run | Sign::AnyValue, rest)), Some((_, shorter))) => fits(rest, text) || fits(signs, shorter),
        (Some((Sign::One, rest)), Some((_, shorter))) => fits(rest, shorter),
        (Some((Sign::Exactly(wanted), rest)), Some((found, shorter))) => wanted == found && fits(rest, shorter),
        (Some((Sign::One | Sign::Exactly(_), _)), None) => false,
    }
}

/// A match that took an unknown value for any text may not be one.
fn sure(fits: bool, signs: &[Sign]) -> Maybe {
    match (fits, signs.contains(&Sign::AnyValue)) {
        (false, _) => Maybe::No,
        (true, true) => Maybe::Unknown,
        (true, false) => Maybe::Yes,
    }
}

/// Tells whether a whole text matches a pattern.
pub(crate) fn matches(pattern: &str, text: &str, wildcards: bool, keys: Option<&Keys>) -> Maybe {
    let Some(signs) = read(pattern, wildcards, keys) else { return Maybe::No };
    let text: Vec<char> = text.chars().collect();
    sure(fits(&signs, &text), &signs)
}

/// Tells whether an action matches a pattern, case aside.
pub(crate) fn matches_action(pattern: &str, action: &str) -> bool {
    matches(&pattern.to_lowercase(), &action.to_lowercase(), true, None) == Maybe::Yes
}

/// Splits a pattern into the parts of an ARN; colons inside `${...}` separate nothing.
fn parts(text: &str, variables: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for (at, sign) in text.char_indices() {
        let opens = variables && text.get(at..).is_some_and(|rest| rest.starts_with("${") && rest.contains('}'));
        inside = (inside || opens) && sign != '}';
        if sign == ':' && !inside && parts.len() < 6 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(sign);
        }
    }
    parts
}

/// The value of an ARN operator: each of the six parts is compared on its own.
pub(crate) fn matches_arn(pattern: &str, arn: &str, keys: Option<&Keys>) -> Maybe {
    let found: Vec<&str> = arn.splitn(6, ':').collect();
    let wanted = parts(pattern, keys.is_some());
    if pattern == "*" {
        return Maybe::Yes;
    }
    if found.len() < 6 || wanted.len() < 6 {
        return Maybe::No;
    }
    Maybe::all(wanted.iter().zip(found).map(|(wanted, found)| matches(wanted, found, true, keys)))
}

/// The value of a `Resource` element.
///
/// "You can use wildcard characters within the individual segments of an ARN. If the * wildcard is the last character of
/// a resource ARN segment, it can expand to match beyond the colon boundaries." Segments that are left out match
/// anything.
pub(crate) fn matches_resource(pattern: &str, resource: &str, keys: Option<&Keys>) -> Maybe {
    if pattern == "*" {
        return Maybe::Yes;
    }
    let found: Vec<&str> = resource.split(':').collect();
    if found.len() < 6 {
        return Maybe::No;
    }
    let wanted: Option<Vec<Vec<Sign>>> =
        parts(pattern, keys.is_some()).iter().map(|part| read(part, true, keys)).collect();
    let Some(wanted) = wanted else { return Maybe::No };
    sure(segments_fit(&wanted, &found, 0), &wanted.concat())
}

fn segments_fit(wanted: &[Vec<Sign>], found: &[&str], before: usize) -> bool {
    let signs = |text: &str| text.chars().collect::<Vec<char>>();
    match wanted.split_first() {
        // What is left out matches what is left.
        None => true,
        // The sixth part is everything behind the fifth colon.
        Some((last, [])) if before == 5 => !found.is_empty() && fits(last, &signs(&found.join(":"))),
        Some((first, rest)) => {
            let Some((segment, behind)) = found.split_first() else { return false };
            let runs_on = first.last() == Some(&Sign::Run);
            let swallowed = if runs_on { behind.len() } else { 0 };
            fits(first, &signs(segment))
                && (0..=swallowed)
                    .any(|count| behind.get(count..).is_some_and(|behind| segments_fit(rest, behind, before + 1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_that_ends_a_segment_runs_on() {
        let resource = |pattern: &str, arn: &str| matches_resource(pattern, arn, None);
        assert_eq!(resource("arn:aws:iam:*:role/x", "arn:aws:iam::111111111111:role/x"), Maybe::Yes);
        assert_eq!(resource("arn:aws:l:*:f:app", "arn:aws:l:r:1:g:f:app"), Maybe::Yes);
        assert_eq!(resource("arn:aws:l:*x:f:app", "arn:aws:l:r:1:xx:f:app"), Maybe::No);
        assert_eq!(resource("arn:aws:l:r:1:a", "arn:aws:l:r:1:a:b"), Maybe::No);
        assert_eq!(resource("arn:aws:sqs", "arn:aws:sqs:r:1:q"), Maybe::Yes);
        assert_eq!(resource("arn:aws:sqs:r:1:q", "*"), Maybe::No);
        assert_eq!(matches_arn("arn:aws:iam:*:role/x", "arn:aws:iam::111111111111:role/x", None), Maybe::No);
    }

    #[test]
    fn variables_have_one_value_or_match_nothing() {
        let mut keys = Keys::new();
        keys.insert("x:a".to_owned(), Known::Values(vec!["*".to_owned()]));
        keys.insert("x:b".to_owned(), Known::Unknown);
        let text = |pattern: &str, text: &str| matches(pattern, text, true, Some(&keys));
        assert_eq!(text("${x:A}", "*"), Maybe::Yes);
        assert_eq!(text("${x:a}", "b"), Maybe::No);
        assert_eq!(text("${x:c, 'd'}", "d"), Maybe::Yes);
        assert_eq!(text("*${x:c}*", "d"), Maybe::No);
        assert_eq!(text("h-${x:b}", "h-1"), Maybe::Unknown);
        assert_eq!(text("h-${x:b}", "i-1"), Maybe::No);
        assert_eq!(text("${*}", "*"), Maybe::Yes);
        assert_eq!(text("${x:a", "${x:a"), Maybe::Yes);
    }
}
