//! Operations that look at stacks and templates.

use std::collections::BTreeSet;

use stackfleet_api::{DateTime, Error, cloudformation as api};
use stackfleet_base::{Digest, Timestamp};
use stackfleet_template::Template;

use super::{
    blueprint, source,
    source::invalid,
    stack::{Resource, Stack, StackEvent},
    stacks::live,
    status::Status,
    store::stack_prefix,
    walk::Logical,
};
use crate::{Call, World, pages};

/// Stacks, resources and exports on a page.
const PAGE: usize = 100;

pub(super) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

/// Reads the token of a list.
pub(super) fn opened(kind: &str, token: Option<&str>) -> Result<Option<String>, Error> {
    let Some(token) = token else { return Ok(None) };
    pages::open(kind, token).map(Some).ok_or_else(|| invalid("The provided NextToken is invalid"))
}

fn stack_status(status: Status) -> api::StackStatus {
    api::StackStatus::parse(status.as_str()).unwrap_or_default()
}

fn resource_status(status: Status) -> api::ResourceStatus {
    // AWS writes two states in events though its own model of events does not know them; the typed answer cannot.
    let known = if status == Status::UpdateCompleteCleanupInProgress {
        Status::UpdateInProgress
    } else if status == Status::UpdateRollbackCompleteCleanupInProgress {
        Status::UpdateRollbackInProgress
    } else {
        status
    };
    api::ResourceStatus::parse(known.as_str()).unwrap_or_default()
}

fn api_tags(tags: &[(String, String)]) -> Vec<api::Tag> {
    tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect()
}

/// `DescribeStacks`.
pub(crate) fn describe(
    world: &mut World,
    call: &Call,
    input: api::DescribeStacksInput,
) -> Result<api::DescribeStacksOutput, Error> {
    if let Some(name) = &input.stack_name {
        let found = world.cloudformation.find(call.account(), &call.region, name);
        let id = found.map(|stack| stack.id.clone()).ok_or_else(|| absent(name))?;
        return Ok(api::DescribeStacksOutput { stacks: Some(vec![shown(world, &id)]), next_token: None });
    }
    let stacks = world.cloudformation.stacks_in(call.account(), &call.region);
    let rows = stacks
        .filter(|stack| stack.status != Status::DeleteComplete)
        .map(|stack| (stack.id.to_string(), stack.id.clone()));
    let after = opened("stacks", input.next_token.as_deref())?;
    let (ids, last) = pages::page(rows, after.as_deref(), PAGE);
    let stacks = ids.iter().map(|id| shown(world, id)).collect();
    let next_token = last.map(|last| pages::seal("stacks", &last));
    Ok(api::DescribeStacksOutput { stacks: Some(stacks), next_token })
}

pub(super) fn absent(name: &str) -> Error {
    invalid(format!("Stack with id {name} does not exist"))
}

fn shown(world: &mut World, id: &str) -> api::Stack {
    let store = &mut world.cloudformation;
    let Some(stack) = store.stacks.get(id) else { return api::Stack::default() };
    let text = store.texts.get(&stack.definition.template).cloned().unwrap_or_else(|| "".into());
    let template = store.blueprints.read(stack.definition.template, &text).ok();
    api::Stack {
        stack_id: Some(stack.id.to_string()),
        stack_name: stack.name.to_string(),
        description: stack.description.clone(),
        parameters: Some(parameters(stack, template.as_deref())),
        creation_time: date(stack.created),
        deletion_time: stack.deleted.map(date),
        last_updated_time: stack.updated.map(date),
        rollback_configuration: Some(api::RollbackConfiguration::default()),
        stack_status: stack_status(stack.status),
        stack_status_reason: stack.reason.as_deref().map(str::to_owned),
        disable_rollback: Some(stack.disable_rollback),
        notification_arns: Some(stack.definition.notification_arns.clone()),
        capabilities: Some(
            stack.definition.capabilities.iter().filter_map(|name| api::Capability::parse(name)).collect(),
        ),
        outputs: Some(
            stack
                .outputs
                .iter()
                .map(|output| api::Output {
                    output_key: Some(output.key.clone()),
                    output_value: Some(output.value.clone()),
                    description: output.description.clone(),
                    export_name: output.export.clone(),
                })
                .collect(),
        ),
        role_arn: stack.role.as_deref().map(str::to_owned),
        tags: Some(api_tags(&stack.definition.tags)),
        enable_termination_protection: Some(stack.termination_protection),
        drift_information: Some(api::StackDriftInformation {
            stack_drift_status: api::StackDriftStatus::NotChecked,
            ..api::StackDriftInformation::default()
        }),
        ..api::Stack::default()
    }
}

/// Returns all parameters of a stack with their values; hidden ones as asterisks.
fn parameters(stack: &Stack, template: Option<&Template>) -> Vec<api::Parameter> {
    let given = &stack.definition.parameters;
    let declared = template.map(Template::parameters).into_iter().flatten();
    let rows = declared.filter_map(|(key, parameter)| {
        let value = given.get(key).or(parameter.default.as_ref())?;
        let value = if parameter.no_echo { "****" } else { value.as_str() };
        Some(api::Parameter {
            parameter_key: Some(key.clone()),
            parameter_value: Some(value.to_owned()),
            ..api::Parameter::default()
        })
    });
    rows.collect()
}

/// `ListStacks`.
pub(crate) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListStacksInput,
) -> Result<api::ListStacksOutput, Error> {
    let wanted = |stack: &&Stack| {
        let status = stack_status(stack.status);
        input.stack_status_filter.as_ref().is_none_or(|filter| filter.is_empty() || filter.contains(&status))
    };
    let stacks = world.cloudformation.stacks_in(call.account(), &call.region).filter(wanted);
    let rows = stacks.map(|stack| {
        let row = api::StackSummary {
            stack_id: Some(stack.id.to_string()),
            stack_name: stack.name.to_string(),
            template_description: stack.description.clone(),
            creation_time: date(stack.created),
            last_updated_time: stack.updated.map(date),
            deletion_time: stack.deleted.map(date),
            stack_status: stack_status(stack.status),
            stack_status_reason: stack.reason.as_deref().map(str::to_owned),
            drift_information: Some(api::StackDriftInformationSummary {
                stack_drift_status: api::StackDriftStatus::NotChecked,
                ..api::StackDriftInformationSummary::default()
            }),
            ..api::StackSummary::default()
        };
        (stack.id.to_string(), row)
    });
    let after = opened("stack-summaries", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), PAGE);
    let next_token = last.map(|last| pages::seal("stack-summaries", &last));
    Ok(api::ListStacksOutput { stack_summaries: Some(summaries), next_token })
}

/// `DescribeStackEvents`, newest first.
pub(crate) fn events(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackEventsInput,
) -> Result<api::DescribeStackEventsOutput, Error> {
    let found = world.cloudformation.find(call.account(), &call.region, &input.stack_name);
    let stack = found.ok_or_else(|| invalid(format!("Stack [{}] does not exist", input.stack_name)))?;
    // New events may come between two pages; counting from the oldest keeps the pages apart.
    let end = match opened("events", input.next_token.as_deref())? {
        Some(end) => end.parse().unwrap_or(stack.events.len()),
        None => stack.events.len(),
    };
    let start = end.saturating_sub(PAGE);
    let page = stack.events.iter().enumerate().take(end).skip(start);
    let rows: Vec<api::StackEvent> = page.rev().map(|(index, event)| event_shown(stack, index, event)).collect();
    let next_token = (start > 0).then(|| pages::seal("events", &start.to_string()));
    Ok(api::DescribeStackEventsOutput { stack_events: Some(rows), next_token })
}

fn event_shown(stack: &Stack, index: usize, event: &StackEvent) -> api::StackEvent {
    let digest = Digest::of_parts([stack.id.as_bytes(), &index.to_be_bytes()]).to_string();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    let event_id = match &event.logical {
        Some(logical) => format!("{logical}-{}-{}", event.status.as_str(), event.at),
        None => format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30)),
    };
    api::StackEvent {
        stack_id: stack.id.to_string(),
        event_id,
        stack_name: stack.name.to_string(),
        logical_resource_id: Some(event.logical.as_deref().unwrap_or(&stack.name).to_owned()),
        physical_resource_id: Some(event.physical.as_deref().unwrap_or_default().to_owned()),
        resource_type: Some(event.kind.to_string()),
        timestamp: date(event.at),
        resource_status: Some(resource_status(event.status)),
        resource_status_reason: event.reason.as_deref().map(str::to_owned),
        client_request_token: event.token.as_deref().map(str::to_owned),
        ..api::StackEvent::default()
    }
}

/// Resources that are shown: those that a condition or a rollback took away are not.
fn resources(stack: &Stack) -> impl Iterator<Item = (&Logical, &Resource)> {
    let all = stack.status == Status::DeleteComplete;
    stack.resources.iter().filter(move |(_, resource)| all || resource.status != Status::DeleteComplete)
}

/// `DescribeStackResources`.
pub(crate) fn describe_resources(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackResourcesInput,
) -> Result<api::DescribeStackResourcesOutput, Error> {
    let store = &world.cloudformation;
    let stack = match (&input.stack_name, &input.physical_resource_id) {
        (Some(name), _) => store.find(call.account(), &call.region, name).ok_or_else(|| absent(name))?,
        (None, Some(physical)) => store
            .stacks_in(call.account(), &call.region)
            .find(|stack| resources(stack).any(|(_, found)| found.physical.as_deref() == Some(physical)))
            .ok_or_else(|| invalid(format!("Stack for {physical} does not exist")))?,
        (None, None) => {
            return Err(invalid("Both StackName and PhysicalResourceId cannot be null"));
        }
    };
    let wanted = |logical: &Logical| input.logical_resource_id.as_ref().is_none_or(|wanted| **wanted == **logical);
    let rows = resources(stack).filter(|(logical, _)| wanted(logical)).map(|(logical, resource)| api::StackResource {
        stack_name: Some(stack.name.to_string()),
        stack_id: Some(stack.id.to_string()),
        logical_resource_id: logical.to_string(),
        physical_resource_id: resource.physical.as_deref().map(str::to_owned),
        resource_type: resource.kind.to_string(),
        timestamp: date(resource.since),
        resource_status: resource_status(resource.status),
        resource_status_reason: resource.reason.as_deref().map(str::to_owned),
        ..api::StackResource::default()
    });
    Ok(api::DescribeStackResourcesOutput { stack_resources: Some(rows.collect()) })
}

/// `DescribeStackResource`.
pub(crate) fn describe_resource(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackResourceInput,
) -> Result<api::DescribeStackResourceOutput, Error> {
    let name = &input.stack_name;
    let found = world.cloudformation.find(call.account(), &call.region, name);
    let stack = found.ok_or_else(|| invalid(format!("Stack '{name}' does not exist")))?;
    let wanted = input.logical_resource_id.as_str();
    let found = stack.resources.iter().find(|(logical, _)| &***logical == wanted);
    let (logical, resource) =
        found.ok_or_else(|| invalid(format!("Resource {wanted} does not exist for stack {name}")))?;
    let detail = api::StackResourceDetail {
        stack_name: Some(stack.name.to_string()),
        stack_id: Some(stack.id.to_string()),
        logical_resource_id: logical.to_string(),
        physical_resource_id: resource.physical.as_deref().map(str::to_owned),
        resource_type: resource.kind.to_string(),
        last_updated_timestamp: date(resource.since),
        resource_status: resource_status(resource.status),
        resource_status_reason: resource.reason.as_deref().map(str::to_owned),
        ..api::StackResourceDetail::default()
    };
    Ok(api::DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
}

/// `ListStackResources`.
pub(crate) fn list_resources(
    world: &mut World,
    call: &Call,
    input: api::ListStackResourcesInput,
) -> Result<api::ListStackResourcesOutput, Error> {
    let found = world.cloudformation.find(call.account(), &call.region, &input.stack_name);
    let stack = found.ok_or_else(|| absent(&input.stack_name))?;
    let rows = resources(stack).map(|(logical, resource)| {
        let row = api::StackResourceSummary {
            logical_resource_id: logical.to_string(),
            physical_resource_id: resource.physical.as_deref().map(str::to_owned),
            resource_type: resource.kind.to_string(),
            last_updated_timestamp: date(resource.since),
            resource_status: resource_status(resource.status),
            resource_status_reason: resource.reason.as_deref().map(str::to_owned),
            ..api::StackResourceSummary::default()
        };
        (logical.to_string(), row)
    });
    let after = opened("resources", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), PAGE);
    let next_token = last.map(|last| pages::seal("resources", &last));
    Ok(api::ListStackResourcesOutput { stack_resource_summaries: Some(summaries), next_token })
}

/// `ListExports`.
pub(crate) fn exports(
    world: &mut World,
    call: &Call,
    input: api::ListExportsInput,
) -> Result<api::ListExportsOutput, Error> {
    let place = (call.account().clone(), call.region.clone());
    let exports = world.cloudformation.exports.get(&place).into_iter().flatten();
    let rows = exports.map(|(name, (value, stack))| {
        let row = api::Export {
            exporting_stack_id: Some(stack.to_string()),
            name: Some(name.clone()),
            value: Some(value.clone()),
        };
        (name.clone(), row)
    });
    let after = opened("exports", input.next_token.as_deref())?;
    let (exports, last) = pages::page(rows, after.as_deref(), PAGE);
    Ok(api::ListExportsOutput { exports: Some(exports), next_token: last.map(|last| pages::seal("exports", &last)) })
}

/// `ListImports`.
pub(crate) fn imports(
    world: &mut World,
    call: &Call,
    input: api::ListImportsInput,
) -> Result<api::ListImportsOutput, Error> {
    let stacks = world.cloudformation.stacks_in(call.account(), &call.region);
    let users = stacks.filter(|stack| stack.imports.contains(&input.export_name));
    let names: Vec<String> = users.map(|stack| stack.name.to_string()).collect();
    if names.is_empty() {
        return Err(invalid(format!("Export '{}' is not imported by any stack.", input.export_name)));
    }
    let rows = names.into_iter().map(|name| (name.clone(), name));
    let after = opened("imports", input.next_token.as_deref())?;
    let (imports, last) = pages::page(rows, after.as_deref(), PAGE);
    Ok(api::ListImportsOutput { imports: Some(imports), next_token: last.map(|last| pages::seal("imports", &last)) })
}

/// `GetTemplate`.
pub(crate) fn template(
    world: &mut World,
    call: &Call,
    input: api::GetTemplateInput,
) -> Result<api::GetTemplateOutput, Error> {
    if input.change_set_name.is_some() {
        return Err(invalid("Change sets are unsupported by the twin"));
    }
    let name = input.stack_name.ok_or_else(|| invalid("StackName is required if ChangeSetName is not specified."))?;
    let found = world.cloudformation.find(call.account(), &call.region, &name);
    let stack = found.ok_or_else(|| absent(&name))?;
    let (digest, region, parameters) =
        (stack.definition.template, stack.region.clone(), stack.definition.parameters.clone());
    let text = world.cloudformation.text(&digest);
    let body = if input.template_stage == Some(api::TemplateStage::Processed) {
        let ready = world.cloudformation.blueprints.ready(digest, &text, &region, &parameters).map_err(invalid)?;
        if ready.transforms.is_empty() { text.to_string() } else { ready.template.value().to_string() }
    } else {
        text.to_string()
    };
    let stages = vec![api::TemplateStage::Original, api::TemplateStage::Processed];
    Ok(api::GetTemplateOutput { template_body: Some(body), stages_available: Some(stages) })
}

/// `ValidateTemplate`.
pub(crate) fn validate(
    world: &mut World,
    call: &Call,
    input: api::ValidateTemplateInput,
) -> Result<api::ValidateTemplateOutput, Error> {
    let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
    let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let template = world.cloudformation.blueprints.read(Digest::of(&*text), &text).map_err(invalid)?;
    let (capabilities, capabilities_reason) = needed(&template);
    let parameters = template.parameters().iter().map(|(key, parameter)| api::TemplateParameter {
        parameter_key: Some(key.clone()),
        default_value: parameter.default.clone(),
        no_echo: Some(parameter.no_echo),
        description: parameter.description.clone(),
    });
    Ok(api::ValidateTemplateOutput {
        parameters: Some(parameters.collect()),
        description: template.description().map(str::to_owned),
        capabilities: Some(capabilities),
        capabilities_reason,
        declared_transforms: Some(template.transforms().into_iter().map(str::to_owned).collect()),
    })
}

fn needed(template: &Template) -> (Vec<api::Capability>, Option<String>) {
    let mut capabilities = Vec::new();
    let mut reason = None;
    if let Some((capability, types)) = blueprint::iam_capability(template) {
        capabilities.extend(api::Capability::parse(capability));
        let list = types.join(", ");
        reason = Some(format!("The following resource(s) require capabilities: [{list}]"));
    }
    if !template.transforms().is_empty() {
        capabilities.push(api::Capability::CapabilityAutoExpand);
        reason = reason.or_else(|| {
            let list = template.transforms().join(", ");
            Some(format!("The following transform(s) require capabilities: [{list}]"))
        });
    }
    (capabilities, reason)
}

/// `GetTemplateSummary`.
pub(crate) fn summary(
    world: &mut World,
    call: &Call,
    input: api::GetTemplateSummaryInput,
) -> Result<api::GetTemplateSummaryOutput, Error> {
    let digest = match (&input.stack_name, &input.stack_set_name) {
        (Some(name), None) => live(world, call, name)?.definition.template,
        (None, Some(name)) => super::sets::find(world, call, name, input.call_as)?.definition.template,
        (Some(_), Some(_)) => return Err(invalid("You cannot specify both StackName and StackSetName")),
        (None, None) => {
            let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
            let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
            world.cloudformation.keep(&text)
        }
    };
    let text = world.cloudformation.text(&digest);
    let template = world.cloudformation.blueprints.read(digest, &text).map_err(invalid)?;
    let (capabilities, capabilities_reason) = needed(&template);
    let parameters = template.parameters().iter().map(|(key, parameter)| api::ParameterDeclaration {
        parameter_key: Some(key.clone()),
        default_value: parameter.default.clone(),
        parameter_type: Some(parameter.type_name.clone()),
        no_echo: Some(parameter.no_echo),
        description: parameter.description.clone(),
        parameter_constraints: (!parameter.allowed_values.is_empty())
            .then(|| api::ParameterConstraints { allowed_values: Some(parameter.allowed_values.clone()) }),
    });
    let types: BTreeSet<String> = blueprint::types(&template);
    let version = template.value().get("AWSTemplateFormatVersion").and_then(serde_json::Value::as_str);
    Ok(api::GetTemplateSummaryOutput {
        parameters: Some(parameters.collect()),
        description: template.description().map(str::to_owned),
        capabilities: Some(capabilities),
        capabilities_reason,
        resource_types: Some(types.into_iter().collect()),
        version: version.map(str::to_owned),
        metadata: template.value().get("Metadata").map(ToString::to_string),
        declared_transforms: Some(template.transforms().into_iter().map(str::to_owned).collect()),
        ..api::GetTemplateSummaryOutput::default()
    })
}

/// Returns the ARN that permissions on a stack are about, whether it exists or not.
pub(crate) fn stack_arn(world: &World, call: &Call, given: &str) -> String {
    if given.starts_with("arn:") {
        return given.to_owned();
    }
    let found = world.cloudformation.find(call.account(), &call.region, given);
    match found {
        Some(stack) => stack.id.to_string(),
        None => format!("{}{given}/*", stack_prefix(call.account(), &call.region)),
    }
}
