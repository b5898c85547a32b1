//! Reading and validating in one pass: keeps the path, collects what the model forbids.

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};

use crate::constraint::Constraint;
use crate::describe::{describe, member_name};
use crate::shape::Shape;

/// What kind of demand a request does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says of a member's value")]
pub enum Demand {
    Presence,
    LengthMin,
    LengthMax,
    ValueMin,
    ValueMax,
    Pattern,
    Enumeration,
}

/// One demand of the model that a request does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as messages write it: `tags.1.member.key`.
    pub path: String,
    /// The value as messages show it; `None` where the model calls it sensitive.
    pub value: Option<String>,
    /// What was demanded.
    pub kind: Demand,
    /// The same in AWS's words: `Member must not be null`.
    pub demand: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Violation { path, value, kind: _, demand } = self;
        match value.as_deref() {
            Some("null") => write!(out, "Value null at '{path}' failed to satisfy constraint: {demand}"),
            Some(value) => write!(out, "Value '{value}' at '{path}' failed to satisfy constraint: {demand}"),
            None => write!(out, "Value at '{path}' failed to satisfy constraint: {demand}"),
        }
    }
}

/// Collects violations while a request is read. One reader serves one request.
#[derive(Debug, Default)]
pub struct Reader {
    path: Vec<String>,
    violations: Vec<Violation>,
    /// While the elements of a list or map of simple values are read, their violations are gathered by the container.
    inside_simple: bool,
    broken_elements: Option<Demand>,
    /// The texts of the enumeration values among those elements: the values themselves cannot hold what is unknown.
    texts: Vec<String>,
}

impl Reader {
    /// Returns a reader that has seen nothing.
    pub fn new() -> Reader {
        Reader::default()
    }

    /// Returns what was violated, in the order in which it was read.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Returns AWS's message about all violations, or `None` when there are none.
    pub fn message(&self) -> Option<String> {
        let count = self.violations.len();
        let all: Vec<String> = self.violations.iter().map(ToString::to_string).collect();
        match count {
            0 => None,
            1 => Some(format!("1 validation error detected: {}", all.join("; "))),
            _ => Some(format!("{count} validation errors detected: {}", all.join("; "))),
        }
    }

    /// Reads the required member `name` into `slot`.
    ///
    /// # Errors
    /// Fails when the input cannot be read as the member's type.
    pub fn required<T: Shape>(
        &mut self,
        slot: &mut T,
        name: &str,
        constraint: &'static Constraint,
        schema: &Schema<'_>,
        deserializer: &mut dyn ShapeDeserializer,
    ) -> Result<(), SerdeError> {
        *slot = self.at(member_name(name), |reader| T::read(deserializer, schema, constraint, reader))?;
        Ok(())
    }

    /// Reads the optional member `name` into `slot`.
    ///
    /// # Errors
    /// Fails when the input cannot be read as the member's type.
    pub fn optional<T: Shape>(
        &mut self,
        slot: &mut Option<T>,
        name: &str,
        constraint: &'static Constraint,
        schema: &Schema<'_>,
        deserializer: &mut dyn ShapeDeserializer,
    ) -> Result<(), SerdeError> {
        *slot = Some(self.at(member_name(name), |reader| T::read(deserializer, schema, constraint, reader))?);
        Ok(())
    }

    /// Reports that the required member `name` was not sent.
    pub(crate) fn missing(&mut self, name: &str) {
        let path = self.path_with(&member_name(name));
        let (value, demand) = (Some("null".into()), "Member must not be null".into());
        self.violations.push(Violation { path, value, kind: Demand::Presence, demand });
    }

    /// Runs `read` one step further down the path.
    pub(crate) fn at<T>(&mut self, step: String, read: impl FnOnce(&mut Reader) -> T) -> T {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    /// Reads the elements of a container of simple values; returns why the first of them was refused, if any was.
    pub(crate) fn inside_simple<T>(&mut self, read: impl FnOnce(&mut Reader) -> T) -> (T, Option<Demand>) {
        let outer = (std::mem::replace(&mut self.inside_simple, true), std::mem::take(&mut self.broken_elements));
        self.texts.clear();
        let result = read(self);
        let broken = self.broken_elements;
        (self.inside_simple, self.broken_elements) = outer;
        (result, broken)
    }

    /// Remembers the text of an enumeration's value inside of a container.
    pub(crate) fn note(&mut self, text: &str) {
        if self.inside_simple {
            self.texts.push(text.to_owned());
        }
    }

    /// Reports that the list of enumeration values that was just read does not meet `demand`.
    pub(crate) fn refuse_noted(&mut self, kind: Demand, demand: String) {
        let value = Some(format!("[{}]", self.texts.join(", ")));
        self.violations.push(Violation { path: self.path.join("."), value, kind, demand });
    }

    /// Checks the length of `value` and, for strings, its pattern.
    pub(crate) fn check_length<T: Shape>(&mut self, value: &T, length: usize, constraint: &Constraint) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        for (kind, demand) in length_demands(constraint, |min| length < min, |max| length > max) {
            self.refuse(value, constraint, kind, demand);
        }
    }

    /// Checks the range of a number.
    pub(crate) fn check_range<T: Shape>(&mut self, value: &T, number: f64, constraint: &Constraint) {
        #[expect(clippy::cast_precision_loss, reason = "bounds in models are far below 2^53")]
        let demands = range_demands(constraint, |min| number < min as f64, |max| number > max as f64);
        for (kind, demand) in demands {
            self.refuse(value, constraint, kind, demand);
        }
    }

    /// Checks the pattern of a string.
    pub(crate) fn check_pattern(&mut self, value: &String, constraint: &Constraint) {
        if let Some(pattern) = constraint.pattern
            && !pattern.matches(value)
        {
            self.refuse(value, constraint, Demand::Pattern, pattern_demand(pattern.text()));
        }
    }

    /// Reports that `value` is none of `values`.
    pub(crate) fn not_among(&mut self, value: &String, values: &[&str]) {
        self.refuse(value, &crate::constraint::NONE, Demand::Enumeration, enumeration_demand(values));
    }

    /// Reports that `value` does not meet `demand`.
    pub(crate) fn refuse<T: Shape>(&mut self, value: &T, constraint: &Constraint, kind: Demand, demand: String) {
        if self.inside_simple {
            self.broken_elements.get_or_insert(kind);
            return;
        }
        let value = (!constraint.sensitive).then(|| describe(value));
        self.violations.push(Violation { path: self.path.join("."), value, kind, demand });
    }

    fn path_with(&self, last: &str) -> String {
        self.path.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(".")
    }
}

/// Returns the demands on the length of a value that `below` or `above` says are broken.
fn length_demands(
    constraint: &Constraint,
    below: impl Fn(i64) -> bool,
    above: impl Fn(i64) -> bool,
) -> Vec<(Demand, String)> {
    let most = constraint.max.filter(|max| above(*max));
    let least = constraint.min.filter(|min| below(*min));
    most.map(|max| (Demand::LengthMax, format!("Member must have length less than or equal to {max}")))
        .into_iter()
        .chain(least.map(|min| (Demand::LengthMin, format!("Member must have length greater than or equal to {min}"))))
        .collect()
}

/// Returns the demands on a number that `below` or `above` says are broken.
fn range_demands(
    constraint: &Constraint,
    below: impl Fn(i64) -> bool,
    above: impl Fn(i64) -> bool,
) -> Vec<(Demand, String)> {
    let most = constraint.max.filter(|max| above(*max));
    let least = constraint.min.filter(|min| below(*min));
    most.map(|max| (Demand::ValueMax, format!("Member must have value less than or equal to {max}")))
        .into_iter()
        .chain(least.map(|min| (Demand::ValueMin, format!("Member must have value greater than or equal to {min}"))))
        .collect()
}

fn pattern_demand(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn enumeration_demand(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

/// Returns everything that is demanded of a string element, as messages about its container list it.
pub(crate) fn element_demands(constraint: &Constraint, values: Option<&[&str]>) -> String {
    let lengths = length_demands(constraint, |_| true, |_| true);
    let mut all: Vec<String> = lengths.into_iter().map(|(_, demand)| demand).collect();
    all.extend(constraint.pattern.map(|pattern| pattern_demand(pattern.text())));
    all.extend(values.map(enumeration_demand));
    all.push("Member must not be null".into());
    format!("[{}]", all.join(", "))
}
