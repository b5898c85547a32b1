//! The twin from outside: requests in, answers as text out, time as an argument.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::needless_update, reason = "the macro that asks gives all members a default")]

mod deputies;
mod fidelity;
mod identity;
mod kit;
mod organizations;
mod regions;
mod roots;
mod saving;
mod services;
mod sessions;
mod stack_sets;
mod stacks;
mod storage;
