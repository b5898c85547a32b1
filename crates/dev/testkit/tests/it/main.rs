//! Tests of what the other crates are tested with.

mod corpus;
