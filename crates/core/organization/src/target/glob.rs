//! Globs of `name:` terms: `*` is any text, `?` one character, everything else itself.

/// Tells whether the whole `text` fits `pattern`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    // After the last star, and how far the text was when that star took nothing more.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some('*') => {
                at_pattern += 1;
                retry = Some((at_pattern, at_text));
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => match &mut retry {
                None => return false,
                Some((after_star, taken)) => {
                    *taken += 1;
                    (at_pattern, at_text) = (*after_star, *taken);
                }
            },
        }
    }
    pattern.iter().skip(at_pattern).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [("*", ""), ("a*", "a"), ("*a*b", "xaybab"), ("t?am-*", "team-one"), ("a**b", "ab")] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a*", "ba"), ("?", ""), ("*a*b", "xayba"), ("A*", "ab")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
