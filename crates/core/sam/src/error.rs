//! Why a template was refused.

use crate::node::Text;
use crate::place;
use serde_json::Value;
use std::fmt;

/// One reason why a template was refused, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamError {
    /// The resource (or event, see [`SamErrorKind`]) that the reason speaks of; `None` for the document as a whole.
    pub logical_id: Option<String>,
    /// What the reason speaks of.
    pub kind: SamErrorKind,
    /// The whole sentence as AWS words it, for example
    /// ``Resource with id [Function] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set.``
    pub message: String,
    /// The place in the template that the reason speaks of, as a JSON pointer: a property where it names one that is there,
    /// otherwise the event or resource; empty for the document as a whole.
    pub pointer: String,
}

/// What a [`SamError`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamErrorKind {
    /// The structure of the document.
    Document,
    /// A resource.
    Resource,
    /// An event of a resource that does not name the resource.
    Event,
    /// A resource that would be generated under an id already taken.
    DuplicateId,
    /// Something that AWS's transform accepts and this one does not yet.
    Unsupported,
}

impl fmt::Display for SamError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
impl std::error::Error for SamError {}

impl SamError {
    /// All reasons as the one text AWS answers with.
    #[must_use]
    pub fn summary(errors: &[SamError]) -> String {
        let mut text =
            format!("Invalid Serverless Application Specification document. Number of errors found: {}.", errors.len());
        for error in errors {
            text.push(' ');
            text.push_str(&error.message);
        }
        text
    }
}

/// A reason on its way to becoming a [`SamError`].
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Ends the transform at once where it is found outside a resource.
    Document(String),
    /// The text is whole as it stands.
    Whole(String),
    Resource(String, String),
    Event(String, String),
    Duplicate {
        id: String,
        generated: String,
        kind: String,
    },
    Unsupported(String, String),
    Many(Vec<Fault>),
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    pub(crate) fn document(message: impl Into<String>) -> Fault {
        Fault::Document(message.into())
    }
    pub(crate) fn resource(id: &Text, message: impl Into<String>) -> Fault {
        Fault::Resource(id.to_string(), message.into())
    }
    pub(crate) fn event(id: &str, message: impl Into<String>) -> Fault {
        Fault::Event(id.to_owned(), message.into())
    }
    pub(crate) fn unsupported(id: &Text, what: impl fmt::Display) -> Fault {
        Fault::Unsupported(id.to_string(), format!("{what} is not supported by this transform."))
    }

    /// The text without what an outer reason would prepend.
    pub(crate) fn message(&self) -> String {
        match self {
            Fault::Document(message) => format!("Structure of the SAM template is invalid. {message}"),
            Fault::Whole(message) => message.clone(),
            Fault::Resource(id, message) | Fault::Unsupported(id, message) => {
                format!("Resource with id [{id}] is invalid. {message}")
            }
            Fault::Event(id, message) => format!("Event with id [{id}] is invalid. {message}"),
            Fault::Duplicate { id, generated, kind } => format!(
                "Transforming resource with id [{id}] attempts to create a new resource with id [{generated}] and type \
                 \"{kind}\". A resource with that id already exists within this template. Please use a different id for \
                 that resource."
            ),
            Fault::Many(faults) => faults.iter().map(Fault::message).collect::<Vec<_>>().join(" "),
        }
    }

    fn into_errors(self, errors: &mut Vec<SamError>) {
        let message = self.message();
        let (kind, logical_id) = match self {
            Fault::Many(faults) => {
                for fault in faults {
                    fault.into_errors(errors);
                }
                return;
            }
            Fault::Document(_) | Fault::Whole(_) => (SamErrorKind::Document, None),
            Fault::Resource(id, _) => (SamErrorKind::Resource, Some(id)),
            Fault::Event(id, _) => (SamErrorKind::Event, Some(id)),
            Fault::Duplicate { id, .. } => (SamErrorKind::DuplicateId, Some(id)),
            Fault::Unsupported(id, _) => (SamErrorKind::Unsupported, Some(id)),
        };
        errors.push(SamError { logical_id, kind, message, pointer: String::new() });
    }
}

/// All reasons, without repetitions, in the order in which AWS lists them: by id, otherwise by text.
pub(crate) fn collect(faults: Vec<Fault>, template: &Value) -> Vec<SamError> {
    let mut errors = Vec::new();
    for fault in faults {
        fault.into_errors(&mut errors);
    }
    let mut seen = std::collections::BTreeSet::new();
    errors.retain(|error| seen.insert(error.message.clone()));
    errors.sort_by(|a, b| sort_key(a).cmp(sort_key(b)));
    for error in &mut errors {
        error.pointer = place::of(error, template);
    }
    errors
}

fn sort_key(error: &SamError) -> &str {
    error.logical_id.as_deref().unwrap_or(&error.message)
}
