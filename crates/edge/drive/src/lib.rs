//! The loop: clock, concurrency, signals.
