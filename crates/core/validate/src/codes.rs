//! The codes of this crate's diagnostics; `docs/diagnostics.md` explains each. Those of the language, of the catalog's
//! checks and of policies are those crates'; some are used here for the same matter.

/// Capabilities that whoever deploys the template must acknowledge.
pub(crate) const CAPABILITIES: &str = "VAL001";
/// SAM's resources or `Globals` in a template without the transform.
pub(crate) const NO_TRANSFORM: &str = "VAL002";
/// A parameter that looks like a secret and is not `NoEcho`.
pub(crate) const PLAIN_SECRET: &str = "VAL003";
/// A secret that stands in the template.
pub(crate) const LITERAL_SECRET: &str = "VAL004";
/// A name that can be there only once, in a template that goes to several places.
pub(crate) const GLOBAL_NAME: &str = "VAL005";
/// A resource with data that is deleted or replaced with it.
pub(crate) const DATA_LOSS: &str = "VAL006";
/// An attribute of a resource that resources of its type do not heed.
pub(crate) const USELESS_POLICY: &str = "VAL007";
/// A `${...}` that is not replaced, or a variable that is not used.
pub(crate) const VARIABLE: &str = "VAL008";
/// A parameter in the outputs that looks like a secret; what certainly is one, `stackfleet-template` tells.
pub(crate) const SECRET_OUTPUT: &str = "PRJ014";
/// A template that the SAM transform refuses.
pub(crate) const TRANSFORM: &str = "PRJ022";

/// A parameter's value is missing, surplus or against a constraint.
pub(crate) const PARAMETER: &str = "TPL006";
/// A value is looked up that is not there.
pub(crate) const LOOKUP: &str = "TPL007";
/// A name refers to nothing.
pub(crate) const UNRESOLVED: &str = "TPL003";
/// A parameter, mapping or condition is used nowhere.
pub(crate) const UNUSED: &str = "TPL021";
