//! Conditions in words, and as a policy writes them.

use super::{Condition, Ordering, Set, Test};
use crate::pattern::{Pattern, Piece};

impl Condition {
    /// Returns the operator's name. Those with and without wildcards are told apart by their values.
    pub(crate) fn operator(&self) -> String {
        let prefix = match self.set {
            Set::None => "",
            Set::All => "ForAllValues:",
            Set::Any => "ForAnyValue:",
        };
        let (family, suffix) = match &self.test {
            Test::Text(patterns) if has_wildcards(patterns) => ("String", "Like"),
            Test::Text(_) => ("String", "Equals"),
            Test::TextIgnoringCase(_) => ("String", "EqualsIgnoreCase"),
            Test::Arn(_) => ("Arn", "Like"),
            Test::Number(order, _) => ("Numeric", order.name()),
            Test::Date(order, _) => ("Date", order.name()),
            Test::Bool(_) => ("Bool", ""),
            Test::Binary(_) => ("Binary", "Equals"),
            Test::Address(_) => ("IpAddress", ""),
            Test::Null(_) => ("Null", ""),
        };
        let name = match (&self.test, self.negated) {
            (Test::Address(_), true) => "NotIpAddress".to_owned(),
            (_, true) => format!("{family}Not{suffix}"),
            (_, false) => format!("{family}{suffix}"),
        };
        format!("{prefix}{name}{}", if self.if_exists { "IfExists" } else { "" })
    }

    /// Returns the values.
    pub(crate) fn texts(&self) -> Vec<String> {
        let each = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect();
        match &self.test {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) => each(patterns),
            Test::Arn(patterns) => patterns.iter().map(ToString::to_string).collect(),
            Test::Number(_, values) => values.iter().map(ToString::to_string).collect(),
            Test::Date(_, values) => values.iter().map(|value| moment(*value)).collect(),
            Test::Bool(values) | Test::Null(values) => values.iter().map(ToString::to_string).collect(),
            Test::Binary(values) => values.iter().map(|bytes| format!("{bytes:02x?}")).collect(),
            Test::Address(networks) => {
                networks.iter().map(|network| format!("{}/{}", network.address, network.prefix)).collect()
            }
        }
    }

    /// Says what is so of a request for which the condition holds, or does not hold.
    pub(crate) fn words(&self, holds: bool) -> String {
        let key = &self.key.written;
        if let Test::Null(wanted) = &self.test {
            return match (wanted.contains(&true) == holds, wanted.contains(&false) == holds) {
                (true, true) => format!("{key} is there or not"),
                (true, false) => format!("{key} is absent"),
                (false, _) => format!("{key} is there"),
            };
        }
        let values = any_of(&self.texts());
        let is = |fits: bool| format!("{} {values}", self.relation(fits));
        match (self.set, holds) {
            (Set::None, true) if self.if_exists && !self.negated => format!("{key} {} or is absent", is(true)),
            (Set::None, false) if self.if_exists && !self.negated => format!("{key} is there and {}", is(false)),
            (Set::None, _) => format!("{key} {}", is(holds != self.negated)),
            (Set::Any, true) if self.if_exists => format!("a value of {key} {} or it has none", is(!self.negated)),
            (Set::Any, true) | (Set::All, false) => format!("a value of {key} {}", is(holds != self.negated)),
            (Set::All, true) | (Set::Any, false) if holds != self.negated => {
                format!("every value of {key} {}", is(true))
            }
            (Set::All, true) | (Set::Any, false) => format!("no value of {key} {}", is(true)),
        }
    }

    const fn relation(&self, fits: bool) -> &'static str {
        let order = match &self.test {
            Test::Number(order, _) | Test::Date(order, _) => *order,
            Test::Address(_) => return if fits { "is in" } else { "is not in" },
            Test::Text(_)
            | Test::TextIgnoringCase(_)
            | Test::Arn(_)
            | Test::Bool(_)
            | Test::Binary(_)
            | Test::Null(_) => Ordering::Equal,
        };
        match (order, fits) {
            (Ordering::Equal, true) => "is",
            (Ordering::Equal, false) => "is not",
            (Ordering::Less, true) => "is below",
            (Ordering::Less, false) => "is not below",
            (Ordering::LessOrEqual, true) => "is at most",
            (Ordering::LessOrEqual, false) => "is not at most",
            (Ordering::Greater, true) => "is above",
            (Ordering::Greater, false) => "is not above",
            (Ordering::GreaterOrEqual, true) => "is at least",
            (Ordering::GreaterOrEqual, false) => "is not at least",
        }
    }
}

impl Ordering {
    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "Equals",
            Self::Less => "LessThan",
            Self::LessOrEqual => "LessThanEquals",
            Self::Greater => "GreaterThan",
            Self::GreaterOrEqual => "GreaterThanEquals",
        }
    }
}

fn has_wildcards(patterns: &[Pattern]) -> bool {
    patterns.iter().flat_map(Pattern::pieces).any(|piece| matches!(piece, Piece::Run | Piece::One))
}

/// Writes milliseconds since 1970 as a date.
pub(super) fn moment(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |moment| moment.to_string())
}

/// Lists alternatives: `a`, `a or b`, `a, b or c`.
fn any_of(texts: &[String]) -> String {
    match texts {
        [] => "anything of nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
