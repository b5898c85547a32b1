//! Changes of what people may do: what, when, for whom, and by which statement.

use serde_json::{Value, json};
use stackfleet_base::Sources;
use stackfleet_policy::{
    Found, PolicySet,
    difference::{Access, Change, Difference, Sample, Says, Term, in_short, says as said},
};
use stackfleet_preflight::exposure::Exposure;
use unicode_width::UnicodeWidthStr;

use crate::console::{Console, Paint};

/// How many accounts are named before they are counted.
const NAMED_MAX: usize = 6;

/// How many entries of a list of actions are shown before they are counted.
const ENTRIES_MAX: usize = 12;

/// Two documents that are compared.
#[derive(Debug)]
pub(crate) struct Documents {
    /// Their texts.
    pub(crate) sources: Sources,
    /// As it was.
    pub(crate) before: PolicySet,
    /// As it is to be.
    pub(crate) after: PolicySet,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub(crate) partition: &'static str,
    /// The names of all known actions.
    pub(crate) actions: Vec<String>,
    /// How the documents write their actions.
    pub(crate) entries: Vec<String>,
}

/// Returns the word for what a document says.
pub(crate) const fn says(says: Says) -> &'static str {
    match says {
        Says::Nothing => "nothing",
        Says::Allows => "allows",
        Says::Denies => "denies",
    }
}

/// Returns the word for what a caller may do.
pub(crate) const fn access(access: Access) -> &'static str {
    match access {
        Access::Refused => "refused",
        Access::Open => "depends",
        Access::Allowed => "allowed",
    }
}

impl Documents {
    fn in_short(&self, changed: &[String]) -> Vec<String> {
        in_short(changed, self.actions.iter().map(String::as_str), &self.entries)
    }

    /// Returns the statements that make the difference: the one that was, and the one that is.
    fn statements(&self, sample: &Sample) -> Vec<String> {
        let request = sample.request(None);
        let sides = [("was", said(&request, &self.before)), ("is", said(&request, &self.after))];
        sides.into_iter().filter_map(|(when, (_, found))| Some(format!("{when} {}", self.statement(&found?)))).collect()
    }

    fn statement(&self, found: &Found<'_>) -> String {
        let statement = found.statement;
        let name = statement.sid().map_or_else(|| format!("statement {}", statement.index() + 1), str::to_owned);
        let place = statement.span().and_then(|span| self.sources.location(span));
        place.map_or_else(|| name.clone(), |place| format!("{}:{} ({name})", place.path, place.line))
    }

    /// Returns a change as JSON.
    pub(crate) fn value<O: Copy>(&self, change: &Change<O>, word: fn(O) -> &'static str) -> Value {
        let case = |case: &stackfleet_policy::difference::Case| {
            json!({
                "terms": case.terms.iter().map(term).collect::<Vec<_>>(),
                "statements": self.statements(&case.sample),
            })
        };
        json!({
            "before": word(change.before),
            "after": word(change.after),
            "actions": change.actions,
            "in-short": self.in_short(&change.actions),
            "cases": change.cases.iter().map(case).collect::<Vec<_>>(),
        })
    }
}

fn term(term: &Term) -> Value {
    match term {
        Term::Resource { pattern, holds } => json!({ "resource": pattern, "holds": holds }),
        Term::Principal { named, holds } => json!({ "principal": named, "holds": holds }),
        Term::Condition { operator, key, values, holds, .. } => {
            json!({ "operator": operator, "key": key, "values": values, "holds": holds })
        }
    }
}

/// Prints what changes.
pub(crate) fn show(
    console: &Console,
    documents: &Documents,
    found: &Difference<Says>,
    organization: Option<(&str, &Exposure)>,
) {
    match organization {
        None => {
            for change in &found.changes {
                let (paint, sign, words) = says_words(change.before, change.after);
                show_change(console, documents, change, &format!("{} {words}", console.paint_result(paint, sign)));
            }
            if found.changes.is_empty() {
                console.result(" No difference: the documents say the same to every request.");
            }
            incomplete(console, found);
        }
        Some((name, exposure)) => show_exposure(console, documents, found, name, exposure),
    }
}

fn show_exposure(console: &Console, documents: &Documents, found: &Difference<Says>, name: &str, exposure: &Exposure) {
    let bound = exposure.bound.len();
    let accounts = if bound == 1 { "1 account".to_owned() } else { format!("{bound} accounts") };
    let on = list(&exposure.nodes, NAMED_MAX);
    let on = if on.is_empty() { "a policy of roles".to_owned() } else { format!("on {on}") };
    console.result(format!(" {name}   {on}, binds {accounts}"));
    for affected in &exposure.affected {
        let mut names: Vec<String> = affected.accounts.iter().map(|account| account.name.clone()).collect();
        names.dedup();
        let most = if console.verbose { usize::MAX } else { NAMED_MAX };
        let everywhere = if names.len() == bound && bound > 1 { format!("all {accounts}") } else { list(&names, most) };
        console.result("");
        print(console, &format!(" {}   in {everywhere}", affected.who));
        for change in &affected.difference.changes {
            let (paint, sign, words) = access_words(change.before, change.after);
            show_change(console, documents, change, &format!("  {} {words}", console.paint_result(paint, sign)));
        }
        incomplete(console, &affected.difference);
    }
    if exposure.affected.is_empty() {
        let why = if found.changes.is_empty() {
            "the documents say the same to every request"
        } else {
            "other policies decide the same as before for everybody who is known"
        };
        console.result(format!("\n Nothing changes: {why}."));
    }
}

const fn says_words(before: Says, after: Says) -> (Paint, &'static str, &'static str) {
    match (before, after) {
        (_, Says::Denies) => (Paint::Bad, "-", "is denied"),
        (Says::Denies, Says::Allows) => (Paint::Good, "+", "is allowed, was denied"),
        (Says::Denies, Says::Nothing) => (Paint::Good, "+", "is no longer denied"),
        (_, Says::Allows) => (Paint::Good, "+", "is allowed"),
        (_, Says::Nothing) => (Paint::Bad, "-", "is no longer allowed"),
    }
}

const fn access_words(before: Access, after: Access) -> (Paint, &'static str, &'static str) {
    match (before, after) {
        (Access::Open, Access::Refused) => (Paint::Bad, "-", "loses, if it had it"),
        (_, Access::Refused) => (Paint::Bad, "-", "loses"),
        (Access::Refused, Access::Open) => (Paint::Odd, "+", "may gain"),
        (Access::Allowed, Access::Open) => (Paint::Odd, "-", "may lose"),
        (_, Access::Open | Access::Allowed) => (Paint::Good, "+", "gains"),
    }
}

fn show_change<O>(console: &Console, documents: &Documents, change: &Change<O>, head: &str) {
    let entries = documents.in_short(&change.actions);
    let most = if console.verbose { usize::MAX } else { ENTRIES_MAX };
    let count = change.actions.len();
    let number = if entries.len() == count { String::new() } else { format!("   ({count} actions)") };
    print(console, &format!(" {head}   {}{number}", list(&entries, most)));
    let mut told = Vec::new();
    for (index, case) in change.cases.iter().enumerate() {
        let or = if index > 0 { "or " } else { "" };
        if !case.terms.is_empty() {
            print(console, &format!("       {or}{}", conditions(&case.terms)));
        }
        let statements = documents.statements(&case.sample);
        if !statements.is_empty() && !told.contains(&statements) {
            told.push(statements);
        }
    }
    for statements in told {
        console.result(format!("       {}", console.paint_result(Paint::Faint, statements.join(", "))));
    }
}

/// `on A, not on B, when X and Y`
fn conditions(terms: &[Term]) -> String {
    let mut told = String::new();
    let mut is_condition = false;
    for term in terms {
        match (term, is_condition) {
            (Term::Condition { words, .. }, true) => told.push_str(&format!(" and {words}")),
            (Term::Condition { .. } | Term::Resource { .. } | Term::Principal { .. }, _) => {
                let comma = if told.is_empty() { "" } else { ", " };
                told.push_str(&format!("{comma}{term}"));
            }
        }
        is_condition = matches!(term, Term::Condition { .. });
    }
    told
}

/// Prints a line, broken at blanks where it is too wide; what follows is indented.
fn print(console: &Console, line: &str) {
    const INDENT: usize = 9;
    let start = line.len() - line.trim_start().len();
    let mut shown = line.get(..start).unwrap_or_default().to_owned();
    let mut is_first = true;
    for word in line.trim_start().split(' ') {
        if !is_first && shown.width() + 1 + word.width() > console.width {
            console.result(&shown);
            shown = " ".repeat(INDENT);
            is_first = true;
        }
        if !is_first {
            shown.push(' ');
        }
        shown.push_str(word);
        is_first = false;
    }
    console.result(shown);
}

fn incomplete<O>(console: &Console, found: &Difference<O>) {
    if !found.incomplete.is_empty() {
        let actions = list(&found.incomplete, NAMED_MAX);
        console.result(format!(
            " ! more combinations of condition keys than can be asked about; there may be more for {actions}"
        ));
    }
}

fn list(texts: &[String], most: usize) -> String {
    let shown: Vec<&str> = texts.iter().take(most).map(String::as_str).collect();
    let rest = texts.len().saturating_sub(shown.len());
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}
