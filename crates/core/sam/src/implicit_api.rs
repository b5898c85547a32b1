//! Paths of `Api` and `HttpApi` events are put into the documents of their APIs before anything is expanded; events without
//! an API get one that the transform adds.

use crate::context::Context;
use crate::error::Fault;
use crate::node::{Map, Node, Text, map};
use crate::properties::{is_required, should_be};
use crate::swagger::{self, Swagger, normal_method};
use std::collections::BTreeMap;

/// The two kinds of APIs that can be implicit.
#[derive(Debug)]
pub(crate) struct Kind {
    id: &'static str,
    api_type: &'static str,
    event_type: &'static str,
    id_property: &'static str,
    condition: &'static str,
    is_http: bool,
}

pub(crate) const REST: Kind = Kind {
    id: "ServerlessRestApi",
    api_type: "AWS::Serverless::Api",
    event_type: "Api",
    id_property: "RestApiId",
    condition: "ServerlessRestApiCondition",
    is_http: false,
};

pub(crate) const HTTP: Kind = Kind {
    id: "ServerlessHttpApi",
    api_type: "AWS::Serverless::HttpApi",
    event_type: "HttpApi",
    id_property: "ApiId",
    condition: "ServerlessHttpApiCondition",
    is_http: true,
};

/// The hidden property of APIs whose document the transform writes.
pub(crate) const MANAGED: &str = "__MANAGE_SWAGGER";

/// Gives APIs without a definition an empty one.
pub(crate) fn add_default_definitions(context: &mut Context<'_>) {
    for (_, resource) in context.resources.iter_mut() {
        let Some(resource) = resource.as_map_mut() else { continue };
        let document = match resource.str("Type") {
            Some("AWS::Serverless::Api") => swagger::skeleton(),
            Some("AWS::Serverless::HttpApi") => swagger::open_api_skeleton(),
            Some(_) | None => continue,
        };
        if resource.get("Properties").is_some_and(Node::is_null) {
            resource.remove("Properties");
        }
        let Some(properties) = resource.map_or_insert("Properties", Map::hashed) else { continue };
        if properties.truthy("DefinitionBody").is_none() && properties.truthy("DefinitionUri").is_none() {
            properties.insert("DefinitionBody", document);
            properties.insert(MANAGED, true);
        }
    }
}

/// What functions say about the APIs that their events name.
#[derive(Debug, Default)]
struct Findings {
    /// API -> path -> method -> condition of the function.
    conditions: BTreeMap<Text, BTreeMap<Text, BTreeMap<Text, Option<Node>>>>,
    deletion_policies: BTreeMap<Text, Vec<Node>>,
    replace_policies: BTreeMap<Text, Vec<Node>>,
    /// Tags that functions pass on to the implicit API.
    tags: Map,
}

/// Adds the paths of all events of one kind, and the implicit API if an event needs it.
pub(crate) fn add_paths(context: &mut Context<'_>, kind: &Kind, globals: Option<&Node>) -> Result<(), Vec<Fault>> {
    let existing = context.resources.get(kind.id).cloned();
    context.resources.insert(Text::template(kind.id), implicit_api(kind));
    let mut findings = Findings::default();
    let mut faults = Vec::new();
    let ids: Vec<Text> = context.resources.keys().cloned().collect();
    for id in ids {
        let Some(resource) = context.resource(&id) else { continue };
        let fits = match resource.str("Type") {
            Some("AWS::Serverless::Function") => true,
            Some("AWS::Serverless::StateMachine") => !kind.is_http,
            Some(_) | None => false,
        };
        if !fits {
            continue;
        }
        let Some(events) = resource.map("Properties").and_then(|properties| properties.map("Events")) else { continue };
        let condition = resource.get("Condition").cloned();
        let deletion = resource.present("DeletionPolicy").cloned();
        let replace = resource.present("UpdateReplacePolicy").cloned();
        let tags = tags_to_propagate(resource, globals);
        let names: Vec<Text> = events
            .iter()
            .filter(|(_, event)| event.as_map().is_some_and(|event| event.str("Type") == Some(kind.event_type)))
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            match add_event(context, kind, &id, &name) {
                Ok(Some((api, path, method))) => {
                    let paths = findings.conditions.entry(api.clone()).or_default();
                    paths.entry(path).or_default().insert(method, condition.clone());
                    findings.deletion_policies.entry(api.clone()).or_default().extend(deletion.clone());
                    if api == kind.id {
                        for (key, value) in tags.iter().flat_map(Map::iter) {
                            findings.tags.insert(key.clone(), value.clone());
                        }
                    }
                    findings.replace_policies.entry(api).or_default().extend(replace.clone());
                }
                Ok(None) => {}
                Err(Fault::Event(event, message)) => {
                    faults.push(Fault::resource(&id, Fault::Event(event, message).message()));
                    break;
                }
                Err(fault) => return Err(vec![fault]),
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    add_attributes(context, kind, &findings);
    add_path_conditions(context, kind, &findings).map_err(|fault| vec![fault])?;
    remove_if_unused(context, kind, existing);
    Ok(())
}

/// The tags of a resource that it passes on; globals have not been merged into it yet.
fn tags_to_propagate(resource: &Map, globals: Option<&Node>) -> Option<Map> {
    let properties = resource.map("Properties")?;
    let section = resource.str("Type").and_then(|kind| kind.strip_prefix("AWS::Serverless::"));
    let section = section.and_then(|section| globals?.as_map()?.map(section));
    let shared = |key: &str| section.and_then(|section| section.get(key));
    let on = properties.get("PropagateTags").or_else(|| shared("PropagateTags")).is_some_and(Node::truthy);
    if !on {
        return None;
    }
    let mut tags = shared("Tags").and_then(Node::as_map).cloned().unwrap_or_default();
    if let Some(own) = properties.map("Tags") {
        tags.update(own);
    }
    Some(tags)
}

fn implicit_api(kind: &Kind) -> Map {
    let mut properties = Map::hashed();
    if kind.is_http {
        properties.insert("DefinitionBody", swagger::open_api_skeleton());
    } else {
        properties.insert("StageName", "Prod");
        properties.insert("DefinitionBody", swagger::skeleton());
    }
    properties.insert(MANAGED, true);
    map! {"Type" => kind.api_type, "Properties" => properties}
}

/// The API, path and method of an event after adding them to the API's document.
fn add_event(
    context: &mut Context<'_>,
    kind: &Kind,
    function: &Text,
    name: &Text,
) -> Result<Option<(Text, Text, Text)>, Fault> {
    let event = context
        .resource_mut(function)
        .and_then(|resource| resource.map_mut("Properties"))
        .and_then(|properties| properties.map_mut("Events"))
        .and_then(|events| events.map_mut(name));
    let Some(event) = event else { return Ok(None) };
    if kind.is_http && event.get("Properties").is_none() {
        event.insert("Properties", Map::hashed());
    }
    if !kind.is_http && !event.get("Properties").is_some_and(Node::truthy) {
        // The check of the event itself says what is missing.
        return Ok(None);
    }
    let Some(Node::Map(properties)) = event.get_mut("Properties") else {
        return Err(Fault::event(name, "Properties should be a map."));
    };
    if !properties.contains(kind.id_property) {
        properties.insert(kind.id_property, map! {"Ref" => kind.id});
    }
    let (path, method) = path_and_method(kind, name, properties)?;
    let Some(api) = api_id(properties.get(kind.id_property)) else {
        return Err(Fault::event(name, should_be(kind.id_property, "a string")));
    };
    let bad_settings = kind.is_http && properties.get("RouteSettings").is_some_and(|value| value.as_map().is_none());
    if !context.resources.contains(&api) {
        let (property, api_type) = (kind.id_property, kind.api_type);
        return Err(Fault::event(
            name,
            format!("{property} must be a valid reference to an '{api_type}' resource in same template."),
        ));
    }
    if bad_settings {
        return Err(Fault::event(name, should_be("RouteSettings", "a map")));
    }
    let Some(api_properties) = api_properties(context, kind, &api) else { return Ok(Some((api, path, method))) };
    let managed = api_properties.truthy(MANAGED).is_some();
    let merged = api_properties.truthy("MergeDefinitions").is_some();
    if !managed && !merged {
        return Ok(Some((api, path, method)));
    }
    if managed && let Some(body) = api_properties.get("DefinitionBody").filter(|body| swagger::is_valid(body)) {
        let mut editor = Swagger::new(body)?;
        editor.add_path(&path, &method)?;
        let finished = editor.finished();
        api_properties.insert("DefinitionBody", finished);
    }
    Ok(Some((api, path, method)))
}

fn api_properties<'c>(context: &'c mut Context<'_>, kind: &Kind, api: &str) -> Option<&'c mut Map> {
    let resource = context.resource_mut(api)?;
    if resource.str("Type") != Some(kind.api_type) {
        return None;
    }
    resource.map_mut("Properties")
}

/// The logical id in `RestApiId` or `ApiId`: a text or a `Ref`.
pub(crate) fn api_id(property: Option<&Node>) -> Option<Text> {
    match property? {
        Node::Text(id) => Some(id.clone()),
        Node::Map(map) => map.text("Ref").cloned(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => None,
    }
}

fn path_and_method(kind: &Kind, name: &Text, properties: &mut Map) -> Result<(Text, Text), Fault> {
    let (path, method) = (properties.present("Path"), properties.present("Method"));
    if kind.is_http && !path.is_some_and(Node::truthy) && !method.is_some_and(Node::truthy) {
        properties.insert("Path", "$default");
        properties.insert("Method", swagger::ANY_METHOD);
        return Ok(("$default".into(), swagger::ANY_METHOD.into()));
    }
    let field = |field: &str, value: Option<&Node>| match value {
        None => Err(Fault::event(name, is_required(field))),
        Some(Node::Text(text)) => Ok(text.clone()),
        Some(_other) => Err(Fault::event(name, should_be(field, "a string"))),
    };
    let path = field("Path", path)?;
    let method = normal_method(&field("Method", method)?);
    Ok((path, method))
}

fn add_attributes(context: &mut Context<'_>, kind: &Kind, findings: &Findings) {
    let id = Text::template(kind.id);
    if let Some(paths) = findings.conditions.get(&id) {
        let all: Vec<&Option<Node>> = paths.values().flat_map(BTreeMap::values).collect();
        if let Some(condition) = combined(context, all, kind.condition)
            && let Some(api) = context.resource_mut(kind.id)
        {
            api.insert("Condition", condition);
        }
    }
    let strongest = |policies: Option<&Vec<Node>>| {
        let policies = policies?;
        ["Retain", "Snapshot", "Delete"]
            .into_iter()
            .find(|wanted| policies.iter().any(|policy| policy.as_str() == Some(wanted)))
    };
    let deletion = strongest(findings.deletion_policies.get(&id));
    let replace = strongest(findings.replace_policies.get(&id));
    if let Some(api) = context.resource_mut(kind.id) {
        api.set("DeletionPolicy", deletion);
        api.set("UpdateReplacePolicy", replace);
        if !findings.tags.is_empty()
            && let Some(properties) = api.map_mut("Properties")
        {
            properties.insert("Tags", &findings.tags);
            properties.insert("PropagateTags", true);
        }
    }
}

/// The condition under which any of `conditions` holds; `None` if one is missing.
fn combined(context: &mut Context<'_>, conditions: Vec<&Option<Node>>, name: &str) -> Option<Node> {
    let mut distinct: Vec<Node> = Vec::new();
    for condition in conditions {
        let condition = condition.as_ref()?;
        if !distinct.contains(condition) {
            distinct.push(condition.clone());
        }
    }
    distinct.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    if distinct.len() == 1 {
        return distinct.pop();
    }
    add_or(context, &distinct, name);
    (!distinct.is_empty()).then(|| name.into())
}

/// `Fn::Or` takes ten conditions: the first ten get a condition of their own, which the next link holds as its last.
fn add_or(context: &mut Context<'_>, conditions: &[Node], name: &str) {
    const MOST: usize = 10;
    let mut link = conditions.len().saturating_sub(2) / (MOST - 1);
    let mut rest = conditions;
    let mut previous: Option<Node> = None;
    loop {
        let room = if previous.is_some() { MOST - 1 } else { MOST };
        let (head, tail) = rest.split_at(room.min(rest.len()));
        let mut list: Vec<Node> =
            head.iter().chain(previous.iter()).map(|name| Node::Map(map! {"Condition" => name})).collect();
        let name = if tail.is_empty() { Text::from(name) } else { Text::from(format!("{name}{link}")) };
        if list.len() > 1 {
            context.conditions.insert(name.clone(), map! {"Fn::Or" => list});
        } else if let Some(single) = list.pop() {
            context.conditions.insert(name.clone(), single);
        }
        if tail.is_empty() {
            return;
        }
        previous = Some(Node::Text(name));
        rest = tail;
        link = link.saturating_sub(1);
    }
}

fn add_path_conditions(context: &mut Context<'_>, kind: &Kind, findings: &Findings) -> Result<(), Fault> {
    for (api, paths) in &findings.conditions {
        let managed = api_properties(context, kind, api).is_some_and(|properties| properties.truthy(MANAGED).is_some());
        if !managed {
            continue;
        }
        let mut conditional = Vec::new();
        let body = api_properties(context, kind, api).and_then(|properties| properties.get("DefinitionBody").cloned());
        let Some(body) = body else { continue };
        let mut editor = Swagger::new(&body)?;
        for path in editor.path_names() {
            let Some(methods) = paths.get(&path) else { continue };
            let name = format!("{api}{}PathCondition", letters_of_path(&path));
            if let Some(condition) = combined(context, methods.values().collect(), &name) {
                conditional.push((path, condition));
            }
        }
        for (path, condition) in conditional {
            editor.make_path_conditional(&path, &condition);
        }
        if let Some(properties) = api_properties(context, kind, api) {
            properties.insert("DefinitionBody", editor.finished());
        }
    }
    Ok(())
}

fn letters_of_path(path: &str) -> String {
    path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB")
}

fn remove_if_unused(context: &mut Context<'_>, kind: &Kind, existing: Option<Node>) {
    let has_paths = context
        .resource(kind.id)
        .and_then(|api| api.map("Properties"))
        .and_then(|properties| properties.map("DefinitionBody"))
        .and_then(|body| body.map("paths"))
        .is_some_and(|paths| !paths.is_empty());
    if !has_paths {
        match existing {
            Some(resource) => context.resources.insert(kind.id, resource),
            None => {
                context.resources.remove(kind.id);
            }
        }
    }
}
