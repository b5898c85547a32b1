//! What AWS answers when it does not do as asked, sorted once.
//!
//! Three kinds: refused (it will say no again), later (it may say yes) and unknown (nobody knows whether it was done).

use std::{error::Error as StdError, fmt, time::Duration};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http::StatusCode;
use stackfleet_base::{AccountId, Region};
use stackfleet_rollout::{Outcome, Refusal};

/// What a failure means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// AWS said no.
    Refused,
    /// AWS said not now; not before this much time has passed.
    Later(Duration),
    /// No answer, or a fault of the server: it may have been done.
    Unknown,
}

/// A call that did not do what it was made for.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What it means.
    pub kind: Kind,
    /// Everything AWS said.
    pub refusal: Box<Refusal>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { service, operation, code, message, account, region, request_id } = &*self.refusal;
        write!(f, "{service}:{operation}: {code}: {message}")?;
        if let Some(account) = account {
            write!(f, " (account {account}")?;
            if let Some(region) = region {
                write!(f, ", {region}")?;
            }
            write!(f, ")")?;
        }
        match request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl StdError for Failure {}

/// Codes that mean "too many calls", over all services.
const THROTTLES: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "RequestThrottled",
];

/// Codes that mean "something else is being done to this thing".
const BUSY: [&str; 5] = [
    "OperationInProgressException",
    "ConcurrentModificationException",
    "FinalizingOrganizationException",
    "StaleRequestException",
    "OperationAborted",
];

/// The code of a call that could not be signed.
const NO_CREDENTIALS: &str = "NoCredentials";

/// Who was asked for what: goes into every [`Failure`].
#[derive(Debug, Clone)]
pub struct Asked {
    /// `cloudformation`.
    pub service: &'static str,
    /// `CreateStackSet`.
    pub operation: &'static str,
    /// The account that was asked.
    pub account: Option<AccountId>,
    /// The region that was asked.
    pub region: Option<Region>,
}

impl Asked {
    /// An answer that lacks what every answer has.
    pub(crate) fn without(self, what: &str) -> Failure {
        let Self { service, operation, account, region } = self;
        let refusal = Refusal {
            service: service.to_owned(),
            operation: operation.to_owned(),
            account,
            region,
            code: "IncompleteAnswer".to_owned(),
            message: format!("the answer comes without {what}"),
            request_id: None,
        };
        Failure { kind: Kind::Refused, refusal: Box::new(refusal) }
    }
}

impl Failure {
    /// Sorts an error of the SDK.
    #[must_use]
    pub fn of<E, R>(asked: &Asked, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        R: Status + fmt::Debug + Send + Sync + 'static,
    {
        let status = error.raw_response().map(Status::status_code);
        let (code, message, request_id, kind) = match &error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let status_code = status.map_or(0, |status| status.as_u16());
                let code = meta.code().map_or_else(|| format!("Http{status_code}"), str::to_owned);
                // AWS names a code in every error of a service; proxies and simulations that lack the operation do not.
                let silent = "the answer is not one of AWS; perhaps this endpoint does not have the operation";
                let message = meta.message().unwrap_or(if meta.code().is_none() { silent } else { "no message" });
                let message = message.to_owned();
                let request_id = meta.extra("aws_request_id").map(str::to_owned);
                let kind = sort(&code, &message, status);
                (code, message, request_id, kind)
            }
            SdkError::ConstructionFailure(_) => ("RequestNotMade".to_owned(), chain(&error), None, Kind::Refused),
            SdkError::TimeoutError(_) => ("Timeout".to_owned(), chain(&error), None, Kind::Unknown),
            SdkError::DispatchFailure(_) if lacks_credentials(&error) => {
                (NO_CREDENTIALS.to_owned(), chain(&error), None, Kind::Refused)
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                ("RequestNotMade".to_owned(), chain(&error), None, Kind::Refused)
            }
            // An unreachable host and a broken connection look alike from here.
            SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
                ("NoAnswer".to_owned(), chain(&error), None, Kind::Unknown)
            }
        };
        let Asked { service, operation, account, region } = asked.clone();
        let (service, operation) = (service.to_owned(), operation.to_owned());
        let refusal = Refusal { service, operation, account, region, code, message, request_id };
        Self { kind, refusal: Box::new(refusal) }
    }

    /// Tells whether AWS answered with this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.refusal.code == code || self.refusal.code.strip_suffix("Exception") == Some(code)
    }

    /// Tells whether the call could not be signed, since there are no keys or no valid ones.
    #[must_use]
    pub fn lacks_credentials(&self) -> bool {
        self.refusal.code == NO_CREDENTIALS
    }

    /// Tells whether nothing answered.
    #[must_use]
    pub fn is_without_answer(&self) -> bool {
        self.kind == Kind::Unknown && matches!(self.refusal.code.as_str(), "NoAnswer" | "Timeout")
    }

    /// Returns it as the outcome of a step.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self.kind {
            Kind::Refused => Outcome::Refused(*self.refusal),
            Kind::Later(after) => Outcome::Later { after, reason: self.to_string() },
            Kind::Unknown => Outcome::Unknown { reason: self.to_string() },
        }
    }
}

fn sort(code: &str, message: &str, status: Option<StatusCode>) -> Kind {
    if THROTTLES.contains(&code) || message == "Rate exceeded" {
        Kind::Later(Duration::from_secs(1))
    } else if BUSY.contains(&code) {
        Kind::Later(Duration::from_secs(5))
    } else if code == "ConstraintViolationException" && message.contains("CREATION_RATE_LIMIT_EXCEEDED") {
        // At most five account creations at once; each takes about a minute.
        Kind::Later(Duration::from_secs(20))
    } else if status == Some(StatusCode::NOT_IMPLEMENTED) {
        // Endpoints that stand in for AWS say so of operations that they do not have; they will not have them later.
        Kind::Refused
    } else if status.is_some_and(|status| status.is_server_error()) {
        Kind::Unknown
    } else {
        Kind::Refused
    }
}

fn lacks_credentials(error: &(dyn StdError + 'static)) -> bool {
    error.is::<aws_credential_types::provider::error::CredentialsError>()
        || error.source().is_some_and(lacks_credentials)
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A raw answer that has a status.
pub trait Status {
    /// Returns the HTTP status.
    fn status_code(&self) -> StatusCode;
}

impl Status for aws_smithy_runtime_api::client::orchestrator::HttpResponse {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_into_kinds() {
        let kind = |code, message, status| sort(code, message, StatusCode::from_u16(status).ok());
        assert!(matches!(kind("Throttling", "Rate exceeded", 400), Kind::Later(_)));
        assert!(matches!(kind("TooManyRequestsException", "", 400), Kind::Later(_)));
        assert!(matches!(kind("OperationInProgressException", "Another Operation on StackSet", 409), Kind::Later(_)));
        assert_eq!(kind("AccessDenied", "User: ... is not authorized", 403), Kind::Refused);
        assert_eq!(kind("InternalFailure", "", 500), Kind::Unknown);
        assert_eq!(kind("ServiceUnavailable", "", 503), Kind::Unknown);
        assert_eq!(kind("NotImplemented", "", 501), Kind::Refused);
    }
}
