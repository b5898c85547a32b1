//! Stacks that no update can move: failure 32 of README.md.
//!
//! Their states are in the accounts; what the last attempt said is in the stack set.

use std::collections::BTreeMap;

use stackfleet_base::Severity;
use stackfleet_plan::{
    observed::Cell,
    plan::{CellId, Change},
};

use crate::{
    codes,
    report::{Finding, Report, count_accounts},
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let mut stuck: BTreeMap<(&str, &str), Vec<CellId>> = BTreeMap::new();
    for (index, cell) in world.plan.cells.iter().enumerate() {
        let place = cell.account.id.clone().map(|account| Cell { account, region: cell.region.clone() });
        let instance = place.and_then(|place| world.observed.stack_sets.get(&cell.set)?.instances.get(&place));
        let reason = instance.filter(|_| cell.change == Change::Update).and_then(|found| found.reason.as_deref());
        if let Some(state) = reason.and_then(state) {
            let id = CellId(u32::try_from(index).unwrap_or(u32::MAX));
            stuck.entry((cell.stack.as_str(), state)).or_default().push(id);
        }
    }
    for ((stack, state), cells) in stuck {
        let accounts = count_accounts(world.plan, &cells);
        let message =
            format!("stack {stack} was in state {state} in {accounts} when it was last tried: no update moves it");
        let help = match state {
            "UPDATE_ROLLBACK_FAILED" => "run `aws cloudformation continue-update-rollback` in these accounts first",
            _ => "delete the stack in these accounts first, then deploy",
        };
        report.add(Finding::new(codes::STUCK, Severity::Warning, message).help(help).cells(cells));
    }
}

/// Reads the state out of `Stack:<arn> is in <STATE> state and can not be updated.`
fn state(reason: &str) -> Option<&'static str> {
    const STATES: [&str; 5] =
        ["UPDATE_ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"];
    let (_, told) = reason.split_once(" is in ")?;
    let (told, _) = told.split_once(" state and can not be updated")?;
    STATES.iter().copied().find(|state| *state == told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_from_awss_words() {
        let reason = "Stack:arn:aws:cloudformation:eu-west-1:1:stack/x/y is in UPDATE_ROLLBACK_FAILED state and can not be updated.";
        assert_eq!(state(reason), Some("UPDATE_ROLLBACK_FAILED"));
        assert_eq!(state("Cancelled since failure tolerance has exceeded"), None);
    }
}
