//! SNS: topics, their attributes and policies, subscriptions. What is published is counted and handed to functions;
//! other subscribers get nothing.

mod deliver;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_api::sns as api;
use stackfleet_api::{
    Error,
    sns::{
        CreateTopicInput, CreateTopicOutput, DeleteTopicInput, GetTopicAttributesInput, GetTopicAttributesOutput,
        InvalidParameterException, ListSubscriptionsByTopicInput, ListSubscriptionsByTopicOutput,
        ListSubscriptionsInput, ListSubscriptionsOutput, ListTagsForResourceInput, ListTagsForResourceOutput,
        ListTopicsInput, ListTopicsOutput, NotFoundException, PublishInput, PublishOutput, ResourceNotFoundException,
        SetTopicAttributesInput, SubscribeInput, SubscribeOutput, Subscription, Tag, TagResourceInput, Topic,
        UnsubscribeInput, UntagResourceInput,
    },
};
use stackfleet_base::AccountId;

use crate::{Call, ids::Ids, pages, service::service};

/// Attributes of a topic that can be set.
const ATTRIBUTES: [&str; 12] = [
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "HTTPSuccessFeedbackRoleArn",
    "KmsMasterKeyId",
    "LambdaSuccessFeedbackRoleArn",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
];
/// What can be subscribed.
const PROTOCOLS: [&str; 9] =
    ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];
/// Topics and subscriptions on a page.
const PAGE: usize = 100;

/// All topics, by ARN.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SnsStore {
    topics: BTreeMap<String, TopicState>,
}

/// A topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TopicState {
    owner: AccountId,
    attributes: BTreeMap<String, String>,
    tags: Vec<(String, String)>,
    subscriptions: BTreeMap<String, SubscriptionState>,
    published: u64,
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SubscriptionState {
    owner: AccountId,
    protocol: String,
    endpoint: String,
    attributes: BTreeMap<String, String>,
    confirmed: bool,
}

/// Returns a topic's ARN.
pub(crate) fn arn(call: &Call, name: &str) -> String {
    format!("arn:{}:sns:{}:{}:{name}", call.region.partition().as_str(), call.region, call.account())
}

fn missing() -> Error {
    NotFoundException::error("Topic does not exist")
}

fn invalid(message: impl Into<String>) -> Error {
    InvalidParameterException::error(message)
}

impl SnsStore {
    fn topic(&self, arn: &str) -> Result<&TopicState, Error> {
        self.topics.get(arn).ok_or_else(missing)
    }

    fn topic_mut(&mut self, arn: &str) -> Result<&mut TopicState, Error> {
        if arn.split(':').count() != 6 || !arn.starts_with("arn:") {
            let parts = arn.split(':').count();
            return Err(invalid(format!(
                "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not {parts}"
            )));
        }
        self.topics.get_mut(arn).ok_or_else(missing)
    }

    /// Returns a topic's tags, for authorization; of a topic that does not exist none.
    pub(crate) fn tags_of(&self, arn: &str) -> &[(String, String)] {
        self.topics.get(arn).map_or(&[], |topic| &topic.tags)
    }

    /// Returns the policy of a topic: the one that was set, or the one that every topic begins with.
    pub(crate) fn policy(&self, arn: &str) -> Option<String> {
        let topic = self.topics.get(arn)?;
        Some(topic.attributes.get("Policy").cloned().unwrap_or_else(|| default_policy(arn, &topic.owner)))
    }

    /// Makes a topic, or returns the one that is there with the same attributes and tags.
    pub(crate) fn create(&mut self, call: &Call, input: CreateTopicInput) -> Result<CreateTopicOutput, Error> {
        let fifo = input.name.ends_with(".fifo");
        let stem = input.name.strip_suffix(".fifo").unwrap_or(&input.name);
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if stem.is_empty() || input.name.len() > 256 || !stem.bytes().all(good) {
            return Err(invalid("Invalid parameter: Topic Name"));
        }
        let attributes = input.attributes.unwrap_or_default();
        for name in attributes.keys() {
            known(name)?;
        }
        if fifo != attributes.get("FifoTopic").is_some_and(|value| value == "true") {
            return Err(invalid(
                "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.",
            ));
        }
        let tags: Vec<(String, String)> =
            input.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        let topic_arn = arn(call, &input.name);
        if let Some(topic) = self.topics.get(&topic_arn) {
            if attributes.iter().any(|(name, value)| topic.attributes.get(name) != Some(value)) {
                return Err(invalid(
                    "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
                ));
            }
            if !tags.is_empty() && tags != topic.tags {
                return Err(invalid("Invalid parameter: Tags Reason: Topic already exists with different tags"));
            }
            return Ok(CreateTopicOutput { topic_arn: Some(topic_arn) });
        }
        let owner = call.account().clone();
        let topic = TopicState { owner, attributes, tags, subscriptions: BTreeMap::new(), published: 0 };
        self.topics.insert(topic_arn.clone(), topic);
        Ok(CreateTopicOutput { topic_arn: Some(topic_arn) })
    }

    /// Returns a topic's attributes.
    pub(crate) fn attributes(&self, input: &GetTopicAttributesInput) -> Result<GetTopicAttributesOutput, Error> {
        let arn = &input.topic_arn;
        let topic = self.topic(arn)?;
        let count = |confirmed: bool| {
            topic.subscriptions.values().filter(|subscription| subscription.confirmed == confirmed).count().to_string()
        };
        let mut attributes: BTreeMap<String, String> = [
            ("TopicArn", arn.clone()),
            ("Owner", topic.owner.to_string()),
            ("DisplayName", String::new()),
            ("Policy", default_policy(arn, &topic.owner)),
            ("SubscriptionsConfirmed", count(true)),
            ("SubscriptionsPending", count(false)),
            ("SubscriptionsDeleted", "0".to_owned()),
            ("EffectiveDeliveryPolicy", EFFECTIVE_DELIVERY.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        attributes.extend(topic.attributes.clone());
        Ok(GetTopicAttributesOutput { attributes: Some(attributes) })
    }

    /// Sets one attribute.
    pub(crate) fn set_attributes(&mut self, input: SetTopicAttributesInput) -> Result<(), Error> {
        known(&input.attribute_name)?;
        let value = input.attribute_value.unwrap_or_default();
        if input.attribute_name == "Policy" && serde_json::from_str::<serde_json::Value>(&value).is_err() {
            return Err(invalid("Invalid parameter: Policy Error: null"));
        }
        let topic = self.topic_mut(&input.topic_arn)?;
        if value.is_empty() {
            topic.attributes.remove(&input.attribute_name);
        } else {
            topic.attributes.insert(input.attribute_name, value);
        }
        Ok(())
    }

    /// Deletes a topic with its subscriptions; nothing happens where there is none.
    pub(crate) fn delete(&mut self, input: &DeleteTopicInput) {
        self.topics.remove(&input.topic_arn);
    }

    /// Lists the caller's topics.
    pub(crate) fn list(&self, call: &Call, input: &ListTopicsInput) -> Result<ListTopicsOutput, Error> {
        let prefix = arn(call, "");
        let rows = self.topics.keys().filter(|arn| arn.starts_with(&prefix));
        let rows = rows.map(|arn| (arn.clone(), Topic { topic_arn: Some(arn.clone()) }));
        let (topics, last) = pages::page(rows, opened("topics", input.next_token.as_deref())?.as_deref(), PAGE);
        Ok(ListTopicsOutput { topics: Some(topics), next_token: last.map(|last| pages::seal("topics", &last)) })
    }

    /// Subscribes an endpoint. E-mail and HTTP endpoints stay pending, for nobody in the twin confirms.
    pub(crate) fn subscribe(
        &mut self,
        call: &Call,
        ids: &mut Ids,
        input: SubscribeInput,
    ) -> Result<SubscribeOutput, Error> {
        if !PROTOCOLS.contains(&input.protocol.as_str()) {
            return Err(invalid(format!(
                "Invalid parameter: Amazon SNS does not support this protocol string: {}",
                input.protocol
            )));
        }
        let endpoint = input
            .endpoint
            .filter(|endpoint| !endpoint.is_empty())
            .ok_or_else(|| invalid("Invalid parameter: Endpoint"))?;
        if matches!(input.protocol.as_str(), "lambda" | "sqs" | "firehose") && !endpoint.starts_with("arn:") {
            return Err(invalid(format!("Invalid parameter: {} endpoint ARN", input.protocol.to_uppercase())));
        }
        let topic_arn = input.topic_arn;
        let topic = self.topic_mut(&topic_arn)?;
        let confirmed = !matches!(input.protocol.as_str(), "email" | "email-json" | "http" | "https");
        let same = topic
            .subscriptions
            .iter()
            .find(|(_, found)| found.protocol == input.protocol && found.endpoint == endpoint)
            .map(|(arn, _)| arn.clone());
        let subscription_arn = same.unwrap_or_else(|| {
            let uuid = ids.draw("subscription", &[&topic_arn, &input.protocol, &endpoint]).uuid();
            format!("{topic_arn}:{uuid}")
        });
        let state = SubscriptionState {
            owner: call.account().clone(),
            protocol: input.protocol,
            endpoint,
            attributes: input.attributes.unwrap_or_default(),
            confirmed,
        };
        topic.subscriptions.insert(subscription_arn.clone(), state);
        let shown = confirmed || input.return_subscription_arn.unwrap_or(false);
        let shown = if shown { subscription_arn } else { "pending confirmation".to_owned() };
        Ok(SubscribeOutput { subscription_arn: Some(shown) })
    }

    /// Ends a subscription; nothing happens where there is none.
    pub(crate) fn unsubscribe(&mut self, input: &UnsubscribeInput) {
        let topic = input.subscription_arn.rsplit_once(':').map(|(topic, _)| topic).unwrap_or_default();
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.subscriptions.remove(&input.subscription_arn);
        }
    }

    /// Lists the subscriptions of a topic.
    pub(crate) fn subscriptions_of(
        &self,
        input: &ListSubscriptionsByTopicInput,
    ) -> Result<ListSubscriptionsByTopicOutput, Error> {
        let topic = self.topic(&input.topic_arn)?;
        let rows = topic.subscriptions.iter().map(|(arn, state)| (arn.clone(), shown(&input.topic_arn, arn, state)));
        let after = opened("subscriptions", input.next_token.as_deref())?;
        let (subscriptions, last) = pages::page(rows, after.as_deref(), PAGE);
        let next_token = last.map(|last| pages::seal("subscriptions", &last));
        Ok(ListSubscriptionsByTopicOutput { subscriptions: Some(subscriptions), next_token })
    }

    /// Lists the caller's subscriptions.
    pub(crate) fn subscriptions(
        &self,
        call: &Call,
        input: &ListSubscriptionsInput,
    ) -> Result<ListSubscriptionsOutput, Error> {
        let prefix = arn(call, "");
        let topics = self.topics.iter().filter(|(arn, _)| arn.starts_with(&prefix));
        let rows = topics.flat_map(|(topic, state)| {
            state.subscriptions.iter().map(move |(arn, state)| (arn.clone(), shown(topic, arn, state)))
        });
        let after = opened("subscriptions", input.next_token.as_deref())?;
        let (subscriptions, last) = pages::page(rows, after.as_deref(), PAGE);
        let next_token = last.map(|last| pages::seal("subscriptions", &last));
        Ok(ListSubscriptionsOutput { subscriptions: Some(subscriptions), next_token })
    }

    /// Takes a message.
    pub(crate) fn publish(&mut self, ids: &mut Ids, input: &PublishInput) -> Result<PublishOutput, Error> {
        let Some(arn) = input.topic_arn.as_ref().or(input.target_arn.as_ref()) else {
            return Err(invalid("Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"));
        };
        if input.message.is_empty() {
            return Err(invalid("Invalid parameter: Empty message"));
        }
        self.topic_mut(arn)?.published += 1;
        Ok(PublishOutput { message_id: Some(ids.draw("message", &[arn]).uuid()), ..PublishOutput::default() })
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut Vec<(String, String)>, Error> {
        let missing = || ResourceNotFoundException::error("Resource does not exist");
        self.topics.get_mut(arn).map(|topic| &mut topic.tags).ok_or_else(missing)
    }

    /// Sets tags.
    pub(crate) fn tag(&mut self, input: TagResourceInput) -> Result<(), Error> {
        let tags = self.tagged(&input.resource_arn)?;
        for tag in input.tags {
            tags.retain(|(key, _)| *key != tag.key);
            tags.push((tag.key, tag.value));
        }
        Ok(())
    }

    /// Removes tags.
    pub(crate) fn untag(&mut self, input: &UntagResourceInput) -> Result<(), Error> {
        self.tagged(&input.resource_arn)?.retain(|(key, _)| !input.tag_keys.contains(key));
        Ok(())
    }

    /// Returns tags.
    pub(crate) fn tags(&mut self, input: &ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Error> {
        let tags = self.tagged(&input.resource_arn)?;
        let tags = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
        Ok(ListTagsForResourceOutput { tags: Some(tags) })
    }
}

const EFFECTIVE_DELIVERY: &str = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false}}"#;

fn known(attribute: &str) -> Result<(), Error> {
    if ATTRIBUTES.contains(&attribute) { Ok(()) } else { Err(invalid("Invalid parameter: AttributeName")) }
}

fn opened(kind: &str, token: Option<&str>) -> Result<Option<String>, Error> {
    let Some(token) = token else { return Ok(None) };
    pages::open(kind, token).map(Some).ok_or_else(|| invalid("Invalid parameter: NextToken"))
}

fn shown(topic: &str, arn: &str, state: &SubscriptionState) -> Subscription {
    let arn = if state.confirmed { arn } else { "PendingConfirmation" };
    Subscription {
        subscription_arn: Some(arn.to_owned()),
        owner: Some(state.owner.to_string()),
        protocol: Some(state.protocol.clone()),
        endpoint: Some(state.endpoint.clone()),
        topic_arn: Some(topic.to_owned()),
    }
}

/// The policy that a topic has until another is set: its own account may do everything.
fn default_policy(arn: &str, owner: &AccountId) -> String {
    format!(
        r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{arn}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{owner}"}}}}}}]}}"#
    )
}

service! {
    api::Sns, api;
    create_topic: CreateTopicInput -> CreateTopicOutput = op::create_topic;
    get_topic_attributes: GetTopicAttributesInput -> GetTopicAttributesOutput = op::get_topic_attributes;
    set_topic_attributes: SetTopicAttributesInput -> SetTopicAttributesOutput = op::set_topic_attributes;
    delete_topic: DeleteTopicInput -> DeleteTopicOutput = op::delete_topic;
    list_topics: ListTopicsInput -> ListTopicsOutput = op::list_topics;
    subscribe: SubscribeInput -> SubscribeOutput = op::subscribe;
    unsubscribe: UnsubscribeInput -> UnsubscribeOutput = op::unsubscribe;
    list_subscriptions_by_topic: ListSubscriptionsByTopicInput -> ListSubscriptionsByTopicOutput = op::list_subscriptions_by_topic;
    list_subscriptions: ListSubscriptionsInput -> ListSubscriptionsOutput = op::list_subscriptions;
    publish: PublishInput -> PublishOutput = op::publish;
    tag_resource: TagResourceInput -> TagResourceOutput = op::tag_resource;
    untag_resource: UntagResourceInput -> UntagResourceOutput = op::untag_resource;
    list_tags_for_resource: ListTagsForResourceInput -> ListTagsForResourceOutput = op::list_tags_for_resource;
}

/// The operations, as the world is asked for them.
mod op {
    use stackfleet_api::{Error, sns as api};

    use crate::{Call, World};

    pub(super) fn create_topic(
        world: &mut World,
        call: &Call,
        input: api::CreateTopicInput,
    ) -> Result<api::CreateTopicOutput, Error> {
        world.sns.create(call, input)
    }

    pub(super) fn get_topic_attributes(
        world: &mut World,
        _: &Call,
        input: api::GetTopicAttributesInput,
    ) -> Result<api::GetTopicAttributesOutput, Error> {
        world.sns.attributes(&input)
    }

    pub(super) fn set_topic_attributes(
        world: &mut World,
        _: &Call,
        input: api::SetTopicAttributesInput,
    ) -> Result<api::SetTopicAttributesOutput, Error> {
        world.sns.set_attributes(input).map(|()| api::SetTopicAttributesOutput::default())
    }

    pub(super) fn delete_topic(
        world: &mut World,
        _: &Call,
        input: api::DeleteTopicInput,
    ) -> Result<api::DeleteTopicOutput, Error> {
        world.sns.delete(&input);
        Ok(api::DeleteTopicOutput::default())
    }

    pub(super) fn list_topics(
        world: &mut World,
        call: &Call,
        input: api::ListTopicsInput,
    ) -> Result<api::ListTopicsOutput, Error> {
        world.sns.list(call, &input)
    }

    pub(super) fn subscribe(
        world: &mut World,
        call: &Call,
        input: api::SubscribeInput,
    ) -> Result<api::SubscribeOutput, Error> {
        world.sns.subscribe(call, &mut world.ids, input)
    }

    pub(super) fn unsubscribe(
        world: &mut World,
        _: &Call,
        input: api::UnsubscribeInput,
    ) -> Result<api::UnsubscribeOutput, Error> {
        world.sns.unsubscribe(&input);
        Ok(api::UnsubscribeOutput::default())
    }

    pub(super) fn list_subscriptions_by_topic(
        world: &mut World,
        _: &Call,
        input: api::ListSubscriptionsByTopicInput,
    ) -> Result<api::ListSubscriptionsByTopicOutput, Error> {
        world.sns.subscriptions_of(&input)
    }

    pub(super) fn list_subscriptions(
        world: &mut World,
        call: &Call,
        input: api::ListSubscriptionsInput,
    ) -> Result<api::ListSubscriptionsOutput, Error> {
        world.sns.subscriptions(call, &input)
    }

    pub(super) fn publish(
        world: &mut World,
        call: &Call,
        input: api::PublishInput,
    ) -> Result<api::PublishOutput, Error> {
        let output = world.sns.publish(&mut world.ids, &input)?;
        if let Some(topic) = input.topic_arn.as_deref().or(input.target_arn.as_deref()) {
            super::deliver::to_functions(world, call, topic);
        }
        Ok(output)
    }

    pub(super) fn tag_resource(
        world: &mut World,
        _: &Call,
        input: api::TagResourceInput,
    ) -> Result<api::TagResourceOutput, Error> {
        world.sns.tag(input).map(|()| api::TagResourceOutput::default())
    }

    pub(super) fn untag_resource(
        world: &mut World,
        _: &Call,
        input: api::UntagResourceInput,
    ) -> Result<api::UntagResourceOutput, Error> {
        world.sns.untag(&input).map(|()| api::UntagResourceOutput::default())
    }

    pub(super) fn list_tags_for_resource(
        world: &mut World,
        _: &Call,
        input: api::ListTagsForResourceInput,
    ) -> Result<api::ListTagsForResourceOutput, Error> {
        world.sns.tags(&input)
    }
}
