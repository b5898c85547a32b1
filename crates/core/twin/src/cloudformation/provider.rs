//! Resource providers: how each type of resource is made, changed and deleted.
//!
//! A provider acts only by calling the services of the twin as the principal that the stack runs as, so that its
//! permissions, policies of the organization, policies of resources and name clashes count as they would in AWS.
//! The types are a list at the end of this file; each has a file of its own. A type that is not there fails its stack.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use stackfleet_api::{Answer, Error, Request};

use super::{names, walk::Logical};
use crate::{Call, World, s3};

mod events;
mod iam_access_key;
mod iam_managed_policy;
mod iam_policy;
mod iam_role;
mod iam_user;
mod lambda_function;
mod lambda_permission;
mod logs;
mod s3_bucket;
mod s3_bucket_policy;
mod sns_subscription;
mod sns_topic;
mod sns_topic_policy;
mod ssm;
mod wait_handle;

/// What `Ref` and `Fn::GetAtt` give of a resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    /// The physical id.
    pub(crate) physical: String,
    /// Attributes by name.
    pub(crate) attributes: BTreeMap<String, Value>,
}

/// Why a resource was not made, changed or deleted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// A service refused.
    Refused {
        /// The service as messages name it: `Iam`.
        service: &'static str,
        /// Its code.
        code: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The template asks for what is not possible, in AWS's words where it has some.
    Wrong(String),
}

/// One resource to be worked on.
pub(crate) struct Handler<'a> {
    /// Everything.
    pub(crate) world: &'a mut World,
    /// As whom.
    pub(crate) call: &'a Call,
    /// The stack's ARN.
    pub(crate) stack_id: &'a str,
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// The resource's logical id.
    pub(crate) logical: &'a Logical,
    /// Its physical id, once it has one.
    pub(crate) physical: Option<Arc<str>>,
    /// The properties it shall have.
    pub(crate) properties: &'a Value,
    /// The properties it has, when it is changed.
    pub(crate) previous: Option<&'a Value>,
    /// Tags of the stack.
    pub(crate) tags: &'a [(String, String)],
    /// Tags of the stack that it has, when it is changed.
    pub(crate) previous_tags: &'a [(String, String)],
    /// Counts calls that changed something.
    pub(crate) changes: u32,
}

/// How a type is handled.
#[derive(Debug)]
pub(crate) struct Provider {
    /// `AWS::Service::Type`.
    pub(crate) kind: &'static str,
    /// The property that names it, if the template may choose.
    pub(crate) name: Option<&'static str>,
    /// Properties that it must have.
    pub(crate) required: &'static [&'static str],
    /// Properties that can be changed.
    pub(crate) mutable: &'static [&'static str],
    /// Properties whose change needs a new resource.
    pub(crate) create_only: &'static [&'static str],
    /// Seconds that making takes, about what is seen in practice; AWS publishes no figures.
    pub(crate) create_seconds: u64,
    /// Seconds that changing takes.
    pub(crate) update_seconds: u64,
    /// Seconds that deleting takes.
    pub(crate) delete_seconds: u64,
    /// Makes it.
    pub(crate) create: fn(&mut Handler<'_>) -> Result<Made, Fault>,
    /// Changes it.
    pub(crate) update: fn(&mut Handler<'_>) -> Result<Made, Fault>,
    /// Deletes it; something that is gone already counts as deleted.
    pub(crate) delete: fn(&mut Handler<'_>) -> Result<(), Fault>,
}

/// All types, in order of name.
pub(crate) static PROVIDERS: [&Provider; 16] = [
    &wait_handle::PROVIDER,
    &events::PROVIDER,
    &iam_access_key::PROVIDER,
    &iam_managed_policy::PROVIDER,
    &iam_policy::PROVIDER,
    &iam_role::PROVIDER,
    &iam_user::PROVIDER,
    &lambda_function::PROVIDER,
    &lambda_permission::PROVIDER,
    &logs::PROVIDER,
    &s3_bucket::PROVIDER,
    &s3_bucket_policy::PROVIDER,
    &sns_subscription::PROVIDER,
    &sns_topic::PROVIDER,
    &sns_topic_policy::PROVIDER,
    &ssm::PROVIDER,
];

/// Returns the provider of a type.
pub(crate) fn provider(kind: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.kind == kind)
}

/// Calls an operation as the stack's principal and returns its output, or leaves with the refusal.
macro_rules! ask {
    ($handler:expr, $service:ident, $api:ident::$operation:ident($input:expr)) => {
        match $handler.ask(stringify!($service), Request::$service($api::Request::$operation($input))) {
            Ok(Answer::$service($api::Answer::$operation(output))) => Ok(output),
            Ok(other) => Err(Fault::Wrong(format!("BUG: {} was answered by {other:?}", stringify!($operation)))),
            Err(fault) => Err(fault),
        }
    };
}
pub(crate) use ask;

impl Handler<'_> {
    /// Calls an operation as the stack's principal. Use [`ask!`] for its typed form.
    pub(crate) fn ask(&mut self, service: &'static str, request: Request) -> Result<Answer, Fault> {
        let mutating = request.operation().mutating;
        let answer = self.world.call(self.call, request).map_err(|error| Fault::refused(service, error))?;
        self.changes += u32::from(mutating);
        Ok(answer)
    }

    /// Calls an operation of S3 as the stack's principal.
    pub(crate) fn ask_s3(&mut self, request: s3::Request) -> Result<s3::Answer, Fault> {
        let answer = self.world.call_s3(self.call, request).map_err(|error| Fault::Refused {
            service: "S3",
            code: error.code,
            status: error.status,
            message: error.message,
        })?;
        self.changes += 1;
        Ok(answer)
    }

    /// Returns a property, unless it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// Returns a property as text; numbers and booleans are written out, as CloudFormation does.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// Returns a property as text that must be there.
    pub(crate) fn needed(&self, name: &str) -> Result<String, Fault> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// Returns a property as a whole number; text that is one counts.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i32>, Fault> {
        let Some(found) = self.text(name) else { return Ok(None) };
        let wrong = |_| {
            Fault::Wrong(format!(
                "Properties validation failed for resource {} with message:\n#/{name}: expected type: Integer, found: String",
                self.logical
            ))
        };
        found.parse().map(Some).map_err(wrong)
    }

    /// Returns a list property as texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        texts_of(self.properties, name)
    }

    /// Returns a document property as JSON text.
    pub(crate) fn document(&self, name: &str) -> Option<String> {
        self.get(name).map(document)
    }

    /// Tells whether a property differs from what the resource has.
    pub(crate) fn differs(&self, name: &str) -> bool {
        let now = self.properties.get(name).filter(|value| !value.is_null());
        now != self.previous.and_then(|previous| previous.get(name)).filter(|value| !value.is_null())
    }

    /// Returns the tags that it shall have: those of the stack, then its own, later ones winning.
    pub(crate) fn wanted_tags(&self) -> BTreeMap<String, String> {
        tags_of(self.properties, self.tags)
    }

    /// Returns what is to be done about tags: those to set and keys to remove.
    pub(crate) fn tag_changes(&self) -> (BTreeMap<String, String>, Vec<String>) {
        let wanted = self.wanted_tags();
        let present = self.previous.map(|previous| tags_of(previous, self.previous_tags)).unwrap_or_default();
        let gone = present.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
        let set = wanted.into_iter().filter(|(key, value)| present.get(key) != Some(value)).collect();
        (set, gone)
    }

    /// Returns the physical id that a resource must have by now.
    pub(crate) fn id(&self) -> String {
        self.physical.as_deref().unwrap_or_default().to_owned()
    }

    /// Returns the name that the template gives, or makes one of at most `max` characters.
    pub(crate) fn name_or_made(&mut self, property: &str, max: usize) -> String {
        self.text(property).unwrap_or_else(|| self.made_name(max))
    }

    /// Makes a name of at most `max` characters.
    pub(crate) fn made_name(&mut self, max: usize) -> String {
        let random = self.world.ids.draw("physical", &[self.stack_id, self.logical]).upper(12);
        names::physical(self.stack, self.logical, &random, max)
    }
}

impl Made {
    /// Makes it from its parts.
    pub(crate) fn new<const COUNT: usize>(physical: impl Into<String>, attributes: [(&str, String); COUNT]) -> Self {
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Value::String(value)));
        Self { physical: physical.into(), attributes: attributes.into() }
    }
}

impl Fault {
    fn refused(service: &'static str, error: Error) -> Self {
        Self::Refused { service, code: error.code.to_owned(), status: error.status, message: error.message }
    }

    /// Writes it as a resource's status reason.
    pub(crate) fn reason(&self, request_id: &str, token: &str) -> String {
        match self {
            Self::Wrong(message) => message.clone(),
            Self::Refused { service, code, status, message } => format!(
                "Resource handler returned message: \"{message} (Service: {service}, Status Code: {status}, Request ID: \
                 {request_id})\" (RequestToken: {token}, HandlerErrorCode: {})",
                handler_code(code, *status)
            ),
        }
    }

    /// Tells whether it says that the thing does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code, status, .. } if handler_code(code, *status) == "NotFound")
    }
}

/// Turns "it is not there" into success: what deletions want.
pub(crate) fn gone(result: Result<(), Fault>) -> Result<(), Fault> {
    match result {
        Err(fault) if fault.is_missing() => Ok(()),
        other => other,
    }
}

/// Sorts an error as resource handlers do.
fn handler_code(code: &str, status: u16) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if has(&["AccessDenied", "AuthorizationError", "UnauthorizedOperation", "AllAccessDisabled"]) {
        "AccessDenied"
    } else if has(&["AlreadyExists", "ResourceConflict", "BucketAlreadyOwnedByYou", "EntityAlreadyExists"]) {
        "AlreadyExists"
    } else if has(&["NoSuchEntity", "NotFound", "NoSuchBucket", "NoSuchKey"]) {
        "NotFound"
    } else if has(&["Throttl", "TooManyRequests"]) {
        "Throttling"
    } else if has(&["LimitExceeded", "CodeStorageExceeded"]) {
        "ServiceLimitExceeded"
    } else if has(&["InvalidClientToken", "UnrecognizedClient", "ExpiredToken"]) {
        "InvalidCredentials"
    } else if status >= 500 {
        "ServiceInternalError"
    } else {
        "InvalidRequest"
    }
}

/// Says that a property must be there.
pub(crate) fn missing(name: &str) -> Fault {
    Fault::Wrong(format!("Properties validation failed: #: required key [{name}] not found"))
}

/// Says that the twin cannot do what a template asks for.
pub(crate) fn unsupported(what: &str) -> Fault {
    Fault::Wrong(format!("{what} is unsupported by the twin"))
}

/// Returns a scalar as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a document as JSON text; a document may be given as text, too.
pub(crate) fn document(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Returns a list property as texts; a single value counts as a list.
pub(crate) fn texts_of(properties: &Value, name: &str) -> Vec<String> {
    match properties.get(name) {
        Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
        Some(single) => text(single).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Returns the tags of the stack and of the resource; both forms of tags are read: lists of pairs and maps.
fn tags_of(properties: &Value, stack: &[(String, String)]) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = stack.iter().cloned().collect();
    match properties.get("Tags") {
        Some(Value::Array(items)) => {
            for item in items {
                if let (Some(key), Some(value)) = (item.get("Key").and_then(text), item.get("Value").and_then(text)) {
                    tags.insert(key, value);
                }
            }
        }
        Some(Value::Object(members)) => {
            tags.extend(members.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))));
        }
        Some(_) | None => {}
    }
    tags
}

/// Checks properties against what the type knows.
///
/// # Errors
/// The message of AWS's property validation.
pub(crate) fn check(provider: &Provider, logical: &str, properties: &Value) -> Result<(), Fault> {
    let empty = serde_json::Map::new();
    let members = match properties {
        Value::Object(members) => members,
        Value::Null => &empty,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(Fault::Wrong(format!("Properties validation failed for resource {logical}: not an object")));
        }
    };
    let wrong = |problem: String| {
        Err(Fault::Wrong(format!("Properties validation failed for resource {logical} with message:\n{problem}")))
    };
    if let Some(name) = provider.required.iter().find(|name| !members.contains_key(**name)) {
        return wrong(format!("#: required key [{name}] not found"));
    }
    let known =
        |name: &String| provider.mutable.contains(&name.as_str()) || provider.create_only.contains(&name.as_str());
    if let Some(name) = members.keys().find(|name| !known(name)) {
        return Err(Fault::Wrong(format!(
            "Property [{name}] of {} ({logical}) is unknown to AWS or unsupported by the twin",
            provider.kind
        )));
    }
    Ok(())
}

/// Tells whether going from one set of properties to another needs a new resource.
pub(crate) fn replaces(provider: &Provider, before: &Value, after: &Value) -> bool {
    let value = |properties: &Value, name: &str| properties.get(name).filter(|value| !value.is_null()).cloned();
    provider.create_only.iter().any(|name| value(before, name) != value(after, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_as_those_of_aws() {
        let error = Error::new("EntityAlreadyExists", 409, "Role with name x already exists.");
        let reason = Fault::refused("Iam", error).reason("r-1", "t-1");
        assert_eq!(
            reason,
            "Resource handler returned message: \"Role with name x already exists. (Service: Iam, Status Code: 409, \
             Request ID: r-1)\" (RequestToken: t-1, HandlerErrorCode: AlreadyExists)"
        );
    }

    #[test]
    fn create_only_properties_replace() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let role = provider("AWS::IAM::Role").unwrap();
        assert!(replaces(role, &json(r#"{"RoleName":"a"}"#), &json(r#"{"RoleName":"b"}"#)));
        assert!(!replaces(role, &json(r#"{"Description":"a"}"#), &json(r#"{"Description":"b"}"#)));
        assert!(check(role, "R", &json(r#"{"RoleName":"a"}"#)).is_err(), "a role needs a trust policy");
        assert!(check(role, "R", &json(r#"{"AssumeRolePolicyDocument":{},"Colour":1}"#)).is_err());
    }

    #[test]
    fn tags_of_the_resource_win() {
        let properties = serde_json::json!({ "Tags": [{ "Key": "a", "Value": "own" }] });
        let tags = tags_of(&properties, &[("a".to_owned(), "stack".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(tags, [("a", "own"), ("b", "2")].map(|(k, v)| (k.into(), v.into())).into());
    }
}
