//! The only crate naming the AWS SDK: observes the organization, performs steps, keeps within request rates.
//!
//! [`connect`] makes the clients, [`observe()`] fills [`stackfleet_plan::Observed`], [`perform`] carries out one
//! [`stackfleet_rollout::Step`]. Nothing here decides what should be done: every answer of AWS is sorted once, in
//! [`failure`], into done, refused, later and unknown, and handed up.
//!
//! Whether AWS or a simulated organization answers is not known here.

pub mod connect;
pub mod failure;
pub mod limiter;
pub mod observe;
pub mod perform;

pub use connect::{Aws, ConnectError, Connection, Keys, Now};
pub use failure::Failure;
pub use observe::{identities, observe, standings};
pub use perform::Performer;
