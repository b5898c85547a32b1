//! What requests of the SSM Parameter Store ask for.

use stackfleet_api::ssm::{Request, Tag};

use crate::{
    authorize::Ask,
    call::Call,
    ssm::{arn, name_in},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let action = request.operation().iam_action();
    let parameter = |given: &str| {
        let name = name_in(given).0;
        let tags = world.ssm.tags_of(call, name);
        // Parameter Store has a key of its own beside the common one.
        let ask = Ask::new(action.clone(), arn(call, name)).resource_tags(&tags);
        tags.iter().fold(ask, |ask, (key, value)| ask.key(&format!("ssm:resourceTag/{key}"), value.as_str()))
    };
    match request {
        Request::PutParameter(input) => {
            let ask = tagged(parameter(&input.name), input.tags.as_deref());
            let own = ask.clone().key("ssm:Overwrite", (input.overwrite == Some(true)).to_string());
            let mut asks = vec![own.key_of("ssm:Policies", input.policies.as_ref())];
            if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                asks.push(Ask { action: "ssm:AddTagsToResource".into(), ..ask });
            }
            asks
        }
        Request::GetParameter(input) => vec![parameter(&input.name)],
        Request::GetParameters(input) => input.names.iter().map(|name| parameter(name)).collect(),
        Request::GetParametersByPath(input) => {
            let recursive = (input.recursive == Some(true)).to_string();
            vec![parameter(input.path.trim_end_matches('/')).key("ssm:Recursive", recursive)]
        }
        Request::DescribeParameters(_) => vec![Ask::new(action, arn_of_all(call))],
        Request::DeleteParameter(input) => vec![parameter(&input.name)],
        Request::AddTagsToResource(input) => vec![tagged(parameter(&input.resource_id), Some(&input.tags))],
        Request::RemoveTagsFromResource(input) => {
            vec![parameter(&input.resource_id).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![parameter(&input.resource_id)],
    }
}

/// What a list of all parameters is asked for, as AWS's denials show.
fn arn_of_all(call: &Call) -> String {
    format!("arn:{}:ssm:{}:{}:*", call.region.partition().as_str(), call.region, call.account())
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
