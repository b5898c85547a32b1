//! The front door as clients see it: the official SDK in process, boto3 over HTTP, hand-signed requests.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod echo;
mod sdk;
mod signature;
mod values;
