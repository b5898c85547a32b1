//! Who refuses what, by which statement, in which accounts.

use insta::assert_snapshot;
use stackfleet_plan::observed::ObservedBucket;

use crate::fixture::{check, world};

pub(crate) const PROJECT: &str = r#"version: 1
apps:
  watch:
    targets: "ou:Workloads"
    regions: [eu-west-1, us-east-1]
    rollout: { stop-after: 100% }
    stacks:
      role:
        template: role.yaml
        regions: [eu-west-1]
        via: stack-set
        parameters: { Administrator: "${management.id}" }
      app:
        template: app.yaml
        via: stack-set
        role: "${role.Name}"
"#;

pub(crate) const ROLE: &str = r#"Parameters: { Administrator: { Type: String } }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deployer
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:aws:iam::${Administrator}:role/AWSCloudFormationStackSetAdministrationRole"
            Action: sts:AssumeRole
      Policies:
        - PolicyName: deploy
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Effect: Allow, Action: ["cloudformation:*", "sns:*"], Resource: "*" }
Outputs: { Name: { Value: !Ref Role } }
"#;

pub(crate) const APP: &str = r"Resources:
  Alarms: { Type: AWS::SNS::Topic, Properties: { TopicName: alarms } }
";

pub(crate) const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("111111111111", "Ledger", "Workloads/Payments"),
    ("222222222222", "Cards", "Workloads/Payments"),
    ("333333333333", "Shop", "Workloads/Retail"),
    ("444444444444", "Blog", "Workloads"),
];

pub(crate) fn files<'a>(role: &'a str, app: &'a str) -> [(&'a str, &'a str); 3] {
    [("stackfleet.yaml", PROJECT), ("role.yaml", role), ("app.yaml", app)]
}

#[test]
fn nothing_is_said_where_nothing_refuses() {
    assert_snapshot!(check(&files(ROLE, APP), &world(&ACCOUNTS, &[])).told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 12 of 12 cells need
    "#);
}

#[test]
fn a_statement_is_told_once_with_all_accounts_and_actions() {
    let deny = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "Other", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Sid": "NoTopics", "Effect": "Deny", "Action": ["sns:CreateTopic", "sns:Tag*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}]}"#;
    let checked = check(&files(ROLE, APP), &world(&ACCOUNTS, &[("quiet", deny, &["Workloads/Payments"])]));
    assert_snapshot!(checked.told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 10 of 12 cells need
    error PRE005 2 accounts will refuse sns:CreateTopic and sns:TagResource
        quiet (NoTopics) on ou:Workloads/Payments
        in Ledger, Cards
    "#);
    let refused = &checked.report.findings[0].refusals;
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|refusal| refusal.resource.as_deref() == Some("Alarms") && refusal.cells.len() == 2));
}

#[test]
fn the_role_itself_may_lack_what_the_stack_needs() {
    let poor = ROLE.replace("\"sns:*\"", "\"sns:CreateTopic\"");
    assert_snapshot!(check(&files(&poor, APP), &world(&ACCOUNTS, &[])).told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 4 of 12 cells need
    error PRE005 4 accounts will refuse sns:GetTopicAttributes and sns:TagResource
        role deployer does not allow it at role.yaml:15
        in Ledger, Cards, Shop, Blog
    "#);
}

#[test]
fn a_role_that_does_not_trust_is_not_entered_and_nothing_else_is_said() {
    let role = ROLE
        .replace("Resources:\n", "Conditions: { Odd: !Equals [!Ref AWS::AccountId, \"333333333333\"] }\nResources:\n")
        .replace(
            "              AWS: !Sub",
            "              AWS: !If\n              - Odd\n              - arn:aws:iam::555555555555:root\n              - !Sub",
        );
    let checked = check(&files(&role, APP), &world(&ACCOUNTS, &[]));
    assert_snapshot!(checked.told(), @r#"
    ok 3 of 4 accounts can be entered
    ok nothing is known to refuse what 10 of 12 cells need
    error PRE001 account Shop cannot be entered
        role deployer does not trust AWSCloudFormationStackSetAdministrationRole of the management account at role.yaml:9
        in Shop
    "#);
}

#[test]
fn where_the_role_cannot_be_made_the_stack_that_runs_by_it_is_not_either() {
    let deny = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "arn:aws:iam::*:role/deployer"}]}"#;
    let checked = check(&files(ROLE, APP), &world(&ACCOUNTS, &[("roles", deny, &["444444444444"])]));
    assert_snapshot!(checked.told(), @r#"
    ok 3 of 4 accounts can be entered
    ok nothing is known to refuse what 9 of 12 cells need
    error PRE005 account Blog will refuse iam:CreateRole
        roles (statement 1) on account:Blog
        in Blog
    error PRE002 account Blog cannot be entered: stack role, which makes role deployer, fails there
        in Blog
    "#);
}

#[test]
fn what_nobody_knows_is_a_note() {
    let deny = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "sns:CreateTopic", "Resource": "*",
         "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}"#;
    let checked = check(&files(ROLE, APP), &world(&ACCOUNTS, &[("network", deny, &[""])]));
    assert_snapshot!(checked.told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 12 of 12 cells need
    note PRE006 whether 4 accounts will allow sns:CreateTopic depends on aws:SourceIp
        in Ledger, Cards, Shop, Blog
    "#);
    assert_eq!(checked.report.blockers(&std::collections::BTreeSet::new()).count(), 0);
}

#[test]
fn a_boundary_caps_and_a_managed_policy_that_nobody_knows_is_no_guess() {
    let bounded = ROLE.replace(
        "      Policies:",
        "      PermissionsBoundary: !Ref Cap\n      ManagedPolicyArns: [\"arn:aws:iam::aws:policy/Mystery\"]\n      Policies:",
    );
    let bounded = bounded.replace(
        "Outputs:",
        "  Cap:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        \
         Statement: [{ Effect: Allow, Action: [\"cloudformation:*\", \"sns:CreateTopic\"], Resource: \"*\" }]\nOutputs:",
    );
    let bounded = bounded.replace("\"sns:*\"", "\"sns:TagResource\"");
    assert_snapshot!(check(&files(&bounded, APP), &world(&ACCOUNTS, &[])).told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 4 of 12 cells need
    error PRE005 4 accounts will refuse sns:GetTopicAttributes and sns:TagResource
        the permissions boundary of role deployer does not allow it at role.yaml:17
        in Ledger, Cards, Shop, Blog
    note PRE006 whether 4 accounts will allow sns:CreateTopic depends on the managed policy arn:aws:iam::aws:policy/Mystery
        in Ledger, Cards, Shop, Blog
    "#);
}

#[test]
fn a_bucket_must_let_every_role_read() {
    let mut observed = world(&ACCOUNTS, &[]);
    let bucket = |policy: &str| ObservedBucket {
        name: "stackfleet-artifacts-999988887777-eu-west-1".to_owned(),
        policy: Some(policy.to_owned()),
        artifacts: [].into(),
    };
    let app = r"Resources:
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/finder
      Runtime: python3.13
      Handler: a.b
      Code: { S3Bucket: !Sub 'stackfleet-artifacts-999988887777-${AWS::Region}', S3Key: code.zip }
";
    let role = ROLE.replace("\"sns:*\"", "\"s3:GetObject\", \"lambda:*\", \"iam:PassRole\"");
    let policy = |organization: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::stackfleet-artifacts-999988887777-eu-west-1/*",
            "Condition": {{"StringEquals": {{"aws:PrincipalOrgID": "{organization}"}}}}}}}}"#
        )
    };
    observed.buckets.insert("eu-west-1".parse().unwrap(), bucket(&policy("o-otherorg00")));
    assert_snapshot!(check(&files(&role, app), &observed).told(), @r#"
    ok 4 of 4 accounts can be entered
    ok nothing is known to refuse what 8 of 12 cells need
    error PRE005 4 accounts will refuse s3:GetObject
        the policy of the bucket, which does not let the accounts read
        in Ledger, Cards, Shop, Blog
    "#);
    observed.buckets.insert("eu-west-1".parse().unwrap(), bucket(&policy("o-abcdefghij")));
    assert!(!check(&files(&role, app), &observed).told().contains("error"));
}
