//! S3 over HTTP by `s3s`, which reads requests and writes answers; signatures are checked before it (its own check
//! reads the system's clock, ours the world's), authorization is the world's, and errors are written here so that none
//! of their elements is lost.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use s3s::service::{S3Service, S3ServiceBuilder};
use stackfleet_base::Timestamp;
use stackfleet_twin::s3;

use crate::backend::{Backend, Caller};
use crate::calls::Calls;
use crate::s3_host::Hosts;
use crate::s3_operations::Operations;
use crate::sign::Refusal;

const HEADERS_OF_SIGNATURES: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// The front door's part for S3.
#[derive(Debug, Clone)]
pub(crate) struct S3Door {
    service: S3Service,
}

/// What travels with a request through `s3s`.
#[derive(Debug, Clone)]
pub(crate) struct Visitor<P> {
    pub(crate) caller: Caller<P>,
    pub(crate) now: Timestamp,
    /// The world's error as it is: `s3s` has no place for all of it.
    pub(crate) error: Arc<Mutex<Option<s3::Error>>>,
}

impl S3Door {
    pub(crate) fn new<B: Backend>(world: Arc<Mutex<B>>, calls: Calls) -> S3Door {
        let mut builder = S3ServiceBuilder::new(Operations::new(world, calls));
        builder.set_host(Hosts);
        S3Door { service: builder.build() }
    }

    /// Answers a request whose signature was good.
    pub(crate) fn answer<P: Clone + Send + Sync + 'static>(
        &self,
        mut parts: Parts,
        body: Bytes,
        caller: Caller<P>,
        now: Timestamp,
        request_id: &str,
    ) -> Response<Bytes> {
        let method = parts.method.clone();
        let error = Arc::new(Mutex::new(None));
        remove_signature(&mut parts);
        parts.extensions.insert(Visitor { caller, now, error: Arc::clone(&error) });
        let request = Request::from_parts(parts, s3s::Body::from(body));
        // Nothing in this world waits, so the answer is there at once.
        let mut response = match self.service.call(request).now_or_never() {
            Some(Ok(response)) => collect(response),
            Some(Err(_)) | None => internal_error(request_id),
        };
        if let Some(error) = error.lock().unwrap_or_else(PoisonError::into_inner).take() {
            response = write_error(&error, request_id);
        }
        for name in ["x-amz-request-id", "x-amz-id-2"] {
            if let Ok(value) = HeaderValue::try_from(request_id) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        if method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }
}

/// Removes what the signature brought: without it `s3s` takes the request as it is.
fn remove_signature(parts: &mut Parts) {
    parts.headers.remove(AUTHORIZATION);
    for name in HEADERS_OF_SIGNATURES {
        parts.headers.remove(name);
    }
    let query = parts.uri.query().unwrap_or_default();
    let signed = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token", "Content-Sha256"]
            .iter()
            .any(|end| name.strip_prefix("X-Amz-") == Some(end))
    };
    if query.split('&').any(signed) {
        let left: Vec<&str> = query.split('&').filter(|pair| !signed(pair)).collect();
        let path = parts.uri.path();
        let text = if left.is_empty() { path.to_owned() } else { format!("{path}?{}", left.join("&")) };
        if let Ok(uri) = text.parse::<Uri>() {
            parts.uri = uri;
        }
    }
}

fn collect(response: s3s::HttpResponse) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    match body.collect().now_or_never() {
        Some(Ok(collected)) => Response::from_parts(parts, collected.to_bytes()),
        Some(Err(_)) | None => internal_error(""),
    }
}

fn internal_error(request_id: &str) -> Response<Bytes> {
    write(500, "InternalError", "We encountered an internal error. Please try again.", &[], request_id)
}

fn write_error(error: &s3::Error, request_id: &str) -> Response<Bytes> {
    write(error.status, &error.code, &error.message, &error.details, request_id)
}

/// Answers a request that was not let in.
pub(crate) fn refused(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let (status, code, message) = match refusal {
        Refusal::Unsigned => (403, "AccessDenied", "Access Denied"),
        Refusal::UnknownKey => {
            (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
        Refusal::WrongToken => (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
        Refusal::SessionEnded => (400, "ExpiredToken", "The provided token has expired."),
        Refusal::Incomplete(message) => (400, "AuthorizationHeaderMalformed", message.as_str()),
        Refusal::Expired(message) if message == "Request has expired" => (403, "AccessDenied", message.as_str()),
        Refusal::Expired(_) => {
            (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
        }
        Refusal::Mismatch => (
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        Refusal::BodyDigest => (
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
    };
    write(status, code, message, &[], request_id)
}

fn write(
    status: u16,
    code: &str,
    message: &str,
    details: &[(&'static str, String)],
    request_id: &str,
) -> Response<Bytes> {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>",
        escape(code),
        escape(message)
    );
    let mut response = Response::new(Bytes::new());
    for (name, value) in details {
        if name.starts_with("x-amz-") {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        } else {
            // Infallible: writing to a string.
            let _ = write!(text, "<{name}>{}</{name}>", escape(value));
        }
    }
    let _ = write!(text, "<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>");
    // 304 has no body, or the connection would be out of step.
    if status != 304 {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        *response.body_mut() = Bytes::from(text);
    }
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
