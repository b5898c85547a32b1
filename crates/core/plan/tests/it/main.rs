//! Plans of small projects against small worlds.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod findings;
mod first;
mod fixture;
