//! `AWS::SNS::Topic` with the subscriptions that it lists.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    sns::{
        self, CreateTopicInput, DeleteTopicInput, GetTopicAttributesInput, SetTopicAttributesInput, SubscribeInput,
        Tag, TagResourceInput, UntagResourceInput,
    },
};

use super::{Fault, Handler, Made, Provider, ask, document, gone, missing, text, unsupported};

/// Properties that are attributes of the topic under the same name.
const ATTRIBUTES: [&str; 6] = [
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::SNS::Topic",
    name: Some("TopicName"),
    required: &[],
    mutable: &[
        "ContentBasedDeduplication",
        "DisplayName",
        "FifoThroughputScope",
        "KmsMasterKeyId",
        "SignatureVersion",
        "Subscription",
        "Tags",
        "TracingConfig",
    ],
    create_only: &["FifoTopic", "TopicName"],
    create_seconds: 11,
    update_seconds: 6,
    delete_seconds: 6,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.name_or_made("TopicName", 256);
    let mut attributes: BTreeMap<String, String> =
        ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), handler.text(name)?))).collect();
    if let Some(fifo) = handler.text("FifoTopic").filter(|fifo| fifo == "true") {
        attributes.insert("FifoTopic".to_owned(), fifo);
    }
    let tags: Vec<Tag> = handler.wanted_tags().into_iter().map(|(key, value)| Tag { key, value }).collect();
    let input = CreateTopicInput {
        name: name.clone(),
        attributes: (!attributes.is_empty()).then_some(attributes),
        tags: (!tags.is_empty()).then_some(tags),
        ..CreateTopicInput::default()
    };
    // CreateTopic does not mind a topic that is there; CloudFormation looks first so as not to take it over.
    let arn = crate::sns::arn(handler.call, &name);
    let found = ask!(handler, Sns, sns::GetTopicAttributes(GetTopicAttributesInput { topic_arn: arn.clone() }));
    match found {
        Ok(_) => return Err(Fault::Wrong(format!("{name} already exists"))),
        Err(fault) if fault.is_missing() => {}
        Err(fault) => return Err(fault),
    }
    ask!(handler, Sns, sns::CreateTopic(input))?;
    for item in handler.get("Subscription").and_then(Value::as_array).cloned().unwrap_or_default() {
        subscribe(handler, &arn, &item)?;
    }
    Ok(made(arn, name))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let arn = handler.id();
    if handler.differs("Subscription") {
        return Err(unsupported("A change of Subscription of AWS::SNS::Topic"));
    }
    for name in ATTRIBUTES.into_iter().filter(|name| handler.differs(name)).collect::<Vec<_>>() {
        let attribute_value = Some(handler.get(name).map(document).unwrap_or_default());
        let attribute_name = name.to_owned();
        let input = SetTopicAttributesInput { topic_arn: arn.clone(), attribute_name, attribute_value };
        ask!(handler, Sns, sns::SetTopicAttributes(input))?;
    }
    let (set, tag_keys) = handler.tag_changes();
    if !tag_keys.is_empty() {
        ask!(handler, Sns, sns::UntagResource(UntagResourceInput { resource_arn: arn.clone(), tag_keys }))?;
    }
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| Tag { key, value }).collect();
        ask!(handler, Sns, sns::TagResource(TagResourceInput { resource_arn: arn.clone(), tags }))?;
    }
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    Ok(made(arn, name))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    gone(ask!(handler, Sns, sns::DeleteTopic(DeleteTopicInput { topic_arn: handler.id() })).map(drop))
}

fn subscribe(handler: &mut Handler<'_>, topic_arn: &str, item: &Value) -> Result<(), Fault> {
    let input = SubscribeInput {
        topic_arn: topic_arn.to_owned(),
        protocol: item.get("Protocol").and_then(text).ok_or_else(|| missing("Protocol"))?,
        endpoint: item.get("Endpoint").and_then(text),
        ..SubscribeInput::default()
    };
    ask!(handler, Sns, sns::Subscribe(input)).map(drop)
}

fn made(arn: String, name: String) -> Made {
    Made::new(arn.clone(), [("TopicArn", arn), ("TopicName", name)])
}
