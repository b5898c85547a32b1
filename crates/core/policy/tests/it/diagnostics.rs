//! What is said about wrong documents: everything at once, each with its place.

use stackfleet_base::Sources;
use stackfleet_policy::{Origin, Policy, PolicyKind};

/// Renders what is said about a document, a line each.
fn said(kind: PolicyKind, text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("p.json", text);
    let (policy, mut found) = Policy::read(kind, "p", text, Some(Origin { file, offset: 0 }));
    assert_eq!(policy.is_none(), found.iter().any(stackfleet_base::Diagnostic::is_error));
    stackfleet_base::diagnostic::sort(&mut found);
    let line = |found: &stackfleet_base::Diagnostic| {
        let place = sources.location(found.span().unwrap()).unwrap();
        let severity = if found.is_error() { "" } else { "warning " };
        format!("{}:{} {severity}{}: {}\n", place.line, place.column, found.code, found.message)
    };
    found.iter().map(line).collect()
}

#[test]
fn all_problems_are_told_at_once() {
    let text = r#"{
  "Version": "2012-10-18",
  "Statment": [],
  "Statement": [
    {
      "Sid": "not plain",
      "Effect": "allow",
      "Action": "GetObject",
      "NotAction": "s3:*",
      "Resource": ["bucket/*", "arn:aws:s3"],
      "Condition": {"StringEqual": {"aws:a": "b"}, "Bool": {"aws:MultiFactorAuthPresent": "yes", "key": true}}
    },
    {"Effect": "Deny", "Effect": "Deny", "Action": [], "Principal": "*"},
    7
  ]
}"#;
    insta::assert_snapshot!(said(PolicyKind::Identity, text), @r#"
    2:14 POL005: this is no version of the policy language
    3:3 POL003: a policy has no element `Statment`
    6:14 POL016: the statement id `not plain` has signs other than letters and digits
    7:17 POL009: `allow` is no effect
    9:7 POL007: a statement has `Action` or `NotAction`, not both
    10:20 POL011: `bucket/*` is neither an ARN nor `*`
    10:32 warning POL011: `arn:aws:s3` leaves out parts of the ARN; they match anything
    11:21 POL013: there is no condition operator `StringEqual`
    11:91 warning POL014: `Bool` compares `true` or `false`; `yes` matches nothing
    11:98 POL015: `key` is no condition key
    13:5 POL006: a statement of an identity policy needs `Resource` or `NotResource`
    13:24 POL004: `Effect` is there twice
    13:52 POL002: `Action` is an empty list
    13:56 POL008: a statement of an identity policy has no `Principal`
    14:5 POL002: a statement is an object, not a number
    "#);
}

#[test]
fn what_is_there_twice_in_a_condition_or_principal_is_refused() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"111111111111","AWS":"*"},
"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true","aws:SecureTransport":"false"},
"Bool":{"aws:ViaAWSService":"true"}}}}"#;
    insta::assert_snapshot!(said(PolicyKind::Resource, text), @r#"
    1:88 POL004: `AWS` is there twice
    2:82 POL004: `aws:SecureTransport` is there twice
    3:1 POL004: `Bool` is there twice
    "#);
}

#[test]
fn text_that_is_not_json_has_its_place() {
    insta::assert_snapshot!(said(PolicyKind::Identity, "{\n  \"Version\": \"2012-10-17\",\n}"), @"3:1 POL001: this is not JSON: a key in double quotes is wanted here");
    insta::assert_snapshot!(said(PolicyKind::Identity, "[]"), @"1:1 POL002: a policy is an object, not a list");
}

#[test]
fn each_kind_of_policy_has_its_own_elements() {
    let statement = r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}"#;
    insta::assert_snapshot!(said(PolicyKind::Trust, statement), @r#"
    1:15 POL006: a statement of a trust policy needs `Principal` or `NotPrincipal`
    1:63 POL008: a statement of a trust policy has no `Resource`
    "#);
    insta::assert_snapshot!(said(PolicyKind::ServiceControl, statement), @"1:1 POL005: a service control policy needs a `Version`");
    let rcp = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "NotAction": "s3:*", "Resource": "*"},
  {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;
    insta::assert_snapshot!(said(PolicyKind::ResourceControl, rcp), @r#"
    2:3 POL008: a resource control policy has no `NotAction`
    2:3 POL009: a resource control policy can only deny
    2:3 POL012: a resource control policy speaks of every principal
    3:3 warning POL010: AWS takes no `*` as the action of a resource control policy
    "#);
}

#[test]
fn principals() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/*"}, "Action": "sts:AssumeRole"},
  {"Effect": "Allow", "Principal": {"Service": "lambda"}, "Action": "sts:AssumeRole"},
  {"Effect": "Allow", "Principal": {"Aws": "111111111111"}, "Action": "sts:AssumeRole"},
  {"Effect": "Allow", "Principal": "111111111111", "Action": "sts:AssumeRole"}]}"#;
    insta::assert_snapshot!(said(PolicyKind::Trust, text), @r#"
    2:44 POL012: `arn:aws:iam::111111111111:role/*` is no AWS principal
    3:48 POL012: `lambda` is no service principal
    4:37 POL012: `Aws` is no type of principal
    5:36 POL012: this names no principal
    "#);
}

#[test]
fn variables_that_are_not_replaced() {
    let text = r#"{"Statement": [
  {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}]}"#;
    insta::assert_snapshot!(said(PolicyKind::Identity, text), @"2:53 warning POL019: `arn:aws:s3:::b/${aws:username}/*` has a policy variable, which this version takes literally");
    let text = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username/*"}]}"#;
    insta::assert_snapshot!(said(PolicyKind::Identity, text), @"2:53 warning POL019: a `}` is missing in `arn:aws:s3:::b/${aws:username/*`");
}

#[test]
fn every_code_is_explained_once() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let codes = include_str!("../../src/codes.rs");
    let codes: Vec<&str> = codes.match_indices("\"POL").filter_map(|(at, _)| codes.get(at + 1..at + 7)).collect();
    assert!(codes.len() >= 20);
    for code in codes {
        assert_eq!(documentation.matches(&format!("| {code} |")).count(), 1, "{code}");
    }
}
