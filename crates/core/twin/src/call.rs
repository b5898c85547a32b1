//! Who asks, from where and on whose behalf: everything about a request but the request.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Region, Timestamp};

use crate::document::Document;

/// The authenticated caller of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The owner of an account, who is bound by no identity policy.
    Root {
        /// The account owned.
        account: AccountId,
    },
    /// The owner of a member account for one task, by credentials that `AssumeRoot` made.
    RootSession(Arc<RootSession>),
    /// An IAM user with a long-lived access key.
    User {
        /// The user's account.
        account: AccountId,
        /// The user's name, without path.
        name: Arc<str>,
        /// The user's ARN, with path.
        arn: Arc<str>,
    },
    /// A session of an IAM role.
    Session(Arc<Session>),
    /// An AWS service acting for itself, such as `cloudformation.amazonaws.com`; its calls inside the twin are not
    /// bound by identity policies, only by what the resource's policy says about the service.
    Service {
        /// The service principal.
        name: Arc<str>,
        /// The account that the service acts for.
        account: AccountId,
    },
}

/// What `AssumeRoot` made: the root user of a member account, held to one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootSession {
    /// The member account.
    pub account: AccountId,
    /// The ARN of the AWS-managed policy that says what the session is for.
    pub task: Arc<str>,
    /// When the session began.
    pub issued: Timestamp,
    /// When the session ends.
    pub expires: Timestamp,
    /// The identity that the caller's session was started with.
    pub source_identity: Option<String>,
}

/// What `AssumeRole` made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The role's account.
    pub account: AccountId,
    /// The role's name, without path.
    pub role: Arc<str>,
    /// The role's ARN, with path.
    pub role_arn: Arc<str>,
    /// The role's unique id, `AROA...`; a role deleted and made again has another, and its old sessions are void.
    pub role_id: Arc<str>,
    /// The name that the caller gave to the session.
    pub name: Arc<str>,
    /// When the session began.
    pub issued: Timestamp,
    /// When the session ends.
    pub expires: Timestamp,
    /// Session policies: the session may do what the role may and what one of these allows.
    pub(crate) policies: Vec<Document>,
    /// ARNs of managed policies that limit the session like `policies`.
    pub policy_arns: Vec<String>,
    /// Session tags by key.
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that go on to sessions that this one assumes.
    pub transitive: Vec<String>,
    /// The identity that the first session of a chain was started with.
    pub source_identity: Option<String>,
    /// Whether the session was assumed by another role's session, which limits it to an hour.
    pub chained: bool,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A client through the front door: held to request rates, seen in access key usage.
    Outside,
    /// A service of the twin, in the course of its own work.
    Inside,
}

/// Everything about a request besides what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The authenticated caller.
    pub principal: Principal,
    /// The region whose endpoint is called.
    pub region: Region,
    /// The id that answers and errors carry.
    pub request_id: Arc<str>,
    /// Whether a client or a service of the twin asks.
    pub origin: Origin,
    /// The client's address; absent for services.
    pub source_ip: Option<Arc<str>>,
    /// What the client says it is.
    pub user_agent: Option<Arc<str>>,
    /// The access key that signed the request; absent for services.
    pub access_key_id: Option<Arc<str>>,
    /// The services through which the principal asks, first first: `cloudformation.amazonaws.com` (`aws:CalledVia`).
    pub via: Vec<Arc<str>>,
    /// The resource for which a service asks (`aws:SourceArn`).
    pub source_arn: Option<Arc<str>>,
    /// The account for which a service asks (`aws:SourceAccount`).
    pub source_account: Option<AccountId>,
}

impl Principal {
    /// Returns the account that the principal belongs to.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Root { account } | Self::User { account, .. } | Self::Service { account, .. } => account,
            Self::RootSession(session) => &session.account,
            Self::Session(session) => &session.account,
        }
    }

    /// Tells whether this is the owner of its account, by whatever credentials.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. } | Self::RootSession(_))
    }
}

impl Call {
    /// Makes a call of the twin's own services, in `region`, with the id of the request that caused it.
    #[must_use]
    pub fn inside(principal: Principal, region: Region, request_id: Arc<str>) -> Self {
        Self {
            principal,
            region,
            request_id,
            origin: Origin::Inside,
            source_ip: None,
            user_agent: None,
            access_key_id: None,
            via: Vec::new(),
            source_arn: None,
            source_account: None,
        }
    }

    /// Makes a call of a client through the front door; address, agent and access key are to be filled in.
    #[must_use]
    pub fn outside(principal: Principal, region: Region, request_id: Arc<str>) -> Self {
        Self { origin: Origin::Outside, ..Self::inside(principal, region, request_id) }
    }

    /// Returns the caller's account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        self.principal.account()
    }

    /// Returns the same caller asking through `service` (forward access session), in another region if need be.
    #[must_use]
    pub fn forwarded(&self, service: &str, region: &Region) -> Self {
        let mut call = self.clone();
        call.origin = Origin::Inside;
        call.region = region.clone();
        call.via.push(service.into());
        call
    }

    /// Returns the call with the resource and account for which a service makes it.
    #[must_use]
    pub fn on_behalf_of(mut self, source_arn: &str, source_account: &AccountId) -> Self {
        self.source_arn = Some(source_arn.into());
        self.source_account = Some(source_account.clone());
        self
    }
}
