//! The edits of an HTTP API's OpenAPI document that its own properties ask for.

use super::{HttpApiParts, authorizers};
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::intrinsics::{self, is_intrinsic};
use crate::node::{Map, Node, Text, list};
use crate::properties::should_be;
use crate::python;
use crate::swagger::{self, Swagger};

const CORS: &str = "x-amazon-apigateway-cors";
const ENDPOINT_CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";
const CORS_KEYS: [(&str, &str); 6] = [
    ("AllowOrigins", "allowOrigins"),
    ("AllowHeaders", "allowHeaders"),
    ("AllowMethods", "allowMethods"),
    ("ExposeHeaders", "exposeHeaders"),
    ("MaxAge", "maxAge"),
    ("AllowCredentials", "allowCredentials"),
];

/// Refuses properties that edit a document when the document is elsewhere.
pub(crate) fn refuse_with_uri(parts: &HttpApiParts<'_>) -> Result<()> {
    let properties = parts.properties;
    if properties.truthy("CorsConfiguration").is_some() {
        return Err(parts.fault("Cors works only with inline OpenApi specified in 'DefinitionBody' property."));
    }
    if properties.truthy("Auth").is_some() {
        return Err(parts.fault("Auth works only with inline OpenApi specified in the 'DefinitionBody' property."));
    }
    if properties.truthy("Tags").is_some() {
        return Err(parts.fault("Tags works only with inline OpenApi specified in the 'DefinitionBody' property."));
    }
    if properties.present("DisableExecuteApiEndpoint").is_some() {
        return Err(parts.fault("DisableExecuteApiEndpoint works only within 'DefinitionBody' property."));
    }
    for name in ["Name", "Description"] {
        if properties.truthy(name).is_some() {
            return Err(parts
                .fault(format!("{name} works only with inline OpenApi specified in the 'DefinitionBody' property.")));
        }
    }
    Ok(())
}

/// Whether the document is OpenAPI 3, so that it can be edited.
pub(crate) fn is_editable(body: &Node) -> bool {
    swagger::is_valid(body) && body.as_map().is_some_and(|body| body.truthy("openapi").is_some())
}

fn refuse_unless_editable(parts: &HttpApiParts<'_>, body: &Node, what: &str) -> Result<()> {
    if is_editable(body) {
        return Ok(());
    }
    Err(parts
        .fault(format!("Unable to add {what} because 'DefinitionBody' does not contain a valid OpenApi definition.")))
}

/// The fault of a document that is no OpenAPI.
pub(crate) fn not_open_api() -> Fault {
    Fault::document(
        "Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.",
    )
}

/// The document with everything added; a document that cannot be edited and need not be stays as it is.
pub(crate) fn finished(
    context: &Context<'_>,
    parts: &HttpApiParts<'_>,
    body: &Node,
    tags: Option<&Map>,
) -> Result<Node> {
    let properties = parts.properties;
    if properties.truthy("CorsConfiguration").is_some() {
        refuse_unless_editable(parts, body, "Cors configuration")?;
    }
    if properties.truthy("Auth").is_some() {
        refuse_unless_editable(parts, body, "Auth configuration")?;
    }
    if properties.truthy("Tags").is_some() {
        refuse_unless_editable(parts, body, "`Tags`")?;
    }
    let disable = properties.present("DisableExecuteApiEndpoint");
    if !is_editable(body) {
        if disable.is_some() {
            return Err(not_open_api());
        }
        if properties.truthy("Name").is_some() {
            return Err(already_set(parts, "Name"));
        }
        return if properties.truthy("Description").is_some() { Err(not_open_api()) } else { Ok(body.clone()) };
    }
    let mut editor = Swagger::new(body)?;
    if properties.truthy("FailOnWarnings").is_some() {
        editor.rename_path("$default", "/$default");
    }
    if let Some(cors) = properties.truthy("CorsConfiguration") {
        add_cors(parts, &mut editor, cors)?;
    }
    if let Some(auth) = properties.truthy("Auth") {
        let Some(auth) = auth.as_map() else { return Err(parts.fault(should_be("Auth", "a map"))) };
        add_auth(context, parts, &mut editor, auth)?;
    }
    add_tags(&mut editor, tags)?;
    if let Some(disable) = disable {
        disable_endpoint(&mut editor, disable)?;
    }
    set_name(parts, &mut editor)?;
    set_description(parts, &mut editor)?;
    Ok(editor.finished())
}

fn already_set(parts: &HttpApiParts<'_>, property: &str) -> Fault {
    parts.fault(format!(
        "Unable to set {property} because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property."
    ))
}

/// The name takes the place of the title that documents made by the transform have, and of no other.
fn set_name(parts: &HttpApiParts<'_>, editor: &mut Swagger) -> Result<()> {
    let Some(name) = parts.properties.truthy("Name") else { return Ok(()) };
    let Some(info) = editor.document.get_mut("info").filter(|info| info.truthy()) else {
        return Err(already_set(parts, "Name"));
    };
    let Some(info) = info.as_map_mut() else {
        return Err(parts.fault("Invalid 'DefinitionBody': The value of 'info' should be a map."));
    };
    let default = info
        .map("title")
        .and_then(Map::single)
        .is_some_and(|(key, value)| key == "Ref" && value.as_str() == Some("AWS::StackName"));
    if !default {
        return Err(already_set(parts, "Name"));
    }
    info.insert("title", name);
    Ok(())
}

fn set_description(parts: &HttpApiParts<'_>, editor: &mut Swagger) -> Result<()> {
    let Some(description) = parts.properties.truthy("Description") else { return Ok(()) };
    let Some(info) = editor.document.map_or_insert("info", Map::hashed) else {
        // With AWS's stray quotation mark.
        return Err(parts.fault("Invalid 'DefinitionBody': The value of 'info' should be a map'."));
    };
    if info.contains("description") {
        return Err(already_set(parts, "Description"));
    }
    info.insert("description", description);
    Ok(())
}

fn add_auth(context: &Context<'_>, parts: &HttpApiParts<'_>, editor: &mut Swagger, auth: &Map) -> Result<()> {
    if auth.keys().any(|key| !matches!(key.as_str(), "Authorizers" | "DefaultAuthorizer" | "EnableIamAuthorizer")) {
        return Err(parts.fault("Invalid value for 'Auth' property"));
    }
    let known = authorizers::read(parts, auth)?;
    let mut schemes = Map::hashed();
    for authorizer in &known {
        schemes.insert(authorizer.name.clone(), authorizer.scheme(context));
    }
    let iam = auth.get("EnableIamAuthorizer").is_some_and(|enable| enable.as_bool() == Some(true));
    if iam {
        let mut scheme = Map::hashed();
        scheme.insert("type", "apiKey");
        scheme.insert("name", "Authorization");
        scheme.insert("in", "header");
        scheme.insert("x-amazon-apigateway-authtype", "awsSigv4");
        schemes.insert("AWS_IAM", scheme);
    }
    if !schemes.is_empty()
        && let Some(components) = editor.document.map_or_insert("components", Map::hashed)
        && let Some(all) = components.map_or_insert("securitySchemes", Map::hashed)
    {
        all.update(&schemes);
    }
    let Some(default) = auth.truthy("DefaultAuthorizer") else { return Ok(()) };
    let Some(default) = default.as_text() else {
        return Err(parts.fault(should_be("Auth.DefaultAuthorizer", "a string")));
    };
    let chosen = known.iter().find(|authorizer| *authorizer.name == *default);
    if chosen.is_none() && default != "AWS_IAM" {
        return Err(parts
            .fault(format!("Unable to set DefaultAuthorizer because '{default}' was not defined in 'Authorizers'.")));
    }
    let scopes = chosen.map_or_else(Node::list, authorizers::Authorizer::scopes);
    let names: Vec<Text> = schemes.keys().cloned().collect();
    for path in editor.path_names() {
        let methods = editor.document.map("paths").and_then(|paths| paths.map(&path));
        if methods.is_some_and(|methods| {
            !methods.contains(swagger::ANY_METHOD) && methods.keys().any(|method| method.eq_ignore_ascii_case("any"))
        }) {
            return Err(Fault::document(format!(
                "Could not find {} in {path} within DefinitionBody.",
                swagger::ANY_METHOD
            )));
        }
        editor.each_method(&path, |method, definition| {
            if method == "options" || definition.truthy(swagger::INTEGRATION).is_none() {
                return Ok(());
            }
            let existing = definition.list("security").cloned().unwrap_or_default();
            let has = |wanted: &dyn Fn(&Text) -> bool| {
                existing.iter().filter_map(Node::as_map).flat_map(Map::keys).any(wanted)
            };
            if !existing.is_empty()
                && (has(&|name| names.contains(name))
                    || has(&|name| name == "NONE")
                    || !has(&|name| names.contains(name)))
            {
                return Ok(());
            }
            let mut requirement = Map::hashed();
            requirement.insert(default.clone(), scopes.clone());
            definition.insert("security", list![requirement]);
            Ok(())
        })?;
    }
    Ok(())
}

fn add_tags(editor: &mut Swagger, tags: Option<&Map>) -> Result<()> {
    let Some(tags) = tags else { return Ok(()) };
    let mut all = match editor.document.get("tags") {
        None | Some(Node::Null) => Vec::new(),
        Some(Node::List(list)) => list.clone(),
        Some(other) => {
            let kind = if other.as_map().is_some() { "dict" } else { "str" };
            return Err(Fault::document(format!(
                "Tags in OpenApi DefinitionBody needs to be a list. {} is a {kind} not a list.",
                python::display(other)
            )));
        }
    };
    for (name, value) in tags.iter() {
        let mut tag = Map::hashed();
        tag.insert("name", Node::from(name));
        tag.insert("x-amazon-apigateway-tag-value", value.clone());
        let existing =
            all.iter_mut().find(|existing| existing.as_map().is_some_and(|map| map.text("name") == Some(name)));
        match existing {
            Some(Node::Map(existing)) => {
                existing.insert("x-amazon-apigateway-tag-value", value.clone());
            }
            Some(existing) => *existing = Node::Map(tag),
            None => all.push(Node::Map(tag)),
        }
    }
    editor.document.insert("tags", all);
    Ok(())
}

fn add_cors(parts: &HttpApiParts<'_>, editor: &mut Swagger, given: &Node) -> Result<()> {
    let mut cors = match given {
        Node::Bool(_) => {
            let mut cors = Map::hashed();
            cors.insert("allowOrigins", list!["*"]);
            Node::Map(cors)
        }
        Node::Map(_) => match intrinsics::if_arguments(given) {
            Some(Ok((condition, then, otherwise))) => {
                intrinsics::if_(condition, lower_cors(parts, then)?, lower_cors(parts, otherwise)?)
            }
            Some(Err(_)) | None => lower_cors(parts, given)?,
        },
        Node::Null | Node::Number(_) | Node::List(_) | Node::Text(_) => {
            return Err(parts.fault("Invalid value for 'Cors' property."));
        }
    };
    // What the document says stays where the property says nothing.
    if let (Some(existing), Some(map)) = (editor.document.map(CORS), cors.as_map_mut())
        && !map.contains("Fn::If")
    {
        for (key, value) in existing.iter() {
            if !map.contains(key) {
                map.insert(key.clone(), value.clone());
            }
        }
    }
    editor.document.insert(CORS, cors);
    Ok(())
}

fn lower_cors(parts: &HttpApiParts<'_>, node: &Node) -> Result<Node> {
    let Some(given) = node.as_map().filter(|_| !is_intrinsic(node)) else { return Ok(node.clone()) };
    if let Some(unknown) = given.keys().find(|key| CORS_KEYS.iter().all(|(known, _)| *known != key.as_str())) {
        return Err(parts.fault(format!("Invalid key '{unknown}' for 'Cors' property.")));
    }
    // Observed: an intrinsic function for the origins stands for everything.
    if let Some(origins) = given.get("AllowOrigins").filter(|origins| is_intrinsic(origins)) {
        return Ok(origins.clone());
    }
    let everyone = given
        .list("AllowOrigins")
        .is_some_and(|origins| matches!(origins.as_slice(), [one] if one.as_str() == Some("*")));
    if everyone && given.get("AllowCredentials").and_then(Node::as_bool) == Some(true) {
        return Err(parts.fault(
            "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or \
             not set.",
        ));
    }
    let mut lower = Map::hashed();
    for (key, name) in CORS_KEYS {
        let value = if key == "MaxAge" { given.present(key) } else { given.truthy(key) };
        match value {
            Some(Node::Bool(true)) if key == "AllowCredentials" => lower.insert(name, true),
            Some(value) if key != "AllowCredentials" => lower.insert(name, value),
            Some(_) | None => {}
        }
    }
    Ok(Node::Map(lower))
}

fn disable_endpoint(editor: &mut Swagger, disable: &Node) -> Result<()> {
    let mut setting = Map::hashed();
    setting.insert("disableExecuteApiEndpoint", disable);
    let mut servers = editor.document.list("servers").cloned().unwrap_or_default();
    if servers.is_empty() {
        let mut server = Map::hashed();
        server.insert(ENDPOINT_CONFIGURATION, setting);
        servers.push(Node::Map(server));
    } else {
        for server in servers.iter_mut().filter_map(Node::as_map_mut) {
            if let Some(configuration) = server.map_or_insert(ENDPOINT_CONFIGURATION, Map::hashed) {
                configuration.insert("disableExecuteApiEndpoint", disable);
            }
        }
    }
    editor.document.insert("servers", servers);
    Ok(())
}
