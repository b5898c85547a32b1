//! `EventBridgeRule` and its older name `CloudWatchEvent`: a rule with the function as target, and a permission.

use super::dead_letter::{Sender, dead_letter};
use super::{Event, target_id};
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::get_att;
use crate::node::{Map, Node};
use crate::properties::{Shape, Specification, mapping, optional, text};

pub(super) const PROPERTIES: Specification = &[
    text("EventBusName"),
    mapping("Pattern"),
    mapping("DeadLetterConfig"),
    mapping("RetryPolicy"),
    text("Input"),
    text("InputPath"),
    mapping("Target"),
    optional("Enabled", Shape::Boolean),
    text("State"),
    mapping("InputTransformer"),
    text("RuleName"),
];

pub(crate) fn expand(event: &Event<'_>) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let mut rule = event.generated(event.id.clone(), "AWS::Events::Rule");
    rule.copy(properties, &["EventBusName"]);
    rule.set("EventPattern", properties.present("Pattern"));
    rule.set("State", state(event)?);
    rule.set("Name", properties.present("RuleName"));
    let dead_letter = dead_letter(&event.id, properties, Sender::Rule(&event.id), event.function.attributes)?;
    let mut target = Map::new();
    target.insert("Arn", event.target.arn());
    target.insert("Id", rule_target_id(event));
    for key in ["Input", "InputPath", "RetryPolicy", "InputTransformer"] {
        target.set(key, properties.present(key));
    }
    target.set("DeadLetterConfig", dead_letter.config);
    rule.put("Targets", vec![Node::Map(target)]);
    let mut permission = event.permission("events.amazonaws.com");
    permission.put("SourceArn", get_att(event.id.clone(), "Arn"));
    let mut made = vec![rule];
    made.extend(dead_letter.resources);
    made.push(permission);
    Ok(made)
}

/// `Target.Id`, or one made of the event's id.
pub(crate) fn rule_target_id(event: &Event<'_>) -> Node {
    let given = event.properties.map("Target").and_then(|target| target.truthy("Id"));
    given.cloned().unwrap_or_else(|| target_id(&event.id, "LambdaTarget").into())
}

/// `State`, or what `Enabled` says.
pub(crate) fn state(event: &Event<'_>) -> Result<Option<Node>> {
    let state = event.properties.present("State");
    let enabled = event.properties.present("Enabled");
    match (state, enabled) {
        (Some(_), Some(_)) => Err(event.fault("State and Enabled Properties cannot both be specified.")),
        (Some(state), None) => Ok(Some(state.clone()).filter(Node::truthy)),
        (None, Some(enabled)) => Ok(Some(if enabled.truthy() { "ENABLED" } else { "DISABLED" }.into())),
        (None, None) => Ok(None),
    }
}
