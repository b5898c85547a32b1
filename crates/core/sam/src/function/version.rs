//! `AutoPublishAlias`: a version of the function that changes with its code, and an alias pointing to it.

use super::FunctionParts;
use crate::context::Context;
use crate::deployment_preference::Preference;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference};
use crate::node::{Map, Node, Text, list, map};
use crate::python;

/// The alias that `AutoPublishAlias` asks for.
pub(crate) fn alias_name(context: &Context<'_>, parts: &FunctionParts<'_>) -> Result<Option<Text>> {
    let id = parts.id;
    let Some(given) = parts.properties.truthy("AutoPublishAlias") else {
        return Ok(None);
    };
    let mut value = given.clone();
    context.resolve_all(&mut value)?;
    let Node::Text(name) = value else {
        return Err(Fault::resource(id, "'AutoPublishAlias' must be a string or a Ref to a template parameter"));
    };
    if name.is_empty() {
        return Err(Fault::resource(id, "Alias name is required to create an alias"));
    }
    let valid = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !name.chars().all(|c| c.is_ascii_digit());
    if !valid {
        return Err(Fault::resource(
            id,
            format!(
                "AutoPublishAlias name ('{name}') must contain only alphanumeric characters, hyphens, or underscores \
                 matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern."
            ),
        ));
    }
    Ok(Some(name))
}

/// The logical id of the alias `name` of a function.
pub(crate) fn alias_id(function: &Text, name: &str) -> Text {
    let letters = name.replace('-', "D").replace('_', "U");
    function.with(&format!("Alias{letters}"))
}

pub(crate) fn version_and_alias(
    context: &Context<'_>,
    parts: &FunctionParts<'_>,
    lambda: &mut Generated,
    name: &Text,
) -> Result<(Generated, Generated)> {
    let version = version(context, parts, lambda)?;
    let alias_id = alias_id(parts.id, name);
    let mut alias = Generated::new(alias_id, "AWS::Lambda::Alias").with_attributes(parts.attributes);
    alias.put("FunctionName", reference(parts.id));
    alias.put("FunctionVersion", get_att(version.id.clone(), "Version"));
    alias.put("Name", Node::from(name));
    alias.set("ProvisionedConcurrencyConfig", parts.properties.truthy("ProvisionedConcurrencyConfig"));
    Ok((version, alias))
}

fn version(context: &Context<'_>, parts: &FunctionParts<'_>, lambda: &mut Generated) -> Result<Generated> {
    let properties = parts.properties;
    let prefix = parts.id.with("Version");
    let given_hash = given_hash(context, parts)?;
    // The values that the id depends on are resolved in place, so they come out resolved.
    if let Some(code) = lambda.properties.get_mut("Code") {
        context.resolve(code)?;
    }
    let suffix = match &given_hash {
        Some(hash) => {
            let short: String = hash.chars().take(10).collect();
            lambda.put("Description", description_with_hash(properties.present("Description"), hash));
            short
        }
        None => python::id_suffix(&hash_input(context, parts, lambda)?),
    };
    let mut attributes = parts.attributes.clone();
    if let Some(policy) = properties.present("VersionDeletionPolicy") {
        let mut policy = policy.clone();
        context.resolve_all(&mut policy)?;
        attributes.insert("DeletionPolicy", policy);
    } else if !attributes.contains("DeletionPolicy") {
        let managed = properties.truthy("CapacityProviderConfig").is_some();
        attributes.insert("DeletionPolicy", if managed { "Delete" } else { "Retain" });
    }
    let mut version = Generated::new(prefix.with(&suffix), "AWS::Lambda::Version").with_attributes(&attributes);
    version.set("Description", properties.present("VersionDescription"));
    version.put("FunctionName", reference(parts.id));
    version.set("FunctionScalingConfig", lambda.properties.get("FunctionScalingConfig"));
    Ok(version)
}

/// `AutoPublishCodeSha256` if it has a value.
fn given_hash(context: &Context<'_>, parts: &FunctionParts<'_>) -> Result<Option<String>> {
    let Some(hash) = parts.properties.truthy("AutoPublishCodeSha256") else { return Ok(None) };
    let mut hash = hash.clone();
    context.resolve_all(&mut hash)?;
    match hash {
        Node::Text(text) => Ok(Some(text.into_string())),
        _other => Err(Fault::resource(parts.id, "AutoPublishCodeSha256 must be a string")),
    }
}

/// A new hash must change the function too, or CloudFormation would publish no new version.
fn description_with_hash(description: Option<&Node>, hash: &str) -> Node {
    match description {
        Some(Node::Text(text)) if !text.is_empty() => Node::Text(text.with(&format!(" {hash}"))),
        Some(intrinsic @ Node::Map(_)) => Node::Map(map! {"Fn::Join" => list![" ", list![intrinsic, hash]]}),
        _other => hash.into(),
    }
}

fn hash_input(context: &Context<'_>, parts: &FunctionParts<'_>, lambda: &Generated) -> Result<Node> {
    let properties = parts.properties;
    if let Some(all) = properties.present("AutoPublishAliasAllProperties") {
        let mut all = all.clone();
        context.resolve_all(&mut all)?;
        if all.truthy() {
            return all_properties(context, parts, lambda);
        }
    }
    let mut input = lambda.properties.map("Code").cloned().unwrap_or_default();
    if let Some(environment) = properties.map("Environment") {
        for (key, value) in environment.iter() {
            input.insert(key.clone(), value.clone());
        }
    }
    input.set("MemorySize", properties.truthy("MemorySize"));
    if let Some(snap_start) = properties.truthy("SnapStart")
        && snap_start.as_map().and_then(|map| map.str("ApplyOn")) != Some("None")
    {
        input.insert("SnapStart", snap_start);
    }
    Ok(Node::Map(input))
}

fn all_properties(context: &Context<'_>, parts: &FunctionParts<'_>, lambda: &Generated) -> Result<Node> {
    let mut input = lambda.properties.clone();
    input.set("Role", parts.properties.truthy("Role"));
    // A layer that asks for it takes part with its own properties.
    let layers = lambda.properties.list("Layers").cloned().unwrap_or_default();
    for layer in &layers {
        let Some(id) = crate::intrinsics::target(layer) else { continue };
        let Some(resource) = context.resource(id) else { continue };
        let Some(layer_properties) = resource.map("Properties") else { continue };
        if layer_properties.get("PublishLambdaVersion").is_some_and(Node::truthy) {
            input.insert(id.clone(), layer_properties.clone());
        }
    }
    Ok(Node::Map(input))
}

/// Reads the deployment preference and adds the update policy to the alias.
pub(crate) fn deployment_preference(
    context: &Context<'_>,
    parts: &FunctionParts<'_>,
    value: &Node,
    condition: Option<&Node>,
    alias: Option<&mut Generated>,
) -> Result<Option<Preference>> {
    let preference = Preference::read(context, parts.id, value, condition)?;
    if !preference.is_enabled() {
        return Ok(None);
    }
    let Some(alias) = alias else {
        return Err(Fault::resource(
            parts.id,
            "'DeploymentPreference' requires AutoPublishAlias property to be specified.",
        ));
    };
    let policy = preference.update_policy(parts.id);
    let mut update = Map::new();
    update.insert("CodeDeployLambdaAliasUpdate", policy);
    alias.attributes.insert("UpdatePolicy", update);
    Ok(Some(preference))
}
