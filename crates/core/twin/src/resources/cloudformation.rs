//! What requests of CloudFormation ask for.

use stackfleet_api::cloudformation::{CallAs, Request, Tag};

use super::pass_role;
use crate::{
    authorize::Ask,
    call::Call,
    cloudformation::{sets::set_arn, stack_reads::stack_arn},
    world::World,
};

/// The service as it is handed roles.
const SERVICE: &str = "cloudformation.amazonaws.com";

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let stack = |given: &str| Ask::new(action.clone(), stack_arn(world, call, given));
    let set = |given: &str, call_as: Option<CallAs>| Ask::new(action.clone(), set_arn(world, call, given, call_as));
    let role = |arn: Option<&String>| arn.map(|arn| pass_role(arn, SERVICE));
    match request {
        Request::CreateStack(input) => {
            let asks = with_tags(stack(&input.stack_name), input.tags.as_deref());
            let asks = keyed(asks, input.role_arn.as_ref(), input.template_url.as_ref());
            asks.into_iter().chain(role(input.role_arn.as_ref())).collect()
        }
        Request::UpdateStack(input) => {
            let asks = with_tags(stack(&input.stack_name), input.tags.as_deref());
            let asks = keyed(asks, input.role_arn.as_ref(), input.template_url.as_ref());
            asks.into_iter().chain(role(input.role_arn.as_ref())).collect()
        }
        Request::DeleteStack(input) => {
            let asks = keyed(vec![stack(&input.stack_name)], input.role_arn.as_ref(), None);
            asks.into_iter().chain(role(input.role_arn.as_ref())).collect()
        }
        Request::ContinueUpdateRollback(input) => {
            std::iter::once(stack(&input.stack_name)).chain(role(input.role_arn.as_ref())).collect()
        }
        Request::DescribeStacks(input) => vec![match &input.stack_name {
            Some(name) => stack(name),
            None => Ask::new(action, "*"),
        }],
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
            (None, None) => Ask::new(action, "*"),
        }],
        Request::UpdateTerminationProtection(input) => vec![stack(&input.stack_name)],
        Request::CancelUpdateStack(input) => vec![stack(&input.stack_name)],
        Request::CreateStackSet(input) => {
            let asks = with_tags(set(&input.stack_set_name, input.call_as), input.tags.as_deref());
            asks.into_iter().chain(role(input.administration_role_arn.as_ref())).collect()
        }
        Request::UpdateStackSet(input) => {
            let asks = with_tags(set(&input.stack_set_name, input.call_as), input.tags.as_deref());
            asks.into_iter().chain(role(input.administration_role_arn.as_ref())).collect()
        }
        Request::DeleteStackSet(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DescribeStackSet(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::CreateStackInstances(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::UpdateStackInstances(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DeleteStackInstances(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DescribeStackInstance(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackInstances(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::DescribeStackSetOperation(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetOperations(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetOperationResults(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::StopStackSetOperation(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStackSetAutoDeploymentTargets(input) => vec![set(&input.stack_set_name, input.call_as)],
        Request::ListStacks(_)
        | Request::ListExports(_)
        | Request::ListImports(_)
        | Request::ValidateTemplate(_)
        | Request::ListStackSets(_)
        | Request::ActivateOrganizationsAccess(_)
        | Request::DeactivateOrganizationsAccess(_)
        | Request::DescribeOrganizationsAccess(_) => vec![Ask::new(action, "*")],
    }
}

/// Adds the keys of a stack's role and template.
fn keyed(asks: Vec<Ask>, role: Option<&String>, url: Option<&String>) -> Vec<Ask> {
    let add = |ask: Ask| {
        let ask = match role {
            Some(role) => ask.key("cloudformation:RoleArn", role.as_str()),
            None => ask,
        };
        match url {
            Some(url) => ask.key("cloudformation:TemplateUrl", url.as_str()),
            None => ask,
        }
    };
    asks.into_iter().map(add).collect()
}

/// Whoever makes something with tags must also be allowed to tag it.
fn with_tags(ask: Ask, tags: Option<&[Tag]>) -> Vec<Ask> {
    let tags = tags.unwrap_or_default();
    let ask = ask.request_tags(tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
    if tags.is_empty() {
        return vec![ask];
    }
    let tagging = Ask { action: "cloudformation:TagResource".into(), ..ask.clone() };
    vec![ask, tagging]
}
