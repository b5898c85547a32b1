//! Patterns of schemas: regular expressions of ECMAScript (ECMA-262), compiled by a library that reads some signs otherwise.
//!
//! Patterns with look-around, and those that would take too long to compile, are not tried.

use regex::{Regex, RegexBuilder};

/// A pattern whose program is larger is not tried.
const PROGRAM_BYTES_MAX: usize = 256 * 1024;

/// Compiles a pattern; `None` where it cannot be tried.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&translate(pattern)).size_limit(PROGRAM_BYTES_MAX).build().ok()
}

/// Writes a pattern in the library's language: letters and digits are ASCII's; in a class, `[`, `&`, `~` and a hyphen
/// after a set stand for themselves.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut in_class = false;
    let mut signs = pattern.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => {
                let Some(escaped) = signs.next() else { break };
                let set = match escaped {
                    'w' => Some("0-9A-Za-z_"),
                    'd' => Some("0-9"),
                    // Java's name for the end.
                    'Z' => {
                        out.push_str("\\z");
                        continue;
                    }
                    _ => None,
                };
                match set {
                    Some(set) if in_class => out.push_str(set),
                    Some(set) => out.extend(["[", set, "]"]),
                    None => out.extend(['\\', escaped]),
                }
                if in_class && matches!(escaped, 'w' | 'd' | 's') && signs.next_if_eq(&'-').is_some() {
                    out.push_str("\\-");
                }
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if signs.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' => {
                if in_class {
                    out.push('\\');
                }
                out.push(sign);
            }
            '-' if in_class && signs.next_if_eq(&'-').is_some() => out.push_str("-\\-"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{catalog, format::NodeId, schema::Schema};

    #[test]
    fn signs_mean_what_they_mean_in_ecmascript() {
        for (pattern, matching, others) in [
            (r"^[\w-.~]+$", "a-b.c~", &["ä", "a b", "٣"][..]),
            (r"^\w\d$", "a1", &["ä1", "a٣"]),
            (r"^[[a]+$", "[a", &["b"]),
            (r"^[a&&b]+$", "a&b", &["c"]),
            (r"^[^[]+$", "a]", &["["]),
            (r"^[+--]+$", "+,-", &["."]),
            (r"^\p{L}+$", "ä", &["1"]),
            (r"\A[0-9a-f]+\Z", "0f", &["0g", ""]),
            (r"^[a-zA-Z0-9-_]+$", "a-_", &["+"]),
            (r"^arn:aws\/x$", "arn:aws/x", &["arn:aws"]),
        ] {
            let compiled = compile(pattern).unwrap();
            assert!(compiled.is_match(matching), "{pattern} {matching}");
            for other in others {
                assert!(!compiled.is_match(other), "{pattern} {other}");
            }
        }
    }

    #[test]
    fn what_the_library_cannot_is_not_tried() {
        for pattern in ["^(?!aws:).*$", r"(?<!\.)$", r"(a)\1", r"^[\p{L}\p{N}]{0,65535}$", "["] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn nearly_all_patterns_of_the_catalog_can_be_tried() {
        let mut patterns = BTreeSet::new();
        for kind in catalog().types() {
            let schema = kind.schema();
            let nodes = 0..u32::try_from(schema.block.nodes.len()).unwrap();
            patterns.extend(nodes.filter_map(|node| Schema { node: NodeId(node), ..schema }.pattern()));
        }
        let not_tried: Vec<&&str> = patterns.iter().filter(|pattern| compile(pattern).is_none()).collect();
        assert!(patterns.len() > 2_500, "{}", patterns.len());
        assert!(
            not_tried.len() * 100 < patterns.len() * 8,
            "{} of {}: {not_tried:#?}",
            not_tried.len(),
            patterns.len()
        );
    }
}
