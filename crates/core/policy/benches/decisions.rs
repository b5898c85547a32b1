//! How fast requests are decided: `STACKFLEET_CONFORMANCE=... cargo bench -p stackfleet-policy`; `benches/policy` runs it
//! beside another engine.
//!
//! It prints decisions in a second of CPU over the 172 permissions of the big case, and the CPU time that the rollout
//! over a thousand accounts takes after its file was read.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, reads its data and prints"
)]

use std::time::Duration;

use stackfleet_policy::{
    cases::{Case, ReadyCase},
    rollout_check::{RolloutCheck, RolloutOrganization},
};

const ROUNDS: usize = 2_000;

/// Returns for how long this thread has had a processor; Linux counts it in nanoseconds.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn main() {
    let Ok(folder) = std::env::var("STACKFLEET_CONFORMANCE") else {
        println!("skipped: STACKFLEET_CONFORMANCE is not set");
        return;
    };
    let read = |path: &str| std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&read("policy-rules/bench_big.json")).unwrap();
    let start = cpu();
    let ready: Vec<ReadyCase> = cases.iter().map(|case| case.ready().unwrap()).collect();
    println!("policies of {} cases read in {:?} of CPU", ready.len(), cpu() - start);
    let start = cpu();
    let mut allowed = 0;
    for _ in 0..ROUNDS {
        allowed += ready.iter().filter(|case| case.decide().is_allowed()).count();
    }
    let seconds = (cpu() - start).as_secs_f64();
    let decisions = ready.len() * ROUNDS;
    println!("{decisions} decided ({allowed} allowed): {:.0} decisions a CPU second", decisions as f64 / seconds);

    let organization: RolloutOrganization = serde_json::from_str(&read("policy-rollout/org.json")).unwrap();
    let start = cpu();
    let answer = RolloutCheck::new(&organization).unwrap().answer().unwrap();
    let milliseconds = (cpu() - start).as_secs_f64() * 1e3;
    println!("rollout over {} accounts checked in {milliseconds:.1} ms of CPU", answer.accounts.len());
}
