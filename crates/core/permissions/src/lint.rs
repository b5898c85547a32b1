//! Compares policies with what is known of actions: names, resources, condition keys.
//!
//! All findings are warnings: AWS may have added what is not known here, and a policy that names what does not exist is
//! still accepted.

mod keys;
mod resources;
mod text;

use stackfleet_base::{Diagnostic, Span, suggest};
use stackfleet_catalog::actions;
use stackfleet_catalog::actions::Action;
use stackfleet_policy::{Draft, DraftValue};

use crate::codes;

pub use text::lint_text;

/// Something that a policy names and AWS, as far as is known, does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is to be said. It has no fix, for a document in a template is mended in the template's own notation.
    pub diagnostic: Diagnostic,
    /// What to write instead, where it is certain enough to be offered.
    pub replacement: Option<Replacement>,
}

/// A text to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The place of the part, as the draft calls it.
    pub place: String,
    /// Whether the part's key is replaced, not its value.
    pub is_key: bool,
    /// The new text.
    pub text: String,
}

/// Wrong letters at most, for a name to be mistyped and not another one.
const SLIPS_MAX: usize = 2;

/// Gives the place of a part of a draft, or of its key when the second argument is `true`.
pub(crate) type Places<'a> = &'a dyn Fn(&str, bool) -> Option<Span>;

/// Tells what is said of actions, resources and condition keys in vain, as far as the document is known.
#[must_use]
pub fn lint(document: &Draft, place: Places<'_>) -> Vec<Finding> {
    let mut lint = Lint { place, found: Vec::new() };
    for statement in member(document, "Statement").map(items).unwrap_or_default() {
        lint.statement(statement);
    }
    lint.found
}

/// The actions that a statement is about.
#[derive(Default)]
struct Covered<'d> {
    /// Known ones, and the text that names each alone.
    actions: Vec<(Action<'static>, Option<&'d Draft>)>,
    /// Whether there may be others: unknown names, `NotAction`, `*`.
    is_open: bool,
}

struct Lint<'a> {
    place: Places<'a>,
    found: Vec<Finding>,
}

impl Lint<'_> {
    fn statement(&mut self, statement: &Draft) {
        let covered = match (member(statement, "Action"), member(statement, "NotAction")) {
            (Some(named), None) => self.actions(named),
            (None, Some(named)) => Covered { is_open: true, ..self.actions(named) },
            _ => return,
        };
        let negated = member(statement, "NotAction").is_some();
        if let Some(resources) = member(statement, "Resource").filter(|_| !covered.is_open) {
            self.resources(&covered, resources);
        }
        if let Some(condition) = member(statement, "Condition") {
            self.condition(if negated { &[] } else { &covered.actions }, covered.is_open, condition);
        }
    }

    /// Reads `Action` or `NotAction` and tells of names that are not known.
    fn actions<'d>(&mut self, named: &'d Draft) -> Covered<'d> {
        let mut covered = Covered::default();
        for item in items(named) {
            let Some(name) = text(item).filter(|name| name.contains(':') && *name != "*:*") else {
                covered.is_open = true;
                continue;
            };
            let is_pattern = name.contains(['*', '?']);
            let known = actions().expand(name);
            if known.is_empty() {
                covered.is_open = true;
                self.unknown_action(item, name, is_pattern);
            }
            covered.actions.extend(known.into_iter().map(|action| (action, (!is_pattern).then_some(item))));
        }
        covered
    }

    fn unknown_action(&mut self, item: &Draft, name: &str, is_pattern: bool) {
        let prefix = name.split(':').next().unwrap_or_default();
        let has_service = prefix.contains(['*', '?']) || actions().service(prefix).is_some();
        let (code, message) = match (has_service, is_pattern) {
            (false, _) => (codes::ACTION, format!("no service with the prefix `{prefix}` is known")),
            (true, false) => (codes::ACTION, format!("no action `{name}` is known")),
            (true, true) => (codes::WILDCARD, format!("no known action matches `{name}`")),
        };
        let meant = if is_pattern {
            let (_, rest) = name.split_once(':').unwrap_or_default();
            let meant = actions().suggest_service(prefix).filter(|_| !has_service);
            meant.map(|service| format!("{}:{rest}", service.prefix()))
        } else {
            actions().suggest(name).map(|action| action.to_string())
        };
        self.tell_unknown(Diagnostic::warning(code, message), item, false, name, meant);
    }

    /// Tells of a name that is not known, and offers the nearest one where it is a matter of spelling.
    fn tell_unknown(&mut self, warning: Diagnostic, part: &Draft, is_key: bool, name: &str, meant: Option<String>) {
        let slip = |meant: &String| suggest::distance(&name.to_lowercase(), &meant.to_lowercase()) <= SLIPS_MAX;
        let (help, replacement) = match meant {
            Some(meant) if slip(&meant) => (format!("write `{meant}`"), Some(meant)),
            Some(meant) => (format!("did you mean `{meant}`? What is known is of {}", collected()), None),
            None => (format!("mind the spelling; what is known is of {}", collected()), None),
        };
        self.tell(warning.help(help), part, is_key, replacement);
    }

    fn tell(&mut self, diagnostic: Diagnostic, part: &Draft, is_key: bool, text: Option<String>) {
        let diagnostic = match (self.place)(&part.place, is_key) {
            Some(span) => diagnostic.at(span, ""),
            None => diagnostic,
        };
        let replacement = text.map(|text| Replacement { place: part.place.clone(), is_key, text });
        self.found.push(Finding { diagnostic, replacement });
    }
}

/// Returns the day of the facts.
fn collected() -> &'static str {
    actions().collected().get(..10).unwrap_or_default()
}

/// Returns a member of an object, if it is there once.
fn member<'d>(draft: &'d Draft, name: &str) -> Option<&'d Draft> {
    let DraftValue::Object(members) = &draft.value else { return None };
    members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Returns the items of a list, or the value itself: policies allow both.
fn items(draft: &Draft) -> &[Draft] {
    match &draft.value {
        DraftValue::List(items) => items,
        DraftValue::Unknown | DraftValue::Text(_) | DraftValue::Object(_) => std::slice::from_ref(draft),
    }
}

fn text(draft: &Draft) -> Option<&str> {
    match &draft.value {
        DraftValue::Text(text) => Some(text),
        DraftValue::Unknown | DraftValue::List(_) | DraftValue::Object(_) => None,
    }
}
