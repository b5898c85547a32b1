//! Security requirements of methods: authorizers, API keys, and the defaults of an API.
//!
//! Events leave the markers `NONE` and `api_key_false` behind, which keep the API's defaults away from their methods.

use super::{INTEGRATION, Swagger, not_a_method};
use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, list};

impl Swagger {
    pub(crate) fn security_definitions(&mut self) -> Option<&mut Map> {
        self.section("securityDefinitions")
    }

    pub(crate) fn add_api_key_definition(&mut self) {
        let mut definition = Map::hashed();
        definition.insert("type", "apiKey");
        definition.insert("name", "x-api-key");
        definition.insert("in", "header");
        if let Some(definitions) = self.security_definitions()
            && !definitions.contains("api_key")
        {
            definitions.insert("api_key", definition);
        }
    }

    pub(crate) fn add_iam_definition(&mut self) {
        let mut definition = Map::hashed();
        definition.insert("x-amazon-apigateway-authtype", "awsSigv4");
        definition.insert("type", "apiKey");
        definition.insert("name", "Authorization");
        definition.insert("in", "header");
        if let Some(definitions) = self.security_definitions()
            && !definitions.contains("AWS_IAM")
        {
            definitions.insert("AWS_IAM", definition);
        }
    }

    /// Adds a requirement to one method, where that has an integration.
    pub(crate) fn add_security(&mut self, path: &str, method: &str, name: Text, scopes: Node) -> Result<()> {
        if self.needed_path(path)?.iter().any(|variant| !variant.contains(method)) {
            return Err(not_a_method(path, method));
        }
        let mut is_added = false;
        self.each_definition(path, method, |definition| {
            if definition.truthy(INTEGRATION).is_none() {
                return Ok(());
            }
            let mut security = security_of(path, method, definition)?;
            let mut requirement = Map::hashed();
            requirement.insert(name.clone(), scopes.clone());
            security.push(Node::Map(requirement));
            definition.insert("security", security);
            is_added = true;
            Ok(())
        })?;
        match name.as_str() {
            "AWS_IAM" if is_added => self.add_iam_definition(),
            "api_key" if is_added => self.add_api_key_definition(),
            _other => {}
        }
        Ok(())
    }

    /// Gives methods without an authorizer the default one.
    pub(crate) fn set_default_authorizer(
        &mut self,
        path: &str,
        default: &Text,
        scopes: &Node,
        authorizers: &[Text],
        on_preflight: bool,
    ) -> Result<()> {
        let mut has_iam = false;
        self.each_method(path, |method, definition| {
            if definition.truthy(INTEGRATION).is_none() || (method == "options" && !on_preflight) {
                return Ok(());
            }
            let existing = security_of(path, method, definition)?;
            let known = |name: &Text| name == "AWS_IAM" || authorizers.contains(name);
            let (chosen, mut others): (Vec<Node>, Vec<Node>) =
                existing.into_iter().partition(|requirement| names(requirement).any(known));
            let chosen = if !chosen.is_empty() {
                // Observed: the marker stays behind what is there already.
                let is_marker = |requirement: &Node| names(requirement).any(|name| name == "NONE");
                let (markers, rest) = others.into_iter().partition(is_marker);
                others = rest;
                chosen.into_iter().chain::<Vec<Node>>(markers).collect()
            } else if let Some(none) =
                others.iter().position(|requirement| names(requirement).any(|name| name == "NONE"))
            {
                others.remove(none);
                Vec::new()
            } else {
                let mut requirement = Map::hashed();
                requirement.insert(default.clone(), scopes.clone());
                vec![Node::Map(requirement)]
            };
            others.extend(chosen);
            has_iam |= others.first().is_some_and(|first| names(first).any(|name| name == "AWS_IAM"));
            if !others.is_empty() {
                definition.insert("security", others);
            }
            Ok(())
        })?;
        if has_iam {
            self.add_iam_definition();
        }
        Ok(())
    }

    /// Requires an API key on methods that do not say otherwise.
    pub(crate) fn set_default_api_key(&mut self, path: &str, on_preflight: bool) -> Result<()> {
        self.each_method(path, |method, definition| {
            if definition.truthy(INTEGRATION).is_none() || (method == "options" && !on_preflight) {
                return Ok(());
            }
            let existing = security_of(path, method, definition)?;
            let is_key = |name: &Text| name == "api_key" || name == "api_key_false";
            let (keys, mut others): (Vec<Node>, Vec<Node>) =
                existing.iter().cloned().partition(|requirement| names(requirement).any(is_key));
            if keys.is_empty() {
                let mut requirement = Map::hashed();
                requirement.insert("api_key", list![]);
                others.push(Node::Map(requirement));
            } else {
                // Observed: a key that an event asks for twice is asked for once.
                let mut keys: Vec<Node> = keys;
                keys.retain(|requirement| !names(requirement).any(|name| name == "api_key_false"));
                keys.dedup();
                others.extend(keys);
            }
            if others != existing {
                definition.insert("security", others);
            }
            Ok(())
        })
    }
}

fn names(requirement: &Node) -> impl Iterator<Item = &Text> {
    requirement.as_map().into_iter().flat_map(Map::keys)
}

fn security_of(path: &str, method: &str, definition: &Map) -> Result<Vec<Node>> {
    match definition.get("security") {
        None => Ok(Vec::new()),
        Some(Node::List(list)) => {
            for item in list {
                if item.as_map().is_none() {
                    return Err(Fault::document(format!(
                        "{} in Security for path {path} method {method} is not a valid dictionary.",
                        crate::python::display(item)
                    )));
                }
            }
            Ok(list.clone())
        }
        Some(_other) => {
            Err(Fault::document(format!("Type of security for path {path} method {method} must be a list")))
        }
    }
}
