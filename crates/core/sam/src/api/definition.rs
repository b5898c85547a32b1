//! The edits of an API's document that its own properties ask for, in AWS's order.

use super::{ApiParts, auth, authorizers};
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::events::resource_policy;
use crate::implicit_api::MANAGED;
use crate::intrinsics::is_intrinsic;
use crate::node::{Map, Node, Text};
use crate::properties::expect_map;
use crate::python;
use crate::swagger::{self, GATEWAY_RESPONSES, Swagger, cors::Cors};

const BINARY_MEDIA_TYPES: &str = "x-amazon-apigateway-binary-media-types";
const ENDPOINT_CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";

/// Refuses properties that edit a document when the document is elsewhere.
pub(crate) fn refuse_with_uri(parts: &ApiParts<'_>) -> Result<()> {
    let only_inline = |name: &str| {
        parts.fault(format!("{name} works only with inline Swagger specified in 'DefinitionBody' property."))
    };
    if parts.properties.truthy("Cors").is_some() {
        return Err(only_inline("Cors"));
    }
    if parts.properties.truthy("Auth").is_some() {
        return Err(only_inline("Auth"));
    }
    if parts.properties.truthy("GatewayResponses").is_some() {
        return Err(only_inline("GatewayResponses"));
    }
    if parts.properties.truthy("Models").is_some() {
        return Err(only_inline("Models"));
    }
    if parts.properties.present("DisableExecuteApiEndpoint").is_some() {
        return Err(parts.fault("DisableExecuteApiEndpoint works only within 'DefinitionBody' property."));
    }
    Ok(())
}

/// The document with everything added.
pub(crate) fn finished(context: &mut Context<'_>, parts: &ApiParts<'_>, body: &Node) -> Result<Node> {
    let mut body = body.clone();
    let properties = parts.properties;
    if let Some(document) = body.as_map_mut() {
        set_version(properties, document);
    }
    if let Some(given) = properties.truthy("Cors") {
        body = add_cors(parts, &body, given)?;
    }
    if properties.present("Auth").is_some() {
        body = add_auth(context, parts, &body)?;
    }
    if let Some(responses) = properties.truthy("GatewayResponses") {
        body = add_gateway_responses(parts, &body, responses)?;
    }
    match properties.truthy("BinaryMediaTypes") {
        Some(Node::List(types)) => body = add_binary_media_types(&body, types)?,
        Some(computed) => {
            if let Some(document) = body.as_map_mut() {
                document.insert(BINARY_MEDIA_TYPES, computed);
            }
        }
        None => {}
    }
    if let Some(models) = properties.truthy("Models") {
        body = add_models(parts, &body, models)?;
    }
    if let Some(disable) = properties.present("DisableExecuteApiEndpoint") {
        body = disable_endpoint(&body, disable)?;
    }
    post_process(&mut body)?;
    Ok(body)
}

fn add_cors(parts: &ApiParts<'_>, body: &Node, given: &Node) -> Result<Node> {
    if !swagger::is_valid(body) {
        return Err(parts.fault(
            "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
        ));
    }
    let cors = read_cors(parts, given)?;
    if cors.credentials && cors.origin.as_ref().is_none_or(|origin| origin.as_str() == Some("'*'")) {
        return Err(parts.fault(
            "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or not set",
        ));
    }
    let mut editor = Swagger::new(body)?;
    for path in editor.path_names() {
        editor.add_cors(&path, &cors).map_err(|fault| match fault {
            Fault::Document(message) if message.starts_with("Invalid input.") => {
                parts.fault(Fault::Document(message).message())
            }
            other => other,
        })?;
    }
    Ok(editor.finished())
}

fn read_cors(parts: &ApiParts<'_>, given: &Node) -> Result<Cors> {
    const KEYS: [&str; 5] = ["AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials"];
    let Some(properties) = given.as_map().filter(|_| !is_intrinsic(given)) else {
        return match given {
            Node::Text(_) | Node::Map(_) => Ok(Cors { origin: Some(given.clone()), ..Cors::default() }),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => {
                Err(parts.fault("Invalid value for 'Cors' property."))
            }
        };
    };
    if let Some(unknown) = properties.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(parts.fault(format!("Invalid key '{unknown}' for 'Cors' property.")));
    }
    let value = |key: &str| properties.present(key).cloned();
    Ok(Cors {
        origin: Some(value("AllowOrigin").unwrap_or_else(|| "'*'".into())),
        headers: value("AllowHeaders"),
        methods: value("AllowMethods"),
        max_age: value("MaxAge"),
        credentials: properties.truthy("AllowCredentials").is_some(),
    })
}

fn add_auth(context: &Context<'_>, parts: &ApiParts<'_>, body: &Node) -> Result<Node> {
    let Some(auth) = auth(parts)? else { return Ok(body.clone()) };
    authorizers::check_keys(parts, auth)?;
    if !swagger::is_valid(body) {
        return Err(parts.fault(
            "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
        ));
    }
    let mut editor = Swagger::new(body)?;
    let on_preflight = auth.get("AddDefaultAuthorizerToCorsPreflight").is_none_or(Node::truthy);
    let known = authorizers::read(parts, auth)?;
    for authorizer in &known {
        let definition = authorizer.definition(context, parts)?;
        if let Some(definitions) = editor.security_definitions() {
            definitions.insert(authorizer.name.clone(), definition);
        }
    }
    // Without authorizers, a default that is none of them is let pass.
    let names_one = !known.is_empty() || auth.str("DefaultAuthorizer").is_none_or(|name| name == "AWS_IAM");
    if let Some(default) = auth.truthy("DefaultAuthorizer").filter(|_| names_one) {
        let Some(default) = default.as_text() else {
            return Err(parts.fault("DefaultAuthorizer is not a string."));
        };
        let chosen = known.iter().find(|authorizer| *authorizer.name == *default);
        if chosen.is_none() && default != "AWS_IAM" {
            return Err(parts.fault(format!(
                "Unable to set DefaultAuthorizer because '{default}' was not defined in 'Authorizers'."
            )));
        }
        let scopes = chosen.map_or_else(Node::list, authorizers::Authorizer::scopes);
        let names: Vec<Text> = known.iter().map(|authorizer| authorizer.name.clone()).collect();
        if default == "AWS_IAM"
            && let Some(definitions) = editor.security_definitions()
        {
            definitions.insert(default.clone(), authorizers::iam_definition());
        }
        for path in editor.path_names() {
            editor.set_default_authorizer(&path, default, &scopes, &names, on_preflight)?;
        }
    }
    if auth.truthy("ApiKeyRequired").is_some() {
        editor.add_api_key_definition();
        let on_preflight = auth.get("AddApiKeyRequiredToCorsPreflight").is_none_or(Node::truthy);
        for path in editor.path_names() {
            editor.set_default_api_key(&path, on_preflight)?;
        }
    }
    if let Some(policy) = auth.truthy("ResourcePolicy") {
        let policy = resource_policy(policy)?;
        for path in editor.path_names() {
            editor.add_resource_policy(policy, &path, parts.properties.get("StageName"))?;
        }
        if let Some(custom) = policy.truthy("CustomStatements") {
            editor.add_custom_statements(custom);
        }
    }
    let mut finished = editor.finished();
    post_process(&mut finished)?;
    Ok(finished)
}

fn add_gateway_responses(parts: &ApiParts<'_>, body: &Node, given: &Node) -> Result<Node> {
    let Some(given) = given.as_map() else {
        return Err(parts.fault("Invalid property type 'GatewayResponses'. Expected an object."));
    };
    if !swagger::is_valid(body) {
        return Err(parts.fault(
            "Unable to add GatewayResponses configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
        ));
    }
    let mut responses = Map::hashed();
    for (name, response) in given.iter() {
        let Some(response_map) = response.as_map() else {
            let kind = python::type_name(response);
            return Err(parts.fault(format!(
                "Invalid property type '{kind}' for GatewayResponses. Expected an object of type 'GatewayResponse'."
            )));
        };
        if is_intrinsic(response) {
            return Err(parts.fault(
                "Unable to set GatewayResponses attribute because intrinsic functions are not supported for this field.",
            ));
        }
        responses.insert(name.clone(), gateway_response(parts, name, response_map)?);
    }
    let mut editor = Swagger::new(body)?;
    if let Some(all) = editor.section(GATEWAY_RESPONSES) {
        for (name, response) in responses.iter() {
            all.insert(name.clone(), response.clone());
        }
    }
    Ok(editor.finished())
}

fn gateway_response(parts: &ApiParts<'_>, name: &Text, given: &Map) -> Result<Map> {
    for key in given.keys() {
        if !matches!(key.as_str(), "ResponseParameters" | "ResponseTemplates" | "StatusCode") {
            return Err(parts.fault(format!("Invalid property '{key}' in 'GatewayResponses' property '{name}'.")));
        }
    }
    let mut parameters = Map::hashed();
    if let Some(sections) = given.present("ResponseParameters") {
        let sections = expect_map(parts.id, sections, &format!("GatewayResponses.{name}.ResponseParameters"))?;
        for (section, entries) in sections.iter() {
            let prefix = match section.as_str() {
                "Headers" => "header",
                "Paths" => "path",
                "QueryStrings" => "querystring",
                other => {
                    return Err(parts.fault(format!("Invalid gateway response parameter '{other}'")));
                }
            };
            let entries = expect_map(parts.id, entries, &format!("ResponseParameters.{section}"))?;
            for (key, value) in entries.iter() {
                parameters.insert(Text::template(format!("gatewayresponse.{prefix}.{key}")), value.clone());
            }
        }
    }
    let mut made = Map::hashed();
    made.insert("responseParameters", parameters);
    made.insert(
        "responseTemplates",
        given.present("ResponseTemplates").cloned().unwrap_or_else(|| Map::hashed().into()),
    );
    match given.present("StatusCode") {
        None => {}
        Some(code) if !matches!(code, Node::Number(_)) && !is_numeric(code) => {
            return Err(parts.fault("Property 'StatusCode' must be numeric"));
        }
        Some(code) => made.insert("statusCode", python::display(code)),
    }
    Ok(made)
}

fn is_numeric(code: &Node) -> bool {
    code.as_str().is_some_and(|code| !code.is_empty() && code.chars().all(|c| c.is_ascii_digit()))
}

fn add_binary_media_types(body: &Node, types: &[Node]) -> Result<Node> {
    if !swagger::is_valid(body) {
        return Ok(body.clone());
    }
    let mut editor = Swagger::new(body)?;
    let mut all = editor.document.list(BINARY_MEDIA_TYPES).cloned().unwrap_or_default();
    for kind in types {
        let kind = with_slashes(kind.clone());
        if !all.contains(&kind) {
            all.push(kind);
        }
    }
    editor.document.insert(BINARY_MEDIA_TYPES, all);
    Ok(editor.finished())
}

/// Slashes for `~1` in all texts.
fn with_slashes(node: Node) -> Node {
    match node {
        Node::Text(text) => Node::Text(text.like(text.replace("~1", "/"))),
        Node::List(list) => Node::List(list.into_iter().map(with_slashes).collect()),
        Node::Map(mut map) => {
            for value in map.values_mut() {
                *value = with_slashes(std::mem::replace(value, Node::Null));
            }
            Node::Map(map)
        }
        other => other,
    }
}

fn add_models(parts: &ApiParts<'_>, body: &Node, models: &Node) -> Result<Node> {
    let Some(models) = models.as_map().filter(|models| models.values().all(|model| model.as_map().is_some())) else {
        return Err(parts.fault("Invalid value for 'Models' property"));
    };
    if !swagger::is_valid(body) {
        return Err(parts.fault(
            "Unable to add Models definitions because 'DefinitionBody' does not contain a valid Swagger definition.",
        ));
    }
    let mut editor = Swagger::new(body)?;
    if let Some(definitions) = editor.section("definitions") {
        for (name, model) in models.iter() {
            definitions.insert(name.like(name.to_lowercase()), model.clone());
        }
    }
    let mut finished = editor.finished();
    post_process(&mut finished)?;
    Ok(finished)
}

fn disable_endpoint(body: &Node, disable: &Node) -> Result<Node> {
    let mut editor = Swagger::new(body)?;
    let not_a_map = |place: &str| {
        Fault::document(format!(
            "Invalid OpenAPI definition{place}: The value of '{ENDPOINT_CONFIGURATION}' should be a map."
        ))
    };
    let mut setting = Map::hashed();
    setting.insert("disableExecuteApiEndpoint", disable);
    if editor.document.truthy("openapi").is_some_and(swagger::is_version_3) {
        let mut servers = editor.document.list("servers").cloned().unwrap_or_default();
        if servers.is_empty() {
            let mut server = Map::hashed();
            server.insert(ENDPOINT_CONFIGURATION, setting);
            servers.push(Node::Map(server));
        } else {
            for (index, server) in servers.iter_mut().enumerate() {
                let Some(server) = server.as_map_mut() else { continue };
                let configuration = server
                    .map_or_insert(ENDPOINT_CONFIGURATION, Map::hashed)
                    .ok_or_else(|| not_a_map(&format!(" of 'servers[{index}]'")))?;
                configuration.insert("disableExecuteApiEndpoint", disable);
            }
        }
        editor.document.insert("servers", servers);
    } else {
        let configuration =
            editor.document.map_or_insert(ENDPOINT_CONFIGURATION, Map::hashed).ok_or_else(|| not_a_map(""))?;
        configuration.insert("disableExecuteApiEndpoint", disable);
    }
    Ok(editor.finished())
}

/// Documents that the transform writes take the version asked for.
fn set_version(properties: &Map, document: &mut Map) {
    if let Some(version) = version_3(properties)
        && document.truthy("swagger").is_some()
    {
        document.remove("swagger");
        match version {
            // A number that YAML read becomes a text.
            Node::Number(_) => document.insert("openapi", python::display(version)),
            version => document.insert("openapi", version),
        }
    }
}

/// The version of a document that the transform writes, where that is to be OpenAPI 3.
pub(crate) fn version_3(properties: &Map) -> Option<&Node> {
    let version = properties.truthy("OpenApiVersion").filter(|version| swagger::is_version_3(version));
    version.filter(|_| properties.get(MANAGED).is_some_and(Node::truthy))
}

/// What changes where the document is to be OpenAPI 3.
fn post_process(body: &mut Node) -> Result<()> {
    let Some(document) = body.as_map_mut() else { return Ok(()) };
    if !document.get("openapi").is_some_and(swagger::is_version_3) {
        return Ok(());
    }
    for (from, to) in [("definitions", "schemas"), ("securityDefinitions", "securitySchemes")] {
        let Some(moved) = document.remove(from).filter(Node::truthy) else { continue };
        if document.get("components").is_some_and(Node::is_null) {
            document.remove("components");
        }
        let components = document
            .map_or_insert("components", Map::hashed)
            .ok_or_else(|| Fault::document("Invalid value for 'components' in OpenAPI document"))?;
        match (components.map_mut(to), moved) {
            (Some(existing), Node::Map(moved)) => {
                for (name, value) in moved.iter() {
                    existing.insert(name.clone(), value.clone());
                }
            }
            (_, moved) => components.insert(to, moved),
        }
    }
    post_process_preflights(document)
}

/// Header schemas are wrapped in OpenAPI 3, media types are not listed.
fn post_process_preflights(document: &mut Map) -> Result<()> {
    let paths: Vec<Text> = document.map("paths").map(|paths| paths.keys().cloned().collect()).unwrap_or_default();
    let mut editor = Swagger::resume(std::mem::take(document));
    for path in paths {
        // Only methods that stand under no condition: observed.
        let item = editor.document.map("paths").and_then(|paths| paths.map(&path));
        if item.is_some_and(|item| item.contains("Fn::If")) {
            continue;
        }
        let result = editor.each_definition(&path, "options", |options| {
            options.remove("consumes");
            options.remove("produces");
            let responses = options.get_mut("responses");
            let responses = match responses {
                None => return Ok(()),
                Some(Node::Map(responses)) => responses,
                Some(_other) => {
                    return Err(Fault::document(format!(
                        "Invalid responses in options method for path {path}: It should be a map."
                    )));
                }
            };
            let Some(Node::Map(response)) = responses.get_mut("200") else { return Ok(()) };
            match response.get_mut("headers") {
                None => Ok(()),
                Some(Node::Map(headers)) => {
                    for header in headers.values_mut() {
                        let inner = std::mem::replace(header, Node::Null);
                        let mut wrapped = Map::hashed();
                        wrapped.insert("schema", inner);
                        *header = Node::Map(wrapped);
                    }
                    Ok(())
                }
                Some(_other) => Err(Fault::document(format!(
                    "Value of response's headers in options method for path {path} must be a dictionary according to Swagger spec."
                ))),
            }
        });
        if let Err(fault) = result {
            *document = editor.document;
            return Err(fault);
        }
    }
    *document = editor.document;
    Ok(())
}

/// A given document with the methods of events added to it: what an event says of a method replaces what the document says.
pub(crate) fn merge_definitions(given: &Node, from_events: &Node) -> Node {
    let mut merged = given.clone();
    let paths = merged.as_map_mut().and_then(|document| document.map_mut("paths"));
    // Observed: nothing is added to a document without any path.
    let Some(paths) = paths.filter(|paths| !paths.is_empty()) else { return merged };
    let added = from_events.as_map().and_then(|document| document.map("paths"));
    for (path, methods) in added.into_iter().flat_map(Map::iter) {
        let Some(item) = paths.map_or_insert(path.clone(), Map::hashed) else { continue };
        for (method, definition) in methods.as_map().into_iter().flat_map(Map::iter) {
            let Some(definition) = definition.as_map() else { continue };
            let existing = item.map_or_insert(method.clone(), Map::hashed);
            let Some(existing) = existing.filter(|existing| !existing.is_empty()) else {
                item.insert(method.clone(), definition);
                continue;
            };
            // The keys of both stay in the order in which they are written, not in that of a table.
            let mut both = Map::new();
            both.update(existing);
            both.update(definition);
            *existing = both;
        }
    }
    merged
}
