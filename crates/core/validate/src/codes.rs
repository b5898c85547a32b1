//! The codes of this crate's diagnostics; `docs/diagnostics.md` explains each. Those of the catalog's checks and of
//! policies are theirs.

/// A parameter in the outputs that looks like a secret; what certainly is one, `stackfleet-template` tells.
pub(crate) const SECRET_OUTPUT: &str = "PRJ014";
/// A template that the SAM transform refuses.
pub(crate) const TRANSFORM: &str = "PRJ022";
