//! From a project and an observed world to a plan.
//!
//! [`observed`] says what was seen, [`plan`] what will be done about it. Nothing here talks to AWS, reads a clock or
//! decides by chance: the same project and the same world give the same plan.

#![warn(missing_docs)]

pub mod artifacts;
pub mod observed;
pub mod plan;

pub use artifacts::{Artifact, Artifacts};
pub use observed::{Cell, Observed, Scope};
pub use plan::{Action, Plan};
