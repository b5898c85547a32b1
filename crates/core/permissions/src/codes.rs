//! The codes of this crate's diagnostics; `docs/diagnostics.md` explains each.

/// An action that is not known.
pub(crate) const ACTION: &str = "ACT001";
/// A wildcard that no known action matches.
pub(crate) const WILDCARD: &str = "ACT002";
/// A resource that no action of its statement takes.
pub(crate) const RESOURCE: &str = "ACT003";
/// An action that takes none of the resources of its statement.
pub(crate) const IDLE_ACTION: &str = "ACT004";
/// A condition key that no action of its statement has.
pub(crate) const KEY: &str = "ACT005";
