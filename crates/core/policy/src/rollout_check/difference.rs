//! What changes for the execution roles of an organization when one of its policies becomes another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use stackfleet_base::AccountId;

use super::{Account, Paths, Role, RolloutCheck, RolloutCheckError, RolloutOrganization};
use crate::{
    Layers, Policy, PolicyKind, PolicySet, Principal, decide,
    difference::{Access, Affected, KnownAction, Side, Viewpoint, difference_for, left_to_account, statements},
};

/// A policy of an organization that becomes another.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'r> {
    /// Its name in the organization.
    pub name: &'r str,
    /// What it says before, whatever the organization's file has under the name.
    pub before: &'r Value,
    /// What it says after.
    pub after: &'r Value,
}

/// What a policy of an organization is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Attached to units as a service control policy.
    ServiceControl,
    /// Attached to units as a resource control policy.
    ResourceControl,
    /// A policy of execution roles.
    Identity,
    /// A permissions boundary of execution roles.
    Boundary,
}

/// Accounts whose roles meet the same policies.
type Alike<'o> = (Option<&'o str>, &'o str, &'o [String], Option<&'o str>);

impl RolloutOrganization {
    /// Returns the names of its policies.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.policies.iter().map(|(name, document)| (name.as_str(), document))
    }

    /// Returns what a policy is used for; nothing when it is attached nowhere.
    #[must_use]
    pub fn uses(&self, name: &str) -> Vec<Use> {
        let roles = || self.accounts.iter().filter_map(|account| account.execution_role.as_ref());
        let named = |names: &[String]| names.iter().any(|own| own == name);
        [
            (Use::ServiceControl, self.ous.values().any(|unit| named(&unit.scps))),
            (Use::ResourceControl, self.ous.values().any(|unit| named(&unit.rcps))),
            (Use::Identity, roles().any(|role| named(&role.identity_policies))),
            (Use::Boundary, roles().any(|role| role.boundary.as_deref() == Some(name))),
        ]
        .into_iter()
        .filter_map(|(of, is_used)| is_used.then_some(of))
        .collect()
    }

    /// Returns the units that a policy is attached to; for a policy of roles none.
    pub fn nodes(&self, name: &str) -> impl Iterator<Item = &str> {
        let attached = move |unit: &super::Unit| unit.scps.iter().chain(&unit.rcps).any(|own| own == name);
        self.ous.iter().filter(move |(_, unit)| attached(unit)).map(|(unit, _)| unit.as_str())
    }

    /// Returns the accounts whose roles a policy binds: those below its units, or whose roles have it.
    pub fn bound(&self, name: &str) -> impl Iterator<Item = &AccountId> {
        let nodes: Vec<&str> = self.nodes(name).collect();
        let below = move |account: &Account| {
            let mut unit = account.ou.as_deref();
            // No path is longer than there are units.
            for _ in 0..=self.ous.len() {
                match unit {
                    Some(name) if nodes.contains(&name) => return true,
                    Some(name) => unit = self.ous.get(name).and_then(|unit| unit.parent.as_deref()),
                    None => return false,
                }
            }
            false
        };
        let has = move |role: &Role| {
            role.identity_policies.iter().any(|own| own == name) || role.boundary.as_deref() == Some(name)
        };
        let exempt = self.management.as_ref();
        self.accounts
            .iter()
            .filter(move |account| {
                exempt != Some(&account.id) && below(account) || account.execution_role.as_ref().is_some_and(has)
            })
            .map(|account| &account.id)
    }

    /// Tells for which execution roles something changes when a policy becomes another, and what. Accounts whose roles
    /// meet the same policies are asked once, for resources of their own account.
    ///
    /// # Errors
    /// When a policy is malformed, or one that is used is not there.
    pub fn difference(
        &self,
        replacement: Replacement<'_>,
        actions: &[KnownAction],
    ) -> Result<Vec<Affected<AccountId>>, RolloutCheckError> {
        let with = |document: &Value| {
            let mut changed = self.clone();
            changed.policies.insert(replacement.name.to_owned(), document.clone());
            changed
        };
        let (old, new) = (with(replacement.before), with(replacement.after));
        let (before, after) = (RolloutCheck::new(&old)?, RolloutCheck::new(&new)?);
        let mut alike: BTreeMap<Alike<'_>, Vec<&Account>> = BTreeMap::new();
        let bound: BTreeSet<&AccountId> = self.bound(replacement.name).collect();
        for account in self.accounts.iter().filter(|account| bound.contains(&account.id)) {
            let Some(role) = &account.execution_role else { continue };
            let key =
                (account.ou.as_deref(), role.name.as_str(), &role.identity_policies[..], role.boundary.as_deref());
            alike.entry(key).or_default().push(account);
        }
        let mut affected: Vec<Affected<AccountId>> = Vec::new();
        for accounts in alike.values() {
            let Some((account, role)) =
                accounts.first().and_then(|account| Some((*account, account.execution_role.as_ref()?)))
            else {
                continue;
            };
            let found = compare((&before, &after), account, role, actions)?;
            let ids = accounts.iter().map(|account| account.id.clone());
            if found.difference.changes.is_empty() {
                continue;
            }
            match affected.iter_mut().find(|known| known.says_the_same(&found)) {
                Some(known) => known.accounts.extend(ids),
                None => affected.push(Affected { accounts: ids.collect(), ..found }),
            }
        }
        affected.iter_mut().for_each(|affected| affected.accounts.sort());
        Ok(affected)
    }
}

/// What bears on the calls of an execution role.
struct Own<'c> {
    identity: PolicySet,
    boundary: Option<PolicySet>,
    paths: &'c Paths,
}

impl<'c> Own<'c> {
    fn of(check: &'c RolloutCheck<'_>, account: &Account, role: &Role) -> Result<Self, RolloutCheckError> {
        let id = account.id.as_str();
        let read = |kind, name: &String| check.role_policy(kind, name, id);
        let identity: Vec<Arc<Policy>> =
            role.identity_policies.iter().map(|name| read(PolicyKind::Identity, name)).collect::<Result<_, _>>()?;
        let boundary = role.boundary.as_ref().map(|name| read(PolicyKind::Boundary, name)).transpose()?;
        Ok(Self {
            identity: PolicySet::new(identity),
            boundary: boundary.map(|policy| PolicySet::new(vec![policy])),
            paths: check.paths_of(account.ou.as_ref())?,
        })
    }

    fn layers<'l>(&'l self, check: &'l RolloutCheck<'_>, resource: &'l PolicySet) -> Layers<'l> {
        Layers {
            identity: Some(&self.identity),
            boundary: self.boundary.as_ref(),
            session: None,
            resource: Some(resource),
            scps: Some(&self.paths.scps),
            rcps: Some(&self.paths.rcps),
            management: check.organization.management.as_ref(),
        }
    }
}

fn compare(
    (before, after): (&RolloutCheck<'_>, &RolloutCheck<'_>),
    account: &Account,
    role: &Role,
    actions: &[KnownAction],
) -> Result<Affected<AccountId>, RolloutCheckError> {
    let principal = Principal::role_session(&format!("arn:aws:iam::{}:role/{}", account.id, role.name), "stackset")?;
    let (old, new) = (Own::of(before, account, role)?, Own::of(after, account, role)?);
    let resource = left_to_account(&account.id);
    let (old, new) = (old.layers(before, &resource), new.layers(after, &resource));
    // Regions are a rollout's choice; all else of its calls is known.
    let (mut context, _) = before.contexts(&principal, account.ou.is_some());
    context.remove("aws:RequestedRegion").remove("iam:PassedToService");
    let viewpoint = Viewpoint {
        before: statements(&principal, &account.id, &old),
        after: statements(&principal, &account.id, &new),
        principal: Some(&principal),
        context: context.clone(),
        absent: Vec::new(),
        owner: Some(&account.id),
    };
    let actions: Vec<KnownAction> = actions.iter().map(|action| action.in_account(&account.id)).collect();
    let difference = difference_for(&viewpoint, &actions, |request, side| {
        let layers = if side == Side::Before { &old } else { &new };
        if decide(request, layers).is_allowed() { Access::Allowed } else { Access::Refused }
    });
    Ok(Affected { who: role.name.clone(), accounts: vec![account.id.clone()], difference })
}
