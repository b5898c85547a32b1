//! Answers to preflight requests: an `options` method on every path that has none.

use super::{ANY_METHOD, INTEGRATION, Swagger};
use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, list};

/// What a browser is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    pub(crate) origin: Option<Node>,
    pub(crate) headers: Option<Node>,
    pub(crate) methods: Option<Node>,
    pub(crate) max_age: Option<Node>,
    pub(crate) credentials: bool,
}

const EVERY_METHOD: &str = "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'";

impl Swagger {
    pub(crate) fn add_cors(&mut self, path: &str, cors: &Cors) -> Result<()> {
        if self.has_path(path, Some("options"))? {
            return Ok(());
        }
        if cors.origin.as_ref().is_none_or(|origin| !origin.truthy()) {
            return Err(Fault::document("Invalid input. Value for AllowedOrigins is required"));
        }
        for item in self.path_variants(path)? {
            let methods = match &cors.methods {
                Some(methods) if methods.truthy() => methods.clone(),
                Some(_) | None => allowed_methods(item),
            };
            item.insert("options", preflight(cors, methods));
        }
        Ok(())
    }
}

/// The methods of a path, quoted.
fn allowed_methods(item: &Map) -> Node {
    if item.contains(ANY_METHOD) {
        return EVERY_METHOD.into();
    }
    let mut names: Vec<String> = item.keys().map(|name| name.to_uppercase()).collect();
    names.push("OPTIONS".to_owned());
    names.sort_unstable();
    names.dedup();
    format!("'{}'", names.join(",")).into()
}

fn preflight(cors: &Cors, methods: Node) -> Map {
    let mut parameters = Map::hashed();
    let mut headers = Map::hashed();
    let mut add = |name: &str, value: Option<Node>| {
        if let Some(value) = value {
            parameters.insert(format!("method.response.header.{name}"), value);
            let mut kind = Map::hashed();
            kind.insert("type", if name == "Access-Control-Max-Age" { "integer" } else { "string" });
            headers.insert(Text::from(name), kind);
        }
    };
    let given = |value: &Option<Node>| value.clone().filter(Node::truthy);
    add("Access-Control-Allow-Origin", given(&cors.origin));
    add("Access-Control-Allow-Headers", given(&cors.headers));
    add("Access-Control-Allow-Methods", given(&Some(methods)));
    add("Access-Control-Max-Age", given(&cors.max_age));
    add("Access-Control-Allow-Credentials", cors.credentials.then(|| "'true'".into()));

    let mut templates = Map::hashed();
    templates.insert("application/json", "{}\n");
    let mut default = Map::hashed();
    default.insert("statusCode", "200");
    default.insert("responseParameters", parameters);
    default.insert("responseTemplates", templates);
    let mut responses = Map::hashed();
    responses.insert("default", default);
    let mut request_templates = Map::hashed();
    request_templates.insert("application/json", "{\n  \"statusCode\" : 200\n}\n");
    let mut integration = Map::hashed();
    integration.insert("type", "mock");
    integration.insert("requestTemplates", request_templates);
    integration.insert("responses", responses);

    let mut response = Map::hashed();
    response.insert("description", "Default response for CORS method");
    response.insert("headers", headers);
    let mut responses = Map::hashed();
    responses.insert("200", response);
    let mut options = Map::hashed();
    options.insert("summary", "CORS support");
    options.insert("consumes", list!["application/json"]);
    options.insert("produces", list!["application/json"]);
    options.insert(INTEGRATION, integration);
    options.insert("responses", responses);
    options
}
