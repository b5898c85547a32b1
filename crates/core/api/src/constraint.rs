//! What a model demands of a value: length, range, pattern. Checking happens in [`Reader`](crate::Reader).

use std::sync::OnceLock;

use regex_lite::Regex;

/// The constraints that a model puts on one shape, with those on its elements.
#[derive(Debug)]
pub struct Constraint {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) pattern: Option<&'static Pattern>,
    pub(crate) sensitive: bool,
    pub(crate) key: Option<&'static Constraint>,
    pub(crate) element: Option<&'static Constraint>,
}

/// The absence of constraints.
pub(crate) static NONE: Constraint = Constraint::new();

impl Constraint {
    /// Returns a constraint that everything satisfies.
    pub const fn new() -> Constraint {
        Constraint { min: None, max: None, pattern: None, sensitive: false, key: None, element: None }
    }

    /// Sets the least length (strings in characters, blobs in bytes, lists and maps in entries) or the least number.
    pub const fn min(mut self, min: i64) -> Constraint {
        self.min = Some(min);
        self
    }

    /// Sets the greatest length or number.
    pub const fn max(mut self, max: i64) -> Constraint {
        self.max = Some(max);
        self
    }

    /// Sets the pattern that the whole string has to match.
    pub const fn pattern(mut self, pattern: &'static Pattern) -> Constraint {
        self.pattern = Some(pattern);
        self
    }

    /// Keeps the value out of messages.
    pub const fn sensitive(mut self) -> Constraint {
        self.sensitive = true;
        self
    }

    /// Sets the constraint on a map's keys.
    pub const fn key(mut self, key: &'static Constraint) -> Constraint {
        self.key = Some(key);
        self
    }

    /// Sets the constraint on a list's elements or a map's values.
    pub const fn element(mut self, element: &'static Constraint) -> Constraint {
        self.element = Some(element);
        self
    }
}

impl Default for Constraint {
    fn default() -> Self {
        Self::new()
    }
}

/// A pattern of a model, compiled when it is first used.
///
/// Models write patterns for Java. Two of its features are outside what the regular expression library knows:
/// Unicode classes, which are widened to "this ASCII class or any character outside ASCII", and look-around,
/// which makes a pattern [unchecked](Pattern::is_checked).
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Returns the pattern `text`, which is compiled later.
    pub const fn new(text: &'static str) -> Pattern {
        Pattern { text, compiled: OnceLock::new() }
    }

    /// Returns the pattern as the model writes it.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Says whether the whole of `value` matches. What cannot be checked matches.
    pub fn matches(&self, value: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(value))
    }

    /// Says whether the pattern can be checked at all.
    pub fn is_checked(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&format!("^(?:{})$", translate(self.text))).ok()).as_ref()
    }
}

/// Returns the patterns that cannot be checked, as (service, shape, pattern).
pub fn unchecked_patterns() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    crate::generated::PATTERNS.iter().flat_map(|(service, patterns)| {
        patterns
            .iter()
            .filter(|(_, pattern)| !pattern.is_checked())
            .map(move |(shape, pattern)| (*service, *shape, pattern.text()))
    })
}

/// Rewrites what Java spells otherwise: `\uXXXX`, Unicode classes, POSIX classes, `[` inside of classes.
fn translate(java: &str) -> String {
    let mut out = String::with_capacity(java.len() + 16);
    let mut rest = java;
    let mut in_class = false;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '\\' {
            rest = translate_escape(after, in_class, &mut out);
            continue;
        }
        match character {
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
                // A `]` that comes first in a class stands for itself.
                if let Some(next) = after.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = next;
                    continue;
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            other => out.push(other),
        }
        rest = after;
    }
    out
}

/// Translates what follows a backslash and returns what is left.
fn translate_escape<'a>(after: &'a str, in_class: bool, out: &mut String) -> &'a str {
    if let Some(hexadecimal) = after.strip_prefix('u') {
        // Some models write five or six digits (`\u10FFFF`), meaning the code point.
        let digits = hexadecimal.chars().take_while(char::is_ascii_hexdigit).count();
        let digits = match digits {
            5.. if hexadecimal.starts_with("10") && hexadecimal.starts_with("10FFFF") => 6,
            5.. if hexadecimal.starts_with("10000") => 5,
            _ => digits.min(4),
        };
        if let Some((code, rest)) = hexadecimal.split_at_checked(digits) {
            // Surrogates cannot occur in a string: the nearest characters beside them stand in.
            let code = match u32::from_str_radix(code, 16) {
                Ok(0xD800..=0xDBFF) => 0x10000,
                Ok(0xDC00..=0xDFFF) => 0x10FFFF,
                Ok(code) => code,
                Err(_) => 0xFFFD,
            };
            out.push_str(&format!("\\u{{{code:X}}}"));
            return rest;
        }
    }
    for (class, ascii) in [
        ("p{L}", "a-zA-Z"),
        ("p{Z}", " "),
        ("p{N}", "0-9"),
        ("p{P}", "!-/:-@\\[-`{-~"),
        ("p{M}", ""),
        ("p{Alnum}", "a-zA-Z0-9"),
        ("p{Alpha}", "a-zA-Z"),
        ("p{Digit}", "0-9"),
        ("p{Graph}", "!-~"),
        ("p{Print}", " -~"),
        ("p{Punct}", "!-/:-@\\[-`{-~"),
        ("p{ASCII}", "\\x00-\\x7F"),
    ] {
        if let Some(rest) = after.strip_prefix(class) {
            let beyond = if class.len() == 4 { "\\u{80}-\\u{10FFFF}" } else { "" };
            if in_class {
                out.push_str(&format!("{ascii}{beyond}"));
            } else {
                out.push_str(&format!("[{ascii}{beyond}]"));
            }
            return rest;
        }
    }
    out.push('\\');
    match after.chars().next() {
        // A slash needs no escape, and an escaped one is an error to the library.
        Some(character @ ('/' | '@' | ':' | '=' | ',' | '\'' | '"' | ' ' | '!' | '%' | ';' | '_' | '<' | '>')) => {
            out.pop();
            out.push(character);
            after.get(character.len_utf8()..).unwrap_or_default()
        }
        Some(character) => {
            out.push(character);
            after.get(character.len_utf8()..).unwrap_or_default()
        }
        None => after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_to_match_the_whole_value() {
        let pattern = Pattern::new("[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*");
        assert!(pattern.matches("my-stack-1"));
        assert!(pattern.matches("arn:aws:cloudformation:eu-west-1:111122223333:stack/x/y"));
        assert!(!pattern.matches("*@da591fa3_$"));
    }

    /// A pattern in this list is not enforced. A model that brings another one has to be looked at.
    #[test]
    fn patterns_that_cannot_be_checked_are_known() {
        let unchecked: Vec<_> = unchecked_patterns().map(|(service, shape, _)| format!("{service} {shape}")).collect();
        assert_eq!(unchecked, ["lambda S3Bucket", "events PathParameter"]);
    }

    #[test]
    fn java_spellings_are_understood() {
        for (pattern, good, bad) in [
            (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Kostenstelle 7: Größe", "a#b"),
            (r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{\n\t\"a\": 1 }", "\u{1}"),
            (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/team/", "team"),
            (r"[\u0020-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+", "text \u{1F600}", "\u{1}"),
            (
                r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
                "arn:aws:iam::111122223333:role/a/b",
                "x",
            ),
            (r"[a-zA-Z0-9-_]+", "a-b_c", "a b"),
        ] {
            let pattern = Pattern::new(pattern);
            assert!(pattern.is_checked(), "{}", pattern.text());
            assert!(pattern.matches(good), "{} should match {good}", pattern.text());
            assert!(!pattern.matches(bad), "{} should not match {bad}", pattern.text());
        }
    }
}
