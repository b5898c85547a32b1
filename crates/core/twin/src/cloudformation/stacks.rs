//! Operations that change stacks: create, update, delete and the ways back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use stackfleet_api::{Error, cloudformation as api};
use stackfleet_base::Digest;
use stackfleet_template::Template;

use super::{
    blueprint, provider,
    runner::{self, Known},
    source::{self, PRINCIPAL, invalid},
    stack::{Definition, Phase, Run, Stack},
    status::{OnFailure, Status},
    store::{Prepared, stack_prefix},
    walk::{Logical, Walk},
};
use crate::{
    Call, Principal, World,
    authorize::{self, Ask},
};

/// What a new stack is made of, whoever asks for it.
#[derive(Debug, Clone)]
pub(crate) struct NewStack {
    pub(crate) name: String,
    pub(crate) definition: Definition,
    pub(crate) on_failure: OnFailure,
    pub(crate) termination_protection: bool,
    pub(crate) role: Option<String>,
    pub(crate) token: Option<String>,
}

/// `CreateStack`.
pub(crate) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateStackInput,
) -> Result<api::CreateStackOutput, Error> {
    check_name(&input.stack_name)?;
    if input.disable_rollback.is_some() && input.on_failure.is_some() {
        return Err(invalid("You can specify either DisableRollback or OnFailure, but not both"));
    }
    let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
    let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let on_failure = match (input.on_failure, input.disable_rollback) {
        (Some(api::OnFailure::DoNothing), _) | (None, Some(true)) => OnFailure::DoNothing,
        (Some(api::OnFailure::Delete), _) => OnFailure::Delete,
        (Some(api::OnFailure::Rollback), _) | (None, _) => OnFailure::Rollback,
    };
    let definition = Definition {
        template: world.cloudformation.keep(&text),
        parameters: values(input.parameters.as_deref().unwrap_or_default(), &BTreeMap::new())?,
        tags: tags(input.tags.as_deref().unwrap_or_default())?,
        capabilities: capabilities(input.capabilities.as_deref()),
        notification_arns: input.notification_arns.unwrap_or_default(),
    };
    let stack = NewStack {
        name: input.stack_name,
        definition,
        on_failure,
        termination_protection: input.enable_termination_protection.unwrap_or(false),
        role: input.role_arn,
        token: input.client_request_token,
    };
    let stack_id = create_from(world, call, stack)?;
    Ok(api::CreateStackOutput { stack_id: Some(stack_id.to_string()), ..api::CreateStackOutput::default() })
}

/// Makes a stack for a caller who may; returns its ARN.
pub(crate) fn create_from(world: &mut World, call: &Call, new: NewStack) -> Result<Arc<str>, Error> {
    let place = (call.account().clone(), call.region.clone());
    if world.cloudformation.live.get(&place).is_some_and(|live| live.contains_key(new.name.as_str())) {
        return Err(api::AlreadyExistsException::error(format!("Stack [{}] already exists", new.name)));
    }
    let template = check_template(world, call, &new.definition)?;
    let uuid = world.ids.draw("stack", &[place.0.as_str(), place.1.as_str(), &new.name]).uuid();
    let id: Arc<str> = format!("{}{}/{uuid}", stack_prefix(&place.0, &place.1), new.name).into();
    let runner = runner_call(world, call, &id, new.role.as_deref())?;
    let now = world.now;
    let mut stack = Stack {
        id: id.clone(),
        name: new.name.into(),
        account: place.0.clone(),
        region: place.1.clone(),
        status: Status::CreateInProgress,
        reason: None,
        description: template.description().map(str::to_owned),
        created: now,
        updated: None,
        deleted: None,
        definition: new.definition,
        outputs: Vec::new(),
        resources: BTreeMap::new(),
        events: Vec::new(),
        imports: BTreeSet::new(),
        termination_protection: new.termination_protection,
        disable_rollback: new.on_failure == OnFailure::DoNothing,
        role: new.role.map(Into::into),
        token: new.token.map(Into::into),
        waiting: None,
        stuck: None,
        turns: 0,
        run: None,
    };
    let prepared = world.prepare(&stack, &stack.definition, &runner).map_err(invalid)?;
    stack.enter(Status::CreateInProgress, Some("User Initiated"), now);
    let run = new_run(runner, Phase::Create, forward(&prepared), new.on_failure);
    world.cloudformation.scopes.insert(id.clone(), Arc::new(prepared));
    world.begin_run(&mut stack, run);
    world.cloudformation.live.entry(place).or_default().insert(stack.name.clone(), id.clone());
    world.cloudformation.stacks.insert(id.clone(), Box::new(stack));
    Ok(id)
}

/// `UpdateStack`.
pub(crate) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdateStackInput,
) -> Result<api::UpdateStackOutput, Error> {
    let stack = live(world, call, &input.stack_name)?;
    let (id, present) = (stack.id.clone(), stack.definition.clone());
    let previous = input.use_previous_template.unwrap_or(false);
    let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
    let template = match text {
        Some(_) if previous => {
            return Err(invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL."));
        }
        Some(text) => world.cloudformation.keep(&text),
        None if previous => present.template,
        None => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let definition = Definition {
        template,
        parameters: values(input.parameters.as_deref().unwrap_or_default(), &present.parameters)?,
        tags: match input.tags.as_deref() {
            Some(given) => tags(given)?,
            None => present.tags,
        },
        capabilities: capabilities(input.capabilities.as_deref()),
        notification_arns: input.notification_arns.unwrap_or(present.notification_arns),
    };
    update_to(world, call, &id, definition, input.role_arn, input.disable_rollback, input.client_request_token)?;
    Ok(api::UpdateStackOutput { stack_id: Some(id.to_string()), ..api::UpdateStackOutput::default() })
}

/// Changes a stack for a caller who may.
///
/// # Errors
/// `ValidationError`, also where there is nothing to do.
pub(crate) fn update_to(
    world: &mut World,
    call: &Call,
    id: &Arc<str>,
    definition: Definition,
    role: Option<String>,
    disable_rollback: Option<bool>,
    token: Option<String>,
) -> Result<(), Error> {
    let stack = live(world, call, id)?;
    let stopped = matches!(stack.status, Status::CreateFailed | Status::UpdateFailed);
    let retried = stopped && disable_rollback == Some(true);
    if !(stack.status.is_updatable() || retried) {
        let message = format!("Stack:{id} is in {} state and can not be updated.", stack.status.as_str());
        return Err(invalid(message));
    }
    let role = role.or_else(|| stack.role.as_deref().map(str::to_owned));
    let template = check_template(world, call, &definition)?;
    let runner = runner_call(world, call, id, role.as_deref())?;
    let Some(mut stack) = world.cloudformation.stacks.remove(id) else { return Ok(()) };
    let result = (|| {
        let prepared = world.prepare(&stack, &definition, &runner)?;
        let differs = differs(world, &stack, &definition, &prepared, &runner)?;
        if differs { Ok(prepared) } else { Err("No updates are to be performed.".to_owned()) }
    })();
    let outcome = match result {
        Ok(prepared) => {
            let now = world.now;
            let before = runner::before(&stack);
            stack.description = template.description().map(str::to_owned);
            stack.definition = definition;
            stack.role = role.map(Into::into);
            stack.token = token.map(Into::into);
            stack.disable_rollback = disable_rollback.unwrap_or(stack.disable_rollback);
            stack.updated = Some(now);
            stack.enter(Status::UpdateInProgress, Some("User Initiated"), now);
            let on_failure = if stack.disable_rollback { OnFailure::DoNothing } else { OnFailure::Rollback };
            let mut run = new_run(runner, Phase::Update, forward(&prepared), on_failure);
            run.before = Some(before);
            world.cloudformation.scopes.insert(id.clone(), Arc::new(prepared));
            world.begin_run(&mut stack, run);
            Ok(())
        }
        Err(message) => Err(invalid(message)),
    };
    world.cloudformation.stacks.insert(id.clone(), stack);
    outcome
}

/// Tells whether an update would change anything.
fn differs(
    world: &mut World,
    stack: &Stack,
    definition: &Definition,
    prepared: &Prepared,
    call: &Call,
) -> Result<bool, String> {
    if definition.tags != stack.definition.tags || stack.resources.keys().any(|name| !prepared.needs.contains_key(name))
    {
        return Ok(true);
    }
    let template = &prepared.blueprint.template;
    let known = Known::new(world, call, &stack.resources);
    for logical in prepared.needs.keys() {
        let Some(present) = stack.resources.get(logical).filter(|found| found.physical.is_some()) else {
            return Ok(true);
        };
        let wanted = prepared.scope.resource(template, logical, &known).map_err(|problems| runner::first(&problems))?;
        if *wanted.type_name != *present.kind || Value::Object(wanted.properties) != present.properties() {
            return Ok(true);
        }
    }
    let outputs = prepared.scope.outputs(template, &known).map_err(|problems| runner::first(&problems))?;
    if outputs.len() != stack.outputs.len() {
        return Ok(true);
    }
    Ok(outputs.iter().zip(&stack.outputs).any(|((key, wanted), present)| {
        *key != present.key
            || provider::text(&wanted.value).as_ref() != Some(&present.value)
            || wanted.description != present.description
            || wanted.export_name.as_ref().and_then(provider::text) != present.export
    }))
}

/// `DeleteStack`. A name that is not there is no error.
pub(crate) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteStackInput,
) -> Result<api::DeleteStackOutput, Error> {
    let found = world.cloudformation.find(call.account(), &call.region, &input.stack_name);
    let Some(stack) = found.filter(|stack| stack.status != Status::DeleteComplete) else {
        return Ok(api::DeleteStackOutput::default());
    };
    let (id, status) = (stack.id.clone(), stack.status);
    if stack.termination_protection {
        let message = format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name);
        return Err(invalid(message));
    }
    let retained: BTreeSet<Logical> = input.retain_resources.unwrap_or_default().into_iter().map(Into::into).collect();
    let forced = input.deletion_mode == Some(api::DeletionMode::ForceDeleteStack);
    if (!retained.is_empty() || forced) && status != Status::DeleteFailed {
        let what = if forced { "Force delete" } else { "RetainResources" };
        let message = format!(
            "Invalid operation on stack [{id}]. {what} can be used only when the stack is in the DELETE_FAILED state."
        );
        return Err(invalid(message));
    }
    if status == Status::DeleteInProgress {
        return Ok(api::DeleteStackOutput::default());
    }
    if status.is_in_progress() && status != Status::CreateInProgress {
        return Err(invalid(format!("Stack [{}] cannot be deleted while in status {}", stack.name, status.as_str())));
    }
    let role = input.role_arn.or_else(|| stack.role.as_deref().map(str::to_owned));
    let runner = runner_call(world, call, &id, role.as_deref())?;
    let retained = if forced { stack_resources(world, &id) } else { retained };
    delete_from(world, &id, runner, retained, input.client_request_token.map(Into::into));
    Ok(api::DeleteStackOutput::default())
}

fn stack_resources(world: &World, id: &str) -> BTreeSet<Logical> {
    let failed = |stack: &Stack| {
        let left = stack.resources.iter().filter(|(_, resource)| resource.status == Status::DeleteFailed);
        left.map(|(logical, _)| logical.clone()).collect()
    };
    world.cloudformation.stacks.get(id).map(|stack| failed(stack)).unwrap_or_default()
}

/// Deletes a stack for a caller who may.
pub(crate) fn delete_from(
    world: &mut World,
    id: &Arc<str>,
    runner: Call,
    retained: BTreeSet<Logical>,
    token: Option<Arc<str>>,
) {
    let Some(mut stack) = world.cloudformation.stacks.remove(id) else { return };
    let now = world.now;
    stack.token = token;
    stack.stuck = None;
    stack.enter(Status::DeleteInProgress, Some("User Initiated"), now);
    let used = stack.outputs.iter().filter_map(|output| output.export.as_ref()).find_map(|name| {
        let user = world.importer(&stack, name)?;
        Some(format!("Export {name} cannot be deleted as it is in use by {user}"))
    });
    if let Some(reason) = used {
        stack.run = None;
        stack.enter(Status::DeleteFailed, Some(&reason), now);
    } else {
        let walk = Walk::backward(stack.edges());
        let mut run = new_run(runner, Phase::Delete, walk, OnFailure::Delete);
        run.retained = retained;
        world.begin_run(&mut stack, run);
    }
    world.cloudformation.stacks.insert(id.clone(), stack);
}

/// `UpdateTerminationProtection`.
pub(crate) fn protect(
    world: &mut World,
    call: &Call,
    input: api::UpdateTerminationProtectionInput,
) -> Result<api::UpdateTerminationProtectionOutput, Error> {
    let id = live(world, call, &input.stack_name)?.id.clone();
    if let Some(stack) = world.cloudformation.stacks.get_mut(&id) {
        stack.termination_protection = input.enable_termination_protection;
    }
    Ok(api::UpdateTerminationProtectionOutput { stack_id: Some(id.to_string()) })
}

/// `CancelUpdateStack`.
pub(crate) fn cancel(
    world: &mut World,
    call: &Call,
    input: api::CancelUpdateStackInput,
) -> Result<api::CancelUpdateStackOutput, Error> {
    let stack = live(world, call, &input.stack_name)?;
    let id = stack.id.clone();
    if stack.status != Status::UpdateInProgress {
        return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
    }
    if let Some(mut stack) = world.cloudformation.stacks.remove(&id) {
        world.cancel_update(&mut stack);
        world.cloudformation.stacks.insert(id, stack);
    }
    Ok(api::CancelUpdateStackOutput::default())
}

/// `ContinueUpdateRollback`.
pub(crate) fn continue_rollback(
    world: &mut World,
    call: &Call,
    input: api::ContinueUpdateRollbackInput,
) -> Result<api::ContinueUpdateRollbackOutput, Error> {
    let stack = live(world, call, &input.stack_name)?;
    let id = stack.id.clone();
    if stack.status != Status::UpdateRollbackFailed {
        let message = format!("Stack [{id}] can not be continued from {} state", stack.status.as_str());
        return Err(invalid(message));
    }
    let skipped: BTreeSet<Logical> = input.resources_to_skip.unwrap_or_default().into_iter().map(Into::into).collect();
    let failed = |name: &Logical| stack.resources.get(name).is_some_and(|found| found.status == Status::UpdateFailed);
    if let Some(wrong) = skipped.iter().find(|name| !failed(name)) {
        let message = format!("Resource [{wrong}] cannot be skipped: it is not in UPDATE_FAILED state");
        return Err(invalid(message));
    }
    let role = input.role_arn.or_else(|| stack.role.as_deref().map(str::to_owned));
    let runner = runner_call(world, call, &id, role.as_deref())?;
    if let Some(mut stack) = world.cloudformation.stacks.remove(&id) {
        world.resume_rollback(&mut stack, runner, &skipped);
        world.cloudformation.stacks.insert(id, stack);
    }
    Ok(api::ContinueUpdateRollbackOutput::default())
}

/// Returns a stack that is not deleted.
pub(crate) fn live<'a>(world: &'a World, call: &Call, given: &str) -> Result<&'a Stack, Error> {
    let found = world.cloudformation.find(call.account(), &call.region, given);
    found
        .filter(|stack| stack.status != Status::DeleteComplete)
        .ok_or_else(|| invalid(format!("Stack [{given}] does not exist")))
}

/// Reads a template and refuses what CloudFormation would before it makes a stack of it.
fn check_template(world: &mut World, call: &Call, definition: &Definition) -> Result<Arc<Template>, Error> {
    let text = world.cloudformation.text(&definition.template);
    let store = &mut world.cloudformation.blueprints;
    let template = store.read(definition.template, &text).map_err(invalid)?;
    let given = &definition.capabilities;
    if template.has_open_transforms() && !given.iter().any(|capability| capability == "CAPABILITY_AUTO_EXPAND") {
        return Err(insufficient(&blueprint::missing_capabilities(&template, None, given)));
    }
    let ready = store.ready(definition.template, &text, &call.region, &definition.parameters).map_err(invalid)?;
    let missing = blueprint::missing_capabilities(&template, Some(&ready), given);
    if !missing.is_empty() {
        return Err(insufficient(&missing));
    }
    for transform in &ready.transforms {
        // Running a transform is authorized as a change set on it, whoever is about to make the stack.
        let name = transform.trim_start_matches("AWS::");
        let arn =
            format!("arn:{}:cloudformation:{}:aws:transform/{name}", call.region.partition().as_str(), call.region);
        let ask = Ask::new("cloudformation:CreateChangeSet", arn);
        authorize::check(world, call, &[ask])
            .map_err(|denial| stackfleet_api::common::access_denied(stackfleet_api::Service::CloudFormation, denial))?;
    }
    Ok(template)
}

/// Says which capabilities are missing.
pub(crate) fn insufficient(missing: &[&str]) -> Error {
    api::InsufficientCapabilitiesException::error(format!("Requires capabilities : [{}]", missing.join(", ")))
}

/// Returns as whom resources are worked on: a role that CloudFormation assumes, or the caller by forward access.
fn runner_call(world: &mut World, call: &Call, stack: &str, role: Option<&str>) -> Result<Call, Error> {
    let forwarded = call.forwarded(PRINCIPAL, &call.region);
    let Some(role) = role else { return Ok(forwarded) };
    let service = Principal::Service { name: PRINCIPAL.into(), account: call.account().clone() };
    let asking =
        Call::inside(service, call.region.clone(), call.request_id.clone()).on_behalf_of(stack, call.account());
    let principal = world
        .assume_role(&asking, role, "AWSCloudFormation")
        .map_err(|_| invalid(format!("Role {role} is invalid or cannot be assumed")))?;
    Ok(Call { principal, ..forwarded })
}

fn new_run(call: Call, phase: Phase, walk: Walk, on_failure: OnFailure) -> Run {
    Run {
        call: Arc::new(call),
        phase,
        turn: 0,
        walk,
        on_failure,
        failed: Vec::new(),
        before: None,
        garbage: BTreeMap::new(),
        retained: BTreeSet::new(),
    }
}

fn forward(prepared: &Prepared) -> Walk {
    Walk::forward(prepared.needs.iter().map(|(logical, needs)| (logical, needs.as_slice())))
}

fn check_name(name: &str) -> Result<(), Error> {
    let good = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if good {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

/// Reads parameters of a request; previous values are taken where it says so.
pub(crate) fn values(
    given: &[api::Parameter],
    previous: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for parameter in given {
        let key = parameter.parameter_key.clone().unwrap_or_default();
        let value = match (&parameter.parameter_value, parameter.use_previous_value) {
            (Some(_), Some(true)) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (None, Some(true)) => match previous.get(&key) {
                Some(value) => value.clone(),
                None => continue,
            },
            (Some(value), _) => value.clone(),
            (None, _) => {
                return Err(invalid(format!("Parameter {key} should either have input value or default value")));
            }
        };
        values.insert(key, value);
    }
    Ok(values)
}

/// Reads tags of a request.
pub(crate) fn tags(given: &[api::Tag]) -> Result<Vec<(String, String)>, Error> {
    if let Some(tag) = given.iter().find(|tag| tag.key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid(format!(
            "Invalid tag key {}: aws: prefixed tag key names are not allowed for external use.",
            tag.key
        )));
    }
    Ok(given.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect())
}

/// Reads capabilities of a request.
pub(crate) fn capabilities(given: Option<&[api::Capability]>) -> Vec<String> {
    given.unwrap_or_default().iter().map(|capability| capability.as_str().to_owned()).collect()
}

/// Returns the digest by which a repeated request is known.
pub(crate) fn request_digest(request: &impl std::fmt::Debug) -> Digest {
    Digest::of(format!("{request:?}"))
}
