//! The codes of this crate's diagnostics; `docs/diagnostics.md` explains each.

/// A file that is named cannot be read.
pub(crate) const FILE: &str = "PRJ001";
/// A key that does not exist.
pub(crate) const UNKNOWN_KEY: &str = "PRJ002";
/// A value of the wrong kind.
pub(crate) const WRONG_KIND: &str = "PRJ003";
/// A key that must be there and is not.
pub(crate) const MISSING_KEY: &str = "PRJ004";
/// Something that this release does nothing with.
pub(crate) const NOT_SUPPORTED: &str = "PRJ005";
/// Two things with the same name or address.
pub(crate) const DUPLICATE: &str = "PRJ006";
/// A value of the right kind that cannot be meant.
pub(crate) const BAD_VALUE: &str = "PRJ007";
/// A region that does not exist or is not among the organization's.
pub(crate) const REGION: &str = "PRJ008";
/// A `${...}` that cannot be read or refers to nothing.
pub(crate) const REFERENCE: &str = "PRJ009";
/// Stacks that refer to each other in a circle.
pub(crate) const STACK_CYCLE: &str = "PRJ010";
/// A parameter that the template does not declare.
pub(crate) const UNKNOWN_PARAMETER: &str = "PRJ011";
/// A parameter without default that gets no value.
pub(crate) const MISSING_PARAMETER: &str = "PRJ012";
/// A parameter's value that the template does not allow.
pub(crate) const PARAMETER_VALUE: &str = "PRJ013";
/// A role that the administration role may not assume.
pub(crate) const ROLE_TRUST: &str = "PRJ015";
/// A combination of `via`, `role` and `auto-deploy` that AWS does not know.
pub(crate) const DEPLOYMENT: &str = "PRJ016";
/// An account without environment where one is needed.
pub(crate) const NO_ENVIRONMENT: &str = "PRJ018";
/// An account without a tag that it must carry.
pub(crate) const MISSING_TAG: &str = "PRJ019";
/// Targets that select no account.
pub(crate) const NO_TARGET: &str = "PRJ020";
/// Auto-deployment that will reach more accounts than the targets name.
pub(crate) const AUTO_DEPLOY_REACH: &str = "PRJ021";
