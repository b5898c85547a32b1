//! Tests of the catalog through its public functions.
#![expect(clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

mod actions;
mod check;
mod conformance;
mod facts;
mod format;
