//! What a check collects, and what it knows while it goes through a resource.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stackfleet_base::Severity;

use super::pattern::{self, Pattern};
use super::place::Place;
use super::{Problem, READ_ONLY};
use crate::resource::ResourceType;

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) found: Vec<Problem>,
    /// Compiled patterns; `None` for those that cannot be tried.
    patterns: BTreeMap<String, Option<Pattern>>,
    patterns_beyond_ascii: BTreeMap<String, Option<Pattern>>,
}

/// A resource that is being checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'catalog> {
    pub(super) kind: ResourceType<'catalog>,
}

/// A problem without its place.
#[derive(Debug, Clone)]
pub(super) struct Found {
    problem: Problem,
}

impl Found {
    pub(super) fn error(code: &'static str, message: impl Into<String>) -> Self {
        let (pointer, message) = (String::new(), message.into());
        let severity = Severity::Error;
        Self { problem: Problem { code, severity, pointer, on_key: false, message, help: None, replacement: None } }
    }

    pub(super) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::error(code, message).severity(Severity::Warning)
    }

    pub(super) fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::error(code, message).severity(Severity::Note)
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.problem.severity = severity;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }

    pub(super) fn on_key(mut self) -> Self {
        self.problem.on_key = true;
        self
    }

    pub(super) fn replacement(mut self, replacement: impl Into<String>) -> Self {
        self.problem.replacement = Some(replacement.into());
        self
    }
}

impl Checker {
    /// Keeps a problem.
    pub(super) fn report(&mut self, place: &Place<'_>, found: Found) {
        self.found.push(Problem { pointer: place.pointer(), ..found.problem });
    }

    /// Checks a resource's properties; `place` is theirs, or the resource's where it has none.
    pub(super) fn properties(
        &mut self,
        kind: ResourceType<'_>,
        properties: Option<&Map<String, Value>>,
        place: &Place<'_>,
    ) {
        let empty = Map::new();
        let subject = Subject { kind };
        self.object(subject, properties.unwrap_or(&empty), kind.schema(), place, 0);
        self.read_only(kind, properties.unwrap_or(&empty), place);
    }

    /// Looks for properties that only AWS sets. A warning: of some, such as `ApiKeyId` of `AWS::AppSync::ApiKey`, the
    /// documentation says that they can be given. Those within other properties are left alone for the same reason.
    fn read_only(&mut self, kind: ResourceType<'_>, properties: &Map<String, Value>, place: &Place<'_>) {
        for path in kind.read_only() {
            let mut steps = path.steps();
            let (Some(name), None) = (steps.next(), steps.next()) else { continue };
            if properties.contains_key(name) {
                let message = format!("`{name}` of `{}` is set by AWS", kind.name());
                let found = Found::warning(READ_ONLY, message).on_key();
                self.report(&place.property(name), found.help("remove it: it is refused or ignored"));
            }
        }
    }

    /// Tries a check: returns whether it finds no error, and forgets what it found.
    pub(super) fn holds(&mut self, check: impl FnOnce(&mut Self)) -> bool {
        let before = self.found.len();
        check(self);
        let added = self.found.split_off(before);
        !added.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Tells whether a part of the text matches; `None` where it cannot be told.
    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let is_ascii = text.is_ascii() || !pattern::has_classes(pattern);
        let patterns = if is_ascii { &mut self.patterns } else { &mut self.patterns_beyond_ascii };
        if !patterns.contains_key(pattern) {
            patterns.insert(pattern.to_owned(), pattern::compile(pattern, is_ascii));
        }
        Some(patterns.get(pattern)?.as_ref()?.is_match(text))
    }
}

impl Subject<'_> {
    /// Names a value for people: "`Code.S3Key` of `AWS::Lambda::Function`".
    pub(super) fn name(self, place: &Place<'_>) -> String {
        let (property, kind) = (place.name(), self.kind.name());
        if property.is_empty() { format!("`{kind}`") } else { format!("`{property}` of `{kind}`") }
    }
}
