//! The codes of this crate's diagnostics; `docs/diagnostics.md` explains each.

/// The text is not JSON.
pub(crate) const NOT_JSON: &str = "POL001";
/// A value of the wrong kind.
pub(crate) const WRONG_KIND: &str = "POL002";
/// An element that policies or statements do not have.
pub(crate) const UNKNOWN_ELEMENT: &str = "POL003";
/// An element that is there twice.
pub(crate) const REPEATED_ELEMENT: &str = "POL004";
/// A version that is none, or none where one must be.
pub(crate) const VERSION: &str = "POL005";
/// An element that must be there and is not.
pub(crate) const MISSING_ELEMENT: &str = "POL006";
/// `Action` and `NotAction`, or another such pair.
pub(crate) const BOTH_OF_PAIR: &str = "POL007";
/// An element that this kind of policy does not have.
pub(crate) const FORBIDDEN_ELEMENT: &str = "POL008";
/// An effect that is none, or not possible here.
pub(crate) const EFFECT: &str = "POL009";
/// An action that is none.
pub(crate) const ACTION: &str = "POL010";
/// A resource that is neither an ARN nor `*`.
pub(crate) const RESOURCE: &str = "POL011";
/// A principal that is none.
pub(crate) const PRINCIPAL: &str = "POL012";
/// A condition operator that does not exist.
pub(crate) const OPERATOR: &str = "POL013";
/// A value that its operator cannot compare.
pub(crate) const CONDITION_VALUE: &str = "POL014";
/// A condition key that is none.
pub(crate) const CONDITION_KEY: &str = "POL015";
/// A statement id with wrong signs, or twice.
pub(crate) const SID: &str = "POL016";
/// A document that is too large.
pub(crate) const SIZE: &str = "POL017";
/// A statement that can never match.
pub(crate) const NEVER_MATCHES: &str = "POL018";
/// A policy variable that is not replaced.
pub(crate) const VARIABLE: &str = "POL019";
/// A statement that adds nothing.
pub(crate) const REDUNDANT: &str = "POL020";
