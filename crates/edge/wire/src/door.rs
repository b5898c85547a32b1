//! The front door: an HTTP request in, an HTTP response out, whatever it came through.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use stackfleet_api::{Answer, Error, OperationInfo, Protocol, Reader, Service, common};
use stackfleet_base::{Region, Timestamp};

use crate::backend::{Backend, Caller};
use crate::calls::Calls;
use crate::chunked;
use crate::clock::Clock;
use crate::s3_wire::{self, S3Door};
use crate::sign::{self, Refusal, Signature, header};
use crate::{absent, json, query, route};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// AWS's front door before a world. Clones share the world, the clock and the count of calls.
pub struct Door<B> {
    world: Arc<Mutex<B>>,
    clock: Arc<dyn Clock>,
    calls: Calls,
    s3: S3Door,
}

impl<B> Clone for Door<B> {
    fn clone(&self) -> Self {
        Door {
            world: Arc::clone(&self.world),
            clock: Arc::clone(&self.clock),
            calls: self.calls.clone(),
            s3: self.s3.clone(),
        }
    }
}

impl<B> fmt::Debug for Door<B> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Door").field("calls", &self.calls.total()).finish_non_exhaustive()
    }
}

impl<B: Backend> Door<B> {
    /// Returns a door before `world`.
    pub fn new(world: Arc<Mutex<B>>, clock: impl Clock) -> Door<B> {
        let calls = Calls::default();
        let s3 = S3Door::new(Arc::clone(&world), calls.clone());
        Door { world, clock: Arc::new(clock), calls, s3 }
    }

    /// Returns the count of calls.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Returns the world behind the door.
    pub fn world(&self) -> &Arc<Mutex<B>> {
        &self.world
    }

    /// Answers a request that comes from `source_ip` (`None` in process). Nothing that a request holds makes this
    /// fail: what is wrong is said in the answer.
    pub fn answer(&self, request: Request<Bytes>, source_ip: Option<String>) -> Response<Bytes> {
        let now = self.clock.now();
        let request_id = self.with_world(|world| {
            world.advance(now);
            world.request_id()
        });
        let (parts, body) = request.into_parts();
        let visit = Visit { door: self, now, request_id: request_id.clone(), source_ip };
        let mut response = visit.answer(parts, body);
        if let Ok(value) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    fn with_world<T>(&self, act: impl FnOnce(&mut B) -> T) -> T {
        // A panic elsewhere while the world was held is reported there; the state is as the last whole step left it
        // or a step further, and a simulated world has nobody to protect from that.
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One request on its way through the door.
struct Visit<'a, B> {
    door: &'a Door<B>,
    now: Timestamp,
    request_id: String,
    source_ip: Option<String>,
}

impl<B: Backend> Visit<'_, B> {
    fn answer(&self, mut parts: Parts, body: Bytes) -> Response<Bytes> {
        let signature = match Signature::read(&parts).and_then(|signature| signature.ok_or(Refusal::Unsigned)) {
            Ok(signature) => signature,
            Err(refusal) => {
                return match route::service_of_unsigned(&parts, &body) {
                    Some(service) => self.error(service, &refused(service, &refusal)),
                    None => s3_wire::refused(&refusal, &self.request_id),
                };
            }
        };
        if signature.service == "s3" {
            return match self.admit(&signature, &mut parts, body) {
                Ok((caller, body)) => self.door.s3.answer(parts, body, caller, self.now, &self.request_id),
                Err(refusal) => s3_wire::refused(&refusal, &self.request_id),
            };
        }
        let Some(service) = route::service_by_signing_name(&signature.service) else {
            return absent::answer(&signature.service, &parts, &body, &self.request_id);
        };
        let performed = self
            .admit(&signature, &mut parts, body)
            .map_err(|refusal| refused(service, &refusal))
            .and_then(|(caller, body)| self.perform(service, caller, &parts, &body));
        match performed {
            Ok(answer) => self.success(&answer),
            Err(error) => self.error(service, &error),
        }
    }

    /// Finds out who calls; returns the body as it was before it was cut into chunks.
    fn admit(
        &self,
        signature: &Signature,
        parts: &mut Parts,
        body: Bytes,
    ) -> Result<(Caller<B::Principal>, Bytes), Refusal> {
        let credential = self
            .door
            .with_world(|world| world.credential(&signature.access_key_id, self.now))
            .ok_or(Refusal::UnknownKey)?;
        signature.check_time(self.door.clock.signing_time())?;
        let secret = &credential.secret_access_key;
        signature.verify(parts, &body, secret)?;
        let given = signature.session_token.as_deref().unwrap_or_default();
        if !sign::same(credential.session_token.as_deref().unwrap_or_default(), given) {
            return Err(Refusal::WrongToken);
        }
        if credential.expires.is_some_and(|expires| expires <= self.now) {
            return Err(Refusal::SessionEnded);
        }
        let body = chunked::decode(parts, body, signature, secret)?;
        Ok((self.caller(signature, credential.principal, parts)?, body))
    }

    fn caller(
        &self,
        signature: &Signature,
        principal: B::Principal,
        parts: &Parts,
    ) -> Result<Caller<B::Principal>, Refusal> {
        let region = signature.region.parse::<Region>();
        Ok(Caller {
            principal,
            access_key_id: signature.access_key_id.clone(),
            region: region.map_err(|error| Refusal::Incomplete(error.to_string()))?,
            request_id: self.request_id.clone(),
            source_ip: self.source_ip.clone(),
            user_agent: header(&parts.headers, "user-agent"),
        })
    }

    fn perform(
        &self,
        service: Service,
        caller: Caller<B::Principal>,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<Answer, Error> {
        let form = (service.info().protocol == Protocol::Query).then(|| route::form(parts, body));
        let operation = route::find_operation(service, parts, form.as_ref())
            .map_err(|name| common::unknown_operation(service.info(), &name))?;
        self.door.calls.note(operation.iam_action(), operation.mutating);
        let mut reader = Reader::new();
        let request = match &form {
            Some(form) => query::read(operation, form, &mut reader)?,
            None => json::read(operation, parts, body, &mut reader)?,
        };
        if let Some(error) = common::violations(service, &reader) {
            return Err(error);
        }
        self.door.with_world(|world| world.handle(caller, request, self.now))
    }

    fn success(&self, answer: &Answer) -> Response<Bytes> {
        let operation: &OperationInfo = answer.operation();
        let written = match operation.service.protocol {
            Protocol::Query => query::answer(answer, &self.request_id),
            Protocol::Json11 | Protocol::RestJson => json::answer(answer),
        };
        written
            .unwrap_or_else(|error| self.error(operation.service.service, &common::internal_failure(error.to_string())))
    }

    fn error(&self, service: Service, error: &Error) -> Response<Bytes> {
        let written = match service.info().protocol {
            Protocol::Query => query::error(service.info(), error, &self.request_id),
            protocol @ (Protocol::Json11 | Protocol::RestJson) => json::error(protocol, error),
        };
        written.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"))
    }
}

fn refused(service: Service, refusal: &Refusal) -> Error {
    match refusal {
        Refusal::Unsigned => common::missing_authentication_token(service),
        Refusal::UnknownKey | Refusal::WrongToken => common::invalid_client_token(service),
        Refusal::SessionEnded => common::expired_token(service),
        Refusal::Incomplete(message) => common::incomplete_signature(service, message.as_str()),
        Refusal::Expired(message) => common::signature_does_not_match(service, message.as_str()),
        Refusal::Mismatch | Refusal::BodyDigest => common::signature_does_not_match(
            service,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
    }
}

pub(crate) fn plain(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text.to_owned()));
    *response.status_mut() = status;
    response
}
