//! Plans of small projects against small worlds.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod changes;
mod documented;
mod effects;
mod findings;
mod first;
mod fixture;
