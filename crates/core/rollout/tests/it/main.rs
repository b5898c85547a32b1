//! Rollouts against a small fake world, undisturbed and disturbed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod exact;
mod run;
mod simulate;
mod story;
mod world;
