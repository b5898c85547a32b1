//! What requests of SNS ask for.

use stackfleet_api::sns::Request;
use stackfleet_base::Arn;

use crate::{authorize::Ask, call::Call};

pub(super) fn asks(call: &Call, request: &Request) -> Vec<Ask> {
    let region = &call.region;
    let own = |name: &str| format!("arn:{}:sns:{region}:{}:{name}", region.partition().as_str(), call.account());
    let topic = |arn: &str| {
        let ask = Ask::new(request.operation().iam_action(), arn);
        let owner = arn.parse::<Arn>().ok().and_then(|arn| arn.account().parse().ok());
        Ask { owner, ..ask }
    };
    match request {
        Request::CreateTopic(input) => {
            let tags = input.tags.iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            let ask = topic(&own(&input.name)).request_tags(tags);
            let tag = input.tags.as_ref().filter(|tags| !tags.is_empty());
            let tag = tag.map(|_| Ask { action: "sns:TagResource".into(), ..ask.clone() });
            [ask].into_iter().chain(tag).collect()
        }
        Request::Subscribe(input) => {
            let ask = topic(&input.topic_arn).key("sns:Protocol", input.protocol.as_str());
            vec![match &input.endpoint {
                Some(endpoint) => ask.key("sns:Endpoint", endpoint.as_str()),
                None => ask,
            }]
        }
        // A subscription's ARN is its topic's with an id behind it; the topic is what is asked for.
        Request::Unsubscribe(input) => {
            vec![topic(input.subscription_arn.rsplit_once(':').map_or("*", |(topic, _)| topic))]
        }
        Request::GetTopicAttributes(input) => vec![topic(&input.topic_arn)],
        Request::SetTopicAttributes(input) => vec![topic(&input.topic_arn)],
        Request::DeleteTopic(input) => vec![topic(&input.topic_arn)],
        Request::ListSubscriptionsByTopic(input) => vec![topic(&input.topic_arn)],
        Request::Publish(input) => {
            vec![topic(input.topic_arn.as_deref().or(input.target_arn.as_deref()).unwrap_or("*"))]
        }
        Request::TagResource(input) => {
            let tags = input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            vec![topic(&input.resource_arn).request_tags(tags)]
        }
        Request::UntagResource(input) => {
            vec![topic(&input.resource_arn).keys("aws:TagKeys", input.tag_keys.clone())]
        }
        Request::ListTagsForResource(input) => vec![topic(&input.resource_arn)],
        Request::ListTopics(_) | Request::ListSubscriptions(_) => vec![topic(&own("*"))],
    }
}
