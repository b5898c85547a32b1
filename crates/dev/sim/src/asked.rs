//! What is asked, and the documents that bear on it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Somebody wants to do something to a resource.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub caller: Caller,
    /// `service:Action`.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// The account that owns the resource; the caller's when absent.
    pub owner: Option<String>,
    /// The context: names in lower case. A key that is not here is absent from the request.
    pub keys: BTreeMap<String, Known>,
}

/// What is known of a context key that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Its values; at least one.
    Values(Vec<String>),
    /// It may be absent or have any values.
    Unknown,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The root user of an account.
    Root {
        /// Twelve digits.
        account: String,
    },
    /// An IAM user.
    User {
        /// The user's ARN.
        arn: String,
    },
    /// A session of a role.
    Session {
        /// The role's ARN; without its path when only the session is known.
        role: String,
        /// The session's ARN.
        session: String,
        /// Whether `role` has the path.
        path_known: bool,
    },
    /// A session that a user got by `GetFederationToken`.
    FederatedUser {
        /// The session's ARN.
        arn: String,
    },
    /// Somebody whom an identity provider vouches for.
    Federated {
        /// The provider.
        provider: String,
    },
    /// An AWS service that acts for itself.
    Service {
        /// Its principal.
        name: String,
    },
    /// Nobody in particular.
    Anonymous,
}

impl Caller {
    /// Returns the account that the caller belongs to, if any.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account } => Some(account),
            Self::User { arn } | Self::FederatedUser { arn } => arn.split(':').nth(4),
            Self::Session { session, .. } => session.split(':').nth(4),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// Tells whether it is a session of a role that an AWS service made for itself.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Session { role, .. } if role.contains(":role/aws-service-role/"))
    }
}

/// All policies that bear on a request, as documents.
#[derive(Debug, Clone, Copy, Default)]
pub struct Documents<'d> {
    /// Of the user or role.
    pub identity: &'d [Value],
    /// The permissions boundary of the user or role, if there is one.
    pub boundary: Option<&'d [Value]>,
    /// The session policies, if the session was made with any.
    pub session: Option<&'d [Value]>,
    /// The resource's own policy, if it has one.
    pub resource: Option<ResourceDocument<'d>>,
    /// Service control policies of each node from the root of the organization to the caller's account.
    pub scps: &'d [&'d [Value]],
    /// Resource control policies of each node from the root of the organization to the resource's account.
    pub rcps: &'d [&'d [Value]],
    /// The management account.
    pub management: Option<&'d str>,
}

/// A resource's own policy.
#[derive(Debug, Clone, Copy)]
pub struct ResourceDocument<'d> {
    /// The policy.
    pub document: &'d Value,
    /// Whether it is the trust policy of a role.
    pub is_trust: bool,
}
