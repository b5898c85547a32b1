//! `Fn::GetAtt` and `${Name.Attribute}`: whether resources of the type have the attribute.

use serde_json::{Map, Value};
use stackfleet_base::{Severity, suggest};

use super::checker::{Checker, Found};
use super::function::call;
use super::place::Place;
use super::{NO_ATTRIBUTE, known};
use crate::catalog::Catalog;
use crate::resource::ResourceType;

/// Checks all attributes that resources and outputs take.
pub(super) fn check(checker: &mut Checker, catalog: &Catalog<'_>, template: &Value, resources: &Map<String, Value>) {
    let search = Search { catalog, resources };
    for section in ["Resources", "Outputs", "Conditions", "Rules"] {
        if let Some(value) = template.get(section) {
            search.value(checker, value, &Place::root(section));
        }
    }
}

struct Search<'template> {
    catalog: &'template Catalog<'template>,
    resources: &'template Map<String, Value>,
}

impl Search<'_> {
    fn value(&self, checker: &mut Checker, value: &Value, place: &Place<'_>) {
        match value {
            Value::Object(object) => {
                if let Some((function, argument)) = call(object) {
                    self.function(checker, function, argument, &place.key(function));
                }
                for (key, member) in object {
                    self.value(checker, member, &place.key(key));
                }
            }
            Value::Array(members) => {
                for (number, member) in members.iter().enumerate() {
                    self.value(checker, member, &place.argument(number));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn function(&self, checker: &mut Checker, function: &str, argument: &Value, place: &Place<'_>) {
        match function {
            "Fn::GetAtt" => {
                let (resource, attribute) = match argument.as_str() {
                    Some(text) => text.split_once('.').unzip(),
                    None => (argument.get(0).and_then(Value::as_str), argument.get(1).and_then(Value::as_str)),
                };
                if let (Some(resource), Some(attribute)) = (resource, attribute) {
                    self.attribute(checker, resource, attribute, place);
                }
            }
            "Fn::Sub" => {
                let text = argument.as_str().or_else(|| argument.get(0)?.as_str());
                let own = argument.get(1).and_then(Value::as_object);
                for name in text.into_iter().flat_map(variables) {
                    if let Some((resource, attribute)) = name.split_once('.')
                        && own.is_none_or(|own| !own.contains_key(name))
                    {
                        self.attribute(checker, resource, attribute, place);
                    }
                }
            }
            _ => {}
        }
    }

    fn attribute(&self, checker: &mut Checker, resource: &str, attribute: &str, place: &Place<'_>) {
        let kind = self.resources.get(resource).and_then(|resource| resource.get("Type")?.as_str());
        let Some(kind) = kind.and_then(|kind| known(self.catalog, kind)) else { return };
        if kind.has_attribute(attribute) || (kind.is_read_only(attribute) && may_have(kind, attribute)) {
            return;
        }
        let names: Vec<String> = kind.attributes().map(|path| path.dotted()).collect();
        let message = format!("`{}` has no attribute `{attribute}`", kind.name());
        // Some older types give properties as attributes without saying so.
        let severity = if kind.property(attribute).is_some() { Severity::Warning } else { Severity::Error };
        let found = Found::error(NO_ATTRIBUTE, message).severity(severity);
        let help = match suggest::nearest(attribute, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it has none".to_owned(),
            None => format!("it has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        checker.report(place, found.help(help));
    }
}

/// Tells whether a value may have a part: AWS describes it, or says nothing about the parts.
fn may_have(kind: ResourceType<'_>, attribute: &str) -> bool {
    let mut schema = kind.schema();
    for step in attribute.split('.') {
        match schema.step(step) {
            Some(part) => schema = part,
            None => return schema.properties().next().is_none(),
        }
    }
    true
}

/// Returns the names in `${...}`; `${!name}` is none.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split("${").skip(1);
    pieces.filter_map(|piece| piece.split_once('}').map(|(name, _)| name)).filter(|name| !name.starts_with('!'))
}
