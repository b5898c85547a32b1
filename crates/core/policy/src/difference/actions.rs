//! Actions that policies do not tell apart, and short lists of many actions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Class, KnownAction, Shape, Statements, automaton, automaton::Text, terms::Atom};
use crate::{arn::ArnPattern, policy::Actions};

/// Puts actions together that the same statements name and whose resources match the same patterns. Actions that no
/// statement names which stands on one side only are left out.
pub(super) fn classes<'v>(statements: &Statements<'v>, actions: &[KnownAction]) -> Vec<Class<'v>> {
    let mut found: Vec<(Vec<bool>, Vec<usize>)> = Vec::new();
    if !statements.differs.contains(&true) {
        return Vec::new();
    }
    for (number, action) in actions.iter().enumerate() {
        let names = |actions: &Actions| actions.name(service(&action.name), &action.name);
        let named: Vec<bool> = statements.all.iter().map(|statement| names(&statement.actions)).collect();
        if !named.iter().zip(&statements.differs).any(|(named, differs)| *named && *differs) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == named) {
            Some((_, numbers)) => numbers.push(number),
            None => found.push((named, vec![number])),
        }
    }
    let of = |(named, numbers): (Vec<bool>, Vec<usize>)| {
        let mut atoms: Vec<Atom<'v>> = Vec::new();
        let statements = statements.all.iter().zip(&named).filter(|(_, named)| **named);
        for atom in statements.flat_map(|(statement, _)| Atom::of(statement)) {
            if !atoms.contains(&atom) {
                atoms.push(atom);
            }
        }
        by_shape(&atoms, numbers.iter().filter_map(|number| actions.get(*number)))
    };
    found.into_iter().flat_map(of).collect()
}

/// Divides actions by the shapes of their resources, as far as patterns meet these.
fn by_shape<'v, 'a>(atoms: &[Atom<'v>], actions: impl Iterator<Item = &'a KnownAction>) -> Vec<Class<'v>> {
    let patterns: Vec<&ArnPattern> = atoms
        .iter()
        .filter_map(|atom| match atom {
            Atom::Resource(pattern) => Some(*pattern),
            Atom::Principal(_) | Atom::Condition(_) => None,
        })
        .collect();
    let texts: Vec<Text> = patterns.iter().filter_map(|pattern| Text::of_resource(pattern, &|_| None)).collect();
    let mut met: BTreeMap<&'a Shape, bool> = BTreeMap::new();
    let mut classes: Vec<Class<'v>> = Vec::new();
    for action in actions {
        let (mut shapes, mut other) = (Vec::new(), None);
        for shape in &action.shapes {
            let meets = *met.entry(shape).or_insert_with(|| {
                let as_text = Text::shape(&shape.text, shape.is_flat);
                texts.iter().any(|text| automaton::meet(&as_text, text))
            });
            if meets {
                shapes.push(shape.clone());
            } else {
                other = Some(shape);
            }
        }
        let others = other.is_some() || action.shapes.is_empty();
        shapes.sort();
        match classes.iter_mut().find(|class| class.shapes == shapes && class.others.is_some() == others) {
            Some(class) => class.actions.push(action.name.clone()),
            None => classes.push(Class {
                actions: vec![action.name.clone()],
                shapes,
                others: others.then(|| other.map_or_else(|| "*".to_owned(), instance)),
                atoms: atoms.to_vec(),
            }),
        }
    }
    classes
}

/// Returns a resource of a shape.
fn instance(shape: &Shape) -> String {
    let reached = automaton::explore(&Text::shape(&shape.text, shape.is_flat), &[]);
    reached.texts.into_iter().next().unwrap_or_else(|| shape.text.clone())
}

/// Writes a list of actions with as few entries as its service allows: `s3:*`, `s3:Get*` where some document writes it
/// so, or `* except iam:*`. `all` is every action that is known, `written` the entries of documents.
#[must_use]
pub fn in_short<'a>(actions: &[String], all: impl Iterator<Item = &'a str> + Clone, written: &[String]) -> Vec<String> {
    let wanted: BTreeSet<&str> = actions.iter().map(String::as_str).collect();
    let is_wanted = |name: &str| wanted.contains(name);
    if all.clone().all(is_wanted) {
        return vec!["*".to_owned()];
    }
    let direct = entries(&wanted, all.clone(), written);
    // What is nearly everything is told by what is left out.
    let left_out: BTreeSet<&str> = all.clone().filter(|name| !is_wanted(name)).collect();
    if left_out.len() * 4 > wanted.len() {
        return direct;
    }
    let except = entries(&left_out, all, written);
    if except.len() < direct.len() { vec![format!("* except {}", except.join(", "))] } else { direct }
}

/// Lists actions by entries that name none but them.
fn entries<'a>(wanted: &BTreeSet<&str>, all: impl Iterator<Item = &'a str> + Clone, written: &[String]) -> Vec<String> {
    let mut left: BTreeSet<&str> = wanted.clone();
    let mut told = Vec::new();
    // Services of which everything is wanted.
    let mut services: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in all.clone() {
        let (known, found) = services.entry(service(name)).or_default();
        *known += 1;
        *found += usize::from(wanted.contains(name));
    }
    let whole: BTreeSet<&str> = services
        .iter()
        .filter(|(_, (known, found))| known == found && *known > 1)
        .map(|(service, _)| *service)
        .collect();
    left.retain(|name| !whole.contains(service(name)));
    told.extend(whole.iter().map(|service| format!("{service}:*")));
    let mut patterns: Vec<(&String, BTreeSet<&str>)> = Vec::new();
    for entry in written.iter().filter(|entry| entry.contains(['*', '?'])) {
        let Some(named) = Actions::only(entry) else { continue };
        let covered: BTreeSet<&str> = all.clone().filter(|name| named.name(service(name), name)).collect();
        if covered.len() > 1 && covered.is_subset(wanted) {
            patterns.push((entry, covered));
        }
    }
    patterns.sort_by_key(|(_, covered)| std::cmp::Reverse(covered.len()));
    for (entry, covered) in patterns {
        if covered.iter().any(|name| left.contains(name)) {
            left.retain(|name| !covered.contains(name));
            told.push(entry.clone());
        }
    }
    told.extend(left.into_iter().map(str::to_owned));
    told.sort();
    told
}

/// Returns what stands before an action's colon.
fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 6] = ["iam:PassRole", "s3:GetAcl", "s3:GetObject", "s3:PutObject", "sqs:Purge", "sqs:Send"];

    fn short(actions: &[&str], written: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        in_short(&owned(actions), ALL.iter().copied(), &owned(written))
    }

    #[test]
    fn lists_are_short_and_name_nothing_else() {
        assert_eq!(short(&ALL, &[]), ["*"]);
        assert_eq!(short(&["s3:GetAcl", "s3:GetObject", "s3:PutObject"], &["s3:Get*"]), ["s3:*"]);
        assert_eq!(short(&["s3:GetAcl", "s3:GetObject"], &["s3:Get*"]), ["s3:Get*"]);
        assert_eq!(short(&["s3:GetAcl", "s3:GetObject"], &[]), ["s3:GetAcl", "s3:GetObject"]);
        assert_eq!(short(&["s3:GetAcl"], &["s3:*"]), ["s3:GetAcl"]);
        assert_eq!(short(&ALL[1..], &[]), ["* except iam:PassRole"]);
    }
}
