//! `HttpApi`: a route of an HTTP API that invokes the function.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::http_api;
use crate::implicit_api::{MANAGED, api_id};
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
    edit_document(context, event, &api, &route)?;
    add_route_settings(context, event, &api, &route);
    if route.path != DEFAULT && event.target.alias.is_none() && has_default_route(event, &api) {
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
    /// Whether it takes what no other route takes.
    fn is_default(&self) -> bool {
        self.path == DEFAULT && self.method == ANY_METHOD
    }
}

/// Whether the function has the default route of the API, whose permission covers all others (of an alias: does not).
fn has_default_route(event: &Event<'_>, api: &Text) -> bool {
    let events = event.function.properties.map("Events");
    events.into_iter().flat_map(Map::values).filter_map(Node::as_map).any(|other| {
        other.str("Type") == Some("HttpApi")
            && other.map("Properties").is_some_and(|properties| {
                let any = properties.str("Method").is_none_or(|method| normal_method(&method.into()) == ANY_METHOD);
                any && properties.str("Path") == Some(DEFAULT) && api_id(properties.get("ApiId")).as_ref() == Some(api)
            })
    })
}

/// Tells whether a path's part in braces is a parameter to AWS's transform. Observed: of those that take several parts only
/// `{proxy+}` is.
fn is_parameter(name: &str) -> bool {
    name == "proxy+" || (!name.ends_with('+') && swagger::is_parameter(name))
}

fn permission(event: &Event<'_>, given: Option<&Node>, route: &Route) -> Generated {
    let path = if route.is_default() {
        "*".to_owned()
    } else if route.path == "/$default" {
        DEFAULT.to_owned()
    } else {
        let method = if route.method == ANY_METHOD { "*".to_owned() } else { route.method.to_uppercase() };
        let path = if route.path == DEFAULT { "" } else { &route.path };
        format!("{method}{}", path_with_wildcards(path, is_parameter))
    };
    let arn = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{path}"
    );
    let mut permission = event.permission("apigateway.amazonaws.com");
    let id = given.cloned().unwrap_or(Node::Null);
    permission.put("SourceArn", sub_with(arn, map! {"__ApiId__" => id, "__Stage__" => "*"}));
    permission
}

/// Adds the route to the API's document.
fn edit_document(context: &mut Context<'_>, event: &Event<'_>, api: &Text, route: &Route) -> Result<()> {
    let Some(properties) = context.resource_mut(api).and_then(|resource| resource.map_mut("Properties")) else {
        return Ok(());
    };
    let Some(body) = properties.truthy("DefinitionBody") else { return Ok(()) };
    let body = without_null_methods(body, route);
    if !http_api::is_editable(&body) {
        return Err(Fault::resource(api, http_api::not_open_api().message()));
    }
    let mut editor = Swagger::new(&body)?;
    let existing = editor.has_integration(&route.path, &route.method)?;
    if existing && properties.get(MANAGED).is_some_and(Node::truthy) {
        let method =
            event.properties.text("Method").map_or_else(|| route.method.to_string(), |text| text.to_lowercase());
        let message = format!("API method '{method}' defined multiple times for path '{}'.", route.path);
        return Err(event.fault(message));
    }
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
    Ok(())
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
        if is_default {
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

/// The beginning of a reason why an authorizer, named or not, cannot be set.
fn unable(event: &Event<'_>, route: &Route, shown: Option<&str>) -> String {
    let name = shown.map(|shown| format!(" [{shown}]")).unwrap_or_default();
    let method = event.properties.text("Method").map_or_else(|| route.method.to_string(), |text| text.to_lowercase());
    format!("Unable to set Authorizer{name} on API method [{method}] for path [{}]", route.path)
}

/// Checks that the API has the authorizer that a route names.
fn check_authorizer(event: &Event<'_>, route: &Route, name: &Node, api_auth: Option<&Map>) -> Result<()> {
    let unable = |text: &str| unable(event, route, Some(text));
    let not_a_name = |shown: &str| {
        event.fault(format!(
            "{}. The method authorizer must be a string with a corresponding dict entry in the api authorizer.",
            unable(shown)
        ))
    };
    let Some(text) = name.as_text() else { return Err(not_a_name(&python::display(name))) };
    let given = |key: &str| api_auth.and_then(|auth| auth.truthy(key));
    if text == "NONE" {
        if given("DefaultAuthorizer").is_none() {
            return Err(event.fault(format!(
                "{} because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.",
                self::unable(event, route, None)
            )));
        }
        return Ok(());
    }
    if text == "AWS_IAM" && given("EnableIamAuthorizer").and_then(Node::as_bool) == Some(true) {
        return Ok(());
    }
    let Some(authorizers) = given("Authorizers") else {
        let reason = format!("{} because the related API does not define any Authorizers.", unable(text));
        return Err(event.fault(reason));
    };
    let Some(known) = authorizers.as_map() else { return Err(not_a_name(text)) };
    match known.get(text) {
        Some(Node::Map(_)) => Ok(()),
        Some(_other) => Err(Fault::document(format!("Type of authorizer '{text}' must be a dictionary"))),
        None => Err(event.fault(format!("{} because it wasn't defined in the API's Authorizers.", unable(text)))),
    }
}

fn add_auth(editor: &mut Swagger, event: &Event<'_>, route: &Route, auth: &Map, api_auth: Option<&Node>) -> Result<()> {
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
    if name.is_none() && default.is_none() {
        return Err(event.fault(
            "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi.",
        ));
    }
    if let Some(name) = name {
        check_authorizer(event, route, name, api_auth)?;
    }
    let scopes = auth.present("AuthorizationScopes");
    if let Some(scopes) = scopes
        && scopes.as_list().is_none()
    {
        return Err(event.fault(format!(
            "{} because 'AuthorizationScopes' must be a list of strings.",
            unable(event, route, None)
        )));
    }
    let chosen = match name.or(if scopes.is_some() { default } else { None }).and_then(Node::as_text) {
        Some(chosen) => chosen.clone(),
        None => return Ok(()),
    };
    // Observed: an empty list is as none.
    let scopes = scopes.filter(|scopes| scopes.truthy()).cloned().unwrap_or_else(|| {
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
    let Some(Node::Map(settings)) = event.properties.get("RouteSettings") else { return };
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
