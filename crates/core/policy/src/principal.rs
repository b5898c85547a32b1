//! Who asks, and whom a policy's `Principal` element names.

use std::{fmt, sync::Arc};

use stackfleet_base::AccountId;

use crate::{arn::arn_parts, context::Context};

/// Whoever makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user of an account.
    Root {
        /// `arn:aws:iam::ACCOUNT:root`.
        arn: Arc<str>,
        /// The account.
        account: AccountId,
    },
    /// An IAM user.
    User {
        /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
        arn: Arc<str>,
        /// The user's account.
        account: AccountId,
    },
    /// A session of an assumed role.
    RoleSession(RoleSession),
    /// A session that an IAM user got from `GetFederationToken`.
    FederatedSession {
        /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
        arn: Arc<str>,
        /// The user's account.
        account: AccountId,
    },
    /// Somebody known to an identity provider but not (yet) to AWS: who calls `AssumeRoleWithWebIdentity` or
    /// `AssumeRoleWithSAML`.
    Federated {
        /// The provider's ARN or domain.
        provider: Arc<str>,
    },
    /// An AWS service that acts for itself.
    Service {
        /// Such as `lambda.amazonaws.com`.
        name: Arc<str>,
    },
    /// A request without a signature.
    Anonymous,
}

/// A session of an assumed role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSession {
    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`; without the path where only the session was given.
    role_arn: Arc<str>,
    /// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    session_arn: Arc<str>,
    account: AccountId,
    /// Whether `role_arn` has the role's path.
    path_known: bool,
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a principal (the ARN of a user, role, session or account root, a service name, or `*`)")]
pub struct PrincipalError(String);

impl RoleSession {
    /// Returns the role's ARN; see [`Principal::role_session`] for its path.
    #[must_use]
    pub fn role_arn(&self) -> &str {
        &self.role_arn
    }

    /// Returns the session's ARN.
    #[must_use]
    pub fn session_arn(&self) -> &str {
        &self.session_arn
    }

    /// Returns the role's account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Tells whether an AWS service made the role for itself: neither SCPs nor RCPs bind it.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.role_arn.contains(":role/aws-service-role/")
    }
}

impl Principal {
    /// Makes a session of a role.
    ///
    /// # Errors
    /// When the text is not the ARN of a role.
    pub fn role_session(role_arn: &str, session_name: &str) -> Result<Self, PrincipalError> {
        let fail = || PrincipalError(role_arn.to_owned());
        let [_, partition, _, _, account, resource] = arn_parts(role_arn).ok_or_else(fail)?;
        let path = resource.strip_prefix("role/").ok_or_else(fail)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Ok(Self::RoleSession(RoleSession {
            role_arn: role_arn.into(),
            session_arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}").into(),
            account: account.parse().map_err(|_| fail())?,
            path_known: true,
        }))
    }

    /// Reads a principal as policies and AWS's answers write it. The ARN of a role means a session of it; the role
    /// of a session ARN lies at an unknown path, so any path matches.
    ///
    /// # Errors
    /// When the text names none.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        let fail = || PrincipalError(text.to_owned());
        if text == "*" {
            return Ok(Self::Anonymous);
        }
        let Some([_, partition, service, _, account, resource]) = arn_parts(text) else {
            let domain = text.contains('.') && !text.contains([':', '/', ' ']);
            return if domain { Ok(Self::Service { name: text.into() }) } else { Err(fail()) };
        };
        let kind = resource.split('/').next().unwrap_or_default();
        let account: AccountId = account.parse().map_err(|_| fail())?;
        Ok(match (service, kind) {
            ("iam", "root") => Self::Root { arn: text.into(), account },
            ("iam", "user") => Self::User { arn: text.into(), account },
            ("iam", "role") => Self::role_session(text, "session")?,
            ("iam", "saml-provider" | "oidc-provider") => Self::Federated { provider: text.into() },
            ("sts", "federated-user") => Self::FederatedSession { arn: text.into(), account },
            ("sts", "assumed-role") => {
                let name = resource.split('/').nth(1).ok_or_else(fail)?;
                Self::RoleSession(RoleSession {
                    role_arn: format!("arn:{partition}:iam::{account}:role/{name}").into(),
                    session_arn: text.into(),
                    account,
                    path_known: false,
                })
            }
            _ => return Err(fail()),
        })
    }

    /// Returns the account that the principal belongs to; services, outsiders and anonymous callers have none.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Root { account, .. } | Self::User { account, .. } | Self::FederatedSession { account, .. } => {
                Some(account)
            }
            Self::RoleSession(session) => Some(&session.account),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// Tells whether this is a session of a service-linked role.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::RoleSession(session) if session.is_service_linked())
    }

    /// Sets the keys of the request context that follow from the principal alone: `aws:PrincipalArn`,
    /// `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:PrincipalIsAWSService`, `aws:username` and the like.
    pub fn describe(&self, context: &mut Context) {
        let is_service = matches!(self, Self::Service { .. });
        context.set("aws:PrincipalIsAWSService", if is_service { "true" } else { "false" });
        if let Some(account) = self.account() {
            context.set("aws:PrincipalAccount", account.as_str());
        }
        match self {
            Self::Root { arn, .. } => {
                context.set("aws:PrincipalArn", &**arn).set("aws:PrincipalType", "Account");
            }
            Self::User { arn, .. } => {
                context.set("aws:PrincipalArn", &**arn).set("aws:PrincipalType", "User");
                context.set("aws:username", arn.rsplit('/').next().unwrap_or_default());
            }
            Self::RoleSession(session) => {
                context.set("aws:PrincipalArn", session.role_arn()).set("aws:PrincipalType", "AssumedRole");
            }
            Self::FederatedSession { arn, .. } => {
                context.set("aws:PrincipalArn", &**arn).set("aws:PrincipalType", "FederatedUser");
            }
            Self::Federated { .. } => {}
            Self::Service { name } => {
                context.set("aws:PrincipalServiceName", &**name);
            }
            Self::Anonymous => {
                context.set("aws:PrincipalType", "Anonymous");
            }
        }
    }
}

/// The principal as AWS's messages name it.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root { arn, .. } | Self::User { arn, .. } | Self::FederatedSession { arn, .. } => arn,
            Self::RoleSession(session) => &session.session_arn,
            Self::Federated { provider } => provider,
            Self::Service { name } => name,
            Self::Anonymous => "anonymous",
        })
    }
}

/// One entry of a `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `*`, which means anonymous callers too.
    Everyone,
    /// Twelve digits or the ARN of the account's root.
    Account(AccountId),
    /// `arn:...:user/...`.
    User(Box<str>),
    /// `arn:...:role/...`.
    Role(Box<str>),
    /// `arn:...:assumed-role/...` or `arn:...:federated-user/...`.
    Session(Box<str>),
    /// A domain under `Service`.
    Service(Box<str>),
    /// A provider under `Federated`.
    Federated(Box<str>),
    /// What matches no principal that this engine knows: S3's canonical users, and the unique ids that stand for
    /// deleted users and roles.
    Nobody,
}

/// The entry as a policy writes it.
impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Everyone => "*",
            Self::Account(account) => account.as_str(),
            Self::User(text) | Self::Role(text) | Self::Session(text) | Self::Service(text) | Self::Federated(text) => {
                text
            }
            Self::Nobody => "nobody that is known",
        })
    }
}

/// How closely an entry names a principal. The order is that of strength: see [`crate::decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Closeness {
    /// Only the principal's account is named.
    Account,
    /// The role of the session is named.
    Role,
    /// The user, session, service, or everyone is named.
    Direct,
}

impl Named {
    /// Reads an entry under `AWS`.
    pub(crate) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if let Ok(account) = text.parse() {
            return Some(Self::Account(account));
        }
        // Users and roles that were deleted leave their unique ids in policies.
        if matches!(text.get(..4), Some("AIDA" | "AROA")) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Some(Self::Nobody);
        }
        let [arn, _, service, _, account, resource] = arn_parts(text)?;
        if arn != "arn" || text.contains(['*', '?']) {
            return None;
        }
        match (service, resource.split('/').next()?) {
            ("iam", "root") if resource == "root" => Some(Self::Account(account.parse().ok()?)),
            ("iam", "user") => Some(Self::User(text.into())),
            ("iam", "role") => Some(Self::Role(text.into())),
            ("sts", "assumed-role" | "federated-user") => Some(Self::Session(text.into())),
            _ => None,
        }
    }

    /// Tells whether and how closely the entry names the principal.
    pub(crate) fn names(&self, principal: &Principal) -> Option<Closeness> {
        let direct = |same: bool| same.then_some(Closeness::Direct);
        match (self, principal) {
            (Self::Everyone, _) => Some(Closeness::Direct),
            (Self::Account(named), Principal::Root { account, .. }) => direct(named == account),
            (Self::Account(named), principal) => (principal.account() == Some(named)).then_some(Closeness::Account),
            (Self::User(named), Principal::User { arn, .. }) => direct(**named == **arn),
            (Self::Role(named), Principal::RoleSession(session)) => session.is_of(named).then_some(Closeness::Role),
            (Self::Session(named), Principal::RoleSession(session)) => direct(**named == *session.session_arn),
            (Self::Session(named), Principal::FederatedSession { arn, .. }) => direct(**named == **arn),
            (Self::Service(named), Principal::Service { name }) => direct(**named == **name || &**named == "*"),
            (Self::Federated(named), Principal::Federated { provider }) => direct(**named == **provider),
            (
                Self::User(_) | Self::Role(_) | Self::Session(_) | Self::Service(_) | Self::Federated(_) | Self::Nobody,
                _,
            ) => None,
        }
    }
}

impl RoleSession {
    fn is_of(&self, role_arn: &str) -> bool {
        if *self.role_arn == *role_arn {
            return true;
        }
        // A role's name is unique in its account whatever its path.
        let identity = |arn| arn_parts(arn).map(|parts: [&str; 6]| (parts[1], parts[4], parts[5].rsplit('/').next()));
        !self.path_known && identity(&self.role_arn) == identity(role_arn)
    }
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrincipalElement {
    /// Whether it is `NotPrincipal`.
    pub(crate) negated: bool,
    pub(crate) named: Box<[Named]>,
}

impl PrincipalElement {
    /// Tells whether and how closely the element covers the principal.
    ///
    /// `NotPrincipal` leaves out whoever it names; a role session is left out when its account, or both its role
    /// and the session are named. With `no_exceptions` nobody is left out: so it is for principals with a
    /// permissions boundary when the statement denies (IAM User Guide, `NotPrincipal`).
    pub(crate) fn covers(&self, principal: &Principal, no_exceptions: bool) -> Option<Closeness> {
        let closeness = |named: &Named| named.names(principal);
        if !self.negated {
            return self.named.iter().filter_map(closeness).max();
        }
        let is_named = |wanted: Closeness| self.named.iter().any(|named| closeness(named) == Some(wanted));
        let left_out = match principal {
            Principal::RoleSession(_) => {
                is_named(Closeness::Account) || is_named(Closeness::Role) && is_named(Closeness::Direct)
            }
            Principal::Root { .. }
            | Principal::User { .. }
            | Principal::FederatedSession { .. }
            | Principal::Federated { .. }
            | Principal::Service { .. }
            | Principal::Anonymous => self.named.iter().any(|named| closeness(named).is_some()),
        };
        (!left_out || no_exceptions).then_some(Closeness::Direct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(entry: &str, principal: &str) -> Option<Closeness> {
        Named::aws(entry).unwrap().names(&Principal::parse(principal).unwrap())
    }

    #[test]
    fn principals_are_read_and_printed() {
        for text in [
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:user/a/b",
            "arn:aws:sts::111111111111:assumed-role/r/s",
            "arn:aws:sts::111111111111:federated-user/f",
            "lambda.amazonaws.com",
        ] {
            assert_eq!(Principal::parse(text).unwrap().to_string(), text);
        }
        let role = Principal::parse("arn:aws:iam::111111111111:role/p/r").unwrap();
        assert_eq!(role.to_string(), "arn:aws:sts::111111111111:assumed-role/r/session");
        for wrong in ["", "x", "arn:aws:iam::1:user/u", "arn:aws:s3:::b", "a b.c"] {
            assert!(Principal::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_role_covers_its_sessions_whatever_its_path_when_only_the_session_is_known() {
        let session = "arn:aws:sts::111111111111:assumed-role/r/s";
        assert_eq!(names("arn:aws:iam::111111111111:role/r", session), Some(Closeness::Role));
        assert_eq!(names("arn:aws:iam::111111111111:role/p/r", session), Some(Closeness::Role));
        assert_eq!(names("arn:aws:iam::222222222222:role/r", session), None);
        let known = "arn:aws:iam::111111111111:role/p/r";
        assert_eq!(names("arn:aws:iam::111111111111:role/p/r", known), Some(Closeness::Role));
        assert_eq!(names("arn:aws:iam::111111111111:role/r", known), None);
    }

    #[test]
    fn an_account_names_its_root_user_directly_and_others_by_delegation() {
        assert_eq!(names("111111111111", "arn:aws:iam::111111111111:root"), Some(Closeness::Direct));
        assert_eq!(names("111111111111", "arn:aws:iam::111111111111:user/u"), Some(Closeness::Account));
        assert_eq!(names("arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:user/u"), None);
        assert_eq!(names("*", "lambda.amazonaws.com"), Some(Closeness::Direct));
        assert_eq!(Named::aws("arn:aws:iam::111111111111:role/*"), None);
        assert_eq!(Named::aws("AROAEXAMPLEEXAMPLE123"), Some(Named::Nobody));
    }

    #[test]
    fn not_principal_leaves_out_sessions_named_with_their_role_or_account() {
        let covers = |named: &[&str]| {
            let named = named.iter().map(|text| Named::aws(text).unwrap()).collect();
            let session = Principal::parse("arn:aws:sts::111111111111:assumed-role/r/s").unwrap();
            PrincipalElement { negated: true, named }.covers(&session, false).is_some()
        };
        let (role, session) = ("arn:aws:iam::111111111111:role/r", "arn:aws:sts::111111111111:assumed-role/r/s");
        assert!(covers(&[role]));
        assert!(covers(&[session]));
        assert!(!covers(&[role, session]));
        assert!(!covers(&["111111111111"]));
    }

    #[test]
    fn a_principal_describes_itself() {
        let mut context = Context::new();
        Principal::parse("arn:aws:iam::111111111111:user/p/ana").unwrap().describe(&mut context);
        assert_eq!(context.values("aws:username"), [Box::from("ana")]);
        assert_eq!(context.values("aws:PrincipalType"), [Box::from("User")]);
    }
}
