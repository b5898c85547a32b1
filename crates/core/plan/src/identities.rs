//! Who is in one account: its IAM roles and users with everything that says what they may do.
//!
//! Read apart from [`Observed`](crate::Observed), when somebody asks about an account: no plan depends on it.

use std::collections::BTreeMap;

use stackfleet_base::{AccountId, Arn};

use crate::observed::Gap;

/// The role that Organizations makes in accounts it creates, unless told otherwise; it may do everything there.
pub const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// The roles and users of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// The account.
    pub account: AccountId,
    /// Whether all roles and users are among `found`.
    pub complete: bool,
    /// Roles and users as AWS lists them.
    pub found: Vec<Identity>,
    /// What could not be read, and why.
    pub gaps: Vec<Gap>,
}

/// A role or a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME` or `...:user/PATH/NAME`.
    pub arn: Arn,
    /// Policies of its own and those attached to it, a user's groups included.
    pub policies: Vec<Granted>,
    /// The policy that bounds all others.
    pub boundary: Option<Granted>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Groups of a user whose policies could not be read.
    pub unknown_groups: Vec<String>,
}

/// A policy of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Its name; the ARN of a managed one.
    pub name: String,
    /// The JSON text; `None` where it could not be read.
    pub document: Option<String>,
}

/// Kind of an [`Identity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityKind {
    /// A role; whoever assumes it acts.
    Role,
    /// A user.
    User,
}

impl Identity {
    /// Returns what it is.
    #[must_use]
    pub fn kind(&self) -> IdentityKind {
        if self.arn.resource().starts_with("user/") { IdentityKind::User } else { IdentityKind::Role }
    }

    /// Returns its name without the path.
    #[must_use]
    pub fn name(&self) -> &str {
        let resource = self.arn.resource();
        resource.rsplit('/').next().unwrap_or(resource)
    }
}
