//! `Events` of functions: one file per kind; here what they share and the order in which they are made.

mod alexa_skill;
pub(crate) mod api;
mod cloud_watch_logs;
mod cognito;
pub(crate) mod dead_letter;
mod document_db;
mod event_rule;
mod http_api;
mod iot_rule;
mod kafka;
mod mq;
mod msk;
mod pull;
mod s3;
mod schedule;
pub(crate) mod schedule_v2;
mod sns;
mod sqs;
mod stream;

pub(crate) use api::resource_policy;

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::function::{FunctionParts, invocation_target};
use crate::generated::{Generated, check_id};
use crate::node::{Map, Node, Text};
use crate::properties::{Property, check, expect_map};
use crate::python;
use std::borrow::Cow;

/// What an event invokes.
#[derive(Clone, Debug)]
pub(crate) struct EventTarget {
    pub(crate) function: Text,
    pub(crate) alias: Option<Text>,
}

impl EventTarget {
    pub(crate) fn function(function: Text, alias: Option<Text>) -> EventTarget {
        EventTarget { function, alias }
    }
    /// The ARN to invoke.
    pub(crate) fn arn(&self) -> Node {
        invocation_target(&self.function, self.alias.as_ref()).0
    }
    /// The name to grant permission on.
    pub(crate) fn name(&self) -> Node {
        invocation_target(&self.function, self.alias.as_ref()).1
    }
    /// The id of what is invoked: the alias, or the function.
    pub(crate) fn id(&self) -> &Text {
        self.alias.as_ref().unwrap_or(&self.function)
    }
    /// The id that an integration URI names: the alias, or the function's ARN.
    pub(crate) fn uri_part(&self) -> String {
        match &self.alias {
            Some(alias) => alias.to_string(),
            None => format!("{}.Arn", self.function),
        }
    }
}

/// One event of a function.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) function: &'a FunctionParts<'a>,
    pub(crate) target: &'a EventTarget,
    /// The event's name within the function.
    pub(crate) name: &'a Text,
    /// The function's id and the event's name: the id that generated resources begin with.
    pub(crate) id: Text,
    pub(crate) kind: &'a str,
    pub(crate) properties: &'a Map,
}

impl Event<'_> {
    /// A fault that names the event within its function.
    pub(crate) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::event(self.name, message)
    }
    /// A fault that names the event by its whole id.
    pub(crate) fn fault_by_id(&self, message: impl Into<String>) -> Fault {
        Fault::event(&self.id, message)
    }
    /// A resource with the attributes that derived resources get.
    pub(crate) fn generated(&self, id: Text, kind: &str) -> Generated {
        Generated::new(id, kind).with_attributes(self.function.attributes)
    }
    /// The function's condition.
    pub(crate) fn condition(&self) -> Option<&Node> {
        self.function.attributes.get("Condition")
    }
    /// The permission for a service to invoke the function.
    pub(crate) fn permission(&self, principal: &str) -> Generated {
        self.permission_with_id(&self.id, principal, "")
    }
    pub(crate) fn permission_with_id(&self, id: &Text, principal: &str, suffix: &str) -> Generated {
        let mut permission = self.generated(permission_id(id, suffix), "AWS::Lambda::Permission");
        permission.put("Action", "lambda:InvokeFunction");
        permission.put("FunctionName", self.target.name());
        permission.put("Principal", principal);
        permission
    }
}

/// The id of a permission: with a suffix of letters and digits that suffix, otherwise its hash.
pub(crate) fn permission_id(id: &Text, suffix: &str) -> Text {
    if suffix.is_empty() || suffix.chars().all(char::is_alphanumeric) {
        id.with(&format!("Permission{suffix}"))
    } else {
        id.with(&format!("Permission{}", python::short_hash(suffix)))
    }
}

/// The id of a rule's target: at most 64 characters, the suffix kept whole.
pub(crate) fn target_id(id: &str, suffix: &str) -> String {
    let room = 64_usize.saturating_sub(suffix.chars().count());
    let kept: String = id.chars().take(room).collect();
    format!("{kept}{suffix}")
}

/// The properties of a kind of event; `None` for a kind that functions do not have.
fn specification(kind: &str) -> Option<Cow<'static, [Property]>> {
    Some(match kind {
        "AlexaSkill" => alexa_skill::PROPERTIES.into(),
        "Api" => api::PROPERTIES.into(),
        "CloudWatchEvent" | "EventBridgeRule" => event_rule::PROPERTIES.into(),
        "CloudWatchLogs" => cloud_watch_logs::PROPERTIES.into(),
        "Cognito" => cognito::PROPERTIES.into(),
        "DocumentDB" => document_db::SOURCE.specification().into(),
        "DynamoDB" | "Kinesis" => stream::SOURCE.specification().into(),
        "HttpApi" => http_api::PROPERTIES.into(),
        "IoTRule" => iot_rule::PROPERTIES.into(),
        "MQ" => mq::SOURCE.specification().into(),
        "MSK" => msk::SOURCE.specification().into(),
        "S3" => s3::PROPERTIES.into(),
        "SNS" => sns::PROPERTIES.into(),
        "SQS" => sqs::SOURCE.specification().into(),
        "Schedule" => schedule::PROPERTIES.into(),
        "ScheduleV2" => schedule_v2::PROPERTIES.into(),
        "SelfManagedKafka" => kafka::SOURCE.specification().into(),
        _unknown => return None,
    })
}

/// Checks the form, kind and properties of an event of `owner`; gives kind and properties.
///
/// # Errors
/// A fault of the owner, or of the event by its whole id.
pub(crate) fn read<'e>(
    owner: &Text,
    name: &Text,
    event: &'e Node,
    specification: fn(&str) -> Option<Cow<'static, [Property]>>,
) -> Result<(&'e str, Map)> {
    let Node::Map(event) = event else {
        let kind = python::type_name(event);
        return Err(wrap(owner, Fault::event(name, format!("'{kind}' object has no attribute 'get'"))));
    };
    let known = event.str("Type").and_then(|kind| Some((kind, specification(kind)?)));
    let Some((kind, specification)) = known else {
        let kind = python::display(event.get("Type").unwrap_or(&Node::Null));
        let message = format!("Resource dict has missing or invalid value for key Type. Event Type is: {kind}.");
        return Err(wrap(owner, Fault::event(name, message)));
    };
    let id = owner.with(name);
    check_id(&id)?;
    let properties = match event.get("Properties") {
        None => Map::new(),
        Some(Node::Map(properties)) => properties.clone(),
        Some(_other) => return Err(Fault::resource(&id, "Properties of a resource must be an object.")),
    };
    check(&id, kind, &properties, &specification)?;
    Ok((kind, properties))
}

/// Checks every event and that what it refers to is there, before anything else of a function is looked at.
///
/// # Errors
/// A fault for the first wrong event in the template's order.
pub(crate) fn prepare(context: &Context<'_>, function: &Text, properties: &Map) -> Result<()> {
    for (name, event) in properties.map("Events").into_iter().flat_map(Map::iter) {
        let (kind, properties) = read(function, name, event, specification)?;
        let linked = match kind {
            "Api" => api::linked(context, name, &properties).map(drop),
            "Cognito" => cognito::linked(context, function, name, &properties).map(drop),
            "HttpApi" => http_api::linked(context, name, &properties).map(drop),
            "S3" => s3::linked(context, name, &properties).map(drop),
            _alone => Ok(()),
        };
        linked.map_err(|fault| wrap(function, fault))?;
    }
    Ok(())
}

/// By what AWS's transform sorts events: the path of API methods, otherwise the name.
fn sort_key(name: &Text, event: &Node) -> String {
    let path = event.as_map().and_then(|event| event.map("Properties")).and_then(|properties| properties.str("Path"));
    path.unwrap_or(name).to_owned()
}

/// Makes the resources of all events of a function, in AWS's order.
pub(crate) fn expand_function_events(
    context: &mut Context<'_>,
    function: &FunctionParts<'_>,
    target: &EventTarget,
    mut role: Option<&mut Generated>,
) -> Result<Vec<Generated>> {
    let Some(events) = function.properties.truthy("Events") else { return Ok(Vec::new()) };
    let events = expect_map(function.id, events, "Events")?.clone();
    let mut entries: Vec<(&Text, &Node)> = events.iter().collect();
    entries.sort_by_key(|(name, event)| sort_key(name, event));
    let mut made = Vec::new();
    for (name, event) in entries {
        let result = expand_event(context, function, target, name, event, role.as_deref_mut());
        made.extend(result.map_err(|fault| wrap(function.id, fault))?);
    }
    Ok(made)
}

/// An event's fault becomes one of its function.
pub(crate) fn wrap(id: &Text, fault: Fault) -> Fault {
    match fault {
        event @ Fault::Event(..) => Fault::resource(id, event.message()),
        other => other,
    }
}

fn expand_event(
    context: &mut Context<'_>,
    function: &FunctionParts<'_>,
    target: &EventTarget,
    name: &Text,
    event: &Node,
    role: Option<&mut Generated>,
) -> Result<Vec<Generated>> {
    let (kind, properties) = read(function.id, name, event, specification)?;
    let event = Event { function, target, name, id: function.id.with(name), kind, properties: &properties };
    match kind {
        "AlexaSkill" => alexa_skill::expand(&event),
        "CloudWatchEvent" | "EventBridgeRule" => event_rule::expand(&event),
        "CloudWatchLogs" => cloud_watch_logs::expand(context, &event),
        "Cognito" => cognito::expand(context, &event),
        "DocumentDB" => document_db::expand(&event, role),
        "DynamoDB" | "Kinesis" => stream::expand(context, &event, role),
        "IoTRule" => iot_rule::expand(context, &event),
        "MQ" => mq::expand(&event, role),
        "MSK" => msk::expand(context, &event, role),
        "S3" => s3::expand(context, &event),
        "SNS" => sns::expand(context, &event, role),
        "SQS" => sqs::expand(context, &event, role),
        "Schedule" => schedule::expand(&event),
        "ScheduleV2" => schedule_v2::expand(&event),
        "SelfManagedKafka" => kafka::expand(&event, role),
        "Api" => api::expand(context, &event),
        "HttpApi" => http_api::expand(context, &event),
        _checked => Ok(Vec::new()),
    }
}

/// Adds inline policies to a role, each once.
pub(crate) fn add_inline_policies(role: &mut Generated, policies: Vec<Node>) {
    for policy in policies {
        add_distinct(role, "Policies", policy);
    }
}

/// Adds a value to a list property of a role unless it is there.
pub(crate) fn add_distinct(role: &mut Generated, property: &str, value: Node) {
    match role.properties.get_mut(property).and_then(Node::as_list_mut) {
        Some(list) if list.contains(&value) => {}
        Some(list) => list.push(value),
        None => role.put(property, vec![value]),
    }
}
