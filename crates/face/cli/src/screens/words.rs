//! Small wordings that several screens share.

use std::time::Duration;

use stackfleet_plan::plan::{Action, CellState, PolicyTarget};

/// `1h02m`, `4m10s`, `12s`, `0.3s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{:.1}s", duration.as_secs_f64()),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `1 account`, `2 accounts`.
pub(crate) fn number(count: usize, one: &str) -> String {
    if count == 1 { format!("{count} {one}") } else { format!("{count} {one}s") }
}

/// Names up to a handful, then how many more.
pub(crate) fn names(names: &[String], verbose: bool) -> String {
    const SHOWN: usize = 5;
    if verbose || names.len() <= SHOWN {
        return names.join(", ");
    }
    let shown = names.get(..SHOWN).unwrap_or(names);
    format!("{}, and {} more", shown.join(", "), names.len() - shown.len())
}

/// One character for a state.
pub(crate) const fn sign(state: CellState) -> char {
    match state {
        CellState::Current => '■',
        CellState::Missing => '-',
        CellState::Outdated => '≠',
        CellState::Failed => '✗',
        CellState::Drifted => '~',
        CellState::Running => '◐',
        CellState::Blocked => '!',
        CellState::Skipped => '·',
    }
}

/// One word for a state.
pub(crate) const fn state(state: CellState) -> &'static str {
    match state {
        CellState::Current => "current",
        CellState::Missing => "missing",
        CellState::Outdated => "outdated",
        CellState::Failed => "failed",
        CellState::Drifted => "drifted",
        CellState::Running => "running",
        CellState::Blocked => "blocked",
        CellState::Skipped => "skipped",
    }
}

/// What a step does, as a sentence without its subject.
pub(crate) fn action(action: &Action) -> String {
    match action {
        Action::CreateOrganization => "create the organization, with all features".to_owned(),
        Action::EnableServiceControlPolicies => "switch service control policies on".to_owned(),
        Action::ActivateStackSetsAccess => "activate trusted access for stack sets".to_owned(),
        Action::CreateUnit { path } => format!("create unit {path}"),
        Action::CreateAccount { name, attach: None, .. } => format!("create account {name}"),
        Action::CreateAccount { name, attach: Some(_), .. } => format!("wait for account {name}, which is being made"),
        Action::MoveAccount { account, to, .. } => {
            format!("move account {} to {}", account.name, if to.is_empty() { "the root" } else { to })
        }
        Action::TagAccount { account, .. } => format!("tag account {}", account.name),
        Action::CreatePolicy { name, .. } => format!("create policy {name}"),
        Action::UpdatePolicy { name, .. } => format!("update policy {name}"),
        Action::AttachPolicy { policy, target } => format!("attach policy {policy} to {}", target_name(target)),
        Action::DetachPolicy { policy, target } => format!("detach policy {policy} from {}", target_name(target)),
        Action::PutAdministrationRole { name, .. } => format!("put role {name} into the management account"),
        Action::PutBucket { region, exists: false, .. } => format!("create the artifact bucket of {region}"),
        Action::PutBucket { region, exists: true, .. } => {
            format!("correct the policy of the artifact bucket of {region}")
        }
        Action::UploadArtifact { region, key, .. } => format!("upload {key} to {region}"),
        Action::CreateStackSet { set, .. } => format!("create stack set {set}"),
        Action::UpdateStackSet { set, targets, .. } => {
            format!("update stack set {set} and {}", number(targets.accounts.len(), "account"))
        }
        Action::SetAutoDeployment { set, enabled, .. } => {
            format!("switch automatic deployment of {set} {}", if *enabled { "on" } else { "off" })
        }
        Action::CreateInstances { set, targets, .. } | Action::UpdateInstances { set, targets, .. } => {
            let cells = targets.accounts.len() * targets.regions.len();
            format!("deploy {set} to {}", number(cells, "cell"))
        }
        Action::FollowOperation { set, .. } => format!("wait for the operation under way on {set}"),
    }
}

fn target_name(target: &PolicyTarget) -> String {
    match target {
        PolicyTarget::Root => "the root".to_owned(),
        PolicyTarget::Unit(path) => format!("unit {path}"),
        PolicyTarget::Account(account) => format!("account {}", account.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let told = |millis| duration(Duration::from_millis(millis));
        assert_eq!([told(300), told(12_000), told(250_000), told(3_725_000)], ["0.3s", "12s", "4m10s", "1h02m"]);
    }

    #[test]
    fn long_lists_are_folded_unless_asked() {
        let seven: Vec<String> = (1..=7).map(|number| format!("a{number}")).collect();
        assert_eq!(names(&seven, false), "a1, a2, a3, a4, a5, and 2 more");
        assert!(names(&seven, true).ends_with("a7"));
    }
}
