//! A template that was read: its sections, and where each part is written.

mod read;

use std::sync::OnceLock;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use stackfleet_base::Span;

use crate::{
    Parameter, Problem,
    document::{Place, Places, TreeView, find},
    problem::UNKNOWN_MEMBER,
    yaml::{self, Node},
};

pub use read::{BODY_BYTES_MAX, RESOURCES_MAX, URL_BYTES_MAX, read, read_body};

/// A template. Read once, share behind an `Arc`, evaluate often.
#[derive(Debug, Clone)]
pub struct Template {
    value: Value,
    parameters: IndexMap<String, Parameter>,
    problems: Vec<Problem>,
    has_open_transforms: bool,
    source: Option<Source>,
}

/// The text that the value was made of, and where its parts are.
#[derive(Debug, Clone)]
enum Source {
    /// The tree was wanted from the beginning; whether it was JSON.
    Tree { root: Node, json: bool },
    /// It is read when it is asked for: places can be told without.
    Places { places: Places, root: OnceLock<Option<Node>> },
}

impl Source {
    fn tree(&self) -> Option<(&Node, bool)> {
        match self {
            Self::Tree { root, json } => Some((root, *json)),
            Self::Places { places, root } => {
                let read = || yaml::read(places.file(), places.text()).0;
                root.get_or_init(read).as_ref().map(|root| (root, false))
            }
        }
    }

    /// Returns the place at a pointer, and whether it is exactly there.
    fn place(&self, pointer: &str) -> Option<(Place, bool)> {
        match self {
            Self::Tree { root, json } => {
                let (_, place, exact) = find(TreeView { node: root, json: *json }, pointer);
                Some((place, exact))
            }
            Self::Places { places, .. } => {
                let (_, place, exact) = find(places.root()?, pointer);
                Some((place, exact))
            }
        }
    }
}

impl Template {
    /// Returns the whole template as one value with functions in long form.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns why CloudFormation would not accept this as a template, by its shape alone.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the parameters in order.
    #[must_use]
    pub fn parameters(&self) -> &IndexMap<String, Parameter> {
        &self.parameters
    }

    /// Returns the description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.value.get("Description")?.as_str()
    }

    /// Returns the members of a section; none where the section is missing or no mapping.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> + use<'_> {
        let members = self.value.get(name).and_then(Value::as_object);
        members.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the resources that are well-formed, in order.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> + use<'_> {
        self.section("Resources").filter_map(|(name, body)| Some(Resource { name, body: body.as_object()? }))
    }

    /// Returns a resource.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<Resource<'_>> {
        let (name, body) = self.value.get("Resources")?.as_object()?.get_key_value(logical_id)?;
        Some(Resource { name, body: body.as_object()? })
    }

    /// Returns the outputs that are well-formed, in order.
    pub fn outputs(&self) -> impl Iterator<Item = Output<'_>> + use<'_> {
        self.section("Outputs").filter_map(|(name, body)| Some(Output { name, body: body.as_object()? }))
    }

    /// Returns the names of the template's transforms in the order in which they run.
    #[must_use]
    pub fn transforms(&self) -> Vec<&str> {
        transform_names(&self.value)
    }

    /// Tells whether this is a SAM template.
    #[must_use]
    pub fn is_serverless(&self) -> bool {
        self.transforms().iter().any(|name| name.starts_with("AWS::Serverless"))
    }

    /// Tells whether a transform has still to run: a macro in `Transform` or `Fn::Transform`, or an `Fn::ForEach`. Until
    /// then a missing name is no error and nothing can be evaluated.
    #[must_use]
    pub fn has_open_transforms(&self) -> bool {
        self.has_open_transforms
    }

    /// Tells whether `AWS::LanguageExtensions` is the only transform.
    pub(crate) fn is_extended(&self) -> bool {
        self.transforms() == [LANGUAGE_EXTENSIONS]
    }

    /// Returns the tree that the template was read from, and whether it was JSON.
    pub(crate) fn source(&self) -> Option<(&Node, bool)> {
        self.source.as_ref()?.tree()
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self.source, Some(Source::Tree { json: true, .. }))
    }

    /// Returns where a part of [`Self::value`] is written, with its tag; `pointer` is a JSON pointer. Where the part is
    /// not written by itself, the nearest place around it. `None` only for templates without text.
    #[must_use]
    pub fn span(&self, pointer: &str) -> Option<Span> {
        self.source.as_ref()?.place(pointer).map(|(place, _)| place.value)
    }

    /// Returns where the key of a member is written.
    #[must_use]
    pub fn key_span(&self, pointer: &str) -> Option<Span> {
        self.source.as_ref()?.place(pointer).filter(|(_, exact)| *exact)?.0.key
    }

    /// Returns the place that a problem is about: the key of a member that is itself to blame, else the value.
    #[must_use]
    pub fn problem_span(&self, problem: &Problem) -> Option<Span> {
        let about_member = problem.pointer.matches('/').count() <= 2 || problem.code == UNKNOWN_MEMBER;
        self.key_span(&problem.pointer).filter(|_| about_member).or_else(|| self.span(&problem.pointer))
    }
}

/// The transform that adds `Fn::ForEach`, `Fn::Length`, `Fn::ToJsonString` and more.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

fn transform_names(template: &Value) -> Vec<&str> {
    fn name(entry: &Value) -> Option<&str> {
        entry.as_str().or_else(|| entry.get("Name")?.as_str())
    }
    match template.get("Transform") {
        Some(Value::Array(entries)) => entries.iter().filter_map(name).collect(),
        Some(entry) => name(entry).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Tells whether a macro other than `AWS::LanguageExtensions` is to run on the whole template.
fn has_macros(template: &Value) -> bool {
    transform_names(template).iter().any(|name| *name != LANGUAGE_EXTENSIONS)
}

/// A resource as written.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'template> {
    /// The logical id.
    pub name: &'template str,
    /// The whole body.
    pub body: &'template Map<String, Value>,
}

impl<'template> Resource<'template> {
    /// Returns the type; empty where it is missing.
    #[must_use]
    pub fn type_name(&self) -> &'template str {
        self.text("Type").unwrap_or_default()
    }

    /// Returns an attribute such as `Properties` or `UpdatePolicy`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'template Value> {
        self.body.get(name)
    }

    /// Returns the properties.
    #[must_use]
    pub fn properties(&self) -> Option<&'template Map<String, Value>> {
        self.body.get("Properties")?.as_object()
    }

    /// Returns the name of the condition on which it exists.
    #[must_use]
    pub fn condition(&self) -> Option<&'template str> {
        self.text("Condition")
    }

    /// Returns the resources named in `DependsOn`.
    pub fn depends_on(&self) -> impl Iterator<Item = &'template str> + use<'template> {
        let (one, many) = match self.body.get("DependsOn") {
            Some(Value::Array(names)) => (None, Some(names)),
            Some(name) => (name.as_str(), None),
            None => (None, None),
        };
        one.into_iter().chain(many.into_iter().flatten().filter_map(Value::as_str))
    }

    fn text(&self, name: &str) -> Option<&'template str> {
        self.body.get(name)?.as_str()
    }
}

/// An output as written.
#[derive(Debug, Clone, Copy)]
pub struct Output<'template> {
    /// The name.
    pub name: &'template str,
    /// The whole body.
    pub body: &'template Map<String, Value>,
}

impl<'template> Output<'template> {
    /// Returns the name of the condition on which it exists.
    #[must_use]
    pub fn condition(&self) -> Option<&'template str> {
        self.body.get("Condition")?.as_str()
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> Option<&'template Value> {
        self.body.get("Value")
    }

    /// Returns the name under which the value is exported.
    #[must_use]
    pub fn export_name(&self) -> Option<&'template Value> {
        self.body.get("Export")?.get("Name")
    }
}

#[cfg(test)]
mod tests;
