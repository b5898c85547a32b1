//! `Events` of state machines: rules, schedules and API methods that start executions.

use super::StateMachineParts;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::events::dead_letter::{Sender, dead_letter};
use crate::events::schedule_v2::{self, ScheduleTarget};
use crate::events::target_id;
use crate::events::{
    self,
    api::{self, EventAuth},
};
use crate::generated::Generated;
use crate::implicit_api::MANAGED;
use crate::intrinsics::{self, get_att, reference, sub};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Property, Shape, Specification, expect_map, literal, mapping, needed, optional, text};
use crate::role;
use crate::swagger::{self, INTEGRATION, Swagger, normal_method};
use std::borrow::Cow;

const RULE: Specification = &[
    text("EventBusName"),
    mapping("Pattern"),
    text("Input"),
    text("InputPath"),
    mapping("DeadLetterConfig"),
    mapping("RetryPolicy"),
    text("State"),
    text("RuleName"),
    mapping("Target"),
    mapping("InputTransformer"),
];

const SCHEDULE: Specification = &[
    needed(text("Schedule")),
    text("Input"),
    optional("Enabled", Shape::Boolean),
    text("State"),
    text("Name"),
    text("Description"),
    mapping("DeadLetterConfig"),
    mapping("RetryPolicy"),
    mapping("Target"),
    literal(text("RoleArn")),
];

const API: Specification = &[
    needed(text("Path")),
    needed(text("Method")),
    text("RestApiId"),
    text("Stage"),
    mapping("Auth"),
    literal(optional("UnescapeMappingTemplate", Shape::Boolean)),
];

struct Event<'a> {
    machine: &'a StateMachineParts<'a>,
    name: &'a Text,
    id: Text,
    properties: &'a Map,
    /// The state machine or its alias.
    target: &'a Text,
}

/// The properties of a kind of event; `None` for a kind that state machines do not have.
fn specification(kind: &str) -> Option<Cow<'static, [Property]>> {
    Some(match kind {
        "Api" => API.into(),
        "CloudWatchEvent" | "EventBridgeRule" => RULE.into(),
        "Schedule" => SCHEDULE.into(),
        "ScheduleV2" => schedule_v2::PROPERTIES.into(),
        _unknown => return None,
    })
}

/// Checks every event before anything else of a state machine is looked at.
pub(crate) fn prepare(context: &Context<'_>, machine: &Text, properties: &Map) -> Result<()> {
    for (name, event) in properties.map("Events").into_iter().flat_map(Map::iter) {
        let (kind, properties) = events::read(machine, name, event, specification)?;
        if kind == "Api" {
            api::linked(context, name, &properties).map_err(|fault| events::wrap(machine, fault))?;
        }
    }
    Ok(())
}

pub(crate) fn expand_events(
    context: &mut Context<'_>,
    machine: &StateMachineParts<'_>,
    target: &Text,
) -> Result<Vec<Generated>> {
    let Some(events) = machine.properties.truthy("Events") else { return Ok(Vec::new()) };
    let events = expect_map(machine.id, events, "Events")?;
    let mut made = Vec::new();
    for (name, event) in events.iter() {
        let (kind, properties) = events::read(machine.id, name, event, specification)?;
        let event = Event { machine, name, id: machine.id.with(name), properties: &properties, target };
        made.extend(match kind {
            "CloudWatchEvent" | "EventBridgeRule" => rule(&event)?,
            "Schedule" => schedule(&event)?,
            "ScheduleV2" => schedule_v2::expand_for(ScheduleTarget {
                id: &event.id,
                properties: &properties,
                attributes: machine.attributes,
                arn: reference(target),
                action: "states:StartExecution",
                policy_suffix: "StartExecutionPolicy",
            })?,
            "Api" => vec![api_method(context, &event)?],
            _checked => Vec::new(),
        });
    }
    Ok(made)
}

/// The role that a service starts executions with.
fn start_role(event: &Event<'_>, service: &str) -> Generated {
    let id = event.id.with("Role");
    let mut role = Generated::new(id.clone(), "AWS::IAM::Role").with_attributes(event.machine.attributes);
    role.put("AssumeRolePolicyDocument", role::assume_role_policy(service));
    let statement = map! {
        "Action" => "states:StartExecution",
        "Effect" => "Allow",
        "Resource" => reference(event.target),
    };
    let document = Node::Map(map! {"Statement" => list![statement]});
    role.put("Policies", list![role::inline(id.with("StartExecutionPolicy"), document)]);
    role.set("PermissionsBoundary", event.machine.properties.present("PermissionsBoundary"));
    role
}

fn rule(event: &Event<'_>) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let mut rule = Generated::new(event.id.clone(), "AWS::Events::Rule").with_attributes(event.machine.attributes);
    rule.copy(properties, &["EventBusName"]);
    rule.set("State", properties.truthy("State"));
    rule.set("EventPattern", properties.present("Pattern"));
    rule.set("Name", properties.present("RuleName"));
    let role = start_role(event, "events.amazonaws.com");
    let role_arn = get_att(role.id.clone(), "Arn");
    let mut made = vec![role];
    made.extend(target(event, &mut rule, role_arn, &["Input", "InputPath", "RetryPolicy", "InputTransformer"])?);
    made.push(rule);
    Ok(made)
}

fn schedule(event: &Event<'_>) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let mut rule = Generated::new(event.id.clone(), "AWS::Events::Rule").with_attributes(event.machine.attributes);
    rule.set("ScheduleExpression", properties.present("Schedule"));
    rule.copy(properties, &["Name", "Description"]);
    match (properties.present("State"), properties.present("Enabled")) {
        (Some(_), Some(_)) => {
            return Err(Fault::event(event.name, "State and Enabled Properties cannot both be specified."));
        }
        (Some(state), None) => rule.set("State", Some(state).filter(|state| state.truthy())),
        (None, Some(enabled)) => rule.put("State", if enabled.truthy() { "ENABLED" } else { "DISABLED" }),
        (None, None) => {}
    }
    let mut made = Vec::new();
    let role_arn = match properties.present("RoleArn") {
        Some(arn) => arn.clone(),
        None => {
            let role = start_role(event, "events.amazonaws.com");
            let arn = get_att(role.id.clone(), "Arn");
            made.push(role);
            arn
        }
    };
    made.extend(target(event, &mut rule, role_arn, &["Input", "RetryPolicy"])?);
    made.push(rule);
    Ok(made)
}

/// Gives a rule its target; returns the resources of a dead-letter queue.
fn target(event: &Event<'_>, rule: &mut Generated, role: Node, same: &[&str]) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let dead_letter = dead_letter(&event.id, properties, Sender::Rule(&event.id), event.machine.attributes)?;
    let mut target = Map::new();
    target.insert("Arn", reference(event.target));
    let given = properties.map("Target").and_then(|target| target.truthy("Id")).cloned();
    target.insert("Id", given.unwrap_or_else(|| target_id(&event.id, "StepFunctionsTarget").into()));
    target.insert("RoleArn", role);
    for key in same {
        target.set(*key, properties.present(key));
    }
    target.set("DeadLetterConfig", dead_letter.config);
    rule.put("Targets", vec![Node::Map(target)]);
    Ok(dead_letter.resources)
}

/// Adds the integration to the API's document; returns the role that API Gateway starts executions with.
fn api_method(context: &mut Context<'_>, event: &Event<'_>) -> Result<Generated> {
    let (api, _stage) = api::linked(context, event.name, event.properties)?;
    let role = start_role(event, "apigateway.amazonaws.com");
    let Some(properties) = context.resource_mut(&api).and_then(|resource| resource.map_mut("Properties")) else {
        return Ok(role);
    };
    if properties.truthy(MANAGED).is_none() {
        return Ok(role);
    }
    let Some(body) = properties.get("DefinitionBody").filter(|body| swagger::is_valid(body)) else { return Ok(role) };
    let text = |key: &str| event.properties.text(key).cloned().unwrap_or_else(|| "".into());
    let (path, method) = (text("Path"), normal_method(&text("Method")));
    let mut editor = Swagger::new(body)?;
    if editor.has_integration(&path, &method)? {
        let method = text("Method").to_lowercase();
        return Err(Fault::event(
            event.name,
            format!("API method \"{method}\" defined multiple times for path \"{path}\"."),
        ));
    }
    add_integration(&mut editor, event, &path, &method, &role.id)?;
    if let Some(auth) = event.properties.truthy("Auth") {
        let auth = expect_map(&event.id, auth, "Auth")?;
        let api_auth = properties.truthy("Auth").cloned();
        let event_auth = EventAuth { event: event.name, path: &path, method: &method, auth, api: None };
        api::add_auth(&mut editor, &event_auth, api_auth.as_ref(), None)?;
    }
    properties.insert("DefinitionBody", editor.finished());
    Ok(role)
}

fn add_integration(editor: &mut Swagger, event: &Event<'_>, path: &Text, method: &Text, role: &Text) -> Result<()> {
    let condition = event.machine.attributes.get("Condition");
    editor.add_path(path, method)?;
    let status = |code: &str, key: &str, value: &str| {
        let mut response = Map::hashed();
        response.insert(key, value);
        (Text::from(code), response)
    };
    let both = |first: (Text, Map), second: (Text, Map)| {
        let mut responses = Map::hashed();
        responses.insert(first.0, first.1);
        responses.insert(second.0, second.1);
        responses
    };
    for item in editor.path_variants(path)? {
        let mut integration = Map::hashed();
        integration.insert("type", "aws");
        integration.insert("httpMethod", "POST");
        let uri = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution");
        integration.insert("uri", intrinsics::under_condition(condition, uri));
        integration.insert("responses", both(status("200", "statusCode", "200"), status("400", "statusCode", "400")));
        integration.insert("credentials", get_att(role.as_str(), "Arn"));
        let mut templates = Map::hashed();
        templates.insert("application/json", sub(request_template(event)));
        integration.insert("requestTemplates", templates);
        let mut definition = match item.get(method) {
            Some(Node::Map(existing)) if !existing.contains("Fn::If") => existing.clone(),
            Some(_) | None => Map::hashed(),
        };
        definition.insert(INTEGRATION, integration);
        definition
            .insert("responses", both(status("200", "description", "OK"), status("400", "description", "Bad Request")));
        item.insert(method.clone(), intrinsics::under_condition(condition, Node::Map(definition)));
    }
    Ok(())
}

fn request_template(event: &Event<'_>) -> String {
    let unescape = if event.properties.get("UnescapeMappingTemplate").is_some_and(Node::truthy) {
        r#".replaceAll("\\'","'")"#
    } else {
        ""
    };
    let target = event.target;
    format!(r#"{{"input": "$util.escapeJavaScript($input.json('$')){unescape}", "stateMachineArn": "${{{target}}}"}}"#)
}
