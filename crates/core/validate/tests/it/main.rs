//! Tests of the whole: templates in, lines of findings out.
#![expect(clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

mod documented;
mod kit;
mod places;
