//! The tree of units and accounts, target expressions, inherited policies.
//!
//! Everything here is a value or a function of values: it knows nothing of AWS calls, of project files or of what is
//! deployed. [`Tree`] is filled from a project file as well as from a live organization.

#![warn(missing_docs)]

pub mod target;
pub mod tree;

pub use target::{Expression, Reason, Term, Verdict};
pub use tree::{Account, Node, State, Tree};
