//! Whether a text matches a pattern, and whether two patterns have a text in common.

/// A sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Sign(char),
    /// `?`
    One,
    /// `*`, or a variable
    Run,
    /// A variable whose value does not have this sign.
    Without(char),
}

impl Token {
    /// Tells whether the token takes part in a text of any length.
    const fn repeats(self) -> bool {
        matches!(self, Self::Run | Self::Without(_))
    }

    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Sign(left), Self::Sign(right)) => left == right,
            (Self::Without(other), Self::Sign(sign)) | (Self::Sign(sign), Self::Without(other)) => sign != other,
            _ => true,
        }
    }
}

/// Reads a text in which `*`, `?` and `${...}` are wildcards.
pub(super) fn pattern(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let variable = rest.starts_with("${").then(|| rest.find('}')).flatten();
        let (token, length) = match (variable, sign) {
            (Some(end), _) => (Token::Run, end + 1),
            (None, '*') => (Token::Run, 1),
            (None, '?') => (Token::One, 1),
            (None, sign) => (Token::Sign(sign), sign.len_utf8()),
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// Reads a text without wildcards.
pub(super) fn signs(text: &str) -> Vec<Token> {
    text.chars().map(Token::Sign).collect()
}

/// Tells whether some text matches both.
pub(super) fn overlap(left: &[Token], right: &[Token]) -> bool {
    // row[n]: the tokens of `left` so far and the first n of `right` have a text in common.
    let mut row = vec![true];
    row.extend(right.iter().scan(true, |empty, token| {
        *empty &= token.repeats();
        Some(*empty)
    }));
    for token in left {
        let mut beside = token.repeats() && row.first() == Some(&true);
        let mut next = Vec::with_capacity(row.len());
        next.push(beside);
        for (other, pair) in right.iter().zip(row.windows(2)) {
            let (across, above) = (pair.first() == Some(&true), pair.last() == Some(&true));
            // What repeats stands for nothing, or for one more sign of the other.
            let meet = token.meets(*other);
            beside = token.repeats() && (above || beside && meet)
                || other.repeats() && (beside || above && meet)
                || across && meet;
            next.push(beside);
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// Tells whether a name in ASCII matches a pattern with `*` and `?`, in any case.
pub(super) fn matches_name(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut taken) = (0, 0);
    // After a mismatch only the last `*` is lengthened: an earlier one could not help more.
    let mut retry = None;
    loop {
        match (pattern.get(at), name.get(taken)) {
            (Some(b'*'), _) => {
                at += 1;
                retry = Some((at, taken));
            }
            (Some(sign), Some(letter)) if *sign == b'?' || sign.eq_ignore_ascii_case(letter) => {
                at += 1;
                taken += 1;
            }
            (None, None) => return true,
            (_, None) => return false,
            (_, Some(_)) => {
                let Some((after_run, run_end)) = retry else { return false };
                retry = Some((after_run, run_end + 1));
                (at, taken) = (after_run, run_end + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patterns_meet_where_a_text_matches_both() {
        for (left, right, expected) in [
            ("", "", true),
            ("", "*", true),
            ("*", "*", true),
            ("a", "", false),
            ("a", "?", true),
            ("??", "?", false),
            ("a*", "*b", true),
            ("a*c", "ab*", true),
            ("a*c", "b*", false),
            ("log-group:${Name}", "log-group:x:*", true),
            ("table/${Name}", "table/*/index/*", true),
            ("role/${Name}", "user/*", false),
            ("*ab*ba*", "aba", false),
            ("*ab*ba*", "*aba?", true),
            ("${unclosed", "${unclosed", true),
        ] {
            assert_eq!(overlap(&pattern(left), &pattern(right)), expected, "{left} {right}");
            assert_eq!(overlap(&pattern(right), &pattern(left)), expected, "{right} {left}");
        }
    }

    #[test]
    fn names_match_in_any_case() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("get*", "GetObject", true),
            ("*acl", "PutObjectAcl", true),
            ("*a*b*", "xAyyB", true),
            ("?et", "get", true),
            ("?et", "et", false),
            ("get", "gets", false),
            ("*ab*ab", "ab", false),
            ("a*", "ba", false),
        ] {
            assert_eq!(matches_name(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_variable_may_lack_a_sign() {
        let flat = |text: &str| {
            let mut tokens = pattern(text);
            tokens.push(Token::Without('/'));
            tokens
        };
        for (right, expected) in [("b", true), ("*", true), ("?", true), ("b/*", false), ("*/", false)] {
            assert_eq!(overlap(&flat(""), &pattern(right)), expected, "{right}");
            assert_eq!(overlap(&pattern(right), &flat("")), expected, "{right}");
        }
        assert!(overlap(&flat("table/"), &pattern("table/t")));
    }
}
