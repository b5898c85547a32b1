//! What requests of Lambda ask for.

use stackfleet_api::lambda::{Request, VpcConfig};

use super::pass_role;
use crate::{
    authorize::Ask,
    call::Call,
    lambda::{arn, name_in},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let function = |given: &str| {
        let ask = Ask::new(action.clone(), arn(call, name_in(given)));
        match world.lambda.find(call, given) {
            Ok((_, found)) => {
                let tags: Vec<(String, String)> = found.tags.clone().into_iter().collect();
                ask.resource_tags(&tags)
            }
            Err(_) => ask,
        }
    };
    match request {
        Request::CreateFunction(input) => {
            let tags = input.tags.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
            let ask = function(&input.function_name).request_tags(tags);
            let own = configured(ask.clone(), input.layers.as_ref(), input.vpc_config.as_ref())
                .key_of("lambda:CodeSigningConfigArn", input.code_signing_config_arn.as_ref());
            let mut asks = vec![own, pass_role(&input.role, "lambda.amazonaws.com")];
            if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                asks.push(Ask { action: "lambda:TagResource".into(), ..ask });
            }
            asks
        }
        Request::UpdateFunctionConfiguration(input) => {
            let role = input.role.as_ref().filter(|role| {
                world.lambda.find(call, &input.function_name).is_ok_and(|(_, found)| found.role != **role)
            });
            let pass = role.map(|role| pass_role(role, "lambda.amazonaws.com"));
            let own = configured(function(&input.function_name), input.layers.as_ref(), input.vpc_config.as_ref());
            std::iter::once(own).chain(pass).collect()
        }
        Request::GetFunction(input) => vec![function(&input.function_name)],
        Request::GetFunctionConfiguration(input) => vec![function(&input.function_name)],
        Request::UpdateFunctionCode(input) => vec![function(&input.function_name)],
        Request::DeleteFunction(input) => vec![function(&input.function_name)],
        Request::AddPermission(input) => {
            let ask = function(&input.function_name).key("lambda:Principal", input.principal.as_str());
            vec![
                ask.key_of(
                    "lambda:FunctionUrlAuthType",
                    input.function_url_auth_type.as_ref().map(|kind| kind.as_str()),
                ),
            ]
        }
        Request::RemovePermission(input) => {
            let found = world.lambda.find(call, &input.function_name).ok();
            let principal = found.and_then(|(_, found)| found.principal_of(&input.statement_id));
            vec![function(&input.function_name).key_of("lambda:Principal", principal)]
        }
        Request::GetPolicy(input) => vec![function(&input.function_name)],
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            vec![function(&input.resource).request_tags(tags)]
        }
        Request::UntagResource(input) => vec![function(&input.resource).keys("aws:TagKeys", input.tag_keys.clone())],
        Request::ListTags(input) => vec![function(&input.resource)],
        Request::ListFunctions(_) => vec![Ask::new(action, "*")],
    }
}

/// Adds what a function is to be put together from.
fn configured(ask: Ask, layers: Option<&Vec<String>>, vpc: Option<&VpcConfig>) -> Ask {
    let keys = [
        ("lambda:Layer", layers),
        ("lambda:SubnetIds", vpc.and_then(|vpc| vpc.subnet_ids.as_ref())),
        ("lambda:SecurityGroupIds", vpc.and_then(|vpc| vpc.security_group_ids.as_ref())),
    ];
    keys.into_iter().fold(ask, |ask, (key, values)| match values {
        Some(values) => ask.keys(key, values.clone()),
        None => ask,
    })
}
