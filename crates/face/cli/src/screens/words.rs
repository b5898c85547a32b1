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
        Action::UploadArtifact { region, key, .. } => format!("upload the code of {} to {region}", code_name(key)),
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

/// What a step does, and to what: equal doings are shown once, with all names.
pub(crate) fn folded(step: &Action) -> (String, Option<String>) {
    let named = |kind: &str, name: &str| (kind.to_owned(), Some(name.to_owned()));
    match step {
        Action::CreateUnit { path } => named("create unit", path),
        Action::CreateAccount { name, attach: None, .. } => named("create account", name),
        Action::MoveAccount { account, to, .. } => {
            named(&format!("move into {}", if to.is_empty() { "the root" } else { to }), &account.name)
        }
        Action::TagAccount { account, .. } => named("tag account", &account.name),
        Action::CreatePolicy { name, .. } => named("create policy", name),
        Action::UpdatePolicy { name, .. } => named("update policy", name),
        Action::AttachPolicy { policy, target } => named(&format!("attach policy {policy} to"), &target_name(target)),
        Action::DetachPolicy { policy, target } => named(&format!("detach policy {policy} from"), &target_name(target)),
        Action::PutBucket { region, exists: false, .. } => named("create artifact bucket in", region.as_str()),
        Action::UploadArtifact { region, key, .. } => {
            named(&format!("upload the code of {} to", code_name(key)), region.as_str())
        }
        other @ (Action::CreateOrganization
        | Action::EnableServiceControlPolicies
        | Action::ActivateStackSetsAccess
        | Action::CreateAccount { .. }
        | Action::PutAdministrationRole { .. }
        | Action::PutBucket { .. }
        | Action::CreateStackSet { .. }
        | Action::UpdateStackSet { .. }
        | Action::SetAutoDeployment { .. }
        | Action::CreateInstances { .. }
        | Action::UpdateInstances { .. }
        | Action::FollowOperation { .. }) => (action(other), None),
    }
}

/// `create account 13×`; a kind that ends in a preposition loses it: `attach policy P 2×`.
pub(crate) fn several(kind: &str, count: usize) -> String {
    let bare = [" to", " from", " in"].iter().find_map(|preposition| kind.strip_suffix(preposition)).unwrap_or(kind);
    format!("{bare} {count}×")
}

/// `app/stack` of the key `app/stack/digest.zip`: a digest tells people nothing.
fn code_name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(name, _)| name)
}

/// Says a reason of CloudFormation as people would: which resource, then why, without what only support can use.
pub(crate) fn plain_reason(reason: &str) -> String {
    let member = |name: &str| {
        let after = reason.split_once(name)?.1;
        Some(after.split(',').next().unwrap_or(after).trim())
    };
    let Some((_, why)) = reason.split_once("ResourceStatusReason:") else { return reason.to_owned() };
    let resource = match (member("ResourceLogicalId:"), member("ResourceType:")) {
        (Some(name), Some(kind)) => format!("{name} ({kind}): "),
        (Some(name), None) => format!("{name}: "),
        (None, _) => String::new(),
    };
    let mut why = why.trim();
    why = why.strip_prefix("Resource handler returned message: \"").unwrap_or(why);
    for end in [" (Service: ", "\" (RequestToken: ", " (RequestToken: "] {
        why = why.split_once(end).map_or(why, |(before, _)| before);
    }
    if let Some((_, after)) = why.split_once("is not authorized to perform: ")
        && let Some((denied, policy)) = after.split_once(" with an explicit deny in ")
    {
        let action = denied.split_once(" on resource").map_or(denied, |(action, _)| action);
        return format!("{resource}{action} is denied by {policy}");
    }
    format!("{resource}{why}")
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
    fn reasons_name_the_resource_and_what_was_denied() {
        let head = "ResourceLogicalId:Topic, ResourceType:AWS::SNS::Topic, ResourceStatusReason:";
        let denied = format!(
            "{head}Resource handler returned message: \"User: arn:aws:sts::111122223333:assumed-role/r/s is not \
             authorized to perform: sns:CreateTopic on resource: arn:aws:sns:eu-west-1:111122223333:t with an explicit \
             deny in a service control policy (Service: Sns, Status Code: 403, Request ID: x)\" (RequestToken: y, \
             HandlerErrorCode: AccessDenied)."
        );
        assert_eq!(
            plain_reason(&denied),
            "Topic (AWS::SNS::Topic): sns:CreateTopic is denied by a service control policy"
        );
        assert_eq!(plain_reason(&format!("{head}t already exists")), "Topic (AWS::SNS::Topic): t already exists");
        assert_eq!(plain_reason("Cancelled since failure tolerance"), "Cancelled since failure tolerance");
    }

    #[test]
    fn long_lists_are_folded_unless_asked() {
        let seven: Vec<String> = (1..=7).map(|number| format!("a{number}")).collect();
        assert_eq!(names(&seven, false), "a1, a2, a3, a4, a5, and 2 more");
        assert!(names(&seven, true).ends_with("a7"));
    }
}
