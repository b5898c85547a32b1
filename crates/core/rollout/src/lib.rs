//! Runs a plan: a state machine without input or output.
//!
//! [`step`] says what it asks of the world and what the world may answer.

#![warn(missing_docs)]

pub mod step;

pub use step::{Call, Directory, Fact, Outcome, Refusal, Step};
