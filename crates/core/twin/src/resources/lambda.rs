//! What requests of Lambda ask for.

use stackfleet_api::lambda::Request;

use super::pass_role;
use crate::{authorize::Ask, call::Call};

const SERVICE: &str = "lambda.amazonaws.com";

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let function = |name: &str| Ask::new(request.operation().iam_action(), arn(call, name));
    match request {
        Request::CreateFunction(input) => {
            let ask = with_layers(function(&input.function_name), input.layers.as_deref());
            let tags = input.tags.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
            let ask = ask.request_tags(tags);
            let tag = input.tags.as_ref().filter(|tags| !tags.is_empty());
            let tag = tag.map(|_| Ask { action: "lambda:TagResource".into(), ..ask.clone() });
            [ask, pass_role(&input.role, SERVICE)].into_iter().chain(tag).collect()
        }
        Request::UpdateFunctionConfiguration(input) => {
            let ask = with_layers(function(&input.function_name), input.layers.as_deref());
            let role = input.role.as_deref().map(|role| pass_role(role, SERVICE));
            [ask].into_iter().chain(role).collect()
        }
        Request::AddPermission(input) => {
            vec![function(&input.function_name).key("lambda:Principal", input.principal.as_str())]
        }
        Request::RemovePermission(input) => vec![function(&input.function_name)],
        Request::GetFunction(input) => vec![function(&input.function_name)],
        Request::GetFunctionConfiguration(input) => vec![function(&input.function_name)],
        Request::UpdateFunctionCode(input) => vec![function(&input.function_name)],
        Request::DeleteFunction(input) => vec![function(&input.function_name)],
        Request::GetPolicy(input) => vec![function(&input.function_name)],
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            vec![function(&input.resource).request_tags(tags)]
        }
        Request::UntagResource(input) => vec![function(&input.resource).keys("aws:TagKeys", input.tag_keys.clone())],
        Request::ListTags(input) => vec![function(&input.resource)],
        Request::ListFunctions(_) => vec![Ask::new(request.operation().iam_action(), "*")],
    }
}

/// Returns the ARN of a function that is named by its name, by part of its ARN or by all of it.
fn arn(call: &Call, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let name = name.rsplit_once("function:").map_or(name, |(_, name)| name);
    let region = &call.region;
    format!("arn:{}:lambda:{region}:{}:function:{name}", region.partition().as_str(), call.account())
}

fn with_layers(ask: Ask, layers: Option<&[String]>) -> Ask {
    match layers {
        Some(layers) if !layers.is_empty() => ask.keys("lambda:Layer", layers.to_vec()),
        Some(_) | None => ask,
    }
}
