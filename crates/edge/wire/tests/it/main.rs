//! The front door as clients see it: the official SDK in process, boto3 over HTTP, hand-signed requests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic, and says what it skips"
)]

mod boto3;
mod client;
mod echo;
mod sdk;
mod signature;
mod twin;
mod values;
