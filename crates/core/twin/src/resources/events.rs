//! What requests of EventBridge ask for.

use stackfleet_api::events::{Request, Tag};

use super::pass_role;
use crate::{
    authorize::Ask,
    call::Call,
    events::{arn, name_in},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let rule = |name: &str| Ask::new(action.clone(), arn(call, name)).resource_tags(world.rules.tags_of(call, name));
    let resource = |arn: &str| {
        let tags = name_in(arn).map_or(&[][..], |name| world.rules.tags_of(call, name));
        Ask::new(action.clone(), arn).resource_tags(tags)
    };
    match request {
        Request::PutRule(input) => {
            let ask = tagged(rule(&input.name), input.tags.as_deref());
            let mut asks = vec![ask.clone()];
            if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                asks.push(Ask { action: "events:TagResource".into(), ..ask });
            }
            asks.extend(input.role_arn.as_ref().map(|role| pass_role(role, "events.amazonaws.com")));
            asks
        }
        Request::PutTargets(input) => {
            let arns: Vec<String> = input.targets.iter().map(|target| target.arn.clone()).collect();
            let roles = input.targets.iter().filter_map(|target| target.role_arn.as_ref());
            let passed = roles.map(|role| pass_role(role, "events.amazonaws.com"));
            std::iter::once(rule(&input.rule).keys("events:TargetArn", arns)).chain(passed).collect()
        }
        Request::DescribeRule(input) => vec![rule(&input.name)],
        Request::DeleteRule(input) => vec![rule(&input.name)],
        Request::EnableRule(input) => vec![rule(&input.name)],
        Request::DisableRule(input) => vec![rule(&input.name)],
        Request::RemoveTargets(input) => vec![rule(&input.rule)],
        Request::ListTargetsByRule(input) => vec![rule(&input.rule)],
        Request::ListRules(_) => vec![rule("*")],
        Request::TagResource(input) => vec![tagged(resource(&input.resource_arn), Some(&input.tags))],
        Request::UntagResource(input) => {
            vec![resource(&input.resource_arn).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![resource(&input.resource_arn)],
    }
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
