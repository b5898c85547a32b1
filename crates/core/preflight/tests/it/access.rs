//! Who may: what the project makes, joined with what is in the account.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use stackfleet_plan::{
    identities::{Granted, Identities, Identity},
    observed::Gap,
};
use stackfleet_preflight::access::{Access, AccessError, Answer, Origin, Question, access, everybody};

use crate::fixture::{MANAGEMENT, with_input, world};

const ACCOUNT: &str = "111111111111";
const ACCOUNTS: [(&str, &str, &str); 1] = [(ACCOUNT, "Ledger", "Workloads")];

const PROJECT: &str = "version: 1
apps:
  shop:
    targets: \"ou:Workloads\"
    regions: [eu-west-1]
    rollout: { stop-after: 100% }
    stacks:
      a: { template: a.yaml, via: stack-set }
";

/// Two roles that may do everything with tables, one of them with a name of its own.
fn template() -> String {
    let role = |name: &str| {
        format!(
            "{{ Type: AWS::IAM::Role, Properties: {{ {name} AssumeRolePolicyDocument: {{ Version: '2012-10-17', Statement: \
             {{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: 'sts:AssumeRole' }} }}, Policies: [{{ \
             PolicyName: tables, PolicyDocument: {{ Version: '2012-10-17', Statement: {{ Effect: Allow, Action: \
             'dynamodb:*', Resource: '*' }} }} }}] }} }}"
        )
    };
    format!("Resources:\n  Named: {}\n  Generated: {}\n", role("RoleName: deployer,"), role(""))
}

/// No scan of tables; roles that services made for themselves are not bound by it.
const NO_SCANS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Sid": "NoScans", "Effect": "Deny", "Action": "dynamodb:Scan", "Resource": "*"}]}"#;

fn allow(action: &str, resource: &str) -> Granted {
    let document = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}]}}"#
    );
    Granted { name: "own".to_owned(), document: Some(document) }
}

fn somebody(resource: &str, policies: Vec<Granted>) -> Identity {
    Identity {
        arn: format!("arn:aws:iam::{ACCOUNT}:{resource}").parse().unwrap(),
        policies,
        boundary: None,
        tags: BTreeMap::new(),
        unknown_groups: Vec::new(),
    }
}

fn seen(found: Vec<Identity>) -> Identities {
    Identities { account: ACCOUNT.parse().unwrap(), complete: true, found, gaps: Vec::new() }
}

fn told(found: &[Access]) -> String {
    let line = |one: &Access| {
        let today = one.today.as_ref().map(|today| format!(", today {today:?}")).unwrap_or_default();
        format!("{} {:?}: {:?}{today}", one.arn, one.origin, one.answer)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn ask(action: &str, policies: &[(&str, &str, &[&str])], identities: Option<&Identities>) -> Vec<Access> {
    let resource = "arn:aws:dynamodb:eu-west-1:{account}:table/ana";
    let question = Question { account: "Ledger", action, resource, identities };
    let template = template();
    let files = [("stackfleet.yaml", PROJECT), ("a.yaml", template.as_str())];
    with_input(&files, &world(&ACCOUNTS, policies), |input| everybody(input, &question)).unwrap()
}

#[test]
fn what_is_there_is_joined_with_what_the_project_makes() {
    let tags = [("stackfleet:app", "shop"), ("stackfleet:stack", "a")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let generated = "role/StackSet-shop-a-0a1b2c3d-Generated-ABCDEFGHIJKL";
    let live = seen(vec![
        somebody("role/deployer", vec![allow("s3:*", "*")]),
        Identity { tags: tags.into(), ..somebody(generated, vec![allow("dynamodb:*", "*")]) },
        somebody("role/StackSet-other-Generated-ABCDEFGHIJKL", Vec::new()),
        somebody("role/aws-service-role/dax.amazonaws.com/AWSServiceRoleForDAX", vec![allow("dynamodb:*", "*")]),
        somebody("user/people/ana", vec![allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/${aws:username}")]),
        somebody("user/people/bob", vec![allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/${aws:username}")]),
    ]);
    assert_snapshot!(told(&ask("dynamodb:GetItem", &[], Some(&live))), @r#"
    arn:aws:iam::111111111111:role/deployer Stack { stack: "a", exists: Some(true) }: Allowed, today Refused
    arn:aws:iam::111111111111:role/shop-a-Generated-* Stack { stack: "a", exists: Some(true) }: Allowed
    arn:aws:iam::111111111111:role/StackSet-other-Generated-ABCDEFGHIJKL Account: Refused
    arn:aws:iam::111111111111:role/aws-service-role/dax.amazonaws.com/AWSServiceRoleForDAX Account: Allowed
    arn:aws:iam::111111111111:user/people/ana Account: Allowed
    arn:aws:iam::111111111111:user/people/bob Account: Refused
    "#);
    // Service control policies bind all but the role that belongs to a service.
    let bound = ask("dynamodb:Scan", &[("quiet", NO_SCANS, &["Workloads"])], Some(&live));
    let may: Vec<&str> = bound.iter().filter(|one| one.answer == Answer::Allowed).map(|one| &*one.name).collect();
    assert_eq!(may, ["AWSServiceRoleForDAX"]);
}

#[test]
fn nobody_having_looked_the_administrator_is_presumed() {
    let alone = ask("dynamodb:GetItem", &[], None);
    assert_snapshot!(told(&alone), @r#"
    arn:aws:iam::111111111111:role/OrganizationAccountAccessRole Presumed: Allowed
    arn:aws:iam::111111111111:role/deployer Stack { stack: "a", exists: None }: Allowed
    arn:aws:iam::111111111111:role/shop-a-Generated-* Stack { stack: "a", exists: None }: Allowed
    "#);
    // What was read in part says nothing of what is not there.
    let gaps = vec![Gap { what: "roles".to_owned(), why: "AccessDenied".to_owned() }];
    let part = Identities { complete: false, gaps, ..seen(Vec::new()) };
    assert_eq!(ask("dynamodb:GetItem", &[], Some(&part)), alone);
    let none = ask("dynamodb:GetItem", &[], Some(&seen(Vec::new())));
    assert!(none.iter().all(|one| matches!(one.origin, Origin::Stack { exists: Some(false), .. })), "{}", told(&none));
}

#[test]
fn what_could_not_be_read_leaves_the_answer_open() {
    let unread = Granted { name: "team".to_owned(), document: None };
    let grouped = Identity { unknown_groups: vec!["staff".to_owned()], ..somebody("user/bob", Vec::new()) };
    let bounded = Identity { boundary: Some(unread.clone()), ..somebody("user/eve", vec![allow("*", "*")]) };
    let live = seen(vec![somebody("user/ana", vec![unread]), grouped, bounded]);
    let found = ask("dynamodb:GetItem", &[], Some(&live));
    let users: Vec<Access> = found.into_iter().filter(|one| one.origin == Origin::Account).collect();
    assert_snapshot!(told(&users), @r#"
    arn:aws:iam::111111111111:user/ana Account: Depends(["policy team, which could not be read"])
    arn:aws:iam::111111111111:user/bob Account: Depends(["the policies of group staff"])
    arn:aws:iam::111111111111:user/eve Account: Depends(["the permissions boundary team"])
    "#);
}

#[test]
fn one_is_named_by_name_kind_or_arn() {
    let live = seen(vec![somebody("user/ops/both", vec![allow("dynamodb:*", "*")]), somebody("role/both", Vec::new())]);
    let template = template();
    let files = [("stackfleet.yaml", PROJECT), ("a.yaml", template.as_str())];
    let answer = |who: Option<&str>| {
        let question = Question { account: "Ledger", action: "dynamodb:Scan", resource: "*", identities: Some(&live) };
        with_input(&files, &world(&ACCOUNTS, &[]), |input| access(input, &question, who))
    };
    let is_user = |who| answer(Some(who)).unwrap().answer == Answer::Allowed;
    assert!(!is_user("both") && !is_user("role/both"));
    assert!(is_user("user/both") && is_user("arn:aws:iam::111111111111:user/ops/both"));
    // The administrator need not be there, and is then nobody whom one could name.
    assert_eq!(answer(None).unwrap().origin, Origin::Presumed);
    let error = answer(Some("OrganizationAccountAccessRole")).unwrap_err();
    assert!(matches!(error, AccessError::Role { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "no role or user `OrganizationAccountAccessRole` is known in account Ledger; known are deployer, shop-a-Generated-*, both, both"
    );
}

#[test]
fn who_is_in_another_account_is_not_looked_at() {
    let elsewhere = Identities { account: MANAGEMENT.parse().unwrap(), ..seen(Vec::new()) };
    assert_eq!(ask("dynamodb:Scan", &[], Some(&elsewhere)), ask("dynamodb:Scan", &[], None));
}
