//! What becomes of a message: functions that are subscribed are called.

use crate::{Call, Principal, World};

/// The service as policies name it.
const PRINCIPAL: &str = "sns.amazonaws.com";

/// Calls the functions that are subscribed to a topic, on its behalf. One whose policy does not let the topic in is
/// not called, and nobody is told: SNS counts failures and gives up in the end.
pub(super) fn to_functions(world: &mut World, call: &Call, topic_arn: &str) {
    let Some(topic) = world.sns.topics.get(topic_arn) else { return };
    let Some(region) = topic_arn.split(':').nth(3).and_then(|region| region.parse().ok()) else { return };
    let service = Principal::Service { name: PRINCIPAL.into(), account: topic.owner.clone() };
    let calling = Call::inside(service, region, call.request_id.clone()).on_behalf_of(topic_arn, &topic.owner);
    let functions = topic.subscriptions.values().filter(|subscription| subscription.protocol == "lambda");
    let functions: Vec<String> = functions.map(|subscription| subscription.endpoint.clone()).collect();
    for function in functions {
        let _lost = world.run_function(&calling, &function);
    }
}
