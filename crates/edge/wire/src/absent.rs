//! The answer for a service that this world does not have, in a form that the service's clients can read.
//!
//! On AWS there is no such host, so nothing here imitates anything: the message says what is the matter.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::route;

pub(crate) fn answer(signing_name: &str, parts: &Parts, body: &Bytes, request_id: &str) -> Response<Bytes> {
    // The name comes from the request and goes into XML.
    let name: String = signing_name.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
    let message = format!("The simulated AWS has no service `{name}`.");
    let error = format!("<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>{message}</Message></Error>");
    let form = route::form(parts, body).text("Action").is_some();
    let (content_type, text) = match (form, name.as_str()) {
        (true, "ec2") => {
            ("text/xml", format!("<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"))
        }
        (true, _) => ("text/xml", format!("<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>")),
        (false, _) => (
            "application/json",
            serde_json::json!({ "__type": "UnknownOperationException", "message": message }).to_string(),
        ),
    };
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let kind = HeaderValue::from_static("UnknownOperationException");
    response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), kind);
    response
}
