//! What a bare scalar means to CloudFormation, whose YAML is version 1.1.
//!
//! `YES` is true, `017` is fifteen, `012345670123` is an octal number and not an account, `12:30:45` is a number in
//! base sixty. Dates stay text: CloudFormation has no timestamps ("YAML supported features" in its user guide, which
//! leaves out the timestamp tag). Sources: YAML 1.1's type repository (int, float, bool, null), as Java's YAML readers
//! implement it; there `1e3` is a float.

/// A bare scalar's meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning<'text> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text, and numbers too large to be held exactly.
    Text(&'text str),
}

/// Tells of most scalars at a glance that they are words and mean nothing else.
pub(crate) fn is_surely_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.get(1)) {
        (None | Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'~'), _) => false,
        (Some(b't' | b'T'), Some(b'r' | b'R')) => bytes.len() != "true".len(),
        (Some(b'f' | b'F'), Some(b'a' | b'A')) => bytes.len() != "false".len(),
        (Some(b'n' | b'N'), Some(b'u' | b'U')) => bytes.len() != "null".len(),
        (Some(b'n' | b'N'), Some(b'o' | b'O')) => bytes.len() != "no".len(),
        (Some(b'y' | b'Y'), Some(b'e' | b'E')) => bytes.len() != "yes".len(),
        (Some(b'o' | b'O'), _) => bytes.len() > "off".len(),
        (Some(_), _) => true,
    }
}

/// Tells of most numbers at a glance that they are written as numbers are.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let first = digits.bytes().next();
    matches!(first, Some(b'1'..=b'9')) && digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Decides what a bare scalar means to CloudFormation.
#[must_use]
pub fn resolve_cloudformation(text: &str) -> Meaning<'_> {
    if is_surely_text(text) {
        return Meaning::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Meaning::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Meaning::Bool(false),
        _ => {}
    }
    integer(text).map(Meaning::Integer).or_else(|| float(text).map(Meaning::Float)).unwrap_or(Meaning::Text(text))
}

/// Writes a meaning as CloudFormation does where a string is wanted: `true`, `15`, `1.1`.
#[must_use]
pub fn to_text(meaning: Meaning<'_>) -> String {
    match meaning {
        Meaning::Null => String::new(),
        Meaning::Bool(value) => value.to_string(),
        Meaning::Integer(value) => value.to_string(),
        Meaning::Float(value) => float_text(value),
        Meaning::Text(text) => text.to_owned(),
    }
}

/// Returns what a bare scalar becomes if a reader would not expect it: the text that CloudFormation passes on.
///
/// `true`, `15` and `1.5` are as expected; `YES`, `017`, `1.10` and `12:30` are not.
#[must_use]
pub fn surprise(text: &str) -> Option<String> {
    if is_surely_text(text) || is_plain_number(text) {
        return None;
    }
    let meaning = resolve_cloudformation(text);
    let becomes = to_text(meaning);
    match meaning {
        Meaning::Null | Meaning::Text(_) => None,
        Meaning::Bool(_) => (!text.eq_ignore_ascii_case(&becomes)).then_some(becomes),
        Meaning::Integer(_) | Meaning::Float(_) => (text != becomes).then_some(becomes),
    }
}

fn float_text(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() }
    } else {
        // `{:?}` keeps the point of a whole number: 2.0.
        format!("{value:?}")
    }
}

fn sign(text: &str) -> (i64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, rest) = sign(text);
    if let Some(digits) = rest.strip_prefix("0b") {
        return radix(sign, digits, 2);
    }
    if let Some(digits) = rest.strip_prefix("0x") {
        return radix(sign, digits, 16);
    }
    if rest == "0" {
        return Some(0);
    }
    if let Some(digits) = rest.strip_prefix('0') {
        return radix(sign, digits, 8);
    }
    if rest.contains(':') {
        return base_sixty(rest).map(|value| sign * value);
    }
    radix(sign, rest, 10)
}

fn radix(sign: i64, digits: &str, radix: u32) -> Option<i64> {
    let well_formed = digits.chars().all(|digit| digit == '_' || digit.is_digit(radix));
    if !well_formed || !digits.contains(|digit: char| digit != '_') || (radix == 10 && digits.starts_with('_')) {
        return None;
    }
    let digits = without_underscores(digits);
    i64::from_str_radix(&digits, radix).ok().map(|value| sign * value)
}

fn without_underscores(digits: &str) -> std::borrow::Cow<'_, str> {
    if digits.contains('_') { digits.replace('_', "").into() } else { digits.into() }
}

/// `12:30:45`, the first part without a leading zero, the others below sixty.
fn base_sixty(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    if !first.starts_with(|digit: char| matches!(digit, '1'..='9')) {
        return None;
    }
    let mut value = radix(1, first, 10)?;
    for part in parts {
        value = value.checked_mul(60)?.checked_add(sexagesimal_digit(part)?)?;
    }
    Some(value)
}

fn sexagesimal_digit(part: &str) -> Option<i64> {
    let well_formed = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|value| well_formed && *value < 60)
}

fn float(text: &str) -> Option<f64> {
    let (sign, rest) = sign(text);
    let sign = if sign < 0 { -1.0 } else { 1.0 };
    match rest {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if rest.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (rest.get(..at)?, Some(rest.get(at + 1..)?)),
        None => (rest, None),
    };
    if !exponent.is_none_or(is_exponent) {
        return None;
    }
    if mantissa.contains(':') {
        return base_sixty_float(mantissa).filter(|_| exponent.is_none()).map(|value| sign * value);
    }
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    // Without a point or an exponent it would be an integer that does not fit, or not a number.
    if fraction.is_none() && exponent.is_none() {
        return None;
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let begins = |part: &str| part.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let well_formed = digits(whole)
        && fraction.is_none_or(digits)
        && (begins(whole) || (whole.is_empty() && fraction.is_some_and(begins)));
    if !well_formed {
        return None;
    }
    without_underscores(rest).parse::<f64>().ok().map(|value| sign * value)
}

fn is_exponent(exponent: &str) -> bool {
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `1:30.5`
fn base_sixty_float(mantissa: &str) -> Option<f64> {
    let (whole, fraction) = mantissa.split_once('.')?;
    let mut parts = whole.split(':');
    let first = parts.next().filter(|first| first.starts_with(|digit: char| digit.is_ascii_digit()))?;
    let mut value: f64 = without_underscores(first).parse().ok()?;
    for part in parts {
        value = value * 60.0 + sexagesimal_digit(part).and_then(|digit| u8::try_from(digit).ok()).map(f64::from)?;
    }
    let fraction: f64 =
        if fraction.is_empty() { 0.0 } else { format!("0.{}", without_underscores(fraction)).parse().ok()? };
    Some(value + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_scalars_mean_what_yaml_one_one_says() {
        let cases = [
            ("YES", "true"),
            ("off", "false"),
            ("017", "15"),
            ("012345670123", "1402433619"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("1_000", "1000"),
            ("12:30:45", "45045"),
            ("1:30", "90"),
            ("1e3", "1000.0"),
            ("1.10", "1.1"),
            ("+5", "5"),
        ];
        for (text, becomes) in cases {
            assert_eq!(surprise(text).as_deref(), Some(becomes), "{text}");
        }
    }

    #[test]
    fn what_is_expected_is_no_surprise() {
        let expected = [
            "true",
            "True",
            "0",
            "15",
            "-15",
            "1.5",
            "2012-10-17",
            "2010-09-09",
            "123456789012",
            "089",
            "00:30",
            "10.0.0.0/16",
            "1.2.3",
            "arn:aws:iam::1:x",
            "",
            "~",
            "x",
            "12:60",
            "-",
            ".",
            "0x",
            "_",
            "12:30-13:00",
            "99999999999999999999",
            "098765432109",
            "e3",
            "1e",
            "+",
            "0_",
            "2024-01-01T00:00:00Z",
        ];
        for text in expected {
            assert_eq!(surprise(text), None, "{text}");
        }
    }
}
