//! What requests of Systems Manager's parameter store ask for.

use stackfleet_api::ssm::Request;

use crate::{authorize::Ask, call::Call};

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let parameter = |name: &str| Ask::new(request.operation().iam_action(), arn(call, name));
    match request {
        Request::PutParameter(input) => {
            let tags = input.tags.iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            let ask = parameter(&input.name).request_tags(tags);
            let tag = input.tags.as_ref().filter(|tags| !tags.is_empty());
            let tag = tag.map(|_| Ask { action: "ssm:AddTagsToResource".into(), ..ask.clone() });
            [ask].into_iter().chain(tag).collect()
        }
        Request::GetParameter(input) => vec![parameter(&input.name)],
        Request::GetParameters(input) => input.names.iter().map(|name| parameter(name)).collect(),
        Request::GetParametersByPath(input) => vec![parameter(&input.path)],
        Request::DeleteParameter(input) => vec![parameter(&input.name)],
        Request::AddTagsToResource(input) => {
            let tags = input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            vec![parameter(&input.resource_id).request_tags(tags)]
        }
        Request::RemoveTagsFromResource(input) => {
            vec![parameter(&input.resource_id).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![parameter(&input.resource_id)],
        Request::DescribeParameters(_) => vec![Ask::new(request.operation().iam_action(), "*")],
    }
}

/// Returns a parameter's ARN; selectors (`name:version`) are no part of it.
fn arn(call: &Call, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let name = name.split(':').next().unwrap_or(name).trim_start_matches('/');
    let region = &call.region;
    format!("arn:{}:ssm:{region}:{}:parameter/{name}", region.partition().as_str(), call.account())
}
