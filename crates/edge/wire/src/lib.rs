//! AWS protocols in front of the twin: an HTTP server, and an in-process connector for the SDK.
//!
//! A [`Door`] takes an HTTP request and does what AWS's front door does: signature -> principal -> operation ->
//! decode and validate -> [`Backend`] -> encode. [`serve`] opens it on a socket, [`connector`] inside of the
//! SDK, without one. What an operation does and who may call it is the twin's matter; how it is spelt on the wire is
//! this crate's, and nobody else's: the protocol crates of smithy-rs and `s3s` are named here only.
//!
//! Time is the clock's that the door was given: virtual when rehearsing, real (or faster) when served.
#![warn(missing_docs)]

mod absent;
mod backend;
mod calls;
mod chunked;
mod clock;
mod connector;
mod door;
mod json;
mod query;
mod query_form;
mod route;
mod s3_convert;
mod s3_host;
mod s3_operations;
mod s3_wire;
mod serve;
mod sign;
mod world;

pub use backend::{Backend, Caller, Credential};
pub use calls::Calls;
pub use clock::{Clock, RealClock, VirtualClock};
pub use connector::connector;
pub use door::Door;
pub use serve::{ServeOptions, serve};
