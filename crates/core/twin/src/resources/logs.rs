//! What requests of CloudWatch Logs ask for.

use stackfleet_api::logs::Request;

use crate::{
    authorize::Ask,
    call::Call,
    logs::{arn, name_in},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    // Most actions ask for the group with an empty stream behind it, as AWS's denials show: policies need `:*` at the
    // end. Tagging asks for the group itself.
    let ask = |name: &str, resource: String| {
        Ask::new(action.clone(), resource).resource_tags(&world.logs.tags_of(call, name))
    };
    let group = |name: &str| ask(name, format!("{}:log-stream:", arn(call, name)));
    let resource = |given: &str| {
        let name = name_in(given).unwrap_or(given);
        ask(name, arn(call, name))
    };
    match request {
        Request::CreateLogGroup(input) => {
            let tags = input.tags.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
            let ask = group(&input.log_group_name).request_tags(tags);
            let mut asks = vec![ask.clone()];
            if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                let resource = arn(call, &input.log_group_name);
                asks.push(Ask { action: "logs:TagResource".into(), resource, ..ask });
            }
            asks
        }
        Request::DeleteLogGroup(input) => vec![group(&input.log_group_name)],
        Request::DescribeLogGroups(_) => vec![group("")],
        Request::PutRetentionPolicy(input) => vec![group(&input.log_group_name)],
        Request::DeleteRetentionPolicy(input) => vec![group(&input.log_group_name)],
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            vec![resource(&input.resource_arn).request_tags(tags)]
        }
        Request::UntagResource(input) => {
            vec![resource(&input.resource_arn).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![resource(&input.resource_arn)],
    }
}
