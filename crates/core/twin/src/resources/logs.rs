//! What requests of CloudWatch Logs ask for.

use stackfleet_api::logs::Request;

use crate::{authorize::Ask, call::Call};

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let make = |resource: String| Ask::new(request.operation().iam_action(), resource);
    // Most actions on groups ask for the group with an empty stream behind it, as denials show: policies need `:*` at
    // the end. Tagging asks for the group itself.
    let group = |name: &str| make(format!("{}:log-stream:", group_arn(call, name)));
    match request {
        Request::CreateLogGroup(input) => {
            let tags = input.tags.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
            let ask = group(&input.log_group_name).request_tags(tags);
            let tag = input.tags.as_ref().filter(|tags| !tags.is_empty());
            let tag = tag.map(|_| Ask { action: "logs:TagResource".into(), ..ask.clone() });
            [ask].into_iter().chain(tag).collect()
        }
        Request::DeleteLogGroup(input) => vec![group(&input.log_group_name)],
        Request::PutRetentionPolicy(input) => vec![group(&input.log_group_name)],
        Request::DeleteRetentionPolicy(input) => vec![group(&input.log_group_name)],
        Request::DescribeLogGroups(_) => vec![group("")],
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            vec![make(input.resource_arn.clone()).request_tags(tags)]
        }
        Request::UntagResource(input) => {
            vec![make(input.resource_arn.clone()).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![make(input.resource_arn.clone())],
    }
}

fn group_arn(call: &Call, name: &str) -> String {
    let region = &call.region;
    format!("arn:{}:logs:{region}:{}:log-group:{name}", region.partition().as_str(), call.account())
}
