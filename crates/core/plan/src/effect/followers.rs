//! Resources that an update changes although nothing in them differs: what they refer to is replaced.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_catalog::{Catalog, Replacement};
use stackfleet_template::{Difference, Evaluated, EvaluatedResource, Unknown, ValueDifference, unknowns};

use super::{Effect, effect, fate, kept_name, replacement};

/// A resource that refers to one that is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) logical_id: String,
    pub(super) type_name: String,
    /// The properties that refer to it, each with the resource that is replaced.
    pub(super) properties: Vec<(String, String)>,
    /// What the update does to this one.
    pub(super) effect: Effect,
}

/// How sure it is that references to a resource give another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    Perhaps,
    Surely,
}

/// Returns what changes because something that it refers to is replaced, and so on, in the order of the new template.
///
/// `Ref` gives another value for a replaced resource; of an attribute, and of what may be replaced, that is not sure.
pub(super) fn followers(
    catalog: &Catalog<'_>,
    before: &Evaluated,
    after: &Evaluated,
    difference: &Difference,
) -> Vec<Follower> {
    let direct = difference.resources.iter();
    let mut replaced: BTreeMap<String, Certainty> = direct
        .filter_map(|found| Some((found.logical_id.clone(), certainty(&effect(catalog, before, after, found))?)))
        .collect();
    let mut followers: BTreeMap<String, Follower> = BTreeMap::new();
    // Each round finds what follows from the one before; none is found twice with the same effect, so there is an end.
    loop {
        let mut changed = false;
        for (name, new) in &after.resources {
            let Some(old) = before.resources.get(name).filter(|old| old.type_name == new.type_name) else { continue };
            let Some(follower) = follow(catalog, name, old, new, &replaced) else { continue };
            if let Some(certainty) = certainty(&follower.effect)
                && replaced.get(name).is_none_or(|known| *known < certainty)
            {
                replaced.insert(name.clone(), certainty);
                changed = true;
            }
            followers.insert(name.clone(), follower);
        }
        if !changed {
            break;
        }
    }
    after.resources.keys().filter_map(|name| followers.remove(name)).collect()
}

fn certainty(effect: &Effect) -> Option<Certainty> {
    match effect {
        Effect::Replaced(_) => Some(Certainty::Surely),
        Effect::MayBeReplaced(_) => Some(Certainty::Perhaps),
        Effect::Created
        | Effect::Untouched
        | Effect::InPlace
        | Effect::Removed(_)
        | Effect::TypeRefused
        | Effect::NameRefused(_) => None,
    }
}

/// Looks for references to what is replaced in the properties of a resource that are the same in both templates.
fn follow(
    catalog: &Catalog<'_>,
    name: &str,
    old: &EvaluatedResource,
    new: &EvaluatedResource,
    replaced: &BTreeMap<String, Certainty>,
) -> Option<Follower> {
    let mut properties = Vec::new();
    let mut strongest = Replacement::Never;
    for (property, value) in
        new.properties.iter().filter(|(property, value)| old.properties.get(*property) == Some(value))
    {
        for unknown in unknowns(value) {
            let (to, is_reference) = match &unknown {
                Unknown::Reference(to) => (to, true),
                Unknown::Attribute(to, _) => (to, false),
                Unknown::Import(_) | Unknown::Zones(_) | Unknown::StackOutput(..) => continue,
            };
            let Some(certainty) = replaced.get(to).filter(|_| to != name) else { continue };
            let there = ValueDifference {
                pointer: format!("/Properties/{}", property.replace('~', "~0").replace('/', "~1")),
                before: Some(Value::Null),
                after: None,
            };
            let sure = is_reference && *certainty == Certainty::Surely;
            let of_property = replacement(catalog, &new.type_name, &there);
            strongest = strongest.max(if sure { of_property } else { of_property.min(Replacement::Conditional) });
            if !properties.iter().any(|(known, of)| known == property && of == to) {
                properties.push((property.clone(), to.clone()));
            }
        }
    }
    (!properties.is_empty()).then(|| {
        let goes = fate(catalog, old, new.update_replace_policy.as_deref());
        let effect = match strongest {
            Replacement::Never => Effect::InPlace,
            Replacement::Conditional => Effect::MayBeReplaced(goes),
            Replacement::Always => match kept_name(catalog, Some(old), Some(new)) {
                Some(names) => Effect::NameRefused(names),
                None => Effect::Replaced(goes),
            },
        };
        Follower { logical_id: name.to_owned(), type_name: new.type_name.clone(), properties, effect }
    })
}
