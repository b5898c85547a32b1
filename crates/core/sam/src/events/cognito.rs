//! `Cognito`: a trigger in a user pool of the template, and a permission.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, target};
use crate::node::{Map, Node};
use crate::properties::{Shape, Specification, check, required, should_be};

const PROPERTIES: Specification = &[required("UserPool", Shape::TextOrMap), required("Trigger", Shape::TextOrTexts)];

pub(crate) fn expand(context: &mut Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    check(&event.id, event.kind, event.properties, PROPERTIES)?;
    let pool = event.properties.get("UserPool");
    let malformed = pool.and_then(Node::as_map).and_then(|map| map.get("Ref")).is_some_and(|id| id.as_str().is_none());
    if malformed {
        return Err(event.fault_by_id("Ref in Userpool is not a string."));
    }
    let not_in_template =
        || event.fault_by_id("Cognito events must reference a Cognito UserPool in the same template.");
    let id = pool.and_then(target).cloned().ok_or_else(not_in_template)?;
    if context.kind(&id) != Some("AWS::Cognito::UserPool") {
        return Err(not_in_template());
    }
    let mut permission = event.permission_with_id(&event.function.id.with("Cognito"), "cognito-idp.amazonaws.com", "");
    permission.put("SourceArn", get_att(id.clone(), "Arn"));
    let arn = event.target.arn();
    let resource = context.resource_mut(&id).ok_or_else(not_in_template)?;
    let properties = resource
        .map_or_insert("Properties", Map::new)
        .ok_or_else(|| Fault::resource(&id, should_be("Properties", "a map")))?;
    if properties.get("LambdaConfig").is_some_and(Node::is_null) {
        properties.remove("LambdaConfig");
    }
    let config = properties
        .map_or_insert("LambdaConfig", Map::new)
        .ok_or_else(|| Fault::resource(&id, should_be("LambdaConfig", "a map")))?;
    let single = [event.properties.get("Trigger").cloned().unwrap_or(Node::Null)];
    let triggers = single.first().and_then(Node::as_list).map_or(single.as_slice(), Vec::as_slice);
    for trigger in triggers.iter().filter_map(Node::as_text) {
        if config.contains(trigger) {
            return Err(event.fault(format!("Cognito trigger \"{trigger}\" defined multiple times.")));
        }
        config.insert(trigger, arn.clone());
    }
    Ok(vec![permission])
}
