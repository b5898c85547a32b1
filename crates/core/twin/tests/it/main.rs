//! The twin from outside: requests in, answers as text out, time as an argument.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::needless_update, reason = "the macro that asks gives all members a default")]

mod kit;
mod organizations;
mod storage;
