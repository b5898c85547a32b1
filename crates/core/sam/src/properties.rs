//! Which properties a resource or event knows, which are required and of what type; the check with AWS's words.

use crate::error::{Fault, Result};
use crate::intrinsics::may_be_intrinsic;
use crate::node::{Map, Node, Text};

/// What a property may be. A map of one entry passes as an intrinsic function in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Any,
    Text,
    Integer,
    Boolean,
    Map,
    List,
    TextOrMap,
    /// A text or a list of texts.
    TextOrTexts,
    MapOrBoolean,
    /// A map or a list of maps.
    MapOrMaps,
    /// A list of texts and maps.
    TextsOrMaps,
    /// A list of texts.
    Texts,
    /// A map of texts.
    TextsByName,
    /// A map of maps.
    Maps,
    /// A text, a map, or a list of these.
    Policies,
}

impl Shape {
    fn admits(self, value: &Node) -> bool {
        let text = matches!(value, Node::Text(_));
        let map = matches!(value, Node::Map(_));
        let list = matches!(value, Node::List(_));
        // Python's booleans are integers.
        let integer = value.as_integer().is_some() || value.as_bool().is_some();
        match self {
            Shape::Any => true,
            Shape::Text => text,
            Shape::Integer => integer,
            Shape::Boolean => value.as_bool().is_some(),
            Shape::Map => map,
            Shape::List => list,
            Shape::TextOrMap => text || map,
            Shape::TextOrTexts => {
                text || value.as_list().is_some_and(|items| items.iter().all(|i| i.as_text().is_some()))
            }
            Shape::MapOrBoolean => map || value.as_bool().is_some(),
            Shape::MapOrMaps => {
                map || value.as_list().is_some_and(|items| items.iter().all(|item| item.as_map().is_some()))
            }
            Shape::TextsOrMaps => value
                .as_list()
                .is_some_and(|items| items.iter().all(|item| item.as_text().is_some() || item.as_map().is_some())),
            Shape::Texts => value.as_list().is_some_and(|items| items.iter().all(|item| item.as_text().is_some())),
            Shape::TextsByName => value.as_map().is_some_and(|map| map.values().all(|value| value.as_text().is_some())),
            Shape::Maps => value.as_map().is_some_and(|map| map.values().all(|value| value.as_map().is_some())),
            Shape::Policies => {
                let one = |value: &Node| value.as_text().is_some() || value.as_map().is_some();
                one(value) || value.as_list().is_some_and(|items| items.iter().all(one))
            }
        }
    }
}

/// One property of a [`Specification`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// No intrinsic function may stand for it.
    pub(crate) literal: bool,
    /// A wrong type is told by the type that it should have.
    pub(crate) tells_type: bool,
}

pub(crate) const fn optional(name: &'static str, shape: Shape) -> Property {
    Property { name, shape, required: false, literal: false, tells_type: false }
}
/// An optional text; a wrong type is told by the right one.
pub(crate) const fn text(name: &'static str) -> Property {
    Property { tells_type: true, ..optional(name, Shape::Text) }
}
/// An optional map; a wrong type is told by the right one.
pub(crate) const fn mapping(name: &'static str) -> Property {
    Property { tells_type: true, ..optional(name, Shape::Map) }
}
/// A property without which there is no resource.
pub(crate) const fn needed(property: Property) -> Property {
    Property { required: true, ..property }
}
pub(crate) const fn required(name: &'static str, shape: Shape) -> Property {
    Property { name, shape, required: true, literal: false, tells_type: false }
}
/// A property for which no intrinsic function may stand.
pub(crate) const fn literal(property: Property) -> Property {
    Property { literal: true, ..property }
}
/// Any value, not required.
pub(crate) const fn free(name: &'static str) -> Property {
    optional(name, Shape::Any)
}

impl Property {
    fn admits(&self, value: &Node) -> bool {
        (!self.literal && may_be_intrinsic(value)) || self.shape.admits(value)
    }

    /// AWS's words for a value of a wrong type.
    fn complaint(&self) -> String {
        if !self.tells_type {
            return format!("Type of property '{}' is invalid.", self.name);
        }
        should_be(self.name, if self.shape == Shape::Map { "a map" } else { "a string" })
    }
}

/// The properties of one type.
pub(crate) type Specification = &'static [Property];

/// Checks names, in the order in which they are given, then presence and types, in the order of the specification.
///
/// # Errors
/// A fault of the resource `id` for the first thing that is wrong.
pub(crate) fn check(id: &Text, kind: &str, properties: &Map, specification: &[Property]) -> Result<()> {
    let known = |name: &Text| specification.iter().any(|property| property.name == name.as_str());
    if let Some(name) = properties.keys().find(|name| !known(name)) {
        return Err(Fault::resource(id, format!("property {name} not defined for resource of type {kind}")));
    }
    for property in specification {
        let value = properties.present(property.name);
        if property.required && value.is_none() {
            return Err(Fault::resource(id, format!("Missing required property '{}'.", property.name)));
        }
        if value.is_some_and(|value| !property.admits(value)) {
            return Err(Fault::resource(id, property.complaint()));
        }
    }
    Ok(())
}

/// The value as a map, or AWS's words for one that is not.
pub(crate) fn expect_map<'n>(id: &Text, value: &'n Node, path: &str) -> Result<&'n Map> {
    value.as_map().ok_or_else(|| Fault::resource(id, should_be(path, "a map")))
}
/// The value as a text, or AWS's words for one that is not.
pub(crate) fn expect_text<'n>(id: &Text, value: &'n Node, path: &str) -> Result<&'n Text> {
    value.as_text().ok_or_else(|| Fault::resource(id, should_be(path, "a string")))
}
pub(crate) fn should_be(path: &str, what: &str) -> String {
    format!("Property '{path}' should be {what}.")
}
pub(crate) fn is_required(path: &str) -> String {
    format!("Property '{path}' is required.")
}
