//! A policy document as it was written and as it is evaluated.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_policy::{Policy, PolicyKind, PolicySet};

/// A document that has been accepted; saved as text and compiled again when loaded.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub(crate) struct Document {
    kind: PolicyKind,
    text: Arc<str>,
    policy: Arc<Policy>,
    set: Arc<PolicySet>,
}

#[derive(Serialize, Deserialize)]
struct Saved(String, Arc<str>);

/// The kinds by the names under which they are saved.
const KINDS: [(&str, PolicyKind); 6] = [
    ("identity", PolicyKind::Identity),
    ("resource", PolicyKind::Resource),
    ("trust", PolicyKind::Trust),
    ("session", PolicyKind::Session),
    ("service-control", PolicyKind::ServiceControl),
    ("resource-control", PolicyKind::ResourceControl),
];

impl Document {
    /// Reads a policy of a user or role.
    pub(crate) fn identity(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::Identity, text)
    }

    /// Reads the policy of a resource.
    pub(crate) fn resource(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::Resource, text)
    }

    /// Reads the trust policy of a role.
    pub(crate) fn trust(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::Trust, text)
    }

    /// Reads the policy of a session.
    pub(crate) fn session(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::Session, text)
    }

    /// Reads a service control policy.
    pub(crate) fn service_control(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::ServiceControl, text)
    }

    /// Reads a resource control policy.
    pub(crate) fn resource_control(text: &str) -> Result<Self, String> {
        Self::new(PolicyKind::ResourceControl, text)
    }

    fn new(kind: PolicyKind, text: &str) -> Result<Self, String> {
        let policy = Policy::parse(kind, "", text).map_err(|malformed| {
            let broken = malformed.diagnostics.iter().find(|found| found.is_error());
            match broken {
                Some(found) if found.code == "POL001" => "This policy contains invalid Json".to_owned(),
                Some(found) => format!("Syntax errors in policy: {}", found.message),
                None => "Syntax errors in policy.".to_owned(),
            }
        })?;
        let policy = Arc::new(policy);
        let set = Arc::new(PolicySet::new(vec![policy.clone()]));
        Ok(Self { kind, text: text.into(), policy, set })
    }

    /// Returns the document as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the compiled document, to be put together with others.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.clone()
    }

    /// Returns the document as a set of its own.
    pub(crate) fn set(&self) -> Arc<PolicySet> {
        self.set.clone()
    }

    /// Returns all that stands under `AWS` in `Principal` and `NotPrincipal` elements.
    pub(crate) fn aws_principals(&self) -> Vec<String> {
        use serde_json::Value;
        let Ok(document) = serde_json::from_str::<Value>(&self.text) else { return Vec::new() };
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(single) => vec![single],
            None => Vec::new(),
        };
        let elements = statements.into_iter().flat_map(|statement| {
            ["Principal", "NotPrincipal"].into_iter().filter_map(move |element| statement.get(element)?.get("AWS"))
        });
        let texts = elements.flat_map(|named| match named {
            Value::Array(list) => list.iter().collect(),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![named],
        });
        texts.filter_map(|text| text.as_str().map(ToOwned::to_owned)).collect()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.text) == (other.kind, &other.text)
    }
}

impl Eq for Document {}

impl From<Document> for Saved {
    fn from(document: Document) -> Self {
        let name = KINDS.iter().find(|(_, kind)| *kind == document.kind).map_or("identity", |(name, _)| name);
        Self(name.to_owned(), document.text)
    }
}

impl TryFrom<Saved> for Document {
    type Error = String;
    fn try_from(Saved(name, text): Saved) -> Result<Self, String> {
        let kind = KINDS.iter().find(|(known, _)| *known == name);
        let (_, kind) = kind.ok_or_else(|| format!("`{name}` is no kind of policy"))?;
        Self::new(*kind, &text)
    }
}
