//! What an update does to a resource that differs: changed in place, replaced, removed, and what becomes of its data.
//!
//! The facts are the catalog's: which properties cannot be changed, which types hold data. Where they do not decide it, the
//! answer is that it may be replaced.

mod followers;

use serde_json::{Map, Value};
use stackfleet_catalog::{Catalog, Handler, Replacement, ResourceType, Stateful};
use stackfleet_template::{
    Difference, Evaluated, EvaluatedResource, ResourceChange, ResourceDifference, ValueDifference, is_known,
};

use followers::followers;

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Created,
    /// Nothing: what differs is CloudFormation's own (policies, metadata, order).
    Untouched,
    /// It is changed.
    InPlace,
    /// It is changed or replaced; AWS decides it by the values, or nothing is known of the type.
    MayBeReplaced(Fate),
    /// Another is made, then this one goes.
    Replaced(Fate),
    /// It leaves the stack.
    Removed(Fate),
    /// CloudFormation refuses the update: a resource does not change its type.
    TypeRefused,
    /// CloudFormation refuses the update: the replacement would have the same name, given by these properties.
    NameRefused(Vec<String>),
}

/// What becomes of a resource that leaves the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is deleted; resources of its type hold no data.
    Deleted,
    /// It is deleted if it is empty; otherwise it stays behind, outside the stack.
    DeletedIfEmpty,
    /// It is deleted with its data.
    DataLost,
    /// A snapshot of its data is taken, then it is deleted.
    Snapshot,
    /// It stays, outside the stack.
    Kept,
}

/// What an update does to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// How it differs; without values where it only follows another.
    pub difference: ResourceDifference,
    /// What happens to it.
    pub effect: Effect,
    /// Properties that get another value because they refer to a resource that is replaced, with that resource.
    pub follows: Vec<(String, String)>,
}

/// Returns what an update does to every resource that differs, or refers to one that is replaced: those that differ in their
/// order, then the others in the order of the template.
#[must_use]
pub fn updates(catalog: &Catalog<'_>, before: &Evaluated, after: &Evaluated, difference: &Difference) -> Vec<Update> {
    let direct = difference.resources.iter().map(|found| Update {
        difference: found.clone(),
        effect: effect(catalog, before, after, found),
        follows: Vec::new(),
    });
    let mut updates: Vec<Update> = direct.collect();
    for follower in followers(catalog, before, after, difference) {
        if let Some(known) = updates.iter_mut().find(|known| known.difference.logical_id == follower.logical_id) {
            known.follows = follower.properties;
            if strength(&known.effect) < strength(&follower.effect) {
                known.effect = follower.effect;
            }
            continue;
        }
        let (logical_id, type_name) = (follower.logical_id, follower.type_name);
        let difference = ResourceDifference { logical_id, type_name, kind: ResourceChange::Changed(Vec::new()) };
        updates.push(Update { difference, effect: follower.effect, follows: follower.properties });
    }
    updates
}

/// How much an effect does to a resource that stays in the template.
const fn strength(effect: &Effect) -> u8 {
    match effect {
        Effect::Untouched => 0,
        Effect::InPlace => 1,
        Effect::MayBeReplaced(_) => 2,
        Effect::Replaced(_) => 3,
        Effect::Created | Effect::Removed(_) | Effect::TypeRefused | Effect::NameRefused(_) => 4,
    }
}

/// What an update does to a resource, as far as its own difference goes.
fn effect(catalog: &Catalog<'_>, before: &Evaluated, after: &Evaluated, difference: &ResourceDifference) -> Effect {
    let old = before.resources.get(&difference.logical_id);
    let new = after.resources.get(&difference.logical_id);
    match &difference.kind {
        ResourceChange::Added => Effect::Created,
        ResourceChange::Retyped { .. } => Effect::TypeRefused,
        ResourceChange::Removed => {
            let fate = old.map_or(Fate::Deleted, |old| fate(catalog, old, deletion_policy(old)));
            Effect::Removed(fate)
        }
        ResourceChange::Changed(values) => {
            let replacements = values.iter().map(|value| replacement(catalog, &difference.type_name, value));
            let strongest = replacements.max().unwrap_or(Replacement::Never);
            let policy = new.and_then(|new| new.update_replace_policy.as_deref());
            let goes = || old.map_or(Fate::Deleted, |old| fate(catalog, old, policy));
            match strongest {
                Replacement::Never if values.iter().all(|value| value.property().is_none()) => Effect::Untouched,
                Replacement::Never => Effect::InPlace,
                Replacement::Conditional => Effect::MayBeReplaced(goes()),
                Replacement::Always => match kept_name(catalog, old, new) {
                    Some(properties) => Effect::NameRefused(properties),
                    None => Effect::Replaced(goes()),
                },
            }
        }
    }
}

/// Returns what the change of one value does to its resource.
#[must_use]
pub fn replacement(catalog: &Catalog<'_>, type_name: &str, value: &ValueDifference) -> Replacement {
    let Some(path) = value.pointer.strip_prefix("/Properties") else { return Replacement::Never };
    // The provider of a custom resource answers with the id of the old one or of another.
    let is_custom = type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource";
    match catalog.resource(type_name).filter(|_| !is_custom) {
        None => Replacement::Conditional,
        Some(kind) => kind.replacement(path).max(unupdatable(kind)),
    }
}

/// What cannot be updated at all is replaced; some of AWS's older types say too little about themselves to be sure.
fn unupdatable(kind: ResourceType<'_>) -> Replacement {
    if kind.handler(Handler::Create).is_some() && kind.handler(Handler::Update).is_none() {
        Replacement::Conditional
    } else {
        Replacement::Never
    }
}

/// `DeletionPolicy`, and what CloudFormation takes where none is written (its documentation names these two types).
fn deletion_policy(resource: &EvaluatedResource) -> Option<&str> {
    let snapshots = match resource.type_name.as_str() {
        "AWS::RDS::DBCluster" => true,
        "AWS::RDS::DBInstance" => !resource.properties.contains_key("DBClusterIdentifier"),
        _ => false,
    };
    resource.deletion_policy.as_deref().or(snapshots.then_some("Snapshot"))
}

fn fate(catalog: &Catalog<'_>, resource: &EvaluatedResource, policy: Option<&str>) -> Fate {
    match policy {
        Some("Retain" | "RetainExceptOnCreate") => return Fate::Kept,
        Some("Snapshot") => return Fate::Snapshot,
        _ => {}
    }
    match catalog.resource(&resource.type_name).map_or(Stateful::No, ResourceType::stateful) {
        Stateful::No => Fate::Deleted,
        Stateful::Yes => Fate::DataLost,
        Stateful::MustBeEmpty => Fate::DeletedIfEmpty,
    }
}

/// The properties that give a resource its name, when a replacement would get the same.
///
/// CloudFormation makes the replacement while the old resource is there, and so refuses ("cannot update a stack when a
/// custom-named resource requires replacing").
fn kept_name(
    catalog: &Catalog<'_>,
    old: Option<&EvaluatedResource>,
    new: Option<&EvaluatedResource>,
) -> Option<Vec<String>> {
    let (old, new) = (old?, new?);
    let kind = catalog.resource(&new.type_name).filter(|kind| !kind.deletes_before_replacing())?;
    let mut names = Vec::new();
    for path in kind.primary_identifier() {
        let steps: Vec<&str> = path.steps().collect();
        let [name] = steps.as_slice() else { return None };
        if kind.is_read_only(&format!("/{name}")) || !same(&old.properties, &new.properties, name) {
            return None;
        }
        names.push((*name).to_owned());
    }
    (!names.is_empty()).then_some(names)
}

fn same(old: &Map<String, Value>, new: &Map<String, Value>, name: &str) -> bool {
    old.get(name).is_some_and(|value| is_known(value) && new.get(name) == Some(value))
}
