//! Simulated AWS: a discrete-event state machine, (caller, operation, input, now) -> answer.
//!
//! A [`World`] is a plain value: one organization with everything in its accounts, and a queue of events that lie
//! ahead in time. It has no clock, no threads and no chance: whoever runs it says what time it is, identifiers come
//! from seeded streams ([`ids`]), and the same inputs give the same world, byte for byte.
//!
//! Read [`world`] first, then [`call`] (who asks) and `authorize` (may they), then one service such as `sts`.
//! Protocols, signatures and sockets are not here but in `edge/wire`; what a rollout should do is nowhere near: the
//! twin answers as AWS does and knows nothing of plans.

#![warn(missing_docs)]

pub(crate) mod account;
pub(crate) mod authorize;
pub mod call;
pub mod cloudformation;
pub(crate) mod document;
pub(crate) mod events;
pub mod fidelity;
pub(crate) mod iam;
pub mod ids;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod md5;
pub mod options;
pub(crate) mod organizations;
pub(crate) mod pages;
pub mod queue;
pub(crate) mod resources;
pub mod s3;
pub mod save;
pub(crate) mod service;
pub(crate) mod sns;
pub(crate) mod ssm;
pub(crate) mod sts;
pub(crate) mod throttle;
pub(crate) mod time;
pub mod world;

pub use call::{Call, Origin, Principal, RootSession, Session};
pub use options::WorldOptions;
pub use save::LoadError;
pub use world::{Credential, World};
