//! `Schedule`: a rule that fires by the clock, and a permission.

use super::Event;
use super::dead_letter::{Sender, dead_letter};
use super::event_rule::{rule_target_id, state};
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::get_att;
use crate::node::{Map, Node};
use crate::properties::{Shape, Specification, free, mapping, needed, optional, text};

pub(super) const PROPERTIES: Specification = &[
    needed(text("Schedule")),
    free("RuleName"),
    text("Input"),
    optional("Enabled", Shape::Boolean),
    text("State"),
    text("Name"),
    text("Description"),
    mapping("DeadLetterConfig"),
    mapping("RetryPolicy"),
];

pub(crate) fn expand(event: &Event<'_>) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let mut rule = event.generated(event.id.clone(), "AWS::Events::Rule");
    rule.set("ScheduleExpression", properties.present("Schedule"));
    rule.set("State", state(event)?);
    rule.copy(properties, &["Name", "Description"]);
    let dead_letter = dead_letter(&event.id, properties, Sender::Rule(&event.id), event.function.attributes)?;
    let mut target = Map::new();
    target.insert("Arn", event.target.arn());
    target.insert("Id", rule_target_id(event));
    for key in ["Input", "RetryPolicy"] {
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
