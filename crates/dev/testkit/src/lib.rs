//! Hermetic fixtures: projects of any size for tests and benchmarks.
//!
//! What is generated here is read by the same code as what users write; nothing in it is known to any other crate.

pub mod generated;

pub use generated::{Size, project, write};
