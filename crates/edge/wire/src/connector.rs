//! The door inside of the SDK's HTTP client: the official SDK runs in process, without sockets, under virtual time.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request};
use http_body_util::BodyExt as _;

use crate::backend::Backend;
use crate::door::Door;

/// Returns an HTTP client for the SDK that goes through `door` instead of the network.
pub fn connector<B: Backend>(door: Door<B>) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { door })
}

struct InProcess<B> {
    door: Door<B>,
}

impl<B> Clone for InProcess<B> {
    fn clone(&self) -> Self {
        InProcess { door: self.door.clone() }
    }
}

impl<B> fmt::Debug for InProcess<B> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("InProcess").field("door", &self.door).finish()
    }
}

impl<B: Backend> HttpClient for InProcess<B> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<B: Backend> HttpConnector for InProcess<B> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let door = self.door.clone();
        HttpConnectorFuture::new(async move {
            let request = collect(request).await?;
            let response = door.answer(request, None);
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Reads the whole body and adds the header `Host`, which an HTTP library would add.
async fn collect(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
    if !parts.headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
        && let Ok(value) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, value);
    }
    Ok(Request::from_parts(parts, body))
}
