//! Patterns of schemas: regular expressions of ECMAScript (ECMA-262), compiled by libraries that read some signs otherwise.
//!
//! Patterns with look-around, and those that would take too long to compile, are not tried.

/// A pattern whose program is larger is not tried.
const PROGRAM_BYTES_MAX: usize = 256 * 1024;

/// A compiled pattern. Most texts are matched once, so what counts is how long compiling takes: the small library needs a
/// tenth of the other's time, and has no classes of Unicode.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Small(regex_lite::Regex),
    Full(regex::Regex),
}

impl Pattern {
    /// Tells whether a part of the text matches.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Small(pattern) => pattern.is_match(text),
            Self::Full(pattern) => pattern.is_match(text),
        }
    }
}

/// Tells whether a pattern is compiled in another way for texts with letters beyond ASCII.
pub(super) fn has_classes(pattern: &str) -> bool {
    pattern.contains("\\p") || pattern.contains("\\P")
}

/// Compiles a pattern, for texts of ASCII only or for all; `None` where it cannot be tried.
pub(super) fn compile(pattern: &str, is_ascii: bool) -> Option<Pattern> {
    if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|looking| pattern.contains(looking)) {
        return None;
    }
    let classes = has_classes(pattern);
    let small = |translated: &str| {
        regex_lite::RegexBuilder::new(translated).size_limit(PROGRAM_BYTES_MAX).build().map(Pattern::Small).ok()
    };
    let tried = match (classes, is_ascii) {
        (false, _) => small(&translate(pattern)),
        (true, true) => in_ascii(pattern).and_then(|pattern| small(&translate(&pattern))),
        (true, false) => None,
    };
    tried.or_else(|| {
        let full = regex::RegexBuilder::new(&translate(pattern)).size_limit(PROGRAM_BYTES_MAX).build();
        full.map(Pattern::Full).ok()
    })
}

/// Writes classes of Unicode within brackets as what they have of ASCII; `None` for others.
fn in_ascii(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(sign) = rest.chars().next() {
        let (piece, behind) = match sign {
            '\\' if rest.starts_with("\\p{") && in_class => {
                let (name, behind) = rest.get(3..)?.split_once('}')?;
                (ascii_of(name)?, behind)
            }
            '\\' if rest.starts_with("\\p") || rest.starts_with("\\P") => return None,
            '\\' => rest.split_at_checked(1 + rest.chars().nth(1)?.len_utf8())?,
            _ => rest.split_at_checked(sign.len_utf8())?,
        };
        in_class = match sign {
            '[' => true,
            ']' => false,
            _ => in_class,
        };
        out.push_str(piece);
        rest = behind;
    }
    Some(out)
}

fn ascii_of(class: &str) -> Option<&'static str> {
    Some(match class {
        "L" => "A-Za-z",
        "Lu" => "A-Z",
        "Ll" => "a-z",
        "N" | "Nd" => "0-9",
        "Z" | "Zs" => " ",
        "S" => "$+<=>\\^`|~",
        "P" => "!\"#%&'()*,\\-./:;?@\\[\\\\\\]_{}",
        _ => return None,
    })
}

/// Writes a pattern in the libraries' language: letters and digits are ASCII's; in a class, `[`, `&`, `~` and a hyphen
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
            (r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$", "a b:c_1", &["a#b", "ä#"]),
            (r"^[\p{L}\p{M}]+$", "ä", &["1"]),
            (r"^[\p{S}\p{P}]+$", "^-]\\", &["a", " "]),
            (r"^arn:aws\/x$", "arn:aws/x", &["arn:aws"]),
        ] {
            let matches = |text: &str| compile(pattern, text.is_ascii()).unwrap().is_match(text);
            assert!(matches(matching), "{pattern} {matching}");
            for other in others {
                assert!(!matches(other), "{pattern} {other}");
            }
        }
    }

    #[test]
    fn what_the_library_cannot_is_not_tried() {
        for pattern in ["^(?!aws:).*$", r"(?<!\.)$", r"(a)\1", r"^[\p{L}\p{N}]{0,65535}$", "["] {
            assert!(compile(pattern, true).is_none(), "{pattern}");
        }
    }

    fn patterns() -> BTreeSet<&'static str> {
        let mut patterns = BTreeSet::new();
        for kind in catalog().types() {
            let schema = kind.schema();
            let nodes = 0..u32::try_from(schema.block.nodes.len()).unwrap();
            patterns.extend(nodes.filter_map(|node| Schema { node: NodeId(node), ..schema }.pattern()));
        }
        assert!(patterns.len() > 2_500, "{}", patterns.len());
        patterns
    }

    #[test]
    fn nearly_all_patterns_of_the_catalog_can_be_tried() {
        let patterns = patterns();
        let not_tried: Vec<&&str> = patterns.iter().filter(|pattern| compile(pattern, true).is_none()).collect();
        assert!(
            not_tried.len() * 100 < patterns.len() * 8,
            "{} of {}: {not_tried:#?}",
            not_tried.len(),
            patterns.len()
        );
    }

    #[test]
    fn both_libraries_read_the_patterns_alike() {
        let long = "x".repeat(300);
        let texts = [
            "",
            "a",
            "A-b_c.9",
            "a b\tc",
            "arn:aws:iam::111122223333:role/path/x",
            "arn:aws:s3:::bucket/*",
            "10.0.0.0/16",
            "subnet-0123456789abcdef0",
            "2024-01-01T00:00:00Z",
            "a@example.com",
            "https://example.com/a?b=c#d",
            "rate(1 day)",
            "{\"a\": [1, $2^3|~`]}",
            "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            "\n",
            "-",
            &long,
        ];
        let mut small = 0;
        // Every seventh keeps the test short; the set is the same in each run.
        for pattern in patterns().into_iter().step_by(7) {
            let Some(compiled @ Pattern::Small(_)) = compile(pattern, true) else { continue };
            let full = regex::RegexBuilder::new(&translate(pattern)).size_limit(1 << 22).build();
            let Ok(full) = full else { continue };
            small += 1;
            for text in texts {
                assert_eq!(compiled.is_match(text), full.is_match(text), "{pattern} {text:?}");
            }
        }
        assert!(small > 330, "{small}");
    }
}
