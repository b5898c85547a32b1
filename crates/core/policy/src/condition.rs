//! Condition operators: read once into typed values, evaluated against a request's context.

mod values;
mod words;

use std::net::IpAddr;

use crate::{
    arn::{Arn, ArnPattern},
    context::{Context, Held, Key, Truth},
    pattern::{Pattern, Syntax},
};

/// One key of one operator with its values: `"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    key: Key,
    set: Set,
    if_exists: bool,
    /// Whether the operator is the negation of its test (`StringNotEquals`, `NotIpAddress`).
    negated: bool,
    test: Test,
}

/// The prefix for keys with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    None,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// What is tested, with the policy's values; one of them must fit.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// With or without wildcards.
    Text(Box<[Pattern]>),
    TextIgnoringCase(Box<[Pattern]>),
    Arn(Box<[ArnPattern]>),
    Number(Ordering, Box<[f64]>),
    /// Milliseconds since 1970.
    Date(Ordering, Box<[i64]>),
    Bool(Box<[bool]>),
    Binary(Box<[Vec<u8>]>),
    Address(Box<[Network]>),
    /// `true`: the key must be absent.
    Null(Box<[bool]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ordering {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Values that are not what their operator compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionError {
    /// What it compares.
    pub(crate) wanted: &'static str,
    /// The values' positions.
    pub(crate) wrong: Vec<usize>,
}

/// The family of an operator, before its values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text { wildcards: bool },
    TextIgnoringCase,
    Arn,
    Number(Ordering),
    Date(Ordering),
    Bool,
    Binary,
    Address,
    Null,
}

/// An operator with its prefix and suffix taken apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator {
    set: Set,
    if_exists: bool,
    family: Family,
    negated: bool,
}

impl Operator {
    /// Reads an operator's name; AWS does not mind its case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (set, name) = match name.split_once(':') {
            Some(("forallvalues", rest)) => (Set::All, rest),
            Some(("foranyvalue", rest)) => (Set::Any, rest),
            Some(_) => return None,
            None => (Set::None, name.as_str()),
        };
        let (if_exists, name) = name.strip_suffix("ifexists").map_or((false, name), |name| (true, name));
        let (family, negated) = family(name)?;
        let plain_null = family == Family::Null && (if_exists || set != Set::None);
        (!plain_null).then_some(Self { set, if_exists, family, negated })
    }
}

fn family(name: &str) -> Option<(Family, bool)> {
    use Ordering::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match name {
        "stringequals" => (Family::Text { wildcards: false }, false),
        "stringnotequals" => (Family::Text { wildcards: false }, true),
        "stringequalsignorecase" => (Family::TextIgnoringCase, false),
        "stringnotequalsignorecase" => (Family::TextIgnoringCase, true),
        "stringlike" => (Family::Text { wildcards: true }, false),
        "stringnotlike" => (Family::Text { wildcards: true }, true),
        // ArnEquals takes wildcards as ArnLike does (IAM User Guide).
        "arnequals" | "arnlike" => (Family::Arn, false),
        "arnnotequals" | "arnnotlike" => (Family::Arn, true),
        "numericequals" => (Family::Number(Equal), false),
        "numericnotequals" => (Family::Number(Equal), true),
        "numericlessthan" => (Family::Number(Less), false),
        "numericlessthanequals" => (Family::Number(LessOrEqual), false),
        "numericgreaterthan" => (Family::Number(Greater), false),
        "numericgreaterthanequals" => (Family::Number(GreaterOrEqual), false),
        "dateequals" => (Family::Date(Equal), false),
        "datenotequals" => (Family::Date(Equal), true),
        "datelessthan" => (Family::Date(Less), false),
        "datelessthanequals" => (Family::Date(LessOrEqual), false),
        "dategreaterthan" => (Family::Date(Greater), false),
        "dategreaterthanequals" => (Family::Date(GreaterOrEqual), false),
        "bool" => (Family::Bool, false),
        "binaryequals" => (Family::Binary, false),
        "ipaddress" => (Family::Address, false),
        "notipaddress" => (Family::Address, true),
        "null" => (Family::Null, false),
        _ => return None,
    })
}

pub(crate) use values::Values;

impl Condition {
    /// Reads the values of one key. Values that the operator cannot compare are left out, for they match nothing,
    /// and reported.
    pub(crate) fn new(
        operator: Operator,
        key: &str,
        values: &[&str],
        variables: bool,
    ) -> (Self, Option<ConditionError>) {
        let syntax = Syntax { wildcards: operator.family == Family::Text { wildcards: true }, variables };
        let mut wrong = Vec::new();
        let patterns = || values.iter().map(|value| Pattern::new(value, syntax)).collect();
        let (test, wanted) = match operator.family {
            Family::Text { .. } => (Test::Text(patterns()), "text"),
            Family::TextIgnoringCase => (Test::TextIgnoringCase(patterns()), "text"),
            Family::Arn => {
                let arns: Box<[ArnPattern]> = values.iter().map(|v| ArnPattern::condition(v, variables)).collect();
                wrong.extend((0..values.len()).filter(|index| arns.get(*index) == Some(&ArnPattern::Nothing)));
                (Test::Arn(arns), "an ARN of six parts")
            }
            Family::Number(order) => (Test::Number(order, read(values, number, &mut wrong)), "a number"),
            Family::Date(order) => (Test::Date(order, read(values, date, &mut wrong)), "a date (ISO 8601 or seconds)"),
            Family::Bool => (Test::Bool(read(values, truth, &mut wrong)), "`true` or `false`"),
            Family::Binary => (Test::Binary(read(values, base64, &mut wrong)), "base64"),
            Family::Address => (Test::Address(read(values, network, &mut wrong)), "an address or CIDR block"),
            Family::Null => (Test::Null(read(values, truth, &mut wrong)), "`true` or `false`"),
        };
        let condition = Self {
            key: Key::new(key),
            set: operator.set,
            if_exists: operator.if_exists,
            negated: operator.negated,
            test,
        };
        (condition, (!wrong.is_empty()).then_some(ConditionError { wanted, wrong }))
    }

    /// Returns the key.
    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    /// Tells whether the key must be there for the condition to hold.
    pub(crate) fn needs_key(&self) -> bool {
        if let Test::Null(wanted) = &self.test {
            return !wanted.contains(&true);
        }
        !self.if_exists && (self.set == Set::Any || self.set == Set::None && !self.negated)
    }

    /// Tells whether the key must be absent for the condition to hold.
    pub(crate) fn forbids_key(&self) -> bool {
        matches!(&self.test, Test::Null(wanted) if !wanted.contains(&false))
    }

    /// Tells whether no value of the key can ever fit: there is nothing to compare it with.
    pub(crate) fn fits_nothing(&self) -> bool {
        let values = match &self.test {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) => patterns.len(),
            Test::Arn(patterns) => patterns.iter().filter(|pattern| **pattern != ArnPattern::Nothing).count(),
            Test::Number(_, values) => values.len(),
            Test::Date(_, values) => values.len(),
            Test::Bool(values) | Test::Null(values) => values.len(),
            Test::Binary(values) => values.len(),
            Test::Address(values) => values.len(),
        };
        values == 0 && !self.negated
    }

    /// Tells whether the request's context fulfils the condition.
    pub(crate) fn holds(&self, context: &Context) -> Truth {
        let values = match context.held(&self.key) {
            Some(Held::Unknown) => return Truth::Unknown,
            Some(Held::Values(values)) => &**values,
            None => &[],
        };
        if let Test::Null(wanted) = &self.test {
            return wanted.contains(&values.is_empty()).into();
        }
        if values.is_empty() {
            let holds = match self.set {
                Set::All => true,
                Set::Any => self.if_exists,
                Set::None => self.if_exists || self.negated,
            };
            return holds.into();
        }
        let fits = |value: &str| {
            let fits = self.test.fits(value, context);
            if self.negated { fits.not() } else { fits }
        };
        match (self.set, self.negated) {
            // Without a prefix a negated operator asks that no value fits, a positive one that some value does.
            (Set::All, _) | (Set::None, true) => values.iter().fold(Truth::Yes, |all, value| all.and(fits(value))),
            (Set::Any, _) | (Set::None, false) => values.iter().fold(Truth::No, |any, value| any.or(fits(value))),
        }
    }

    /// Returns the key that it tests and those of the variables in its values.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let mut keys = vec![&*self.key.written];
        match &self.test {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) => {
                keys.extend(patterns.iter().flat_map(Pattern::keys))
            }
            Test::Arn(patterns) => keys.extend(patterns.iter().flat_map(ArnPattern::keys)),
            Test::Number(..) | Test::Date(..) | Test::Bool(_) | Test::Binary(_) | Test::Address(_) | Test::Null(_) => {}
        }
        keys
    }

    /// Adds the keys on whose unknown values the answer depends.
    pub(crate) fn unknown_keys<'a>(&'a self, context: &Context, keys: &mut Vec<&'a str>) {
        if self.holds(context) != Truth::Unknown {
            return;
        }
        if self.key.is_unknown(context) {
            keys.push(&self.key.written);
            return;
        }
        match &self.test {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) => {
                for pattern in patterns {
                    pattern.unknown_keys(context, keys);
                }
            }
            Test::Arn(patterns) => {
                for pattern in patterns {
                    pattern.unknown_keys(context, keys);
                }
            }
            Test::Number(..) | Test::Date(..) | Test::Bool(_) | Test::Binary(_) | Test::Address(_) | Test::Null(_) => {}
        }
    }
}

impl Test {
    /// Tells whether one of the policy's values fits a value of the request.
    fn fits(&self, value: &str, context: &Context) -> Truth {
        match self {
            Self::Text(patterns) => any(patterns, |pattern| pattern.matches(value, context)),
            Self::TextIgnoringCase(patterns) => any(patterns, |pattern| pattern.matches_ignoring_case(value, context)),
            Self::Arn(patterns) => {
                let arn = Arn::read(value);
                any(patterns, |pattern| pattern.matches(arn.as_ref(), context))
            }
            Self::Number(order, wanted) => {
                let found = number(value);
                any(wanted, |wanted| found.is_some_and(|found| compare(*order, &found, wanted)).into())
            }
            Self::Date(order, wanted) => {
                let found = date(value);
                any(wanted, |wanted| found.is_some_and(|found| compare(*order, &found, wanted)).into())
            }
            Self::Bool(wanted) => {
                let found = truth(value);
                any(wanted, |wanted| (found == Some(*wanted)).into())
            }
            Self::Binary(wanted) => {
                let found = base64(value);
                any(wanted, |wanted| (found.as_ref() == Some(wanted)).into())
            }
            Self::Address(networks) => {
                let found = value.parse::<IpAddr>().ok();
                any(networks, |network| found.is_some_and(|found| network.contains(found)).into())
            }
            // `holds` answers this before it looks at values.
            Self::Null(_) => Truth::No,
        }
    }
}

fn any<T>(items: &[T], test: impl Fn(&T) -> Truth) -> Truth {
    let mut result = Truth::No;
    for item in items {
        result = result.or(test(item));
        if result == Truth::Yes {
            break;
        }
    }
    result
}

fn compare<T: PartialOrd>(order: Ordering, found: &T, wanted: &T) -> bool {
    match order {
        Ordering::Equal => found == wanted,
        Ordering::Less => found < wanted,
        Ordering::LessOrEqual => found <= wanted,
        Ordering::Greater => found > wanted,
        Ordering::GreaterOrEqual => found >= wanted,
    }
}

/// Reads all values that can be read and notes the others.
fn read<T>(values: &[&str], parse: fn(&str) -> Option<T>, wrong: &mut Vec<usize>) -> Box<[T]> {
    let mut read = Vec::new();
    for (index, value) in values.iter().enumerate() {
        match parse(value) {
            Some(value) => read.push(value),
            None => wrong.push(index),
        }
    }
    read.into()
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Reads a date, or seconds since 1970, as milliseconds since 1970. Four digits are a year.
fn date(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>()
        && text.len() != 4
    {
        return seconds.checked_mul(1000);
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    // The W3C forms of ISO 8601 may leave out the time, the day and the month; they then begin the period.
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = match rest.strip_prefix('-') {
        Some(rest) => rest.split_once('-').unwrap_or((rest, "01")),
        None if rest.is_empty() => ("01", "01"),
        None => return None,
    };
    let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn network(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok().filter(|prefix| *prefix <= bits))?;
    Some(Network { address, prefix })
}

impl Network {
    fn contains(&self, found: IpAddr) -> bool {
        match (self.address, found) {
            (IpAddr::V4(base), IpAddr::V4(found)) => {
                let differing = base.to_bits() ^ found.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(base), IpAddr::V6(found)) => {
                let differing = base.to_bits() ^ found.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Decodes standard base64; padding may be left out.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for sign in text.trim_end_matches('=').bytes() {
        let six = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_in(operator: &str, values: &[&str], context: &Context) -> Truth {
        Condition::new(Operator::parse(operator).unwrap(), "x:Key", values, true).0.holds(context)
    }

    fn holds(operator: &str, values: &[&str], found: &[&str]) -> bool {
        let mut context = Context::new();
        context.set_all("x:key", found.iter().copied());
        holds_in(operator, values, &context) == Truth::Yes
    }

    #[test]
    fn texts() {
        assert!(holds("StringEquals", &["a", "b"], &["b"]));
        assert!(!holds("StringEquals", &["A*"], &["Ab"]));
        assert!(holds("stringlike", &["A*"], &["Ab"]));
        assert!(!holds("StringNotLike", &["A*"], &["Ab"]));
        assert!(holds("StringEqualsIgnoreCase", &["AB"], &["aB"]));
        assert!(!holds("StringNotEqualsIgnoreCase", &["AB"], &["aB"]));
        assert!(holds("StringNotEquals", &["a", "b"], &["c"]));
        assert!(!holds("StringNotEquals", &["a", "b"], &["b"]));
    }

    #[test]
    fn numbers_and_dates_compare_by_value() {
        assert!(holds("NumericEquals", &["10"], &["10.0"]));
        assert!(holds("NumericLessThan", &["10"], &["9"]));
        assert!(!holds("NumericLessThan", &["10"], &["x"]));
        assert!(holds("NumericNotEquals", &["10"], &["9"]));
        assert!(holds("NumericGreaterThanEquals", &["-1.5"], &["-1.5"]));
        assert!(!holds("NumericEquals", &["inf"], &["inf"]));
        assert!(holds("DateEquals", &["2030-01-01T00:00:00Z"], &["1893456000"]));
        assert!(holds("DateGreaterThan", &["2030-01-01"], &["2030-01-01T00:00:01Z"]));
        assert!(holds("DateLessThanEquals", &["2030"], &["2030-01-01T01:00:00+01:00"]));
        assert!(holds("DateNotEquals", &["2030-02"], &["2030-01-01T00:00:00Z"]));
        assert!(holds("DateLessThan", &["1970-01-02"], &["10"]));
        assert!(!holds("DateLessThan", &["soon"], &["2030-01-01T00:00:00Z"]));
    }

    #[test]
    fn truths_bytes_and_addresses() {
        assert!(holds("Bool", &["true"], &["True"]));
        assert!(!holds("Bool", &["true"], &["1"]));
        assert!(holds("BinaryEquals", &["AQI="], &["AQI"]));
        assert!(!holds("BinaryEquals", &["AQI="], &["AQM="]));
        assert!(holds("IpAddress", &["10.0.0.0/8", "::1"], &["10.255.0.1"]));
        assert!(holds("IpAddress", &["0.0.0.0/0"], &["1.2.3.4"]));
        assert!(!holds("IpAddress", &["0.0.0.0/0"], &["::1"]));
        assert!(holds("NotIpAddress", &["203.0.113.0/24"], &["203.0.114.1"]));
        assert!(!holds("IpAddress", &["10.0.0.0/33"], &["10.0.0.0"]));
    }

    #[test]
    fn arns() {
        assert!(holds("ArnEquals", &["arn:aws:iam::*:role/x"], &["arn:aws:iam::111111111111:role/x"]));
        assert!(holds("ArnNotLike", &["arn:aws:iam::*:role/x"], &["arn:aws:iam::111111111111:role/y"]));
        assert!(!holds("ArnLike", &["arn:aws:iam:*:role/x"], &["arn:aws:iam::111111111111:role/x"]));
    }

    #[test]
    fn absent_keys() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("StringNotEqualsIfExists", true),
            ("ArnNotLike", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringEqualsIfExists", true),
            ("ForAnyValue:StringNotEquals", false),
        ] {
            assert_eq!(holds(operator, &["a"], &[]), expected, "{operator}");
        }
        assert!(holds("Null", &["true"], &[]));
        assert!(!holds("Null", &["false"], &[]));
        assert!(holds("Null", &["false"], &["a"]));
    }

    #[test]
    fn sets_of_values() {
        assert!(holds("ForAllValues:StringEquals", &["a", "b"], &["a", "b"]));
        assert!(!holds("ForAllValues:StringEquals", &["a"], &["a", "b"]));
        assert!(holds("ForAnyValue:StringEquals", &["a"], &["a", "b"]));
        assert!(holds("ForAnyValue:StringNotEquals", &["a"], &["a", "b"]));
        assert!(!holds("ForAnyValue:StringNotEquals", &["a", "b"], &["a", "b"]));
        assert!(!holds("ForAllValues:StringNotEquals", &["a"], &["a", "b"]));
        assert!(holds("StringEquals", &["a"], &["a", "b"]));
        assert!(!holds("StringNotEquals", &["a"], &["a", "b"]));
    }

    #[test]
    fn unknown_keys_and_variables_make_no_guess() {
        let mut context = Context::new();
        context.set_unknown("x:key");
        for operator in ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"] {
            assert_eq!(holds_in(operator, &["a"], &context), Truth::Unknown, "{operator}");
        }
        assert_eq!(holds_in("Null", &["true"], &context), Truth::Unknown);
        let mut context = Context::new();
        context.set("x:key", "home-7").set_unknown("x:other");
        assert_eq!(holds_in("StringEquals", &["home-${x:other}"], &context), Truth::Unknown);
        assert_eq!(holds_in("StringEquals", &["tent-${x:other}"], &context), Truth::No);
        let condition = Condition::new(Operator::parse("StringEquals").unwrap(), "x:key", &["home-${x:other}"], true).0;
        let mut keys = Vec::new();
        condition.unknown_keys(&context, &mut keys);
        assert_eq!(keys, ["x:other"]);
    }

    #[test]
    fn operators_that_do_not_exist() {
        for wrong in ["StringEqual", "NullIfExists", "ForSome:StringEquals", "BinaryNotEquals", "ForAllValues:Null", ""]
        {
            assert!(Operator::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn values_that_cannot_be_compared_are_reported() {
        let operator = Operator::parse("NumericEquals").unwrap();
        let (_, error) = Condition::new(operator, "x:key", &["1", "one"], true);
        assert_eq!(error, Some(ConditionError { wanted: "a number", wrong: vec![1] }));
    }
}
