//! `AWS::SNS::Subscription`.

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    sns::{self, SubscribeInput, UnsubscribeInput},
};

use super::{Fault, Handler, Made, Provider, ask, document, gone, unsupported};

/// Properties that are attributes of the subscription under the same name.
const ATTRIBUTES: [&str; 6] = [
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
];

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::SNS::Subscription",
    name: None,
    required: &["Protocol", "TopicArn"],
    mutable: &ATTRIBUTES,
    create_only: &["Endpoint", "Protocol", "Region", "TopicArn"],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    if handler.get("Region").is_some_and(|region| region != &Value::String(handler.call.region.to_string())) {
        return Err(unsupported("Region of AWS::SNS::Subscription"));
    }
    let attributes = ATTRIBUTES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), handler.get(name).map(document)?)))
        .collect::<std::collections::BTreeMap<String, String>>();
    let input = SubscribeInput {
        topic_arn: handler.needed("TopicArn")?,
        protocol: handler.needed("Protocol")?,
        endpoint: handler.text("Endpoint"),
        attributes: (!attributes.is_empty()).then_some(attributes),
        return_subscription_arn: Some(true),
    };
    let arn = ask!(handler, Sns, sns::Subscribe(input))?.subscription_arn.unwrap_or_default();
    Ok(Made::new(arn.clone(), [("Arn", arn)]))
}

/// Subscribing again with the same endpoint changes the attributes of the subscription.
fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    create(handler)
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    gone(ask!(handler, Sns, sns::Unsubscribe(UnsubscribeInput { subscription_arn: handler.id() })).map(drop))
}
