//! The IAM language: parse, evaluate over all layers, explain.
//!
//! * A document becomes a [`Policy`] ([`Policy::parse`], [`Policy::read`] with places for diagnostics).
//! * What is known of a document in a template is checked by [`check_draft`].
//! * Policies that count as one become a [`PolicySet`]; the nodes of an organization become a [`PolicyPath`]. Both
//!   are indexed once and shared.
//! * [`decide`] answers a [`Request`] over its [`Layers`]; [`denial_text`] says no in AWS's words and
//!   [`explain`] tells what every layer says.
//!
//! ```
//! use stackfleet_policy::*;
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}}"#;
//! let identity = PolicySet::of(Policy::parse(PolicyKind::Identity, "readers", text)?);
//! let principal = Principal::parse("arn:aws:iam::111111111111:user/ana")?;
//! let (mut context, layers) = (Context::new(), Layers { identity: Some(&identity), ..Layers::default() });
//! principal.describe(&mut context);
//! let request = |action| Request {
//!     principal: &principal,
//!     action,
//!     resource: "arn:aws:s3:::b/k",
//!     resource_account: None,
//!     context: &context,
//! };
//! assert!(decide(&request("s3:GetObject"), &layers).is_allowed());
//! let put = request("s3:PutObject");
//! assert_eq!(
//!     denial_text(&put, &decide(&put, &layers)).as_deref(),
//!     Some("User: arn:aws:iam::111111111111:user/ana is not authorized to perform: s3:PutObject on resource: \
//!           arn:aws:s3:::b/k because no identity-based policy allows the s3:PutObject action")
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`difference`] compares policies by what they say to every request.
//!
//! Nothing here knows which actions exist, which context keys a service sets or how an organization looks: whoever
//! asks brings the request's context and the policies.

#![warn(missing_docs)]

mod arn;
pub mod cases;
mod codes;
mod condition;
mod context;
mod decide;
mod denial;
pub mod difference;
mod draft;
mod explain;
mod format;
mod json;
mod limits;
mod lint;
mod parse;
mod pattern;
mod policy;
mod principal;
mod rcp_services;
mod request;
pub mod rollout_check;

pub use context::Context;
pub use decide::{Deciding, Decision, Layer, Missing, decide};
pub use denial::denial_text;
pub use draft::{Draft, DraftValue, check_draft};
pub use explain::{Blocker, Explanation, LayerAnswer, explain};
pub use format::{minify, pretty};
pub use limits::{Attachment, check_size};
pub use lint::lint;
pub use parse::{MalformedPolicy, Origin};
pub use policy::{Effect, Found, Level, Policy, PolicyKind, PolicyPath, PolicySet, Statement, Version};
pub use principal::{Principal, PrincipalError, RoleSession};
pub use rcp_services::supports_resource_control;
pub use request::{Layers, Request};
