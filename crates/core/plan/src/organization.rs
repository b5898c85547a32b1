//! Steps that make the organization as declared: units, accounts, tags, policies, trusted access.
//!
//! Nothing is removed: accounts, units and policies that the project does not name are left alone. A policy that the
//! project names is detached only from what the project says it is not attached to.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_organization::tree::ancestors;
use stackfleet_project::model::{Organization, PolicyFile, Project};

use crate::{
    code,
    draft::Draft,
    guard,
    observed::{Observed, ObservedOrganization},
    plan::{AccountRef, Action, Finding, PolicyTarget, Stage, StepId},
    population::{Member, Population, same_email},
};

/// What later steps wait for.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// The organization is there.
    pub(crate) organization: Option<StepId>,
    /// Trusted access for stack sets is on.
    pub(crate) access: Option<StepId>,
    units: BTreeMap<String, StepId>,
    accounts: BTreeMap<String, Vec<StepId>>,
    attached: BTreeMap<PolicyTarget, Vec<StepId>>,
}

impl Ready {
    /// Returns the steps after which an account is in its place and bound by its policies.
    pub(crate) fn account(&self, name: &str, unit: &str) -> Vec<StepId> {
        let mut steps: Vec<StepId> = self.accounts.get(name).into_iter().flatten().copied().collect();
        steps.extend(self.attached.get(&PolicyTarget::Root).into_iter().flatten());
        for path in ancestors(unit) {
            steps.extend(self.units.get(path));
            steps.extend(self.attached.get(&PolicyTarget::Unit(path.to_owned())).into_iter().flatten());
        }
        let own = self.attached.iter().filter(|(target, _)| is_account(target, name));
        steps.extend(own.flat_map(|(_, attached)| attached));
        steps
    }
}

fn is_account(target: &PolicyTarget, name: &str) -> bool {
    match target {
        PolicyTarget::Account(account) => account.name == name,
        PolicyTarget::Root | PolicyTarget::Unit(_) => false,
    }
}

/// Adds the steps.
pub(crate) fn plan(
    draft: &mut Draft,
    project: &Project,
    observed: &Observed,
    population: &Population,
    stack_sets_by_unit: bool,
) -> Ready {
    let mut ready = Ready::default();
    let seen = observed.organization.as_ref();
    if let Some(declared) = &project.organization {
        if seen.is_none() {
            let why = format!("account {} belongs to no organization", observed.caller.account);
            ready.organization =
                Some(draft.step(Stage::Organization, Action::CreateOrganization, Vec::new(), why, Vec::new()));
        }
        units(draft, &mut ready, declared, seen);
        accounts(draft, &mut ready, declared, seen, population);
        policies(draft, &mut ready, declared, seen, population);
    }
    let access = seen.map_or(Some(false), |seen| seen.stack_sets_access);
    if stack_sets_by_unit && access == Some(false) && (seen.is_some() || project.organization.is_some()) {
        let after = ready.organization.into_iter().collect();
        let why = "service-managed stack sets need CloudFormation's access to the organization";
        ready.access = Some(draft.step(Stage::Organization, Action::ActivateStackSetsAccess, after, why, Vec::new()));
    }
    ready
}

fn units(draft: &mut Draft, ready: &mut Ready, declared: &Organization, seen: Option<&ObservedOrganization>) {
    for unit in declared.all_units() {
        if seen.is_some_and(|seen| seen.units.contains_key(&unit.path)) {
            continue;
        }
        let parent = unit.path.rsplit_once('/').and_then(|(parent, _)| ready.units.get(parent).copied());
        let after = ready.organization.into_iter().chain(parent).collect();
        let action = Action::CreateUnit { path: unit.path.clone() };
        let why = format!("there is no unit {}", unit.path);
        let step = draft.step(Stage::Organization, action, after, why, Vec::new());
        ready.units.insert(unit.path.clone(), step);
    }
}

fn accounts(
    draft: &mut Draft,
    ready: &mut Ready,
    declared: &Organization,
    seen: Option<&ObservedOrganization>,
    population: &Population,
) {
    for account in declared.all_accounts() {
        let name = &account.name.value;
        let Some(member) = member(population, name) else { continue };
        let Some(found) = &member.seen else {
            if let Some(other) = namesake(population, name, &account.email.value) {
                let message = format!("account `{name}` exists with the e-mail address {other}");
                let place = format!("stackfleet.yaml: account {name}");
                let help = "write this address, or give the account another name";
                let finding = Finding::error(code::OTHER_EMAIL, message);
                draft.find(finding.at(place, Some(account.email.span)).help(help));
                continue;
            }
            create_account(draft, ready, account, seen);
            continue;
        };
        if found.name != *name {
            let message = format!("account `{name}` is called `{}` in AWS; its name stays", found.name);
            draft.find(
                Finding::note(code::OTHER_NAME, message)
                    .at(format!("stackfleet.yaml: account {name}"), Some(account.name.span)),
            );
        }
        if member.account.state != stackfleet_organization::State::Active {
            continue;
        }
        let mut steps = Vec::new();
        if found.unit != account.unit {
            let after = ready.units.get(&account.unit).copied().into_iter().collect();
            let (from, to) = (found.unit.clone(), account.unit.clone());
            let why = format!("{name} is in {}", unit_name(&from));
            let action = Action::MoveAccount { account: member.reference(), from, to };
            steps.push(draft.step(Stage::Organization, action, after, why, Vec::new()));
        }
        let tags: BTreeMap<String, String> = account
            .tags
            .iter()
            .filter(|(key, value)| found.tags.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !tags.is_empty() {
            let why = format!("tags of {name} differ: {}", tags.keys().cloned().collect::<Vec<_>>().join(", "));
            let action = Action::TagAccount { account: member.reference(), tags };
            steps.push(draft.step(Stage::Organization, action, Vec::new(), why, Vec::new()));
        }
        ready.accounts.insert(name.clone(), steps);
    }
    for stranger in &population.strangers {
        let message = format!("account `{}` is not in the project and is left alone", stranger.account.name);
        draft.find(Finding::note(code::STRANGER, message).help("add it to `organization.units` to manage it"));
    }
}

/// Returns a declared account; the management account may happen to have the same name.
fn member<'a>(population: &'a Population, name: &str) -> Option<&'a Member> {
    population.members.iter().find(|member| member.account.name == name && !member.account.management)
}

fn namesake(population: &Population, name: &str, email: &str) -> Option<String> {
    let strangers = population.strangers.iter().map(|member| &member.account);
    let mut same = strangers.filter(|account| account.name == name && !same_email(&account.email, email));
    same.next().map(|account| account.email.clone())
}

fn create_account(
    draft: &mut Draft,
    ready: &mut Ready,
    account: &stackfleet_project::model::Account,
    seen: Option<&ObservedOrganization>,
) {
    let name = &account.name.value;
    let creation = seen.and_then(|seen| seen.creations.get(name));
    if let Some(failure) = creation.and_then(|creation| creation.failure.as_ref()) {
        let message = format!("an earlier attempt to make account `{name}` failed: {failure}");
        draft.find(Finding::note(code::CREATION_FAILED, message));
    }
    let attach = creation.filter(|creation| creation.failure.is_none()).map(|creation| creation.id.clone());
    let why = match &attach {
        Some(_) => format!("{name} is being made"),
        None => format!("{name} is not in the organization"),
    };
    let tags = account.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let action = Action::CreateAccount { name: name.clone(), email: account.email.value.clone(), tags, attach };
    let after = ready.organization.into_iter().collect();
    let created = draft.step(Stage::Organization, action, after, why, Vec::new());
    let mut steps = vec![created];
    if !account.unit.is_empty() {
        let after = ready.units.get(&account.unit).copied().into_iter().chain([created]).collect();
        let reference = AccountRef { name: name.clone(), id: None };
        let action = Action::MoveAccount { account: reference, from: String::new(), to: account.unit.clone() };
        steps.push(draft.step(
            Stage::Organization,
            action,
            after,
            format!("{name} belongs to {}", account.unit),
            Vec::new(),
        ));
    }
    ready.accounts.insert(name.clone(), steps);
}

/// A policy that shall exist, and what it shall be attached to.
struct WantedPolicy<'a> {
    description: String,
    content: &'a str,
    targets: BTreeSet<PolicyTarget>,
}

fn policies(
    draft: &mut Draft,
    ready: &mut Ready,
    declared: &Organization,
    seen: Option<&ObservedOrganization>,
    population: &Population,
) {
    let guard = guard::policy(declared.regions.iter().map(|region| &region.value));
    let wanted = wanted_policies(declared, &guard, population);
    if wanted.is_empty() {
        return;
    }
    let mut first: Vec<StepId> = ready.organization.into_iter().collect();
    if !seen.is_some_and(|seen| seen.service_control_policies) {
        let why = "service control policies are off";
        let action = Action::EnableServiceControlPolicies;
        first = vec![draft.step(Stage::Organization, action, first, why, Vec::new())];
    }
    for (name, policy) in wanted {
        let found = seen.and_then(|seen| seen.policies.get(&name));
        let content = policy.content.to_owned();
        let mut ready_policy = first.clone();
        match found {
            None => {
                let action = Action::CreatePolicy { name: name.clone(), description: policy.description, content };
                let why = format!("there is no policy {name}");
                ready_policy = vec![draft.step(Stage::Organization, action, first.clone(), why, Vec::new())];
            }
            Some(found) if !guard::same_json(&found.content, &content) => {
                let action = Action::UpdatePolicy { name: name.clone(), content };
                let why = format!("the content of policy {name} differs");
                ready_policy = vec![draft.step(Stage::Organization, action, first.clone(), why, Vec::new())];
            }
            Some(_) => {}
        }
        let attached = found.map(|found| &found.targets);
        for target in &policy.targets {
            let id = target_id(target, seen);
            if id.is_some_and(|id| attached.is_some_and(|attached| attached.contains(id))) {
                continue;
            }
            let mut after = ready_policy.clone();
            match target {
                PolicyTarget::Root => {}
                PolicyTarget::Unit(path) => after.extend(ready.units.get(path)),
                PolicyTarget::Account(account) => after.extend(ready.accounts.get(&account.name).into_iter().flatten()),
            }
            let why = format!("policy {name} is not attached to {}", target_name(target));
            let action = Action::AttachPolicy { policy: name.clone(), target: target.clone() };
            let step = draft.step(Stage::Organization, action, after, why, Vec::new());
            ready.attached.entry(target.clone()).or_default().push(step);
        }
        for id in attached.into_iter().flatten() {
            let Some(target) = seen.and_then(|seen| target_of(id, seen, population)) else { continue };
            if policy.targets.contains(&target) {
                continue;
            }
            let why = format!("policy {name} shall not be attached to {}", target_name(&target));
            let action = Action::DetachPolicy { policy: name.clone(), target };
            draft.step(Stage::Organization, action, ready_policy.clone(), why, Vec::new());
        }
    }
}

fn wanted_policies<'a>(
    declared: &'a Organization,
    guard: &'a str,
    population: &Population,
) -> BTreeMap<String, WantedPolicy<'a>> {
    let mut wanted = BTreeMap::new();
    if !declared.regions.is_empty() {
        let targets = BTreeSet::from([PolicyTarget::Root]);
        let description = guard::DESCRIPTION.to_owned();
        wanted.insert(guard::NAME.to_owned(), WantedPolicy { description, content: guard, targets });
    }
    let mut add = |policy: &'a PolicyFile, target: PolicyTarget| {
        let entry = wanted.entry(policy.name.clone()).or_insert_with(|| WantedPolicy {
            description: format!("From {}.", policy.path.value),
            content: &policy.content,
            targets: BTreeSet::new(),
        });
        entry.targets.insert(target);
    };
    declared.policies.iter().for_each(|policy| add(policy, PolicyTarget::Root));
    for unit in declared.all_units() {
        unit.policies.iter().for_each(|policy| add(policy, PolicyTarget::Unit(unit.path.clone())));
    }
    for account in declared.all_accounts() {
        let Some(reference) = member(population, &account.name.value).map(Member::reference) else { continue };
        account.policies.iter().for_each(|policy| add(policy, PolicyTarget::Account(reference.clone())));
    }
    wanted
}

fn target_id<'a>(target: &'a PolicyTarget, seen: Option<&'a ObservedOrganization>) -> Option<&'a str> {
    match target {
        PolicyTarget::Root => seen.map(|seen| seen.root.as_str()),
        PolicyTarget::Unit(path) => seen?.units.get(path).map(|unit| unit.id.as_str()),
        PolicyTarget::Account(account) => account.id.as_ref().map(stackfleet_base::AccountId::as_str),
    }
}

fn target_of(id: &str, seen: &ObservedOrganization, population: &Population) -> Option<PolicyTarget> {
    if id == seen.root {
        return Some(PolicyTarget::Root);
    }
    if let Some((path, _)) = seen.units.iter().find(|(_, unit)| unit.id == id) {
        return Some(PolicyTarget::Unit(path.clone()));
    }
    // A stranger's attachment is left alone like the stranger.
    let member =
        population.members.iter().find(|member| member.account.id.as_ref().is_some_and(|own| own.as_str() == id));
    member.map(|member| PolicyTarget::Account(member.reference()))
}

fn target_name(target: &PolicyTarget) -> String {
    match target {
        PolicyTarget::Root => "the root".to_owned(),
        PolicyTarget::Unit(path) => format!("unit {path}"),
        PolicyTarget::Account(account) => format!("account {}", account.name),
    }
}

fn unit_name(path: &str) -> &str {
    if path.is_empty() { "the root" } else { path }
}
