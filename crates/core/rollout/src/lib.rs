//! Runs a plan: a state machine without input or output.
//!
//! [`step`] says what it asks of the world and what the world may answer, [`event`] what it tells whoever watches;
//! [`Rollout`] is the machine. It decides nothing about what is deployed where: the plan has no choices left in it.

#![warn(missing_docs)]

pub mod event;
pub mod problem;
pub mod step;

mod board;
mod follow;
mod machine;
mod node;
mod patience;
mod resolve;

pub use board::CellStatus;
pub use event::{Cause, CellName, Event, Happening, Summary, Tier, WaveName};
pub use machine::{Input, Output, Rollout};
pub use problem::{Problem, Trouble, problems};
pub use step::{Call, Directory, Fact, Outcome, Refusal, Step};
