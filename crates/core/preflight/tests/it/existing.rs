//! Names that somebody has already.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use stackfleet_plan::{
    Observed,
    names::{GivenName, NamedKind, Standing, Standings, calls},
    observed::AccountState,
};

use crate::fixture::{Checked, MANAGEMENT, check, world};

const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("111111111111", "Ledger", "Workloads"),
    ("222222222222", "Cards", "Workloads"),
    ("333333333333", "Shop", "Workloads"),
];

const PROJECT: &str = "version: 1
apps:
  shop:
    targets: \"ou:Workloads\"
    regions: [eu-west-1, us-east-1]
    rollout: { stop-after: 100% }
    stacks:
      a: { template: a.yaml, via: stack-set }
      b: { template: b.yaml, via: stack-set, regions: [eu-west-1] }
";

const A: &str = "Resources:
  Store: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub 'shop-${AWS::AccountId}-${AWS::Region}' } }
  Free: { Type: AWS::S3::Bucket }
";

const B: &str = "Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deployer
      AssumeRolePolicyDocument:
        { Version: '2012-10-17', Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' } }
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: deploy
      Path: /shop/
      PolicyDocument: { Version: '2012-10-17', Statement: { Effect: Allow, Action: 's3:*', Resource: '*' } }
";

fn checked(observed: &Observed) -> Checked {
    check(&[("stackfleet.yaml", PROJECT), ("a.yaml", A), ("b.yaml", B)], observed)
}

/// Answers that these names stand so and all others are free.
fn answers(checked: &Checked, taken: &[(&str, &str, Standing)], closed: &[&str]) -> Standings {
    let standing = |given: &GivenName| {
        let is =
            |(account, name, _): &&(&str, &str, Standing)| given.account.as_str() == *account && given.name == *name;
        taken.iter().find(is).map_or(Standing::Free, |(.., standing)| standing.clone())
    };
    let closed = closed.iter().map(|id| (id.parse().unwrap(), "AccessDenied: not authorized".to_owned()));
    let closed: BTreeMap<_, _> = closed.collect();
    let names = checked.report.names().into_iter().filter(|given| !closed.contains_key(&given.account));
    Standings { names: names.map(|given| (given.clone(), standing(&given))).collect(), closed }
}

#[test]
fn what_new_stacks_name_is_asked_once_for_each_account() {
    let checked = checked(&world(&ACCOUNTS, &[]));
    let names = checked.report.names();
    let of_ledger: Vec<String> = names
        .iter()
        .filter(|given| given.account.as_str() == "111111111111")
        .map(|given| format!("{:?} {} {}", given.kind, given.name, given.region))
        .collect();
    assert_snapshot!(of_ledger.join("\n"), @r#"
    Role deployer eu-west-1
    ManagedPolicy /shop/deploy eu-west-1
    Bucket shop-111111111111-eu-west-1 eu-west-1
    Bucket shop-111111111111-us-east-1 us-east-1
    "#);
    // Four names and an entrance for each account; buckets are asked from outside.
    assert_eq!(calls(&names, &MANAGEMENT.parse().unwrap()), 3 * (4 + 1));
    let buckets: Vec<GivenName> = names.iter().filter(|given| given.kind == NamedKind::Bucket).cloned().collect();
    assert_eq!(calls(&buckets, &MANAGEMENT.parse().unwrap()), 6);
}

#[test]
fn nothing_is_asked_of_stacks_that_are_there_or_accounts_that_cannot_be_used() {
    let mut observed = world(&ACCOUNTS, &[]);
    let accounts = &mut observed.organization.as_mut().unwrap().accounts;
    accounts.get_mut("111111111111").unwrap().state = AccountState::Suspended;
    let names = checked(&observed).report.names();
    assert!(names.iter().all(|given| given.account.as_str() != "111111111111"), "{names:#?}");
    observed.organization = None;
    assert!(checked(&observed).report.names().is_empty());
}

#[test]
fn names_that_are_taken_are_told_by_resource() {
    let mut checked = checked(&world(&ACCOUNTS, &[]));
    let taken = [
        ("111111111111", "deployer", Standing::Taken),
        ("222222222222", "deployer", Standing::Taken),
        ("222222222222", "/shop/deploy", Standing::Unknown("AccessDenied: iam:GetPolicy".to_owned())),
        ("333333333333", "shop-333333333333-us-east-1", Standing::Barred),
    ];
    let standings = answers(&checked, &taken, &[]);
    checked.report.look_up(&checked.plan, &standings);
    assert_snapshot!(checked.told(), @r#"
    ok 3 of 3 accounts can be entered
    ok nothing is known to refuse what 9 of 9 cells need
    error PRE016 Role of stack b cannot be made as AWS::IAM::Role `deployer` in 2 accounts: it exists there already
        in Ledger, Cards
    warning PRE016 Store of stack a cannot be made as AWS::S3::Bucket `shop-333333333333-us-east-1` in account Shop: there seems to be one of that name in somebody else's account
        in Shop
    note PRE008 whether names that new stacks give are taken in account Cards was not found out
        AccessDenied: iam:GetPolicy
        in Cards
    "#);
}

#[test]
fn accounts_that_cannot_be_entered_are_told_together() {
    let mut checked = checked(&world(&ACCOUNTS, &[]));
    let before = checked.told();
    let standings = answers(&checked, &[], &["111111111111", "222222222222"]);
    checked.report.look_up(&checked.plan, &standings);
    assert_snapshot!(checked.told().strip_prefix(&before).unwrap().trim_start(), @r#"
    note PRE008 whether names that new stacks give are taken in 2 accounts was not found out
        AccessDenied: not authorized
        in Ledger, Cards
    "#);
    checked.report.leave_names(&checked.plan, 4_000);
    assert!(
        checked.told().contains("that takes 4000 calls, and more than 2500 are not made for it"),
        "{}",
        checked.told()
    );
}
