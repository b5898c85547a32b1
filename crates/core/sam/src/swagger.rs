//! Editing of Swagger 2.0 and OpenAPI 3 documents of REST and HTTP APIs, in place.
//!
//! Path items and methods may stand under `Fn::If`; every edit reaches both branches. Key order matters (see
//! [`crate::hash_order`]), so new maps are hashed and the document is copied key by key where AWS's transform copies it.

pub(crate) mod cors;
pub(crate) mod integration;
pub(crate) mod resource_policy;
pub(crate) mod security;

use crate::error::{Fault, Result};
use crate::intrinsics::{self, is_no_value};
use crate::node::{Map, Node, Text};

pub(crate) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
pub(crate) const INTEGRATION: &str = "x-amazon-apigateway-integration";
pub(crate) const POLICY: &str = "x-amazon-apigateway-policy";
pub(crate) const GATEWAY_RESPONSES: &str = "x-amazon-apigateway-gateway-responses";

/// A document under edit.
#[derive(Debug)]
pub(crate) struct Swagger {
    pub(crate) document: Map,
    /// Sections that the document did not have; they join it, in the order of [`LATE_SECTIONS`], when it is finished.
    pending: Map,
}

/// Sections that AWS's transform keeps apart while it edits.
const LATE_SECTIONS: [&str; 4] = [POLICY, "securityDefinitions", GATEWAY_RESPONSES, "definitions"];

/// A fresh REST document.
pub(crate) fn skeleton() -> Map {
    let mut document = Map::hashed();
    document.insert("swagger", "2.0");
    document.insert("info", info());
    document.insert("paths", Map::hashed());
    document
}

/// A fresh HTTP document.
pub(crate) fn open_api_skeleton() -> Map {
    let mut document = Map::hashed();
    document.insert("openapi", "3.0.1");
    document.insert("info", info());
    document.insert("paths", Map::hashed());
    document
}

fn info() -> Map {
    let mut info = Map::hashed();
    info.insert("version", "1.0");
    let mut title = Map::hashed();
    title.insert("Ref", "AWS::StackName");
    info.insert("title", title);
    info
}

/// Whether the document is one that can be edited: paths, and a version.
pub(crate) fn is_valid(document: &Node) -> bool {
    let Some(document) = document.as_map() else { return false };
    if document.map("paths").is_none() {
        return false;
    }
    document.truthy("swagger").is_some() || document.get("openapi").is_some_and(is_version_3)
}

/// Whether the value is an OpenAPI version of the third series.
pub(crate) fn is_version_3(version: &Node) -> bool {
    let shown = crate::python::display(version);
    let mut parts = shown.split('.');
    let numeric =
        |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    parts.next() == Some("3") && numeric(parts.next()) && parts.next().is_none_or(|part| numeric(Some(part)))
}

/// Lower case, and API Gateway's name for any method.
pub(crate) fn normal_method(method: &Text) -> Text {
    let lower = method.to_lowercase();
    if lower == "any" { ANY_METHOD.into() } else { method.like(lower) }
}

impl Swagger {
    /// Begins to edit a copy.
    ///
    /// # Errors
    /// A document fault for a path that is not a map, or security definitions that are not.
    pub(crate) fn new(document: &Node) -> Result<Swagger> {
        let Some(document) = document.as_map().filter(|_| is_valid(document)) else {
            return Err(Fault::document(
                "Invalid Swagger document or the Swagger document is not explicitly defined in 'DefinitionBody'.",
            ));
        };
        let document = document.deep_copy();
        if document.present("securityDefinitions").is_some_and(|definitions| definitions.as_map().is_none()) {
            return Err(Fault::document("securityDefinitions must be a dictionary."));
        }
        Ok(Swagger { document, pending: Map::new() })
    }

    /// Goes on editing a document without a copy or a check.
    pub(crate) fn resume(document: Map) -> Swagger {
        Swagger { document, pending: Map::new() }
    }

    /// One of the late sections, made if it is missing.
    pub(crate) fn section(&mut self, name: &'static str) -> Option<&mut Map> {
        if self.document.get(name).is_some_and(Node::is_null) {
            self.document.remove(name);
        }
        if self.document.contains(name) {
            self.document.map_mut(name)
        } else {
            self.pending.map_or_insert(name, Map::hashed)
        }
    }

    /// A copy of the edited document.
    pub(crate) fn finished(&self) -> Node {
        let mut document = self.document.clone();
        for name in LATE_SECTIONS {
            document.set(name, self.pending.get(name));
        }
        Node::Map(document.deep_copy())
    }

    /// Moves a path's methods to another name.
    pub(crate) fn rename_path(&mut self, from: &str, to: &str) {
        if let Some(paths) = self.document.map_mut("paths")
            && let Some(methods) = paths.remove(from)
        {
            paths.insert(to, methods);
        }
    }

    /// Names of paths, in order.
    pub(crate) fn path_names(&self) -> Vec<Text> {
        self.document.map("paths").map(|paths| paths.keys().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn paths_mut(&mut self) -> Option<&mut Map> {
        self.document.map_mut("paths")
    }

    /// The variants of a path item: itself, or the branches of its `Fn::If`.
    ///
    /// # Errors
    /// A document fault for a path item that is not a map.
    pub(crate) fn path_variants(&mut self, path: &str) -> Result<Vec<&mut Map>> {
        let item = self.document.map_mut("paths").and_then(|paths| paths.get_mut(path));
        let Some(item) = item else { return Ok(Vec::new()) };
        if item.as_map().is_none() {
            return Err(not_a_path(path));
        }
        variants(item, || not_a_path(path))
    }

    /// Returns the variants of a path that has to be there.
    ///
    /// # Errors
    /// A document fault for a path that is missing or not a map.
    pub(crate) fn needed_path(&mut self, path: &str) -> Result<Vec<&mut Map>> {
        let is_there = self.document.map("paths").is_some_and(|paths| paths.contains(path));
        if is_there { self.path_variants(path) } else { Err(not_a_path(path)) }
    }

    /// Whether the path has the method (in any variant) with a definition.
    pub(crate) fn has_path(&mut self, path: &str, method: Option<&str>) -> Result<bool> {
        let Some(item) = self.document.map("paths").and_then(|paths| paths.get(path)) else { return Ok(false) };
        let Some(method) = method else { return Ok(item.truthy()) };
        Ok(self.path_variants(path)?.iter().any(|variant| variant.contains(method)))
    }

    /// Whether the method has an integration.
    pub(crate) fn has_integration(&mut self, path: &str, method: &str) -> Result<bool> {
        let mut found = false;
        self.each_definition(path, method, |definition| {
            found |= definition.truthy(INTEGRATION).is_some();
            Ok(())
        })?;
        Ok(found)
    }

    /// Adds an empty method unless it is there.
    pub(crate) fn add_path(&mut self, path: &Text, method: &Text) -> Result<()> {
        if let Some(paths) = self.paths_mut()
            && !paths.contains(path)
        {
            paths.insert(path.clone(), Map::hashed());
        }
        for variant in self.path_variants(path)? {
            if !variant.contains(method) {
                variant.insert(method.clone(), Map::hashed());
            }
        }
        Ok(())
    }

    /// Calls `edit` with each variant of the definition of a method.
    pub(crate) fn each_definition(
        &mut self,
        path: &str,
        method: &str,
        mut edit: impl FnMut(&mut Map) -> Result<()>,
    ) -> Result<()> {
        for item in self.path_variants(path)? {
            let Some(definition) = item.get_mut(method) else { continue };
            for variant in definition_variants(path, method, definition)? {
                edit(variant)?;
            }
        }
        Ok(())
    }

    /// Calls `edit` with the name and each variant of the definition of each method of a path.
    pub(crate) fn each_method(
        &mut self,
        path: &str,
        mut edit: impl FnMut(&Text, &mut Map) -> Result<()>,
    ) -> Result<()> {
        for item in self.path_variants(path)? {
            let names: Vec<Text> = item.keys().cloned().collect();
            for name in names {
                if !is_method(&name) {
                    continue;
                }
                let Some(definition) = item.get_mut(&name) else { continue };
                for variant in definition_variants(path, &name, definition)? {
                    edit(&name, variant)?;
                }
            }
        }
        Ok(())
    }

    /// Puts a path under a condition.
    pub(crate) fn make_path_conditional(&mut self, path: &str, condition: &Node) {
        if let Some(item) = self.paths_mut().and_then(|paths| paths.get_mut(path)) {
            let inner = std::mem::replace(item, Node::Null);
            *item = intrinsics::if_(condition, inner, intrinsics::no_value());
        }
    }
}

/// Whether a key of a path item is an HTTP method rather than `parameters` and the like.
pub(crate) fn is_method(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace" | "any" | ANY_METHOD
    )
}

fn not_a_path(path: &str) -> Fault {
    Fault::document(format!("Value of '{path}' path must be a dictionary according to Swagger spec."))
}

fn not_a_method(path: &str, method: &str) -> Fault {
    Fault::document(format!("Definition of method '{method}' for path '{path}' should be a map."))
}

fn definition_variants<'d>(path: &str, method: &str, definition: &'d mut Node) -> Result<Vec<&'d mut Map>> {
    let wrong = || not_a_method(path, method);
    if definition.as_map().is_none() {
        return Err(wrong());
    }
    variants(definition, wrong)
}

/// The value itself, or the branches of its `Fn::If` that have a value.
fn variants(node: &mut Node, wrong: impl Fn() -> Fault) -> Result<Vec<&mut Map>> {
    if node.as_map().is_some_and(|map| map.contains("Fn::If")) {
        let Some(argument) = node.as_map_mut().and_then(|map| map.get_mut("Fn::If")) else { return Ok(Vec::new()) };
        let Node::List(arguments) = argument else {
            return Err(Fault::document("Value of Fn::If must be a list."));
        };
        let mut found = Vec::new();
        for branch in arguments.iter_mut().skip(1) {
            if is_no_value(branch) {
                continue;
            }
            match branch {
                Node::Map(map) => found.push(map),
                Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => return Err(wrong()),
            }
        }
        return Ok(found);
    }
    Ok(node.as_map_mut().into_iter().collect())
}

/// The path with every `{parameter}` replaced by `*`, as ARNs want it.
pub(crate) fn path_with_wildcards(path: &str, is_parameter: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find('{') {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let inner = after.get(1..).unwrap_or_default();
        match inner.split_once('}') {
            Some((name, tail)) if is_parameter(name) => {
                out.push('*');
                rest = tail;
            }
            Some(_) | None => {
                out.push('{');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Tells whether a path's part in braces is a parameter: `{a}`, `{a+}`.
pub(crate) fn is_parameter(name: &str) -> bool {
    let name = name.strip_suffix('+').unwrap_or(name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
