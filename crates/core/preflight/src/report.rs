//! What the rules found: sentences for people, cells and refusals for programs.

use std::collections::BTreeSet;

use stackfleet_base::{Severity, Span};
use stackfleet_plan::{
    Plan,
    names::{GivenName, Standings},
    plan::CellId,
};

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What was looked at and is well, a sentence each.
    pub passes: Vec<String>,
    /// What is not, errors first.
    pub findings: Vec<Finding>,
    /// Names that new stacks give in accounts that are there.
    pub(crate) uses: Vec<NameUse>,
}

/// A name that a new stack gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameUse {
    pub(crate) given: GivenName,
    pub(crate) stack: String,
    pub(crate) logical_id: String,
    /// Where it is written.
    pub(crate) span: Option<Span>,
    pub(crate) cells: Vec<CellId>,
}

/// Something that will be refused, or surprise: one cause, wherever it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable code such as `PRE005`; listed in `docs/diagnostics.md`.
    pub code: &'static str,
    /// An error is certain and blocks, a warning is likely or a surprise, a note is worth knowing.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// What is to blame: the policy with its statement and where it is attached, the role, the setting.
    pub cause: Option<String>,
    /// Where that is written, when it is in the project.
    pub span: Option<Span>,
    /// What to do, as a command.
    pub help: Option<String>,
    /// The cells that it concerns, sorted.
    pub cells: Vec<CellId>,
    /// What is refused, and in which cells.
    pub refusals: Vec<Refusal>,
}

/// A call that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// The resource's logical id; `None` where the account cannot be entered or the stack itself is refused.
    pub resource: Option<String>,
    /// Such as `lambda:TagResource`.
    pub action: String,
    /// Where, sorted.
    pub cells: Vec<CellId>,
}

impl Report {
    /// Returns what blocks the plan, but for what the user goes ahead with in spite of it.
    pub fn blockers<'a>(&'a self, despite: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Finding> {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.filter(|finding| !despite.contains(finding.code))
    }

    /// Returns the names that new stacks give to what is of a type whose names can be looked up.
    #[must_use]
    pub fn names(&self) -> BTreeSet<GivenName> {
        self.uses.iter().map(|used| used.given.clone()).collect()
    }

    /// Adds what came of looking the names up.
    pub fn look_up(&mut self, plan: &Plan, standings: &Standings) {
        crate::rules::existing::tell(self, plan, standings);
    }

    /// Notes that the names were not looked up since that would take so many calls.
    pub fn leave_names(&mut self, plan: &Plan, calls: usize) {
        crate::rules::existing::tell_too_many(self, plan, calls);
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Puts errors first, and of these the ones that concern most cells.
    pub(crate) fn sort(&mut self) {
        self.findings.sort_by(|one, other| {
            // What only follows from another finding comes after it.
            let follows = |finding: &Finding| finding.code == crate::codes::ROLE_NOT_MADE;
            let rank = |finding: &Finding| {
                (finding.severity, follows(finding), finding.code, std::cmp::Reverse(finding.cells.len()))
            };
            rank(one).cmp(&rank(other)).then_with(|| one.message.cmp(&other.message))
        });
    }
}

impl Finding {
    pub(crate) fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        let (cause, span, help) = (None, None, None);
        Self { code, severity, message: message.into(), cause, span, help, cells: Vec::new(), refusals: Vec::new() }
    }

    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(crate) fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn cells(mut self, cells: impl IntoIterator<Item = CellId>) -> Self {
        self.cells = cells.into_iter().collect();
        self.cells.sort_unstable();
        self.cells.dedup();
        self
    }

    /// Returns the names of the accounts that it concerns, each once, in the order of the plan.
    #[must_use]
    pub fn accounts<'p>(&self, plan: &'p Plan) -> Vec<&'p str> {
        let mut seen = BTreeSet::new();
        let cells = self.cells.iter().filter_map(|id| plan.cells.get(id.index()));
        cells.filter(|cell| seen.insert(&cell.account)).map(|cell| cell.account.name.as_str()).collect()
    }
}

/// `account Ledger`, `13 accounts`.
pub(crate) fn count_accounts(plan: &Plan, cells: &[CellId]) -> String {
    let accounts: BTreeSet<_> =
        cells.iter().filter_map(|id| plan.cells.get(id.index())).map(|cell| &cell.account).collect();
    match (accounts.len(), accounts.first()) {
        (1, Some(account)) => format!("account {}", account.name),
        (count, _) => format!("{count} accounts"),
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
pub(crate) fn listed(words: &[&str]) -> String {
    const SHOWN: usize = 3;
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [few @ .., last] if words.len() <= SHOWN => format!("{} and {last}", few.join(", ")),
        [first, second, ..] => format!("{first}, {second} and {} more", words.len() - 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_folded() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d"]), "a, b and 2 more");
    }
}
