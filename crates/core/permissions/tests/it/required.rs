//! What templates need.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stackfleet_base::{AccountId, Region};
use stackfleet_permissions::{Cell, Grade, Operation, Requirement, required};
use stackfleet_template::{Evaluated, Inputs, Nothing, Template, evaluate};

pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn cell() -> Cell {
    Cell {
        account: ACCOUNT.parse::<AccountId>().unwrap(),
        region: "eu-west-1".parse::<Region>().unwrap(),
        stack_name: Some("app".to_owned()),
        tags: Vec::new(),
    }
}

pub(crate) fn evaluated(template: Value, parameters: &[(&str, &str)]) -> Evaluated {
    let cell = cell();
    let inputs = Inputs {
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        account: cell.account,
        region: cell.region,
        stack_name: cell.stack_name,
        stack_id: None,
        notification_arns: Vec::new(),
    };
    evaluate(&Template::new(template), &inputs, &Nothing).unwrap()
}

fn stack(resources: Value) -> Evaluated {
    evaluated(json!({ "Resources": resources }), &[])
}

/// Shows requirements of a grade, one a line, without the keys that all have.
fn shown(found: &[Requirement], grade: Grade) -> String {
    let lines = found.iter().filter(|found| found.grade == grade).map(|found| {
        let own = found.keys.iter().filter(|(key, _)| !key.starts_with("aws:Called") && key != "aws:ViaAWSService");
        let own = own.filter(|(key, _)| key != "aws:RequestedRegion");
        let keys: String = own.map(|(key, values)| format!(" {key}={}", values.join(","))).collect();
        format!("{}: {} on {}, {}{keys}\n", found.resource, found.action, found.arn, found.because)
    });
    lines.collect()
}

fn certain(stack: &Evaluated, operation: Operation<'_>) -> String {
    shown(&required(stack, &cell(), operation), Grade::Certain)
}

/// The application of the example, in the form that AWS's transform gives it.
pub(crate) fn example(bucket: &str) -> Evaluated {
    let text = include_str!("../../../../../examples/source/app/template.yaml")
        .replace("CodeUri: src", &format!("CodeUri: s3://{bucket}/app.zip"));
    let template = stackfleet_template::read_body(&text).unwrap();
    let environment = stackfleet_sam::Environment::in_region("eu-west-1");
    let transformed = stackfleet_sam::transform(template.value(), &environment).unwrap();
    evaluated(transformed, &[("Environment", "prod"), ("KeyAction", "delete")])
}

#[test]
fn what_the_example_needs() {
    let mut cell = cell();
    cell.tags = vec![("stackfleet:app".to_owned(), "key-rotation".to_owned())];
    insta::assert_snapshot!(shown(&required(&example("code"), &cell, Operation::Create), Grade::Certain), @r"
    StaleKeysLogGroup: logs:CreateLogGroup on arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1:log-stream:, to make AWS::Logs::LogGroup aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    StaleKeysLogGroup: logs:DescribeLogGroups on arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:, to make AWS::Logs::LogGroup
    StaleKeysLogGroup: logs:PutRetentionPolicy on arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1:log-stream:, for `RetentionInDays` of AWS::Logs::LogGroup
    StaleKeysLogGroup: logs:TagResource on arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1, to tag AWS::Logs::LogGroup aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    FindingsTopic: sns:GetTopicAttributes on arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings, to make AWS::SNS::Topic
    FindingsTopic: sns:CreateTopic on arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings, to make AWS::SNS::Topic aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    FindingsTopic: sns:TagResource on arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings, to tag AWS::SNS::Topic aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    StaleKeysFunction: lambda:CreateFunction on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to make AWS::Lambda::Function aws:RequestTag/stackfleet:app=key-rotation aws:RequestTag/lambda:createdBy=SAM aws:TagKeys=stackfleet:app,lambda:createdBy
    StaleKeysFunction: lambda:GetFunction on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to make AWS::Lambda::Function
    StaleKeysFunction: iam:PassRole on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, for `Role` of AWS::Lambda::Function iam:PassedToService=lambda.amazonaws.com
    StaleKeysFunction: s3:GetObject on arn:aws:s3:::code/app.zip, for `Code` of AWS::Lambda::Function
    StaleKeysFunction: lambda:TagResource on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to tag AWS::Lambda::Function aws:RequestTag/stackfleet:app=key-rotation aws:RequestTag/lambda:createdBy=SAM aws:TagKeys=stackfleet:app,lambda:createdBy
    StaleKeysFunctionDaily: events:PutRule on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, to make AWS::Events::Rule aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    StaleKeysFunctionDaily: events:PutTargets on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, for `Targets` of AWS::Events::Rule events:TargetArn=arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1
    StaleKeysFunctionDaily: events:TagResource on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, to tag AWS::Events::Rule aws:RequestTag/stackfleet:app=key-rotation aws:TagKeys=stackfleet:app
    StaleKeysFunctionDailyPermission: lambda:AddPermission on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to make AWS::Lambda::Permission lambda:Principal=events.amazonaws.com
    StaleKeysFunctionRole: iam:CreateRole on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, to make AWS::IAM::Role aws:RequestTag/stackfleet:app=key-rotation aws:RequestTag/lambda:createdBy=SAM aws:TagKeys=stackfleet:app,lambda:createdBy
    StaleKeysFunctionRole: iam:PutRolePolicy on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, for `Policies` of AWS::IAM::Role
    StaleKeysFunctionRole: iam:AttachRolePolicy on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, for `ManagedPolicyArns` of AWS::IAM::Role iam:PolicyARN=arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
    StaleKeysFunctionRole: iam:TagRole on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, to tag AWS::IAM::Role aws:RequestTag/stackfleet:app=key-rotation aws:RequestTag/lambda:createdBy=SAM aws:TagKeys=stackfleet:app,lambda:createdBy
    ");
}

#[test]
fn what_is_deleted_with_the_example() {
    insta::assert_snapshot!(certain(&example("code"), Operation::Delete), @r"
    StaleKeysLogGroup: logs:DeleteLogGroup on arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/stale-access-keys-prod-eu-west-1:log-stream:, to delete AWS::Logs::LogGroup
    FindingsTopic: sns:DeleteTopic on arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings, to delete AWS::SNS::Topic
    StaleKeysFunction: lambda:DeleteFunction on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to delete AWS::Lambda::Function
    StaleKeysFunctionDaily: events:ListTargetsByRule on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, to delete AWS::Events::Rule
    StaleKeysFunctionDaily: events:RemoveTargets on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, to delete AWS::Events::Rule
    StaleKeysFunctionDaily: events:DeleteRule on arn:aws:events:eu-west-1:111122223333:rule/stale-access-keys-prod, to delete AWS::Events::Rule
    StaleKeysFunctionDailyPermission: lambda:RemovePermission on arn:aws:lambda:eu-west-1:111122223333:function:stale-access-keys-prod-eu-west-1, to delete AWS::Lambda::Permission
    StaleKeysFunctionRole: iam:ListAttachedRolePolicies on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, to delete AWS::IAM::Role
    StaleKeysFunctionRole: iam:ListRolePolicies on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, to delete AWS::IAM::Role
    StaleKeysFunctionRole: iam:DeleteRole on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, to delete AWS::IAM::Role
    StaleKeysFunctionRole: iam:DeleteRolePolicy on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, for `Policies` of AWS::IAM::Role
    StaleKeysFunctionRole: iam:DetachRolePolicy on arn:aws:iam::111122223333:role/stale-access-keys/app-StaleKeysFunctionRole-*, for `ManagedPolicyArns` of AWS::IAM::Role iam:PolicyARN=arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
    ");
}

#[test]
fn names_of_other_resources_are_followed() {
    let stack = stack(json!({
        "Table": { "Type": "AWS::DynamoDB::Table", "Properties": { "KeySchema": [], "TimeToLiveSpecification": {} } },
        "Queue": { "Type": "AWS::SQS::Queue" },
        "Policy": { "Type": "AWS::SQS::QueuePolicy", "Properties": { "Queues": [{ "Ref": "Queue" }], "PolicyDocument": {} } },
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "Path": "/p/", "AssumeRolePolicyDocument": {},
            "PermissionsBoundary": "arn:aws:iam::111122223333:policy/b", "Policies": [{ "PolicyName": "a", "PolicyDocument": {} }],
            "ManagedPolicyArns": [{ "Ref": "Managed" }, "arn:aws:iam::aws:policy/ReadOnlyAccess"] } },
        "Managed": { "Type": "AWS::IAM::ManagedPolicy", "Properties": { "ManagedPolicyName": "m", "PolicyDocument": {} } },
        "Inline": { "Type": "AWS::IAM::Policy", "Properties": { "PolicyName": "i", "PolicyDocument": {}, "Roles": [{ "Ref": "Role" }] } },
        "Schedule": { "Type": "AWS::Scheduler::Schedule", "Properties": { "Name": "s", "Target": { "Arn": "a",
            "RoleArn": { "Fn::GetAtt": ["Role", "Arn"] } } } },
        "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "VersioningConfiguration": { "Status": "Enabled" } } },
        "Parameter": { "Type": "AWS::SSM::Parameter", "Properties": { "Name": "/a/b", "Type": "String", "Value": "x" } },
        "Key": { "Type": "AWS::KMS::Key", "Properties": { "KeyPolicy": {}, "EnableKeyRotation": true } },
        "Alias": { "Type": "AWS::KMS::Alias", "Properties": { "AliasName": "alias/k", "TargetKeyId": { "Ref": "Key" } } },
        "Alarm": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "AlarmName": "a" } },
        "Mapping": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": { "FunctionName": "f",
            "EventSourceArn": { "Fn::GetAtt": ["Queue", "Arn"] } } },
        "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": { "StateMachineName": "m", "RoleArn": { "Fn::GetAtt": ["Role", "Arn"] } } },
        "Layer": { "Type": "AWS::Lambda::LayerVersion", "Properties": { "LayerName": "l", "Content": { "S3Bucket": "b", "S3Key": "k" } } },
    }));
    insta::assert_snapshot!(certain(&stack, Operation::Create), @r"
    Table: dynamodb:DescribeTable on arn:aws:dynamodb:eu-west-1:111122223333:table/app-Table-*, to make AWS::DynamoDB::Table
    Table: dynamodb:CreateTable on arn:aws:dynamodb:eu-west-1:111122223333:table/app-Table-*, to make AWS::DynamoDB::Table
    Table: dynamodb:UpdateTimeToLive on arn:aws:dynamodb:eu-west-1:111122223333:table/app-Table-*, for `TimeToLiveSpecification` of AWS::DynamoDB::Table
    Queue: sqs:CreateQueue on arn:aws:sqs:eu-west-1:111122223333:app-Queue-*, to make AWS::SQS::Queue
    Queue: sqs:GetQueueAttributes on arn:aws:sqs:eu-west-1:111122223333:app-Queue-*, to make AWS::SQS::Queue
    Policy: sqs:SetQueueAttributes on arn:aws:sqs:eu-west-1:111122223333:app-Queue-*, to make AWS::SQS::QueuePolicy
    Role: iam:CreateRole on arn:aws:iam::111122223333:role/p/app-Role-*, to make AWS::IAM::Role iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b
    Role: iam:PutRolePolicy on arn:aws:iam::111122223333:role/p/app-Role-*, for `Policies` of AWS::IAM::Role iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b
    Role: iam:AttachRolePolicy on arn:aws:iam::111122223333:role/p/app-Role-*, for `ManagedPolicyArns` of AWS::IAM::Role iam:PolicyARN=arn:aws:iam::111122223333:policy/m iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b
    Role: iam:AttachRolePolicy on arn:aws:iam::111122223333:role/p/app-Role-*, for `ManagedPolicyArns` of AWS::IAM::Role iam:PolicyARN=arn:aws:iam::aws:policy/ReadOnlyAccess iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b
    Managed: iam:CreatePolicy on arn:aws:iam::111122223333:policy/m, to make AWS::IAM::ManagedPolicy
    Inline: iam:PutRolePolicy on arn:aws:iam::111122223333:role/p/app-Role-*, for `Roles` of AWS::IAM::Policy
    Schedule: scheduler:CreateSchedule on arn:aws:scheduler:eu-west-1:111122223333:schedule/default/s, to make AWS::Scheduler::Schedule
    Schedule: iam:PassRole on arn:aws:iam::111122223333:role/p/app-Role-*, for `Target` of AWS::Scheduler::Schedule iam:PassedToService=scheduler.amazonaws.com
    Bucket: s3:CreateBucket on arn:aws:s3:::app-bucket-*, to make AWS::S3::Bucket s3:locationconstraint=eu-west-1
    Bucket: s3:PutBucketVersioning on arn:aws:s3:::app-bucket-*, for `VersioningConfiguration` of AWS::S3::Bucket
    Parameter: ssm:PutParameter on arn:aws:ssm:eu-west-1:111122223333:parameter/a/b, to make AWS::SSM::Parameter
    Key: kms:CreateKey on *, to make AWS::KMS::Key
    Key: kms:EnableKeyRotation on arn:aws:kms:eu-west-1:111122223333:key/*, for `EnableKeyRotation` of AWS::KMS::Key
    Alias: kms:CreateAlias on arn:aws:kms:eu-west-1:111122223333:alias/k, to make AWS::KMS::Alias
    Alias: kms:CreateAlias on arn:aws:kms:eu-west-1:111122223333:key/*, to make AWS::KMS::Alias
    Alarm: cloudwatch:PutMetricAlarm on arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a, to make AWS::CloudWatch::Alarm
    Mapping: lambda:CreateEventSourceMapping on *, to make AWS::Lambda::EventSourceMapping lambda:FunctionArn=arn:aws:lambda:eu-west-1:111122223333:function:f
    Mapping: lambda:GetEventSourceMapping on arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:*, to make AWS::Lambda::EventSourceMapping
    Machine: states:CreateStateMachine on arn:aws:states:eu-west-1:111122223333:stateMachine:m, to make AWS::StepFunctions::StateMachine
    Machine: iam:PassRole on arn:aws:iam::111122223333:role/p/app-Role-*, for `RoleArn` of AWS::StepFunctions::StateMachine iam:PassedToService=states.amazonaws.com
    Layer: lambda:PublishLayerVersion on arn:aws:lambda:eu-west-1:111122223333:layer:l, to make AWS::Lambda::LayerVersion
    Layer: s3:GetObject on arn:aws:s3:::b/k, for `Content` of AWS::Lambda::LayerVersion
    ");
}

#[test]
fn types_that_only_the_lists_know() {
    let stack = stack(json!({
        "Repository": { "Type": "AWS::ECR::Repository", "Properties": { "RepositoryName": "r", "Tags": [{ "Key": "a", "Value": "b" }] } },
        "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": { "Family": "f", "TaskRoleArn": "arn:aws:iam::111122223333:role/r" } },
        "Custom": { "Type": "Custom::Thing", "Properties": { "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:f" } },
        "Strange": { "Type": "AWS::No::Such" },
    }));
    let found = required(&stack, &cell(), Operation::Create);
    insta::assert_snapshot!(shown(&found, Grade::Certain), @r"Repository: ecr:CreateRepository on arn:aws:ecr:eu-west-1:111122223333:repository/r, to make AWS::ECR::Repository");
    insta::assert_snapshot!(shown(&found, Grade::ByProperty), @r"
    Repository: ecr:TagResource on arn:aws:ecr:eu-west-1:111122223333:repository/r, to make AWS::ECR::Repository
    Task: iam:PassRole on arn:aws:iam::111122223333:role/r, for `TaskRoleArn` of AWS::ECS::TaskDefinition
    ");
    assert!(found.iter().any(|found| found.grade == Grade::Possible && found.action == "ecs:RegisterTaskDefinition"));
}

#[test]
fn an_update_needs_what_changes() {
    let stack = |retention: u64, text: &str, extra: bool| {
        let mut resources = json!({
            "Group": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "g", "RetentionInDays": retention } },
            "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "TopicName": text } },
            "Role": { "Type": "AWS::IAM::Role", "Properties": { "RoleName": "r", "AssumeRolePolicyDocument": {},
                "Policies": [{ "PolicyName": "a", "PolicyDocument": { "a": text } }] } },
        });
        if extra {
            resources["Parameter"] =
                json!({ "Type": "AWS::SSM::Parameter", "Properties": { "Name": "n", "Type": "String", "Value": "x" } });
        }
        super::required::stack(resources)
    };
    let (before, after) = (stack(1, "a", true), stack(3, "b", false));
    insta::assert_snapshot!(certain(&after, Operation::Update { previous: Some(&before) }), @r"
    Group: logs:DescribeLogGroups on arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:, to change AWS::Logs::LogGroup
    Group: logs:PutRetentionPolicy on arn:aws:logs:eu-west-1:111122223333:log-group:g:log-stream:, to change AWS::Logs::LogGroup
    Topic: sns:GetTopicAttributes on arn:aws:sns:eu-west-1:111122223333:b, to make AWS::SNS::Topic
    Topic: sns:CreateTopic on arn:aws:sns:eu-west-1:111122223333:b, to make AWS::SNS::Topic
    Topic: sns:DeleteTopic on arn:aws:sns:eu-west-1:111122223333:a, to delete AWS::SNS::Topic
    Role: iam:PutRolePolicy on arn:aws:iam::111122223333:role/r, to change AWS::IAM::Role
    Parameter: ssm:DeleteParameter on arn:aws:ssm:eu-west-1:111122223333:parameter/n, to delete AWS::SSM::Parameter
    ");
    assert_eq!(required(&before, &cell(), Operation::Update { previous: Some(&before) }), []);
    // What changes is not known: only what every change calls is certain.
    insta::assert_snapshot!(certain(&after, Operation::Update { previous: None }), @r"Group: logs:DescribeLogGroups on arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:, to change AWS::Logs::LogGroup");
}

#[test]
fn keys_of_the_calls() {
    let stack = stack(json!({
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "RoleName": "r", "AssumeRolePolicyDocument": {} } },
        "Topic": { "Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain" },
    }));
    let found = required(&stack, &cell(), Operation::Create);
    let key = |resource: &str, name: &str| {
        let requirement = found.iter().find(|found| found.resource == resource).unwrap();
        requirement.keys.iter().find(|(key, _)| key == name).map(|(_, values)| values.join(",")).unwrap_or_default()
    };
    assert_eq!(key("Role", "aws:RequestedRegion"), "us-east-1", "IAM is global");
    assert_eq!(key("Topic", "aws:RequestedRegion"), "eu-west-1");
    assert_eq!(key("Topic", "aws:CalledVia"), "cloudformation.amazonaws.com");
    let topic = found.iter().find(|found| found.action == "sns:CreateTopic").unwrap();
    assert_eq!(topic.arn, "arn:aws:sns:eu-west-1:111122223333:app-Topic-*");
    assert_eq!(topic.example_arn(), "arn:aws:sns:eu-west-1:111122223333:app-Topic-1A2B3C4D5E6F7");
    assert_eq!(topic.pointer, "/Resources/Topic");
    assert!(
        required(&stack, &cell(), Operation::Delete).iter().all(|found| found.resource == "Role"),
        "it is retained"
    );
}
