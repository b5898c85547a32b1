//! `AWS::SNS::TopicPolicy`: the policy of topics. Deleting it gives them the policy back that topics begin with.

use stackfleet_api::{
    Answer, Request,
    sns::{self, SetTopicAttributesInput},
};

use super::{Fault, Handler, Made, Provider, ask, gone, missing};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::SNS::TopicPolicy",
    name: None,
    required: &["PolicyDocument", "Topics"],
    mutable: &["PolicyDocument", "Topics"],
    create_only: &[],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let physical = handler.made_name(128);
    let document = handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?;
    for topic in handler.texts("Topics") {
        set(handler, topic, document.clone())?;
    }
    Ok(Made::new(physical.clone(), [("Id", physical)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let document = handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?;
    let topics = handler.texts("Topics");
    for topic in &topics {
        set(handler, topic.clone(), document.clone())?;
    }
    let before = handler.previous.map(|previous| super::texts_of(previous, "Topics")).unwrap_or_default();
    for topic in before.into_iter().filter(|topic| !topics.contains(topic)) {
        gone(set(handler, topic, String::new()))?;
    }
    Ok(Made::new(handler.id(), []))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    for topic in handler.texts("Topics") {
        gone(set(handler, topic, String::new()))?;
    }
    Ok(())
}

fn set(handler: &mut Handler<'_>, topic_arn: String, value: String) -> Result<(), Fault> {
    let input =
        SetTopicAttributesInput { topic_arn, attribute_name: "Policy".to_owned(), attribute_value: Some(value) };
    ask!(handler, Sns, sns::SetTopicAttributes(input)).map(drop)
}
