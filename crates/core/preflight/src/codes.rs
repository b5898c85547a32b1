//! The codes of findings, one line each; `docs/diagnostics.md` explains them.

pub(crate) const NOT_ENTERED: &str = "PRE001";
pub(crate) const ROLE_NOT_MADE: &str = "PRE002";
pub(crate) const ROLE_UNKNOWN: &str = "PRE003";
pub(crate) const STACK_REFUSED: &str = "PRE004";
pub(crate) const RESOURCE_REFUSED: &str = "PRE005";
pub(crate) const DEPENDS: &str = "PRE006";
pub(crate) const TEMPLATE_REFUSED: &str = "PRE007";
pub(crate) const NOT_KNOWN: &str = "PRE008";
pub(crate) const NAME_TAKEN: &str = "PRE009";
pub(crate) const FIRST_FAILURE: &str = "PRE010";
pub(crate) const MOVE_DELETES: &str = "PRE011";
pub(crate) const NEWCOMERS_RACE: &str = "PRE012";
pub(crate) const STUCK: &str = "PRE013";
pub(crate) const QUOTA: &str = "PRE014";
pub(crate) const TOO_MANY_POLICIES: &str = "PRE015";
pub(crate) const NAME_EXISTS: &str = "PRE016";
pub(crate) const NEWCOMER_DIFFERS: &str = "PRE017";
