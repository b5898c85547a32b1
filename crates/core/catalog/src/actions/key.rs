//! Condition keys.

use std::fmt;

use super::overlap::{overlap, pattern, signs};

/// A condition key, as AWS documents it; copying it costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionKey<'facts> {
    pub(super) name: &'facts str,
    pub(super) kind: KeyKind,
}

/// Which values a key has; it tells which operators make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum KeyKind {
    /// A text.
    #[default]
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A time.
    Date,
    /// An address or a range of addresses.
    IpAddress,
    /// Several texts.
    Strings,
    /// Several ARNs.
    Arns,
    /// Several truth values.
    Bools,
}

impl KeyKind {
    /// All kinds with AWS's words; the place in this list is the number in the file.
    const ALL: [(Self, &'static str); 9] = [
        (Self::String, "String"),
        (Self::Arn, "ARN"),
        (Self::Bool, "Bool"),
        (Self::Numeric, "Numeric"),
        (Self::Date, "Date"),
        (Self::IpAddress, "IPAddress"),
        (Self::Strings, "ArrayOfString"),
        (Self::Arns, "ArrayOfARN"),
        (Self::Bools, "ArrayOfBool"),
    ];

    /// Returns the number in the file of a kind by AWS's word.
    #[must_use]
    pub fn number(word: &str) -> Option<u8> {
        Self::ALL.iter().zip(0..).find(|((_, known), _)| *known == word).map(|(_, number)| number)
    }

    pub(super) fn of(number: u8) -> Option<Self> {
        Self::ALL.get(number as usize).map(|(kind, _)| *kind)
    }

    /// Returns AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Tells whether a request may have several values for it.
    #[must_use]
    pub const fn has_several(self) -> bool {
        matches!(self, Self::Strings | Self::Arns | Self::Bools)
    }
}

impl<'facts> ConditionKey<'facts> {
    /// Returns the name as AWS documents it: `aws:ResourceTag/${TagKey}`.
    #[must_use]
    pub const fn name(self) -> &'facts str {
        self.name
    }

    /// Returns which values it has.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        self.kind
    }

    /// Tells whether a key as written in a policy is this one; case is ignored, and `${TagKey}` stands for any text.
    #[must_use]
    pub fn matches(self, written: &str) -> bool {
        if !self.name.contains('$') {
            return self.name.eq_ignore_ascii_case(written);
        }
        overlap(&pattern(&self.name.to_lowercase()), &signs(&written.to_lowercase()))
    }
}

impl fmt::Display for ConditionKey<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}
