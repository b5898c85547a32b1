//! Cells and problems as screens and JSON show them: one form for plans, verifications and rollouts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stackfleet_base::Region;
use stackfleet_plan::plan::{AccountRef, CellState, PlannedCell};
use stackfleet_rollout::{Cause, CellName, CellStatus, Problem, Rollout, Trouble, problems};

use crate::{blame, screens::words, session::Loaded};

/// A cell and how it stands.
#[derive(Debug, Clone)]
pub(crate) struct CellView {
    pub(crate) app: String,
    pub(crate) stack: String,
    pub(crate) account: AccountRef,
    /// Path of the account's unit.
    pub(crate) unit: String,
    pub(crate) region: Region,
    pub(crate) state: CellState,
    pub(crate) reason: Option<String>,
}

/// How deployments get to their cells, as JSON says it. Change sets are not a way of this release.
const VIA: &str = "stack-set";

/// Returns the cells of a plan or a verification.
pub(crate) fn planned(cells: &[PlannedCell]) -> Vec<CellView> {
    let view = |cell: &PlannedCell| CellView {
        app: cell.app.clone(),
        stack: cell.stack.clone(),
        account: cell.account.clone(),
        unit: cell.unit.clone(),
        region: cell.region.clone(),
        state: cell.state,
        reason: cell.reason.clone(),
    };
    cells.iter().map(view).collect()
}

/// Returns the cells of a rollout.
pub(crate) fn rolled_out(rollout: &Rollout) -> Vec<CellView> {
    let view = |status: &CellStatus| CellView {
        app: status.name.app.clone(),
        stack: status.name.stack.clone(),
        account: status.name.account.clone(),
        unit: rollout.plan().cells.get(status.name.id.index()).map(|cell| cell.unit.clone()).unwrap_or_default(),
        region: status.name.region.clone(),
        state: status.state,
        reason: status.reason.clone(),
    };
    rollout.cells().iter().map(view).collect()
}

/// Returns what is wrong with cells, by cause, with the place in the project where that is known.
pub(crate) fn problems_of(cells: &[CellView], loaded: &Loaded) -> Vec<Problem> {
    let good = [CellState::Current, CellState::Skipped, CellState::Running];
    let troubled = cells.iter().enumerate().filter(|(_, cell)| !good.contains(&cell.state));
    let troubles: Vec<Trouble> = troubled
        .map(|(index, cell)| {
            let id = stackfleet_plan::plan::CellId(u32::try_from(index).unwrap_or(u32::MAX));
            let name = CellName {
                id,
                app: cell.app.clone(),
                stack: cell.stack.clone(),
                account: cell.account.clone(),
                region: cell.region.clone(),
            };
            let reason = cell.reason.clone().unwrap_or_else(|| words::state(cell.state).to_owned());
            Trouble { cell: Some(name), reason }
        })
        .collect();
    let mut found = problems(&troubles);
    blame::name_places(&mut found, &loaded.project, &loaded.sources);
    for problem in &mut found {
        let Some(name) = problem.names.first() else { continue };
        let state = cells.get(name.id.index()).map(|cell| cell.state);
        if problem.place.is_none() {
            problem.place = declared(loaded, name);
        }
        if problem.help.is_none() {
            problem.help = state.and_then(next).map(str::to_owned);
        }
    }
    // What went wrong comes before what did not happen because of it.
    found.sort_by_key(|problem| {
        let first = problem.names.first().and_then(|name| cells.get(name.id.index()));
        first.is_some_and(|cell| cell.state == CellState::Blocked)
    });
    found
}

/// Where the stack of a cell is declared.
fn declared(loaded: &Loaded, cell: &CellName) -> Option<String> {
    let stack = loaded.project.apps.get(&cell.app)?.stacks.get(&cell.stack)?;
    loaded.sources.location(stack.name.span).map(|place| place.to_string())
}

/// The command that mends what no better advice is known for.
const fn next(state: CellState) -> Option<&'static str> {
    match state {
        CellState::Missing | CellState::Outdated | CellState::Drifted => {
            Some("stackfleet verify --repair brings exactly these to what is declared")
        }
        CellState::Failed => Some("mend the cause, then: stackfleet deploy --retry failed"),
        CellState::Blocked => Some("mend what it waits for, then: stackfleet deploy"),
        CellState::Current | CellState::Running | CellState::Skipped => None,
    }
}

/// Returns the steps that were refused, in words, and why; what failed in cells is told by the cells.
pub(crate) fn refused_steps(rollout: &Rollout) -> Vec<(String, String)> {
    let of_cells = |cause: &Cause| matches!(cause, Cause::Operation { .. } | Cause::TooManyFailures { .. });
    let refused = rollout.refusals().iter().filter(|(_, cause)| !of_cells(cause));
    let told = refused.map(|(step, cause)| {
        let planned = rollout.plan().steps.get(step.index());
        (planned.map(|planned| words::action(&planned.action)).unwrap_or_default(), cause.to_string())
    });
    told.collect()
}

/// Counts cells by state.
pub(crate) fn count(cells: &[CellView]) -> BTreeMap<CellState, usize> {
    let mut counts = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell.state).or_default() += 1;
    }
    counts
}

/// Tells whether every cell is as declared, or left out on purpose.
pub(crate) fn as_declared(cells: &[CellView]) -> bool {
    cells.iter().all(|cell| matches!(cell.state, CellState::Current | CellState::Skipped))
}

/// Returns what `rehearse`, `status`, `verify` and `deploy` have in common: cells, problems, summary, duration and calls.
pub(crate) fn value(
    command: &str,
    loaded: &Loaded,
    cells: &[CellView],
    duration: std::time::Duration,
    calls: u64,
) -> Map<String, Value> {
    let listed: Vec<Value> = cells
        .iter()
        .map(|cell| {
            json!({
                "app": cell.app,
                "stack": cell.stack,
                "account": { "id": cell.account.id, "name": cell.account.name },
                "unit": cell.unit,
                "region": cell.region,
                "via": VIA,
                "state": words::state(cell.state),
                "reason": cell.reason,
            })
        })
        .collect();
    let causes: Vec<Value> = problems_of(cells, loaded)
        .iter()
        .map(|problem| {
            json!({
                "cause": problem.cause,
                "cells": problem.cells,
                "place": problem.place,
                "help": problem.help,
                "example": problem.example,
            })
        })
        .collect();
    let counts = count(cells);
    let states = [
        CellState::Current,
        CellState::Missing,
        CellState::Failed,
        CellState::Outdated,
        CellState::Drifted,
        CellState::Running,
        CellState::Blocked,
        CellState::Skipped,
    ];
    let summary: Map<String, Value> = states
        .iter()
        .map(|state| (words::state(*state).to_owned(), json!(counts.get(state).copied().unwrap_or(0))))
        .collect();
    let mut value = Map::new();
    value.insert("schema".to_owned(), json!(format!("stackfleet/{command}/v1")));
    value.insert("cells".to_owned(), json!(listed));
    value.insert("problems".to_owned(), json!(causes));
    value.insert("summary".to_owned(), Value::Object(summary));
    value.insert("duration_s".to_owned(), json!(duration.as_secs_f64()));
    value.insert("calls".to_owned(), json!(calls));
    value
}
