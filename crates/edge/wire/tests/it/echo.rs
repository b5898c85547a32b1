//! A backend that takes every request, remembers it, and answers with every member filled; or with the error that the
//! client asks for in its user agent (`... error/NoSuchEntityException`).

use std::sync::{Arc, Mutex};

use serde_json::Value;
use stackfleet_api::{Answer, Error, OperationInfo, Reader, Request};
use stackfleet_base::Timestamp;
use stackfleet_twin::s3;
use stackfleet_wire::{Backend, Caller, Credential, Door};

use crate::values::{Fill, to_json};

pub(crate) const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(crate) const SESSION_ACCESS_KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
pub(crate) const SESSION_TOKEN: &str = "FwoGZXIvYXdzEXAMPLE";

/// What came in: the operation, the region and the input as plain JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Received {
    pub(crate) action: String,
    pub(crate) region: String,
    pub(crate) input: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) received: Vec<Received>,
    pub(crate) advanced_to: Option<Timestamp>,
    requests: u32,
}

/// Returns the answer of `operation` with every member filled.
pub(crate) fn answer_of(operation: &OperationInfo) -> Answer {
    (operation.read_answer)(&mut Fill::default(), &mut Reader::new()).unwrap()
}

/// Returns the modelled error `shape` with every member filled.
pub(crate) fn error_of(operation: &OperationInfo, shape: &str) -> Option<Error> {
    let info = operation.errors.iter().find(|error| error.shape == shape)?;
    Some((info.read)(&mut Fill::default(), &mut Reader::new()).unwrap())
}

impl Backend for Echo {
    type Principal = &'static str;

    fn advance(&mut self, now: Timestamp) {
        self.advanced_to = Some(now);
    }

    fn credential(&mut self, access_key_id: &str, now: Timestamp) -> Option<Credential<&'static str>> {
        let session = access_key_id == SESSION_ACCESS_KEY_ID;
        (session || access_key_id == ACCESS_KEY_ID).then(|| Credential {
            secret_access_key: SECRET_ACCESS_KEY.into(),
            session_token: session.then(|| SESSION_TOKEN.into()),
            expires: session.then(|| Timestamp::from_millis(now.as_millis() + 1)),
            principal: "someone",
        })
    }

    fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("00000000-0000-4000-8000-{:012}", self.requests)
    }

    fn handle(&mut self, caller: Caller<&'static str>, request: Request, _: Timestamp) -> Result<Answer, Error> {
        self.received.push(Received {
            action: request.operation().iam_action(),
            region: caller.region.as_str().to_owned(),
            input: to_json(request.value()),
        });
        let wanted = caller.user_agent.as_deref().and_then(|agent| agent.rsplit_once("error/")).map(|(_, shape)| shape);
        match wanted.and_then(|shape| error_of(request.operation(), shape)) {
            Some(error) => Err(error),
            None => Ok(answer_of(request.operation())),
        }
    }

    fn handle_s3(&mut self, _: Caller<&'static str>, _: s3::Request, _: Timestamp) -> Result<s3::Answer, s3::Error> {
        Err(s3::Error {
            status: 501,
            code: "NotImplemented".into(),
            message: "an echo has no buckets".into(),
            details: vec![("Resource", "<&>".into())],
        })
    }
}

/// Returns a door before an echo, at a fixed time.
pub(crate) fn door_at(now: Timestamp) -> Door<Echo> {
    Door::new(Arc::new(Mutex::new(Echo::default())), move || now)
}
