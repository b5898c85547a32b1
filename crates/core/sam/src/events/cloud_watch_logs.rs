//! `CloudWatchLogs`: a subscription filter and a permission.

use super::Event;
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::sub_with;
use crate::node::{list, map};
use crate::properties::{Specification, needed, text};

pub(super) const PROPERTIES: Specification = &[needed(text("LogGroupName")), needed(text("FilterPattern"))];

pub(crate) fn expand(context: &Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    let mut permission = event.permission("logs.amazonaws.com");
    let arn = context.arn("logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*");
    let group = event.properties.get("LogGroupName").cloned().unwrap_or(crate::node::Node::Null);
    permission.put("SourceArn", sub_with(arn, map! {"__LogGroupName__" => group}));
    let mut filter = event.generated(event.id.clone(), "AWS::Logs::SubscriptionFilter");
    filter.attributes.insert("DependsOn", list![permission.id.clone()]);
    filter.put("DestinationArn", event.target.arn());
    filter.copy(event.properties, &["FilterPattern", "LogGroupName"]);
    Ok(vec![permission, filter])
}
