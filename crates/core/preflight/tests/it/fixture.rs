//! Small projects and worlds.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{AccountId, Severity, Sources, Timestamp};
use stackfleet_plan::{
    Artifacts, Observed, Plan,
    observed::{AccountState, Caller, ObservedAccount, ObservedOrganization, ObservedPolicy, ObservedUnit},
};
use stackfleet_preflight::{Input, Report};
use stackfleet_project::Project;

pub(crate) const MANAGEMENT: &str = "999988887777";

/// A project, read, with a plan for a world, and what the checks say to it.
pub(crate) struct Checked {
    pub(crate) plan: Plan,
    pub(crate) sources: Sources,
    pub(crate) report: Report,
}

/// Reads a project that is free of errors, plans it for a world and checks the plan.
pub(crate) fn check(files: &[(&str, &str)], observed: &Observed) -> Checked {
    with_input(files, observed, |input| Checked {
        plan: input.plan.clone(),
        sources: input.sources.clone(),
        report: stackfleet_preflight::check(input),
    })
}

/// Reads a project that is free of errors, plans it for a world and asks something about it.
pub(crate) fn with_input<T>(files: &[(&str, &str)], observed: &Observed, ask: impl FnOnce(&Input<'_>) -> T) -> T {
    let files: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let (project, sources, found) = stackfleet_project::load(&files);
    let errors: Vec<&str> = found.iter().filter(|found| found.is_error()).map(|found| &*found.message).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let project: Project = project.unwrap();
    let artifacts = Artifacts::default();
    let plan = stackfleet_plan::plan(&project, &artifacts, observed);
    ask(&Input { project: &project, sources: &sources, artifacts: &artifacts, plan: &plan, observed })
}

impl Checked {
    /// Returns the findings, a few lines each.
    pub(crate) fn told(&self) -> String {
        let mut lines: Vec<String> = self.report.passes.iter().map(|pass| format!("ok {pass}")).collect();
        for finding in &self.report.findings {
            let sign = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            lines.push(format!("{sign} {} {}", finding.code, finding.message));
            let place = finding.span.and_then(|span| self.sources.location(span));
            let place = place.map(|place| format!(" at {}:{}", place.path, place.line)).unwrap_or_default();
            lines.extend(finding.cause.as_ref().map(|cause| format!("    {cause}{place}")));
            lines.push(format!("    in {}", finding.accounts(&self.plan).join(", ")));
        }
        lines.join("\n")
    }
}

/// An organization of accounts `(id, name, unit)` with service control policies `(name, content, targets)`, which are
/// unit paths, account ids, or empty for the root.
pub(crate) fn world(accounts: &[(&str, &str, &str)], policies: &[(&str, &str, &[&str])]) -> Observed {
    let account = |text: &str| -> AccountId { text.parse().unwrap() };
    let paths: BTreeSet<&str> =
        accounts.iter().flat_map(|(_, _, unit)| stackfleet_organization::tree::ancestors(unit)).collect();
    let units: BTreeMap<String, ObservedUnit> = paths
        .iter()
        .enumerate()
        .map(|(index, path)| ((*path).to_owned(), ObservedUnit { id: format!("ou-abcd-{index:08}") }))
        .collect();
    let seen = |name: &str, unit: &str| ObservedAccount {
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        state: AccountState::Active,
        unit: unit.to_owned(),
        tags: BTreeMap::new(),
    };
    let mut all: BTreeMap<AccountId, ObservedAccount> =
        accounts.iter().map(|(id, name, unit)| (account(id), seen(name, unit))).collect();
    all.insert(account(MANAGEMENT), seen("Management", ""));
    let target = |target: &&str| match units.get(*target) {
        Some(unit) => unit.id.clone(),
        None if target.is_empty() => "r-abcd".to_owned(),
        None => (*target).to_owned(),
    };
    let policy = |(index, (name, content, targets)): (usize, &(&str, &str, &[&str]))| {
        let targets = targets.iter().map(target).collect();
        let content = (*content).to_owned();
        ((*name).to_owned(), ObservedPolicy { id: format!("p-{index:08}"), content, targets })
    };
    let policies = policies.iter().enumerate().map(policy).collect();
    Observed {
        taken_at: Timestamp::default(),
        caller: Caller {
            account: account(MANAGEMENT),
            arn: format!("arn:aws:iam::{MANAGEMENT}:user/admin").parse().unwrap(),
        },
        home: "eu-west-1".parse().unwrap(),
        organization: Some(ObservedOrganization {
            id: "o-abcdefghij".to_owned(),
            management: account(MANAGEMENT),
            all_features: true,
            root: "r-abcd".to_owned(),
            service_control_policies: true,
            stack_sets_access: Some(true),
            units,
            accounts: all,
            creations: BTreeMap::new(),
            policies,
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
