//! How fast requests are decided: `STACKFLEET_CONFORMANCE=... cargo bench -p stackfleet-policy`.
//!
//! It prints decisions a second over the 172 permissions of the big case, and the time that the rollout over a
//! thousand accounts takes after its file was read.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, reads its data and prints"
)]

use std::time::Instant;

use stackfleet_policy::{
    cases::{Case, ReadyCase},
    rollout_check::{RolloutCheck, RolloutOrganization},
};

const ROUNDS: usize = 2_000;

fn main() {
    let Ok(folder) = std::env::var("STACKFLEET_CONFORMANCE") else {
        println!("skipped: STACKFLEET_CONFORMANCE is not set");
        return;
    };
    let read = |path: &str| std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&read("policy-rules/bench_big.json")).unwrap();
    let start = Instant::now();
    let ready: Vec<ReadyCase> = cases.iter().map(|case| case.ready().unwrap()).collect();
    println!("policies of {} cases read in {:?}", ready.len(), start.elapsed());
    let start = Instant::now();
    let mut allowed = 0;
    for _ in 0..ROUNDS {
        allowed += ready.iter().filter(|case| case.decide().is_allowed()).count();
    }
    let seconds = start.elapsed().as_secs_f64();
    let decisions = ready.len() * ROUNDS;
    println!("{decisions} decisions ({allowed} allowed) in {seconds:.3} s: {:.0} a second", decisions as f64 / seconds);

    let organization: RolloutOrganization = serde_json::from_str(&read("policy-rollout/org.json")).unwrap();
    let start = Instant::now();
    let answer = RolloutCheck::new(&organization).unwrap().answer().unwrap();
    println!("rollout over {} accounts checked in {:?}", answer.accounts.len(), start.elapsed());
}
