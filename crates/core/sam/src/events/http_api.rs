//! `HttpApi`: a route of an HTTP API that invokes the function.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::implicit_api::api_id;
use crate::intrinsics::{self, sub, sub_with};
use crate::node::{Map, Node, Text, map};
use crate::properties::{Shape, Specification, free, mapping, optional, should_be, text};
use crate::python;
use crate::swagger::{self, ANY_METHOD, INTEGRATION, Swagger, normal_method, path_with_wildcards};

pub(super) const PROPERTIES: Specification = &[
    text("Path"),
    text("Method"),
    text("ApiId"),
    text("Stage"),
    mapping("Auth"),
    optional("TimeoutInMillis", Shape::Integer),
    free("RouteSettings"),
    text("PayloadFormatVersion"),
];

const DEFAULT: &str = "$default";

/// The API that an event belongs to.
pub(super) fn linked(context: &Context<'_>, name: &Text, properties: &Map) -> Result<Text> {
    let Some(api) = api_id(properties.get("ApiId")) else {
        return Err(Fault::event(name, should_be("ApiId", "a string")));
    };
    if context.resource(&api).is_none() {
        return Err(Fault::event(
            name,
            "ApiId must be a valid reference to an 'AWS::Serverless::HttpApi' resource in same template.",
        ));
    }
    Ok(api)
}

pub(crate) fn expand(context: &mut Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    if let Some(settings) = event.properties.get("RouteSettings")
        && settings.as_map().is_none()
    {
        return Err(event.fault(should_be("RouteSettings", "a map")));
    }
    let given = event.properties.get("ApiId");
    let api = linked(context, event.name, event.properties)?;
    let route = Route::of(event);
    let has_integration = edit_document(context, event, &api, &route)?;
    add_route_settings(context, event, &api, &route);
    if has_integration || (!route.is_default() && has_default_route(event, &api)) {
        return Ok(Vec::new());
    }
    Ok(vec![permission(event, given, &route)])
}

struct Route {
    path: Text,
    method: Text,
}

impl Route {
    fn of(event: &Event<'_>) -> Route {
        let text = |key: &str, fallback: &str| event.properties.text(key).cloned().unwrap_or_else(|| fallback.into());
        Route { path: text("Path", DEFAULT), method: normal_method(&text("Method", ANY_METHOD)) }
    }
    fn is_default(&self) -> bool {
        self.path == DEFAULT
    }
}

/// Whether the function has the default route of the API, whose permission covers all others.
fn has_default_route(event: &Event<'_>, api: &Text) -> bool {
    let events = event.function.properties.map("Events");
    events.into_iter().flat_map(Map::values).filter_map(Node::as_map).any(|other| {
        other.str("Type") == Some("HttpApi")
            && other.map("Properties").is_some_and(|properties| {
                properties.str("Path") == Some(DEFAULT) && api_id(properties.get("ApiId")).as_ref() == Some(api)
            })
    })
}

fn permission(event: &Event<'_>, given: Option<&Node>, route: &Route) -> Generated {
    let path = if route.is_default() {
        "*".to_owned()
    } else if route.path == "/$default" {
        DEFAULT.to_owned()
    } else {
        let method = if route.method == ANY_METHOD { "*".to_owned() } else { route.method.to_uppercase() };
        format!("{method}{}", path_with_wildcards(&route.path))
    };
    let arn = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{path}"
    );
    let mut permission = event.permission("apigateway.amazonaws.com");
    let id = given.cloned().unwrap_or(Node::Null);
    permission.put("SourceArn", sub_with(arn, map! {"__ApiId__" => id, "__Stage__" => "*"}));
    permission
}

/// Adds the route; returns whether the document already had an integration for it.
fn edit_document(context: &mut Context<'_>, event: &Event<'_>, api: &Text, route: &Route) -> Result<bool> {
    let Some(properties) = context.resource_mut(api).and_then(|resource| resource.map_mut("Properties")) else {
        return Ok(false);
    };
    let Some(body) = properties.get("DefinitionBody") else { return Ok(false) };
    let body = without_null_methods(body, route);
    if !swagger::is_valid(&body) {
        return Ok(false);
    }
    let mut editor = Swagger::new(&body)?;
    let existing = editor.has_integration(&route.path, &route.method)?;
    if !existing {
        add_integration(&mut editor, event, route)?;
    }
    let auth = match event.properties.truthy("Auth") {
        None => None,
        Some(auth) => Some(crate::properties::expect_map(&event.id, auth, "Auth")?),
    };
    if let Some(auth) = auth {
        add_auth(&mut editor, event, route, auth, properties.get("Auth"))?;
    }
    let timeout = event.properties.truthy("TimeoutInMillis").cloned();
    let version = event.properties.truthy("PayloadFormatVersion").cloned();
    let parameters = path_parameters(&route.path);
    editor.each_definition(&route.path, &route.method, |definition| {
        if !parameters.is_empty() {
            add_parameters(definition, &parameters);
        }
        if let Some(integration) = definition.map_mut(INTEGRATION) {
            integration.set("timeoutInMillis", timeout.clone());
            match &version {
                Some(version) => integration.insert("payloadFormatVersion", version),
                None if !existing => integration.insert("payloadFormatVersion", "2.0"),
                None => {}
            }
        }
        Ok(())
    })?;
    properties.insert("DefinitionBody", editor.finished());
    Ok(existing)
}

/// `post: null` in a given document is a method yet to be filled.
fn without_null_methods(body: &Node, route: &Route) -> Node {
    let mut body = body.clone();
    let item =
        body.as_map_mut().and_then(|document| document.map_mut("paths")).and_then(|paths| paths.map_mut(&route.path));
    if let Some(item) = item
        && item.get(&route.method).is_some_and(Node::is_null)
    {
        item.insert(route.method.clone(), Map::hashed());
    }
    body
}

fn add_integration(editor: &mut Swagger, event: &Event<'_>, route: &Route) -> Result<()> {
    let target = event.target.uri_part();
    let uri = sub(Text::template(format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{target}}}/invocations"
    )));
    editor.add_path(&route.path, &route.method)?;
    let is_default = route.is_default();
    for item in editor.path_variants(&route.path)? {
        let mut integration = Map::hashed();
        integration.insert("type", "aws_proxy");
        integration.insert("httpMethod", "POST");
        integration.insert("payloadFormatVersion", "2.0");
        integration.insert("uri", intrinsics::under_condition(event.condition(), uri.clone()));
        let mut definition = match item.get(&route.method) {
            Some(Node::Map(existing)) if !existing.contains("Fn::If") => existing.clone(),
            Some(_) | None => Map::hashed(),
        };
        definition.insert(INTEGRATION, integration);
        definition.insert("responses", Map::hashed());
        if is_default || (route.path == "/$default" && route.method == ANY_METHOD) {
            definition.insert("isDefaultRoute", true);
        }
        item.insert(route.method.clone(), intrinsics::under_condition(event.condition(), Node::Map(definition)));
    }
    Ok(())
}

/// Names in braces.
fn path_parameters(path: &str) -> Vec<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn add_parameters(definition: &mut Map, names: &[String]) {
    let mut parameters = definition.list("parameters").cloned().unwrap_or_default();
    for name in names {
        let existing =
            parameters.iter_mut().filter_map(Node::as_map_mut).find(|parameter| parameter.str("name") == Some(name));
        match existing {
            Some(parameter) => parameter.insert("required", true),
            None => {
                let mut parameter = Map::hashed();
                parameter.insert("name", name.as_str());
                parameter.insert("in", "path");
                parameter.insert("required", true);
                parameters.push(Node::Map(parameter));
            }
        }
    }
    definition.insert("parameters", parameters);
}

fn add_auth(editor: &mut Swagger, event: &Event<'_>, route: &Route, auth: &Map, api_auth: Option<&Node>) -> Result<()> {
    let place = |shown: Option<&str>| {
        let name = shown.map(|shown| format!(" [{shown}]")).unwrap_or_default();
        format!("Unable to set Authorizer{name} on API method [{}] for path [{}]", route.method, route.path)
    };
    let api_auth = match api_auth {
        Some(auth) if auth.as_map().is_none() => {
            let api = api_id(event.properties.get("ApiId")).unwrap_or_else(|| "".into());
            return Err(Fault::resource(&api, should_be("Auth", "a map")));
        }
        other => other.and_then(Node::as_map),
    };
    let authorizers = api_auth.and_then(|auth| auth.truthy("Authorizers"));
    let default = api_auth.and_then(|auth| auth.truthy("DefaultAuthorizer"));
    let name = auth.truthy("Authorizer");
    if let Some(name) = name {
        let Some(text) = name.as_text() else {
            return Err(event.fault(format!(
                "{}. The method authorizer must be a string with a corresponding dict entry in the api authorizer.",
                place(Some(&python::display(name)))
            )));
        };
        if text == "NONE" {
            if default.is_none() {
                return Err(event.fault(format!(
                    "{} because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.",
                    place(None)
                )));
            }
        } else if text != "AWS_IAM" {
            let Some(authorizers) = authorizers else {
                return Err(event
                    .fault(format!("{} because the related API does not define any Authorizers.", place(Some(text)))));
            };
            if authorizers.as_map().is_some_and(|known| !known.contains(text)) {
                return Err(
                    event.fault(format!("{} because it wasn't defined in the API's Authorizers.", place(Some(text))))
                );
            }
        }
    }
    let scopes = auth.present("AuthorizationScopes");
    if let Some(scopes) = scopes
        && scopes.as_list().is_none()
    {
        return Err(event.fault(format!("{} because 'AuthorizationScopes' must be a list of strings.", place(None))));
    }
    let chosen = match name.or(if scopes.is_some() { default } else { None }).and_then(Node::as_text) {
        Some(chosen) => chosen.clone(),
        None => return Ok(()),
    };
    let scopes = scopes.cloned().unwrap_or_else(|| {
        authorizers
            .and_then(Node::as_map)
            .and_then(|known| known.map(&chosen))
            .and_then(|definition| definition.present("AuthorizationScopes"))
            .cloned()
            .unwrap_or_else(Node::list)
    });
    editor.each_definition(&route.path, &route.method, |definition| {
        let mut security = definition.list("security").cloned().unwrap_or_default();
        let mut requirement = Map::hashed();
        requirement.insert(chosen.clone(), scopes.clone());
        security.retain(|existing| existing.as_map().is_none_or(|map| !map.contains(&chosen)));
        security.push(Node::Map(requirement));
        definition.insert("security", security);
        Ok(())
    })
}

/// Settings of the route go to the API's stage.
fn add_route_settings(context: &mut Context<'_>, event: &Event<'_>, api: &Text, route: &Route) {
    let Some(Node::Map(settings)) = event.properties.truthy("RouteSettings") else { return };
    let name = if route.is_default() {
        DEFAULT.to_owned()
    } else {
        let method = if route.method == ANY_METHOD { "ANY".to_owned() } else { route.method.to_uppercase() };
        format!("{method} {}", route.path)
    };
    let Some(properties) = context.resource_mut(api).and_then(|resource| resource.map_mut("Properties")) else {
        return;
    };
    let Some(all) = properties.map_or_insert("RouteSettings", Map::new) else { return };
    if let Some(condition) = event.condition() {
        all.insert(name, intrinsics::under_condition(Some(condition), Node::from(settings)));
        return;
    }
    if let Some(own) = all.map_or_insert(name, Map::new) {
        for (key, value) in settings.iter() {
            own.insert(key.clone(), value.clone());
        }
    }
}
