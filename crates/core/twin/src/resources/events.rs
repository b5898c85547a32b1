//! What requests of EventBridge ask for.

use serde_json::Value;
use stackfleet_api::events::{PutEventsRequestEntry, Request, Tag};
use stackfleet_base::Arn;

use super::pass_role;
use crate::{
    authorize::Ask,
    call::Call,
    events::{DEFAULT_BUS, arn, bus_arn, name_in},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let owned = |arn: String, name: &str| {
        let ask = Ask::new(action.clone(), arn).resource_tags(world.rules.tags_of(call, name));
        // Only the account itself makes rules on its default bus.
        if world.rules.exists(call, name) { ask.key("events:creatorAccount", call.account().as_str()) } else { ask }
    };
    let rule = |name: &str| owned(arn(call, name), name);
    let resource = |arn: &str| owned(arn.to_owned(), name_in(arn).unwrap_or_default());
    match request {
        Request::PutRule(input) => {
            let ask = tagged(rule(&input.name), input.tags.as_deref());
            let mut asks = vec![pattern_keys(ask.clone(), input.event_pattern.as_deref())];
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
        Request::PutEvents(input) => input.entries.iter().map(|entry| put_event(call, entry)).collect(),
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

/// An event is put on its bus; that of another account would have to let it in, and no bus of the twin has a policy.
fn put_event(call: &Call, entry: &PutEventsRequestEntry) -> Ask {
    let given = entry.event_bus_name.as_deref().unwrap_or(DEFAULT_BUS);
    let bus = if given.starts_with("arn:") { given.to_owned() } else { bus_arn(call, given) };
    let owner = bus.parse::<Arn>().ok().and_then(|arn| arn.account().parse().ok());
    let ask = Ask::new("events:PutEvents", bus).key("events:eventBusInvocation", "false");
    let ask = match owner {
        Some(owner) => ask.owned(&owner, None),
        None => ask,
    };
    ask.key_of("events:source", entry.source.as_ref()).key_of("events:detail-type", entry.detail_type.as_ref())
}

/// Adds what a rule's pattern wants of source and type.
fn pattern_keys(ask: Ask, pattern: Option<&str>) -> Ask {
    let pattern = pattern.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    ["source", "detail-type"].into_iter().fold(ask, |ask, member| {
        let wanted = pattern.get(member).and_then(Value::as_array).into_iter().flatten();
        let texts: Vec<String> = wanted.filter_map(|value| value.as_str().map(ToOwned::to_owned)).collect();
        if texts.is_empty() { ask } else { ask.keys(&format!("events:{member}"), texts) }
    })
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
