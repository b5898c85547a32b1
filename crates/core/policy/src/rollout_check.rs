//! Will every account of an organization let a rollout through? This is what `policy evaluate --rollout ORG.json`
//! reads and prints.
//!
//! The rollout is a self-managed stack set: an administration role assumes the execution role of each account, which
//! then makes the calls that the template's resources need. For every account all reasons are listed for which a
//! call would be refused: layer, place, statement and action.

mod difference;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stackfleet_base::AccountId;

use crate::{
    Blocker, Context, Layer, Layers, Level, MalformedPolicy, Policy, PolicyKind, PolicyPath, PolicySet, Principal,
    PrincipalError, Request,
    cases::{context, read_policy},
    decide, explain,
};

/// The name that the role has unless something else is said (CloudFormation, self-managed permissions).
const EXECUTION_ROLE: &str = "AWSCloudFormationStackSetExecutionRole";

/// An organization and what a rollout needs in each account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutOrganization {
    org_id: String,
    management: Option<AccountId>,
    admin_account: AccountId,
    region: String,
    admin_role: String,
    admin_role_policies: Vec<Value>,
    /// By name; `{acct}` stands for the account.
    policies: BTreeMap<String, Value>,
    ous: BTreeMap<String, Unit>,
    accounts: Vec<Account>,
    artifact_bucket: Option<Bucket>,
    context_for_cloud_formation_calls: BTreeMap<String, Value>,
    required: Vec<Call>,
}

#[derive(Debug, Clone, Deserialize)]
struct Unit {
    parent: Option<String>,
    #[serde(default)]
    scps: Vec<String>,
    #[serde(default)]
    rcps: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: AccountId,
    /// `None`: outside the organization.
    ou: Option<String>,
    execution_role: Option<Role>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: String,
    trust: Value,
    #[serde(default)]
    identity_policies: Vec<String>,
    boundary: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Bucket {
    account: AccountId,
    name: String,
    ou: Option<String>,
    policy: Value,
}

#[derive(Debug, Clone, Deserialize)]
struct Call {
    action: String,
    /// `{acct}` and `{region}` stand for the cell.
    resource: String,
}

/// Whether the rollout passes in each account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutAnswer {
    /// By account.
    pub accounts: BTreeMap<AccountId, AccountAnswer>,
}

/// Whether the rollout passes in one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAnswer {
    /// Whether nothing refuses.
    pub deploys: bool,
    /// Everything that refuses: the caller's own policies first, then the organization's, then the resource's side.
    pub blockers: Vec<RolloutBlocker>,
}

/// One reason for which one call is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RolloutBlocker {
    /// `role` (there is none), `trust`, `identity`, `boundary`, `scp`, `resource` or `rcp`.
    pub layer: String,
    /// The role, policy, bucket or node of the organization.
    #[serde(rename = "where")]
    pub place: String,
    /// The statement that denies; `null` where nothing allows.
    pub sid: Option<String>,
    /// The action refused.
    pub action: String,
}

pub use difference::{Replacement, Use};

/// An organization that cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum RolloutCheckError {
    /// A policy is malformed.
    #[error(transparent)]
    Policy(#[from] MalformedPolicy),
    /// A role's ARN is none.
    #[error(transparent)]
    Principal(#[from] PrincipalError),
    /// A policy or unit is named that is not there.
    #[error("there is no {kind} `{name}`")]
    Missing {
        /// `policy` or `organizational unit`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Units are each other's parents.
    #[error("the organizational unit `{0}` is below itself")]
    Cycle(String),
}

/// The SCPs and RCPs down to a unit.
#[derive(Debug, Clone, Default)]
struct Paths {
    scps: PolicyPath,
    rcps: PolicyPath,
}

/// Trust policies that were read, by role and text.
type Trusts = BTreeMap<(String, String), Arc<PolicySet>>;

/// An organization with its policies read, ready to be asked about each account.
#[derive(Debug)]
pub struct RolloutCheck<'o> {
    organization: &'o RolloutOrganization,
    /// By unit; shared by all accounts below it.
    paths: BTreeMap<&'o str, Paths>,
    /// Policies that are the same in every account, by kind and name.
    shared: BTreeMap<(PolicyKind, &'o str), Arc<Policy>>,
    /// The texts of the others, in which `{acct}` stands for the account.
    texts: BTreeMap<&'o str, String>,
    administrator: Principal,
    administrator_policies: PolicySet,
    administrator_context: Context,
    bucket_policy: Option<PolicySet>,
    call_context: Context,
    nowhere: Paths,
}

impl<'o> RolloutCheck<'o> {
    /// Reads the organization's policies.
    ///
    /// # Errors
    /// When a policy is malformed, or a policy or unit is not there.
    pub fn new(organization: &'o RolloutOrganization) -> Result<Self, RolloutCheckError> {
        let administrator = Principal::role_session(&organization.admin_role, "stackset")?;
        let call_context = context(&organization.context_for_cloud_formation_calls);
        let mut administrator_context = call_context.clone();
        administrator.describe(&mut administrator_context);
        administrator_context.set("aws:PrincipalOrgID", organization.org_id.as_str());
        let administrator_policies = organization
            .admin_role_policies
            .iter()
            .map(|document| read_policy(PolicyKind::Identity, &organization.admin_role, document))
            .collect::<Result<_, _>>()?;
        let bucket_policy = match &organization.artifact_bucket {
            Some(bucket) => Some(read_policy(PolicyKind::Resource, &bucket.name, &bucket.policy)?),
            None => None,
        };
        let mut check = Self {
            organization,
            paths: BTreeMap::new(),
            shared: BTreeMap::new(),
            texts: BTreeMap::new(),
            administrator,
            administrator_policies: PolicySet::new(administrator_policies),
            administrator_context,
            bucket_policy: bucket_policy.map(|policy| PolicySet::new(vec![policy])),
            call_context,
            nowhere: Paths::default(),
        };
        check.read_units()?;
        for name in organization.policies.keys() {
            check.share_policy(name)?;
        }
        Ok(check)
    }

    /// Asks every account.
    ///
    /// # Errors
    /// When a role's policy is malformed or not there.
    pub fn answer(&self) -> Result<RolloutAnswer, RolloutCheckError> {
        let accounts = self.organization.accounts.iter();
        // Most accounts have the same trust policy.
        let mut trusts = BTreeMap::new();
        let answers = accounts.map(|account| Ok((account.id.clone(), self.account(account, &mut trusts)?)));
        Ok(RolloutAnswer { accounts: answers.collect::<Result<_, RolloutCheckError>>()? })
    }

    fn read_units(&mut self) -> Result<(), RolloutCheckError> {
        for name in self.organization.ous.keys() {
            self.read_unit(name, self.organization.ous.len())?;
        }
        Ok(())
    }

    fn read_unit(&mut self, name: &'o str, depth_left: usize) -> Result<Paths, RolloutCheckError> {
        if let Some(known) = self.paths.get(name) {
            return Ok(known.clone());
        }
        let missing = || RolloutCheckError::Missing { kind: "organizational unit", name: name.to_owned() };
        let unit = self.organization.ous.get(name).ok_or_else(missing)?;
        let above = match &unit.parent {
            Some(_) if depth_left == 0 => return Err(RolloutCheckError::Cycle(name.to_owned())),
            Some(parent) => self.read_unit(parent, depth_left - 1)?,
            None => Paths::default(),
        };
        let paths = Paths {
            scps: above.scps.below(self.level(PolicyKind::ServiceControl, name, &unit.scps)?),
            rcps: above.rcps.below(self.level(PolicyKind::ResourceControl, name, &unit.rcps)?),
        };
        self.paths.insert(name, paths.clone());
        Ok(paths)
    }

    fn level(&self, kind: PolicyKind, name: &str, policies: &[String]) -> Result<Arc<Level>, RolloutCheckError> {
        let read = |policy: &String| Ok(read_policy(kind, policy, self.document(policy)?)?);
        let policies = policies.iter().map(read).collect::<Result<_, RolloutCheckError>>()?;
        Ok(Arc::new(Level { place: name.into(), policies: PolicySet::new(policies) }))
    }

    fn document(&self, name: &str) -> Result<&'o Value, RolloutCheckError> {
        let missing = || RolloutCheckError::Missing { kind: "policy", name: name.to_owned() };
        self.organization.policies.get(name).ok_or_else(missing)
    }

    /// Reads a role's policy once when no account stands in it.
    fn share_policy(&mut self, name: &'o str) -> Result<(), RolloutCheckError> {
        let document = self.document(name)?;
        let text = document.to_string();
        if text.contains("{acct}") {
            self.texts.insert(name, text);
            return Ok(());
        }
        let roles = self.organization.accounts.iter().filter_map(|account| account.execution_role.as_ref());
        let (mut grants, mut bounds) = (false, false);
        for role in roles {
            grants |= role.identity_policies.iter().any(|used| used == name);
            bounds |= role.boundary.as_deref() == Some(name);
        }
        for (kind, used) in [(PolicyKind::Identity, grants), (PolicyKind::Boundary, bounds)] {
            if used {
                self.shared.insert((kind, name), read_policy(kind, name, document)?);
            }
        }
        Ok(())
    }

    fn role_policy(&self, kind: PolicyKind, name: &str, account: &str) -> Result<Arc<Policy>, RolloutCheckError> {
        if let Some(shared) = self.shared.get(&(kind, name)) {
            return Ok(Arc::clone(shared));
        }
        let missing = || RolloutCheckError::Missing { kind: "policy", name: name.to_owned() };
        // The sign stands in strings only, and digits need no escape there.
        let text = self.texts.get(name).ok_or_else(missing)?.replace("{acct}", account);
        Ok(Arc::new(Policy::parse(kind, name, &text)?))
    }

    fn paths_of(&self, unit: Option<&String>) -> Result<&Paths, RolloutCheckError> {
        let Some(unit) = unit else { return Ok(&self.nowhere) };
        let missing = || RolloutCheckError::Missing { kind: "organizational unit", name: unit.clone() };
        self.paths.get(unit.as_str()).ok_or_else(missing)
    }

    fn account(&self, account: &Account, trusts: &mut Trusts) -> Result<AccountAnswer, RolloutCheckError> {
        let blockers = match &account.execution_role {
            Some(role) => {
                let entry = self.entry(account, role, trusts)?;
                if entry.is_empty() { self.calls(account, role)? } else { entry }
            }
            None => vec![RolloutBlocker {
                layer: "role".to_owned(),
                place: EXECUTION_ROLE.to_owned(),
                sid: None,
                action: "sts:AssumeRole".to_owned(),
            }],
        };
        Ok(AccountAnswer { deploys: blockers.is_empty(), blockers })
    }

    /// What keeps the administration role from assuming the execution role.
    fn entry(
        &self,
        account: &Account,
        role: &Role,
        trusts: &mut Trusts,
    ) -> Result<Vec<RolloutBlocker>, RolloutCheckError> {
        let key = (role.name.clone(), role.trust.to_string());
        let trust = match trusts.get(&key) {
            Some(trust) => Arc::clone(trust),
            None => {
                let read = Arc::new(PolicySet::of(Policy::parse(PolicyKind::Trust, &key.0, &key.1)?));
                Arc::clone(trusts.entry(key).or_insert(read))
            }
        };
        let resource = format!("arn:aws:iam::{}:role/{}", account.id, role.name);
        let bucket = self.organization.artifact_bucket.as_ref();
        let administrator_unit = bucket.filter(|bucket| bucket.account == self.organization.admin_account);
        let request = Request {
            principal: &self.administrator,
            action: "sts:AssumeRole",
            resource: &resource,
            resource_account: Some(&account.id),
            context: &self.administrator_context,
        };
        let layers = Layers {
            identity: Some(&self.administrator_policies),
            resource: Some(&trust),
            scps: Some(&self.paths_of(administrator_unit.and_then(|bucket| bucket.ou.as_ref()))?.scps),
            rcps: Some(&self.paths_of(account.ou.as_ref())?.rcps),
            management: self.organization.management.as_ref(),
            ..Layers::default()
        };
        let mut blockers = Vec::new();
        collect(&request, &layers, &self.organization.admin_role, &mut blockers);
        Ok(in_order(blockers))
    }

    /// What keeps the execution role from making the calls.
    fn calls(&self, account: &Account, role: &Role) -> Result<Vec<RolloutBlocker>, RolloutCheckError> {
        let id = account.id.as_str();
        let principal = Principal::role_session(&format!("arn:aws:iam::{id}:role/{}", role.name), "stackset")?;
        let (regional, global) = self.contexts(&principal, account.ou.is_some());
        let identity = role.identity_policies.iter();
        let identity = identity.map(|name| self.role_policy(PolicyKind::Identity, name, id));
        let identity = PolicySet::new(identity.collect::<Result<_, _>>()?);
        let boundary = role.boundary.as_ref();
        let boundary = boundary.map(|name| self.role_policy(PolicyKind::Boundary, name, id)).transpose()?;
        let boundary = boundary.map(|policy| PolicySet::new(vec![policy]));
        let own = self.paths_of(account.ou.as_ref())?;
        let mut blockers = Vec::new();
        for call in &self.organization.required {
            let resource = call.resource.replace("{acct}", id).replace("{region}", &self.organization.region);
            let bucket = self.organization.artifact_bucket.as_ref().filter(|bucket| bucket.holds(&resource));
            let layers = Layers {
                identity: Some(&identity),
                boundary: boundary.as_ref(),
                session: None,
                resource: self.bucket_policy.as_ref().filter(|_| bucket.is_some()),
                scps: Some(&own.scps),
                rcps: Some(match bucket {
                    Some(bucket) => &self.paths_of(bucket.ou.as_ref())?.rcps,
                    None => &own.rcps,
                }),
                management: self.organization.management.as_ref(),
            };
            let request = Request {
                principal: &principal,
                action: &call.action,
                resource: &resource,
                resource_account: Some(bucket.map_or(&account.id, |bucket| &bucket.account)),
                context: if call.action.starts_with("iam:") { &global } else { &regional },
            };
            let resource_name = bucket.map_or("", |bucket| &bucket.name);
            collect(&request, &layers, resource_name, &mut blockers);
        }
        Ok(in_order(blockers))
    }

    /// The context of regional calls, and of calls to IAM, which is global and answers in us-east-1.
    fn contexts(&self, principal: &Principal, in_organization: bool) -> (Context, Context) {
        let mut regional = self.call_context.clone();
        principal.describe(&mut regional);
        if in_organization {
            regional.set("aws:PrincipalOrgID", self.organization.org_id.as_str());
        }
        let mut global = regional.clone();
        global.set("aws:RequestedRegion", "us-east-1");
        (regional, global)
    }
}

impl Bucket {
    /// Tells whether an ARN is that of the bucket or of an object in it.
    fn holds(&self, arn: &str) -> bool {
        let name = arn.strip_prefix("arn:aws:s3:::").and_then(|rest| rest.split('/').next());
        name == Some(self.name.as_str())
    }
}

/// Adds what refuses one call. `owner` names the role or bucket that a policy without a name of its own belongs to.
fn collect(request: &Request<'_>, layers: &Layers<'_>, owner: &str, blockers: &mut Vec<(Layer, RolloutBlocker)>) {
    if decide(request, layers).is_allowed() {
        return;
    }
    for blocker in explain(request, layers).blockers() {
        let found = RolloutBlocker {
            layer: blocker.layer.as_str().to_owned(),
            place: place(&blocker, owner),
            sid: blocker.deny.and_then(|deny| deny.statement.sid()).map(str::to_owned),
            action: request.action.to_owned(),
        };
        if !blockers.iter().any(|(_, known)| *known == found) {
            blockers.push((blocker.layer, found));
        }
    }
}

/// Where to look: the node of the organization, or the policy, or its owner when there is no policy.
fn place(blocker: &Blocker<'_>, owner: &str) -> String {
    let policy = blocker.deny.map(|deny| deny.policy.name());
    let policy = policy.or_else(|| blocker.policies.first().map(|policy| policy.name()));
    blocker.place.or(policy).unwrap_or(owner).to_owned()
}

/// Sorts by side, keeping the order of calls: own policies, organization, resource.
fn in_order(mut blockers: Vec<(Layer, RolloutBlocker)>) -> Vec<RolloutBlocker> {
    let rank = |layer: Layer| match layer {
        Layer::Identity => 0,
        Layer::Boundary => 1,
        Layer::Session => 2,
        Layer::ServiceControl => 3,
        Layer::Resource | Layer::Trust => 4,
        Layer::ResourceControl => 5,
    };
    blockers.sort_by_key(|(layer, _)| rank(*layer));
    blockers.into_iter().map(|(_, blocker)| blocker).collect()
}
