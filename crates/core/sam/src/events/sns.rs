//! `SNS`: a subscription to a topic, straight or through a queue.

use super::{Event, pull};
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference, target};
use crate::node::{Map, Node, list, map};
use crate::properties::{Shape, Specification, free, mapping, needed, optional, text};

pub(super) const PROPERTIES: Specification = &[
    needed(text("Topic")),
    text("Region"),
    free("FilterPolicy"),
    free("FilterPolicyScope"),
    optional("SqsSubscription", Shape::MapOrBoolean),
    mapping("RedrivePolicy"),
];

pub(crate) fn expand(
    context: &mut Context<'_>,
    event: &Event<'_>,
    role: Option<&mut Generated>,
) -> Result<Vec<Generated>> {
    match event.properties.truthy("SqsSubscription") {
        None => Ok(direct(event)),
        Some(Node::Map(subscription)) => through_given_queue(context, event, subscription, role),
        Some(_true) => through_made_queue(context, event, role),
    }
}

fn topic(event: &Event<'_>) -> Node {
    event.properties.get("Topic").cloned().unwrap_or(Node::Null)
}

fn subscription(event: &Event<'_>, protocol: &str, endpoint: Node) -> Generated {
    let mut subscription = event.generated(event.id.clone(), "AWS::SNS::Subscription");
    subscription.put("Protocol", protocol);
    subscription.put("Endpoint", endpoint);
    subscription.put("TopicArn", topic(event));
    subscription.copy(event.properties, &["Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"]);
    subscription
}

fn direct(event: &Event<'_>) -> Vec<Generated> {
    let mut permission = event.permission("sns.amazonaws.com");
    permission.put("SourceArn", topic(event));
    vec![subscription(event, "lambda", event.target.arn()), permission]
}

fn queue_policy(event: &Event<'_>, id: crate::node::Text, arn: &Node, url: Node) -> Generated {
    let statement = map! {
        "Effect" => "Allow",
        "Principal" => "*",
        "Action" => "sqs:SendMessage",
        "Resource" => arn,
        "Condition" => map! {"ArnEquals" => map! {"aws:SourceArn" => topic(event)}},
    };
    let mut policy = event.generated(id, "AWS::SQS::QueuePolicy");
    policy.put("PolicyDocument", map! {"Version" => "2012-10-17", "Statement" => list![statement]});
    policy.put("Queues", list![url]);
    policy
}

fn through_made_queue(
    context: &mut Context<'_>,
    event: &Event<'_>,
    role: Option<&mut Generated>,
) -> Result<Vec<Generated>> {
    let mut queue = event.generated(event.id.with("Queue"), "AWS::SQS::Queue");
    if is_fifo(context, event)? {
        queue.put("FifoQueue", true);
    }
    let arn = get_att(queue.id.clone(), "Arn");
    let policy = queue_policy(event, event.id.with("QueuePolicy"), &arn, reference(&queue.id));
    let subscription = subscription(event, "sqs", arn.clone());
    let mapping = source_mapping(context, event, arn, &Map::new(), role)?;
    Ok(vec![queue, policy, mapping, subscription])
}

/// Whether the topic is one of the template with `FifoTopic`.
fn is_fifo(context: &Context<'_>, event: &Event<'_>) -> Result<bool> {
    let topic = topic(event);
    let Some(resource) = target(&topic).and_then(|id| context.resource(id)) else { return Ok(false) };
    let Some(fifo) = resource.map("Properties").and_then(|properties| properties.truthy("FifoTopic")) else {
        return Ok(false);
    };
    Ok(context.resolved(fifo)?.truthy())
}

fn through_given_queue(
    context: &mut Context<'_>,
    event: &Event<'_>,
    given: &Map,
    role: Option<&mut Generated>,
) -> Result<Vec<Generated>> {
    let (Some(arn), Some(url)) = (given.truthy("QueueArn"), given.truthy("QueueUrl")) else {
        return Err(event.fault("No QueueARN or QueueURL provided."));
    };
    let policy_id = match given.truthy("QueuePolicyLogicalId") {
        None => event.id.with("QueuePolicy"),
        Some(Node::Text(id)) => id.clone(),
        Some(_other) => return Err(Fault::event(event.name, "QueuePolicyLogicalId must be a string")),
    };
    let policy = queue_policy(event, policy_id, arn, url.clone());
    let subscription = subscription(event, "sqs", arn.clone());
    let mapping = source_mapping(context, event, arn.clone(), given, role)?;
    Ok(vec![mapping, policy, subscription])
}

fn source_mapping(
    context: &Context<'_>,
    event: &Event<'_>,
    arn: Node,
    given: &Map,
    role: Option<&mut Generated>,
) -> Result<Generated> {
    let mut mapping = event.generated(event.id.with("EventSourceMapping"), "AWS::Lambda::EventSourceMapping");
    mapping.put("FunctionName", event.target.name());
    mapping.put("EventSourceArn", arn);
    mapping.put("BatchSize", given.present("BatchSize").cloned().unwrap_or_else(|| 10.into()));
    // Observed: `false` counts as nothing.
    mapping.put("Enabled", given.truthy("Enabled").cloned().unwrap_or(Node::Bool(true)));
    if let Some(role) = role {
        pull::add_managed_policy(role, context.aws_policy("service-role/AWSLambdaSQSQueueExecutionRole"));
    }
    Ok(mapping)
}
