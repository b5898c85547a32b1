//! `AWS::Serverless::Connector`: permissions between two resources, from a table of what each pair of types needs.
//!
//! Connectors come last: they read the resources that the others have become.

mod embedded;
mod reference;

pub(crate) use embedded::expand_embedded;

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{sub_with, target};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, required};
use crate::tables;
use reference::Reference;

const KIND: &str = "AWS::Serverless::Connector";

const PROPERTIES: Specification =
    &[required("Source", Shape::Map), required("Destination", Shape::MapOrMaps), required("Permissions", Shape::Texts)];

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let source = properties.get("Source").cloned().unwrap_or(Node::Null);
    let mut made = Vec::new();
    match properties.get("Destination") {
        Some(Node::List(destinations)) => {
            if destinations.is_empty() {
                return Err(Fault::resource(id, "'Destination' is an empty list"));
            }
            for (index, destination) in destinations.iter().enumerate() {
                let pair = Pair { id, resource, source: &source, destination, suffix: format!("Destination{index}") };
                made.extend(expand_pair(context, &pair, properties)?);
            }
        }
        Some(destination) => {
            let pair = Pair { id, resource, source: &source, destination, suffix: String::new() };
            made.extend(expand_pair(context, &pair, properties)?);
        }
        None => {}
    }
    let ids = made.iter().map(|resource| resource.id.clone()).collect();
    context.connector_resources.insert(id.to_string(), ids);
    Ok(made)
}

struct Pair<'a> {
    id: &'a Text,
    resource: &'a Map,
    source: &'a Node,
    destination: &'a Node,
    suffix: String,
}

fn expand_pair(context: &mut Context<'_>, pair: &Pair<'_>, properties: &Map) -> Result<Vec<Generated>> {
    let fault = |message: String| Fault::resource(pair.id, message);
    let destination = Reference::read(context, pair.id, pair.destination, None)?;
    let source = Reference::read(context, pair.id, pair.source, Some(&destination))?;
    let Some(profile) = tables::connector_profile(&source.kind, &destination.kind) else {
        return Err(fault(format!(
            "Unable to create connector from {} to {}; it's not supported or the template is invalid.",
            source.kind, destination.kind
        )));
    };
    let Some(profile) = profile.as_map() else { return Ok(Vec::new()) };
    let Some(settings) = profile.map("Properties") else { return Ok(Vec::new()) };
    let categories = chosen_categories(pair.id, &source, &destination, settings, properties)?;
    let mut made = match profile.str("Type") {
        Some("AWS_IAM_ROLE_MANAGED_POLICY") => {
            vec![managed_policy(pair, &source, &destination, settings, &categories)?]
        }
        Some("AWS_SQS_QUEUE_POLICY") => {
            let statements = statements(pair, &source, &destination, settings, &categories)?;
            let Some(url) = destination.queue_url.clone() else {
                return Err(fault("Unable to get SQS queue URL from 'Destination' resource.".to_owned()));
            };
            let mut policy = new(pair, "QueuePolicy", "AWS::SQS::QueuePolicy");
            policy.put("PolicyDocument", map! {"Version" => "2012-10-17", "Statement" => statements});
            policy.put("Queues", list![url]);
            vec![policy]
        }
        Some("AWS_SNS_TOPIC_POLICY") => {
            let statements = statements(pair, &source, &destination, settings, &categories)?;
            let Some(arn) = destination.arn.clone() else {
                return Err(fault("Unable to get SNS topic ARN from 'Destination' resource.".to_owned()));
            };
            let mut policy = new(pair, "TopicPolicy", "AWS::SNS::TopicPolicy");
            policy.put("PolicyDocument", map! {"Version" => "2012-10-17", "Statement" => statements});
            policy.put("Topics", list![arn]);
            vec![policy]
        }
        Some("AWS_LAMBDA_PERMISSION") => permissions(pair, &source, &destination, settings, &categories)?,
        Some(_) | None => Vec::new(),
    };
    for resource in &mut made {
        resource.attributes = attributes(pair, &source, &destination);
    }
    if let Some(by) = settings.str("DependedBy") {
        depend(context, by, &source, &destination, &made);
    }
    Ok(made)
}

fn new(pair: &Pair<'_>, suffix: &str, kind: &str) -> Generated {
    Generated::new(pair.id.with(&format!("{suffix}{}", pair.suffix)), kind)
}

fn attributes(pair: &Pair<'_>, source: &Reference, destination: &Reference) -> Map {
    let mut attributes = crate::generated::main_attributes(pair.resource);
    let mut metadata = attributes.map("Metadata").cloned().unwrap_or_default();
    let ends = map! {
        "Source" => map! {"Type" => source.written_kind.as_str()},
        "Destination" => map! {"Type" => destination.written_kind.as_str()},
    };
    metadata.insert("aws:sam:connectors", map! {pair.id.clone() => ends});
    attributes.insert("Metadata", metadata);
    attributes
}

/// The wanted categories in the profile's order.
fn chosen_categories(
    id: &Text,
    source: &Reference,
    destination: &Reference,
    settings: &Map,
    properties: &Map,
) -> Result<Vec<String>> {
    let known: Vec<String> =
        settings.map("AccessCategories").map(|all| all.keys().map(ToString::to_string).collect()).unwrap_or_default();
    let mut wanted: Vec<String> = match properties.get("Permissions") {
        Some(Node::Map(map)) => map.keys().map(ToString::to_string).collect(),
        permissions => permissions.and_then(Node::as_list).into_iter().flatten().map(crate::python::display).collect(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    let values = known.join(", ");
    if wanted.is_empty() {
        return Err(Fault::resource(id, format!("'Permissions' cannot be empty; valid values are: {values}.")));
    }
    let unsupported = |what: String| {
        Fault::resource(
            id,
            format!(
                "Unsupported 'Permissions' provided for connector from {} to {}; valid {what}.",
                source.kind, destination.kind
            ),
        )
    };
    if wanted.iter().any(|category| !known.contains(category)) {
        return Err(unsupported(format!("values are: {values}")));
    }
    if let Some(combinations) = settings.list("ValidAccessCategories") {
        let combinations: Vec<Vec<String>> = combinations
            .iter()
            .map(|one| {
                let mut one: Vec<String> = one.as_list().into_iter().flatten().map(crate::python::display).collect();
                one.sort_unstable();
                one
            })
            .collect();
        if !combinations.contains(&wanted) {
            let shown: Vec<String> = combinations.iter().map(|one| one.join(" + ")).collect();
            return Err(unsupported(format!("combinations are: {}", shown.join(", "))));
        }
    }
    Ok(known.into_iter().filter(|category| wanted.contains(category)).collect())
}

fn statements(
    pair: &Pair<'_>,
    source: &Reference,
    destination: &Reference,
    settings: &Map,
    categories: &[String],
) -> Result<Vec<Node>> {
    let mut made = Vec::new();
    for category in categories {
        let access = settings.map("AccessCategories").and_then(|all| all.map(category));
        for statement in access.and_then(|access| access.list("Statement")).into_iter().flatten() {
            let mut statement = statement.clone();
            fill(pair.id, &mut statement, source, destination)?;
            made.push(statement);
        }
    }
    Ok(made)
}

fn managed_policy(
    pair: &Pair<'_>,
    source: &Reference,
    destination: &Reference,
    settings: &Map,
    categories: &[String],
) -> Result<Generated> {
    let from_source = settings.get("SourcePolicy").is_some_and(Node::truthy);
    let (end, name) = if from_source { (source, "Source") } else { (destination, "Destination") };
    let statements = statements(pair, source, destination, settings, categories)?;
    let Some(role) = end.role.clone() else {
        return Err(Fault::resource(pair.id, format!("Unable to get IAM role name from '{name}' resource.")));
    };
    let mut policy = new(pair, "Policy", "AWS::IAM::ManagedPolicy");
    policy.put("PolicyDocument", map! {"Version" => "2012-10-17", "Statement" => statements});
    policy.put("Roles", list![role]);
    Ok(policy)
}

fn permissions(
    pair: &Pair<'_>,
    source: &Reference,
    destination: &Reference,
    settings: &Map,
    categories: &[String],
) -> Result<Vec<Generated>> {
    let mut made = Vec::new();
    for category in categories {
        let Some(access) = settings.map("AccessCategories").and_then(|all| all.get(category)) else { continue };
        let mut access = access.clone();
        fill(pair.id, &mut access, source, destination)?;
        let Some(function) = destination.arn.clone() else {
            return Err(Fault::resource(pair.id, "Unable to get Lambda function ARN from 'Destination' resource."));
        };
        let mut permission = new(pair, &format!("{category}LambdaPermission"), "AWS::Lambda::Permission");
        permission.put("FunctionName", function);
        if let Some(access) = access.as_map() {
            permission.copy(access, &["Action", "Principal", "SourceArn", "SourceAccount"]);
        }
        made.push(permission);
    }
    Ok(made)
}

/// Replaces `%{Source.Arn}` and the like: alone by the value, within a text by a variable of `Fn::Sub`.
fn fill(id: &Text, node: &mut Node, source: &Reference, destination: &Reference) -> Result<()> {
    match node {
        Node::List(items) => items.iter_mut().try_for_each(|item| fill(id, item, source, destination)),
        Node::Map(entries) => entries.values_mut().try_for_each(|value| fill(id, value, source, destination)),
        Node::Text(text) if text.contains("${") && !text.contains("%{") => {
            *node = crate::intrinsics::sub(text.clone());
            Ok(())
        }
        Node::Text(text) if text.contains("%{") => {
            *node = filled(id, text, source, destination)?;
            Ok(())
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
    }
}

fn filled(id: &Text, text: &str, source: &Reference, destination: &Reference) -> Result<Node> {
    let value = |name: &str| {
        let (end, property) = name.split_once('.').unwrap_or((name, ""));
        let end = if end == "Source" { source } else { destination };
        end.property(property).ok_or_else(|| Fault::resource(id, format!("{name} is missing.")))
    };
    if let Some(name) = text.strip_prefix("%{").and_then(|rest| rest.strip_suffix('}'))
        && !name.contains("%{")
    {
        return value(name);
    }
    let mut variables = Map::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("%{") {
        let Some((name, tail)) = after.split_once('}') else { break };
        let variable: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        out.push_str(before);
        out.push_str(&format!("${{{variable}}}"));
        variables.insert(variable, value(name)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(sub_with(out, variables))
}

/// Makes resources wait for the permissions.
fn depend(context: &mut Context<'_>, by: &str, source: &Reference, destination: &Reference, made: &[Generated]) {
    let mut waiting = Vec::new();
    match by {
        "SOURCE" => waiting.extend(source.id.clone()),
        "DESTINATION_EVENT_SOURCE_MAPPING" => {
            let (Some(source), Some(destination)) = (&source.id, &destination.id) else { return };
            for (id, resource) in context.resources.iter() {
                let Some(resource) = resource.as_map() else { continue };
                let Some(properties) = resource.map("Properties") else { continue };
                let points = |key: &str, wanted: &Text| properties.get(key).and_then(target) == Some(wanted);
                if resource.str("Type") == Some("AWS::Lambda::EventSourceMapping")
                    && points("FunctionName", destination)
                    && points("EventSourceArn", source)
                {
                    waiting.push(id.clone());
                }
            }
        }
        _other => {}
    }
    for id in waiting {
        let Some(resource) = context.resource_mut(&id) else { continue };
        let mut names = match resource.get("DependsOn") {
            None | Some(Node::Null) => Vec::new(),
            Some(Node::List(names)) => names.clone(),
            Some(single) => vec![single.clone()],
        };
        for generated in made {
            let name = Node::from(&generated.id);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        resource.insert("DependsOn", names);
    }
}

/// Replaces connectors in `DependsOn` by what they became.
pub(crate) fn rewrite_depends_on(context: &mut Context<'_>) {
    let connectors = std::mem::take(&mut context.connector_resources);
    for resource in context.resources.values_mut() {
        let Some(resource) = resource.as_map_mut() else { continue };
        let names = match resource.get("DependsOn") {
            Some(Node::List(names)) => names.clone(),
            Some(single @ Node::Text(_)) => vec![single.clone()],
            Some(_) | None => continue,
        };
        if !names.iter().filter_map(Node::as_str).any(|name| connectors.contains_key(name)) {
            continue;
        }
        // What replaces connectors comes last.
        let (replaced, mut rewritten): (Vec<Node>, Vec<Node>) =
            names.into_iter().partition(|name| name.as_str().is_some_and(|name| connectors.contains_key(name)));
        for id in replaced.iter().filter_map(Node::as_str).filter_map(|name| connectors.get(name)).flatten() {
            let id = Node::from(id);
            if !rewritten.contains(&id) {
                rewritten.push(id);
            }
        }
        resource.insert("DependsOn", rewritten);
    }
}
