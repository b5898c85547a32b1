//! Carries out operations of stack sets: enters accounts through the roles, asks account gates, makes, changes and
//! deletes stacks, and follows accounts as they move through the organization.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Digest, Region};

use super::{
    instances::{self, Work},
    scheduler::Outcome,
    source::PRINCIPAL,
    stack::Definition,
    stack_set::{Operation, Override, Place, STOPPED, SUSPENDED, SetDefinition, StackSet, TOLERANCE_EXCEEDED},
    stacks::{self, NewStack},
    status::{Action, OnFailure, OperationStatus, PermissionModel, Status},
    store::stack_prefix,
    targeting::Targets,
};
use crate::{
    Call, Principal, World,
    authorize::{self, Ask},
};

mod enter;

/// How long it takes from the start of an instance to its stack: assuming roles, asking the gate. Not documented.
const INSTANCE_OVERHEAD: Duration = Duration::from_secs(4);
/// What AWS answers to an update that changes nothing; for an instance that is a success.
const NO_UPDATES: &str = "No updates are to be performed.";
/// The function that may forbid work in its account and region.
const GATE: &str = "AWSCloudFormationStackSetAccountGate";

/// Something of stack sets that happens later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SetEventDue {
    /// An operation starts what may start.
    Pump {
        /// The set's ARN.
        set: Arc<str>,
        /// The operation's id.
        operation: Arc<str>,
    },
    /// An instance is worked on.
    Work {
        /// The set's ARN.
        set: Arc<str>,
        /// The operation's id.
        operation: Arc<str>,
        /// The account.
        account: AccountId,
        /// The region.
        region: Region,
    },
}

/// What the work on an instance came to at once.
enum Begun {
    /// A stack is being worked on.
    Waiting,
    /// It is over.
    Over(Outcome, Option<String>),
}

/// What the work on one instance needs to know of its set and operation.
struct Task {
    arn: Arc<str>,
    name: Arc<str>,
    administrator: AccountId,
    model: PermissionModel,
    definition: SetDefinition,
    action: Action,
    operation: Arc<str>,
    retain: bool,
    roles: (Option<String>, Option<String>),
    stack: Option<Arc<str>>,
    overrides: BTreeMap<String, String>,
}

impl World {
    /// Lets happen what is due at a stack set.
    pub(crate) fn run_stack_set(&mut self, due: SetEventDue) {
        match due {
            SetEventDue::Pump { set, operation } => self.pump(&set, &operation),
            SetEventDue::Work { set, operation, account, region } => {
                let place = (account, region);
                match self.work_on(&set, &operation, &place) {
                    Begun::Waiting => {}
                    Begun::Over(outcome, reason) => self.instance_over(&set, &operation, &place, outcome, reason),
                }
            }
        }
    }

    /// Starts what may start in an operation, and ends it when nothing is left.
    fn pump(&mut self, arn: &Arc<str>, id: &Arc<str>) {
        let now = self.now;
        let Some(set) = self.cloudformation.sets.get_mut(arn) else { return };
        let Some(operation) = set.operation_mut(id).filter(|operation| operation.is_active()) else { return };
        let stopped = operation.status == OperationStatus::Stopping;
        let started = operation.schedule.launch();
        let cancelled = operation.schedule.cancel();
        for place in &started {
            set.begin(id, place);
        }
        set.cancel(id, cancelled, if stopped { STOPPED } else { TOLERANCE_EXCEEDED });
        let ended = set.settle(id, now);
        for (account, region) in started {
            let due = SetEventDue::Work { set: arn.clone(), operation: id.clone(), account, region };
            self.queue.push(now + INSTANCE_OVERHEAD, due.into());
        }
        if ended {
            self.operation_over(arn);
        }
    }

    /// After an operation ended, those that waited for it may begin: of this set, and of sets that depend on it.
    fn operation_over(&mut self, arn: &Arc<str>) {
        self.release(arn);
        let waits =
            |set: &StackSet| set.auto.as_ref().is_some_and(|auto| auto.depends_on.iter().any(|other| **other == **arn));
        let waiting: Vec<Arc<str>> =
            self.cloudformation.sets.values().filter(|set| waits(set)).map(|set| set.arn.clone()).collect();
        for other in waiting {
            self.release(&other);
        }
    }

    fn instance_over(
        &mut self,
        arn: &Arc<str>,
        id: &Arc<str>,
        place: &Place,
        outcome: Outcome,
        reason: Option<String>,
    ) {
        if let Some(set) = self.cloudformation.sets.get_mut(arn) {
            set.end(id, place, outcome, reason.map(Into::into));
        }
        self.pump(arn, id);
    }

    /// Notes that the stack behind an instance came to rest.
    pub(crate) fn instance_stack_done(&mut self, arn: &Arc<str>, id: &Arc<str>, stack_id: &Arc<str>) {
        let Some(stack) = self.cloudformation.stacks.get(stack_id) else { return };
        let place = (stack.account.clone(), stack.region.clone());
        let status = stack.status;
        let deleting = self
            .cloudformation
            .sets
            .get(arn)
            .and_then(|set| set.operation(id))
            .is_some_and(|operation| operation.action == Action::Delete);
        let good = if deleting {
            status == Status::DeleteComplete
        } else {
            status != Status::DeleteComplete && status.is_success()
        };
        let reason =
            if good { None } else { stack.first_failure().or_else(|| stack.reason.as_deref().map(str::to_owned)) };
        // The stack of a failed creation is deleted again: the instance is left without one.
        let gone = status == Status::DeleteComplete;
        let instance = self.cloudformation.sets.get_mut(arn).and_then(|set| set.instances.get_mut(&place));
        if let Some(instance) = instance.filter(|_| gone) {
            instance.stack = None;
        }
        let outcome = if good { Outcome::Succeeded } else { Outcome::Failed };
        self.instance_over(arn, id, &place, outcome, reason);
    }

    /// Works on one instance.
    fn work_on(&mut self, arn: &Arc<str>, id: &Arc<str>, place: &Place) -> Begun {
        let Some(task) = self.task(arn, id, place) else {
            return Begun::Over(Outcome::Failed, Some("Failed to get stack status".to_owned()));
        };
        let (account, _) = place;
        if task.action == Action::Delete && task.retain {
            return Begun::Over(Outcome::Succeeded, None);
        }
        let known = self.organization.as_ref().is_some_and(|organization| organization.accounts.contains_key(account));
        let active = self.organization.as_ref().is_some_and(|organization| organization.is_active(account));
        if known && !active {
            return Begun::Over(Outcome::Skipped, Some(SUSPENDED.to_owned()));
        }
        let call = match self.enter(&task, place) {
            Ok(call) => call,
            Err(reason) => return Begun::Over(Outcome::Failed, Some(reason)),
        };
        let gate = self.gate(&call);
        let set = self.cloudformation.sets.get_mut(arn);
        let result = set.and_then(|set| set.operation_mut(id)?.results.get_mut(place));
        if let Some(result) = result {
            result.gate = Some(gate);
        }
        let present = task.stack.as_ref().filter(|stack| {
            self.cloudformation.stacks.get(*stack).is_some_and(|stack| stack.status != Status::DeleteComplete)
        });
        let done = match (task.action, present.cloned()) {
            (Action::Delete, None) => return Begun::Over(Outcome::Succeeded, None),
            (Action::Delete, Some(stack)) => self.delete_instance(&call, &task, &stack),
            (Action::Create | Action::Update, Some(stack)) => self.update_instance(&call, &task, &stack),
            (Action::Create | Action::Update, None) => self.create_instance(&call, &task, place),
        };
        match done {
            Ok(()) => Begun::Waiting,
            Err(reason) if reason == NO_UPDATES => Begun::Over(Outcome::Succeeded, None),
            Err(reason) => Begun::Over(Outcome::Failed, Some(reason)),
        }
    }

    fn task(&mut self, arn: &Arc<str>, id: &Arc<str>, place: &Place) -> Option<Task> {
        let set = self.cloudformation.sets.get_mut(arn)?;
        let (action, retain, wanted, roles) = {
            let operation: &Operation = set.operation(id)?;
            let roles = (operation.administration_role.clone(), operation.execution_role.clone());
            (operation.action, operation.retain.unwrap_or(false), operation.overrides.clone(), roles)
        };
        let known: BTreeSet<String> = set.definition.declared.keys().cloned().collect();
        let instance = set.instances.get_mut(place)?;
        let wanted: Option<&BTreeMap<String, Override>> = wanted.as_ref();
        instance.overrides = StackSet::overridden(&instance.overrides, wanted);
        instance.overrides.retain(|key, _| known.contains(key));
        let (stack, overrides) = (instance.stack.clone(), instance.overrides.clone());
        Some(Task {
            arn: arn.clone(),
            name: set.name.clone(),
            administrator: set.account.clone(),
            model: set.model,
            definition: set.definition.clone(),
            action,
            operation: id.clone(),
            retain,
            roles,
            stack,
            overrides,
        })
    }

    fn stack_definition(task: &Task) -> Definition {
        let mut parameters = task.definition.parameters.clone();
        parameters.extend(task.overrides.clone());
        Definition {
            template: task.definition.template,
            parameters,
            tags: task.definition.tags.clone(),
            capabilities: task.definition.capabilities.clone(),
            notification_arns: Vec::new(),
        }
    }

    fn create_instance(&mut self, call: &Call, task: &Task, place: &Place) -> Result<(), String> {
        let uuid = self.ids.draw("stack-set-stack", &[&task.arn, place.0.as_str(), place.1.as_str()]).uuid();
        // A stack's name has 128 characters; how AWS shortens longer ones is not known.
        let set_name: String = task.name.chars().take(128 - "StackSet--".len() - uuid.len()).collect();
        let name = format!("StackSet-{set_name}-{uuid}");
        let resource = format!("{}{name}/*", stack_prefix(&place.0, &place.1));
        self.permit(call, "cloudformation:CreateStack", &resource, &task.definition.tags)?;
        let new = NewStack {
            name,
            definition: Self::stack_definition(task),
            on_failure: OnFailure::Delete,
            termination_protection: false,
            role: None,
            token: None,
        };
        let stack = stacks::create_from(self, call, new).map_err(|error| error.message)?;
        let set = self.cloudformation.sets.get_mut(&task.arn);
        if let Some(instance) = set.and_then(|set| set.instances.get_mut(place)) {
            instance.stack = Some(stack.clone());
        }
        self.wait_for(&stack, task);
        Ok(())
    }

    fn update_instance(&mut self, call: &Call, task: &Task, stack: &Arc<str>) -> Result<(), String> {
        self.permit(call, "cloudformation:UpdateStack", stack, &task.definition.tags)?;
        let definition = Self::stack_definition(task);
        stacks::update_to(self, call, stack, definition, None, None, None).map_err(|error| error.message)?;
        self.wait_for(stack, task);
        Ok(())
    }

    fn delete_instance(&mut self, call: &Call, task: &Task, stack: &Arc<str>) -> Result<(), String> {
        self.permit(call, "cloudformation:DeleteStack", stack, &[])?;
        let found = self.cloudformation.stacks.get(stack);
        if let Some(found) = found.filter(|found| found.termination_protection) {
            return Err(format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", found.name));
        }
        let forwarded = call.forwarded(PRINCIPAL, &call.region);
        stacks::delete_from(self, stack, forwarded, BTreeSet::new(), None);
        self.wait_for(stack, task);
        Ok(())
    }

    /// Has the operation told when the work on a stack ends, also when that has happened already.
    fn wait_for(&mut self, stack: &Arc<str>, task: &Task) {
        let Some(found) = self.cloudformation.stacks.get_mut(stack) else { return };
        found.waiting = Some((task.arn.clone(), task.operation.clone()));
        if found.run.is_none() {
            found.waiting = None;
            self.instance_stack_done(&task.arn, &task.operation, stack);
        }
    }

    fn permit(
        &mut self,
        call: &Call,
        action: &'static str,
        resource: &str,
        tags: &[(String, String)],
    ) -> Result<(), String> {
        let tagged = |ask: Ask| ask.request_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let mut asks = vec![tagged(Ask::new(action, resource))];
        if !tags.is_empty() {
            asks.push(tagged(Ask::new("cloudformation:TagResource", resource)));
        }
        authorize::check(self, call, &asks)
    }

    /// Asks the account gate; returns what its result says. A gate that is there is not run: the twin runs no code.
    fn gate(&self, call: &Call) -> Arc<str> {
        let arn = crate::lambda::arn(call, GATE);
        if self.lambda.find(call, GATE).is_ok() {
            return format!("The simulated AWS does not run functions: {arn}").into();
        }
        format!("Function not found: {arn}").into()
    }

    /// Follows an account that moved: stacks are made where it came under units that sets cover, and deleted where it
    /// left them. Preferences and overrides of earlier calls do not count.
    pub(crate) fn follow_account(&mut self, account: &AccountId, left: &[String], entered: &[String]) {
        let follows = |set: &&StackSet| {
            let enabled = set.auto.as_ref().is_some_and(|auto| auto.enabled);
            set.model == PermissionModel::ServiceManaged && !set.deleted && enabled
        };
        if !self.cloudformation.trusted {
            return;
        }
        let sets: Vec<Arc<str>> =
            self.cloudformation.sets.values().filter(follows).map(|set| set.arn.clone()).collect();
        for arn in &sets {
            let Some(set) = self.cloudformation.sets.get(arn) else { continue };
            let (create, delete) = set.moved(left, entered);
            let retain = set.auto.as_ref().is_some_and(|auto| auto.retain);
            let present = |region: &Region| set.instances.contains_key(&(account.clone(), region.clone()));
            let delete: Vec<Region> = delete.into_iter().filter(present).collect();
            let unit = entered.iter().find(|unit| set.covered.contains_key(*unit)).cloned();
            self.auto_operation(arn, account, Action::Delete, delete, None, Some(retain));
            self.auto_operation(arn, account, Action::Create, create, unit, None);
        }
        // Only now may they begin: a set must see that another, which goes first, has work to do.
        for arn in &sets {
            self.release(arn);
        }
    }

    fn auto_operation(
        &mut self,
        arn: &Arc<str>,
        account: &AccountId,
        action: Action,
        regions: Vec<Region>,
        unit: Option<String>,
        retain: Option<bool>,
    ) {
        if regions.is_empty() {
            return;
        }
        let places = regions.into_iter().map(|region| ((account.clone(), region), unit.clone())).collect();
        let targets = Targets { units: unit.into_iter().collect(), accounts: vec![account.clone()], filter: None };
        let work = Work {
            action,
            places,
            preferences: None,
            targets,
            operation_id: None,
            retain,
            changes_set: false,
            overrides: None,
            request: Digest::of("automatic"),
            automatic: true,
        };
        instances::enqueue(self, arn, work);
    }
}

/// Returns the caller that CloudFormation is for itself, on behalf of a set.
fn service_call(service: &str, account: &AccountId, region: &Region, set: &str, administrator: &AccountId) -> Call {
    let principal = Principal::Service { name: service.into(), account: account.clone() };
    Call::inside(principal, region.clone(), "stack-set".into()).on_behalf_of(set, administrator)
}
