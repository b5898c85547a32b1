//! Stack sets: what is kept of each, its instances and its operations, and how these change state.
//!
//! Records and their transitions only; no account is entered and no stack made here (see `deploy`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Digest, Region, Timestamp};

use super::{
    pairs,
    scheduler::{Outcome, Preferences, Schedule, Verdict},
    status::{Action, DetailedStatus, InstanceStatus, OperationStatus, PermissionModel, ResultStatus},
    targeting::Targets,
};

/// An instance's account and region.
pub(crate) type Place = (AccountId, Region);

/// What AWS writes where the user's own request is the reason.
pub(crate) const USER_INITIATED: &str = "User Initiated";
/// What AWS writes at instances that an operation gave up because of failures elsewhere.
pub(crate) const TOLERANCE_EXCEEDED: &str = "Cancelled since failure tolerance has exceeded";
/// What stands at instances that never started because the user stopped the operation; AWS's words are not known.
pub(crate) const STOPPED: &str = "Cancelled since the operation was stopped";
/// What AWS writes at instances in suspended accounts.
pub(crate) const SUSPENDED: &str = "ACCOUNT_SUSPENDED";

/// What is changed in a set only as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetDefinition {
    /// The template's digest; its text is in the store's `texts`.
    pub(crate) template: Digest,
    /// Values that the caller gave.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Parameters of the template; absent defaults are `None`.
    pub(crate) declared: BTreeMap<String, Option<String>>,
    /// Acknowledged capabilities.
    pub(crate) capabilities: Vec<String>,
    /// Tags of all its stacks.
    pub(crate) tags: Vec<(String, String)>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// The administration role of a self-managed set, where not the default one.
    pub(crate) administration_role: Option<String>,
    /// The execution role of a self-managed set.
    pub(crate) execution_role: Option<String>,
}

/// Automatic deployment of a service-managed set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AutoDeployment {
    /// Whether accounts that join are deployed to.
    pub(crate) enabled: bool,
    /// Whether stacks stay in accounts that leave.
    pub(crate) retain: bool,
    /// ARNs of sets that go first.
    pub(crate) depends_on: Vec<String>,
}

/// One account and region of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// The stack's ARN, where there is a stack.
    pub(crate) stack: Option<Arc<str>>,
    /// Values that differ from those of the set.
    pub(crate) overrides: BTreeMap<String, String>,
    /// How its stack relates to the set.
    pub(crate) status: InstanceStatus,
    /// How the last operation went.
    pub(crate) detailed: DetailedStatus,
    /// Why.
    pub(crate) reason: Option<Arc<str>>,
    /// The unit through which it was targeted.
    pub(crate) unit: Option<Arc<str>>,
    /// The last operation that touched it.
    pub(crate) last_operation: Arc<str>,
}

/// How an operation went for one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperationResult {
    /// How.
    pub(crate) status: ResultStatus,
    /// Why.
    pub(crate) reason: Option<Arc<str>>,
    /// What came of the account gate; absent until it was asked.
    pub(crate) gate: Option<Arc<str>>,
    /// The unit through which it was targeted.
    pub(crate) unit: Option<Arc<str>>,
}

/// What `ParameterOverrides` says of one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Override {
    /// This value.
    Value(String),
    /// The present one.
    Previous,
}

/// An operation on a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// Its id.
    pub(crate) id: Arc<str>,
    /// What it does.
    pub(crate) action: Action,
    /// How it stands.
    pub(crate) status: OperationStatus,
    /// Why.
    pub(crate) reason: Option<String>,
    /// How it proceeds.
    pub(crate) preferences: Option<Preferences>,
    /// What it was asked to work on.
    pub(crate) targets: Targets,
    /// When it was asked for.
    pub(crate) created: Timestamp,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// The roles that it uses.
    pub(crate) administration_role: Option<String>,
    /// The roles that it uses.
    pub(crate) execution_role: Option<String>,
    /// Whether a deletion leaves the stacks.
    pub(crate) retain: Option<bool>,
    /// Whether it changes the set itself; such an operation conflicts with every other.
    pub(crate) changes_set: bool,
    /// What it does to overrides of its instances.
    pub(crate) overrides: Option<BTreeMap<String, Override>>,
    /// The digest of the request, by which a repetition is known.
    pub(crate) request: Digest,
    /// Whether automatic deployment began it.
    pub(crate) automatic: bool,
    /// What runs and what waits.
    pub(crate) schedule: Schedule,
    /// How it goes at each instance.
    #[serde(with = "pairs")]
    pub(crate) results: BTreeMap<Place, OperationResult>,
}

/// A stack set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StackSet {
    /// Its ARN.
    pub(crate) arn: Arc<str>,
    /// `name:uuid`.
    pub(crate) id: Arc<str>,
    /// Its name.
    pub(crate) name: Arc<str>,
    /// The account that it lies in: the management account for service-managed ones.
    pub(crate) account: AccountId,
    /// The region that it lies in.
    pub(crate) region: Region,
    /// Whether it was deleted.
    pub(crate) deleted: bool,
    /// Who lends it its roles.
    pub(crate) model: PermissionModel,
    /// What it deploys.
    pub(crate) definition: SetDefinition,
    /// Automatic deployment.
    pub(crate) auto: Option<AutoDeployment>,
    /// Whether operations that do not conflict run side by side.
    pub(crate) managed_execution: bool,
    /// The token of its creation with the digest of that request.
    pub(crate) token: Option<(String, Digest)>,
    /// Units with the regions that automatic deployment covers.
    pub(crate) covered: BTreeMap<String, BTreeSet<Region>>,
    /// Its instances.
    #[serde(with = "pairs")]
    pub(crate) instances: BTreeMap<Place, Instance>,
    /// Its operations, oldest first.
    pub(crate) operations: Vec<Operation>,
}

impl Operation {
    /// Tells whether two operations may not run at the same time. AWS speaks of conflicts without saying what they are;
    /// here they are operations that touch the same instance or change the set.
    pub(crate) fn conflicts_with(&self, other: &Self) -> bool {
        self.changes_set || other.changes_set || self.results.keys().any(|place| other.results.contains_key(place))
    }

    /// Tells whether it waits or works.
    pub(crate) const fn is_active(&self) -> bool {
        !self.status.is_over()
    }

    /// Counts instances for which it failed.
    pub(crate) fn failures(&self) -> usize {
        self.results.values().filter(|result| result.status == ResultStatus::Failed).count()
    }
}

impl StackSet {
    /// Returns an operation.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().rev().find(|operation| &*operation.id == id)
    }

    /// Returns an operation to change.
    pub(crate) fn operation_mut(&mut self, id: &str) -> Option<&mut Operation> {
        self.operations.iter_mut().rev().find(|operation| &*operation.id == id)
    }

    /// Returns the operation that keeps another from being begun, where execution is not managed.
    pub(crate) fn obstacle(&self) -> Option<&Operation> {
        let active = |operation: &&Operation| operation.is_active();
        if self.managed_execution { None } else { self.operations.iter().find(active) }
    }

    /// Adds an operation, which waits, and marks its instances as pending.
    pub(crate) fn enqueue(&mut self, operation: Operation) {
        for (place, result) in &operation.results {
            let missing = || Instance {
                stack: None,
                overrides: BTreeMap::new(),
                status: InstanceStatus::Outdated,
                detailed: DetailedStatus::Pending,
                reason: None,
                unit: result.unit.clone(),
                last_operation: operation.id.clone(),
            };
            let instance = match operation.action {
                Action::Create => Some(self.instances.entry(place.clone()).or_insert_with(missing)),
                Action::Update | Action::Delete => self.instances.get_mut(place),
            };
            let Some(instance) = instance else { continue };
            if instance.status == InstanceStatus::Current {
                instance.status = InstanceStatus::Outdated;
            }
            instance.detailed = DetailedStatus::Pending;
            instance.reason = Some(USER_INITIATED.into());
            instance.last_operation = operation.id.clone();
        }
        self.operations.push(operation);
    }

    /// Lets waiting operations begin, in the order in which they were asked for, each when it conflicts with nothing
    /// before it. Those in `held` wait for something else. Returns the ids of those that begin.
    pub(crate) fn release(&mut self, held: &BTreeSet<Arc<str>>) -> Vec<Arc<str>> {
        let mut released = Vec::new();
        for index in 0..self.operations.len() {
            let (before, from_here) = self.operations.split_at_mut(index);
            let Some(operation) = from_here.first_mut() else { break };
            if operation.status != OperationStatus::Queued || held.contains(&operation.id) {
                continue;
            }
            let blocks = |earlier: &Operation| {
                earlier.is_active() && (!self.managed_execution || earlier.conflicts_with(operation))
            };
            if before.iter().any(blocks) {
                continue;
            }
            operation.status = OperationStatus::Running;
            released.push(operation.id.clone());
        }
        released
    }

    /// Marks an instance as worked on.
    pub(crate) fn begin(&mut self, operation: &str, place: &Place) {
        if let Some(result) = self.operation_mut(operation).and_then(|found| found.results.get_mut(place)) {
            result.status = ResultStatus::Running;
        }
        if let Some(instance) = self.instances.get_mut(place) {
            instance.detailed = DetailedStatus::Running;
        }
    }

    /// Notes how the work on an instance ended.
    pub(crate) fn end(&mut self, operation: &str, place: &Place, outcome: Outcome, reason: Option<Arc<str>>) {
        let Some(found) = self.operation_mut(operation) else { return };
        let action = found.action;
        found.schedule.finish(&place.0, &place.1, outcome);
        if let Some(result) = found.results.get_mut(place) {
            result.status = match outcome {
                // There is no word for skipped among results; what shows is that nothing went wrong.
                Outcome::Succeeded | Outcome::Skipped => ResultStatus::Succeeded,
                Outcome::Failed => ResultStatus::Failed,
            };
            result.reason.clone_from(&reason);
        }
        if action == Action::Delete && outcome == Outcome::Succeeded {
            self.instances.remove(place);
            return;
        }
        let Some(instance) = self.instances.get_mut(place) else { return };
        (instance.status, instance.detailed) = match (action, outcome) {
            (_, Outcome::Succeeded) => (InstanceStatus::Current, DetailedStatus::Succeeded),
            (_, Outcome::Skipped) => (instance.status, DetailedStatus::SkippedSuspendedAccount),
            (Action::Delete, Outcome::Failed) => (InstanceStatus::Inoperable, DetailedStatus::Inoperable),
            (Action::Create | Action::Update, Outcome::Failed) => (InstanceStatus::Outdated, DetailedStatus::Failed),
        };
        instance.reason = reason;
    }

    /// Notes that instances will not be worked on.
    pub(crate) fn cancel(&mut self, operation: &str, places: Vec<Place>, reason: &str) {
        for place in places {
            if let Some(result) = self.operation_mut(operation).and_then(|found| found.results.get_mut(&place)) {
                result.status = ResultStatus::Cancelled;
                result.reason = Some(reason.into());
            }
            if let Some(instance) = self.instances.get_mut(&place) {
                instance.detailed = DetailedStatus::Cancelled;
                instance.reason = Some(reason.into());
            }
        }
    }

    /// Ends an operation that has nothing left to do. Returns whether it ended.
    pub(crate) fn settle(&mut self, operation: &str, now: Timestamp) -> bool {
        let Some(found) = self.operation_mut(operation) else { return false };
        let working = matches!(found.status, OperationStatus::Running | OperationStatus::Stopping);
        let Some(verdict) = found.schedule.verdict().filter(|_| working) else { return false };
        found.status = match verdict {
            Verdict::Succeeded => OperationStatus::Succeeded,
            Verdict::Failed => OperationStatus::Failed,
            Verdict::Stopped => OperationStatus::Stopped,
        };
        found.ended = Some(now);
        true
    }

    /// Marks every instance as outdated: the template or the parameters of the set changed.
    pub(crate) fn outdate(&mut self) {
        for instance in self.instances.values_mut() {
            if instance.status == InstanceStatus::Current {
                instance.status = InstanceStatus::Outdated;
            }
        }
    }

    /// Applies what a call says about overrides to those of one instance: a list replaces them, except where it says
    /// that a present one is kept; no list leaves them.
    pub(crate) fn overridden(
        present: &BTreeMap<String, String>,
        wanted: Option<&BTreeMap<String, Override>>,
    ) -> BTreeMap<String, String> {
        let Some(wanted) = wanted else { return present.clone() };
        wanted
            .iter()
            .filter_map(|(key, value)| {
                let value = match value {
                    Override::Value(value) => Some(value.clone()),
                    Override::Previous => present.get(key).cloned(),
                };
                value.map(|value| (key.clone(), value))
            })
            .collect()
    }

    /// Returns which regions automatic deployment covers for an account below these units.
    pub(crate) fn regions_for(&self, units: &[String]) -> BTreeSet<Region> {
        units.iter().filter_map(|unit| self.covered.get(unit)).flatten().cloned().collect()
    }

    /// Returns what a move of an account from below some units to below others means: regions to deploy to and regions
    /// to delete from. A move inside what is covered means nothing.
    pub(crate) fn moved(&self, from: &[String], to: &[String]) -> (Vec<Region>, Vec<Region>) {
        let (before, after) = (self.regions_for(from), self.regions_for(to));
        (after.difference(&before).cloned().collect(), before.difference(&after).cloned().collect())
    }
}

#[cfg(test)]
mod tests;
