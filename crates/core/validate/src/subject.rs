//! The template under examination, and the places of its parts.

use serde_json::Value;
use stackfleet_base::{Diagnostic, Span};
use stackfleet_template::Template;

use crate::{Deployment, trace};

/// What rules look at. Pointers are those of [`Self::deployed`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// As it is written.
    pub(crate) source: &'a Template,
    /// What it was read from.
    pub(crate) text: &'a str,
    /// What CloudFormation gets: what the SAM transform makes of it, where it can be run.
    pub(crate) deployed: &'a Template,
    /// Where it goes.
    pub(crate) deployment: &'a Deployment<'a>,
}

impl<'a> Subject<'a> {
    /// Returns where a part of the deployed template comes from, as a pointer into the written one; `None` for what the SAM
    /// transform made of its own.
    pub(crate) fn origin(&self, pointer: &str) -> Option<String> {
        if !self.is_transformed() {
            return Some(pointer.to_owned());
        }
        trace::origin(self.source, self.deployed, pointer)
    }

    /// Returns the place of a value that is written; `None` for what was generated.
    pub(crate) fn value_span(&self, pointer: &str) -> Option<Span> {
        self.source.span(&self.origin(pointer)?)
    }

    /// Returns the place of a member's key, or of its value where it has none.
    pub(crate) fn key_span(&self, pointer: &str) -> Option<Span> {
        let origin = self.origin(pointer)?;
        self.source.key_span(&origin).or_else(|| self.source.span(&origin))
    }

    /// Keeps a finding about a value, if the value is written.
    pub(crate) fn at_value(&self, found: &mut Vec<Diagnostic>, pointer: &str, diagnostic: Diagnostic) {
        found.extend(self.value_span(pointer).map(|span| diagnostic.at(span, "")));
    }

    /// Keeps a finding about a member, if it is written.
    pub(crate) fn at_key(&self, found: &mut Vec<Diagnostic>, pointer: &str, diagnostic: Diagnostic) {
        found.extend(self.key_span(pointer).map(|span| diagnostic.at(span, "")));
    }

    /// Tells whether the SAM transform was run.
    pub(crate) fn is_transformed(&self) -> bool {
        !std::ptr::eq(self.source, self.deployed)
    }

    /// Returns the place of the first line.
    pub(crate) fn first_line(&self) -> Option<Span> {
        first_line(self.source, self.text)
    }

    /// Returns the part of the deployed template that a pointer names.
    pub(crate) fn value(&self, pointer: &str) -> Option<&'a Value> {
        self.deployed.value().pointer(pointer)
    }
}

/// Returns the place of a template's first line, for what is said about the whole.
pub(crate) fn first_line(template: &Template, text: &str) -> Option<Span> {
    let whole = template.span("")?;
    let line = text.get(whole.start..).and_then(|rest| rest.find('\n')).map_or(whole.end, |at| whole.start + at);
    Some(Span { end: line.min(whole.end), ..whole })
}
