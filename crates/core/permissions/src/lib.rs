//! What policies name and what templates need.
//!
//! [`lint`] and [`lint_text`] compare the actions, resources and condition keys of a policy with what is known of AWS.
//! [`known_actions`] are all actions with their resources, for comparing policies.
//! [`required`] tells which calls CloudFormation makes for a template, on what, and how sure that is; [`least`] makes
//! the smallest policy of them.

#![warn(missing_docs)]

mod codes;
mod known;
mod least;
mod lint;
mod required;

pub use known::known_actions;
pub use least::least;
pub use lint::{Finding, Replacement, lint, lint_text};
pub use required::{Cell, Grade, Operation, Requirement, required, required_of};
