//! Whether the names in an expression exist.

use stackfleet_base::{Diagnostic, Region, Span};

use super::{Expression, Term};
use crate::tree::Tree;
use stackfleet_base::suggest::nearest;

impl Expression {
    /// Tells units, accounts and regions that do not exist (errors), and tags and globs that fit no account
    /// (warnings: they may fit one that joins later).
    ///
    /// `regions` are those that may be used; empty means that any may. Account ids are checked only where the tree
    /// knows ids.
    #[must_use]
    pub fn check(&self, tree: &Tree, regions: &[Region]) -> Vec<Diagnostic> {
        self.terms().into_iter().filter_map(|(term, span)| check_term(term, span, tree, regions)).collect()
    }
}

fn check_term(term: &Term, span: Span, tree: &Tree, regions: &[Region]) -> Option<Diagnostic> {
    match term {
        Term::All | Term::State(_) => None,
        Term::Unit(name) => check_unit(name, span, tree),
        Term::AccountName(name) => check_account(name, span, tree),
        Term::AccountId(id) => {
            let ids_known = tree.accounts.iter().all(|account| account.id.is_some());
            let known = tree.account(id.as_str()).is_some();
            (ids_known && !known).then(|| {
                let message = format!("there is no account with the id `{id}` in the organization");
                Diagnostic::error("ORG006", message).at(span, "").help("use the account's name")
            })
        }
        Term::Tag(key, value) => check_tag(key, value.as_deref(), span, tree),
        Term::Name(glob) => {
            let fits = tree.accounts.iter().any(|account| super::glob::fits(glob, &account.name));
            (!fits).then(|| {
                let message = format!("no account has a name like `{glob}`");
                Diagnostic::warning("ORG008", message).at(span, "").help("`*` stands for any text, case counts")
            })
        }
        Term::Region(region) => (!regions.is_empty() && !regions.contains(region)).then(|| {
            let message = format!("`{region}` is not among the organization's regions");
            let known = regions.iter().map(Region::as_str).collect::<Vec<_>>();
            let help = match nearest(region.as_str(), known.iter().copied()) {
                Some(meant) => format!("did you mean `region:{meant}`?"),
                None => format!("regions are {}", known.join(", ")),
            };
            Diagnostic::error("ORG007", message).at(span, "").help(help)
        }),
    }
}

fn check_unit(name: &str, span: Span, tree: &Tree) -> Option<Diagnostic> {
    let paths = tree.unit_paths();
    let found: Vec<&str> = paths.iter().copied().filter(|path| unit_is(path, name)).collect();
    match found.as_slice() {
        [_] => None,
        [] => {
            let last_names = paths.iter().filter_map(|path| path.rsplit('/').next());
            let help = match nearest(name, paths.iter().copied().chain(last_names)) {
                Some(meant) => format!("did you mean `ou:{meant}`?"),
                None if tree.account(name).is_some() => format!("`{name}` is an account: write `account:{name}`"),
                None if paths.is_empty() => "the organization has no units".to_owned(),
                None => format!("units are {}", Vec::from_iter(paths).join(", ")),
            };
            Some(Diagnostic::error("ORG005", format!("there is no unit `{name}`")).at(span, "").help(help))
        }
        several => {
            let message = format!("`ou:{name}` means {} units: {}", several.len(), several.join(", "));
            Some(Diagnostic::warning("ORG009", message).at(span, "").help("write the path of the one that is meant"))
        }
    }
}

fn check_account(name: &str, span: Span, tree: &Tree) -> Option<Diagnostic> {
    if tree.accounts.iter().any(|account| account.name == name) {
        return None;
    }
    let help = match nearest(name, tree.accounts.iter().map(|account| account.name.as_str())) {
        Some(meant) => format!("did you mean `account:{meant}`?"),
        None if tree.unit_paths().iter().any(|path| unit_is(path, name)) => {
            format!("`{name}` is a unit: write `ou:{name}`")
        }
        None => "account names are written as in the organization, case counts".to_owned(),
    };
    Some(Diagnostic::error("ORG006", format!("there is no account `{name}`")).at(span, "").help(help))
}

fn check_tag(key: &str, value: Option<&str>, span: Span, tree: &Tree) -> Option<Diagnostic> {
    let mut values = tree.accounts.iter().filter_map(|account| account.tags.get(key)).peekable();
    if values.peek().is_none() {
        let keys = tree.accounts.iter().flat_map(|account| account.tags.keys());
        let help = match nearest(key, keys.map(String::as_str)) {
            Some(meant) => format!("did you mean `tag:{meant}`?"),
            None => "case counts".to_owned(),
        };
        return Some(Diagnostic::warning("ORG008", format!("no account has the tag `{key}`")).at(span, "").help(help));
    }
    let wanted = value?;
    let values: Vec<&str> = values.map(String::as_str).collect();
    if values.contains(&wanted) {
        return None;
    }
    let help = match nearest(wanted, values) {
        Some(meant) => format!("did you mean `tag:{key}={meant}`?"),
        None => "case counts".to_owned(),
    };
    Some(Diagnostic::warning("ORG008", format!("no account has the tag `{key}={wanted}`")).at(span, "").help(help))
}

/// Tells whether a unit's path is `name` or ends with it: `Payments` and `Workloads/Payments` both mean the latter.
pub(super) fn unit_is(path: &str, name: &str) -> bool {
    path == name || path.strip_suffix(name).is_some_and(|above| above.ends_with('/'))
}
