//! The plan: what changes where, what stands against it.

use std::collections::BTreeMap;

use stackfleet_base::Sources;
use stackfleet_plan::{
    Action, Observed, Plan, StackChanges, changes,
    plan::{Change, PlannedCell, Stage},
};
use stackfleet_preflight::Report;
use stackfleet_template::ResourceChange;

use crate::{
    console::{Console, Paint},
    screens::{checks, difference, words},
};

/// Prints a plan with the given printer, so that `plan` shows it as its result and `deploy` as what it is about to do.
pub(crate) fn show(
    console: &Console,
    sources: &Sources,
    plan: &Plan,
    observed: &Observed,
    report: &Report,
    print: &dyn Fn(String),
) {
    let changes = changes(plan, observed);
    organization(console, plan, print);
    for (app, stack) in stacks(plan) {
        let changed = changes.iter().filter(|changed| changed.app == app && changed.stack == stack);
        show_stack(console, plan, &app, &stack, changed, print);
    }
    skipped(console, plan, print);
    checks::show(console, sources, plan, report, print);
    print(total(plan));
}

fn organization(console: &Console, plan: &Plan, print: &dyn Fn(String)) {
    for (stage, title) in [(Stage::Organization, "organization"), (Stage::Groundwork, "management account")] {
        let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
        for step in plan.steps.iter().filter(|step| step.stage == stage) {
            let (kind, name) = words::folded(&step.action);
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, names)) => names.extend(name),
                None => kinds.push((kind, name.into_iter().collect())),
            }
        }
        if kinds.is_empty() {
            continue;
        }
        print(format!(" {title}"));
        for (kind, names) in kinds {
            let sign = console.paint(Paint::Good, "+");
            match names.len() {
                0 => print(format!("   {sign} {kind}")),
                1 => print(format!("   {sign} {kind} {}", names.concat())),
                many => {
                    let kind = words::several(&kind, many);
                    print(format!("   {sign} {kind}: {}", words::names(&names, console.verbose)));
                }
            }
        }
        print(String::new());
    }
}

/// Stacks in the order in which their cells stand in the plan.
fn stacks(plan: &Plan) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for cell in &plan.cells {
        if !found.iter().any(|(app, stack)| *app == cell.app && *stack == cell.stack) {
            found.push((cell.app.clone(), cell.stack.clone()));
        }
    }
    found
}

fn show_stack<'a>(
    console: &Console,
    plan: &Plan,
    app: &str,
    stack: &str,
    changes: impl Iterator<Item = &'a StackChanges>,
    print: &dyn Fn(String),
) {
    let cells: Vec<&PlannedCell> = plan.cells.iter().filter(|cell| cell.app == app && cell.stack == stack).collect();
    let mut accounts: Vec<&str> = cells.iter().map(|cell| cell.account.name.as_str()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut regions: Vec<&str> = cells.iter().map(|cell| cell.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    let kind = if follows_new_accounts(plan, app, stack) { "stack set, follows new accounts" } else { "stack set" };
    print(format!(
        " {:<28} {kind:<34} {}, {}",
        format!("{app}/{stack}"),
        words::number(accounts.len(), "account"),
        regions.join(", "),
    ));
    let of = |change: Change| -> Vec<String> {
        cells.iter().filter(|cell| cell.change == change).map(|cell| cell.account.name.clone()).collect()
    };
    let line = |sign: &str, paint: Paint, word: &str, mut names: Vec<String>| {
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if count > 0 {
            let head = console.paint(paint, format!("{sign} {count} {word}"));
            print(format!("   {head}   {}", words::names(&names, console.verbose)));
        }
    };
    line("+", Paint::Good, "create", of(Change::Create));
    line("~", Paint::Odd, "update", of(Change::Update));
    line("◐", Paint::Odd, "under way, will be followed", of(Change::Follow));
    let same = of(Change::None).len();
    if same > 0 {
        print(format!("   = {same} no change"));
    }
    for changed in changes {
        show_changes(console, changed, print);
    }
    print(String::new());
}

/// Prints what changes inside stacks: a line for each resource, with the number of cells, and one for each property.
fn show_changes(console: &Console, changes: &StackChanges, print: &dyn Fn(String)) {
    const VALUES_MAX: usize = 5;
    let paint = |paint, text: &str| console.paint(paint, text);
    for changed in &changes.resources {
        print(format!("     {}", difference::resource(&changed.update, Some(changed.cells), &paint)));
        if let ResourceChange::Changed(values) = &changed.update.difference.kind {
            let most = if console.verbose { values.len() } else { VALUES_MAX };
            difference::values(values, most).iter().for_each(|line| print(format!("         {line}")));
        }
        difference::follows(&changed.update).iter().for_each(|line| print(format!("         {line}")));
    }
    if changes.unknown > 0 {
        print(format!("     ? what changes in {} cells is known only to AWS", changes.unknown));
    }
}

fn follows_new_accounts(plan: &Plan, app: &str, stack: &str) -> bool {
    plan.steps.iter().any(|step| {
        let of_stack = matches!(&step.stage, Stage::Wave { app: a, stack: s, .. } if a == app && s == stack);
        let follows = |definition: &stackfleet_plan::observed::Definition| {
            matches!(
                definition.model,
                stackfleet_plan::observed::PermissionModel::ServiceManaged { auto_deploy: true, .. }
            )
        };
        let (Action::CreateStackSet { definition, .. } | Action::UpdateStackSet { definition, .. }) = &step.action
        else {
            return false;
        };
        of_stack && follows(definition)
    })
}

fn skipped(console: &Console, plan: &Plan, print: &dyn Fn(String)) {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for left_out in &plan.skipped {
        let region = left_out.region.as_ref().map(|region| format!(" {region}")).unwrap_or_default();
        reasons.entry(&left_out.reason).or_default().push(format!("{}{region}", left_out.account.name));
    }
    for (reason, mut names) in reasons {
        names.sort_unstable();
        names.dedup();
        print(format!("   · left out: {} ({reason})", words::names(&names, console.verbose)));
    }
}

/// The last line of a plan.
fn total(plan: &Plan) -> String {
    if plan.is_empty() {
        return " No change: everything is as declared.".to_owned();
    }
    let of = |change: Change| plan.cells.iter().filter(|cell| cell.change == change).count();
    let mut waves: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    for step in &plan.steps {
        if let Stage::Wave { wave, name, .. } = &step.stage {
            *waves.entry((*wave, name)).or_default() += step.cells.len();
        }
    }
    let told: Vec<String> = waves.iter().map(|((_, name), cells)| format!("{name} {cells}")).collect();
    let waves = if told.is_empty() { String::new() } else { format!("; waves: {}", told.join(", ")) };
    format!(
        " {}: {} to create, {} to update, {} unchanged, 0 to remove{waves}   plan {}",
        words::number(plan.steps.len(), "step"),
        of(Change::Create),
        of(Change::Update) + of(Change::Follow),
        of(Change::None),
        plan.id,
    )
}
