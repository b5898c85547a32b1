//! What requests of CloudFormation ask for.

use stackfleet_api::cloudformation::{Request, Tag};

use super::pass_role;
use crate::{authorize::Ask, call::Call};

const SERVICE: &str = "cloudformation.amazonaws.com";

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let place = Place { call, request };
    match request {
        Request::CreateStack(input) => {
            let ask = with_template(place.stack(&input.stack_name), input.template_url.as_deref());
            let ask = with_role(ask, input.role_arn.as_deref());
            let types = input.resource_types.clone().unwrap_or_default();
            let ask = if types.is_empty() { ask } else { ask.keys("cloudformation:ResourceTypes", types) };
            passing(tagging(ask, input.tags.as_deref()), input.role_arn.as_deref())
        }
        Request::UpdateStack(input) => {
            let ask = with_template(place.stack(&input.stack_name), input.template_url.as_deref());
            let ask = with_role(ask, input.role_arn.as_deref());
            let types = input.resource_types.clone().unwrap_or_default();
            let ask = if types.is_empty() { ask } else { ask.keys("cloudformation:ResourceTypes", types) };
            passing(tagging(ask, input.tags.as_deref()), input.role_arn.as_deref())
        }
        Request::DeleteStack(input) => {
            let ask = with_role(place.stack(&input.stack_name), input.role_arn.as_deref());
            passing(vec![ask], input.role_arn.as_deref())
        }
        Request::ContinueUpdateRollback(input) => {
            let ask = with_role(place.stack(&input.stack_name), input.role_arn.as_deref());
            passing(vec![ask], input.role_arn.as_deref())
        }
        Request::CreateStackSet(input) => {
            let ask = with_template(place.set(&input.stack_set_name), input.template_url.as_deref());
            passing(tagging(ask, input.tags.as_deref()), input.administration_role_arn.as_deref())
        }
        Request::UpdateStackSet(input) => {
            let ask = with_template(place.set(&input.stack_set_name), input.template_url.as_deref());
            passing(tagging(ask, input.tags.as_deref()), input.administration_role_arn.as_deref())
        }
        Request::CreateStackInstances(input) => vec![with_regions(place.set(&input.stack_set_name), &input.regions)],
        Request::UpdateStackInstances(input) => vec![with_regions(place.set(&input.stack_set_name), &input.regions)],
        Request::DeleteStackInstances(input) => vec![with_regions(place.set(&input.stack_set_name), &input.regions)],
        Request::GetTemplateSummary(input) => vec![match (&input.stack_name, &input.stack_set_name) {
            (Some(stack), _) => place.stack(stack),
            (None, Some(set)) => place.set(set),
            (None, None) => with_template(place.ask("*"), input.template_url.as_deref()),
        }],
        Request::ValidateTemplate(input) => vec![with_template(place.ask("*"), input.template_url.as_deref())],
        Request::DescribeStacks(input) => vec![place.stack_or_any(input.stack_name.as_deref())],
        Request::DescribeStackResources(input) => vec![place.stack_or_any(input.stack_name.as_deref())],
        Request::GetTemplate(input) => vec![place.stack_or_any(input.stack_name.as_deref())],
        Request::DescribeStackEvents(input) => vec![place.stack(&input.stack_name)],
        Request::DescribeStackResource(input) => vec![place.stack(&input.stack_name)],
        Request::ListStackResources(input) => vec![place.stack(&input.stack_name)],
        Request::UpdateTerminationProtection(input) => vec![place.stack(&input.stack_name)],
        Request::CancelUpdateStack(input) => vec![place.stack(&input.stack_name)],
        Request::DeleteStackSet(input) => vec![place.set(&input.stack_set_name)],
        Request::DescribeStackSet(input) => vec![place.set(&input.stack_set_name)],
        Request::DescribeStackInstance(input) => vec![place.set(&input.stack_set_name)],
        Request::ListStackInstances(input) => vec![place.set(&input.stack_set_name)],
        Request::DescribeStackSetOperation(input) => vec![place.set(&input.stack_set_name)],
        Request::ListStackSetOperations(input) => vec![place.set(&input.stack_set_name)],
        Request::ListStackSetOperationResults(input) => vec![place.set(&input.stack_set_name)],
        Request::StopStackSetOperation(input) => vec![place.set(&input.stack_set_name)],
        Request::ListStackSetAutoDeploymentTargets(input) => vec![place.set(&input.stack_set_name)],
        Request::ListStacks(_)
        | Request::ListExports(_)
        | Request::ListImports(_)
        | Request::ListStackSets(_)
        | Request::ActivateOrganizationsAccess(_)
        | Request::DeactivateOrganizationsAccess(_)
        | Request::DescribeOrganizationsAccess(_) => vec![place.ask("*")],
    }
}

/// Where the request is made.
struct Place<'a> {
    call: &'a Call,
    request: &'a Request,
}

impl Place<'_> {
    fn ask(&self, resource: impl Into<String>) -> Ask {
        Ask::new(self.request.operation().iam_action(), resource)
    }

    fn arn(&self, resource: &str) -> String {
        let region = &self.call.region;
        format!("arn:{}:cloudformation:{region}:{}:{resource}", region.partition().as_str(), self.call.account())
    }

    /// A stack by name is asked for without its id, as AWS's denials show.
    fn stack(&self, name: &str) -> Ask {
        if name.starts_with("arn:") { self.ask(name) } else { self.ask(self.arn(&format!("stack/{name}/*"))) }
    }

    fn stack_or_any(&self, name: Option<&str>) -> Ask {
        name.map_or_else(|| self.ask("*"), |name| self.stack(name))
    }

    fn set(&self, name: &str) -> Ask {
        let name = name.split(':').next().unwrap_or(name);
        self.ask(self.arn(&format!("stackset/{name}:*")))
    }
}

fn with_template(ask: Ask, url: Option<&str>) -> Ask {
    match url {
        Some(url) => ask.key("cloudformation:TemplateUrl", url),
        None => ask,
    }
}

fn with_role(ask: Ask, role: Option<&str>) -> Ask {
    match role {
        Some(role) => ask.key("cloudformation:RoleArn", role),
        None => ask,
    }
}

fn with_regions(ask: Ask, regions: &[String]) -> Ask {
    ask.keys("cloudformation:TargetRegion", regions.to_vec())
}

/// Whoever makes something with tags must also be allowed to tag it.
fn tagging(ask: Ask, tags: Option<&[Tag]>) -> Vec<Ask> {
    let tags = tags.unwrap_or_default();
    if tags.is_empty() {
        return vec![ask];
    }
    let pairs = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
    let ask = ask.request_tags(pairs);
    let tag = Ask { action: "cloudformation:TagResource".into(), ..ask.clone() };
    vec![ask, tag]
}

fn passing(mut asks: Vec<Ask>, role: Option<&str>) -> Vec<Ask> {
    asks.extend(role.map(|role| pass_role(role, SERVICE)));
    asks
}
