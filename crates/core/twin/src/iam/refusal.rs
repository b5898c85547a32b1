//! Why IAM does not do something.

use stackfleet_api::{Error, Service, common, iam as api};

pub(crate) fn no_role(name: &str) -> Error {
    api::NoSuchEntityException::error(format!("The role with name {name} cannot be found."))
}

pub(crate) fn no_user(name: &str) -> Error {
    api::NoSuchEntityException::error(format!("The user with name {name} cannot be found."))
}

pub(crate) fn no_key(id: &str) -> Error {
    api::NoSuchEntityException::error(format!("The Access Key with id {id} cannot be found."))
}

pub(crate) fn no_policy(arn: &str) -> Error {
    api::NoSuchEntityException::error(format!("Policy {arn} was not found."))
}

pub(crate) fn limit(quota: &str, limit: usize) -> Error {
    api::LimitExceededException::error(format!("Cannot exceed quota for {quota}: {limit}"))
}

pub(crate) fn malformed(message: impl Into<String>) -> Error {
    api::MalformedPolicyDocumentException::error(message)
}

pub(crate) fn protected(name: &str) -> Error {
    let message =
        format!("Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS");
    api::UnmodifiableEntityException::error(message)
}

pub(crate) fn invalid_marker() -> Error {
    common::validation(Service::Iam, "Invalid Marker")
}
