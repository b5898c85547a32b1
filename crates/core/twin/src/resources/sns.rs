//! What requests of SNS ask for. A topic's policy counts, also for callers of other accounts.

use stackfleet_api::sns::{Request, Tag};
use stackfleet_base::Arn;

use crate::{authorize::Ask, call::Call, document::Document, sns::arn, world::World};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    // SNS writes its name in capitals in denials; policies do not tell the difference.
    let action = format!("SNS:{}", request.operation().name);
    let topic = |given: &str| {
        let ask = Ask::new(action.clone(), given).resource_tags(world.sns.tags_of(given));
        let owner = given.parse::<Arn>().ok().and_then(|arn| arn.account().parse().ok());
        // A topic policy that cannot be read says nothing.
        let policy = world.sns.policy(given).and_then(|text| Document::resource(&text).ok());
        match owner {
            Some(owner) => ask.owned(&owner, policy.map(|policy| policy.set())),
            None => ask,
        }
    };
    match request {
        Request::CreateTopic(input) => {
            let ask = tagged(Ask::new(action, arn(call, &input.name)), input.tags.as_deref());
            let mut asks = vec![ask.clone()];
            if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                asks.push(Ask { action: "SNS:TagResource".into(), ..ask });
            }
            asks
        }
        Request::GetTopicAttributes(input) => vec![topic(&input.topic_arn)],
        Request::SetTopicAttributes(input) => vec![topic(&input.topic_arn)],
        Request::DeleteTopic(input) => vec![topic(&input.topic_arn)],
        Request::Subscribe(input) => {
            let endpoint = input.endpoint.clone().unwrap_or_default();
            let ask = topic(&input.topic_arn).key("sns:Protocol", input.protocol.as_str());
            vec![ask.key("sns:Endpoint", endpoint)]
        }
        Request::Unsubscribe(input) => {
            let of = input.subscription_arn.rsplit_once(':').map_or("*", |(topic, _)| topic);
            vec![topic(of)]
        }
        Request::ListSubscriptionsByTopic(input) => vec![topic(&input.topic_arn)],
        Request::Publish(input) => {
            let given = input.topic_arn.as_deref().or(input.target_arn.as_deref()).unwrap_or("*");
            vec![topic(given)]
        }
        Request::TagResource(input) => {
            vec![tagged(topic(&input.resource_arn), Some(&input.tags))]
        }
        Request::UntagResource(input) => {
            vec![topic(&input.resource_arn).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![topic(&input.resource_arn)],
        Request::ListTopics(_) | Request::ListSubscriptions(_) => vec![Ask::new(action, arn(call, "*"))],
    }
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
