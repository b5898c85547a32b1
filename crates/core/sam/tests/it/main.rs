//! The transform as a whole: small templates with their results, and the conformance corpus.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod basics;
mod corpus;
mod observed;
mod observed_apis;
mod observed_later;
mod observed_more;
mod order;
