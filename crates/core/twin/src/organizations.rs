//! Organizations: the tree of units and accounts, and what is attached to it.
//!
//! The state is one value, [`Organization`], with the questions that other services ask of it. The operations are in
//! the files beneath, by theme; which of them exist is the list at the end of this file.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod policies;
pub(crate) mod refusal;
pub(crate) mod tags;
pub(crate) mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use stackfleet_api::organizations as api;
use stackfleet_base::{AccountId, Timestamp};
use stackfleet_policy::{Level, PolicyPath, PolicySet};

use crate::{call::Call, document::Document, service::service, world::World};

/// An organization with all features.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) root: String,
    pub(crate) management: AccountId,
    pub(crate) management_email: String,
    /// Whether only bills are shared (`CONSOLIDATED_BILLING`).
    pub(crate) billing_only: bool,
    /// Policy types of the root: enabled or on the way there.
    pub(crate) policy_types: BTreeMap<String, TypeStatus>,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) accounts: BTreeMap<AccountId, Member>,
    /// Units and accounts directly under a root or unit.
    pub(crate) children: BTreeMap<String, BTreeSet<String>>,
    pub(crate) policies: BTreeMap<String, Policy>,
    /// Policies by the root, unit or account that they are attached to, in order of attachment.
    pub(crate) attached: BTreeMap<String, Vec<String>>,
    pub(crate) creations: BTreeMap<String, Creation>,
    /// Service principals with trusted access, since when.
    pub(crate) trusted: BTreeMap<String, Timestamp>,
    /// Delegated administrators by service principal, since when.
    pub(crate) delegated: BTreeMap<String, BTreeMap<AccountId, Timestamp>>,
    pub(crate) root_tags: Vec<(String, String)>,
    /// What the organization does for the root users of its members (`RootSessions`...), as IAM was told.
    #[serde(default)]
    pub(crate) root_features: BTreeSet<String>,
    /// Policies along paths as they are evaluated; made when asked for and dropped at each change of the organization.
    #[serde(skip)]
    pub(crate) compiled: Paths,
}

/// Compiled levels by type and node, and paths by type and account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths {
    levels: BTreeMap<(&'static str, String), Arc<Level>>,
    paths: BTreeMap<(&'static str, AccountId), PolicyPath>,
}

/// Where a policy type of the root stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TypeStatus {
    Enabled,
    PendingEnable,
    PendingDisable,
}

/// An organizational unit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) parent: String,
    pub(crate) tags: Vec<(String, String)>,
}

/// An account of the organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) parent: String,
    pub(crate) state: MemberState,
    pub(crate) joined: Timestamp,
    pub(crate) invited: bool,
    pub(crate) tags: Vec<(String, String)>,
}

/// Where an account stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MemberState {
    Active,
    PendingClosure,
    Suspended,
}

/// A policy of the organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) description: String,
    /// `SERVICE_CONTROL_POLICY` and so on.
    pub(crate) kind: String,
    pub(crate) text: String,
    /// The compiled document of the two types that authorization reads.
    pub(crate) document: Option<Document>,
    pub(crate) aws_managed: bool,
    pub(crate) tags: Vec<(String, String)>,
}

/// A request to create an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Creation {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) requested: Timestamp,
    pub(crate) completed: Option<Timestamp>,
    /// The account, or the reason why there is none.
    pub(crate) outcome: Option<Result<AccountId, String>>,
}

/// What happens by itself later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// A creation ends.
    Created { request: String },
    /// A policy type is enabled or disabled for good.
    PolicyType { kind: String },
    /// A closing account is suspended.
    Suspended { account: AccountId },
    /// A suspended account leaves for ever.
    Purged { account: AccountId },
}

pub(crate) const SCP: &str = "SERVICE_CONTROL_POLICY";
pub(crate) const RCP: &str = "RESOURCE_CONTROL_POLICY";
pub(crate) const FULL_ACCESS: &str = "p-FullAWSAccess";
pub(crate) const RCP_FULL_ACCESS: &str = "p-RCPFullAWSAccess";

impl Organization {
    /// Returns the root, the units and the account itself, from the top down; empty for strangers.
    pub(crate) fn path(&self, account: &AccountId) -> Vec<&str> {
        let Some((id, member)) = self.accounts.get_key_value(account) else { return Vec::new() };
        let mut path = vec![id.as_str()];
        path.extend(self.upward(&member.parent));
        path.reverse();
        path
    }

    /// Returns a unit or root and everything above it, from the bottom up.
    pub(crate) fn upward<'a>(&'a self, node: &'a str) -> Vec<&'a str> {
        let mut found = vec![node];
        let mut at = node;
        while let Some(unit) = self.units.get(at) {
            at = &unit.parent;
            found.push(at);
        }
        found
    }

    /// Returns the accounts in a root or unit and in everything beneath it, by id.
    pub(crate) fn accounts_under(&self, node: &str) -> BTreeSet<AccountId> {
        let mut found = BTreeSet::new();
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            for child in self.children.get(at).into_iter().flatten() {
                match child.parse::<AccountId>() {
                    Ok(account) => {
                        found.insert(account);
                    }
                    Err(_) => open.push(child),
                }
            }
        }
        found
    }

    /// Returns whether there is such a root or unit.
    pub(crate) fn is_parent(&self, node: &str) -> bool {
        node == self.root || self.units.contains_key(node)
    }

    /// Returns whether there is such a root, unit or account.
    pub(crate) fn is_target(&self, node: &str) -> bool {
        self.is_parent(node) || self.account(node).is_some()
    }

    /// Returns the account with this id, if it is one and a member.
    pub(crate) fn account(&self, id: &str) -> Option<(&AccountId, &Member)> {
        self.accounts.get_key_value(id)
    }

    /// Returns whether the account works: it is a member and neither closed nor closing.
    pub(crate) fn is_active(&self, account: &AccountId) -> bool {
        self.accounts.get(account).is_some_and(|member| member.state == MemberState::Active)
    }

    /// Returns whether a service principal has trusted access.
    pub(crate) fn trusts(&self, principal: &str) -> bool {
        self.trusted.contains_key(principal)
    }

    /// Returns whether an account is a delegated administrator for a service.
    pub(crate) fn is_delegated(&self, account: &AccountId, principal: &str) -> bool {
        self.delegated.get(principal).is_some_and(|accounts| accounts.contains_key(account))
    }

    /// Returns whether an account may settle for all what a service does: the management account and the service's
    /// delegated administrators.
    pub(crate) fn administers(&self, account: &AccountId, principal: &str) -> bool {
        *account == self.management || self.is_delegated(account, principal)
    }

    /// Returns an account's place as `aws:PrincipalOrgPaths` and `Paths` write it: `o-.../r-.../ou-.../`, and the
    /// account itself where wanted.
    pub(crate) fn path_text(&self, account: &AccountId, itself: bool) -> String {
        let mut text = format!("{}/", self.id);
        for node in self.path(account) {
            if itself || node != account.as_str() {
                text.push_str(node);
                text.push('/');
            }
        }
        text
    }

    /// Returns the policies of one type along the path of an account; no levels when that type is not enabled or the
    /// account is a stranger: then nothing of it is evaluated.
    pub(crate) fn policy_path(&mut self, kind: &'static str, account: &AccountId) -> PolicyPath {
        if let Some(path) = self.compiled.paths.get(&(kind, account.clone())) {
            return path.clone();
        }
        let enabled = self.policy_types.get(kind) == Some(&TypeStatus::Enabled);
        let path = if enabled {
            let nodes: Vec<String> = self.path(account).into_iter().map(ToOwned::to_owned).collect();
            PolicyPath::new(nodes.into_iter().map(|node| self.level(kind, node)).collect())
        } else {
            PolicyPath::none()
        };
        self.compiled.paths.insert((kind, account.clone()), path.clone());
        path
    }

    fn level(&mut self, kind: &'static str, node: String) -> Arc<Level> {
        let key = (kind, node);
        if let Some(level) = self.compiled.levels.get(&key) {
            return level.clone();
        }
        let attached = self.attached.get(&key.1).into_iter().flatten().filter_map(|id| self.policies.get(id));
        let of_kind = attached.filter(|policy| policy.kind == kind).filter_map(|policy| policy.document.as_ref());
        let policies = PolicySet::new(of_kind.map(Document::policy).collect());
        let level = Arc::new(Level { place: key.1.as_str().into(), policies });
        self.compiled.levels.insert(key, level.clone());
        level
    }

    /// Drops what was compiled; to be called at each change of the tree or of policies.
    pub(crate) fn changed(&mut self) {
        self.compiled = Paths::default();
    }

    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:organizations::{}:{resource}", self.management)
    }

    pub(crate) fn account_arn(&self, account: &AccountId) -> String {
        self.arn(&format!("account/{}/{account}", self.id))
    }

    pub(crate) fn node_arn(&self, node: &str) -> String {
        match self.account(node) {
            Some((account, _)) => self.account_arn(account),
            None if node == self.root => self.arn(&format!("root/{}/{node}", self.id)),
            None => self.arn(&format!("ou/{}/{node}", self.id)),
        }
    }
}

impl World {
    pub(crate) fn run_organizations(&mut self, event: Event) {
        match event {
            Event::Created { request } => accounts::finish_creation(self, &request),
            Event::PolicyType { kind } => policies::finish_type(self, &kind),
            Event::Suspended { account } => accounts::suspend(self, &account),
            Event::Purged { account } => accounts::leave(self, &account),
        }
    }

    /// Returns the organization to somebody who may read it: the management account and delegated administrators.
    pub(crate) fn organization_read(&self, call: &Call) -> Result<&Organization, stackfleet_api::Error> {
        let organization = self.organization.as_ref().ok_or_else(refusal::not_in_use)?;
        let account = call.account();
        let delegated = organization.delegated.values().any(|accounts| accounts.contains_key(account));
        if *account == organization.management || delegated {
            return Ok(organization);
        }
        Err(if organization.accounts.contains_key(account) { refusal::access_denied() } else { refusal::not_in_use() })
    }

    /// Returns the organization to its management account.
    pub(crate) fn organization_write(&mut self, call: &Call) -> Result<&mut Organization, stackfleet_api::Error> {
        let organization = self.organization.as_mut().ok_or_else(refusal::not_in_use)?;
        if *call.account() == organization.management {
            organization.changed();
            return Ok(organization);
        }
        let member = organization.accounts.contains_key(call.account());
        Err(if member { refusal::access_denied() } else { refusal::not_in_use() })
    }
}

service! {
    api::Organizations, api;
    attach_policy: AttachPolicyInput -> AttachPolicyOutput = policies::attach;
    close_account: CloseAccountInput -> CloseAccountOutput = accounts::close;
    create_account: CreateAccountInput -> CreateAccountOutput = accounts::create;
    create_organization: CreateOrganizationInput -> CreateOrganizationOutput = tree::create_organization;
    create_organizational_unit: CreateOrganizationalUnitInput -> CreateOrganizationalUnitOutput = tree::create_unit;
    create_policy: CreatePolicyInput -> CreatePolicyOutput = policies::create;
    delete_organization: DeleteOrganizationInput -> DeleteOrganizationOutput = tree::delete_organization;
    delete_organizational_unit: DeleteOrganizationalUnitInput -> DeleteOrganizationalUnitOutput = tree::delete_unit;
    delete_policy: DeletePolicyInput -> DeletePolicyOutput = policies::delete;
    deregister_delegated_administrator: DeregisterDelegatedAdministratorInput -> DeregisterDelegatedAdministratorOutput = access::deregister;
    describe_account: DescribeAccountInput -> DescribeAccountOutput = accounts::describe;
    describe_create_account_status: DescribeCreateAccountStatusInput -> DescribeCreateAccountStatusOutput = accounts::describe_creation;
    describe_organization: DescribeOrganizationInput -> DescribeOrganizationOutput = tree::describe_organization;
    describe_organizational_unit: DescribeOrganizationalUnitInput -> DescribeOrganizationalUnitOutput = tree::describe_unit;
    describe_policy: DescribePolicyInput -> DescribePolicyOutput = policies::describe;
    detach_policy: DetachPolicyInput -> DetachPolicyOutput = policies::detach;
    disable_aws_service_access: DisableAWSServiceAccessInput -> DisableAWSServiceAccessOutput = access::disable;
    disable_policy_type: DisablePolicyTypeInput -> DisablePolicyTypeOutput = policies::disable_type;
    enable_aws_service_access: EnableAWSServiceAccessInput -> EnableAWSServiceAccessOutput = access::enable;
    enable_policy_type: EnablePolicyTypeInput -> EnablePolicyTypeOutput = policies::enable_type;
    list_accounts: ListAccountsInput -> ListAccountsOutput = accounts::list;
    list_accounts_for_parent: ListAccountsForParentInput -> ListAccountsForParentOutput = accounts::list_for_parent;
    list_aws_service_access_for_organization: ListAWSServiceAccessForOrganizationInput -> ListAWSServiceAccessForOrganizationOutput = access::list;
    list_children: ListChildrenInput -> ListChildrenOutput = tree::list_children;
    list_create_account_status: ListCreateAccountStatusInput -> ListCreateAccountStatusOutput = accounts::list_creations;
    list_delegated_administrators: ListDelegatedAdministratorsInput -> ListDelegatedAdministratorsOutput = access::list_administrators;
    list_organizational_units_for_parent: ListOrganizationalUnitsForParentInput -> ListOrganizationalUnitsForParentOutput = tree::list_units;
    list_parents: ListParentsInput -> ListParentsOutput = tree::list_parents;
    list_policies: ListPoliciesInput -> ListPoliciesOutput = policies::list;
    list_policies_for_target: ListPoliciesForTargetInput -> ListPoliciesForTargetOutput = policies::list_for_target;
    list_roots: ListRootsInput -> ListRootsOutput = tree::list_roots;
    list_tags_for_resource: ListTagsForResourceInput -> ListTagsForResourceOutput = tags::list;
    list_targets_for_policy: ListTargetsForPolicyInput -> ListTargetsForPolicyOutput = policies::list_targets;
    move_account: MoveAccountInput -> MoveAccountOutput = accounts::relocate;
    register_delegated_administrator: RegisterDelegatedAdministratorInput -> RegisterDelegatedAdministratorOutput = access::register;
    remove_account_from_organization: RemoveAccountFromOrganizationInput -> RemoveAccountFromOrganizationOutput = accounts::remove;
    tag_resource: TagResourceInput -> TagResourceOutput = tags::tag;
    untag_resource: UntagResourceInput -> UntagResourceOutput = tags::untag;
    update_organizational_unit: UpdateOrganizationalUnitInput -> UpdateOrganizationalUnitOutput = tree::update_unit;
    update_policy: UpdatePolicyInput -> UpdatePolicyOutput = policies::update;
}

#[cfg(test)]
mod tests {
    use stackfleet_api::{Answer, Request};
    use stackfleet_base::Digest;

    use super::*;
    use crate::{call::Principal, options::WorldOptions};

    /// What must hold of an organization whatever was done to it.
    fn check(organization: &Organization) {
        let mut placed = BTreeMap::new();
        for (parent, children) in &organization.children {
            assert!(organization.is_parent(parent), "{parent} has children and is no parent");
            for child in children {
                assert!(placed.insert(child.clone(), parent.clone()).is_none(), "{child} is in two places");
            }
        }
        let units = organization.units.iter().map(|(id, unit)| (id.clone(), unit.parent.clone()));
        let accounts = organization.accounts.iter().map(|(id, member)| (id.to_string(), member.parent.clone()));
        assert_eq!(placed, units.chain(accounts).collect(), "children and parents are the same relation");
        for (node, policies) in &organization.attached {
            assert!(organization.is_target(node), "{node} has policies and is no target");
            assert!(
                policies.iter().all(|id| organization.policies.contains_key(id)),
                "{node} has a policy that is none"
            );
        }
        for account in organization.accounts.keys() {
            let path = organization.path(account);
            assert_eq!(path.first(), Some(&organization.root.as_str()));
            assert!(path.len() <= 7, "{path:?} is too deep");
        }
    }

    /// Numbers that follow from a seed.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 += 1;
            let bytes = Digest::of(self.0.to_be_bytes());
            let number = bytes.as_bytes().iter().take(4).fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte));
            number % sides.max(1)
        }

        fn pick(&mut self, from: &[String]) -> String {
            from.get(self.roll(from.len())).cloned().unwrap_or_default()
        }
    }

    fn step(world: &mut World, dice: &mut Dice) -> Result<Answer, stackfleet_api::Error> {
        let organization = world.organization.as_ref().unwrap();
        let parents: Vec<String> = organization.units.keys().cloned().chain([organization.root.clone()]).collect();
        let accounts: Vec<String> = organization.accounts.keys().map(ToString::to_string).collect();
        let targets: Vec<String> = parents.iter().chain(&accounts).cloned().collect();
        let policies: Vec<String> = organization.policies.keys().cloned().collect();
        let root_id = organization.root.clone();
        let number = dice.roll(40);
        let request = match dice.roll(12) {
            0 | 1 => api::Request::CreateAccount(api::CreateAccountInput {
                email: format!("a{number}@x.example"),
                account_name: "A".to_owned(),
                ..api::CreateAccountInput::default()
            }),
            2 | 3 => api::Request::CreateOrganizationalUnit(api::CreateOrganizationalUnitInput {
                parent_id: dice.pick(&parents),
                name: format!("U{number}"),
                tags: None,
            }),
            4 | 5 => api::Request::MoveAccount(api::MoveAccountInput {
                account_id: dice.pick(&accounts),
                source_parent_id: dice.pick(&parents),
                destination_parent_id: dice.pick(&parents),
            }),
            6 => api::Request::DeleteOrganizationalUnit(api::DeleteOrganizationalUnitInput {
                organizational_unit_id: dice.pick(&parents),
            }),
            7 => api::Request::CreatePolicy(api::CreatePolicyInput {
                content: r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#
                    .to_owned(),
                name: format!("P{number}"),
                type_: api::PolicyType::ServiceControlPolicy,
                ..api::CreatePolicyInput::default()
            }),
            8 => api::Request::AttachPolicy(api::AttachPolicyInput {
                policy_id: dice.pick(&policies),
                target_id: dice.pick(&targets),
            }),
            9 => api::Request::DetachPolicy(api::DetachPolicyInput {
                policy_id: dice.pick(&policies),
                target_id: dice.pick(&targets),
            }),
            10 => api::Request::CloseAccount(api::CloseAccountInput { account_id: dice.pick(&accounts) }),
            _ => api::Request::EnablePolicyType(api::EnablePolicyTypeInput {
                root_id,
                policy_type: api::PolicyType::ServiceControlPolicy,
            }),
        };
        let account = world.management.clone();
        let call = Call::outside(Principal::Root { account }, "us-east-1".parse().unwrap(), "r".into());
        world.advance(world.now + std::time::Duration::from_secs(30 * number as u64));
        world.call(&call, Request::Organizations(request))
    }

    #[test]
    fn whatever_is_done_the_tree_stays_a_tree() {
        for seed in 0..8 {
            let options = WorldOptions { organization: true, throttling: false, ..WorldOptions::default() };
            let mut world = World::new(seed, options);
            let mut dice = Dice(seed * 1_000_000);
            let mut done = 0;
            for _ in 0..150 {
                done += usize::from(step(&mut world, &mut dice).is_ok());
                check(world.organization.as_ref().unwrap());
            }
            assert!(done > 50, "seed {seed}: only {done} steps did something");
            let saved = world.save().unwrap();
            assert_eq!(World::load(&saved).unwrap().save().unwrap(), saved, "seed {seed}");
        }
    }
}
