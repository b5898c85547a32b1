//! A plan while it is being made: steps, cells and findings are added, nothing is taken back.

use stackfleet_base::Span;

use crate::plan::{Action, CellId, Finding, PlannedCell, PlannedStep, Skipped, Stage, StepId};

/// The plan so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) cells: Vec<PlannedCell>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) findings: Vec<Finding>,
}

impl Draft {
    /// Adds a step that waits for steps already added.
    pub(crate) fn step(
        &mut self,
        stage: Stage,
        action: Action,
        mut after: Vec<StepId>,
        why: impl Into<String>,
        cells: Vec<CellId>,
    ) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        after.sort_unstable();
        after.dedup();
        self.steps.push(PlannedStep { id, action, after, why: why.into(), cells, stage });
        id
    }

    /// Adds a cell.
    pub(crate) fn cell(&mut self, cell: PlannedCell) -> CellId {
        let id = CellId(u32::try_from(self.cells.len()).unwrap_or(u32::MAX));
        self.cells.push(cell);
        id
    }

    /// Adds a finding, unless the same was found before.
    pub(crate) fn find(&mut self, finding: Finding) {
        let same = |known: &&mut Finding| known.code == finding.code && known.message == finding.message;
        match self.findings.iter_mut().find(same) {
            Some(known) => known.cells += finding.cells,
            None => self.findings.push(finding),
        }
    }
}

impl Finding {
    /// A finding because of which the plan may not run.
    pub(crate) fn error(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { code, blocks: true, message, place: None, span: None, help: None, cells: 0 }
    }

    /// Something to know.
    pub(crate) fn note(code: &str, message: impl Into<String>) -> Self {
        Self { blocks: false, ..Self::error(code, message) }
    }

    pub(crate) fn at(mut self, place: impl Into<String>, span: Option<Span>) -> Self {
        self.place = Some(place.into());
        self.span = span;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn cells(mut self, cells: usize) -> Self {
        self.cells = u32::try_from(cells).unwrap_or(u32::MAX);
        self
    }
}
