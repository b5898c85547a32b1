//! What requests of CloudFormation ask for.

use stackfleet_api::cloudformation::{CallAs, Request, Tag};

use super::pass_role;
use crate::{
    authorize::Ask,
    call::Call,
    cloudformation::{sets::set_arn, stack_reads::stack_arn, store::stack_prefix},
    world::World,
};

/// The key with the role that CloudFormation is to use.
const ROLE: &str = "cloudformation:RoleArn";
/// The key with a template's address.
const TEMPLATE: &str = "cloudformation:TemplateUrl";
/// The service as it is handed roles.
const SERVICE: &str = "cloudformation.amazonaws.com";

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let stack = |given: &str| Ask::new(action.clone(), stack_arn(world, call, given));
    let set = |given: &str, call_as: Option<CallAs>| Ask::new(action.clone(), set_arn(world, call, given, call_as));
    let role = |arn: Option<&String>| arn.map(|arn| pass_role(arn, SERVICE));
    match request {
        Request::CreateStack(input) => {
            let own = templated(stack(&input.stack_name), input.role_arn.as_ref(), input.template_url.as_ref())
                .key_of("cloudformation:StackPolicyUrl", input.stack_policy_url.as_ref());
            let own = resource_types(own, input.resource_types.as_ref());
            with_tags(own, input.tags.as_deref()).chain(role(input.role_arn.as_ref())).collect()
        }
        Request::UpdateStack(input) => {
            let own = templated(stack(&input.stack_name), input.role_arn.as_ref(), input.template_url.as_ref())
                .key_of("cloudformation:StackPolicyUrl", input.stack_policy_url.as_ref());
            let own = resource_types(own, input.resource_types.as_ref());
            with_tags(own, input.tags.as_deref()).chain(role(input.role_arn.as_ref())).collect()
        }
        Request::DeleteStack(input) => {
            let own = stack(&input.stack_name).key_of(ROLE, input.role_arn.as_ref());
            std::iter::once(own).chain(role(input.role_arn.as_ref())).collect()
        }
        Request::ContinueUpdateRollback(input) => {
            let own = stack(&input.stack_name).key_of(ROLE, input.role_arn.as_ref());
            std::iter::once(own).chain(role(input.role_arn.as_ref())).collect()
        }
        Request::DescribeStacks(input) => match &input.stack_name {
            Some(name) => vec![stack(name)],
            // Without a name it takes both permissions (API reference, DescribeStacks).
            None => vec![Ask::new(action, "*"), Ask::new("cloudformation:ListStacks", every_stack(call))],
        },
        Request::DescribeStackEvents(input) => vec![stack(&input.stack_name)],
        Request::DescribeStackResources(input) => vec![match &input.stack_name {
            Some(name) => stack(name),
            None => Ask::new(action, "*"),
        }],
        Request::DescribeStackResource(input) => vec![stack(&input.stack_name)],
        Request::ListStackResources(input) => vec![stack(&input.stack_name)],
        Request::GetTemplate(input) => vec![match &input.stack_name {
            Some(name) => stack(name),
            None => Ask::new(action, "*"),
        }],
        Request::GetTemplateSummary(input) => vec![match (&input.stack_name, &input.stack_set_name) {
            (Some(name), _) => stack(name),
            (None, Some(name)) => set(name, input.call_as),
            (None, None) => Ask::new(action, "*").key_of(TEMPLATE, input.template_url.as_ref()),
        }],
        Request::ValidateTemplate(input) => vec![Ask::new(action, "*").key_of(TEMPLATE, input.template_url.as_ref())],
        Request::ListStacks(_) => vec![Ask::new(action, every_stack(call))],
        Request::UpdateTerminationProtection(input) => vec![stack(&input.stack_name)],
        Request::CancelUpdateStack(input) => vec![stack(&input.stack_name)],
        Request::CreateStackSet(input) => {
            let (role_arn, url) = (input.administration_role_arn.as_ref(), input.template_url.as_ref());
            // A set that is not there yet has no ARN to ask for: the action takes no resource.
            let own = templated(Ask::new(action.clone(), "*"), role_arn, url);
            let tagged = set(&input.stack_set_name, input.call_as).resource;
            let asks = with_tags(own, input.tags.as_deref()).map(|ask| match &*ask.action {
                "cloudformation:TagResource" => Ask { resource: tagged.clone(), ..ask },
                _ => ask,
            });
            asks.chain(role(role_arn)).collect()
        }
        Request::UpdateStackSet(input) => {
            let (role_arn, url) = (input.administration_role_arn.as_ref(), input.template_url.as_ref());
            let own = templated(set(&input.stack_set_name, input.call_as), role_arn, url);
            let own = in_regions(own, input.regions.as_deref().unwrap_or_default());
            with_tags(own, input.tags.as_deref()).chain(role(role_arn)).collect()
        }
        Request::DeleteStackSet(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DescribeStackSet(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::CreateStackInstances(input) => {
            vec![in_regions(set(&input.stack_set_name, input.call_as), &input.regions)]
        }
        Request::UpdateStackInstances(input) => {
            vec![in_regions(set(&input.stack_set_name, input.call_as), &input.regions)]
        }
        Request::DeleteStackInstances(input) => {
            vec![in_regions(set(&input.stack_set_name, input.call_as), &input.regions)]
        }
        Request::DescribeStackInstance(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackInstances(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DescribeStackSetOperation(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetOperations(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetOperationResults(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::StopStackSetOperation(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetAutoDeploymentTargets(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListExports(_)
        | Request::ListImports(_)
        | Request::ListStackSets(_)
        | Request::ActivateOrganizationsAccess(_)
        | Request::DeactivateOrganizationsAccess(_)
        | Request::DescribeOrganizationsAccess(_) => vec![Ask::new(action, "*")],
    }
}

/// Adds the keys of a role and of a template's address.
fn templated(ask: Ask, role: Option<&String>, url: Option<&String>) -> Ask {
    ask.key_of(ROLE, role).key_of(TEMPLATE, url)
}

/// Adds the types that a template may have, where the caller says so.
fn resource_types(ask: Ask, types: Option<&Vec<String>>) -> Ask {
    match types {
        Some(types) => ask.keys("cloudformation:ResourceTypes", types.clone()),
        None => ask,
    }
}

/// Adds the regions that an operation of a stack set goes to.
fn in_regions(ask: Ask, regions: &[String]) -> Ask {
    if regions.is_empty() { ask } else { ask.keys("cloudformation:TargetRegion", regions.to_vec()) }
}

/// What a list of all stacks is asked for, as AWS's denials show.
fn every_stack(call: &Call) -> String {
    format!("{}*/*", stack_prefix(call.account(), &call.region))
}

/// Whoever makes something with tags must also be allowed to tag it.
fn with_tags(ask: Ask, tags: Option<&[Tag]>) -> impl Iterator<Item = Ask> {
    let tags = tags.unwrap_or_default();
    let tagged = |ask: Ask| ask.request_tags(tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
    let tagging = (!tags.is_empty()).then(|| {
        let name = ask.action.split_once(':').map_or(&*ask.action, |(_, name)| name);
        let tagging = Ask::new("cloudformation:TagResource", ask.resource.clone());
        tagged(tagging.key("cloudformation:CreateAction", name))
    });
    std::iter::once(tagged(ask)).chain(tagging)
}
