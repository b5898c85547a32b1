//! `core/policy` and the plain rules answer alike, and what must hold for all policies does: in a hundred thousand
//! random cases each.
//!
//! The seeds are fixed, so a failure can be repeated; `STACKFLEET_SIM_SEED` draws other cases and `STACKFLEET_SIM_CASES`
//! more of them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod differential;
mod pool;
mod properties;
