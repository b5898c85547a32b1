//! Cases as a file: a request with its policies each, and the answers. This is what `policy evaluate CASES.json`
//! reads and prints.
//!
//! The format is that of the IAM simulator family: policies as documents, SCPs and RCPs as levels from the root
//! down, and optionally an organization from which the levels are taken.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stackfleet_base::AccountId;

use crate::{
    Context, Decision, Layer, Layers, Level, MalformedPolicy, Policy, PolicyKind, PolicyPath, PolicySet, Principal,
    PrincipalError, Request, decide,
};

/// A session that was made by another role's session lasts at most an hour (IAM User Guide, role chaining).
const CHAINED_SESSION_SECONDS_MAX: u64 = 3600;

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its name in the answer.
    pub id: String,
    request: CaseRequest,
    #[serde(default)]
    identity_policies: Vec<Value>,
    resource_policy: Option<Value>,
    permission_boundaries: Option<Vec<Value>>,
    session_policy: Option<Value>,
    service_control_policies: Option<Vec<CaseLevel>>,
    resource_control_policies: Option<Vec<CaseLevel>>,
    org: Option<CaseOrganization>,
    duration_seconds: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
struct CaseRequest {
    principal: String,
    action: String,
    resource: CaseResource,
    #[serde(default)]
    context: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseResource {
    resource: String,
    account_id: Option<AccountId>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseLevel {
    org_identifier: String,
    #[serde(default)]
    policies: Vec<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseOrganization {
    management: Option<AccountId>,
    #[serde(default)]
    accounts: BTreeMap<AccountId, CaseAccount>,
    #[serde(default)]
    service_linked_roles: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct CaseAccount {
    scps: Option<Vec<CaseLevel>>,
    rcps: Option<Vec<CaseLevel>>,
}

/// The answer to one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseAnswer {
    /// The case.
    pub id: String,
    /// `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, `Depends`, or `ValidationError: ...`.
    pub response: String,
    /// What decided; `null` where no statement did.
    pub by: Option<CaseReason>,
}

/// The statement, or the place without one, that decided a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseReason {
    /// `identity`, `scp`, ...
    pub layer: &'static str,
    /// For SCPs and RCPs: the level.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// The policy: its position within its layer or level, from 0.
    pub policy: Option<String>,
    /// The statement's id.
    pub sid: Option<String>,
    /// The statement's position, from 0.
    pub statement: Option<usize>,
}

/// A case that cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Its principal is none.
    #[error("case `{id}`")]
    Principal {
        /// The case.
        id: String,
        /// What is wrong.
        source: PrincipalError,
    },
    /// One of its policies is malformed.
    #[error("case `{id}`")]
    Policy {
        /// The case.
        id: String,
        /// What is wrong.
        source: MalformedPolicy,
    },
}

impl Layer {
    /// Returns the short name used in files and explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceControl => "rcp",
            Self::ServiceControl => "scp",
            Self::Resource => "resource",
            Self::Trust => "trust",
            Self::Identity => "identity",
            Self::Boundary => "boundary",
            Self::Session => "session",
        }
    }
}

/// A case with its policies read.
#[derive(Debug)]
pub struct ReadyCase {
    id: String,
    principal: Principal,
    action: String,
    resource: String,
    resource_account: Option<AccountId>,
    context: Context,
    identity: PolicySet,
    boundary: Option<PolicySet>,
    session: Option<PolicySet>,
    resource_policy: Option<PolicySet>,
    scps: Option<PolicyPath>,
    rcps: Option<PolicyPath>,
    management: Option<AccountId>,
    chained_too_long: bool,
}

impl Case {
    /// Reads the case's policies.
    ///
    /// # Errors
    /// When the principal or a policy is malformed.
    pub fn ready(&self) -> Result<ReadyCase, CaseError> {
        let principal = self.principal().map_err(|source| CaseError::Principal { id: self.id.clone(), source })?;
        self.ready_policies(principal).map_err(|source| CaseError::Policy { id: self.id.clone(), source })
    }

    /// Takes the path of a service-linked role from the organization: the session's ARN does not have it.
    fn principal(&self) -> Result<Principal, PrincipalError> {
        let principal = Principal::parse(&self.request.principal)?;
        let Principal::RoleSession(session) = &principal else { return Ok(principal) };
        let name = session.session_arn().rsplit('/').next().unwrap_or_default();
        for role_arn in self.org.iter().flat_map(|org| &org.service_linked_roles) {
            let linked = Principal::role_session(role_arn, name)?;
            if linked.to_string() == self.request.principal {
                return Ok(linked);
            }
        }
        Ok(principal)
    }

    fn ready_policies(&self, principal: Principal) -> Result<ReadyCase, MalformedPolicy> {
        let account = |account: Option<&AccountId>| self.org.as_ref()?.accounts.get(account?);
        let owner = self.request.resource.account_id.as_ref();
        let scps = account(principal.account()).and_then(|account| account.scps.as_deref());
        let rcps = account(owner).and_then(|account| account.rcps.as_deref());
        let scps = self.service_control_policies.as_deref().or(scps);
        let rcps = self.resource_control_policies.as_deref().or(rcps);
        let action = self.request.action.to_ascii_lowercase();
        let assumes = action.starts_with("sts:") && self.request.resource.resource.contains(":role/");
        let resource_kind = if assumes { PolicyKind::Trust } else { PolicyKind::Resource };
        let one = |kind, document: &Option<Value>| {
            document.as_ref().map(|document| set(kind, std::slice::from_ref(document))).transpose()
        };
        let boundary = self.permission_boundaries.as_deref().filter(|documents| !documents.is_empty());
        let chained = matches!(principal, Principal::RoleSession(_)) && action == "sts:assumerole";
        Ok(ReadyCase {
            id: self.id.clone(),
            action: self.request.action.clone(),
            resource: self.request.resource.resource.clone(),
            resource_account: owner.cloned(),
            context: context(&self.request.context),
            identity: set(PolicyKind::Identity, &self.identity_policies)?,
            boundary: boundary.map(|documents| set(PolicyKind::Boundary, documents)).transpose()?,
            session: one(PolicyKind::Session, &self.session_policy)?,
            resource_policy: one(resource_kind, &self.resource_policy)?,
            scps: scps.map(|levels| path(PolicyKind::ServiceControl, levels)).transpose()?,
            rcps: rcps.map(|levels| path(PolicyKind::ResourceControl, levels)).transpose()?,
            management: self.org.as_ref().and_then(|org| org.management.clone()),
            chained_too_long: chained && self.duration_seconds > Some(CHAINED_SESSION_SECONDS_MAX),
            principal,
        })
    }
}

impl ReadyCase {
    /// Decides the case.
    #[must_use]
    pub fn decide(&self) -> Decision<'_> {
        let request = Request {
            principal: &self.principal,
            action: &self.action,
            resource: &self.resource,
            resource_account: self.resource_account.as_ref(),
            context: &self.context,
        };
        let layers = Layers {
            identity: Some(&self.identity),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource_policy.as_ref(),
            scps: self.scps.as_ref(),
            rcps: self.rcps.as_ref(),
            management: self.management.as_ref(),
        };
        decide(&request, &layers)
    }

    /// Decides the case and says by what.
    #[must_use]
    pub fn answer(&self) -> CaseAnswer {
        let id = self.id.clone();
        if self.chained_too_long {
            let response = format!("ValidationError: chained sessions are limited to {CHAINED_SESSION_SECONDS_MAX} s");
            return CaseAnswer { id, response, by: None };
        }
        let (response, deciding) = match self.decide() {
            Decision::Allowed(deciding) => ("Allowed", deciding),
            Decision::ExplicitlyDenied(deciding) => ("ExplicitlyDenied", Some(deciding)),
            Decision::ImplicitlyDenied(_) => ("ImplicitlyDenied", None),
            Decision::Depends(_) => ("Depends", None),
        };
        let by = deciding.map(|deciding| CaseReason {
            layer: deciding.layer.as_str(),
            place: deciding.place.map(str::to_owned),
            policy: Some(deciding.found.policy.name().to_owned()),
            sid: deciding.found.statement.sid().map(str::to_owned),
            statement: Some(deciding.found.statement.index()),
        });
        CaseAnswer { id, response: response.to_owned(), by }
    }
}

/// Reads a document of JSON values as a policy.
pub(crate) fn read_policy(kind: PolicyKind, name: &str, document: &Value) -> Result<Arc<Policy>, MalformedPolicy> {
    let (policy, diagnostics) = Policy::from_value(kind, name, document);
    policy.map(Arc::new).ok_or_else(|| MalformedPolicy { name: name.to_owned(), diagnostics })
}

fn set(kind: PolicyKind, documents: &[Value]) -> Result<PolicySet, MalformedPolicy> {
    let read = |(index, document): (usize, &Value)| read_policy(kind, &index.to_string(), document);
    Ok(PolicySet::new(documents.iter().enumerate().map(read).collect::<Result<_, _>>()?))
}

fn path(kind: PolicyKind, levels: &[CaseLevel]) -> Result<PolicyPath, MalformedPolicy> {
    let level = |level: &CaseLevel| {
        Ok(Arc::new(Level { place: level.org_identifier.as_str().into(), policies: set(kind, &level.policies)? }))
    };
    Ok(PolicyPath::new(levels.iter().map(level).collect::<Result<_, _>>()?))
}

/// Turns JSON context keys into a context: lists are several values, numbers and truths are their texts.
pub(crate) fn context<'a>(keys: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Context {
    let mut context = Context::new();
    for (key, value) in keys {
        match value.as_array() {
            Some(values) => context.set_all(key, values.iter().map(plain)),
            None => context.set(key, plain(value)),
        };
    }
    context
}

fn plain(value: &Value) -> Box<str> {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()
}
