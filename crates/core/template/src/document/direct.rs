//! The normalised value made while the text is read, without a tree, which would take as long again; the places of its
//! parts go into a flat list.
//!
//! It gives up at what needs the tree: merge keys, tags that are none of the template language, keys that are no text or
//! occur twice. A test compares its values and findings with those made of the tree.

use std::borrow::Cow;

use serde_json::{Map, Value};
use stackfleet_base::{Diagnostic, FileId, Span};

use super::{
    Surprises, is_expansion, long_form,
    places::{Notes, Places},
    plain_key, split_attribute,
};
use crate::yaml::{self, Build, ScalarStyle, scalar};

/// A value made at once, and what was noticed on the way.
pub(crate) struct Direct {
    pub(crate) value: Value,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) facts: Facts,
    pub(crate) places: Places,
}

/// What is in a value, so that it need not be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) has_null: bool,
    /// `Fn::Transform` or `Fn::ForEach` somewhere.
    pub(crate) has_expansion: bool,
}

impl Facts {
    /// Looks for them.
    pub(crate) fn of(value: &Value) -> Self {
        let mut facts = Self { has_null: false, has_expansion: false };
        facts.look(value);
        facts
    }

    fn look(&mut self, value: &Value) {
        match value {
            Value::Null => self.has_null = true,
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Object(object) => {
                for (key, member) in object {
                    self.has_expansion |= is_expansion(key);
                    self.look(member);
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Reads YAML to its value, or gives up.
pub(crate) fn read(file: FileId, text: &str) -> Option<Direct> {
    if yaml::is_json_like(text) {
        return None;
    }
    let mut builder = ValueBuilder {
        items: Vec::new(),
        members: Vec::new(),
        surprises: Surprises::default(),
        notes: Notes::new(text.len()),
        facts: Facts { has_null: false, has_expansion: false },
    };
    let root = yaml::read_quickly(file, text, &mut builder)?;
    let value = builder.decided(root);
    let ValueBuilder { surprises, facts, notes, .. } = builder;
    Some(Direct { value, diagnostics: surprises.found, facts, places: notes.places(file, text) })
}

/// A value whose tag is not known yet: what a bare scalar means depends on it.
enum Draft<'text> {
    Plain(Span, Cow<'text, str>),
    Value(Value),
}

struct ValueBuilder {
    /// Items of the sequences that are being filled, the innermost last.
    items: Vec<Value>,
    /// Members of the mappings that are being filled, the innermost last.
    members: Vec<(String, Value)>,
    surprises: Surprises,
    notes: Notes,
    facts: Facts,
}

impl ValueBuilder {
    fn decided(&mut self, node: Draft<'_>) -> Value {
        match node {
            Draft::Value(value) => value,
            Draft::Plain(span, text) => {
                let value = self.surprises.plain(span, text);
                self.facts.has_null |= value.is_null();
                value
            }
        }
    }
}

impl<'text> Build<'text> for ValueBuilder {
    type Node = Draft<'text>;
    type Key = String;

    fn scalar(&mut self, span: Span, text: Cow<'text, str>, style: ScalarStyle) -> Option<Draft<'text>> {
        self.notes.scalar(span);
        Some(match style {
            ScalarStyle::Plain => Draft::Plain(span, text),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted | ScalarStyle::Literal | ScalarStyle::Folded => {
                Draft::Value(Value::String(text.into_owned()))
            }
        })
    }

    fn key(&mut self, scalar: Draft<'text>) -> Option<String> {
        let key = match scalar {
            Draft::Plain(_, text) if text == "<<" => return None,
            Draft::Plain(span, text) => {
                self.surprises.look(span, &text);
                if scalar::is_surely_text(&text) { text.into_owned() } else { plain_key(text) }
            }
            Draft::Value(Value::String(text)) => text,
            Draft::Value(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return None;
            }
        };
        self.facts.has_expansion |= is_expansion(&key);
        Some(key)
    }

    fn tagged(&mut self, name: &'text str, span: Span, node: Draft<'text>) -> Option<Draft<'text>> {
        let function = long_form(name)?;
        self.notes.tag(span);
        self.facts.has_expansion |= is_expansion(function);
        let argument = match node {
            Draft::Plain(_, text) if function == "Fn::GetAtt" => split_attribute(&text),
            Draft::Value(Value::String(text)) if function == "Fn::GetAtt" => split_attribute(&text),
            Draft::Plain(_, text) => Value::String(text.into_owned()),
            Draft::Value(value) => value,
        };
        let mut object = Map::with_capacity(1);
        object.insert(function.to_owned(), argument);
        Some(Draft::Value(Value::Object(object)))
    }

    fn items(&mut self) -> usize {
        self.notes.open();
        self.items.len()
    }

    fn item(&mut self, node: Draft<'text>) {
        let item = self.decided(node);
        self.items.push(item);
    }

    fn sequence(&mut self, span: Span, start: usize) -> Draft<'text> {
        self.notes.sequence(span);
        Draft::Value(Value::Array(self.items.drain(start..).collect()))
    }

    fn entries(&mut self) -> usize {
        self.notes.open();
        self.members.len()
    }

    fn entry(&mut self, key: String, value: Draft<'text>) {
        let value = self.decided(value);
        self.members.push((key, value));
    }

    fn mapping(&mut self, span: Span, start: usize) -> Option<Draft<'text>> {
        self.notes.mapping(span);
        let count = self.members.len() - start;
        let mut object = Map::with_capacity(count);
        object.extend(self.members.drain(start..));
        // A key that occurs twice is told with both places.
        (object.len() == count).then_some(Draft::Value(Value::Object(object)))
    }
}
