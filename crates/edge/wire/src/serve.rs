//! The door on a socket: HTTP/1.1.
//!
//! There is no background thread: the world is advanced to the clock's time before each request.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::backend::Backend;
use crate::door::{Door, plain};

/// Bounds of a served door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// The largest body that is read, in bytes.
    pub body_bytes_max: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        ServeOptions { body_bytes_max: 256 * 1024 * 1024 }
    }
}

/// Answers requests that come in at `listener` until `shutdown` is done. A connection that fails ends alone.
///
/// # Errors
/// Fails when the listener does.
pub async fn serve<B: Backend>(
    listener: TcpListener,
    door: Door<B>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The peer has gone, or descriptors are short for a moment: neither is the listener's end.
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            },
        };
        let door = door.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let door = door.clone();
                async move { Ok::<_, Infallible>(respond(&door, request, peer, options).await) }
            });
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            // A client that breaks off or sends what is no HTTP concerns nobody else.
            let _ = connection.await;
        });
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock
    ) || error.raw_os_error() == Some(24)
}

async fn respond<B: Backend>(
    door: &Door<B>,
    request: Request<Incoming>,
    peer: SocketAddr,
    options: ServeOptions,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let expects = parts.headers.contains_key(EXPECT);
    let mut response = match Limited::new(body, options.body_bytes_max).collect().await {
        Ok(collected) => door.answer(Request::from_parts(parts, collected.to_bytes()), Some(peer.ip().to_string())),
        Err(error) if error.is::<LengthLimitError>() => {
            plain(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is larger than this server reads")
        }
        Err(_) => plain(StatusCode::BAD_REQUEST, "the request's body ended early"),
    };
    // As S3 does: a client that waits for `100 Continue` and is refused instead may take the next answer for this one
    // (boto3 1.43).
    if expects && response.status().is_client_error() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(Full::new)
}
