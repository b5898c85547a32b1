//! From a project and an observed world to a plan.
//!
//! [`scope`] says what to look at, [`observed`] what was seen, [`plan()`] what will be done about it, [`verify`] how
//! every cell stands and [`repair`] what would mend exactly those that do not stand as declared. Nothing here talks to
//! AWS, reads a clock or decides by chance: the same project and the same world give the same plan.

#![warn(missing_docs)]

pub mod artifacts;
pub mod guard;
pub mod identities;
pub mod names;
pub mod observed;
pub mod plan;

mod changes;
mod check;
mod code;
mod deployment;
mod draft;
mod effect;
mod groundwork;
mod operations;
mod organization;
mod package;
mod planner;
mod population;
mod reach;
mod standing;
mod values;

pub use artifacts::{Artifact, Artifacts};
pub use changes::{ChangedResource, StackChanges, changes};
pub use deployment::{APP_TAG, STACK_TAG, WantedCell, WantedStack, set_name};
pub use effect::{Effect, Fate, Update, replacement, updates};
pub use observed::{Cell, Observed, Scope};
pub use package::{NoSuchPlace, capabilities, package};
pub use plan::{Action, Plan};
pub use planner::{SCHEMA, Verification, plan, repair, retry, scope, verify, wanted};
