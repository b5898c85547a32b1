//! `IoTRule`: a topic rule and a permission.

use super::Event;
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::{reference, sub, sub_with};
use crate::node::{Map, list, map};
use crate::properties::{Specification, needed, text};

pub(super) const PROPERTIES: Specification = &[needed(text("Sql")), text("AwsIotSqlVersion")];

pub(crate) fn expand(context: &Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    let mut permission = event.permission("iot.amazonaws.com");
    let arn = context.arn("iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}");
    permission.put("SourceArn", sub_with(arn, map! {"RuleName" => reference(&event.id)}));
    permission.put("SourceAccount", sub("${AWS::AccountId}"));
    let mut rule = event.generated(event.id.clone(), "AWS::IoT::TopicRule");
    let mut payload = Map::new();
    payload.set("Sql", event.properties.get("Sql"));
    payload.insert("RuleDisabled", false);
    payload.insert("Actions", list![map! {"Lambda" => map! {"FunctionArn" => event.target.arn()}}]);
    payload.set("AwsIotSqlVersion", event.properties.truthy("AwsIotSqlVersion"));
    rule.put("TopicRulePayload", payload);
    Ok(vec![permission, rule])
}
