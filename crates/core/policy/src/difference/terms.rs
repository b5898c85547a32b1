//! What statements tell requests apart by: patterns of resources, principals that are named, conditions.

use std::fmt;

use stackfleet_base::AccountId;

use super::cover::Weight;
use crate::{
    arn::{Arn, ArnPattern},
    condition::Condition,
    context::Truth,
    policy::{Resources, Statement},
    principal::Named,
    request::Request,
};

/// Something that is so or not of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Atom<'v> {
    Resource(&'v ArnPattern),
    Principal(&'v Named),
    Condition(&'v Condition),
}

/// Something that has to be so, or must not be so, for a change to matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The resource matches a pattern, or does not.
    Resource {
        /// As a policy writes it.
        pattern: String,
        /// Whether it matches.
        holds: bool,
    },
    /// The principal is the one named, or belongs to it, or not.
    Principal {
        /// As a policy writes it.
        named: String,
        /// Whether it is.
        holds: bool,
    },
    /// A condition holds, or does not.
    Condition {
        /// Such as `StringEquals`.
        operator: String,
        /// The context key.
        key: String,
        /// The values.
        values: Vec<String>,
        /// Whether it holds.
        holds: bool,
        /// The same in words: `aws:RequestedRegion is not eu-west-1`.
        words: String,
    },
}

impl<'v> Atom<'v> {
    /// Returns what a statement tells requests apart by, besides actions.
    pub(super) fn of(statement: &'v Statement) -> impl Iterator<Item = Self> {
        let patterns = match &statement.resources {
            Resources::Everything => &[],
            Resources::Only(patterns) | Resources::Except(patterns) => &patterns[..],
        };
        let named = statement.principal.iter().flat_map(|element| &element.named);
        patterns
            .iter()
            .filter(|pattern| **pattern != ArnPattern::Anything)
            .map(Self::Resource)
            .chain(named.filter(|named| **named != Named::Everyone).map(Self::Principal))
            .chain(statement.conditions.iter().map(Self::Condition))
    }

    /// Returns the keys of policy variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'v str> {
        let keys: Vec<&'v str> = match self {
            Self::Resource(pattern) => pattern.keys().collect(),
            // The first one is the key that it asks for.
            Self::Condition(condition) => condition.keys().into_iter().skip(1).collect(),
            Self::Principal(_) => Vec::new(),
        };
        keys.into_iter()
    }

    pub(super) fn holds(&self, request: &Request<'_>) -> bool {
        match self {
            Self::Resource(pattern) => {
                pattern.matches(Arn::read(request.resource).as_ref(), request.context) == Truth::Yes
            }
            Self::Principal(named) => named.names(request.principal).is_some(),
            Self::Condition(condition) => condition.holds(request.context) == Truth::Yes,
        }
    }

    /// Says how gladly it is said: what matches before what does not, places and people before conditions.
    pub(super) const fn weight(&self) -> Weight {
        match self {
            Self::Resource(_) | Self::Principal(_) => Weight { holds: 0, fails: 3 },
            Self::Condition(_) => Weight { holds: 1, fails: 2 },
        }
    }

    /// Says it; the number of the account that owns the resources is written `{account}`, for others have theirs.
    pub(super) fn term(&self, holds: bool, owner: Option<&AccountId>) -> Term {
        let any = |text: String| match owner {
            Some(owner) => text.replace(owner.as_str(), "{account}"),
            None => text,
        };
        match self {
            Self::Resource(pattern) => Term::Resource { pattern: any(pattern.to_string()), holds },
            Self::Principal(named) => Term::Principal { named: any(named.to_string()), holds },
            Self::Condition(condition) => Term::Condition {
                operator: condition.operator(),
                key: condition.key().written.to_string(),
                values: condition.texts().into_iter().map(any).collect(),
                holds,
                words: any(condition.words(holds)),
            },
        }
    }
}

impl Term {
    /// Returns where it stands among others: resources, principals, conditions, each with what has to be so first.
    pub(super) const fn rank(&self) -> (u8, bool) {
        match self {
            Self::Resource { holds, .. } => (0, !*holds),
            Self::Principal { holds, .. } => (1, !*holds),
            // Its words tell.
            Self::Condition { .. } => (2, false),
        }
    }
}

/// The term in words: `on arn:aws:s3:::logs/*`, `by 111122223333`, `when aws:SecureTransport is false`.
impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource { pattern, holds } => write!(out, "{} {pattern}", if *holds { "on" } else { "not on" }),
            Self::Principal { named, holds } => write!(out, "{} {named}", if *holds { "by" } else { "not by" }),
            Self::Condition { words, .. } => write!(out, "when {words}"),
        }
    }
}
