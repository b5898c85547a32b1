//! The matrix: units across, stacks down, problems by cause below.

use std::collections::BTreeMap;

use stackfleet_plan::plan::CellState;
use stackfleet_rollout::{CellName, Problem};
use unicode_width::UnicodeWidthStr;

use crate::{
    console::{Console, Paint},
    report::{self, CellView},
    screens::words,
    session::Loaded,
};

/// Prints the matrix and what is wrong.
pub(crate) fn show(console: &Console, loaded: &Loaded, cells: &[CellView]) {
    for line in lines(cells, console.width) {
        console.result(line);
    }
    let problems = report::problems_of(cells, loaded);
    if !problems.is_empty() {
        console.result("");
        for problem in &problems {
            show_problem(console, problem, cells);
        }
    }
    // Problems are told with sign and word.
    let told = [CellState::Running, CellState::Skipped];
    let legend: Vec<String> = report::count(cells)
        .keys()
        .filter(|state| told.contains(state))
        .map(|state| format!("{} {}", words::sign(*state), words::state(*state)))
        .collect();
    if !legend.is_empty() {
        console.result(console.paint_result(Paint::Faint, format!(" {}", legend.join("   "))));
    }
}

/// Prints one cause: how many cells, of what, which accounts, why, and what to do.
pub(crate) fn show_problem(console: &Console, problem: &Problem, cells: &[CellView]) {
    let state =
        problem.names.first().and_then(|name| cells.get(name.id.index())).map_or(CellState::Failed, |cell| cell.state);
    let paint = if matches!(state, CellState::Failed | CellState::Blocked) { Paint::Bad } else { Paint::Odd };
    let number = usize::try_from(problem.cells).unwrap_or(usize::MAX);
    let head = format!(" {} {} {}", words::sign(state), words::number(number, "cell"), words::state(state));
    let all = |pick: fn(&CellName) -> String| {
        let mut found: Vec<String> = Vec::new();
        for name in &problem.names {
            let picked = pick(name);
            if !found.contains(&picked) {
                found.push(picked);
            }
        }
        words::names(&found, console.verbose)
    };
    let stacks = all(|name| format!("{}/{}", name.app, name.stack));
    let regions = all(|name| name.region.to_string());
    console.result(format!("{}   {stacks}   {regions}", console.paint_result(paint, head)));
    console.result(format!("     {}", all(|name| name.account.name.clone())));
    if problem.example != words::state(state) {
        let reason = match (console.verbose, &problem.denial) {
            (true, _) => problem.example.clone(),
            (false, Some(_)) => problem.cause.clone(),
            (false, None) => words::plain_reason(&problem.example),
        };
        console.result(format!("     {reason}"));
    }
    if let Some(place) = &problem.place {
        console.result(format!("     at {place}"));
    }
    if let Some(help) = &problem.help {
        console.result(console.paint_result(Paint::Faint, format!("     {help}")));
    }
}

/// Returns the lines of the matrix; one unit a line where the columns do not fit.
fn lines(cells: &[CellView], width: usize) -> Vec<String> {
    let mut units: Vec<&str> = cells.iter().map(unit).collect();
    units.sort_unstable();
    units.dedup();
    let mut rows: BTreeMap<(String, usize), BTreeMap<&str, Vec<CellState>>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for cell in cells {
        let name = format!("{}/{}", cell.app, cell.stack);
        let at = order.iter().position(|known| *known == name).unwrap_or_else(|| {
            order.push(name.clone());
            order.len() - 1
        });
        rows.entry((name, at)).or_default().entry(unit(cell)).or_default().push(cell.state);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|((_, at), _)| *at);
    let label = order.iter().map(|name| name.width()).max().unwrap_or(0) + 2;
    let column = units.iter().map(|unit| unit.width() + 2).max().unwrap_or(0).max(10);
    if label + column * units.len() <= width {
        let mut lines =
            vec![format!("{:label$}{}", "", units.iter().map(|unit| pad(unit, column)).collect::<String>())];
        lines.extend(rows.iter().map(|((name, _), states)| {
            let texts =
                units.iter().map(|unit| pad(&tally(states.get(unit).map(Vec::as_slice).unwrap_or_default()), column));
            format!(" {name:<rest$}{}", texts.collect::<String>(), rest = label - 1)
        }));
        return lines;
    }
    let mut lines = Vec::new();
    for ((name, _), states) in &rows {
        lines.push(format!(" {name}"));
        lines.extend(states.iter().map(|(unit, states)| format!("   {unit}: {}", tally(states))));
    }
    lines
}

fn unit(cell: &CellView) -> &str {
    match cell.unit.split('/').next() {
        Some("") | None => "(root)",
        Some(top) => top,
    }
}

/// `91 -3`: how many are current, then the exceptions with their signs.
fn tally(states: &[CellState]) -> String {
    if states.is_empty() {
        return "·".to_owned();
    }
    let count = |wanted: CellState| states.iter().filter(|state| **state == wanted).count();
    let mut text = count(CellState::Current).to_string();
    let exceptions = [
        CellState::Running,
        CellState::Failed,
        CellState::Blocked,
        CellState::Missing,
        CellState::Outdated,
        CellState::Drifted,
    ];
    for state in exceptions {
        let number = count(state);
        if number > 0 {
            text.push_str(&format!(" {}{number}", words::sign(state)));
        }
    }
    text
}

fn pad(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use stackfleet_plan::plan::AccountRef;

    use super::*;

    fn cell(stack: &str, unit: &str, state: CellState) -> CellView {
        CellView {
            app: "keys".to_owned(),
            stack: stack.to_owned(),
            account: AccountRef { name: "A".to_owned(), id: None },
            unit: unit.to_owned(),
            region: "eu-west-1".parse().unwrap(),
            state,
            reason: None,
        }
    }

    #[test]
    fn units_stand_across_and_fold_when_they_do_not_fit() {
        let cells = [
            cell("role", "Workloads", CellState::Current),
            cell("role", "Workloads/Payments", CellState::Missing),
            cell("role", "Shared", CellState::Current),
            cell("app", "Workloads", CellState::Failed),
        ];
        assert_eq!(
            lines(&cells, 80),
            [
                "                Shared  Workloads",
                " keys/role           1       1 -1",
                " keys/app            ·       0 ✗1",
            ]
        );
        assert_eq!(
            lines(&cells, 20),
            [" keys/role", "   Shared: 1", "   Workloads: 1 -1", " keys/app", "   Workloads: 0 ✗1"]
        );
    }
}
