//! The AWS SAM transform (`AWS::Serverless-2016-10-31`): template in, CloudFormation template or reasons for refusal out.
//!
//! [`transform`] works on the JSON form of a template (intrinsic functions in their long form) and is a pure function of
//! the template and an [`Environment`]. Within one partition its result does not depend on the account and hardly on the
//! region, so callers may keep it per (partition, region, parameter values).
//!
//! Logical ids, list orders and messages are AWS's. A resource type, event or property that AWS's transform knows and this
//! one does not is refused with [`SamErrorKind::Unsupported`], never dropped.
#![warn(missing_docs)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON has six kinds of values for good, and a check of one means all others by the rest"
)]

mod api;
mod application;
mod capacity_provider;
mod connector;
mod context;
mod deployment_preference;
mod environment;
mod error;
mod events;
mod function;
mod generated;
mod globals;
mod graphql_api;
mod hash_order;
mod http_api;
mod implicit_api;
mod intrinsics;
mod key_hash;
mod layer_version;
mod node;
mod origin;
mod place;
mod policies;
mod properties;
mod python;
mod role;
mod simple_table;
mod state_machine;
mod swagger;
mod tables;
mod transform;
mod web_socket_api;

pub use environment::{Applications, Environment};
pub use error::{SamError, SamErrorKind};
pub use transform::transform;
