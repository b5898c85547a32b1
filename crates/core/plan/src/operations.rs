//! Steps for stack sets: made, updated, and brought to their cells wave by wave.
//!
//! Within a wave the stacks of an app go in order; the next wave begins when all of them are done. An UpdateStackSet
//! makes every instance outdated and works on its own targets only, and every pair of these must exist; so a changed
//! definition is one UpdateStackSet on existing cells of the first wave that has any, and CreateStackInstances for all
//! others: it makes what is missing and retries what is outdated (CloudFormation API Reference).

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{Digest, Region};
use stackfleet_project::model::Amount;

use crate::{
    artifacts::Artifacts,
    code,
    deployment::{AppWants, Deployment, WantedCell, stack_place},
    draft::Draft,
    groundwork,
    observed::{Observed, PermissionModel},
    organization,
    plan::{
        AccountRef, Action, CellId, CellState, Change, Finding, PlannedCell, Preferences, Share, Stage, StepId,
        Targets, placeholder,
    },
    population::Population,
    reach::{self, Spot},
    standing::{self, CellStanding, SetStanding},
};

/// What planning operations needs beside the app.
pub(crate) struct Context<'a> {
    pub(crate) observed: &'a Observed,
    pub(crate) population: &'a Population,
    pub(crate) artifacts: &'a Artifacts,
    pub(crate) organization: &'a organization::Ready,
    pub(crate) groundwork: &'a groundwork::Ready,
    /// Only what is missing, failed or outdated, all at once and whatever fails.
    pub(crate) repair: bool,
    /// Of these, only what failed.
    pub(crate) only_failed: bool,
}

/// A stack set while its steps are planned.
struct SetWork<'a> {
    deployment: &'a Deployment<'a>,
    standing: SetStanding<'a>,
    cells: Vec<Work<'a>>,
    /// Steps that every operation on the set waits for.
    ready: Vec<StepId>,
    /// Steps that follow operations under way, by the wave of their first cell.
    followed: Vec<(u32, StepId)>,
    /// Units that are wholly wanted.
    covered: BTreeSet<String>,
    /// Whether the definition has yet to be replaced.
    update: bool,
    /// Cells that the replacement brings to the new definition.
    updated: BTreeSet<CellId>,
    /// Whether nothing may be done to it.
    barred: bool,
}

struct Work<'a> {
    id: CellId,
    wanted: &'a WantedCell,
    standing: CellStanding,
}

/// Adds the cells and steps of an app.
pub(crate) fn plan(draft: &mut Draft, wants: &AppWants<'_>, context: &Context<'_>) {
    let mut sets: Vec<SetWork<'_>> =
        wants.deployments.iter().map(|deployment| set_work(draft, deployment, context)).collect();
    for set in &mut sets {
        prepare(draft, set, wants, context);
    }
    let waves = if context.repair { 1 } else { wants.waves.len() };
    let mut gate: Vec<StepId> = Vec::new();
    for wave in 0..waves {
        let wave = u32::try_from(wave).unwrap_or(u32::MAX);
        for set in &mut sets {
            let steps = wave_steps(draft, set, wants, wave, &gate, context);
            // What is under way did not wait for the gate, so it does not stand for what it should have waited for.
            let passed_gate = set.followed.iter().all(|(_, step)| !steps.contains(step));
            if passed_gate && !steps.is_empty() {
                gate.clear();
            }
            gate.extend(steps);
        }
    }
}

fn set_work<'a>(draft: &mut Draft, deployment: &'a Deployment<'a>, context: &Context<'a>) -> SetWork<'a> {
    let seen = context.observed.stack_sets.get(&deployment.set);
    let standing = standing::set(deployment, seen);
    let mut barred = false;
    let place = stack_place(deployment.app, deployment.stack);
    if let Some(seen) = seen {
        barred = bar(draft, deployment, &standing, seen, &place);
    }
    let accounts: BTreeSet<&AccountRef> = deployment.cells.iter().map(|cell| &cell.account).collect();
    let covered = reach::covered_units(context.population, &accounts);
    let cells = deployment.cells.iter().map(|wanted| {
        let mut found = standing::cell(&standing, wanted);
        if barred {
            found.change = Change::None;
            found.reason = Some(format!("stack set {} is not ours to change", deployment.set));
        } else if context.only_failed && found.state != CellState::Failed {
            found.change = Change::None;
        } else if context.repair && wanted.account.id.is_none() {
            found.change = Change::None;
            found.reason = Some("the account does not exist yet".to_owned());
            let message = format!("account `{}` does not exist yet and cannot be repaired", wanted.account.name);
            draft.find(Finding::note(code::NO_ACCOUNT_YET, message).help("stackfleet deploy").cells(1));
        }
        let id = draft.cell(PlannedCell {
            app: deployment.app.name.value.clone(),
            stack: deployment.stack.name.value.clone(),
            set: deployment.set.clone(),
            account: wanted.account.clone(),
            unit: wanted.unit.clone(),
            region: wanted.region.clone(),
            wave: wanted.wave,
            state: found.state,
            reason: found.reason.clone(),
            change: found.change,
        });
        Work { id, wanted, standing: found }
    });
    let cells: Vec<Work<'_>> = cells.collect();
    let update = !standing.differs.is_empty();
    SetWork {
        deployment,
        standing,
        cells,
        ready: Vec::new(),
        followed: Vec::new(),
        covered,
        update,
        updated: BTreeSet::new(),
        barred,
    }
}

/// Tells whether a set must be left alone, and says why.
fn bar(
    draft: &mut Draft,
    deployment: &Deployment<'_>,
    standing: &SetStanding<'_>,
    seen: &crate::observed::ObservedStackSet,
    place: &str,
) -> bool {
    let span = Some(deployment.stack.name.span);
    if standing.seen.is_none() {
        let message = format!("there is a stack set `{}` that stackfleet did not make", deployment.set);
        let help = "rename the app or the stack; or, to hand the set over, give it the tags stackfleet:app and stackfleet:stack";
        draft.find(Finding::error(code::FOREIGN_SET, message).at(place, span).help(help).cells(deployment.cells.len()));
        return true;
    }
    let same_kind =
        matches!(seen.definition.model, PermissionModel::ServiceManaged { .. }) == deployment.is_service_managed();
    if !same_kind && !seen.instances.is_empty() {
        let message = format!("stack set `{}` has instances, so its permission model cannot change", deployment.set);
        let help = "rename the stack: the new set takes over once the old one is pruned";
        draft.find(Finding::error(code::MODEL_DIFFERS, message).at(place, span).help(help).cells(seen.instances.len()));
        return true;
    }
    let wanted: BTreeSet<(&str, &Region)> =
        deployment.cells.iter().filter_map(|cell| Some((cell.account.id.as_ref()?.as_str(), &cell.region))).collect();
    let surplus = seen.instances.keys().filter(|cell| !wanted.contains(&(cell.account.as_str(), &cell.region))).count();
    if surplus > 0 {
        let message =
            format!("stack set `{}` has {surplus} instances outside the targets; they are left alone", deployment.set);
        draft.find(Finding::note(code::SURPLUS, message).at(place, span).help("stackfleet prune").cells(surplus));
    }
    let inoperable =
        seen.instances.values().filter(|found| found.status == crate::observed::InstanceStatus::Inoperable).count();
    if inoperable > 0 {
        let message =
            format!("{inoperable} instances of stack set `{}` are inoperable: a deletion failed", deployment.set);
        let help = "delete these instances with RetainStacks, remove what is left of their stacks, then deploy";
        draft.find(Finding::note(code::INOPERABLE, message).at(place, span).help(help).cells(inoperable));
    }
    false
}

/// Adds what comes before any operation on a set: following what is under way, making the set, automatic deployment.
fn prepare(draft: &mut Draft, set: &mut SetWork<'_>, wants: &AppWants<'_>, context: &Context<'_>) {
    let touched = set.cells.iter().any(|cell| cell.standing.change != Change::None);
    if set.barred || set.cells.is_empty() {
        return;
    }
    let deployment = set.deployment;
    let Some(seen) = set.standing.seen else {
        if touched {
            create_set(draft, set, wants, context);
        }
        return;
    };
    for operation in &seen.running {
        let of_this = |cell: &&Work<'_>| cell.standing.follows.as_ref() == Some(&operation.id);
        let cells: Vec<&Work<'_>> = set.cells.iter().filter(of_this).collect();
        let wave = cells.iter().map(|cell| cell.wanted.wave).min().unwrap_or(0);
        let ids: Vec<CellId> =
            cells.iter().filter(|cell| cell.standing.change == Change::Follow).map(|cell| cell.id).collect();
        let action = Action::FollowOperation { set: deployment.set.clone(), operation: operation.id.clone() };
        let why = format!("a {} of {} is under way", operation.action.to_lowercase(), deployment.set);
        let stage = stage(deployment, wants, wave, context);
        let step = draft.step(stage, action, set.ready.clone(), why, ids);
        set.followed.push((if context.repair { 0 } else { wave }, step));
    }
    set.ready.extend(set.followed.iter().map(|(_, step)| *step));
    if let (
        PermissionModel::ServiceManaged { auto_deploy, retain },
        PermissionModel::ServiceManaged { auto_deploy: seen_deploy, retain: seen_retain },
    ) = (&deployment.definition.model, &seen.definition.model)
        && !context.repair
        && (auto_deploy != seen_deploy || (*auto_deploy && retain != seen_retain))
    {
        let (enabled, retain) = (*auto_deploy, *retain);
        let operation = operation_id(set, &("auto-deployment", enabled, retain));
        let action = Action::SetAutoDeployment { set: deployment.set.clone(), enabled, retain, operation };
        let why = format!("new accounts shall {}follow", if enabled { "" } else { "not " });
        let step = draft.step(stage(deployment, wants, 0, context), action, set.ready.clone(), why, Vec::new());
        set.ready.push(step);
    }
}

fn create_set(draft: &mut Draft, set: &mut SetWork<'_>, wants: &AppWants<'_>, context: &Context<'_>) {
    let deployment = set.deployment;
    let mut after: Vec<StepId> = context.organization.organization.into_iter().collect();
    if deployment.is_service_managed() {
        after.extend(context.organization.access);
    } else {
        after.extend(context.groundwork.administration_role);
    }
    after.extend(context.groundwork.home_bucket.filter(|_| deployment.goes_by_bucket()));
    let values = || deployment.definition.parameters.values().flatten();
    for cell in &deployment.cells {
        let id = placeholder::account(&cell.account.name);
        if cell.account.id.is_none() && values().any(|value| value.contains(&id)) {
            after.extend(context.organization.account(&cell.account.name, &cell.unit));
        }
    }
    let definition = Box::new(deployment.definition.clone());
    let action = Action::CreateStackSet { set: deployment.set.clone(), definition };
    let why = format!("there is no stack set {}", deployment.set);
    let step = draft.step(stage(deployment, wants, 0, context), action, after, why, Vec::new());
    set.ready.push(step);
}

fn stage(deployment: &Deployment<'_>, wants: &AppWants<'_>, wave: u32, context: &Context<'_>) -> Stage {
    let index = usize::try_from(wave).unwrap_or(usize::MAX);
    let name = if context.repair { "repair" } else { wants.waves.get(index).map_or("all", String::as_str) };
    let (app, stack) = (deployment.app.name.value.clone(), deployment.stack.name.value.clone());
    Stage::Wave { app, stack, wave, name: name.to_owned() }
}

/// What cells have in common that one operation serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// Whether the instances exist with other values than wanted.
    revalue: bool,
    overrides: BTreeMap<String, String>,
}

/// Adds the operations of a wave on a set; returns the steps that the next stack or wave waits for.
fn wave_steps(
    draft: &mut Draft,
    set: &mut SetWork<'_>,
    wants: &AppWants<'_>,
    wave: u32,
    gate: &[StepId],
    context: &Context<'_>,
) -> Vec<StepId> {
    let mut steps: Vec<StepId> = set.followed.iter().filter(|(of, _)| *of == wave).map(|(_, step)| *step).collect();
    let in_wave = |cell: &&Work<'_>| context.repair || cell.wanted.wave == wave;
    let to_change = |cell: &&Work<'_>| matches!(cell.standing.change, Change::Create | Change::Update);
    let cells: Vec<usize> = set
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| in_wave(cell) && to_change(cell))
        .map(|(index, _)| index)
        .collect();
    if cells.is_empty() {
        return steps;
    }
    if set.update {
        let (step, covered) = update_step(draft, set, wants, wave, gate, context);
        set.update = false;
        // Creations in this wave come after it: they must use the replaced definition.
        set.ready.extend(step);
        steps.extend(step);
        set.updated = covered;
    }
    let mut groups: BTreeMap<Group, Vec<&Work<'_>>> = BTreeMap::new();
    for cell in cells.iter().filter_map(|index| set.cells.get(*index)) {
        if set.updated.contains(&cell.id) && !cell.standing.overrides_differ {
            continue;
        }
        let revalue = cell.standing.overrides_differ;
        let group = Group { revalue, overrides: cell.wanted.overrides.clone() };
        groups.entry(group).or_default().push(cell);
    }
    let groups: Vec<(Group, Vec<&Work<'_>>)> = groups.into_iter().collect();
    for (group, cells) in &groups {
        for (targets, ids) in targets(set, cells, context) {
            let preferences = preferences(set.deployment, &targets, context);
            let (name, overrides) = (set.deployment.set.clone(), group.overrides.clone());
            let operation = operation_id(set, &(group.revalue, &targets, &overrides, &preferences));
            let why = why(cells, group.revalue);
            let action = if group.revalue {
                Action::UpdateInstances { set: name, targets, overrides, preferences, operation }
            } else {
                Action::CreateInstances { set: name, targets, overrides, preferences, operation }
            };
            let after = prerequisites(set, &ids, gate, context);
            steps.push(draft.step(stage(set.deployment, wants, wave, context), action, after, why, ids));
        }
    }
    steps
}

fn why(cells: &[&Work<'_>], revalue: bool) -> String {
    let count = |wanted: CellState| cells.iter().filter(|cell| cell.standing.state == wanted).count();
    let (missing, failed) = (count(CellState::Missing), count(CellState::Failed));
    if revalue {
        return format!("{} cells have other parameter values", cells.len());
    }
    let outdated = cells.len() - missing - failed;
    let parts = [(missing, "missing"), (failed, "failed"), (outdated, "outdated")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!("{} cells", parts.join(", "))
}

/// Adds the step that replaces a set's definition; returns it with the cells it brings to the new one.
fn update_step(
    draft: &mut Draft,
    set: &SetWork<'_>,
    wants: &AppWants<'_>,
    wave: u32,
    gate: &[StepId],
    context: &Context<'_>,
) -> (Option<StepId>, BTreeSet<CellId>) {
    let existing: Vec<&Work<'_>> = set
        .cells
        .iter()
        .filter(|cell| cell.standing.exists && matches!(cell.standing.change, Change::Create | Change::Update))
        .collect();
    let first_wave = existing.iter().map(|cell| cell.wanted.wave).min();
    let mut chosen: Vec<&Work<'_>> = existing.into_iter().filter(|cell| Some(cell.wanted.wave) == first_wave).collect();
    if !context.repair && first_wave.is_some_and(|first| first > wave) {
        // This wave has cells to make and none to update, but the definition must be replaced before they are made, and
        // that takes an existing cell: one of a later wave goes first, alone.
        chosen.truncate(1);
    }
    let deployment = set.deployment;
    let any_instance = set.standing.seen.is_some_and(|seen| !seen.instances.is_empty());
    if chosen.is_empty() && any_instance {
        let message = format!(
            "the definition of stack set `{}` cannot be replaced without touching instances outside the targets",
            deployment.set
        );
        let place = stack_place(deployment.app, deployment.stack);
        draft.find(Finding::error(code::NOTHING_EXISTING, message).at(place, Some(deployment.stack.name.span)));
        return (None, BTreeSet::new());
    }
    let largest = targets(set, &chosen, context).into_iter().max_by_key(|(_, ids)| ids.len());
    let (targets, ids) =
        largest.unwrap_or_else(|| (Targets { accounts: Vec::new(), regions: Vec::new(), units: None }, Vec::new()));
    let preferences = preferences(deployment, &targets, context);
    let definition = Box::new(deployment.definition.clone());
    let operation = operation_id(set, &(&deployment.definition, &targets, &preferences));
    let why = format!("{} of stack set {} differ", set.standing.differs.join(", "), deployment.set);
    let mut after = prerequisites(set, &ids, gate, context);
    after.extend(context.groundwork.home_bucket.filter(|_| deployment.goes_by_bucket()));
    let action = Action::UpdateStackSet { set: deployment.set.clone(), definition, targets, preferences, operation };
    let covered = ids.iter().copied().collect();
    let step = draft.step(stage(deployment, wants, first_wave.unwrap_or(wave), context), action, after, why, ids);
    (Some(step), covered)
}

fn prerequisites(set: &SetWork<'_>, ids: &[CellId], gate: &[StepId], context: &Context<'_>) -> Vec<StepId> {
    let mut after = set.ready.clone();
    after.extend(gate);
    if !set.deployment.is_service_managed() {
        after.extend(context.groundwork.administration_role);
    }
    let chosen: BTreeSet<CellId> = ids.iter().copied().collect();
    let cells = || set.cells.iter().filter(|cell| chosen.contains(&cell.id)).map(|cell| cell.wanted);
    let accounts: BTreeMap<&str, &str> = cells().map(|cell| (cell.account.name.as_str(), cell.unit.as_str())).collect();
    after.extend(accounts.into_iter().flat_map(|(name, unit)| context.organization.account(name, unit)));
    let regions: Vec<Region> = cells().map(|cell| cell.region.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let deployment = set.deployment;
    let stack = (deployment.app.name.value.as_str(), deployment.stack.name.value.as_str());
    after.extend(context.groundwork.uploads(context.artifacts, stack, &regions));
    after
}

/// Returns the targets that together are exactly these cells.
fn targets(set: &SetWork<'_>, cells: &[&Work<'_>], context: &Context<'_>) -> Vec<(Targets, Vec<CellId>)> {
    let spots: Vec<(Spot, Region)> = cells
        .iter()
        .map(|cell| {
            let spot = Spot { account: cell.wanted.account.clone(), unit: cell.wanted.unit.clone() };
            (spot, cell.wanted.region.clone())
        })
        .collect();
    let mut found = Vec::new();
    for (spots, regions) in reach::rectangles(&spots) {
        let parts = if set.deployment.is_service_managed() {
            reach::by_unit(&spots, &regions, context.population, &set.covered)
        } else {
            vec![reach::by_account(&spots, &regions)]
        };
        for targets in parts {
            let accounts: BTreeSet<&AccountRef> = targets.accounts.iter().collect();
            let inside = |cell: &&&Work<'_>| {
                accounts.contains(&cell.wanted.account) && targets.regions.contains(&cell.wanted.region)
            };
            let ids = cells.iter().filter(inside).map(|cell| cell.id).collect();
            found.push((targets, ids));
        }
    }
    found
}

/// Returns how an operation goes about its accounts.
///
/// CloudFormation's strict mode never has more at work than failures are tolerated plus one, which would make
/// `max-concurrent` mean nothing; so where it would cap, the soft mode is asked for: what was begun before the tolerance
/// was exceeded still ends, and nothing further is begun. Regions go side by side, for waves are what keeps a mistake
/// small.
fn preferences(deployment: &Deployment<'_>, targets: &Targets, context: &Context<'_>) -> Preferences {
    if context.repair {
        let all = Share::Percent(100);
        return Preferences { tolerance: all, concurrency: all, soft: false, regions_parallel: true };
    }
    let rollout = &deployment.app.rollout;
    let tolerance = match rollout.stop_after {
        Amount::Count(failures) => Share::Count(failures.saturating_sub(1)),
        Amount::Percent(percent) => Share::Percent(percent),
    };
    let concurrency = match rollout.max_concurrent {
        Amount::Count(accounts) => Share::Count(accounts.max(1)),
        Amount::Percent(percent) => Share::Percent(percent),
    };
    let accounts = u32::try_from(targets.accounts.len()).unwrap_or(u32::MAX);
    let soft = of(concurrency, accounts).max(1) > of(tolerance, accounts).saturating_add(1);
    Preferences { tolerance, concurrency, soft, regions_parallel: true }
}

fn of(share: Share, accounts: u32) -> u32 {
    match share {
        Share::Count(count) => count.min(accounts),
        Share::Percent(percent) => u32::try_from(u64::from(accounts) * u64::from(percent) / 100).unwrap_or(u32::MAX),
    }
}

/// Returns an operation's id: the same plan against the same world gives the same one, so that a request whose answer
/// was lost is not carried out twice; any operation in between gives another.
fn operation_id(set: &SetWork<'_>, content: &impl serde::Serialize) -> String {
    let name = set.standing.seen.map_or(set.deployment.set.as_str(), |seen| seen.id.as_str());
    let last = set.standing.seen.and_then(|seen| seen.last_operation.as_deref()).unwrap_or_default();
    let content = serde_json::to_string(content).unwrap_or_default();
    format!("sf-{}", Digest::of_parts([name, last, content.as_str()]).short(40))
}
