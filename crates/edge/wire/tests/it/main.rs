//! The front door as clients see it: the official SDK in process, boto3 over HTTP, hand-signed requests.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod boto3;
mod echo;
mod sdk;
mod signature;
mod values;
