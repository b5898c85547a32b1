//! How little it takes to stop a rollout: failures 1 and 2 of README.md.
//!
//! `stop-after` is turned into StackSets' failure tolerance, which is rounded down for each region; none tolerated
//! means that the first failed account cancels all that were not begun.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::Severity;
use stackfleet_plan::plan::{CellId, Change};
use stackfleet_project::model::Amount;

use crate::{
    codes,
    report::{Finding, Report},
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    for app in world.project.apps.values() {
        let mut largest: BTreeMap<(&str, &str, u32), BTreeSet<&str>> = BTreeMap::new();
        let mut cells: Vec<CellId> = Vec::new();
        for (index, cell) in world.plan.cells.iter().enumerate() {
            if cell.app == app.name.value && matches!(cell.change, Change::Create | Change::Update) {
                let place = (cell.stack.as_str(), cell.region.as_str(), cell.wave);
                largest.entry(place).or_default().insert(&cell.account.name);
                cells.push(CellId(u32::try_from(index).unwrap_or(u32::MAX)));
            }
        }
        let most = largest.values().map(BTreeSet::len).max().unwrap_or(0);
        if most < 2 {
            continue;
        }
        let (severity, message) = match app.rollout.stop_after {
            Amount::Count(0 | 1) => {
                let message = format!(
                    "the first failed account stops app {}: up to {} accounts of its wave, and all later waves, are not \
                     reached then",
                    app.name.value,
                    most - 1
                );
                (Severity::Note, message)
            }
            Amount::Percent(percent) => {
                // The smallest operation has the fewest accounts, and tolerates the fewest failures.
                let smallest = largest.values().map(BTreeSet::len).filter(|count| *count > 1).min().unwrap_or(most);
                if percent == 0 || smallest * usize::from(percent) / 100 > 0 {
                    continue;
                }
                let message = format!(
                    "`stop-after: {percent}%` of the {smallest} accounts of a wave of app {} is less than one: the first \
                     failed account stops it",
                    app.name.value
                );
                (Severity::Warning, message)
            }
            Amount::Count(_) => continue,
        };
        let help = "write how many failures you would accept, such as `stop-after: 3 failures`, under `rollout:`";
        report
            .add(Finding::new(codes::FIRST_FAILURE, severity, message).at(Some(app.name.span)).help(help).cells(cells));
    }
}
