//! Errors that models leave out, spelt as each protocol (and here and there a service) spells them.
//!
//! Sources: "Common errors" in each service's API reference, and recorded answers.

use crate::organizations::{self, InvalidInputExceptionReason as Reason};
use crate::{Demand, Error, Protocol, Reader, Service, ServiceInfo};

/// The request breaks the model: `message` is [`Reader::message`](crate::Reader::message) or the service's own words.
pub fn validation(service: Service, message: impl Into<String>) -> Error {
    let code = match (service, service.info().protocol) {
        (Service::Sns, _) => "InvalidParameter",
        (Service::Organizations, _) => "InvalidInputException",
        (Service::Logs, _) => "InvalidParameterException",
        (_, Protocol::Query) => "ValidationError",
        (_, Protocol::Json11 | Protocol::RestJson) => "ValidationException",
    };
    Error::new(code, 400, message)
}

/// The request breaks the model, as `reader` found; `None` when it does not.
///
/// Organizations has words and reasons of its own: `You provided a value that does not match the required pattern.` is
/// what its callers report; the words for other reasons are ours.
pub fn violations(service: Service, reader: &Reader) -> Option<Error> {
    let first = reader.violations().first()?;
    if service != Service::Organizations {
        return reader.message().map(|message| validation(service, message));
    }
    let (reason, message) = match first.kind {
        Demand::Presence => (Reason::InputRequired, format!("You must provide a value for {}.", first.path)),
        Demand::LengthMin => (Reason::MinLengthExceeded, format!("The value of {} is too short.", first.path)),
        Demand::LengthMax => (Reason::MaxLengthExceeded, format!("The value of {} is too long.", first.path)),
        Demand::ValueMin => (Reason::MinValueExceeded, format!("The value of {} is too small.", first.path)),
        Demand::ValueMax => (Reason::MaxValueExceeded, format!("The value of {} is too large.", first.path)),
        Demand::Enumeration => (Reason::InvalidEnum, format!("The value of {} is not allowed.", first.path)),
        Demand::Pattern => {
            (Reason::InvalidPattern, "You provided a value that does not match the required pattern.".to_owned())
        }
    };
    Some(organizations::InvalidInputException { message: Some(message), reason: Some(reason) }.into())
}

/// The input cannot be read at all: bad JSON, a number that is none.
pub fn malformed(service: Service, message: impl Into<String>) -> Error {
    let code = match service.info().protocol {
        Protocol::Query => "MalformedInput",
        Protocol::Json11 | Protocol::RestJson => "SerializationException",
    };
    Error::new(code, 400, message)
}

/// The caller may not do this. Messages read `User: ARN is not authorized to perform: ACTION on resource: ARN ...`.
pub fn access_denied(service: Service, message: impl Into<String>) -> Error {
    match (service, service.info().protocol) {
        (Service::Sns, _) => Error::new("AuthorizationError", 403, message),
        (_, Protocol::Query) => Error::new("AccessDenied", 403, message),
        (_, Protocol::Json11) => Error::new("AccessDeniedException", 400, message),
        (_, Protocol::RestJson) => Error::new("AccessDeniedException", 403, message),
    }
}

/// The caller calls too often.
pub fn throttled(service: Service) -> Error {
    match (service, service.info().protocol) {
        (Service::Organizations, _) => Error::new(
            "TooManyRequestsException",
            400,
            "AWS Organizations can't complete your request because another request is already in progress. Try again later.",
        ),
        (_, Protocol::Query) => Error::new("Throttling", 400, "Rate exceeded"),
        (_, Protocol::Json11) => Error::new("ThrottlingException", 400, "Rate exceeded"),
        (_, Protocol::RestJson) => Error::new("TooManyRequestsException", 429, "Rate exceeded"),
    }
}

/// The service has no such operation.
pub fn unknown_operation(service: &ServiceInfo, operation: &str) -> Error {
    match service.protocol {
        Protocol::Query => {
            let message = format!("Could not find operation {operation} for version {}", service.api_version);
            Error::new("InvalidAction", 400, message)
        }
        Protocol::Json11 => Error::new("UnknownOperationException", 400, ""),
        Protocol::RestJson => Error::new("UnknownOperationException", 404, ""),
    }
}

/// Nobody has the access key that the request names.
pub fn invalid_client_token(service: Service) -> Error {
    let message = "The security token included in the request is invalid.";
    refused_token(service, "InvalidClientTokenId", "UnrecognizedClientException", message)
}

/// The session has ended.
pub fn expired_token(service: Service) -> Error {
    let message = "The security token included in the request is expired";
    refused_token(service, "ExpiredToken", "ExpiredTokenException", message)
}

/// The request is not signed.
pub fn missing_authentication_token(service: Service) -> Error {
    let message = match service.info().protocol {
        Protocol::Query => "Request is missing Authentication Token",
        Protocol::Json11 | Protocol::RestJson => "Missing Authentication Token",
    };
    refused_token(service, "MissingAuthenticationToken", "MissingAuthenticationTokenException", message)
}

/// The `Authorization` header cannot be understood.
pub fn incomplete_signature(service: Service, message: impl Into<String>) -> Error {
    refused_token(service, "IncompleteSignature", "IncompleteSignatureException", message)
}

/// The signature is not the one that the secret key gives, or its time is off.
pub fn signature_does_not_match(service: Service, message: impl Into<String>) -> Error {
    refused_token(service, "SignatureDoesNotMatch", "InvalidSignatureException", message)
}

/// The service failed.
pub fn internal_failure(message: impl Into<String>) -> Error {
    Error::new("InternalFailure", 500, message)
}

fn refused_token(service: Service, query: &'static str, json: &'static str, message: impl Into<String>) -> Error {
    match service.info().protocol {
        Protocol::Query => Error::new(query, 403, message),
        Protocol::Json11 => Error::new(json, 400, message),
        Protocol::RestJson => Error::new(json, 403, message),
    }
}
