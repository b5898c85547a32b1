//! How long the checks take for many accounts, and how much memory: `cargo bench -p stackfleet-preflight`, or with another
//! number of accounts `ACCOUNTS=1000 cargo bench -p stackfleet-preflight`.
//!
//! The project is generated, with faults in it; the organization exists and nothing is deployed. Planning is measured
//! beside it, for it is done before.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, looks at its own process, prints and may panic"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use stackfleet_base::{AccountId, Timestamp};
use stackfleet_organization::tree::ancestors;
use stackfleet_plan::{
    Artifacts, Observed,
    observed::{AccountState, Caller, ObservedAccount, ObservedOrganization, ObservedUnit},
};
use stackfleet_preflight::{Input, check};
use stackfleet_project::Project;
use stackfleet_testkit::planted;

fn main() {
    let accounts = std::env::var("ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let (project, sources, _) = timed("reading the project", || stackfleet_project::load(&planted(accounts)));
    let project = project.unwrap();
    let observed = world(&project);
    let artifacts = Artifacts::default();
    let plan = timed("planning", || stackfleet_plan::plan(&project, &artifacts, &observed));
    let before = memory_peak_mib();
    let input = Input { project: &project, sources: &sources, artifacts: &artifacts, plan: &plan, observed: &observed };
    let report = timed("checking", || check(&input));
    timed("checking again", || check(&input));
    println!("{} cells, {} findings", plan.cells.len(), report.findings.len());
    println!("memory at most: {before} MiB before checking, {} MiB after", memory_peak_mib());
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what}: {:.0} ms", start.elapsed().as_secs_f64() * 1_000.0);
    result
}

/// The declared organization as it would be seen, without policies.
fn world(project: &Project) -> Observed {
    let declared = project.organization.as_ref().unwrap();
    let management: AccountId = "999988887777".parse().unwrap();
    let seen = |name: &str, email: &str, unit: &str, tags: BTreeMap<String, String>| ObservedAccount {
        name: name.to_owned(),
        email: email.to_owned(),
        state: AccountState::Active,
        unit: unit.to_owned(),
        tags,
    };
    let all = declared.all_accounts();
    let mut accounts: BTreeMap<AccountId, ObservedAccount> = BTreeMap::new();
    for (number, account) in all.iter().enumerate() {
        let tags = account.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let id = format!("{:012}", 100_000_000_000_u64 + 37 * u64::try_from(number).unwrap()).parse().unwrap();
        accounts.insert(id, seen(&account.name.value, &account.email.value, &account.unit, tags));
    }
    let paths: BTreeSet<&str> = all.iter().flat_map(|account| ancestors(&account.unit)).collect();
    let units = paths.iter().enumerate();
    let units = units.map(|(index, path)| ((*path).to_owned(), ObservedUnit { id: format!("ou-abcd-{index:08}") }));
    let units = units.collect();
    accounts.insert(management.clone(), seen("Management", &declared.management.value, "", BTreeMap::new()));
    Observed {
        taken_at: Timestamp::default(),
        caller: Caller { account: management.clone(), arn: "arn:aws:iam::999988887777:user/admin".parse().unwrap() },
        home: "eu-west-1".parse().unwrap(),
        organization: Some(ObservedOrganization {
            id: "o-abcdefghij".to_owned(),
            management,
            all_features: true,
            root: "r-abcd".to_owned(),
            service_control_policies: true,
            stack_sets_access: Some(true),
            units,
            accounts,
            creations: BTreeMap::new(),
            policies: BTreeMap::new(),
            full_access_detached: BTreeSet::new(),
            resource_control_policies: BTreeMap::new(),
            policies_known: true,
        }),
        administration_role: None,
        buckets: BTreeMap::new(),
        stack_sets: BTreeMap::new(),
        regions_off: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

/// The most memory that this process has had, from Linux; 0 elsewhere.
fn memory_peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}
