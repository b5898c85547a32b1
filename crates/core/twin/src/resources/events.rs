//! What requests of EventBridge ask for.

use stackfleet_api::events::Request;

use super::pass_role;
use crate::{authorize::Ask, call::Call};

const SERVICE: &str = "events.amazonaws.com";

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let make = |resource: String| Ask::new(request.operation().iam_action(), resource);
    let rule = |name: &str, bus: Option<&str>| make(rule_arn(call, name, bus));
    match request {
        Request::PutRule(input) => {
            let tags = input.tags.iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            let ask = rule(&input.name, input.event_bus_name.as_deref()).request_tags(tags);
            let tag = input.tags.as_ref().filter(|tags| !tags.is_empty());
            let tag = tag.map(|_| Ask { action: "events:TagResource".into(), ..ask.clone() });
            let role = input.role_arn.as_deref().map(|role| pass_role(role, SERVICE));
            [ask].into_iter().chain(tag).chain(role).collect()
        }
        Request::PutTargets(input) => {
            let targets = input.targets.iter().map(|target| target.arn.clone()).collect();
            let ask = rule(&input.rule, input.event_bus_name.as_deref()).keys("events:TargetArn", targets);
            let roles = input.targets.iter().filter_map(|target| target.role_arn.as_deref());
            [ask].into_iter().chain(roles.map(|role| pass_role(role, SERVICE))).collect()
        }
        Request::DescribeRule(input) => vec![rule(&input.name, input.event_bus_name.as_deref())],
        Request::DeleteRule(input) => vec![rule(&input.name, input.event_bus_name.as_deref())],
        Request::EnableRule(input) => vec![rule(&input.name, input.event_bus_name.as_deref())],
        Request::DisableRule(input) => vec![rule(&input.name, input.event_bus_name.as_deref())],
        Request::RemoveTargets(input) => vec![rule(&input.rule, input.event_bus_name.as_deref())],
        Request::ListTargetsByRule(input) => vec![rule(&input.rule, input.event_bus_name.as_deref())],
        Request::ListRules(input) => {
            vec![rule(input.name_prefix.as_deref().unwrap_or("*"), input.event_bus_name.as_deref())]
        }
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            vec![make(input.resource_arn.clone()).request_tags(tags)]
        }
        Request::UntagResource(input) => {
            vec![make(input.resource_arn.clone()).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![make(input.resource_arn.clone())],
    }
}

/// A rule of the default bus has no bus in its ARN.
fn rule_arn(call: &Call, name: &str, bus: Option<&str>) -> String {
    let bus = bus.map(|bus| bus.rsplit('/').next().unwrap_or(bus)).filter(|bus| *bus != "default");
    let path = bus.map_or_else(|| name.to_owned(), |bus| format!("{bus}/{name}"));
    let region = &call.region;
    format!("arn:{}:events:{region}:{}:rule/{path}", region.partition().as_str(), call.account())
}
