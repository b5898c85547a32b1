//! Target expressions: which accounts (and regions) something goes to.
//!
//! ```text
//! ou:Workloads ou:Shared !account:SensitiveData        a blank is "or", `!` excludes, excludes win
//! (tag:env=dev tag:env=test) & name:team-*             `&` is "and" and binds tighter, parentheses group
//! account:'Data Lake' state:suspended region:eu-west-1 *
//! ```
//!
//! Reading never fails: [`Expression::parse`] returns what could be understood and says what could not. Whether the
//! names exist is asked with [`Expression::check`], which accounts are meant with [`Expression::explain`].

mod check;
mod explain;
mod glob;
mod parse;

pub use explain::{Reason, Verdict};

use std::fmt;

use stackfleet_base::{AccountId, Region, Span};

use crate::tree::State;

/// A target expression as it was written and as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    place: Span,
    root: Group,
    sound: bool,
}

/// Alternatives and what is excluded from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Group {
    /// Any of these is enough.
    any: Vec<All>,
    /// None of these may hold.
    none: Vec<Factor>,
}

/// Factors that must hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct All {
    factors: Vec<Factor>,
    range: Range,
}

/// A term or a group, possibly negated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Factor {
    negated: bool,
    kind: Kind,
    range: Range,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Term(Term),
    Group(Group),
}

/// Bytes of the expression's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: usize,
    end: usize,
}

/// The smallest part of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// `*`: every account but the management account.
    All,
    /// `ou:NAME`: the accounts of a unit and of all units below it; a name or the last names of a path.
    Unit(String),
    /// `account:NAME`.
    AccountName(String),
    /// `account:123456789012`.
    AccountId(AccountId),
    /// `tag:KEY=VALUE`, or `tag:KEY` for any value.
    Tag(String, Option<String>),
    /// `name:GLOB`: account names, with `*` and `?`.
    Name(String),
    /// `state:STATE`.
    State(State),
    /// `region:REGION`.
    Region(Region),
}

impl Expression {
    /// Returns the expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where it was written.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.place
    }

    /// Tells whether all of the text was understood. An expression that is not sound must not choose accounts.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.sound
    }

    /// Returns the term when the expression is nothing but one term.
    #[must_use]
    pub fn single_term(&self) -> Option<&Term> {
        let Group { any, none } = &self.root;
        match (any.as_slice(), none.is_empty()) {
            ([All { factors, .. }], true) => match factors.as_slice() {
                [Factor { negated: false, kind: Kind::Term(term), .. }] => Some(term),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns every term and where it stands, in the order of writing.
    #[must_use]
    pub fn terms(&self) -> Vec<(&Term, Span)> {
        let mut found = Vec::new();
        self.root.visit(&mut |term, range| found.push((term, range)));
        found.sort_by_key(|(_, range)| range.start);
        found.into_iter().map(|(term, range)| (term, self.span_of(range))).collect()
    }

    /// Returns whether regions play a part.
    #[must_use]
    pub fn names_regions(&self) -> bool {
        self.terms().iter().any(|(term, _)| matches!(term, Term::Region(_)))
    }

    fn span_of(&self, range: Range) -> Span {
        place_within(self.place, self.text.len(), range)
    }

    fn text_of(&self, range: Range) -> String {
        self.text.get(range.start..range.end).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Group {
    fn visit<'a>(&'a self, seen: &mut impl FnMut(&'a Term, Range)) {
        let factors = self.any.iter().flat_map(|all| &all.factors).chain(&self.none);
        for factor in factors {
            match &factor.kind {
                Kind::Term(term) => seen(term, factor.range),
                Kind::Group(group) => group.visit_dyn(seen),
            }
        }
    }

    fn visit_dyn<'a>(&'a self, seen: &mut dyn FnMut(&'a Term, Range)) {
        self.visit(&mut |term, range| seen(term, range));
    }
}

/// Returns where a part of a text stands in the file that holds the text at `place`.
///
/// The place of a YAML scalar may include its quotes. Where the written form has escapes or is folded, bytes cannot
/// be counted and the whole place is returned.
fn place_within(place: Span, length: usize, range: Range) -> Span {
    let offset = match (place.end - place.start).checked_sub(length) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return place,
    };
    Span { file: place.file, start: place.start + offset + range.start, end: place.start + offset + range.end }
}
