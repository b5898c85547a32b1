//! What an update changes inside stacks: resources and properties, folded over cells in which the same changes.
//!
//! Both templates are evaluated with the values that cells have before and after; what only AWS knows stays a call and
//! compares as one. Templates with transforms are compared as written.

use std::collections::BTreeMap;

use stackfleet_base::{AccountId, Region};
use stackfleet_catalog::catalog;
use stackfleet_template::{Evaluated, Inputs, Nothing, Template, difference, evaluate, read_body};

use crate::{
    effect::{Update, updates},
    observed::{Cell, Definition, Observed},
    plan::{Action, CellId, Change, Plan},
};

/// Stands for a value that AWS hides; the same on both sides, so that it never counts as changed.
const HIDDEN: &str = "****";

/// What changes in the stacks of one stack set.
#[derive(Debug, Clone, PartialEq)]
pub struct StackChanges {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// The stack set.
    pub set: String,
    /// Resources that differ, in the order of the template.
    pub resources: Vec<ChangedResource>,
    /// Cells for which the difference could not be computed.
    pub unknown: u32,
}

/// A resource that differs in the same way in some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedResource {
    /// How it differs, and what the update does to it.
    pub update: Update,
    /// In how many cells.
    pub cells: u32,
}

/// Returns what every planned replacement of a definition changes in existing stacks.
#[must_use]
pub fn changes(plan: &Plan, observed: &Observed) -> Vec<StackChanges> {
    let updates = plan.steps.iter().filter_map(|step| {
        let Action::UpdateStackSet { set, definition, .. } = &step.action else { return None };
        let before = &observed.stack_sets.get(set)?.definition;
        Some((set, before, &**definition))
    });
    updates.map(|(set, before, after)| of_set(plan, observed, set, before, after)).collect()
}

/// Parameter values of a cell alone, before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Own {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

fn of_set(plan: &Plan, observed: &Observed, set: &str, before: &Definition, after: &Definition) -> StackChanges {
    let mut groups: BTreeMap<Own, Vec<CellId>> = BTreeMap::new();
    for step in &plan.steps {
        let (of, own) = match &step.action {
            Action::UpdateStackSet { set, .. } => (set, None),
            Action::CreateInstances { set, overrides, .. } | Action::UpdateInstances { set, overrides, .. } => {
                (set, Some(overrides))
            }
            Action::CreateOrganization
            | Action::EnableServiceControlPolicies
            | Action::ActivateStackSetsAccess
            | Action::CreateUnit { .. }
            | Action::CreateAccount { .. }
            | Action::MoveAccount { .. }
            | Action::TagAccount { .. }
            | Action::CreatePolicy { .. }
            | Action::UpdatePolicy { .. }
            | Action::AttachPolicy { .. }
            | Action::DetachPolicy { .. }
            | Action::PutAdministrationRole { .. }
            | Action::PutBucket { .. }
            | Action::UploadArtifact { .. }
            | Action::CreateStackSet { .. }
            | Action::SetAutoDeployment { .. }
            | Action::FollowOperation { .. } => continue,
        };
        if of != set {
            continue;
        }
        for id in &step.cells {
            let Some(cell) = plan.cells.get(id.index()).filter(|cell| cell.change == Change::Update) else { continue };
            let place = cell.account.id.clone().map(|account| Cell { account, region: cell.region.clone() });
            let seen = place.and_then(|place| observed.stack_sets.get(set)?.instances.get(&place)?.overrides.clone());
            let after = own.cloned().or_else(|| seen.clone()).unwrap_or_default();
            let before = seen.unwrap_or_else(|| after.clone());
            groups.entry(Own { before, after }).or_default().push(*id);
        }
    }
    let any = plan.cells.iter().find(|cell| cell.set == set);
    let (app, stack) = any.map(|cell| (cell.app.clone(), cell.stack.clone())).unwrap_or_default();
    let mut changes = StackChanges { app, stack, set: set.to_owned(), resources: Vec::new(), unknown: 0 };
    let templates = (read_body(&before.template), read_body(&after.template));
    let (Ok(old), Ok(new)) = templates else {
        changes.unknown = groups.values().map(|cells| count(cells)).sum();
        return changes;
    };
    for (own, cells) in groups {
        let first = cells.first().and_then(|id| plan.cells.get(id.index()));
        let target = first.and_then(|cell| Some((cell.account.id.clone()?, cell.region.clone())));
        let evaluated = target.and_then(|target| {
            let old = evaluated(&old, before, &own.before, &target)?;
            Some((old, evaluated(&new, after, &own.after, &target)?))
        });
        let Some((old, new)) = evaluated else {
            changes.unknown += count(&cells);
            continue;
        };
        for update in updates(catalog(), &old, &new, &difference(&old, &new)) {
            match changes.resources.iter_mut().find(|known| known.update == update) {
                Some(known) => known.cells += count(&cells),
                None => changes.resources.push(ChangedResource { update, cells: count(&cells) }),
            }
        }
    }
    changes
}

fn evaluated(
    template: &Template,
    definition: &Definition,
    own: &BTreeMap<String, String>,
    (account, region): &(AccountId, Region),
) -> Option<Evaluated> {
    let of_set = definition.parameters.iter();
    let mut parameters: BTreeMap<String, String> =
        of_set.map(|(name, value)| (name.clone(), value.clone().unwrap_or_else(|| HIDDEN.to_owned()))).collect();
    parameters.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
    parameters.retain(|name, _| template.parameters().contains_key(name));
    let inputs = Inputs {
        parameters,
        account: account.clone(),
        region: region.clone(),
        stack_name: None,
        stack_id: None,
        notification_arns: Vec::new(),
    };
    evaluate(template, &inputs, &Nothing).ok()
}

fn count(cells: &[CellId]) -> u32 {
    u32::try_from(cells.len()).unwrap_or(u32::MAX)
}
