//! Marks the parts of a template whose texts count as the author's own in the hash behind a deployment's id.
//!
//! Observed: only templates with a REST API (given, or by an event) or with an HTTP API that has a default authorizer are
//! marked; in those, properties of APIs, events and conditions of functions and state machines, `Globals.Api`, parameters,
//! and all logical ids.

use crate::context::Context;
use crate::node::{Map, Node, Text};

pub(crate) fn mark(context: &mut Context<'_>, globals: Option<&mut Node>) {
    if !has_api(&context.resources, globals.as_deref()) {
        return;
    }
    let mut parameters = Map::new();
    for (name, value) in std::mem::take(&mut context.parameters).iter() {
        parameters.insert(Text::template(name.as_str()), value.clone().into_template());
    }
    context.parameters = parameters;
    if let Some(api) = globals.and_then(|globals| globals.as_map_mut()).and_then(|globals| globals.get_mut("Api")) {
        mark_value(api);
    }
    let mut resources = Map::hashed();
    for (id, resource) in std::mem::take(&mut context.resources).iter() {
        let mut resource = resource.clone();
        mark_resource(&mut resource);
        resources.insert(Text::template(id.as_str()), resource);
    }
    context.resources = resources;
}

fn mark_resource(resource: &mut Node) {
    let Some(resource) = resource.as_map_mut() else { return };
    match resource.str("Type") {
        Some("AWS::Serverless::Api" | "AWS::Serverless::HttpApi") => {
            if let Some(properties) = resource.get_mut("Properties") {
                mark_value(properties);
            }
        }
        Some("AWS::Serverless::Function" | "AWS::Serverless::StateMachine") => {
            if let Some(condition) = resource.get_mut("Condition") {
                mark_value(condition);
            }
            let Some(properties) = resource.map_mut("Properties") else { return };
            for key in ["FunctionName", "Events"] {
                if let Some(value) = properties.get_mut(key) {
                    mark_value(value);
                    *value = value.deep_copy();
                }
            }
        }
        Some(_) | None => {}
    }
}

fn mark_value(value: &mut Node) {
    let inner = std::mem::replace(value, Node::Null);
    *value = inner.into_template();
}

fn has_api(resources: &Map, globals: Option<&Node>) -> bool {
    resources.values().filter_map(Node::as_map).any(|resource| {
        let properties = resource.map("Properties");
        match resource.str("Type") {
            Some("AWS::Serverless::Api") => true,
            Some("AWS::Serverless::Function" | "AWS::Serverless::StateMachine") => {
                let events = properties.and_then(|properties| properties.map("Events"));
                events
                    .into_iter()
                    .flat_map(Map::values)
                    .any(|event| event.as_map().is_some_and(|event| event.str("Type") == Some("Api")))
            }
            Some("AWS::Serverless::HttpApi") => {
                let auth = properties.and_then(|properties| properties.map("Auth"));
                let global = globals.and_then(Node::as_map).and_then(|globals| globals.map("HttpApi"));
                let global_auth = global.and_then(|api| api.map("Auth"));
                auth.is_some_and(|auth| auth.contains("DefaultAuthorizer"))
                    || global_auth.is_some_and(|auth| auth.contains("DefaultAuthorizer"))
            }
            Some(_) | None => false,
        }
    })
}
