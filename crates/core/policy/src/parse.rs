//! Reads a policy document: JSON in, a typed policy and everything that is wrong with it out.
//!
//! Reading goes on after a problem, so that all are reported at once. A document with errors yields no policy, as
//! AWS would not accept it; warnings leave it usable. Sizes are another matter: see [`crate::limits`].

use std::sync::Arc;

use stackfleet_base::{Diagnostic, FileId, Span, suggest::nearest};

use crate::{
    codes,
    json::{self, Member, Node, Range, Value},
    policy::{Effect, Policy, PolicyKind, Resources, Statement, Version},
};

mod elements;

/// The file that a policy's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// The byte of the file at which the text begins; 0 when it is the whole file.
    pub offset: usize,
}

/// A document that is no policy of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy `{name}` is malformed: {}", first_message(.diagnostics))]
pub struct MalformedPolicy {
    /// The name that the policy was given.
    pub name: String,
    /// Everything that is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

fn first_message(diagnostics: &[Diagnostic]) -> &str {
    diagnostics.iter().find(|found| found.is_error()).map_or("it has errors", |found| &found.message)
}

impl Policy {
    /// Reads a document that was not written in a project's file. The name, often an ARN, is for explanations.
    ///
    /// # Errors
    /// When AWS would refuse the document as malformed.
    pub fn parse(kind: PolicyKind, name: &str, text: &str) -> Result<Self, MalformedPolicy> {
        let (policy, diagnostics) = Self::read(kind, name, text, None);
        policy.ok_or_else(|| MalformedPolicy { name: name.to_owned(), diagnostics })
    }

    /// Reads a document; problems have places when its origin is given.
    #[must_use]
    pub fn read(kind: PolicyKind, name: &str, text: &str, origin: Option<Origin>) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::new(kind, origin.map_or(Places::Nowhere, Places::Text));
        match json::read(text) {
            Ok(node) => {
                let policy = reader.policy(name, &node);
                (policy, reader.diagnostics)
            }
            Err(error) => {
                let range = Range { start: error.at, end: error.at };
                reader.error(codes::NOT_JSON, range, format!("this is not JSON: {} is wanted here", error.wanted));
                (None, reader.diagnostics)
            }
        }
    }

    /// Reads a document that is already a value, from a template say; problems have no places.
    #[must_use]
    pub fn from_value(kind: PolicyKind, name: &str, value: &serde_json::Value) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::new(kind, Places::Nowhere);
        let policy = reader.policy(name, &json::from_value(value));
        (policy, reader.diagnostics)
    }
}

/// What a kind of policy calls itself in messages.
const fn kind_name(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Identity => "an identity policy",
        PolicyKind::Resource => "a resource policy",
        PolicyKind::Trust => "a trust policy",
        PolicyKind::Boundary => "a permissions boundary",
        PolicyKind::Session => "a session policy",
        PolicyKind::ServiceControl => "a service control policy",
        PolicyKind::ResourceControl => "a resource control policy",
    }
}

/// Whether an element must, may or must not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
    Forbidden,
}

/// What the ranges of nodes mean.
pub(crate) enum Places<'a> {
    /// Nothing.
    Nowhere,
    /// Bytes of a file.
    Text(Origin),
    /// Numbers of names: twice the number for a value, one more for its key.
    Named { names: &'a [&'a str], place: &'a dyn Fn(&str, bool) -> Option<Span> },
}

pub(crate) struct Reader<'a> {
    kind: PolicyKind,
    places: Places<'a>,
    version: Version,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The members of a statement by name.
#[derive(Default)]
struct Parts<'a> {
    members: Vec<&'a Member>,
    /// Known names that unknown ones are probably meant to be: it is enough to say that once.
    meant: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn get(&self, name: &str) -> Option<&'a Member> {
        self.members.iter().find(|member| member.key == name).copied()
    }

    fn is_meant(&self, name: &str) -> bool {
        self.meant.contains(&name)
    }
}

impl<'places> Reader<'places> {
    pub(crate) fn new(kind: PolicyKind, places: Places<'places>) -> Self {
        Self { kind, places, version: Version::V2008, diagnostics: Vec::new() }
    }

    fn span(&self, range: Range) -> Option<Span> {
        match &self.places {
            Places::Nowhere => None,
            Places::Text(Origin { file, offset }) => {
                Some(Span { file: *file, start: offset + range.start, end: offset + range.end })
            }
            Places::Named { names, place } => place(names.get(range.start / 2)?, range.start % 2 == 1),
        }
    }

    fn add(&mut self, diagnostic: Diagnostic, range: Range) {
        let diagnostic = match self.span(range) {
            Some(span) => diagnostic.at(span, ""),
            None => diagnostic,
        };
        self.diagnostics.push(diagnostic);
    }

    fn error(&mut self, code: &'static str, range: Range, message: String) {
        self.add(Diagnostic::error(code, message), range);
    }

    fn error_help(&mut self, code: &'static str, range: Range, message: String, help: &str) {
        self.add(Diagnostic::error(code, message).help(help), range);
    }

    fn warning(&mut self, code: &'static str, range: Range, message: String, help: &str) {
        self.add(Diagnostic::warning(code, message).help(help), range);
    }

    pub(crate) fn policy(&mut self, name: &str, node: &Node) -> Option<Policy> {
        if matches!(node.value, Value::Unknown) {
            return None;
        }
        let Value::Object(_) = &node.value else {
            self.error(codes::WRONG_KIND, node.range, format!("a policy is an object, not {}", node.value.kind()));
            return None;
        };
        let parts = self.parts(node, &["Version", "Id", "Statement"], "policy");
        self.version = self.read_version(parts.get("Version"), node.range);
        if let Some(id) = parts.get("Id") {
            self.text(&id.node, "Id");
        }
        let statements = match parts.get("Statement").map(|member| &member.node) {
            Some(Node { value: Value::Array(items), range }) => {
                if items.is_empty() {
                    self.warning(
                        codes::MISSING_ELEMENT,
                        *range,
                        "the policy has no statements".to_owned(),
                        "add a statement",
                    );
                }
                items.iter().collect()
            }
            Some(single) => vec![single],
            None => {
                if !parts.is_meant("Statement") {
                    self.error(codes::MISSING_ELEMENT, node.range, "the policy has no `Statement`".to_owned());
                }
                Vec::new()
            }
        };
        let statements: Vec<Option<Statement>> =
            statements.iter().enumerate().map(|(index, node)| self.statement(index, node)).collect();
        self.check_sids(&statements);
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return None;
        }
        let statements = statements.into_iter().flatten().collect();
        Some(Policy { kind: self.kind, name: Arc::from(name), version: self.version, statements })
    }

    /// Sorts an object's members, reporting unknown and repeated ones.
    fn parts<'a>(&mut self, node: &'a Node, known: &[&'static str], whole: &str) -> Parts<'a> {
        let mut parts = Parts::default();
        let Value::Object(members) = &node.value else { return parts };
        for member in members {
            let key = &member.key;
            if parts.get(key).is_some() {
                self.error(codes::REPEATED_ELEMENT, member.key_range, format!("`{key}` is there twice"));
            } else if known.contains(&key.as_str()) {
                parts.members.push(member);
            } else {
                let message = format!("a {whole} has no element `{key}`");
                match nearest(key, known.iter().copied()) {
                    Some(meant) => {
                        parts.meant.push(meant);
                        self.error_help(codes::UNKNOWN_ELEMENT, member.key_range, message, &format!("write `{meant}`"));
                    }
                    None => {
                        let help = format!("a {whole} has {}", known.join(", "));
                        self.error_help(codes::UNKNOWN_ELEMENT, member.key_range, message, &help);
                    }
                }
            }
        }
        parts
    }

    fn read_version(&mut self, member: Option<&Member>, whole: Range) -> Version {
        let organization = matches!(self.kind, PolicyKind::ServiceControl | PolicyKind::ResourceControl);
        let Some(member) = member else {
            if organization {
                let message = format!("{} needs a `Version`", kind_name(self.kind));
                self.error_help(codes::VERSION, whole, message, "add `\"Version\": \"2012-10-17\"`");
            }
            return Version::V2008;
        };
        let text = match &member.node.value {
            Value::Unknown => return Version::V2012,
            Value::String(text) => text.as_str(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => "",
        };
        match text {
            "2012-10-17" => Version::V2012,
            "2008-10-17" if !organization => Version::V2008,
            _ => {
                let help = "write `\"2012-10-17\"`, the version of the policy language";
                self.error_help(
                    codes::VERSION,
                    member.node.range,
                    "this is no version of the policy language".into(),
                    help,
                );
                Version::V2012
            }
        }
    }

    fn statement(&mut self, index: usize, node: &Node) -> Option<Statement> {
        if matches!(node.value, Value::Unknown) {
            return None;
        }
        let Value::Object(_) = &node.value else {
            self.error(codes::WRONG_KIND, node.range, format!("a statement is an object, not {}", node.value.kind()));
            return None;
        };
        const ELEMENTS: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let parts = self.parts(node, &ELEMENTS, "statement");
        let sid = parts.get("Sid").and_then(|member| self.sid(&member.node));
        let effect = match parts.get("Effect") {
            None if parts.is_meant("Effect") => None,
            member => self.effect(member, node.range),
        };
        let (_, principals, resources) = self.presences();
        let principal = self.either(&parts, "Principal", "NotPrincipal", principals, node.range);
        let principal = principal.and_then(|(member, negated)| self.principal(&member.node, negated));
        let actions = self.either(&parts, "Action", "NotAction", Presence::Required, node.range);
        let actions = actions.and_then(|(member, negated)| self.actions(&member.node, negated));
        let resources = self.either(&parts, "Resource", "NotResource", resources, node.range);
        let resources = match resources {
            Some((member, negated)) => self.resources(&member.node, negated),
            None => Some(Resources::Everything),
        };
        let conditions = parts.get("Condition").map_or_else(Vec::new, |member| self.conditions(&member.node));
        let (effect, actions, resources) = (effect?, actions?, resources?);
        self.check_organization_rules(effect, &principal, &actions, &resources, node.range);
        Some(Statement {
            index,
            sid,
            span: self.span(node.range),
            effect,
            principal,
            actions,
            resources,
            conditions: conditions.into(),
        })
    }

    /// Whether `Sid` is restricted, and the presence of principals and resources.
    const fn presences(&self) -> (bool, Presence, Presence) {
        match self.kind {
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session | PolicyKind::ServiceControl => {
                (true, Presence::Forbidden, Presence::Required)
            }
            // Some services' policies name no resource, for there is only one it could be.
            PolicyKind::Resource => (false, Presence::Required, Presence::Optional),
            PolicyKind::Trust => (true, Presence::Required, Presence::Forbidden),
            PolicyKind::ResourceControl => (true, Presence::Required, Presence::Required),
        }
    }

    /// Returns the one of two elements that is there, and whether it is the second, negated one.
    fn either<'a>(
        &mut self,
        parts: &Parts<'a>,
        plain: &str,
        negated: &str,
        presence: Presence,
        whole: Range,
    ) -> Option<(&'a Member, bool)> {
        let found = match (parts.get(plain), parts.get(negated)) {
            (Some(_), Some(second)) => {
                let message = format!("a statement has `{plain}` or `{negated}`, not both");
                self.error_help(
                    codes::BOTH_OF_PAIR,
                    second.key_range,
                    message,
                    &format!("remove `{plain}` or `{negated}`"),
                );
                return None;
            }
            (Some(member), None) => Some((member, false)),
            (None, Some(member)) => Some((member, true)),
            (None, None) if parts.is_meant(plain) || parts.is_meant(negated) => return None,
            (None, None) => None,
        };
        match (presence, found) {
            (Presence::Required, None) => {
                let message = format!("a statement of {} needs `{plain}` or `{negated}`", kind_name(self.kind));
                self.error(codes::MISSING_ELEMENT, whole, message);
                None
            }
            (Presence::Forbidden, Some((member, _))) => {
                let message = format!("a statement of {} has no `{}`", kind_name(self.kind), member.key);
                self.error_help(
                    codes::FORBIDDEN_ELEMENT,
                    member.key_range,
                    message,
                    &format!("remove `{}`", member.key),
                );
                None
            }
            (Presence::Required | Presence::Optional, Some(found)) => Some(found),
            (Presence::Optional | Presence::Forbidden, None) => None,
        }
    }

    fn text<'a>(&mut self, node: &'a Node, element: &str) -> Option<&'a str> {
        match &node.value {
            Value::String(text) => return Some(text),
            Value::Unknown => return None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
        }
        self.error(codes::WRONG_KIND, node.range, format!("`{element}` is a string, not {}", node.value.kind()));
        None
    }

    /// Reads a string or a list of strings.
    fn texts<'a>(&mut self, node: &'a Node, element: &str) -> Vec<(&'a str, Range)> {
        let items = match &node.value {
            Value::Array(items) => items.iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Unknown => {
                vec![node]
            }
        };
        if items.is_empty() {
            self.error(codes::WRONG_KIND, node.range, format!("`{element}` is an empty list"));
        }
        items.into_iter().filter_map(|item| Some((self.text(item, element)?, item.range))).collect()
    }

    fn sid(&mut self, node: &Node) -> Option<Box<str>> {
        let sid = self.text(node, "Sid")?;
        let plain = sid.chars().all(|sign| sign.is_ascii_alphanumeric());
        if !plain && self.presences().0 {
            let message = format!("the statement id `{sid}` has signs other than letters and digits");
            self.error_help(codes::SID, node.range, message, "use letters and digits only");
        }
        Some(sid.into())
    }

    fn check_sids(&mut self, statements: &[Option<Statement>]) {
        if !self.presences().0 {
            return;
        }
        let mut known: Vec<&str> = Vec::new();
        for statement in statements.iter().flatten() {
            let Some(sid) = statement.sid().filter(|sid| !sid.is_empty()) else { continue };
            if known.contains(&sid) {
                let found = Diagnostic::error(codes::SID, format!("two statements have the id `{sid}`"));
                let found = found.help("give each statement an id of its own");
                self.diagnostics.push(match statement.span {
                    Some(span) => found.at(span, ""),
                    None => found,
                });
            }
            known.push(sid);
        }
    }

    fn effect(&mut self, member: Option<&Member>, whole: Range) -> Option<Effect> {
        let Some(member) = member else {
            self.error(codes::MISSING_ELEMENT, whole, "a statement needs an `Effect`".to_owned());
            return None;
        };
        match self.text(&member.node, "Effect")? {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let message = format!("`{other}` is no effect");
                self.error_help(codes::EFFECT, member.node.range, message, "write `Allow` or `Deny`");
                None
            }
        }
    }
}
