//! `DeadLetterConfig` of rules and schedules: a given queue, or one made with its policy.

use crate::error::Fault;
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference};
use crate::node::{Map, Node, Text, list, map};

/// A dead-letter queue: the `DeadLetterConfig` of the target and the resources made for it.
#[derive(Debug, Default)]
pub(crate) struct DeadLetter {
    pub(crate) config: Option<Node>,
    pub(crate) resources: Vec<Generated>,
}

/// What the queue's policy lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender<'a> {
    /// The rule of this id.
    Rule(&'a Text),
    /// A role that has its own permission.
    Role,
}

/// Reads the `DeadLetterConfig` among `properties`.
///
/// # Errors
/// AWS's words, to be put into a fault of the event by its whole id.
pub(crate) fn dead_letter(
    id: &Text,
    properties: &Map,
    sender: Sender<'_>,
    attributes: &Map,
) -> Result<DeadLetter, Fault> {
    let Some(config) = properties.present("DeadLetterConfig").and_then(Node::as_map) else {
        return Ok(DeadLetter::default());
    };
    let fault = |message: &str| Fault::event(id, message);
    let arn = config.present("Arn");
    let kind = config.present("Type");
    match (arn, kind) {
        (Some(_), Some(_)) => Err(fault("You can either define 'Arn' or 'Type' property of DeadLetterConfig.")),
        (None, None) => Err(fault("No 'Arn' or 'Type' property provided for DeadLetterConfig.")),
        (Some(arn), None) => {
            let config = Node::Map(map! {"Arn" => arn});
            Ok(DeadLetter { config: Some(config), resources: Vec::new() })
        }
        (None, Some(kind)) => {
            if kind.as_str() != Some("SQS") {
                return Err(fault("The only valid value for 'Type' property of DeadLetterConfig is 'SQS'."));
            }
            let queue_id = match config.truthy("QueueLogicalId") {
                None => id.with("Queue"),
                Some(Node::Text(given)) => given.clone(),
                Some(_other) => return Err(fault("QueueLogicalId must be a string")),
            };
            Ok(generated(id, queue_id, sender, attributes))
        }
    }
}

fn generated(id: &Text, queue_id: Text, sender: Sender<'_>, attributes: &Map) -> DeadLetter {
    let queue = Generated::new(queue_id, "AWS::SQS::Queue").with_attributes(attributes);
    let arn = get_att(queue.id.clone(), "Arn");
    let config = Some(Node::Map(map! {"Arn" => arn.clone()}));
    let mut resources = Vec::with_capacity(2);
    if let Sender::Rule(rule) = sender {
        let statement = map! {
            "Effect" => "Allow",
            "Principal" => map! {"Service" => "events.amazonaws.com"},
            "Action" => "sqs:SendMessage",
            "Resource" => arn,
            "Condition" => map! {"ArnEquals" => map! {"aws:SourceArn" => get_att(rule.clone(), "Arn")}},
        };
        let mut policy = Generated::new(id.with("QueuePolicy"), "AWS::SQS::QueuePolicy").with_attributes(attributes);
        policy.put("Queues", list![reference(&queue.id)]);
        policy.put("PolicyDocument", map! {"Version" => "2012-10-17", "Statement" => list![statement]});
        resources.push(policy);
    }
    resources.insert(0, queue);
    DeadLetter { config, resources }
}
