//! What is not a matter of permissions.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use stackfleet_plan::observed::{
    Cell, Definition, InstanceStatus, ObservedInstance, ObservedStackSet, PermissionModel,
};

use crate::fixture::{check, world};

const ACCOUNTS: [(&str, &str, &str); 2] =
    [("111111111111", "Ledger", "Workloads/Payments"), ("222222222222", "Cards", "Workloads/Payments")];

fn project(stop_after: &str, stacks: &str) -> String {
    format!(
        "version: 1\napps:\n  shop:\n    targets: \"ou:Workloads\"\n    regions: [eu-west-1, us-east-1]\n    \
         rollout: {{ stop-after: {stop_after} }}\n    stacks:\n{stacks}"
    )
}

fn stack(name: &str, more: &str) -> String {
    format!("      {name}: {{ template: {name}.yaml, via: stack-set{more} }}\n")
}

#[test]
fn a_name_that_all_accounts_or_two_stacks_share_is_given_out_once() {
    let project = project("100%", &(stack("a", "") + &stack("b", "")));
    let a = "
Conditions: { Always: !Not [!Equals [a, b]] }
Resources:
  Store: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub 'shop-of-all-${AWS::Region}' } }
  Own: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub 'shop-${AWS::AccountId}-${AWS::Region}' } }
  Role: { Type: AWS::IAM::Role, Condition: Always, Properties: { RoleName: shop, AssumeRolePolicyDocument: {
    Version: '2012-10-17', Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' } } } }
";
    let b = "
Resources:
  Alarms: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub 'alarms-${AWS::AccountId}' } }
  More: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub 'alarms-${AWS::AccountId}' } }
";
    let checked = check(&[("stackfleet.yaml", &project), ("a.yaml", a), ("b.yaml", b)], &world(&ACCOUNTS, &[]));
    assert_snapshot!(checked.told(), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 8 of 8 cells need
    error PRE009 Alarms of stack b and More of stack b would make the AWS::SNS::Topic `alarms-111111111111` each, in 2 accounts: only the first can
        in Ledger, Cards
    error PRE009 Role of stack a would make the AWS::IAM::Role `shop` more than once, in 2 accounts: only the first can
        in Ledger, Cards
    error PRE009 Store of stack a would make the AWS::S3::Bucket `shop-of-all-eu-west-1` more than once, in 2 accounts: only the first can
        in Ledger, Cards
    "#);
}

#[test]
fn a_tolerance_that_rounds_to_nothing_is_told() {
    let app = "Resources: { T: { Type: AWS::SNS::Topic } }";
    let told = |stop_after: &str| {
        let project = project(stop_after, &stack("a", ""));
        check(&[("stackfleet.yaml", &project), ("a.yaml", app)], &world(&ACCOUNTS, &[])).told()
    };
    assert_snapshot!(told("1 failure"), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 4 of 4 cells need
    note PRE010 the first failed account stops app shop: up to 1 accounts of its wave, and all later waves, are not reached then
        in Ledger, Cards
    "#);
    assert_snapshot!(told("40%"), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 4 of 4 cells need
    warning PRE010 `stop-after: 40%` of the 2 accounts of a wave of app shop is less than one: the first failed account stops it
        in Ledger, Cards
    "#);
    assert!(!told("50%").contains("PRE010"));
    assert!(!told("2 failures").contains("PRE010"));
}

/// A stack set with instances in the first region of both accounts.
fn seen(set: &str, auto_deploy: bool, reason: Option<&str>) -> ObservedStackSet {
    let (_, stack) = set.split_once('-').unwrap();
    let tags = [("stackfleet:app", "shop"), ("stackfleet:stack", stack)];
    let instance = ObservedInstance {
        status: InstanceStatus::Outdated,
        detailed: Some("FAILED".to_owned()),
        reason: reason.map(str::to_owned),
        stack_id: Some("arn:aws:cloudformation:eu-west-1:111111111111:stack/x/y".to_owned()),
        drift: None,
        last_operation: None,
        overrides: Some(BTreeMap::new()),
    };
    let cell =
        |(id, ..): &(&str, &str, &str)| Cell { account: id.parse().unwrap(), region: "eu-west-1".parse().unwrap() };
    ObservedStackSet {
        id: format!("{set}:1"),
        arn: None,
        definition: Definition {
            template: "Resources: { Old: { Type: AWS::SNS::Topic } }".to_owned(),
            parameters: BTreeMap::new(),
            capabilities: [].into(),
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            description: String::new(),
            model: PermissionModel::ServiceManaged { auto_deploy, retain: false },
            managed_execution: true,
        },
        instances: ACCOUNTS.iter().map(|account| (cell(account), instance.clone())).collect(),
        running: Vec::new(),
        last_operation: None,
    }
}

#[test]
fn a_stack_that_no_update_moves_is_told() {
    let project = project("100%", &stack("a", ""));
    let mut observed = world(&ACCOUNTS, &[]);
    let reason = "Stack:arn:x is in UPDATE_ROLLBACK_FAILED state and can not be updated.";
    observed.stack_sets.insert("shop-a".to_owned(), seen("shop-a", false, Some(reason)));
    let app = "Resources: { T: { Type: AWS::SNS::Topic } }";
    let checked = check(&[("stackfleet.yaml", &project), ("a.yaml", app)], &observed);
    assert_snapshot!(checked.told(), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 4 of 4 cells need
    warning PRE013 stack a was in state UPDATE_ROLLBACK_FAILED in 2 accounts when it was last tried: no update moves it
        in Ledger, Cards
    "#);
}

#[test]
fn a_move_that_deletes_stacks_is_told() {
    let project = "version: 1
organization:
  management: management@example.com
  regions: [eu-west-1]
  units:
    Workloads:
      units:
        Payments: { accounts: { Cards: { email: cards@example.com } } }
    Quarantine: { accounts: { Ledger: { email: ledger@example.com } } }
apps:
  shop:
    targets: \"ou:Workloads\"
    regions: [eu-west-1]
    rollout: { stop-after: 100% }
    stacks:
      a: { template: a.yaml, via: stack-set, auto-deploy: true }
";
    let mut observed = world(&ACCOUNTS, &[]);
    observed.stack_sets.insert("shop-a".to_owned(), seen("shop-a", true, None));
    let app = "Resources: { T: { Type: AWS::SNS::Topic } }";
    let checked = check(&[("stackfleet.yaml", project), ("a.yaml", app)], &observed);
    assert_snapshot!(checked.told(), @r#"
    ok 1 of 1 accounts can be entered
    ok nothing is known to refuse what 1 of 1 cells need
    warning PRE011 moving Ledger deletes the stacks of set shop-a there: the account leaves the units of the set
        in
    "#);
}

#[test]
fn newcomers_and_quotas() {
    let project = project("100%", &(stack("net", ", auto-deploy: true") + &stack("app", ", auto-deploy: true")));
    let net = (0..6)
        .fold("Outputs: { V: { Value: !Ref V0, Export: { Name: net } } }\nResources:\n".to_owned(), |text, n| {
            text + &format!("  V{n}: {{ Type: AWS::EC2::VPC, Properties: {{ CidrBlock: 10.{n}.0.0/16 }} }}\n")
        });
    let app = "Resources: { G: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: g, VpcId: !ImportValue net } } }";
    let checked =
        check(&[("stackfleet.yaml", &project), ("net.yaml", &net), ("app.yaml", app)], &world(&ACCOUNTS, &[]));
    assert_snapshot!(checked.told(), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 8 of 8 cells need
    warning PRE012 in accounts that join, stack app may come before stack net, whose export `net` it imports, and fail
        in Ledger, Cards
    warning PRE014 up to 6 AWS::EC2::VPC are planned in each of 2 accounts; an account and region may have 5 by default
        in Ledger, Cards
    "#);
}

#[test]
fn a_newcomer_gets_the_values_of_the_set() {
    let stack = stack("a", ", auto-deploy: true, parameters: { Owner: \"${account.name}\", Stage: \"${env}\" }");
    let project = project("100%", &stack).replace(
        "apps:",
        "environments:\n  live: { targets: \"account:Ledger\" }\n  test: { targets: \"account:Cards\" }\napps:",
    );
    let told = |parameters: &str| {
        let template = format!(
            "Parameters: {{ Owner: {{ Type: String }}, {parameters} }}
Conditions: {{ Staged: !Not [!Equals [!Ref Stage, none]] }}
Resources:
  All: {{ Type: AWS::SNS::Topic }}
  Alarms: {{ Type: AWS::SNS::Topic, Condition: Staged }}
"
        );
        check(&[("stackfleet.yaml", &project), ("a.yaml", &template)], &world(&ACCOUNTS, &[])).told()
    };
    assert_snapshot!(told("Stage: { Type: String, Default: none }"), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 4 of 4 cells need
    warning PRE017 accounts that join get stack a with the set's own parameter values: it is without Alarms
        in Ledger, Cards
    "#);
    // Without a default the set has the value of some account, so nothing is missing.
    assert!(!told("Stage: { Type: String }").contains("PRE017"));
    let narrow = "Stage: { Type: String, Default: none } }
Mappings: { Stages: { live: { Name: l }, test: { Name: t } } }
Outputs: { Name: { Value: !FindInMap [Stages, !Ref Stage, Name] }";
    assert_snapshot!(told(narrow), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 4 of 4 cells need
    warning PRE017 accounts that join get stack a with the set's own parameter values: CloudFormation would refuse it: Template error: Unable to get mapping for Stages::none::Name
        in Ledger, Cards
    "#);
}

#[test]
fn a_newcomer_may_lack_what_another_stack_names() {
    let project = project(
        "100%",
        &(stack("role", ", auto-deploy: true, regions: [eu-west-1]") + &stack("app", ", auto-deploy: true")),
    );
    let trust = "{ Version: '2012-10-17', Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' } }";
    let role = format!(
        "Resources: {{ R: {{ Type: AWS::IAM::Role, Properties: {{ RoleName: runner, AssumeRolePolicyDocument: {trust} }} }} }}"
    );
    let told = |arn: &str| {
        let app = format!(
            "Resources: {{ F: {{ Type: AWS::Lambda::Function, Properties: {{ Handler: a.b, Runtime: python3.13, \
             Code: {{ ZipFile: x }}, Role: !Sub '{arn}' }} }} }}"
        );
        check(&[("stackfleet.yaml", &project), ("role.yaml", &role), ("app.yaml", &app)], &world(&ACCOUNTS, &[])).told()
    };
    assert_snapshot!(told("arn:aws:iam::${AWS::AccountId}:role/runner"), @r#"
    ok 2 of 2 accounts can be entered
    ok nothing is known to refuse what 6 of 6 cells need
    warning PRE012 in accounts that join, stack app may come before stack role, whose AWS::IAM::Role `runner` it names, and fail
        in Ledger, Cards
    "#);
    assert!(!told("arn:aws:iam::${AWS::AccountId}:role/another").contains("PRE012"));
}

#[test]
fn organizations_attaches_ten_policies_and_no_more() {
    let deny =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}"#;
    let names: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
    let policies: Vec<(&str, &str, &[&str])> =
        names.iter().map(|name| (name.as_str(), deny, &["Workloads"][..])).collect();
    let project = project("100%", &stack("a", ""));
    let app = "Resources: { T: { Type: AWS::SNS::Topic } }";
    let told = check(&[("stackfleet.yaml", &project), ("a.yaml", app)], &world(&ACCOUNTS, &policies)).told();
    assert!(told.contains("error PRE015 ou:Workloads would have 11 service control policies; AWS allows 10"), "{told}");
}

#[test]
fn of_a_stack_that_is_there_only_what_is_added_is_made() {
    let deny = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "sns:CreateTopic", "Resource": "*"}]}"#;
    let project = project("100%", &stack("a", "")).replace(", us-east-1", "");
    let app = "Resources: { Old: { Type: AWS::SNS::Topic }, New: { Type: AWS::SNS::Topic } }";
    let told = |status: InstanceStatus| {
        let mut observed = world(&ACCOUNTS, &[("quiet", deny, &["Workloads"])]);
        let mut set = seen("shop-a", false, None);
        set.instances.values_mut().for_each(|instance| instance.status = status);
        observed.stack_sets.insert("shop-a".to_owned(), set);
        let report = check(&[("stackfleet.yaml", &project), ("a.yaml", app)], &observed).report;
        let refusals = report.findings.iter().flat_map(|finding| &finding.refusals);
        refusals.filter_map(|refused| refused.resource.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(InstanceStatus::Current), ["New"]);
    // What a stack holds after an update that failed is not known.
    assert!(told(InstanceStatus::Outdated).is_empty());
}
