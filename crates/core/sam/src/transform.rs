//! The passes of the transform, in AWS's order.

use crate::api::usage_plan::SharedUsagePlan;
use crate::context::Context;
use crate::deployment_preference::DeploymentPreferences;
use crate::environment::Environment;
use crate::error::{Fault, Result, SamError, collect};
use crate::generated::{self, Generated};
use crate::intrinsics::{self, Generations, Renames};
use crate::node::{Map, Node, Text};
use crate::{
    api, application, capacity_provider, connector, function, globals, graphql_api, http_api, implicit_api,
    layer_version, origin, policies, simple_table, state_machine, web_socket_api,
};
use serde_json::Value;
use std::collections::BTreeMap;

const PREFIX: &str = "AWS::Serverless::";

/// Transforms a template.
///
/// `template` is the template's JSON form with intrinsic functions in their long form; sections and resources that are not
/// SAM's pass through.
///
/// # Errors
/// All reasons why AWS's transform would refuse the template, in its order and words; see [`SamError::summary`] for the
/// one text.
pub fn transform(template: &Value, environment: &Environment) -> Result<Value, Vec<SamError>> {
    let document = Node::from(template);
    match run(document, environment) {
        Ok(document) => Ok(document.into_value()),
        Err(faults) => Err(collect(faults, template)),
    }
}

fn run(document: Node, environment: &Environment) -> Result<Node, Vec<Fault>> {
    let one = |fault: Fault| vec![fault];
    let Node::Map(mut document) = document else {
        return Err(one(Fault::document("'Resources' section is required")));
    };
    let mut context = start(&mut document, environment).map_err(one)?;
    let mut globals = document.remove("Globals");
    origin::mark(&mut context, globals.as_mut());
    implicit_api::add_default_definitions(&mut context);
    implicit_api::add_paths(&mut context, &implicit_api::REST, globals.as_ref())?;
    implicit_api::add_paths(&mut context, &implicit_api::HTTP, globals.as_ref())?;
    globals::merge(globals.as_ref(), &mut context.resources).map_err(one)?;
    let faults = connector::expand_embedded(&mut context);
    expand_resources(&mut context, faults)?;
    connector::rewrite_depends_on(&mut context);
    finish(document, context).map_err(one)
}

/// Checks the document's structure and takes it apart.
fn start<'e>(document: &mut Map, environment: &'e Environment) -> Result<Context<'e>> {
    let resources = match document.remove("Resources") {
        Some(Node::Map(resources)) if !resources.is_empty() => resources,
        Some(_) | None => return Err(Fault::document("'Resources' section is required")),
    };
    if resources.values().any(|resource| resource.as_map().is_none()) {
        return Err(Fault::document(
            "All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue.",
        ));
    }
    check_resources(&resources)?;
    let section = |name: &str| match document.get(name) {
        None => Ok(Map::new()),
        Some(Node::Map(map)) => Ok(map.clone()),
        Some(_other) => Err(Fault::document("'Mappings' or 'Parameters' is either null or not a valid dictionary.")),
    };
    let mappings = section("Mappings")?;
    let parameters = parameter_values(&section("Parameters")?, environment);
    let conditions = document.map("Conditions").cloned().unwrap_or_default();
    Ok(Context {
        environment,
        partition: environment.partition(),
        parameters,
        mappings,
        conditions,
        resources,
        generations: Generations::default(),
        renames: Renames::default(),
        deployments: DeploymentPreferences::default(),
        function_names: BTreeMap::new(),
        connector_resources: BTreeMap::new(),
        written_kinds: BTreeMap::new(),
        applications_not_ready: Vec::new(),
        generated_destinations: Vec::new(),
        shared_usage_plan: SharedUsagePlan::default(),
        record_set_groups: BTreeMap::new(),
    })
}

fn check_resources(resources: &Map) -> Result<()> {
    let mut faults = Vec::new();
    for (id, resource) in resources.iter() {
        let Some(resource) = resource.as_map() else { continue };
        let is_sam = resource.str("Type").is_some_and(|kind| kind.starts_with(PREFIX));
        if is_sam && !matches!(resource.get("Properties"), None | Some(Node::Null | Node::Map(_))) {
            faults.push(Fault::resource(id, "Attribute 'Properties' should be a map."));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Fault::Many(faults)) }
}

/// The caller's values, defaults for the others, and the two pseudo parameters that are known before deployment.
fn parameter_values(parameters: &Map, environment: &Environment) -> Map {
    let mut values = Map::new();
    for (name, value) in &environment.parameters {
        values.insert(name.as_str(), Node::from(value));
    }
    for (name, declaration) in parameters.iter() {
        if !values.contains(name)
            && let Some(default) = declaration.as_map().and_then(|declaration| declaration.get("Default"))
        {
            values.insert(name.clone(), default);
        }
    }
    values.insert("AWS::Region", environment.region.as_str());
    values.insert("AWS::Partition", environment.partition());
    values
}

/// Replaces the policy templates of a function or state machine.
fn expand_policy_templates(context: &mut Context<'_>, id: &Text, kind: &str) -> Result<()> {
    if !matches!(kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine") {
        return Ok(());
    }
    match context.resource_mut(id).and_then(|resource| resource.map_mut("Properties")) {
        Some(properties) => policies::expand_templates(id, properties),
        None => Ok(()),
    }
}

/// Groups in which resources are expanded, each in the template's order.
fn group(kind: &str) -> u8 {
    match kind {
        "AWS::Serverless::Function" => 0,
        "AWS::Serverless::StateMachine" => 1,
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" | "AWS::Serverless::WebSocketApi" => 2,
        "AWS::Serverless::Connector" => 4,
        _other => 3,
    }
}

fn expand_resources(context: &mut Context<'_>, mut faults: Vec<Fault>) -> Result<(), Vec<Fault>> {
    let mut order: Vec<(u8, Text, String)> = Vec::new();
    for (id, resource) in context.resources.iter() {
        if let Some(kind) = resource.as_map().and_then(|resource| resource.str("Type"))
            && kind.starts_with(PREFIX)
        {
            order.push((group(kind), id.clone(), kind.to_owned()));
        }
    }
    order.sort_by_key(|(group, ..)| *group);
    for (_, id, kind) in &order {
        context.written_kinds.insert(id.to_string(), kind.clone());
    }
    for (_, id, kind) in order {
        match expand_resource(context, &id, &kind) {
            Ok(()) => {}
            // A document that cannot be edited ends everything.
            Err(fault @ Fault::Document(_)) => return Err(vec![fault]),
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(application::not_ready(context));
    if !faults.is_empty() {
        return Err(faults);
    }
    let deployments = std::mem::take(&mut context.deployments);
    let (made, condition) = deployments.resources(context);
    if let Some((name, condition)) = condition {
        context.conditions.insert(name, condition);
    }
    for resource in made {
        let (id, resource) = resource.into_entry();
        context.resources.insert(id, resource);
    }
    Ok(())
}

fn expand_resource(context: &mut Context<'_>, id: &Text, kind: &str) -> Result<()> {
    expand_policy_templates(context, id, kind)?;
    if kind == "AWS::Serverless::Application" {
        application::look_up(context, id)?;
    }
    let Some(resource) = context.resource(id).cloned() else { return Ok(()) };
    generated::check_id(id)?;
    let made = expand_kind(context, id, kind, &resource)?;
    made.iter().try_for_each(|generated| generated::check_id(&generated.id))?;
    context.resources.remove(id);
    let taken: Vec<bool> = made.iter().map(|generated| context.resources.contains(&generated.id)).collect();
    for (generated, is_taken) in made.into_iter().zip(taken) {
        if generated.id != *id && is_taken && !is_shared(&generated) {
            return Err(Fault::Duplicate {
                id: id.to_string(),
                generated: generated.id.to_string(),
                kind: generated.kind,
            });
        }
        let (id, resource) = generated.into_entry();
        context.resources.insert(id, resource);
    }
    Ok(())
}

/// Kinds of resources that several resources of the template make together, each time under the same id.
fn is_shared(generated: &Generated) -> bool {
    matches!(
        generated.kind.as_str(),
        "AWS::ApiGateway::DomainName"
            | "AWS::ApiGateway::DomainNameV2"
            | "AWS::ApiGateway::DomainNameAccessAssociation"
            | "AWS::ApiGatewayV2::DomainName"
            | "AWS::Route53::RecordSetGroup"
            | "AWS::ApiGateway::UsagePlan"
            | "AWS::ApiGateway::ApiKey"
            | "AWS::ApiGateway::UsagePlanKey"
    )
}

fn expand_kind(context: &mut Context<'_>, id: &Text, kind: &str, resource: &Map) -> Result<Vec<Generated>> {
    match kind.strip_prefix(PREFIX).unwrap_or(kind) {
        "Api" => api::expand(context, id, resource),
        "Application" => application::expand(context, id, resource),
        "GraphQLApi" => graphql_api::expand(context, id, resource),
        "CapacityProvider" => capacity_provider::expand(context, id, resource),
        "Connector" => connector::expand(context, id, resource),
        "HttpApi" => http_api::expand(context, id, resource),
        "WebSocketApi" => web_socket_api::expand(context, id, resource),
        "Function" => function::expand(context, id, resource),
        "LayerVersion" => layer_version::expand(context, id, resource),
        "StateMachine" => state_machine::expand(context, id, resource),
        "SimpleTable" => simple_table::expand(id, resource),
        other => Err(Fault::unsupported(id, format!("The resource type AWS::Serverless::{other}"))),
    }
}

/// Replaces a name that is the whole value.
fn rename_whole(name: &mut Node, renames: &Renames) {
    if let Some(new) = name.as_str().and_then(|name| renames.get(name)) {
        *name = Node::from(new);
    }
}

/// Puts the document together again and rewrites references.
fn finish(mut document: Map, mut context: Context<'_>) -> Result<Node> {
    for resource in context.resources.values_mut().filter_map(Node::as_map_mut) {
        match resource.get_mut("DependsOn") {
            Some(Node::List(names)) => names.iter_mut().for_each(|name| rename_whole(name, &context.renames)),
            Some(name) => rename_whole(name, &context.renames),
            None => {}
        }
    }
    document.remove("Transform");
    if !context.conditions.is_empty() || document.contains("Conditions") {
        document.insert("Conditions", context.conditions);
    }
    document.insert("Resources", context.resources);
    let mut document = Node::Map(document);
    intrinsics::rename(&mut document, &context.renames);
    context.generations.resolve(&mut document);
    Ok(document)
}
