//! `AWS::Serverless::StateMachine`: a Step Functions state machine with role, version, alias and events.

mod definition;
mod events;

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::function::{assign_tags, s3_location};
use crate::generated::{self, Generated};
use crate::intrinsics::{get_att, reference};
use crate::node::{Map, Node, Text};
use crate::policies::Policies;
use crate::properties::{Shape, Specification, check, expect_map, free, literal, mapping, optional, should_be, text};
use crate::python;
use crate::role::{self, RoleParts};

const KIND: &str = "AWS::Serverless::StateMachine";

const PROPERTIES: Specification = &[
    mapping("Definition"),
    optional("DefinitionUri", Shape::TextOrMap),
    mapping("Logging"),
    text("Role"),
    free("RolePath"),
    mapping("DefinitionSubstitutions"),
    optional("Events", Shape::Maps),
    text("Name"),
    text("Type"),
    mapping("Tags"),
    optional("PropagateTags", Shape::Boolean),
    optional("Policies", Shape::Policies),
    mapping("Tracing"),
    text("PermissionsBoundary"),
    free("AutoPublishAlias"),
    free("DeploymentPreference"),
    literal(optional("UseAliasAsEventTarget", Shape::Boolean)),
];

/// A state machine being expanded.
#[derive(Debug)]
pub(crate) struct StateMachineParts<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    /// Attributes for derived resources.
    pub(crate) attributes: &'a Map,
}

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let attributes = context.passthrough(resource);
    events::prepare(context, id, properties)?;
    let parts = StateMachineParts { id, properties, attributes: &attributes };
    let mut machine = state_machine(&parts)?;
    machine.attributes = generated::main_attributes(resource);
    generated::refuse_reserved_tags(id, &["stateMachine:createdBy"], properties.map("Tags"))?;
    let tags = context.tags("stateMachine:createdBy", properties.map("Tags"));
    machine.put("Tags", tags.clone());
    let mut made = Vec::new();
    match properties.truthy("Role") {
        Some(_) if properties.truthy("Policies").is_some() => {
            return Err(Fault::resource(
                id,
                "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them",
            ));
        }
        Some(role) => machine.put("RoleArn", role),
        None => {
            let role = execution_role(context, &parts, tags)?;
            machine.put("RoleArn", get_att(role.id.clone(), "Arn"));
            made.push(role);
        }
    }
    let published = published(context, &parts)?;
    let target = match published.last() {
        Some(alias) if properties.get("UseAliasAsEventTarget").is_some_and(Node::truthy) => alias.id.clone(),
        Some(_) | None => id.clone(),
    };
    made.extend(published);
    made.insert(0, machine);
    made.extend(events::expand_events(context, &parts, &target)?);
    if properties.get("PropagateTags").is_some_and(Node::truthy)
        && let Some(tags) = properties.map("Tags")
    {
        for resource in &mut made {
            assign_tags(resource, tags);
        }
    }
    Ok(made)
}

fn state_machine(parts: &StateMachineParts<'_>) -> Result<Generated> {
    let (id, properties) = (parts.id, parts.properties);
    let mut machine = Generated::new(id, "AWS::StepFunctions::StateMachine");
    machine.set("StateMachineName", properties.present("Name"));
    machine.set("StateMachineType", properties.present("Type"));
    machine.set("LoggingConfiguration", properties.present("Logging"));
    machine.set("TracingConfiguration", properties.present("Tracing"));
    let mut substitutions = properties.map("DefinitionSubstitutions").cloned().unwrap_or_default();
    let definition = properties.truthy("Definition");
    let uri = properties.truthy("DefinitionUri");
    match (definition, uri) {
        (Some(_), Some(_)) => {
            return Err(Fault::resource(id, "Specify either 'Definition' or 'DefinitionUri' property and not both."));
        }
        (None, None) => {
            return Err(Fault::resource(id, "Either 'Definition' or 'DefinitionUri' property must be specified."));
        }
        (Some(definition), None) => {
            if definition.as_map().is_none() {
                return Err(Fault::resource(id, should_be("Definition", "a map")));
            }
            let mut definition = definition.clone();
            definition::replace_dynamic_values(&mut definition, &mut substitutions);
            machine.put("DefinitionString", definition::joined_lines(&definition));
        }
        (None, Some(uri)) => {
            let location = s3_location(id, "DefinitionUri", uri)?.into_map("Bucket", "Key", "Version");
            machine.put("DefinitionS3Location", location);
        }
    }
    if !substitutions.is_empty() {
        machine.put("DefinitionSubstitutions", substitutions);
    }
    Ok(machine)
}

fn execution_role(context: &Context<'_>, parts: &StateMachineParts<'_>, tags: Vec<Node>) -> Result<Generated> {
    let (id, properties) = (parts.id, parts.properties);
    let policies = Policies::read(id, properties.get("Policies"))?;
    let traces = properties.map("Tracing").is_some_and(|tracing| tracing.truthy("Enabled").is_some());
    let mut role = role::role(
        context,
        RoleParts {
            id: id.with("Role"),
            attributes: parts.attributes.clone(),
            assume_role_policy: role::assume_role_policy("states.amazonaws.com"),
            managed: Vec::new(),
            managed_last: traces.then(|| context.xray_policy()),
            policies: &policies,
            tags,
            permissions_boundary: properties.present("PermissionsBoundary").cloned(),
            path: properties.present("RolePath").cloned(),
        },
    );
    if !role.properties.contains("ManagedPolicyArns") {
        role.put("ManagedPolicyArns", Node::list());
    }
    Ok(role)
}

/// Version and alias that `AutoPublishAlias` asks for.
fn published(context: &mut Context<'_>, parts: &StateMachineParts<'_>) -> Result<Vec<Generated>> {
    let (id, properties) = (parts.id, parts.properties);
    let Some(name) = properties.truthy("AutoPublishAlias") else {
        if properties.truthy("UseAliasAsEventTarget").is_some() {
            return Err(Fault::resource(
                id,
                "'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified.",
            ));
        }
        if properties.truthy("DeploymentPreference").is_some() {
            return Err(Fault::resource(
                id,
                "'DeploymentPreference' requires 'AutoPublishAlias' property to be specified.",
            ));
        }
        return Ok(Vec::new());
    };
    let mut name = name.clone();
    context.resolve_all(&mut name)?;
    let shown = python::display(&name);
    let alias_id = id.with(&format!("Alias{shown}"));
    generated::check_id(&alias_id)?;
    let mut version =
        Generated::new(id.with("Version"), "AWS::StepFunctions::StateMachineVersion").with_attributes(parts.attributes);
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        if !version.attributes.contains(policy) {
            version.attributes.insert(policy, "Retain");
        }
    }
    version.put("StateMachineArn", reference(id));
    version.put("StateMachineRevisionId", get_att(id, "StateMachineRevisionId"));
    let mut preference = Map::new();
    preference.insert("StateMachineVersionArn", reference(&version.id));
    if properties.truthy("DeploymentPreference").is_none() {
        preference.insert("Type", "ALL_AT_ONCE");
    }
    if let Some(given) = properties.truthy("DeploymentPreference") {
        for (key, value) in expect_map(id, given, "DeploymentPreference")?.iter() {
            preference.insert(key.clone(), value.clone());
        }
    }
    let mut alias = Generated::new(alias_id, "AWS::StepFunctions::StateMachineAlias").with_attributes(parts.attributes);
    alias.put("Name", name);
    alias.put("DeploymentPreference", preference);
    context.generations.add(id, "Version", &version.id);
    context.generations.add(id, "Alias", &alias.id);
    Ok(vec![version, alias])
}
