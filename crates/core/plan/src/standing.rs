//! How a wanted cell stands in the observed world.

use crate::{
    deployment::{APP_TAG, Deployment, STACK_TAG, WantedCell},
    guard::same_json,
    observed::{Cell, Definition, InstanceStatus, ObservedInstance, ObservedStackSet, PermissionModel},
    plan::{CellState, Change},
};

/// How a stack set stands.
#[derive(Debug)]
pub(crate) struct SetStanding<'a> {
    /// The set, when it exists and is ours.
    pub(crate) seen: Option<&'a ObservedStackSet>,
    /// In what its definition differs: `template`, `parameters`...; empty when it does not or there is none.
    pub(crate) differs: Vec<&'static str>,
}

/// How a cell stands, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellStanding {
    pub(crate) state: CellState,
    pub(crate) reason: Option<String>,
    pub(crate) change: Change,
    /// Whether an instance exists, whatever its state.
    pub(crate) exists: bool,
    /// Whether the instance's own parameter values are known to differ.
    pub(crate) overrides_differ: bool,
    /// The operation that works on it.
    pub(crate) follows: Option<String>,
}

/// Tells whether a stack set is this deployment's, by its tags.
pub(crate) fn is_ours(deployment: &Deployment<'_>, seen: &ObservedStackSet) -> bool {
    let tags = &seen.definition.tags;
    tags.get(APP_TAG) == Some(&deployment.app.name.value) && tags.get(STACK_TAG) == Some(&deployment.stack.name.value)
}

/// Returns how a stack set stands.
pub(crate) fn set<'a>(deployment: &Deployment<'_>, seen: Option<&'a ObservedStackSet>) -> SetStanding<'a> {
    let seen = seen.filter(|seen| is_ours(deployment, seen));
    let differs = seen.map(|seen| differences(&deployment.definition, &seen.definition)).unwrap_or_default();
    SetStanding { seen, differs }
}

/// Returns in what two definitions differ. Automatic deployment is not compared: changing it touches no instance.
/// Managed execution is not either: it changes nothing in any cell, and not every endpoint tells it.
fn differences(wanted: &Definition, seen: &Definition) -> Vec<&'static str> {
    let mut differs = Vec::new();
    if wanted.template.trim_end() != seen.template.trim_end() && !same_json(&wanted.template, &seen.template) {
        differs.push("template");
    }
    // A hidden value cannot be compared and counts as equal.
    let equal = |(name, value): (&String, &Option<String>)| match seen.parameters.get(name) {
        Some(None) => true,
        Some(seen) => seen == value,
        None => false,
    };
    let gone = seen.parameters.keys().any(|name| !wanted.parameters.contains_key(name) && !has_default(seen, name));
    if !wanted.parameters.iter().all(equal) || gone {
        differs.push("parameters");
    }
    if wanted.capabilities != seen.capabilities {
        differs.push("capabilities");
    }
    if wanted.tags != seen.tags {
        differs.push("tags");
    }
    if wanted.description != seen.description {
        differs.push("description");
    }
    match (&wanted.model, &seen.model) {
        (PermissionModel::ServiceManaged { .. }, PermissionModel::ServiceManaged { .. }) => {}
        (one, other) if one == other => {}
        (_, _) => differs.push("roles"),
    }
    differs
}

/// AWS lists a parameter that was never set with its default, so a surplus one is no difference by itself.
fn has_default(seen: &Definition, name: &str) -> bool {
    stackfleet_template::read_body(&seen.template).is_ok_and(|template| {
        template.parameters().get(name).is_some_and(|parameter| {
            parameter.default.is_some() && parameter.default == seen.parameters.get(name).cloned().flatten()
        })
    })
}

/// Returns how a cell stands.
pub(crate) fn cell(standing: &SetStanding<'_>, wanted: &WantedCell) -> CellStanding {
    let place = wanted.account.id.clone().map(|account| Cell { account, region: wanted.region.clone() });
    let instance = standing.seen.zip(place).and_then(|(seen, place)| seen.instances.get(&place));
    let (Some(seen), Some(instance)) = (standing.seen, instance) else {
        return CellStanding {
            state: CellState::Missing,
            reason: None,
            change: Change::Create,
            exists: false,
            overrides_differ: false,
            follows: None,
        };
    };
    let overrides_differ = instance.overrides.as_ref().is_some_and(|overrides| *overrides != wanted.overrides);
    let (state, reason) = state(standing, seen, instance, overrides_differ);
    let follows = (state == CellState::Running).then(|| followed(seen, instance)).flatten();
    let outdated = !standing.differs.is_empty() || overrides_differ;
    let change = match state {
        CellState::Running if !outdated => Change::Follow,
        // Nothing but removing it from its set frees an inoperable instance.
        CellState::Failed if instance.status == InstanceStatus::Inoperable => Change::None,
        CellState::Outdated | CellState::Failed | CellState::Running => match instance.stack_id {
            Some(_) => Change::Update,
            None => Change::Create,
        },
        CellState::Current | CellState::Drifted | CellState::Missing | CellState::Blocked | CellState::Skipped => {
            Change::None
        }
    };
    CellStanding { state, reason, change, exists: true, overrides_differ, follows }
}

fn state(
    standing: &SetStanding<'_>,
    seen: &ObservedStackSet,
    instance: &ObservedInstance,
    overrides_differ: bool,
) -> (CellState, Option<String>) {
    let detailed = instance.detailed.as_deref().unwrap_or_default();
    if matches!(detailed, "PENDING" | "RUNNING") && followed(seen, instance).is_some() {
        return (CellState::Running, None);
    }
    match instance.status {
        InstanceStatus::Inoperable => (CellState::Failed, instance.reason.clone()),
        InstanceStatus::Outdated => match detailed {
            "FAILED" | "FAILED_IMPORT" => (CellState::Failed, instance.reason.clone()),
            "SKIPPED_SUSPENDED_ACCOUNT" => (CellState::Skipped, Some("the account is suspended".to_owned())),
            _ => (CellState::Outdated, instance.reason.clone()),
        },
        InstanceStatus::Current if !standing.differs.is_empty() => {
            (CellState::Outdated, Some(format!("{} of the stack set differ from the project", list(&standing.differs))))
        }
        InstanceStatus::Current if overrides_differ => {
            (CellState::Outdated, Some("parameter values of this instance differ".to_owned()))
        }
        InstanceStatus::Current if instance.drift.as_deref() == Some("DRIFTED") => {
            (CellState::Drifted, Some("changed by others since it was deployed".to_owned()))
        }
        InstanceStatus::Current => (CellState::Current, None),
    }
}

fn list(words: &[&str]) -> String {
    match words {
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

/// Returns the operation under way that works on an instance.
fn followed(seen: &ObservedStackSet, instance: &ObservedInstance) -> Option<String> {
    let works =
        |operation: &&crate::observed::ObservedOperation| matches!(operation.action.as_str(), "CREATE" | "UPDATE");
    let named = seen.running.iter().find(|operation| instance.last_operation.as_ref() == Some(&operation.id));
    named.or_else(|| seen.running.iter().rev().find(works)).map(|operation| operation.id.clone())
}
