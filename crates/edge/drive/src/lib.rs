//! The loop between a rollout and the world: clock, concurrency, signals.
//!
//! [`run`] asks the rollout what to do, has it performed and hands the answers back. It decides nothing. Time is
//! tokio's: real when tokio's is, virtual when it is paused, so an hour-long rollout against a simulated organization
//! takes seconds.

pub mod clock;
pub mod run;

pub use clock::Clock;
pub use run::run;
