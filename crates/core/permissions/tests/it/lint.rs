//! What is said of policies that name what does not exist.

use stackfleet_base::{Sources, diagnostic};
use stackfleet_permissions::lint_text;

/// Returns everything that is said about statements, with the characters it is said of and the replacement.
fn said(statements: &str) -> String {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let mut sources = Sources::default();
    let file = sources.add("policy.json", &text);
    let mut found = lint_text(file, &text);
    diagnostic::sort(&mut found);
    let lines = found.into_iter().map(|found| {
        assert!(!found.is_error());
        let span = found.span().unwrap();
        let edits = found.fix.into_iter().flat_map(|fix| fix.edits);
        let fix: String = edits.map(|edit| format!(" -> {}", edit.replacement)).collect();
        let help = found.help.unwrap();
        format!("{} {}{fix}\n  {}\n  {help}\n", found.code, &text[span.start..span.end], found.message)
    });
    lines.collect()
}

#[test]
fn actions_that_do_not_exist() {
    insta::assert_snapshot!(said(
        r#"{"Effect": "Allow", "Action": ["s3:GetObjct", "lamda:InvokeFunction", "dynamodb:Fetch*", "ec2:*", "S3:getobject",
            "nonesuch:DoThings", "lamda:*", "sqs:Fly", "ec2:AttachEgressOnlyInternetGateway"], "Resource": "*"},
           {"Effect": "Deny", "NotAction": ["iam:*", "iam:GetRol"], "Resource": "*"}"#
    ), @r#"
    ACT001 "s3:GetObjct" -> "s3:GetObject"
      no action `s3:GetObjct` is known
      write `s3:GetObject`
    ACT001 "lamda:InvokeFunction" -> "lambda:InvokeFunction"
      no service with the prefix `lamda` is known
      write `lambda:InvokeFunction`
    ACT002 "dynamodb:Fetch*"
      no known action matches `dynamodb:Fetch*`
      mind the spelling; what is known is of 2026-09-26
    ACT001 "nonesuch:DoThings"
      no service with the prefix `nonesuch` is known
      mind the spelling; what is known is of 2026-09-26
    ACT001 "lamda:*" -> "lambda:*"
      no service with the prefix `lamda` is known
      write `lambda:*`
    ACT001 "sqs:Fly"
      no action `sqs:Fly` is known
      mind the spelling; what is known is of 2026-09-26
    ACT001 "ec2:AttachEgressOnlyInternetGateway"
      no action `ec2:AttachEgressOnlyInternetGateway` is known
      did you mean `ec2:CreateEgressOnlyInternetGateway`? What is known is of 2026-09-26
    ACT001 "iam:GetRol" -> "iam:GetRole"
      no action `iam:GetRol` is known
      write `iam:GetRole`
    "#);
}

#[test]
fn resources_that_no_action_takes() {
    insta::assert_snapshot!(said(
        r#"{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::b/*"},
           {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"},
           {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*", "arn:aws:sqs:*:*:q"]},
           {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ec2:*:*:vpc/v-*"]},
           {"Effect": "Allow", "Action": ["logs:PutLogEvents", "sts:GetCallerIdentity"], "Resource": "arn:aws:logs:*:*:log-group:x:*"}"#
    ), @r#"
    ACT004 "s3:ListBucket"
      `s3:ListBucket` takes none of the statement's resources, so nothing is said of it
      add a resource such as `arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}` or `arn:${Partition}:s3:::${BucketName}`
    ACT003 "arn:aws:s3:::b"
      the statement can never match: none of its actions takes `arn:aws:s3:::b`
      write a resource such as `arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}` or `arn:${Partition}:s3:::${BucketName}/${ObjectName}`
    ACT003 "arn:aws:sqs:*:*:q"
      no action of the statement takes `arn:aws:sqs:*:*:q`
      write a resource such as `arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}` or `arn:${Partition}:s3:::${BucketName}/${ObjectName}`
    ACT003 ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ec2:*:*:vpc/v-*"]
      the statement can never match: none of its actions takes any of its resources
      write `*`: these actions take no resource
    ACT004 "sts:GetCallerIdentity"
      `sts:GetCallerIdentity` takes none of the statement's resources, so nothing is said of it
      give it a statement of its own with the resource `*`
    "#);
}

#[test]
fn condition_keys_that_no_action_has() {
    insta::assert_snapshot!(said(
        r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringLike": {"s3:prefix": "a/*"}}},
           {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals":
             {"aws:PrincipleOrgID": "o-1", "aws:PrincipalTag/team": "a", "aws:RequestTag/x": "y", "s3:prefix": "z"}}},
           {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"Null": {"ec2:Regoin": "true"}}},
           {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "x"}, "Condition":
             {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b", "SAML:aud": "x"}}},
           {"Effect": "Allow", "Action": ["ec2:RunInstances", "s3:ListBucket"], "Resource": "*", "Condition":
             {"StringEquals": {"EC2:InstanceType": "t3.nano", "ec2:ResourceTag/a": "b", "s3:prefix": "a"}}}"#
    ), @r#"
    ACT005 "s3:prefix"
      no action of the statement has the condition key `s3:prefix`
      remove the key, or the actions whose requests do not have it
    ACT005 "aws:PrincipleOrgID" -> "aws:PrincipalOrgID"
      no condition key `aws:PrincipleOrgID` is known
      write `aws:PrincipalOrgID`
    ACT005 "ec2:Regoin" -> "ec2:Region"
      no condition key `ec2:Regoin` is known
      write `ec2:Region`
    "#);
}

#[test]
fn nothing_is_said_where_nothing_is_wrong() {
    assert_eq!(
        said(
            r#"{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
               {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "arn:aws:dynamodb:*:*:table/t/index/*"},
               {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/${aws:username}/*"},
               {"Effect": "Deny", "Action": "*:Delete*", "NotResource": "arn:aws:s3:::b"},
               {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/path/*", "Condition":
                 {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
               {"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/x:*"},
               {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "arn:aws:logs:*:*:log-group:*"},
               {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
               {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "arn:aws:apigateway:*::/apis"}"#
        ),
        ""
    );
    let mut sources = Sources::default();
    for text in ["", "[1, {}]", r#"{"Statement": "x"}"#, r#"{"Statement": {"Action": {"a": 1}, "Condition": [1]}}"#] {
        assert_eq!(lint_text(sources.add("x", text), text), []);
    }
}

#[test]
fn every_code_is_documented() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let codes = include_str!("../../src/codes.rs").match_indices("\"ACT").count();
    assert!(codes >= 5);
    for number in 1..=codes {
        assert_eq!(documentation.matches(&format!("| ACT{number:03} |")).count(), 1, "ACT{number:03}");
    }
}
