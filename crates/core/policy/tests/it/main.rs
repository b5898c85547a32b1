//! Tests of the policy engine as its callers see it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may panic, and reads its data"
)]

mod diagnostics;
mod difference;
mod properties;
mod rollout;
mod rules;
mod semantics;

/// Reads a file of the conformance data, or says that the test is skipped.
fn conformance(path: &str) -> Option<serde_json::Value> {
    let Ok(folder) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return None;
    };
    let text = std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}
