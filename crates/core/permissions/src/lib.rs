//! What policies name and what templates need.
//!
//! [`lint`] and [`lint_text`] compare the actions, resources and condition keys of a policy with what is known of AWS.

#![warn(missing_docs)]

mod codes;
mod lint;

pub use lint::{Finding, Replacement, lint, lint_text};
