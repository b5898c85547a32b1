//! `S3`: a notification configuration in a bucket of the template, and a permission.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::{Generated, tag};
use crate::intrinsics::{if_, reference, under_condition};
use crate::node::{Map, Node, Text, list};
use crate::properties::{Shape, Specification, literal, needed, optional, required, should_be, text};

pub(super) const PROPERTIES: Specification =
    &[needed(text("Bucket")), literal(required("Events", Shape::TextOrTexts)), optional("Filter", Shape::Map)];

const NOT_IN_TEMPLATE: &str = "S3 events must reference an S3 bucket in the same template.";

/// The bucket that an event belongs to.
pub(super) fn linked(context: &Context<'_>, name: &Text, properties: &Map) -> Result<Text> {
    match properties.map("Bucket").and_then(|bucket| bucket.get("Ref")) {
        Some(Node::Text(id)) if context.resource(id).is_some() => Ok(id.clone()),
        Some(Node::Text(_)) | None => Err(Fault::event(name, NOT_IN_TEMPLATE)),
        Some(_other) => Err(Fault::event(name, "'Ref' value in S3 events is not a valid string.")),
    }
}

pub(crate) fn expand(context: &mut Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    let bucket_id = linked(context, event.name, event.properties)?;
    let mut permission = event.permission("s3.amazonaws.com");
    permission.put("SourceAccount", reference("AWS::AccountId"));
    let configurations = configurations(event);
    let bucket = context.resource_mut(&bucket_id).ok_or_else(|| event.fault(NOT_IN_TEMPLATE))?;
    match event.condition() {
        Some(condition) => depend_under_condition(&bucket_id, bucket, &permission.id, condition)?,
        None => depend(&event.id, bucket, &permission.id)?,
    }
    notify(&bucket_id, bucket, configurations)?;
    propagate_tags(event, &bucket_id, bucket)?;
    Ok(vec![permission])
}

/// A function that passes on its tags gives them to the bucket too.
fn propagate_tags(event: &Event<'_>, id: &Text, bucket: &mut Map) -> Result<()> {
    let function = event.function.properties;
    let on = function.get("PropagateTags").is_some_and(Node::truthy);
    let Some(tags) = function.map("Tags").filter(|_| on) else { return Ok(()) };
    let properties = properties(id, bucket)?;
    let mut all = properties.list("Tags").cloned().unwrap_or_default();
    all.extend(crate::generated::tag_list(Some(tags)));
    properties.insert("Tags", all);
    Ok(())
}

fn configurations(event: &Event<'_>) -> Vec<Node> {
    let events = event.properties.get("Events").cloned().unwrap_or(Node::Null);
    let single = [events];
    let events = single.first().and_then(Node::as_list).map_or(single.as_slice(), Vec::as_slice);
    let mut made = Vec::with_capacity(events.len());
    for name in events {
        let mut configuration = Map::new();
        configuration.insert("Event", name);
        configuration.insert("Function", event.target.arn());
        configuration.set("Filter", event.properties.present("Filter"));
        made.push(under_condition(event.condition(), Node::Map(configuration)));
    }
    made
}

fn depend(id: &Text, bucket: &mut Map, permission: &Text) -> Result<()> {
    let mut names = match bucket.get("DependsOn") {
        None => Vec::new(),
        Some(Node::List(names)) => names.clone(),
        Some(name @ Node::Text(_)) => vec![name.clone()],
        Some(_other) => {
            return Err(Fault::resource(
                id,
                "Invalid type for field 'DependsOn'. Expected a string or list of strings.",
            ));
        }
    };
    if names.iter().any(|name| name.as_text().is_none()) {
        return Err(Fault::resource(id, "Invalid type for field 'DependsOn'. Expected a string or list of strings."));
    }
    let name = Node::from(permission);
    if !names.contains(&name) {
        names.push(name);
    }
    names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    bucket.insert("DependsOn", names);
    Ok(())
}

/// `DependsOn` cannot be conditional, a tag that refers to the permission can.
fn depend_under_condition(id: &Text, bucket: &mut Map, permission: &Text, condition: &Node) -> Result<()> {
    let properties = properties(id, bucket)?;
    let made =
        tag(format!("sam:ConditionalDependsOn:{permission}"), if_(condition, reference(permission), "no dependency"));
    match properties.get_mut("Tags") {
        None | Some(Node::Null) => properties.insert("Tags", list![made]),
        Some(Node::List(tags)) => tags.push(made),
        Some(_other) => return Err(Fault::resource(id, should_be("Tags", "a list"))),
    }
    Ok(())
}

fn properties<'b>(id: &Text, bucket: &'b mut Map) -> Result<&'b mut Map> {
    if bucket.get("Properties").is_some_and(Node::is_null) {
        bucket.remove("Properties");
    }
    bucket.map_or_insert("Properties", Map::new).ok_or_else(|| Fault::resource(id, "Properties should be a map."))
}

fn notify(id: &Text, bucket: &mut Map, configurations: Vec<Node>) -> Result<()> {
    let properties = properties(id, bucket)?;
    if properties.get("NotificationConfiguration").is_some_and(Node::is_null) {
        properties.remove("NotificationConfiguration");
    }
    let notification = properties
        .map_or_insert("NotificationConfiguration", Map::new)
        .ok_or_else(|| Fault::resource(id, should_be("NotificationConfiguration", "a map")))?;
    let mut list = match notification.get("LambdaConfigurations") {
        None | Some(Node::Null) => Vec::new(),
        Some(Node::List(list)) => list.clone(),
        Some(_other) => return Err(Fault::resource(id, "Invalid type for LambdaConfigurations. Must be a list.")),
    };
    for configuration in configurations {
        if !list.contains(&configuration) {
            list.push(configuration);
        }
    }
    notification.insert("LambdaConfigurations", list);
    Ok(())
}
