//! Why Organizations does not do something.

use stackfleet_api::{Error, organizations as api};

pub(crate) fn not_in_use() -> Error {
    api::AWSOrganizationsNotInUseException::error("Your account is not a member of an organization.")
}

pub(crate) fn access_denied() -> Error {
    api::AccessDeniedException::error("You don't have permissions to access this resource.")
}

/// A limit or rule of the organization, by `ConstraintViolationExceptionReason`.
pub(super) fn constraint(reason: &str, message: &str) -> Error {
    api::ConstraintViolationException {
        message: Some(message.to_owned()),
        reason: api::ConstraintViolationExceptionReason::parse(reason),
    }
    .into()
}

/// A wrong member of the request, by `InvalidInputExceptionReason`.
pub(super) fn invalid_input(reason: &str, message: &str) -> Error {
    api::InvalidInputException {
        message: Some(message.to_owned()),
        reason: api::InvalidInputExceptionReason::parse(reason),
    }
    .into()
}

pub(super) fn invalid_token() -> Error {
    invalid_input("INVALID_NEXT_TOKEN", "You specified an invalid value for NextToken.")
}

pub(super) fn account_not_found() -> Error {
    api::AccountNotFoundException::error("You specified an account that doesn't exist.")
}

pub(super) fn unit_not_found() -> Error {
    api::OrganizationalUnitNotFoundException::error("You specified an organizational unit that doesn't exist.")
}

pub(super) fn parent_not_found() -> Error {
    api::ParentNotFoundException::error("You specified parent that doesn't exist.")
}

pub(super) fn target_not_found() -> Error {
    api::TargetNotFoundException::error("You specified a target that doesn't exist.")
}

pub(super) fn policy_not_found() -> Error {
    api::PolicyNotFoundException::error("We can't find a policy with the PolicyId that you specified.")
}
