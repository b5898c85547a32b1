//! The program as its users run it: the binary in an environment of its own, against the embedded and the served twin,
//! with the AWS CLI, boto3 and moto beside it.
//!
//! Enough to prove the wiring and the promises of the README; what the parts do is tested where they live. Foreign
//! clients that are not installed are skipped, and say so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic and says what it leaves out"
)]

mod sandbox;
mod served;

mod announced;
mod broken;
mod check;
mod denied;
mod foreign;
mod kills;
mod moto;
mod plain;
mod policies;
mod rehearsal;
mod repair;
mod scenarios;
mod taken;
mod templates;
mod twice;
mod validate;
