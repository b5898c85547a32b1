//! Hermetic fixtures: projects of any size for tests and benchmarks, and what fuzzing checks.
//!
//! What is generated here is read by the same code as what users write; nothing in it is known to any other crate.

pub mod fuzz;
pub mod generated;
pub mod planted;

pub use generated::{Size, project, write};
pub use planted::planted;
