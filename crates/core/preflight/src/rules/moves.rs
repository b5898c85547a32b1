//! What a move between units takes along: failure 22 of README.md, and the ground of 21.
//!
//! Automatic deployment deletes the stacks of an account that leaves the units of a set (AWS CloudFormation User
//! Guide, "Automatic deployments"), also when the set comes to the account by another unit afterwards.

use std::collections::BTreeMap;

use stackfleet_base::Severity;
use stackfleet_plan::{
    Action,
    observed::PermissionModel,
    plan::{AccountRef, Change},
};

use crate::{
    codes,
    report::{Finding, Report, listed},
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let mut gone: BTreeMap<&str, Vec<&AccountRef>> = BTreeMap::new();
    let mut again: BTreeMap<&str, Vec<&AccountRef>> = BTreeMap::new();
    for step in &world.plan.steps {
        let Action::MoveAccount { account, .. } = &step.action else { continue };
        let Some(id) = &account.id else { continue };
        for (name, set) in &world.observed.stack_sets {
            let follows =
                matches!(set.definition.model, PermissionModel::ServiceManaged { auto_deploy: true, retain: false });
            if !follows || !set.instances.keys().any(|cell| cell.account == *id) {
                continue;
            }
            let wanted = world.plan.cells.iter().any(|cell| cell.set == *name && cell.account == *account);
            if wanted { again.entry(name).or_default() } else { gone.entry(name).or_default() }.push(account);
        }
    }
    for (found, wanted) in [(gone, false), (again, true)] {
        for (set, accounts) in found {
            let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
            let told = listed(&names);
            let message = if wanted {
                format!(
                    "moving {told} may delete the stacks of set {set} there and make them again: the set follows the units"
                )
            } else {
                format!("moving {told} deletes the stacks of set {set} there: the account leaves the units of the set")
            };
            let help = "keep the account in its unit, or set the stack set to retain stacks before the move";
            let cells = world.plan.cells.iter().enumerate().filter(|(_, cell)| {
                cell.set == set && accounts.contains(&&cell.account) && cell.change != Change::Follow
            });
            let cells = cells.map(|(index, _)| stackfleet_plan::plan::CellId(u32::try_from(index).unwrap_or(u32::MAX)));
            report.add(Finding::new(codes::MOVE_DELETES, Severity::Warning, message).help(help).cells(cells));
        }
    }
}
