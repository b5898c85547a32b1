//! For whom something changes when a policy of the organization becomes another.

use stackfleet_policy::difference::{KnownAction, Shape};
use stackfleet_preflight::exposure::{Exposure, Replacement, exposure, policies};

use crate::{
    fixture::{with_input, world},
    permission::{ACCOUNTS, APP, ROLE, files},
};

const BEFORE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
const FREEZE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sns:Delete*","Resource":"*"}]}"#;

fn actions() -> Vec<KnownAction> {
    let topic = Shape { text: "arn:aws:sns:*:*:*".to_owned(), is_flat: true };
    ["iam:CreateUser", "sns:CreateTopic", "sns:DeleteTopic", "sqs:CreateQueue"]
        .into_iter()
        .map(|name| KnownAction {
            name: name.to_owned(),
            shapes: if name.starts_with("sns") { vec![topic.clone()] } else { Vec::new() },
        })
        .collect()
}

fn told(after: &str) -> (Exposure, Vec<String>) {
    let observed = world(
        &ACCOUNTS,
        &[("protect", BEFORE, &["Workloads/Payments", "444444444444"]), ("freeze", FREEZE, &["Workloads/Retail"])],
    );
    let found = with_input(&files(ROLE, APP), &observed, |input| {
        assert!(policies(input).iter().any(|(name, is_rcp, text)| name == "protect" && !is_rcp && text == BEFORE));
        let replacement = Replacement { name: "protect", is_resource_control: false, before: BEFORE, after };
        exposure(input, &replacement, &actions())
    });
    let mut lines = Vec::new();
    for affected in &found.affected {
        let accounts: Vec<&str> = affected.accounts.iter().map(|account| account.name.as_str()).collect();
        for change in &affected.difference.changes {
            let cases: Vec<String> = change
                .cases
                .iter()
                .map(|case| case.terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                .collect();
            lines.push(format!(
                "{} in {}: {:?} -> {:?} {} [{}]",
                affected.who,
                accounts.join(", "),
                change.before,
                change.after,
                change.actions.join(", "),
                cases.join(" | ")
            ));
        }
    }
    (found, lines)
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

#[test]
fn everybody_whom_a_policy_binds_is_told_what_they_lose() {
    let after = document(r#"{"Effect":"Deny","Action":["iam:*","sns:DeleteTopic","sqs:*"],"Resource":"*"}"#);
    let (found, lines) = told(&after);
    assert_eq!(found.nodes, ["ou:Workloads/Payments", "account:Blog"]);
    let bound: Vec<&str> = found.bound.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(bound, ["Ledger", "Cards", "Blog"]);
    assert_eq!(
        lines,
        [
            "OrganizationAccountAccessRole in Blog, Cards, Ledger: Allowed -> Refused sns:DeleteTopic, sqs:CreateQueue []",
            "deployer in Blog, Cards, Ledger: Allowed -> Refused sns:DeleteTopic []",
        ]
    );
}

#[test]
fn what_a_role_could_not_do_anyhow_is_no_change_for_it() {
    // Nobody gains what another policy denies still, and the role has no grant for IAM.
    let after = document(r#"{"Effect":"Deny","Action":"iam:Delete*","Resource":"*"}"#);
    let (_, lines) = told(&after);
    assert_eq!(lines, ["OrganizationAccountAccessRole in Blog, Cards, Ledger: Refused -> Allowed iam:CreateUser []"]);
}

#[test]
fn conditions_on_who_asks_are_decided_for_each() {
    let after = document(
        r#"{"Effect":"Deny","Action":["iam:*","sns:CreateTopic"],"Resource":"arn:aws:sns:*:*:alarm*",
            "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deployer"}}},
           {"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
    );
    let (_, lines) = told(&after);
    assert_eq!(
        lines,
        [
            "OrganizationAccountAccessRole in Blog, Cards, Ledger: Allowed -> Refused sns:CreateTopic [on arn:aws:sns:*:*:alarm*]"
        ]
    );
}

#[test]
fn the_account_s_own_number_does_not_tell_accounts_apart() {
    let after = document(
        r#"{"Effect":"Deny","Action":"sns:CreateTopic","Resource":["arn:aws:sns:*:444444444444:alarms"]},
           {"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
    );
    let (_, lines) = told(&after);
    assert_eq!(
        lines,
        [
            "OrganizationAccountAccessRole in Blog: Allowed -> Refused sns:CreateTopic [on arn:aws:sns:*:{account}:alarms]",
            "deployer in Blog: Allowed -> Refused sns:CreateTopic [on arn:aws:sns:*:{account}:alarms]",
        ]
    );
}
