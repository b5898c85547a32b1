//! Tests of the whole: templates in, lines of findings out.
#![expect(clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

mod conformance;
mod deployment;
mod documented;
mod intrinsics;
mod kit;
mod places;
mod policies;
mod secrets;
mod serverless;
mod stack;
