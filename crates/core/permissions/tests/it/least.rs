//! The smallest policy for the example, and the one that the example has.

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_catalog::actions;
use stackfleet_permissions::{Cell, Grade, Operation, Requirement, least, required};
use stackfleet_policy::{Context, Layers, Policy, PolicyKind, PolicySet, Principal, Request, decide};
use stackfleet_template::{Inputs, Nothing, evaluate};

use crate::required::{ACCOUNT, cell, example};

const ADMINISTRATOR: &str = "999988887777";

/// The stack of a stack set, with the tags that a rollout sets.
fn member() -> Cell {
    Cell {
        stack_name: Some("StackSet-key-rotation-app-6f1c2d3e-0000-1111-2222-333344445555".to_owned()),
        tags: vec![("stackfleet:app".to_owned(), "key-rotation".to_owned())],
        ..cell()
    }
}

/// Everything that is needed to make, change and delete the example's application.
fn needed() -> Vec<Requirement> {
    let bucket = format!("stackfleet-artifacts-{ADMINISTRATOR}-eu-west-1");
    let stack = example(&bucket);
    let operations = [Operation::Create, Operation::Update { previous: None }, Operation::Delete];
    operations.into_iter().flat_map(|operation| required(&stack, &member(), operation)).collect()
}

/// The document of the role that the example's stacks run as.
fn execution_role() -> Value {
    let text = include_str!("../../../../../examples/source/iam/execution-role.yaml");
    let template = stackfleet_template::read_body(text).unwrap();
    let inputs = Inputs {
        parameters: [("AdministratorAccountId".to_owned(), ADMINISTRATOR.to_owned())].into(),
        account: cell().account,
        region: cell().region,
        stack_name: None,
        stack_id: None,
        notification_arns: Vec::new(),
    };
    let role = evaluate(&template, &inputs, &Nothing).unwrap().resources.swap_remove("ExecutionRole").unwrap();
    role.properties.get("Policies").unwrap().pointer("/0/PolicyDocument").unwrap().clone()
}

fn policy(document: &Value) -> PolicySet {
    let (policy, problems) = Policy::from_value(PolicyKind::Identity, "role", document);
    assert_eq!(problems, []);
    PolicySet::of(policy.unwrap())
}

/// Returns what the policy does not allow.
fn refused<'a>(identity: &PolicySet, needed: impl Iterator<Item = &'a Requirement>) -> Vec<String> {
    let principal = Principal::parse(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/role/session")).unwrap();
    let is_refused = |requirement: &&Requirement| {
        let mut context = Context::new();
        for (key, values) in &requirement.keys {
            context.set_all(key, values.iter().map(|value| Box::from(value.as_str())));
        }
        principal.describe(&mut context);
        let arn = requirement.example_arn();
        let request = Request {
            principal: &principal,
            action: &requirement.action,
            resource: &arn,
            resource_account: None,
            context: &context,
        };
        !decide(&request, &Layers { identity: Some(identity), ..Layers::default() }).is_allowed()
    };
    needed.filter(is_refused).map(|found| format!("{} on {}", found.action, found.arn)).collect()
}

#[test]
fn the_role_of_the_example_may_do_what_is_certain() {
    let (needed, document) = (needed(), execution_role());
    let certain = needed.iter().filter(|found| found.grade != Grade::Possible);
    assert_eq!(refused(&policy(&document), certain), Vec::<String>::new());
}

#[test]
fn what_the_role_of_the_example_may_beyond() {
    let needed: BTreeSet<String> =
        needed().into_iter().filter(|found| found.grade != Grade::Possible).map(|found| found.action).collect();
    let statements = execution_role();
    let names = statements.get("Statement").unwrap().as_array().unwrap().iter().flat_map(|statement| {
        let named = statement.get("Action").unwrap();
        named.as_array().cloned().unwrap_or_else(|| vec![named.clone()])
    });
    let names: BTreeSet<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    assert!(names.iter().all(|name| actions().action(name).is_some()));
    let beyond: Vec<&str> = names.difference(&needed).map(String::as_str).collect();
    insta::assert_snapshot!(beyond.join("\n"), @r"
    cloudformation:CancelUpdateStack
    cloudformation:ContinueUpdateRollback
    cloudformation:CreateChangeSet
    cloudformation:CreateStack
    cloudformation:DeleteStack
    cloudformation:DescribeStackDriftDetectionStatus
    cloudformation:DescribeStackEvents
    cloudformation:DescribeStackResource
    cloudformation:DescribeStackResourceDrifts
    cloudformation:DescribeStackResources
    cloudformation:DescribeStacks
    cloudformation:DetectStackDrift
    cloudformation:DetectStackResourceDrift
    cloudformation:GetTemplate
    cloudformation:GetTemplateSummary
    cloudformation:ListStackResources
    cloudformation:ListStacks
    cloudformation:TagResource
    cloudformation:UntagResource
    cloudformation:UpdateStack
    cloudformation:ValidateTemplate
    events:DescribeRule
    events:DisableRule
    events:EnableRule
    events:ListTagsForResource
    events:UntagResource
    iam:GetRole
    iam:GetRolePolicy
    iam:ListRoleTags
    iam:UntagRole
    iam:UpdateRole
    iam:UpdateRoleDescription
    lambda:GetFunctionCodeSigningConfig
    lambda:GetFunctionConfiguration
    lambda:GetFunctionRecursionConfig
    lambda:GetPolicy
    lambda:GetRuntimeManagementConfig
    lambda:ListTags
    lambda:UntagResource
    logs:DeleteRetentionPolicy
    logs:DescribeIndexPolicies
    logs:DescribeResourcePolicies
    logs:GetDataProtectionPolicy
    logs:ListTagsForResource
    logs:ListTagsLogGroup
    logs:TagLogGroup
    logs:UntagLogGroup
    logs:UntagResource
    sns:GetDataProtectionPolicy
    sns:ListSubscriptionsByTopic
    sns:ListTagsForResource
    sns:UntagResource
    ");
}

#[test]
fn the_smallest_policy_allows_what_is_needed_and_no_more() {
    let needed = needed();
    let wanted: Vec<&Requirement> = needed.iter().filter(|found| found.grade != Grade::Possible).collect();
    let document = least(wanted.iter().copied());
    assert_eq!(refused(&policy(&document), wanted.iter().copied()), Vec::<String>::new());
    insta::assert_snapshot!(stackfleet_policy::pretty(&document.to_string()).unwrap(), @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": [
            "events:DeleteRule",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource"
          ],
          "Resource": "arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod"
        },
        {
          "Effect": "Allow",
          "Action": [
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy"
          ],
          "Resource": "arn:aws:iam::111122223333:role/stale-access-keys/StackSet-key-rotatio*"
        },
        {
          "Effect": "Allow",
          "Action": "iam:PassRole",
          "Resource": "arn:aws:iam::111122223333:role/stale-access-keys/StackSet-key-rotatio*",
          "Condition": {
            "StringEquals": {
              "iam:PassedToService": "lambda.amazonaws.com"
            }
          }
        },
        {
          "Effect": "Allow",
          "Action": [
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:GetFunction",
            "lambda:RemovePermission",
            "lambda:TagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration"
          ],
          "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1"
        },
        {
          "Effect": "Allow",
          "Action": [
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:PutRetentionPolicy"
          ],
          "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1:log-stream:*"
        },
        {
          "Effect": "Allow",
          "Action": "logs:DescribeLogGroups",
          "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:*"
        },
        {
          "Effect": "Allow",
          "Action": "logs:TagResource",
          "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1"
        },
        {
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::stackfleet-artifacts-999988887777-eu-west-1/app.zip"
        },
        {
          "Effect": "Allow",
          "Action": [
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:SetTopicAttributes",
            "sns:TagResource"
          ],
          "Resource": "arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings"
        }
      ]
    }
    "#);
    for statement in 0..document.get("Statement").unwrap().as_array().unwrap().len() {
        let mut without = document.clone();
        without.get_mut("Statement").unwrap().as_array_mut().unwrap().remove(statement);
        assert!(!refused(&policy(&without), wanted.iter().copied()).is_empty(), "statement {statement} is not needed");
    }
}

#[test]
fn nothing_needs_nothing() {
    assert_eq!(least(&[]), serde_json::json!({ "Version": "2012-10-17", "Statement": [] }));
}
