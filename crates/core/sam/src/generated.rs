//! CloudFormation resources on their way out, and what the transform copies onto them.

use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text};

/// One generated resource.
#[derive(Clone, Debug)]
pub(crate) struct Generated {
    pub(crate) id: Text,
    pub(crate) kind: String,
    /// `Condition`, `DependsOn`, `DeletionPolicy` and the like.
    pub(crate) attributes: Map,
    pub(crate) properties: Map,
}

impl Generated {
    pub(crate) fn new(id: impl Into<Text>, kind: impl Into<String>) -> Generated {
        Generated { id: id.into(), kind: kind.into(), attributes: Map::new(), properties: Map::new() }
    }
    pub(crate) fn with_attributes(mut self, attributes: &Map) -> Generated {
        self.attributes = attributes.clone();
        self
    }
    /// Sets a property.
    pub(crate) fn put(&mut self, key: &str, value: impl Into<Node>) {
        self.properties.insert(key, value);
    }
    /// Sets a property unless the value is missing or null.
    pub(crate) fn set(&mut self, key: &str, value: Option<impl Into<Node>>) {
        self.properties.set(key, value);
    }
    /// Copies properties of the same names.
    pub(crate) fn copy(&mut self, from: &Map, keys: &[&str]) {
        for key in keys {
            self.properties.set(*key, from.present(key));
        }
    }
    /// Copies properties of the same names that are not empty, zero or false.
    pub(crate) fn copy_truthy(&mut self, from: &Map, keys: &[&str]) {
        for key in keys {
            self.properties.set(*key, from.truthy(key));
        }
    }
    pub(crate) fn into_entry(self) -> (Text, Node) {
        let mut resource = Map::new();
        resource.insert("Type", self.kind);
        for (key, value) in self.attributes.iter() {
            resource.insert(key.clone(), value.clone());
        }
        resource.insert("Properties", self.properties);
        (self.id, Node::Map(resource))
    }
}

/// Refuses a logical id that CloudFormation would not take.
pub(crate) fn check_id(id: &Text) -> Result<()> {
    if id.chars().all(|c| c.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(Fault::resource(id, "Logical ids must be alphanumeric."))
    }
}

/// The attributes that every resource derived from `resource` gets.
pub(crate) fn passthrough(resource: &Map, with_metadata: bool) -> Map {
    let mut attributes = Map::new();
    for key in ["Condition", "DeletionPolicy", "UpdateReplacePolicy"] {
        if let Some(value) = resource.get(key) {
            attributes.insert(key, value);
        }
    }
    if with_metadata {
        attributes.set("Metadata", resource.get("Metadata"));
    }
    attributes
}

/// The attributes that the main resource made of `resource` gets.
pub(crate) fn main_attributes(resource: &Map) -> Map {
    let mut attributes = Map::new();
    for key in ["Condition", "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy", "Metadata", "DependsOn"] {
        if let Some(value) = resource.get(key) {
            attributes.insert(key, value);
        }
    }
    attributes
}

/// CloudFormation's list form of a map of tags.
pub(crate) fn tag_list(tags: Option<&Map>) -> Vec<Node> {
    let mut list = Vec::new();
    for (key, value) in tags.into_iter().flat_map(Map::iter) {
        list.push(tag(key.clone(), if value.is_null() { Node::from("") } else { value.clone() }));
    }
    list
}

/// `{"Key": key, "Value": value}`
pub(crate) fn tag(key: impl Into<Text>, value: impl Into<Node>) -> Node {
    let mut tag = Map::new();
    tag.insert("Key", Node::Text(key.into()));
    tag.insert("Value", value);
    Node::Map(tag)
}

/// Refuses tags that the transform sets itself.
pub(crate) fn refuse_reserved_tags(id: &Text, reserved: &[&str], tags: Option<&Map>) -> Result<()> {
    match reserved.iter().find(|key| tags.is_some_and(|tags| tags.contains(key))) {
        None => Ok(()),
        Some(key) => Err(Fault::resource(
            id,
            format!(
                "{key} is a reserved Tag key name and cannot be set on your resource. Please change the tag key in the input."
            ),
        )),
    }
}

/// The tag that marks what the transform made, before the author's own.
pub(crate) fn tags_with_origin(marker: &str, tags: Option<&Map>) -> Vec<Node> {
    let mut list = vec![tag(marker, "SAM")];
    list.extend(tag_list(tags));
    list
}
