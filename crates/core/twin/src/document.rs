//! A policy document as it was written and as it is evaluated.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_base::Diagnostic;
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
            broken.map_or_else(|| SYNTAX.to_owned(), |found| refusal(kind, found))
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

const SYNTAX: &str = "Syntax errors in policy.";

/// Says what is wrong with a document as IAM says it, or S3 where the document is a resource's.
fn refusal(kind: PolicyKind, found: &Diagnostic) -> String {
    // The first thing in back quotes is what the problem is about.
    let about = found.message.split('`').nth(1).unwrap_or_default();
    let of_resource = kind == PolicyKind::Resource;
    match (found.code, about) {
        ("POL001", _) if of_resource => "Policies must be valid JSON and the first byte must be '{'".to_owned(),
        ("POL001", _) => "This policy contains invalid Json".to_owned(),
        ("POL005", _) => "Policy document must be version 2012-10-17 or greater.".to_owned(),
        ("POL006", "Statement" | "Principal" | "Effect" | "Action" | "Resource") if of_resource => {
            format!("Missing required field {about}")
        }
        ("POL006", "Action") => "Policy statement must contain actions.".to_owned(),
        ("POL006", "Resource") => "Policy statement must contain resources.".to_owned(),
        ("POL006", "Principal" | "Effect") => format!("Missing required field {about}"),
        ("POL008", _) if found.message.contains("`Principal`") => {
            "Policy document should not specify a principal.".to_owned()
        }
        ("POL008", _) if found.message.contains("`Resource`") => "Has prohibited field Resource".to_owned(),
        ("POL010", _) if of_resource => "Policy has invalid action".to_owned(),
        ("POL010", _) => "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
        ("POL011", _) if of_resource => "Policy has invalid resource".to_owned(),
        ("POL011", _) => format!("Resource {about} must be in ARN format or \"*\"."),
        ("POL012", _) => "Invalid principal in policy".to_owned(),
        ("POL016", _) if found.message.starts_with("two ") => {
            "Statement IDs (SID) in a single policy must be unique.".to_owned()
        }
        ("POL016", _) => {
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
                .to_owned()
        }
        _ if of_resource => "Invalid policy syntax.".to_owned(),
        _ => SYNTAX.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: PolicyKind, statement: &str) -> String {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        Document::new(kind, &text).unwrap_err()
    }

    #[test]
    fn documents_are_refused_in_the_words_of_aws() {
        let identity = |statement: &str| refused(PolicyKind::Identity, statement);
        assert_eq!(Document::identity("{").unwrap_err(), "This policy contains invalid Json");
        assert_eq!(identity(r#"{"Effect":"Allow","Resource":"*"}"#), "Policy statement must contain actions.");
        assert_eq!(identity(r#"{"Effect":"Allow","Action":"s3:*"}"#), "Policy statement must contain resources.");
        assert_eq!(
            identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}"#),
            "Resource bucket must be in ARN format or \"*\"."
        );
        assert_eq!(
            identity(r#"{"Effect":"Allow","Action":"get","Resource":"*"}"#),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        );
        assert_eq!(
            identity(r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#),
            "Policy document should not specify a principal."
        );
        let trust = r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole","Resource":"*"}"#;
        assert_eq!(refused(PolicyKind::Trust, trust), "Has prohibited field Resource");
        assert_eq!(Document::resource("{}").unwrap_err(), "Missing required field Statement");
    }
}
