//! What changes for whom between two policies: exactly that, in few words.

use stackfleet_policy::{
    Policy, PolicyKind, PolicySet,
    difference::{Change, Difference, KnownAction, Says, Shape, difference},
};

fn known() -> Vec<KnownAction> {
    let shape = |text: &str, is_flat| Shape { text: text.to_owned(), is_flat };
    let bucket = || shape("arn:aws:s3:::*", true);
    let object = || shape("arn:aws:s3:::*/*", false);
    let role = || shape("arn:aws:iam::*:role/*", false);
    [
        ("ec2:RunInstances", vec![shape("arn:aws:ec2:*:*:instance/*", true), shape("arn:aws:ec2:*::image/*", true)]),
        ("iam:CreateUser", vec![shape("arn:aws:iam::*:user/*", false)]),
        ("iam:PassRole", vec![role()]),
        ("organizations:LeaveOrganization", vec![]),
        ("s3:DeleteBucket", vec![bucket()]),
        ("s3:GetObject", vec![object()]),
        ("s3:ListAllMyBuckets", vec![]),
        ("s3:PutObject", vec![object()]),
        ("sts:AssumeRole", vec![role()]),
    ]
    .into_iter()
    .map(|(name, shapes): (&str, Vec<Shape>)| KnownAction { name: name.to_owned(), shapes })
    .collect()
}

fn set(kind: PolicyKind, statements: &str) -> PolicySet {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    PolicySet::of(Policy::parse(kind, "p", &text).unwrap())
}

fn compared(kind: PolicyKind, before: &str, after: &str) -> Difference<Says> {
    difference(&set(kind, before), &set(kind, after), &known())
}

/// Says each change in a line.
fn said(kind: PolicyKind, before: &str, after: &str) -> Vec<String> {
    let found = compared(kind, before, after);
    assert_eq!(found.incomplete, Vec::<String>::new());
    let line = |change: &Change<Says>| {
        let cases: Vec<String> = change
            .cases
            .iter()
            .map(|case| case.terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            .collect();
        format!("{:?} -> {:?}: {} [{}]", change.before, change.after, change.actions.join(", "), cases.join(" | "))
    };
    found.changes.iter().map(line).collect()
}

const SCP: PolicyKind = PolicyKind::ServiceControl;

#[test]
fn the_same_in_other_words_is_no_difference() {
    let one = r#"{"Sid":"A","Effect":"Deny","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#;
    let other = r#"{"Effect":"Deny","Action":"s3:PutObject","Resource":["*"]},
        {"Effect":"Deny","Action":"s3:get*","Resource":"*"}"#;
    assert_eq!(said(SCP, one, other), Vec::<String>::new());
    // What a deny covers anyhow may be allowed or not.
    let deny = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
    let allow = r#",{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    assert_eq!(said(SCP, deny, &format!("{deny}{allow}")), Vec::<String>::new());
}

#[test]
fn an_action_less_is_denied() {
    let before = r#"{"Effect":"Deny","Action":["iam:CreateUser","iam:PassRole"],"Resource":"*"}"#;
    let after = r#"{"Effect":"Deny","Action":["iam:PassRole"],"Resource":"*"}"#;
    assert_eq!(said(SCP, before, after), ["Denies -> Nothing: iam:CreateUser []"]);
}

#[test]
fn resources_are_told_by_the_patterns_that_matter_and_only_for_actions_that_take_them() {
    let before = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    let after = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},
        {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::prod-*/*"}"#;
    assert_eq!(
        said(PolicyKind::Identity, before, after),
        ["Allows -> Denies: s3:GetObject, s3:PutObject [on arn:aws:s3:::prod-*/*]"]
    );
    // Wider by one bucket's objects.
    let narrow = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}"#;
    let wide = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}"#;
    assert_eq!(said(PolicyKind::Identity, narrow, wide), ["Nothing -> Allows: s3:GetObject [on arn:aws:s3:::b/*]"]);
    // What is left out of a wide pattern.
    let all = r#"{"Effect":"Deny","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/*"}"#;
    let spared = r#"{"Effect":"Deny","Action":"iam:PassRole","NotResource":"arn:aws:iam::*:role/app-*"}"#;
    assert_eq!(said(SCP, all, spared), ["Denies -> Nothing: iam:PassRole [on arn:aws:iam::*:role/app-*]"]);
}

#[test]
fn conditions_are_told_in_words_and_combinations_that_cannot_be_are_not() {
    let guard = |regions: &str| {
        format!(
            r#"{{"Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*"],"Resource":"*",
                "Condition":{{"StringNotEquals":{{"aws:RequestedRegion":[{regions}]}}}}}}"#
        )
    };
    let (one, two) = (guard(r#""eu-west-1""#), guard(r#""eu-west-1","us-east-1""#));
    let lines = said(SCP, &one, &two);
    let actions = "ec2:RunInstances, s3:DeleteBucket, s3:GetObject, s3:ListAllMyBuckets, s3:PutObject";
    let when = "when aws:RequestedRegion is not eu-west-1 when aws:RequestedRegion is eu-west-1 or us-east-1";
    assert_eq!(lines, [format!("Denies -> Nothing: {actions} [{when}]")]);
    let exempt = r#"{"Effect":"Deny","Action":"iam:*","Resource":"*",
        "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/central-*"}}}"#;
    let all = r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#;
    assert_eq!(
        said(SCP, exempt, all),
        ["Nothing -> Denies: iam:CreateUser, iam:PassRole [when aws:PrincipalArn is arn:aws:iam::*:role/central-*]"]
    );
}

#[test]
fn conditions_of_every_type_are_tried_on_both_sides() {
    for (condition, words) in [
        (r#""Bool":{"aws:SecureTransport":"false"}"#, "aws:SecureTransport is false"),
        (r#""Null":{"aws:RequestTag/team":"true"}"#, "aws:RequestTag/team is absent"),
        (r#""NumericLessThan":{"s3:max-keys":"10"}"#, "s3:max-keys is below 10"),
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}"#,
            "aws:CurrentTime is above 2030-01-01T00:00:00Z",
        ),
        (r#""NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, "aws:SourceIp is not in 10.0.0.0/8"),
        (r#""StringLike":{"s3:prefix":"home/*"}"#, "s3:prefix is home/*"),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}"#, "a value of aws:TagKeys is a or b"),
        (r#""StringEqualsIfExists":{"aws:PrincipalTag/t":"x"}"#, "aws:PrincipalTag/t is x or is absent"),
    ] {
        let after =
            format!(r#"{{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{{{condition}}}}}"#);
        let before = r#"{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}"#;
        let after = format!("{before},{after}");
        assert_eq!(said(SCP, before, &after), [format!("Nothing -> Denies: s3:GetObject [when {words}]")]);
    }
}

#[test]
fn trust_is_told_by_whom_it_names() {
    let trust =
        |whom: &str| format!(r#"{{"Effect":"Allow","Principal":{{"AWS":[{whom}]}},"Action":"sts:AssumeRole"}}"#);
    let (one, two) = (trust(r#""111111111111""#), trust(r#""111111111111","arn:aws:iam::222222222222:role/deploy""#));
    assert_eq!(
        said(PolicyKind::Trust, &one, &two),
        ["Nothing -> Allows: sts:AssumeRole [by arn:aws:iam::222222222222:role/deploy]"]
    );
    let external = r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole",
        "Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#;
    assert_eq!(
        said(PolicyKind::Trust, &one, external),
        ["Allows -> Nothing: sts:AssumeRole [by 111111111111 when sts:ExternalId is not x]"]
    );
}

#[test]
fn policy_variables_have_a_value() {
    let before = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/*"}"#;
    let after = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}"#;
    assert_eq!(
        said(PolicyKind::Identity, before, after),
        ["Allows -> Nothing: s3:GetObject [on arn:aws:s3:::home/* not on arn:aws:s3:::home/${aws:username}/*]"]
    );
}

#[test]
fn more_combinations_than_can_be_asked_are_admitted() {
    let conditions: Vec<String> =
        (0..12).map(|number| format!(r#""aws:RequestTag/t{number}":["a","b","c"]"#)).collect();
    let after = format!(
        r#"{{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{{"StringNotEquals":{{{}}}}}}}"#,
        conditions.join(",")
    );
    let found = compared(SCP, r#"{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}"#, &after);
    assert_eq!(found.incomplete, ["s3:GetObject"]);
    assert!(found.changes.iter().any(|change| change.actions == ["s3:GetObject"]));
}
