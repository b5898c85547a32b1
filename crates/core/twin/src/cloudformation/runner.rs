//! Drives the work on stacks: what may start starts, what is done opens the way for what waits, failures turn back.
//!
//! The work is done at its start and shows as done some virtual seconds later; a failure shows after one second.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stackfleet_template::Problem;

use super::{
    provider::{self, Fault, Handler, Provider},
    stack::{Before, Output, Phase, Resource, Run, Stack},
    status::{DeletionPolicy, OnFailure, Status},
    walk::{Logical, Walk},
};
use crate::{Call, World};

mod known;
mod restore;

pub(crate) use known::Known;

/// How long a stack takes to begin with its first resource, and to end after its last; not documented.
const STACK_OVERHEAD: Duration = Duration::from_secs(2);
/// How long a refusal takes to show.
const REFUSAL: Duration = Duration::from_secs(1);

/// Something of CloudFormation that happens later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StackEventDue {
    /// A stack goes on.
    Drive {
        /// The stack's ARN.
        stack: Arc<str>,
        /// The phase that it was scheduled in.
        turn: u32,
    },
    /// The work on a resource ended.
    Done {
        /// The stack's ARN.
        stack: Arc<str>,
        /// The phase that it was begun in.
        turn: u32,
        /// The resource.
        logical: Logical,
        /// Why it failed, if it did.
        failure: Option<Arc<str>>,
    },
}

/// What the work on a resource came to.
enum Step {
    /// It will be done after this time.
    Takes(Duration),
    /// There was nothing to do.
    Nothing,
    /// It failed.
    Failed(String),
}

/// Returns the first of several problems as a message.
pub(crate) fn first(problems: &[Problem]) -> String {
    problems.first().map(|problem| problem.message.clone()).unwrap_or_default()
}

impl World {
    /// Lets happen what is due at a stack.
    pub(crate) fn run_stack(&mut self, due: StackEventDue) {
        let (id, turn) = match &due {
            StackEventDue::Drive { stack, turn } | StackEventDue::Done { stack, turn, .. } => (stack.clone(), *turn),
        };
        let Some(mut stack) = self.cloudformation.stacks.remove(&id) else { return };
        // An event of an earlier phase comes too late: what it speaks of was given up.
        if stack.run.as_ref().is_some_and(|run| run.turn == turn) {
            if let StackEventDue::Done { logical, failure, .. } = due {
                self.resource_done(&mut stack, &logical, failure.as_deref());
            }
            self.drive(&mut stack);
        }
        let ended = stack.run.is_none().then(|| stack.waiting.take()).flatten();
        if stack.run.is_none() {
            self.cloudformation.scopes.remove(&id);
        }
        self.cloudformation.stacks.insert(id.clone(), stack);
        if let Some((set, operation)) = ended {
            self.instance_stack_done(&set, &operation, &id);
        }
    }

    /// Begins the work on a stack whose record was made or changed.
    pub(crate) fn begin_run(&mut self, stack: &mut Stack, mut run: Run) {
        run.turn = stack.turns.saturating_add(1);
        stack.turns = run.turn;
        let due = StackEventDue::Drive { stack: stack.id.clone(), turn: run.turn };
        stack.run = Some(Box::new(run));
        self.queue.push(self.now + STACK_OVERHEAD, due.into());
    }

    /// Goes on to another phase of the same work.
    fn turn(&mut self, stack: &mut Stack, phase: Phase, walk: Walk, after: Duration) {
        stack.turns = stack.turns.saturating_add(1);
        let turn = stack.turns;
        if let Some(run) = stack.run.as_mut() {
            run.phase = phase;
            run.walk = walk;
            run.turn = turn;
            run.failed.clear();
        }
        self.queue.push(self.now + after, StackEventDue::Drive { stack: stack.id.clone(), turn }.into());
    }

    /// Starts what may start; when nothing is left, ends the phase.
    fn drive(&mut self, stack: &mut Stack) {
        loop {
            let Some(run) = stack.run.as_mut() else { return };
            let (phase, turn) = (run.phase, run.turn);
            let ready = run.walk.start();
            let mut again = false;
            for logical in ready {
                let step = match phase {
                    Phase::Create | Phase::Update => self.start_resource(stack, &logical),
                    Phase::UpdateRollback => self.start_restore(stack, &logical),
                    Phase::Rollback | Phase::Delete => self.start_delete(stack, &logical, phase),
                    Phase::Cleanup | Phase::RollbackCleanup => self.start_cleanup(stack, &logical, phase),
                };
                let (after, failure) = match step {
                    Step::Takes(after) => (after, None),
                    Step::Failed(reason) => (REFUSAL, Some(reason.into())),
                    Step::Nothing => {
                        if let Some(run) = stack.run.as_mut() {
                            run.walk.done(&logical);
                        }
                        again = true;
                        continue;
                    }
                };
                let due = StackEventDue::Done { stack: stack.id.clone(), turn, logical, failure };
                self.queue.push(self.now + after, due.into());
            }
            if !again {
                break;
            }
        }
        if stack.run.as_ref().is_some_and(|run| run.walk.is_over()) {
            self.end_phase(stack);
        }
    }

    /// Notes that the work on a resource ended.
    fn resource_done(&mut self, stack: &mut Stack, logical: &Logical, failure: Option<&str>) {
        let now = self.now;
        let Some(run) = stack.run.as_mut().filter(|run| run.walk.is_running(logical)) else { return };
        let phase = run.phase;
        match failure {
            None => run.walk.done(logical),
            Some(_) => {
                run.walk.fail(logical);
                run.failed.push(logical.clone());
            }
        }
        match phase {
            Phase::Create | Phase::Update => {
                let fresh = stack.resources.get(logical).is_none_or(|found| found.status == Status::CreateInProgress);
                let status = match (fresh, failure.is_some()) {
                    (true, false) => Status::CreateComplete,
                    (true, true) => Status::CreateFailed,
                    (false, false) => Status::UpdateComplete,
                    (false, true) => Status::UpdateFailed,
                };
                stack.enter_resource(logical, status, failure, now);
                if failure.is_some() {
                    self.turn_back(stack);
                }
            }
            Phase::UpdateRollback => {
                let status = if failure.is_some() { Status::UpdateFailed } else { Status::UpdateComplete };
                stack.enter_resource(logical, status, failure, now);
            }
            Phase::Rollback | Phase::Delete => {
                if failure.is_some() {
                    stack.enter_resource(logical, Status::DeleteFailed, failure, now);
                } else {
                    stack.enter_resource(logical, Status::DeleteComplete, None, now);
                }
            }
            Phase::Cleanup | Phase::RollbackCleanup => {
                let status = if failure.is_some() { Status::DeleteFailed } else { Status::DeleteComplete };
                let garbage = stack.run.as_mut().and_then(|run| run.garbage.remove(logical));
                if let Some(found) = garbage {
                    stack.note(logical, found.kind, found.physical, status, failure.map(Into::into), now);
                }
            }
        }
    }

    /// Makes or changes a resource.
    fn start_resource(&mut self, stack: &mut Stack, logical: &Logical) -> Step {
        let now = self.now;
        let Some(call) = stack.run.as_ref().map(|run| run.call.clone()) else { return Step::Nothing };
        let evaluated = self.prepared(stack, &call).and_then(|prepared| {
            let known = Known::new(self, &call, &stack.resources);
            let evaluated = prepared.scope.resource(&prepared.blueprint.template, logical, &known);
            let imports = known.imports();
            let needs = prepared.needs.get(logical).cloned().unwrap_or_default();
            evaluated.map(|evaluated| (evaluated, needs, imports)).map_err(|problems| first(&problems))
        });
        let (evaluated, needs, imports) = match evaluated {
            Ok(evaluated) => evaluated,
            Err(reason) => {
                let prepared = self.cloudformation.scopes.get(&stack.id);
                let written = prepared.and_then(|prepared| prepared.blueprint.template.resource(logical));
                let kind = written.map(|resource| resource.type_name()).unwrap_or_default().into();
                note_refused(stack, logical, kind, now);
                return Step::Failed(reason);
            }
        };
        stack.imports.extend(imports);
        let properties = Value::Object(evaluated.properties.clone());
        let wanted = Resource {
            kind: evaluated.type_name.as_str().into(),
            physical: None,
            status: Status::CreateInProgress,
            reason: None,
            since: now,
            properties: properties.to_string().into(),
            attributes: BTreeMap::new(),
            needs,
            deletion: policy(evaluated.deletion_policy.as_deref()),
            replacement: policy(evaluated.update_replace_policy.as_deref()),
            tagged: stack.definition.tags.clone(),
        };
        match stack.resources.get(logical).cloned() {
            None => {
                if let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) {
                    before.resources.insert(logical.clone(), None);
                }
                stack.resources.insert(logical.clone(), wanted);
                stack.enter_resource(logical, Status::CreateInProgress, None, now);
                self.create_resource(stack, logical, &call, &properties)
            }
            Some(present) if unchanged(&present, &wanted) => {
                if let Some(resource) = stack.resources.get_mut(logical) {
                    resource.needs = wanted.needs;
                    resource.deletion = wanted.deletion;
                    resource.replacement = wanted.replacement;
                }
                Step::Nothing
            }
            Some(present) => self.change_resource(stack, logical, &call, present, wanted, &properties),
        }
    }

    /// Makes a resource whose record is there.
    fn create_resource(&mut self, stack: &mut Stack, logical: &Logical, call: &Call, properties: &Value) -> Step {
        let made = match find_provider(stack, logical, properties) {
            Ok(provider) => self
                .handle_resource(stack, logical, call, None, properties, None, provider.create)
                .map(|made| (made, provider))
                .map_err(|(reason, _)| reason),
            Err(reason) => Err(reason),
        };
        match made {
            Ok((made, provider)) => {
                if let Some(resource) = stack.resources.get_mut(logical) {
                    resource.physical = Some(made.physical.into());
                    resource.attributes = made.attributes;
                }
                let status = stack.resources.get(logical).map_or(Status::CreateInProgress, |found| found.status);
                stack.enter_resource(logical, status, Some("Resource creation Initiated"), self.now);
                Step::Takes(Duration::from_secs(provider.create_seconds))
            }
            Err(reason) => Step::Failed(reason),
        }
    }

    /// Changes a resource in place, or makes another in its stead.
    fn change_resource(
        &mut self,
        stack: &mut Stack,
        logical: &Logical,
        call: &Call,
        present: Resource,
        wanted: Resource,
        properties: &Value,
    ) -> Step {
        let now = self.now;
        let provider = match known_provider(&wanted.kind) {
            Ok(provider) => provider,
            Err(reason) => return refuse_change(stack, logical, &present, reason, now),
        };
        if let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) {
            before.resources.insert(logical.clone(), Some(present.clone()));
        }
        let previous = present.properties();
        let replaced = present.kind != wanted.kind || provider::replaces(provider, &previous, properties);
        if !replaced {
            stack.enter_resource(logical, Status::UpdateInProgress, None, now);
            if let Err(fault) = provider::check(provider, logical, properties) {
                let reason = fault.reason("", "");
                return refuse_change(stack, logical, &present, reason, now);
            }
            let given = Some((&previous, present.tagged.as_slice()));
            let physical = present.physical.clone();
            let made = self.handle_resource(stack, logical, call, physical, properties, given, provider.update);
            return match made {
                Ok(made) => {
                    let mut attributes = present.attributes;
                    attributes.extend(made.attributes);
                    let physical = Some(made.physical.into());
                    let status = Status::UpdateInProgress;
                    stack.resources.insert(logical.clone(), Resource { physical, attributes, status, ..wanted });
                    Step::Takes(Duration::from_secs(provider.update_seconds))
                }
                Err((reason, 0)) => refuse_change(stack, logical, &present, reason, now),
                Err((reason, _)) => Step::Failed(reason),
            };
        }
        let kept_name = provider.name.and_then(|name| {
            let value = properties.get(name).and_then(provider::text)?;
            let same =
                present.kind == wanted.kind && previous.get(name).and_then(provider::text).as_ref() == Some(&value);
            same.then_some(value)
        });
        if let Some(name) = kept_name {
            let reason = format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and \
                 update the stack again."
            );
            stack.enter_resource(logical, Status::UpdateInProgress, None, now);
            return refuse_change(stack, logical, &present, reason, now);
        }
        let reason = "Requested update requires the creation of a new physical resource; hence creating one.";
        stack.enter_resource(logical, Status::UpdateInProgress, Some(reason), now);
        stack.resources.insert(logical.clone(), Resource { status: Status::UpdateInProgress, ..wanted });
        let step = self.create_resource(stack, logical, call, properties);
        if let Step::Failed(reason) = step {
            return refuse_change(stack, logical, &present, reason, now);
        }
        if let Some(run) = stack.run.as_mut() {
            run.garbage.insert(logical.clone(), present);
        }
        step
    }

    /// Lets a provider work on a resource. A failure says how many calls had changed something before.
    #[expect(clippy::too_many_arguments, reason = "what a provider is told about one resource")]
    fn handle_resource<Done>(
        &mut self,
        stack: &Stack,
        logical: &Logical,
        call: &Call,
        physical: Option<Arc<str>>,
        properties: &Value,
        previous: Option<(&Value, &[(String, String)])>,
        work: fn(&mut Handler<'_>) -> Result<Done, Fault>,
    ) -> Result<Done, (String, u32)> {
        let mut handler = Handler {
            world: self,
            call,
            stack_id: &stack.id,
            stack: &stack.name,
            logical,
            physical,
            properties,
            previous: previous.map(|(properties, _)| properties),
            tags: &stack.definition.tags,
            previous_tags: previous.map_or(&[], |(_, tags)| tags),
            changes: 0,
        };
        let result = work(&mut handler);
        let changes = handler.changes;
        result.map_err(|fault| {
            let draw = self.ids.draw("handler", &[&stack.id, logical]);
            (fault.reason(&draw.uuid(), &self.ids.draw("handler", &[&stack.id, logical]).uuid()), changes)
        })
    }

    /// Deletes a resource of the stack.
    fn start_delete(&mut self, stack: &mut Stack, logical: &Logical, phase: Phase) -> Step {
        let now = self.now;
        let Some(run) = stack.run.as_ref() else { return Step::Nothing };
        let (call, retained) = (run.call.clone(), run.retained.contains(logical));
        let Some(resource) = stack.resources.get(logical).cloned() else { return Step::Nothing };
        let kept = match (resource.deletion, phase) {
            (DeletionPolicy::Retain, _) => true,
            (DeletionPolicy::RetainExceptOnCreate, phase) => phase == Phase::Delete,
            (DeletionPolicy::Delete | DeletionPolicy::Snapshot, _) => false,
        };
        if resource.status == Status::DeleteComplete {
            return Step::Nothing;
        }
        if resource.physical.is_none() {
            stack.enter_resource(logical, Status::DeleteComplete, None, now);
            return Step::Nothing;
        }
        if kept || retained {
            stack.enter_resource(logical, Status::DeleteSkipped, None, now);
            return Step::Nothing;
        }
        stack.enter_resource(logical, Status::DeleteInProgress, None, now);
        self.delete_resource(stack, logical, &call, &resource)
    }

    /// Lets a provider delete something.
    fn delete_resource(&mut self, stack: &Stack, logical: &Logical, call: &Call, resource: &Resource) -> Step {
        let provider = match known_provider(&resource.kind) {
            Ok(provider) => provider,
            Err(reason) => return Step::Failed(reason),
        };
        let properties = resource.properties();
        let physical = resource.physical.clone();
        match self.handle_resource(stack, logical, call, physical, &properties, None, provider.delete) {
            Ok(()) => Step::Takes(Duration::from_secs(provider.delete_seconds)),
            Err((reason, _)) => Step::Failed(reason),
        }
    }

    /// Deletes what an update left over.
    fn start_cleanup(&mut self, stack: &mut Stack, logical: &Logical, phase: Phase) -> Step {
        let now = self.now;
        let Some(run) = stack.run.as_ref() else { return Step::Nothing };
        let call = run.call.clone();
        let Some(resource) = run.garbage.get(logical).cloned() else { return Step::Nothing };
        // What was replaced is still in the stack under its name; what was removed is not.
        let replaced = stack.resources.contains_key(logical);
        let policy = if replaced { resource.replacement } else { resource.deletion };
        let kept = match (policy, phase) {
            (DeletionPolicy::Retain, _) => true,
            (DeletionPolicy::RetainExceptOnCreate, phase) => phase == Phase::Cleanup,
            (DeletionPolicy::Delete | DeletionPolicy::Snapshot, _) => false,
        };
        let (kind, physical) = (resource.kind.clone(), resource.physical.clone());
        if kept || resource.physical.is_none() {
            let status = if kept { Status::DeleteSkipped } else { Status::DeleteComplete };
            stack.note(logical, kind, physical, status, None, now);
            if let Some(run) = stack.run.as_mut() {
                run.garbage.remove(logical);
            }
            return Step::Nothing;
        }
        stack.note(logical, kind, physical, Status::DeleteInProgress, None, now);
        self.delete_resource(stack, logical, &call, &resource)
    }

    /// Gives up what is under way after a failure and goes back.
    fn turn_back(&mut self, stack: &mut Stack) {
        let now = self.now;
        let Some(run) = stack.run.as_mut() else { return };
        let (phase, on_failure) = (run.phase, run.on_failure);
        for logical in run.walk.abandon() {
            run.failed.push(logical.clone());
        }
        let mut failed = run.failed.clone();
        for logical in failed.iter().skip(1) {
            let fresh = stack.resources.get(logical).is_some_and(|found| found.status == Status::CreateInProgress);
            let (status, reason) = if fresh {
                (Status::CreateFailed, "Resource creation cancelled")
            } else {
                (Status::UpdateFailed, "Resource update cancelled")
            };
            stack.enter_resource(logical, status, Some(reason), now);
        }
        failed.sort();
        let list = failed.join(", ");
        if phase == Phase::Update {
            if on_failure == OnFailure::DoNothing {
                let reason = format!("The following resource(s) failed to update: [{list}]. ");
                return self.end_run(stack, Status::UpdateFailed, Some(&reason));
            }
            let reason = format!("The following resource(s) failed to update: [{list}]. ");
            return self.roll_update_back(stack, &reason);
        }
        self.fail_creation(stack, &format!("The following resource(s) failed to create: [{list}]. "));
    }

    /// Does what a failed creation is to lead to.
    pub(crate) fn fail_creation(&mut self, stack: &mut Stack, reason: &str) {
        let now = self.now;
        let Some(on_failure) = stack.run.as_ref().map(|run| run.on_failure) else { return };
        match on_failure {
            OnFailure::DoNothing => return self.end_run(stack, Status::CreateFailed, Some(reason)),
            OnFailure::Rollback => {
                let reason = format!("{reason}Rollback requested by user.");
                stack.enter(Status::RollbackInProgress, Some(&reason), now);
            }
            OnFailure::Delete => {
                let reason = format!("{reason}Delete requested by user.");
                stack.enter(Status::DeleteInProgress, Some(&reason), now);
            }
        }
        let walk = Walk::backward(stack.edges());
        self.turn(stack, Phase::Rollback, walk, REFUSAL);
    }

    /// Ends a phase: the next one, or the end of the work.
    fn end_phase(&mut self, stack: &mut Stack) {
        let Some(run) = stack.run.as_ref() else { return };
        let failed = {
            let mut failed = run.failed.clone();
            failed.sort();
            failed.join(", ")
        };
        let on_failure = run.on_failure;
        match run.phase {
            Phase::Create => match self.conclude(stack) {
                Ok(()) => self.end_run(stack, Status::CreateComplete, None),
                Err(reason) => self.fail_creation(stack, &format!("{reason}. ")),
            },
            Phase::Update => match self.conclude(stack) {
                Ok(()) => self.begin_cleanup(stack),
                Err(reason) => self.roll_update_back(stack, &format!("{reason}. ")),
            },
            Phase::Cleanup => {
                self.end_run(stack, Status::UpdateComplete, None);
            }
            Phase::UpdateRollback => {
                if failed.is_empty() {
                    self.begin_rollback_cleanup(stack);
                } else {
                    let reason = format!("The following resource(s) failed to update: [{failed}]. ");
                    self.end_run(stack, Status::UpdateRollbackFailed, Some(&reason));
                }
            }
            Phase::RollbackCleanup => self.end_run(stack, Status::UpdateRollbackComplete, None),
            Phase::Rollback | Phase::Delete => {
                let deleting = run.phase == Phase::Delete || on_failure == OnFailure::Delete;
                let reason = format!("The following resource(s) failed to delete: [{failed}]. ");
                match (failed.is_empty(), deleting) {
                    (true, true) => self.end_run(stack, Status::DeleteComplete, None),
                    (true, false) => self.end_run(stack, Status::RollbackComplete, None),
                    (false, true) => self.end_run(stack, Status::DeleteFailed, Some(&reason)),
                    (false, false) => self.end_run(stack, Status::RollbackFailed, Some(&reason)),
                }
            }
        }
    }

    /// Ends the work on a stack.
    fn end_run(&mut self, stack: &mut Stack, status: Status, reason: Option<&str>) {
        let now = self.now;
        let run = stack.run.take();
        stack.enter(status, reason, now);
        if status == Status::UpdateRollbackFailed {
            stack.stuck = run;
        }
        if status == Status::DeleteComplete {
            stack.deleted = Some(now);
            let place = (stack.account.clone(), stack.region.clone());
            if let Some(live) = self.cloudformation.live.get_mut(&place) {
                live.remove(&stack.name);
            }
        }
        if matches!(status, Status::DeleteComplete | Status::RollbackComplete) {
            self.unexport(stack);
            stack.imports.clear();
        }
    }

    /// Deletes what an update replaced or removed.
    fn begin_cleanup(&mut self, stack: &mut Stack) {
        let now = self.now;
        let Some(call) = stack.run.as_ref().map(|run| run.call.clone()) else { return };
        stack.updated = Some(now);
        stack.enter(Status::UpdateCompleteCleanupInProgress, None, now);
        let removed: Vec<Logical> = match self.prepared(stack, &call) {
            Ok(prepared) => {
                stack.resources.keys().filter(|logical| !prepared.needs.contains_key(*logical)).cloned().collect()
            }
            Err(_) => Vec::new(),
        };
        let Some(run) = stack.run.as_mut() else { return };
        for logical in removed {
            if let Some(resource) = stack.resources.remove(&logical) {
                run.garbage.insert(logical, resource);
            }
        }
        let walk = Walk::backward(run.garbage.iter().map(|(logical, resource)| (logical, resource.needs.as_slice())));
        self.turn(stack, Phase::Cleanup, walk, STACK_OVERHEAD);
    }

    /// Computes outputs and exports at the end of a creation or an update.
    fn conclude(&mut self, stack: &mut Stack) -> Result<(), String> {
        let Some(call) = stack.run.as_ref().map(|run| run.call.clone()) else { return Ok(()) };
        let prepared = self.prepared(stack, &call)?;
        let known = Known::new(self, &call, &stack.resources);
        let outputs = prepared.scope.outputs(&prepared.blueprint.template, &known);
        let imports = known.imports();
        let outputs = outputs.map_err(|problems| first(&problems))?;
        let outputs: Vec<Output> = outputs
            .into_iter()
            .map(|(key, output)| Output {
                key,
                value: provider::text(&output.value).unwrap_or_default(),
                description: output.description,
                export: output.export_name.as_ref().and_then(provider::text),
            })
            .collect();
        self.export(stack, &outputs)?;
        stack.imports.extend(imports);
        stack.outputs = outputs;
        Ok(())
    }
}

/// Says that a resource was tried before it could even be described.
fn note_refused(stack: &mut Stack, logical: &Logical, kind: Arc<str>, now: stackfleet_base::Timestamp) {
    if stack.resources.contains_key(logical) {
        stack.enter_resource(logical, Status::UpdateInProgress, None, now);
        let present = stack.resources.get(logical).cloned();
        if let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) {
            before.untouched.insert(logical.clone());
            before.resources.insert(logical.clone(), present);
        }
        return;
    }
    let resource = Resource {
        kind,
        physical: None,
        status: Status::CreateInProgress,
        reason: None,
        since: now,
        properties: "{}".into(),
        attributes: BTreeMap::new(),
        needs: Vec::new(),
        deletion: DeletionPolicy::Delete,
        replacement: DeletionPolicy::Delete,
        tagged: Vec::new(),
    };
    stack.resources.insert(logical.clone(), resource);
    if let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) {
        before.resources.insert(logical.clone(), None);
    }
    stack.enter_resource(logical, Status::CreateInProgress, None, now);
}

/// Leaves a resource as it was because its change was refused before anything was done.
fn refuse_change(
    stack: &mut Stack,
    logical: &Logical,
    present: &Resource,
    reason: String,
    now: stackfleet_base::Timestamp,
) -> Step {
    let resource = Resource { status: Status::UpdateInProgress, since: now, ..present.clone() };
    stack.resources.insert(logical.clone(), resource);
    if let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) {
        before.resources.insert(logical.clone(), Some(present.clone()));
        before.untouched.insert(logical.clone());
    }
    Step::Failed(reason)
}

/// Tells whether a resource is as it shall be.
pub(crate) fn unchanged(present: &Resource, wanted: &Resource) -> bool {
    present.physical.is_some()
        && present.kind == wanted.kind
        && present.tagged == wanted.tagged
        && present.properties() == wanted.properties()
}

fn known_provider(kind: &str) -> Result<&'static Provider, String> {
    provider::provider(kind).ok_or_else(|| format!("Resource type {kind} is unsupported by the twin"))
}

fn find_provider(stack: &Stack, logical: &Logical, properties: &Value) -> Result<&'static Provider, String> {
    let kind = stack.resources.get(logical).map(|found| found.kind.clone()).unwrap_or_else(|| "".into());
    let provider = known_provider(&kind)?;
    provider::check(provider, logical, properties).map_err(|fault| fault.reason("", ""))?;
    Ok(provider)
}

/// Reads a deletion policy.
fn policy(given: Option<&str>) -> DeletionPolicy {
    match given {
        Some("Retain") => DeletionPolicy::Retain,
        Some("RetainExceptOnCreate") => DeletionPolicy::RetainExceptOnCreate,
        Some("Snapshot") => DeletionPolicy::Snapshot,
        Some(_) | None => DeletionPolicy::Delete,
    }
}

/// Makes the record of what an update may have to go back to.
pub(crate) fn before(stack: &Stack) -> Before {
    Before {
        definition: stack.definition.clone(),
        outputs: stack.outputs.clone(),
        resources: BTreeMap::new(),
        untouched: BTreeSet::new(),
    }
}
