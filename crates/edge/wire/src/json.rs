//! AWS JSON 1.1 and REST-JSON by the schema protocols of `aws-smithy-http-server`: requests in, answers and errors out.

use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_smithy_http_server::response::Response as ServerResponse;
use aws_smithy_http_server::schema::protocol::{AwsJson1_1, RestJson1};
use aws_smithy_http_server::schema::{DeserializeError, HttpModeledError, SharedServerProtocol};
use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use stackfleet_api::{Answer, Error, ErrorFields, OperationInfo, Protocol, Reader, Request, common};

static AWS_JSON: LazyLock<SharedServerProtocol> =
    LazyLock::new(|| SharedServerProtocol::serde_only(AwsJson1_1::default()));
static REST_JSON: LazyLock<SharedServerProtocol> =
    LazyLock::new(|| SharedServerProtocol::serde_only(RestJson1::default()));

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

fn protocol_of(protocol: Protocol) -> &'static SharedServerProtocol {
    match protocol {
        Protocol::RestJson => &REST_JSON,
        Protocol::Json11 | Protocol::Query => &AWS_JSON,
    }
}

/// Reads the request for `operation`.
pub(crate) fn read(
    operation: &OperationInfo,
    parts: &Parts,
    body: &Bytes,
    reader: &mut Reader,
) -> Result<Request, Error> {
    let service = operation.service.service;
    let mut request = http::Request::new(body.clone());
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    let request = aws_smithy_runtime_api::http::Request::try_from(request)
        .map_err(|error| common::malformed(service, error.to_string()))?;
    let protocol = protocol_of(operation.service.protocol);
    let mut deserializer =
        protocol.deserialize_request(operation.input, &request).map_err(|error| refused(operation, &error))?;
    (operation.read_request)(deserializer.as_mut(), reader)
        .map_err(|error| common::malformed(service, error.to_string()))
}

fn refused(operation: &OperationInfo, error: &DeserializeError) -> Error {
    common::malformed(operation.service.service, error.to_string())
}

/// Writes an answer.
pub(crate) fn answer(answer: &Answer) -> Result<Response<Bytes>, SerdeError> {
    let operation = answer.operation();
    let response = protocol_of(operation.service.protocol).serialize_response(operation.output, answer.value());
    let mut response = collect(response)?;
    let chosen = operation.output.members().iter().any(|member| member.http_response_code().is_some());
    if !chosen || response.status() == StatusCode::OK {
        *response.status_mut() = status(operation.status);
    }
    Ok(response)
}

/// Writes an error.
pub(crate) fn error(protocol: Protocol, error: &Error) -> Result<Response<Bytes>, SerdeError> {
    let mut response = match &error.fields {
        Some(fields) => {
            let modelled = Modelled { fields: Arc::clone(fields), status: error.status };
            collect(protocol_of(protocol).serialize_error(&modelled))?
        }
        None => unmodelled(protocol, error),
    };
    // Some models bind a member to this header; whatever the member says, the header is the error's name.
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error.shape));
    Ok(response)
}

fn unmodelled(protocol: Protocol, error: &Error) -> Response<Bytes> {
    let (body, content_type) = match protocol {
        Protocol::RestJson => (serde_json::json!({ "message": error.message }), "application/json"),
        Protocol::Json11 | Protocol::Query => {
            (serde_json::json!({ "__type": error.shape, "message": error.message }), "application/x-amz-json-1.1")
        }
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status(error.status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A modelled error in the form that the protocols take.
#[derive(Debug)]
struct Modelled {
    fields: Arc<dyn ErrorFields>,
    status: u16,
}

impl fmt::Display for Modelled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.fields)
    }
}

impl std::error::Error for Modelled {}

impl SerializableStruct for Modelled {
    fn schema(&self) -> &Schema<'_> {
        self.fields.schema()
    }

    fn serialize_members(&self, serializer: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
        self.fields.serialize_members(serializer)
    }
}

impl HttpModeledError for Modelled {
    fn status_code(&self) -> u16 {
        self.status
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Takes the body out of a response that is complete in memory.
fn collect(response: ServerResponse) -> Result<Response<Bytes>, SerdeError> {
    let (parts, body) = response.into_parts();
    match body.collect().now_or_never() {
        Some(Ok(collected)) => Ok(Response::from_parts(parts, collected.to_bytes())),
        Some(Err(error)) => Err(SerdeError::write_failed(error.to_string())),
        None => Err(SerdeError::write_failed("the answer is not complete")),
    }
}
