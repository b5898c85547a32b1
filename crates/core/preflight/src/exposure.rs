//! For whom something changes when a policy of the organization becomes another, all other policies considered.
//!
//! Callers are, in each account that the policy binds, the roles that the project's stacks make there, and the role
//! that administers it ([`ADMINISTRATOR`]), for which only the organization's policies say no. Accounts in which the same
//! policies and the same roles are found are asked once. Resources are those of the account itself.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::AccountId;
use stackfleet_organization::tree::{Node, ancestors};
use stackfleet_plan::{
    Action, Observed, Plan, WantedStack,
    plan::{AccountRef, PlannedStep, Stage, StepId},
    wanted,
};
use stackfleet_policy::{
    Context, Layers, Principal, Request,
    difference::{Access, Affected, KnownAction, Side, Viewpoint, difference_for, left_to_account, statements},
};

use crate::{
    Input,
    access::ADMINISTRATOR,
    judge::{ABSENT, Ask, Caller, Verdict, describe_tags},
    roles::{Boundary, Made, made_in},
    world::World,
};

/// A policy of the organization that becomes another.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'r> {
    /// Its name in the organization.
    pub name: &'r str,
    /// Whether it is a resource control policy, not a service control policy.
    pub is_resource_control: bool,
    /// What it says before, whatever it says today.
    pub before: &'r str,
    /// What it says after.
    pub after: &'r str,
}

/// What a replacement does.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// The nodes of the organization that the policy is attached to.
    pub nodes: Vec<String>,
    /// The accounts that it binds.
    pub bound: Vec<AccountRef>,
    /// For whom something changes.
    pub affected: Vec<Affected<AccountRef>>,
}

/// Returns the names of the organization's policies with what they say, once everything in the plan is done: service
/// control policies, then resource control policies, with `true`.
#[must_use]
pub fn policies(input: &Input<'_>) -> Vec<(String, bool, String)> {
    let seen = input.observed.organization.as_ref();
    let of = |policies: &BTreeMap<String, _>, is_resource_control: bool| {
        policies
            .iter()
            .map(|(name, policy): (&String, &stackfleet_plan::observed::ObservedPolicy)| {
                (name.clone(), (is_resource_control, policy.content.clone()))
            })
            .collect::<BTreeMap<_, _>>()
    };
    let mut found = seen.map(|seen| of(&seen.resource_control_policies, true)).unwrap_or_default();
    found.extend(seen.map(|seen| of(&seen.policies, false)).unwrap_or_default());
    for step in &input.plan.steps {
        if let Action::CreatePolicy { name, content, .. } | Action::UpdatePolicy { name, content } = &step.action {
            found.insert(name.clone(), (false, content.clone()));
        }
    }
    found.into_iter().map(|(name, (is_resource_control, content))| (name, is_resource_control, content)).collect()
}

/// Tells for whom what changes of these actions.
#[must_use]
pub fn exposure(input: &Input<'_>, replacement: &Replacement<'_>, actions: &[KnownAction]) -> Exposure {
    let wanted = wanted(input.project, input.artifacts, input.observed);
    let (old, new) = (replaced(input, replacement, Side::Before), replaced(input, replacement, Side::After));
    let mut before = world(input, &old, &wanted);
    let mut after = world(input, &new, &wanted);
    let controls = if replacement.is_resource_control { &before.rcps } else { &before.scps };
    let nodes: BTreeSet<Node> = controls.attached(replacement.name).cloned().collect();
    let accounts = accounts(&before);
    let bound: Vec<&(AccountRef, String)> =
        accounts.iter().filter(|(account, unit)| binds(&nodes, account, unit, &before)).collect();
    let mut alike: BTreeMap<Vec<usize>, Vec<&AccountRef>> = BTreeMap::new();
    for (account, unit) in &bound {
        let paths = [before.scps.path_of(account, unit), before.rcps.path_of(account, unit)];
        // The paths of both worlds have the same nodes, and are asked for in the same order: their numbers agree.
        let again = [after.scps.path_of(account, unit), after.rcps.path_of(account, unit)];
        assert!(paths == again, "BUG: a policy's text changed where policies are attached");
        alike.entry(paths.into_iter().chain(variants(&before, account)).collect()).or_default().push(account);
    }
    let mut affected: Vec<Affected<AccountRef>> = Vec::new();
    for (key, accounts) in alike {
        let (Some(first), [scps, rcps, ..]) = (accounts.first(), &key[..]) else { continue };
        for found in callers(&before, &after, first, (*scps, *rcps), actions) {
            let accounts = accounts.iter().map(|account| (*account).clone());
            match affected.iter_mut().find(|known| known.says_the_same(&found)) {
                Some(known) => known.accounts.extend(accounts),
                None => affected.push(Affected { accounts: accounts.collect(), ..found }),
            }
        }
    }
    affected.iter_mut().for_each(|affected| affected.accounts.sort());
    let nodes = nodes.iter().map(|node| crate::controls::place(node, input.plan)).collect();
    Exposure { nodes, bound: bound.into_iter().map(|(account, _)| account.clone()).collect(), affected }
}

/// The plan and what was seen, as they were if the policy said this.
fn replaced(input: &Input<'_>, replacement: &Replacement<'_>, side: Side) -> (Plan, Observed) {
    let (mut plan, mut observed) = (input.plan.clone(), input.observed.clone());
    let texts = match side {
        Side::Before => [replacement.after, replacement.before],
        Side::After => [replacement.before, replacement.after],
    };
    // Both texts are looked at for the numbers of accounts; the last one counts.
    for content in texts {
        let name = replacement.name.to_owned();
        let action = Action::UpdatePolicy { name, content: content.to_owned() };
        plan.steps.push(PlannedStep {
            id: StepId(u32::MAX),
            action,
            after: Vec::new(),
            why: String::new(),
            cells: Vec::new(),
            stage: Stage::Organization,
        });
    }
    let seen = observed.organization.as_mut().filter(|_| replacement.is_resource_control);
    if let Some(policy) = seen.and_then(|seen| seen.resource_control_policies.get_mut(replacement.name))
        && let [_, content] = texts
    {
        policy.content = content.to_owned();
    }
    (plan, observed)
}

fn world<'w>(input: &Input<'w>, (plan, observed): &'w (Plan, Observed), wanted: &'w [WantedStack]) -> World<'w> {
    World::new(&Input { plan, observed, ..*input }, wanted)
}

/// Returns the accounts that are there or will be, with their units.
fn accounts(world: &World<'_>) -> Vec<(AccountRef, String)> {
    let seen = world.observed.organization.iter().flat_map(|organization| &organization.accounts);
    let mut accounts: Vec<(AccountRef, String)> = seen
        .map(|(id, account)| (AccountRef { name: account.name.clone(), id: Some(id.clone()) }, account.unit.clone()))
        .collect();
    for declared in world.project.organization.iter().flat_map(|organization| organization.all_accounts()) {
        if !accounts.iter().any(|(account, _)| account.name == declared.name.value) {
            accounts.push((AccountRef { name: declared.name.value.clone(), id: None }, declared.unit.clone()));
        }
    }
    accounts
}

fn binds(nodes: &BTreeSet<Node>, account: &AccountRef, unit: &str, world: &World<'_>) -> bool {
    let own = account.id.as_ref().map_or_else(|| account.name.clone(), ToString::to_string);
    let mut above = std::iter::once(Node::Root).chain(ancestors(unit).map(|path| Node::Unit(path.to_owned())));
    account.id.as_ref() != Some(&world.management)
        && (above.any(|node| nodes.contains(&node)) || nodes.contains(&Node::Account(own)))
}

/// Returns what every stack is like in an account.
fn variants(world: &World<'_>, account: &AccountRef) -> Vec<usize> {
    let id = world.survey.id(account);
    let mut found = Vec::new();
    for (index, stack) in world.survey.stacks.iter().enumerate() {
        for cell in stack.cells.iter().filter(|cell| cell.account == id) {
            found.extend([index, cell.variant]);
        }
    }
    found
}

/// Compares for every caller of an account.
fn callers(
    before: &World<'_>,
    after: &World<'_>,
    account: &AccountRef,
    paths: (usize, usize),
    actions: &[KnownAction],
) -> Vec<Affected<AccountRef>> {
    let id = before.survey.id(account);
    let mut found = Vec::new();
    let made: Vec<Option<Made>> =
        std::iter::once(None).chain(made_in(&before.survey, &id).into_iter().map(Some)).collect();
    for made in &made {
        let (name, owner) = match made {
            Some(made) => (made.name.as_str(), &made.id),
            None => (ADMINISTRATOR, &id),
        };
        let path = made.as_ref().map_or_else(|| format!("/{name}"), |made| made.role.path_and_name.clone());
        let arn = format!("arn:{}:iam::{owner}:role{path}", before.observed.home.partition().as_str());
        let Ok(principal) = Principal::role_session(&arn, "session") else { continue };
        let role = made.as_ref().map(|made| &made.role);
        let caller = Caller {
            principal,
            identity: role.map_or_else(|| before.judge.anything(), |role| &role.identity),
            open: role.and_then(|role| role.open.as_deref()),
            boundary: role.and_then(|role| role.boundary.as_ref()),
        };
        let difference = Comparison { before, after, paths, caller, owner, made: made.as_ref() }.run(actions);
        if !difference.changes.is_empty() {
            found.push(Affected { who: name.to_owned(), accounts: Vec::new(), difference });
        }
    }
    found
}

/// One caller in both worlds.
struct Comparison<'c, 'w> {
    before: &'c World<'w>,
    after: &'c World<'w>,
    paths: (usize, usize),
    caller: Caller<'c>,
    owner: &'c AccountId,
    made: Option<&'c Made>,
}

impl<'c> Comparison<'c, '_> {
    /// Returns the organization's policies that bear on the caller in one of the worlds.
    fn layers(&self, world: &'c World<'_>) -> Layers<'c> {
        let (scps, rcps) = self.paths;
        Layers {
            scps: world.scps.path(scps),
            rcps: world.rcps.path(rcps),
            management: Some(&self.before.management),
            ..Layers::default()
        }
    }

    fn run(&self, actions: &[KnownAction]) -> stackfleet_policy::difference::Difference<Access> {
        let resource = left_to_account(self.owner);
        let boundary = match self.caller.boundary {
            Some(Boundary::Known(set)) => Some(set),
            Some(Boundary::Unknown(_)) | None => None,
        };
        let (old, new) = (self.layers(self.before), self.layers(self.after));
        let own = Layers { identity: Some(self.caller.identity), boundary, ..Layers::default() };
        let principal = &self.caller.principal;
        let of = |layers: &Layers<'c>| {
            let all = Layers { identity: own.identity, boundary: own.boundary, ..*layers };
            statements(principal, self.owner, &all)
        };
        let (before, after) = (of(&old), of(&new));
        let mut absent: Vec<String> = ABSENT.iter().map(|key| (*key).to_owned()).collect();
        let context = self.context(before.iter().chain(&after).flat_map(|statement| statement.keys()), &mut absent);
        let viewpoint =
            Viewpoint { before, after, principal: Some(principal), context, absent, owner: Some(self.owner) };
        let actions: Vec<KnownAction> = actions.iter().map(|action| action.in_account(self.owner)).collect();
        difference_for(&viewpoint, &actions, |request: &Request<'_>, side| {
            let ask = Ask {
                action: request.action,
                on: request.resource,
                owner: request.resource_account,
                resource: Some(&resource),
                context: request.context,
            };
            let layers = if side == Side::Before { &old } else { &new };
            match self.before.judge.verdict(&self.caller, &ask, layers) {
                Verdict::Allowed => Access::Allowed,
                Verdict::Refused(_) => Access::Refused,
                Verdict::Open(_) => Access::Open,
            }
        })
    }

    /// What is known of every request of the caller. Tags of roles that stacks make are known, also those that are not
    /// there.
    fn context<'k>(&self, keys: impl Iterator<Item = &'k str>, absent: &mut Vec<String>) -> Context {
        let mut context = Context::new();
        self.caller.principal.describe(&mut context);
        context.set("aws:PrincipalIsAWSService", "false").set("aws:ResourceAccount", self.owner.as_str());
        match &self.before.organization {
            Some(organization) => {
                context.set("aws:PrincipalOrgID", organization.as_str());
                context.set("aws:ResourceOrgID", organization.as_str());
            }
            None => absent.extend(["aws:PrincipalOrgID".to_owned(), "aws:ResourceOrgID".to_owned()]),
        }
        if let Some(made) = self.made {
            describe_tags(&made.role.tags, &mut context);
            let is_tag = |key: &&str| key.to_ascii_lowercase().starts_with("aws:principaltag/");
            absent.extend(keys.filter(is_tag).filter(|key| context.values(key).is_empty()).map(str::to_owned));
        }
        context
    }
}
