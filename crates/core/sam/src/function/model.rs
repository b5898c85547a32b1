//! Maps with typed fields, checked with the words that pydantic 1 has for what is wrong.

use crate::node::{Map, Node};
use crate::python;

/// What a value of a field may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Map,
    Text,
    Integer,
    Float,
}

/// A field of a map; its value is of the first kind that fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kinds: &'static [Kind],
}

impl Kind {
    fn admits(self, value: &Node) -> bool {
        match (self, value) {
            (Kind::Map, Node::Map(_)) => true,
            (Kind::Map, Node::List(list)) => list.is_empty(),
            (Kind::Text, Node::Text(_) | Node::Number(_)) => true,
            (Kind::Integer | Kind::Float, Node::Number(_) | Node::Bool(_)) => true,
            (Kind::Integer, Node::Text(text)) => text.trim().parse::<i64>().is_ok(),
            (Kind::Float, Node::Text(text)) => text.trim().parse::<f64>().is_ok(),
            _other => false,
        }
    }

    fn complaint(self) -> &'static str {
        match self {
            Kind::Map => "value is not a valid dict (type=type_error.dict)",
            Kind::Text => "str type expected (type=type_error.str)",
            Kind::Integer => "value is not a valid integer (type=type_error.integer)",
            Kind::Float => "value is not a valid float (type=type_error.float)",
        }
    }
}

/// All that is wrong with a map of the type `model`, in one text; `None` if nothing is.
pub(super) fn errors(model: &str, given: &Map, fields: &[Field]) -> Option<String> {
    let mut lines = Vec::new();
    for field in fields {
        match given.present(field.name) {
            None if field.required && given.contains(field.name) => {
                lines.push((field.name, "none is not an allowed value (type=type_error.none.not_allowed)"));
            }
            None if field.required => lines.push((field.name, "field required (type=value_error.missing)")),
            None => {}
            Some(value) if field.kinds.iter().any(|kind| kind.admits(value)) => {}
            Some(_wrong) => lines.extend(field.kinds.iter().map(|kind| (field.name, kind.complaint()))),
        }
    }
    let known = |key: &str| fields.iter().any(|field| field.name == key);
    for key in given.keys().filter(|key| !known(key)) {
        lines.push((key.as_str(), "extra fields not permitted (type=value_error.extra)"));
    }
    if lines.is_empty() {
        return None;
    }
    let plural = if lines.len() == 1 { "" } else { "s" };
    let mut text = format!("{} validation error{plural} for {model}", lines.len());
    for (name, complaint) in lines {
        text.push_str(&format!("\n{name}\n  {complaint}"));
    }
    Some(text)
}

/// The value as a text field holds it.
pub(super) fn text(value: &Node) -> Node {
    if matches!(value, Node::Number(_)) { python::display(value).into() } else { value.clone() }
}

/// The value as an integer field holds it: without a fraction.
pub(super) fn integer(value: &Node) -> Node {
    match value {
        Node::Number(number) => {
            number.as_f64().map_or_else(|| value.clone(), |number| Node::from(number.trunc() as i64))
        }
        other => other.clone(),
    }
}
