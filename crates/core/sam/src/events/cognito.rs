//! `Cognito`: a trigger in a user pool of the template, and a permission.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::get_att;
use crate::node::{Map, Node, Text};
use crate::properties::{Shape, Specification, literal, needed, required, should_be, text};
use crate::python;

pub(super) const PROPERTIES: Specification =
    &[needed(text("UserPool")), literal(required("Trigger", Shape::TextOrTexts))];

const NOT_IN_TEMPLATE: &str = "Cognito events must reference a Cognito UserPool in the same template.";

/// The user pool that an event belongs to.
pub(super) fn linked(context: &Context<'_>, function: &Text, name: &Text, properties: &Map) -> Result<Text> {
    match properties.map("UserPool").and_then(|pool| pool.get("Ref")) {
        Some(Node::Text(id)) if context.resource(id).is_some() => Ok(id.clone()),
        Some(Node::Text(_)) | None => Err(Fault::event(name, NOT_IN_TEMPLATE)),
        Some(_other) => Err(Fault::event(&function.with(name), "Ref in Userpool is not a string.")),
    }
}

pub(crate) fn expand(context: &mut Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    let id = linked(context, event.function.id, event.name, event.properties)?;
    if let Some(kind) = context.kind(&id)
        && kind != "AWS::Cognito::UserPool"
    {
        let message = format!("Resource has incorrect Type; expected 'AWS::Cognito::UserPool', got '{kind}'");
        return Err(Fault::resource(&id, message));
    }
    let mut permission = event.permission_with_id(&event.target.id().with("Cognito"), "cognito-idp.amazonaws.com", "");
    permission.put("SourceArn", get_att(id.clone(), "Arn"));
    let arn = event.target.arn();
    let resource = context.resource_mut(&id).ok_or_else(|| event.fault(NOT_IN_TEMPLATE))?;
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
            let all = single.first().map(python::display).unwrap_or_default();
            return Err(event.fault(format!("Cognito trigger \"{all}\" defined multiple times.")));
        }
        config.insert(trigger, arn.clone());
    }
    Ok(vec![permission])
}
