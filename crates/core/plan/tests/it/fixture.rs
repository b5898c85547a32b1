//! Projects and worlds for tests.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{AccountId, Digest, Region, Timestamp};
use stackfleet_plan::{
    Artifact, Artifacts, Observed, Plan,
    observed::{AccountState, Caller, ObservedAccount, ObservedOrganization, ObservedUnit},
    plan::{Action, PolicyTarget, Targets},
};
use stackfleet_project::Project;

pub(crate) const MANAGEMENT: &str = "999988887777";

/// The organization and application that the project ships as its example.
pub(crate) fn example() -> (Project, Artifacts) {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let files = [
        file("stackfleet.yaml", include_str!("../../../../../examples/source/stackfleet.yaml")),
        file("iam/execution-role.yaml", include_str!("../../../../../examples/source/iam/execution-role.yaml")),
        file("app/template.yaml", include_str!("../../../../../examples/source/app/template.yaml")),
        file("app/src/handler.py", "def handler(event, context): pass"),
        file(
            "policies/protect-baseline.json",
            include_str!("../../../../../examples/source/policies/protect-baseline.json"),
        ),
        file("policies/lockdown.json", include_str!("../../../../../examples/source/policies/lockdown.json")),
    ];
    let place = ["Resources", "StaleKeysFunction", "Properties", "CodeUri"].map(str::to_owned).to_vec();
    let artifact = Artifact {
        app: "key-rotation".to_owned(),
        stack: "app".to_owned(),
        place,
        digest: Digest::of("code"),
        size: 4,
    };
    (load(files.into()), Artifacts { entries: vec![artifact] })
}

/// Reads a project that must be free of errors.
pub(crate) fn load(files: BTreeMap<String, String>) -> Project {
    let (project, sources, found) = stackfleet_project::load(&files);
    let errors: Vec<String> = found
        .iter()
        .filter(|found| found.is_error())
        .map(|found| format!("{:?} {}", found.span().and_then(|span| sources.location(span)), found.message))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    project.unwrap()
}

pub(crate) fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

pub(crate) fn region(text: &str) -> Region {
    text.parse().unwrap()
}

/// A world in which nothing exists but the caller's account.
pub(crate) fn empty_world() -> Observed {
    Observed {
        taken_at: Timestamp::default(),
        caller: Caller {
            account: account(MANAGEMENT),
            arn: format!("arn:aws:iam::{MANAGEMENT}:user/admin").parse().unwrap(),
        },
        home: region("eu-west-1"),
        organization: None,
        administration_role: None,
        buckets: BTreeMap::new(),
        stack_sets: BTreeMap::new(),
        regions_off: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

/// A world with an organization of accounts `(id, name, unit)`, policies off.
pub(crate) fn world(accounts: &[(&str, &str, &str)]) -> Observed {
    let mut units = BTreeMap::new();
    for (index, path) in accounts
        .iter()
        .map(|(_, _, unit)| *unit)
        .filter(|unit| !unit.is_empty())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .enumerate()
    {
        units.insert(path.to_owned(), ObservedUnit { id: format!("ou-abcd-{index:08}") });
    }
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
    let organization = ObservedOrganization {
        id: "o-abcdefghij".to_owned(),
        management: account(MANAGEMENT),
        all_features: true,
        root: "r-abcd".to_owned(),
        service_control_policies: false,
        stack_sets_access: Some(true),
        units,
        accounts: all,
        creations: BTreeMap::new(),
        policies: BTreeMap::new(),
        full_access_detached: BTreeSet::new(),
        resource_control_policies: BTreeMap::new(),
        policies_known: true,
    };
    Observed { organization: Some(organization), ..empty_world() }
}

/// A plan, one line for each step: number, what it waits for, what it does.
pub(crate) fn steps(plan: &Plan) -> String {
    let lines = plan.steps.iter().map(|step| {
        let after: Vec<String> = step.after.iter().map(|id| id.0.to_string()).collect();
        format!("{} <- [{}] {}", step.id.0, after.join(" "), what(&step.action))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An action in a few words.
pub(crate) fn what(action: &Action) -> String {
    match action {
        Action::CreateOrganization => "create organization".to_owned(),
        Action::EnableServiceControlPolicies => "enable policies".to_owned(),
        Action::ActivateStackSetsAccess => "activate access".to_owned(),
        Action::CreateUnit { path } => format!("unit {path}"),
        Action::CreateAccount { name, attach, .. } => {
            format!("account {name} {}", attach.as_deref().unwrap_or_default())
        }
        Action::MoveAccount { account, from, to } => format!("move {} `{from}` -> `{to}`", account.name),
        Action::TagAccount { account, tags } => format!("tag {} {tags:?}", account.name),
        Action::CreatePolicy { name, .. } => format!("create policy {name}"),
        Action::UpdatePolicy { name, .. } => format!("update policy {name}"),
        Action::AttachPolicy { policy, target } => format!("attach {policy} to {}", target_name(target)),
        Action::DetachPolicy { policy, target } => format!("detach {policy} from {}", target_name(target)),
        Action::PutAdministrationRole { policy, .. } => format!("administration role {policy}"),
        Action::PutBucket { bucket, exists, .. } => format!("bucket {bucket} {exists}"),
        Action::UploadArtifact { region, key, .. } => {
            format!("upload {region} {}", key.chars().take(25).collect::<String>())
        }
        Action::CreateStackSet { set, definition } => {
            format!("create set {set} {:?} {:?}", definition.parameters, definition.capabilities)
        }
        Action::UpdateStackSet { set, targets, .. } => format!("update set {set} {}", targets_name(targets)),
        Action::SetAutoDeployment { set, enabled, .. } => format!("auto deployment {set} {enabled}"),
        Action::CreateInstances { set, targets, overrides, preferences, .. } => format!(
            "create instances {set} {} {overrides:?} {:?}/{:?} soft {}",
            targets_name(targets),
            preferences.tolerance,
            preferences.concurrency,
            preferences.soft
        ),
        Action::UpdateInstances { set, targets, overrides, .. } => {
            format!("update instances {set} {} {overrides:?}", targets_name(targets))
        }
        Action::FollowOperation { set, operation } => format!("follow {set} {operation}"),
    }
}

fn target_name(target: &PolicyTarget) -> String {
    match target {
        PolicyTarget::Root => "/".to_owned(),
        PolicyTarget::Unit(path) => path.clone(),
        PolicyTarget::Account(account) => account.name.clone(),
    }
}

fn targets_name(targets: &Targets) -> String {
    let accounts: Vec<&str> = targets.accounts.iter().map(|account| account.name.as_str()).collect();
    let regions: Vec<&str> = targets.regions.iter().map(Region::as_str).collect();
    let units = targets.units.as_ref().map(|units| format!(" in {:?} {:?}", units.units, units.filter));
    format!("{} x {}{}", accounts.join(","), regions.join(","), units.unwrap_or_default())
}

/// What a plan tells, blocking findings with `!`.
pub(crate) fn findings(plan: &Plan) -> Vec<String> {
    let line = |finding: &stackfleet_plan::plan::Finding| {
        let sign = if finding.blocks { '!' } else { '-' };
        format!("{sign} {} {}", finding.code, finding.message)
    };
    plan.findings.iter().map(line).collect()
}
