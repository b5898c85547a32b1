//! Stacks: what is kept of each, its resources, its events and the work that goes on.
//!
//! Records and their small changes only. What is done to a resource is in `provider`, in which order in [`walk`] and
//! who drives it in `runner`.
//!
//! [`walk`]: super::walk

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stackfleet_base::{AccountId, Digest, Region, Timestamp};

use super::{
    status::{DeletionPolicy, OnFailure, Status},
    walk::{Logical, Walk},
};
use crate::Call;

/// The type that events of the stack itself carry.
pub(crate) const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// What a stack is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The template as given; its text is in the store's `texts`.
    pub(crate) template: Digest,
    /// Values by parameter; those with defaults included.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Tags in the order given.
    pub(crate) tags: Vec<(String, String)>,
    /// Acknowledged capabilities, as AWS writes them.
    pub(crate) capabilities: Vec<String>,
    /// Topics that are told of events.
    pub(crate) notification_arns: Vec<String>,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    /// Its logical name.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
    /// What the template says of it.
    pub(crate) description: Option<String>,
    /// The name under which other stacks import it.
    pub(crate) export: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// Its type.
    pub(crate) kind: Arc<str>,
    /// What `Ref` gives; absent until it was made.
    pub(crate) physical: Option<Arc<str>>,
    /// How it stands.
    pub(crate) status: Status,
    /// Why, where there is something to say.
    pub(crate) reason: Option<Arc<str>>,
    /// When `status` came about.
    pub(crate) since: Timestamp,
    /// Properties that it has, as JSON text (kept short: there are many).
    pub(crate) properties: Box<str>,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Resources that must be there before it and go after it.
    pub(crate) needs: Vec<Logical>,
    /// What becomes of it when it leaves the stack.
    pub(crate) deletion: DeletionPolicy,
    /// What becomes of it when another takes its place.
    pub(crate) replacement: DeletionPolicy,
    /// Tags of the stack that it carries.
    pub(crate) tagged: Vec<(String, String)>,
}

impl Resource {
    /// Returns its properties.
    pub(crate) fn properties(&self) -> Value {
        serde_json::from_str(&self.properties).unwrap_or(Value::Null)
    }
}

/// Something that happened to a stack or a resource of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StackEvent {
    /// When.
    pub(crate) at: Timestamp,
    /// The resource; absent for the stack itself.
    pub(crate) logical: Option<Logical>,
    /// Its type.
    pub(crate) kind: Arc<str>,
    /// Its physical id then.
    pub(crate) physical: Option<Arc<str>>,
    /// Its new status.
    pub(crate) status: Status,
    /// Why.
    pub(crate) reason: Option<Arc<str>>,
    /// The token of the request that led to it.
    pub(crate) token: Option<Arc<str>>,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Resources are made.
    Create,
    /// What a failed creation made is deleted again.
    Rollback,
    /// Resources are changed, made and replaced.
    Update,
    /// After an update, what was replaced or removed is deleted.
    Cleanup,
    /// What a failed update changed is changed back.
    UpdateRollback,
    /// After that, what the update had made is deleted.
    RollbackCleanup,
    /// Everything is deleted.
    Delete,
}

/// The state that an update leaves and to which its failure returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// The definition.
    pub(crate) definition: Definition,
    /// The outputs.
    pub(crate) outputs: Vec<Output>,
    /// Resources that were changed, as they were; `None` for new ones.
    pub(crate) resources: BTreeMap<Logical, Option<Resource>>,
    /// Changed resources that need no change back because their update failed before it did anything.
    pub(crate) untouched: BTreeSet<Logical>,
}

/// The work that goes on at a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// As whom resources are worked on.
    pub(crate) call: Arc<Call>,
    /// What is being done.
    pub(crate) phase: Phase,
    /// Counts phases, so that an event of an earlier one is known as such.
    pub(crate) turn: u32,
    /// The order.
    pub(crate) walk: Walk,
    /// What a failed creation leads to.
    pub(crate) on_failure: OnFailure,
    /// What failed in this phase.
    pub(crate) failed: Vec<Logical>,
    /// What the stack had before an update.
    pub(crate) before: Option<Before>,
    /// Resources to delete in the cleanup.
    pub(crate) garbage: BTreeMap<Logical, Resource>,
    /// Resources that `DeleteStack` shall leave.
    pub(crate) retained: BTreeSet<Logical>,
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stack {
    /// Its ARN.
    pub(crate) id: Arc<str>,
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its account.
    pub(crate) account: AccountId,
    /// Its region.
    pub(crate) region: Region,
    /// How it stands.
    pub(crate) status: Status,
    /// Why.
    pub(crate) reason: Option<Arc<str>>,
    /// What the template says of it.
    pub(crate) description: Option<String>,
    /// When it was begun.
    pub(crate) created: Timestamp,
    /// When it was last changed.
    pub(crate) updated: Option<Timestamp>,
    /// When it was deleted.
    pub(crate) deleted: Option<Timestamp>,
    /// What it is made from.
    pub(crate) definition: Definition,
    /// Its outputs.
    pub(crate) outputs: Vec<Output>,
    /// Its resources.
    pub(crate) resources: BTreeMap<Logical, Resource>,
    /// What happened, oldest first.
    pub(crate) events: Vec<StackEvent>,
    /// Exports that it reads.
    pub(crate) imports: BTreeSet<String>,
    /// Whether it must not be deleted.
    pub(crate) termination_protection: bool,
    /// Whether failures leave things as they are.
    pub(crate) disable_rollback: bool,
    /// The role that works on its resources.
    pub(crate) role: Option<Arc<str>>,
    /// The token of the last request.
    pub(crate) token: Option<Arc<str>>,
    /// The stack set instance behind it: (stack set ARN, operation id) that waits for the end of the work.
    pub(crate) waiting: Option<(Arc<str>, Arc<str>)>,
    /// The way back from an update that got stuck.
    pub(crate) stuck: Option<Box<Run>>,
    /// Counts the phases of all work on it.
    pub(crate) turns: u32,
    /// The work that goes on.
    pub(crate) run: Option<Box<Run>>,
}

impl Stack {
    /// Puts the stack into a state, with its event.
    pub(crate) fn enter(&mut self, status: Status, reason: Option<&str>, now: Timestamp) {
        self.status = status;
        self.reason = reason.map(Into::into);
        self.events.push(StackEvent {
            at: now,
            logical: None,
            kind: STACK_TYPE.into(),
            physical: Some(self.id.clone()),
            status,
            reason: reason.map(Into::into),
            token: self.token.clone(),
        });
    }

    /// Puts a resource into a state, with its event.
    pub(crate) fn enter_resource(&mut self, logical: &Logical, status: Status, reason: Option<&str>, now: Timestamp) {
        let reason: Option<Arc<str>> = reason.map(Into::into);
        let Some(resource) = self.resources.get_mut(logical) else { return };
        resource.status = status;
        resource.reason.clone_from(&reason);
        resource.since = now;
        let (kind, physical) = (resource.kind.clone(), resource.physical.clone());
        self.note(logical, kind, physical, status, reason, now);
    }

    /// Notes what happened to a resource, also one that is no longer among those of the stack.
    pub(crate) fn note(
        &mut self,
        logical: &Logical,
        kind: Arc<str>,
        physical: Option<Arc<str>>,
        status: Status,
        reason: Option<Arc<str>>,
        now: Timestamp,
    ) {
        let token = self.token.clone();
        self.events.push(StackEvent { at: now, logical: Some(logical.clone()), kind, physical, status, reason, token });
    }

    /// Returns the edges between its resources.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&Logical, &[Logical])> {
        self.resources.iter().map(|(logical, resource)| (logical, resource.needs.as_slice()))
    }

    /// Returns the reason that the first resource failed for, as stack sets report it.
    pub(crate) fn first_failure(&self) -> Option<String> {
        let start = self.events.iter().rposition(|event| {
            event.logical.is_none() && matches!(event.status, Status::CreateInProgress | Status::UpdateInProgress)
                || event.logical.is_none() && event.reason.as_deref() == Some("User Initiated")
        });
        let events = self.events.get(start.unwrap_or(0)..)?;
        let failed = events.iter().find(|event| {
            event.logical.is_some()
                && matches!(event.status, Status::CreateFailed | Status::UpdateFailed | Status::DeleteFailed)
        })?;
        Some(format!(
            "ResourceLogicalId:{}, ResourceType:{}, ResourceStatusReason:{}.",
            failed.logical.as_deref().unwrap_or_default(),
            failed.kind,
            failed.reason.as_deref().unwrap_or("Unknown").trim_end_matches('.'),
        ))
    }
}
