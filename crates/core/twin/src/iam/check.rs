//! What IAM checks of documents, names, paths and tags.

use std::{collections::BTreeSet, sync::Arc};

use stackfleet_api::{Error, Service, common, iam as api};
use stackfleet_base::{AccountId, Arn};

use super::refusal;
use crate::{document::Document, world::World};

/// Quotas of IAM as they are without being raised. Source: "IAM and AWS STS quotas".
pub(crate) const ROLES_MAX: usize = 1000;
pub(crate) const USERS_MAX: usize = 5000;
pub(crate) const POLICIES_MAX: usize = 1500;
pub(crate) const ATTACHED_TO_ROLE_MAX: usize = 20;
pub(crate) const ATTACHED_TO_USER_MAX: usize = 10;
pub(crate) const ROLE_INLINE_MAX: usize = 10_240;
pub(crate) const USER_INLINE_MAX: usize = 2_048;
pub(crate) const MANAGED_MAX: usize = 6_144;
pub(crate) const TRUST_MAX: usize = 2_048;
pub(crate) const VERSIONS_MAX: usize = 5;
pub(crate) const KEYS_MAX: usize = 2;
const TAGS_MAX: usize = 50;

/// Returns the size of a document as IAM counts it: without white space outside of texts.
pub(crate) fn document_size(text: &str) -> usize {
    let mut inside = false;
    let mut escaped = false;
    let mut size = 0;
    for character in text.chars() {
        if inside || !character.is_whitespace() {
            size += 1;
        }
        match character {
            '"' if !escaped => inside = !inside,
            '\\' if inside && !escaped => {
                escaped = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    size
}

/// Reads a policy for a user or role.
pub(crate) fn identity_document(text: &str) -> Result<Document, Error> {
    Document::identity(text).map_err(refusal::malformed)
}

impl World {
    /// Reads a trust policy; whoever it names must exist, as IAM keeps principals by their unique ids.
    pub(crate) fn trust_document(&self, text: &str) -> Result<Document, Error> {
        if document_size(text) > TRUST_MAX {
            return Err(refusal::limit("ACLSizePerRole", TRUST_MAX));
        }
        let document = Document::trust(text).map_err(refusal::malformed)?;
        for principal in document.aws_principals() {
            if !self.principal_exists(&principal) {
                return Err(refusal::malformed(format!("Invalid principal in policy: \"AWS\":\"{principal}\"")));
            }
        }
        Ok(document)
    }

    /// Returns the unique ids of the users and roles that a policy names.
    pub(crate) fn unique_ids(&self, document: &Document) -> Vec<(String, Arc<str>)> {
        let id = |principal: &str| {
            let arn: Arn = principal.parse().ok()?;
            let iam = &self.accounts.get(arn.account())?.iam;
            let (kind, name) = arn.resource().split_once('/')?;
            let name = name.rsplit('/').next()?;
            match kind {
                "role" => iam.role(name).map(|role| role.id.clone()),
                "user" => iam.user(name).map(|user| user.id.clone()),
                _ => None,
            }
        };
        let named = document.aws_principals().into_iter();
        named.filter_map(|principal| id(&principal).map(|id| (principal, id))).collect()
    }

    /// Returns whether a principal of a policy exists: an account of the twin, a role or user in it, or everybody.
    pub(crate) fn principal_exists(&self, principal: &str) -> bool {
        if principal == "*" {
            return true;
        }
        if let Ok(account) = principal.parse::<AccountId>() {
            return self.accounts.contains_key(&account);
        }
        let Ok(arn) = principal.parse::<Arn>() else { return false };
        let Ok(account) = arn.account().parse::<AccountId>() else { return false };
        let Some(found) = self.accounts.get(&account) else { return false };
        let Some((kind, name)) = arn.resource().split_once('/') else { return arn.resource() == "root" };
        let last = name.rsplit('/').next().unwrap_or(name);
        match (arn.service(), kind) {
            ("iam", "role") => found.iam.role(last).is_some_and(|role| *role.arn == *principal),
            ("iam", "user") => found.iam.user(last).is_some_and(|user| *user.arn == *principal),
            ("sts", "assumed-role" | "federated-user") => true,
            _ => false,
        }
    }
}

/// Returns the path, `/` when there is none. The model's pattern has been checked by the front door.
pub(crate) fn path(given: Option<String>) -> Result<String, Error> {
    let path = given.unwrap_or_else(|| "/".to_owned());
    if path.starts_with('/') && path.ends_with('/') {
        return Ok(path);
    }
    let message = "The specified value for path is invalid. It must begin and end with / and contain only \
                   alphanumeric characters and/or / characters.";
    Err(common::validation(Service::Iam, message))
}

/// Returns `old` with `added` over it; keys are unique whatever their case.
pub(crate) fn merged_tags(
    old: &[(String, String)],
    added: Option<Vec<api::Tag>>,
) -> Result<Vec<(String, String)>, Error> {
    let mut tags = old.to_vec();
    let mut seen = BTreeSet::new();
    for tag in added.unwrap_or_default() {
        if !seen.insert(tag.key.to_lowercase()) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(api::InvalidInputException::error(message));
        }
        if tag.key.to_lowercase().starts_with("aws:") {
            let message = "Tag keys cannot start with aws:";
            return Err(api::InvalidInputException::error(message));
        }
        match tags.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(&tag.key)) {
            Some(slot) => *slot = (tag.key, tag.value),
            None => tags.push((tag.key, tag.value)),
        }
    }
    if tags.len() > TAGS_MAX {
        let message = format!("The number of tags has reached the maximum limit: {TAGS_MAX}");
        return Err(api::LimitExceededException::error(message));
    }
    Ok(tags)
}

/// Returns a document as IAM's answers carry it: percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_only_within_texts() {
        assert_eq!(document_size("{ \"a b\" :\n 1 }"), r#"{"a b":1}"#.len());
        assert_eq!(document_size(r#"{"a\" b": 1}"#), r#"{"a\" b":1}"#.len());
    }

    #[test]
    fn documents_are_percent_encoded() {
        assert_eq!(encoded(r#"{"a":"*"}"#), "%7B%22a%22%3A%22%2A%22%7D");
    }
}
