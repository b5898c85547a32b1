//! The end of a rollout or a rehearsal: what stands where, how long each tier took, what went wrong.

use std::time::Duration;

use stackfleet_plan::plan::CellState;
use stackfleet_rollout::{Rollout, Summary};

use crate::{
    console::{Console, Paint},
    report::{self, CellView},
    screens::{matrix, words},
    session::Loaded,
};

/// Prints how a rollout ended.
pub(crate) fn show(console: &Console, loaded: &Loaded, rollout: &Rollout, cells: &[CellView], calls: u64) {
    let summary = rollout.summary();
    matrix::show(console, loaded, cells);
    for (what, cause) in report::refused_steps(rollout) {
        console.result(console.paint_result(Paint::Bad, format!(" ✗ could not {what}")));
        console.result(format!("     {cause}"));
    }
    console.result("");
    for tier in &summary.tiers {
        console.result(format!(
            " {:<28} {:>8}   of which {} at work",
            format!("{}/{}", tier.app, tier.stack),
            words::duration(Duration::from_millis(tier.duration_ms)),
            words::duration(Duration::from_millis(tier.working_ms)),
        ));
    }
    console.result(format!(" {:<28} {:>8}   {calls} calls", "everything", words::duration(summary.duration())));
    console.result("");
    console.result(verdict(console, &summary, cells));
}

/// The last line.
fn verdict(console: &Console, summary: &Summary, cells: &[CellView]) -> String {
    let counts = report::count(cells);
    // What went wrong comes before what went well.
    let (well, wrong): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(state, _)| *state == CellState::Current);
    let parts: Vec<String> =
        wrong.iter().chain(&well).map(|(state, number)| format!("{number} {}", words::state(*state))).collect();
    let cells_told = parts.join(", ");
    if summary.is_complete() {
        let told = if cells_told.is_empty() { "nothing to deploy".to_owned() } else { cells_told };
        return console.paint_result(Paint::Good, format!("✓ {told}"));
    }
    let mut text = format!("✗ {cells_told}");
    if summary.refused > 0 {
        let steps = usize::try_from(summary.refused).unwrap_or(usize::MAX);
        text.push_str(&format!("; {} failed", words::number(steps, "step")));
    }
    if summary.blocked > 0 {
        let steps = usize::try_from(summary.blocked).unwrap_or(usize::MAX);
        text.push_str(&format!("; {} not done because of that", words::number(steps, "step")));
    }
    if summary.cancelled {
        text.push_str("; stopped before the end, safe to run again");
    }
    console.paint_result(Paint::Bad, text)
}

/// Prints every cell, one a line, for those who ask for all.
pub(crate) fn show_cells(console: &Console, cells: &[CellView]) {
    for cell in cells {
        let paint = match cell.state {
            CellState::Current => Paint::Good,
            CellState::Failed | CellState::Blocked => Paint::Bad,
            CellState::Missing | CellState::Outdated | CellState::Drifted | CellState::Running => Paint::Odd,
            CellState::Skipped => Paint::Faint,
        };
        let id = cell.account.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let sign = console.paint_result(paint, words::sign(cell.state));
        console.result(format!(
            " {sign} {:<20} {id:<12} {:<14} {:<30} {}",
            cell.account.name,
            cell.region,
            format!("{}/{}", cell.app, cell.stack),
            words::state(cell.state),
        ));
    }
}
