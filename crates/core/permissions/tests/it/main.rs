//! Tests of the crate through its public functions.
#![expect(clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

mod least;
mod lint;
mod required;
