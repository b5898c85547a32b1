//! May they? The one place where it is decided, before any operation.
//!
//! [`crate::resources`] says what a request asks for: [`Ask`]s. This file gathers the policies that bear on each, the
//! context keys, and lets `stackfleet-policy` decide. It knows no service.

use std::{borrow::Cow, sync::Arc};

use stackfleet_base::AccountId;
use stackfleet_policy::{self as policy, Context, Layers, PolicyPath, PolicySet};

use crate::{
    call::{Call, Principal},
    iam::{Compiled, root_task},
    organizations::{Organization, RCP, SCP},
    world::World,
};

/// What the ARNs of service-linked roles have in common.
const LINKED_ROLE: &str = ":role/aws-service-role/";

/// An action on a resource that a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// `service:Action`.
    pub(crate) action: Cow<'static, str>,
    /// The resource's ARN, or `*`.
    pub(crate) resource: String,
    /// The account that owns the resource; the caller's when absent.
    pub(crate) owner: Option<AccountId>,
    /// The resource's own policy: of a bucket, a topic, a function, or the trust policy of a role.
    pub(crate) policy: Option<Arc<PolicySet>>,
    /// Context keys that only this request has.
    pub(crate) keys: Vec<(String, Vec<String>)>,
}

impl Ask {
    /// Asks for an action on a resource of the caller's account without a policy of its own.
    pub(crate) fn new(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), owner: None, policy: None, keys: Vec::new() }
    }

    /// Adds a context key with one value.
    pub(crate) fn key(self, name: &str, value: impl Into<String>) -> Self {
        self.keys(name, vec![value.into()])
    }

    /// Adds a context key if the request has a value for it.
    pub(crate) fn key_of(self, name: &str, value: Option<&(impl AsRef<str> + ?Sized)>) -> Self {
        match value {
            Some(value) => self.key(name, value.as_ref()),
            None => self,
        }
    }

    /// Adds a context key with several values.
    pub(crate) fn keys(mut self, name: &str, values: Vec<String>) -> Self {
        self.keys.push((name.to_owned(), values));
        self
    }

    /// Adds the keys that go with tags in a request: `aws:RequestTag/...` and `aws:TagKeys`.
    pub(crate) fn request_tags<'a>(mut self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut names = Vec::new();
        for (key, value) in tags {
            self.keys.push((format!("aws:RequestTag/{key}"), vec![value.to_owned()]));
            names.push(key.to_owned());
        }
        if names.is_empty() { self } else { self.keys("aws:TagKeys", names) }
    }

    /// Adds the keys that go with a resource's tags: `aws:ResourceTag/...`.
    pub(crate) fn resource_tags(mut self, tags: &[(String, String)]) -> Self {
        let keys = tags.iter().map(|(key, value)| (format!("aws:ResourceTag/{key}"), vec![value.clone()]));
        self.keys.extend(keys);
        self
    }

    /// Says that the resource belongs to another account and has (or lacks) a policy of its own.
    pub(crate) fn owned(mut self, owner: &AccountId, policy: Option<Arc<PolicySet>>) -> Self {
        self.owner = Some(owner.clone());
        self.policy = policy;
        self
    }
}

/// Decides all asks of a request; the first denial speaks, in AWS's words.
pub(crate) fn check(world: &mut World, call: &Call, asks: &[Ask]) -> Result<(), String> {
    if asks.is_empty() {
        return Ok(());
    }
    let caller = Caller::new(world, call);
    for ask in asks {
        caller.decide(world, call, ask)?;
    }
    Ok(())
}

/// What all asks of a request have in common.
struct Caller {
    principal: policy::Principal,
    compiled: Option<Compiled>,
    session: Option<PolicySet>,
    context: Context,
    scps: PolicyPath,
    management: Option<AccountId>,
}

impl Caller {
    fn new(world: &mut World, call: &Call) -> Self {
        let principal = call.principal.evaluated();
        let compiled = world.compiled(&call.principal);
        let mut context = Context::new();
        principal.describe(&mut context);
        world.describe(call, &mut context);
        let scps = world.policy_path(SCP, call.account());
        let management = world.organization.as_ref().map(|organization| organization.management.clone());
        Self { principal, compiled, session: world.session_set(&call.principal), context, scps, management }
    }

    fn decide(&self, world: &mut World, call: &Call, ask: &Ask) -> Result<(), String> {
        // A service that acts for itself is bound by nothing but what the resource's policy says.
        if matches!(call.principal, Principal::Service { .. }) && ask.policy.is_none() {
            return Ok(());
        }
        let owner = ask.owner.as_ref().unwrap_or_else(|| call.account());
        let mut context = self.context.clone();
        context.set("aws:ResourceAccount", owner.as_str());
        if let Some(organization) = world.organization.as_ref().filter(|found| found.accounts.contains_key(owner)) {
            context.set("aws:ResourceOrgID", organization.id.as_str());
            context.set_all("aws:ResourceOrgPaths", [organization.path_text(owner, false)]);
        }
        if is_global(&ask.action) {
            context.set("aws:RequestedRegion", "us-east-1");
        }
        for (name, values) in &ask.keys {
            context.set_all(name, values.iter().map(String::as_str));
        }
        // Nothing of the organization stands between a service and its own role.
        let own_role = matches!(call.principal, Principal::Service { .. }) && ask.resource.contains(LINKED_ROLE);
        let rcps = if own_role { PolicyPath::none() } else { world.policy_path(RCP, owner) };
        let layers = Layers {
            identity: self.compiled.as_ref().map(|compiled| &*compiled.identity),
            boundary: self.compiled.as_ref().and_then(|compiled| compiled.boundary.as_deref()),
            session: self.session.as_ref(),
            resource: ask.policy.as_deref(),
            scps: Some(&self.scps),
            rcps: Some(&rcps),
            management: self.management.as_ref(),
        };
        let request = policy::Request {
            principal: &self.principal,
            action: &ask.action,
            resource: &ask.resource,
            resource_account: Some(owner),
            context: &context,
        };
        let decision = policy::decide(&request, &layers);
        if decision.is_allowed() {
            return Ok(());
        }
        Err(policy::denial_text(&request, &decision).unwrap_or_else(|| "Access Denied".to_owned()))
    }
}

impl Principal {
    /// Returns the principal as policies see it.
    pub(crate) fn evaluated(&self) -> policy::Principal {
        match self {
            Self::Root { .. } | Self::RootSession(_) => {
                let account = self.account();
                let arn = format!("arn:aws:iam::{account}:root").into();
                policy::Principal::Root { arn, account: account.clone() }
            }
            Self::User { account, arn, .. } => policy::Principal::User { arn: arn.clone(), account: account.clone() },
            // A session's role ARN is always one; were it not, nobody would be named.
            Self::Session(session) => policy::Principal::role_session(&session.role_arn, &session.name)
                .unwrap_or(policy::Principal::Anonymous),
            Self::Service { name, .. } => policy::Principal::Service { name: name.clone() },
        }
    }

    /// Returns the principal as AWS's messages and `GetCallerIdentity` name it.
    pub(crate) fn shown(&self) -> String {
        self.evaluated().to_string()
    }
}

impl World {
    /// Returns the policies of a user or role; nothing for a role that was deleted since.
    fn compiled(&mut self, principal: &Principal) -> Option<Compiled> {
        let iam = &mut self.accounts.get_mut(principal.account())?.iam;
        match principal {
            Principal::Root { .. } | Principal::RootSession(_) | Principal::Service { .. } => None,
            Principal::User { name, .. } => iam.compiled_user(name),
            Principal::Session(session) => {
                iam.role(&session.role).filter(|role| role.id == session.role_id)?;
                iam.compiled_role(&session.role)
            }
        }
    }

    /// Returns the policies that limit a session; none when it was made without any.
    fn session_set(&self, principal: &Principal) -> Option<PolicySet> {
        let session = match principal {
            Principal::Session(session) => session,
            Principal::RootSession(session) => return Some(root_task::limits(&session.task)),
            Principal::Root { .. } | Principal::User { .. } | Principal::Service { .. } => return None,
        };
        if session.policies.is_empty() && session.policy_arns.is_empty() {
            return None;
        }
        let iam = &self.accounts.get(&session.account)?.iam;
        let managed = session.policy_arns.iter().filter_map(|arn| iam.managed_document(arn));
        Some(PolicySet::new(
            session.policies.iter().cloned().chain(managed).map(|document| document.policy()).collect(),
        ))
    }

    fn policy_path(&mut self, kind: &'static str, account: &AccountId) -> PolicyPath {
        self.organization.as_mut().map(|organization| organization.policy_path(kind, account)).unwrap_or_default()
    }

    /// Sets the keys that every request has.
    fn describe(&self, call: &Call, context: &mut Context) {
        context.set("aws:RequestedRegion", call.region.as_str());
        context.set("aws:CurrentTime", self.now.to_string());
        context.set("aws:EpochTime", self.now.as_millis().div_euclid(1000).to_string());
        context.set("aws:SecureTransport", "true");
        context.set("aws:ViaAWSService", if call.via.is_empty() { "false" } else { "true" });
        context.set_all("aws:CalledVia", call.via.iter().map(|service| &**service));
        if let (Some(first), Some(last)) = (call.via.first(), call.via.last()) {
            context.set("aws:CalledViaFirst", &**first).set("aws:CalledViaLast", &**last);
        }
        if let Some(address) = &call.source_ip {
            context.set("aws:SourceIp", &**address);
        }
        if let Some(agent) = &call.user_agent {
            context.set("aws:UserAgent", &**agent);
        }
        if let Some(source) = &call.source_arn {
            context.set("aws:SourceArn", &**source);
        }
        if let Some(source) = &call.source_account {
            context.set("aws:SourceAccount", source.as_str());
            if let Some(organization) = self.member_organization(source) {
                context.set("aws:SourceOrgID", organization.id.as_str());
                context.set_all("aws:SourceOrgPaths", [organization.path_text(source, false)]);
            }
        }
        if matches!(call.principal, Principal::Service { .. }) {
            return;
        }
        if let Some(organization) = self.member_organization(call.account()) {
            context.set("aws:PrincipalOrgID", organization.id.as_str());
            context.set_all("aws:PrincipalOrgPaths", [organization.path_text(call.account(), false)]);
        }
        self.describe_principal(&call.principal, context);
    }

    fn describe_principal(&self, principal: &Principal, context: &mut Context) {
        let iam = self.accounts.get(principal.account()).map(|account| &account.iam);
        match principal {
            Principal::Root { account } => {
                context.set("aws:userid", account.as_str());
            }
            Principal::RootSession(session) => {
                context.set("aws:userid", session.account.as_str());
                context.set("aws:AssumedRoot", "true");
                context.set("aws:TokenIssueTime", session.issued.to_string());
                context.set("aws:MultiFactorAuthPresent", "false");
                if let Some(identity) = &session.source_identity {
                    context.set("aws:SourceIdentity", identity.as_str());
                }
            }
            Principal::User { name, .. } => {
                let Some(user) = iam.and_then(|iam| iam.user(name)) else { return };
                context.set("aws:userid", &*user.id);
                set_tags(context, &user.tags);
            }
            Principal::Session(session) => {
                context.set("aws:userid", format!("{}:{}", session.role_id, session.name));
                context.set("aws:TokenIssueTime", session.issued.to_string());
                context.set("aws:MultiFactorAuthPresent", "false");
                if let Some(identity) = &session.source_identity {
                    context.set("aws:SourceIdentity", identity.as_str());
                }
                if let Some(role) = iam.and_then(|iam| iam.role(&session.role)) {
                    set_tags(context, &role.tags);
                }
                set_tags(context, &session.tags);
            }
            Principal::Service { .. } => {}
        }
    }

    fn member_organization(&self, account: &AccountId) -> Option<&Organization> {
        self.organization.as_ref().filter(|organization| organization.accounts.contains_key(account))
    }
}

/// Tells whether an action's service has one endpoint for all regions, which is in us-east-1 (IAM User Guide,
/// `aws:RequestedRegion`). A role is passed in the region of the service that it is passed to.
fn is_global(action: &str) -> bool {
    action != "iam:PassRole" && ["iam:", "organizations:", "account:"].iter().any(|service| action.starts_with(service))
}

fn set_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
}
