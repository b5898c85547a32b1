//! Tests of the public interface.

#![expect(clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

mod access;
mod documented;
mod existing;
mod exposure;
mod fixture;
mod permission;
mod surprise;
