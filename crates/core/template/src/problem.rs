//! What CloudFormation would say against a template or its inputs.

use stackfleet_base::{Diagnostic, Span};

/// A refusal, in CloudFormation's words, with its place in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// A stable code such as `TPL004`.
    pub code: &'static str,
    /// What CloudFormation answers (as a `ValidationError`).
    pub message: String,
    /// JSON pointer into [`Template::value`](crate::Template::value); empty for the whole template.
    pub pointer: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: pointer.into() }
    }

    /// Returns the same as an error-level diagnostic.
    #[must_use]
    pub fn to_diagnostic(&self, span: Option<Span>) -> Diagnostic {
        let error = Diagnostic::error(self.code, self.message.trim_end_matches('.'));
        match span {
            Some(span) => error.at(span, ""),
            None => error,
        }
    }
}

/// The text is not well-formed or not a template at all.
pub(crate) const FORMAT: &str = "TPL001";
/// A section or a member of it has the wrong shape.
pub(crate) const STRUCTURE: &str = "TPL002";
/// A name refers to nothing.
pub(crate) const UNRESOLVED: &str = "TPL003";
/// A function has arguments that it does not take.
pub(crate) const FUNCTION: &str = "TPL004";
/// Resources depend on each other in a circle.
pub(crate) const CYCLE: &str = "TPL005";
/// A parameter's value is missing, surplus or against a constraint.
pub(crate) const PARAMETER: &str = "TPL006";
/// A value is looked up that is not there: a mapping, an export, a list item.
pub(crate) const VALUE: &str = "TPL007";
/// The template must be transformed before it can be evaluated.
pub(crate) const TRANSFORM: &str = "TPL008";
/// More than CloudFormation's quota.
pub(crate) const QUOTA: &str = "TPL009";
/// A rule's assertion does not hold.
pub(crate) const RULE: &str = "TPL010";
/// A bare scalar becomes something else than it looks.
pub(crate) const SURPRISE: &str = "TPL011";
/// A section or an attribute of a resource that does not exist.
pub(crate) const UNKNOWN_MEMBER: &str = "TPL012";
