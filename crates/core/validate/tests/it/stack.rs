//! What happens to resources: policies that their types do not heed, data that is lost, capabilities.

use stackfleet_base::Severity;
use stackfleet_validate::Deployment;

use crate::kit::{findings, lines};

#[test]
fn policies_that_are_not_heeded() {
    let text = "
Resources:
  Topic:
    Type: AWS::SNS::Topic
    CreationPolicy: { ResourceSignal: { Count: 1 } }
    UpdatePolicy: { UseOnlineResharding: true }
    DeletionPolicy: Snapshot
  Volume:
    Type: AWS::EC2::Volume
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties: { AvailabilityZone: eu-west-1a, Size: 1 }
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    CreationPolicy: { ResourceSignal: { Count: 1 } }
    UpdatePolicy: { AutoScalingRollingUpdate: { MinInstancesInService: 1 } }
    Properties: { MinSize: '0', MaxSize: '1', LaunchTemplate: { LaunchTemplateId: lt-1, Version: '1' } }
  Own:
    Type: Custom::Thing
    Properties: { ServiceToken: x }
";
    insta::assert_snapshot!(findings(text), @r"
    5:5 warning VAL007: CloudFormation heeds no `CreationPolicy` of `AWS::SNS::Topic` <CreationPolicy>
        help: remove it
    6:5 warning VAL007: CloudFormation heeds no `UpdatePolicy` of `AWS::SNS::Topic` <UpdatePolicy>
        help: remove it
    7:21 warning VAL007: CloudFormation makes no snapshots of `AWS::SNS::Topic` <Snapshot>
        help: write `Retain` or `Delete`
    ");
}

#[test]
fn notes_tell_of_data_and_capabilities() {
    let text = "
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: { KeySchema: [{ AttributeName: a, KeyType: HASH }], BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{ AttributeName: a, AttributeType: S }] }
  Kept:
    Type: AWS::EFS::FileSystem
    DeletionPolicy: Retain
  Database:
    Type: AWS::RDS::DBInstance
    UpdateReplacePolicy: Snapshot
    Properties: { DBInstanceClass: db.t4g.micro, Engine: mysql }
  Bucket: { Type: AWS::S3::Bucket }
  Role:
    Type: AWS::IAM::Role
    Properties: { AssumeRolePolicyDocument: { Statement: [] } }
  User: { Type: AWS::IAM::User, Properties: { UserName: ana } }
";
    let notes = |deployment: &Deployment<'_>| lines(text, deployment, |found| found.severity == Severity::Note);
    insta::assert_snapshot!(notes(&Deployment::default()), @r"
    3:3 note VAL006: `Table` holds data, which is lost when it is deleted or replaced <Table>
        help: say what happens to it: `DeletionPolicy` and `UpdateReplacePolicy` with `Retain`, `Snapshot` or `Delete`
    6:3 note VAL006: `Kept` holds data, which is lost when an update replaces it <Kept>
        help: say what happens to it: `DeletionPolicy` and `UpdateReplacePolicy` with `Retain`, `Snapshot` or `Delete`
    17:47 note VAL001: deploying this needs CAPABILITY_NAMED_IAM <UserName>
        help: `--capabilities CAPABILITY_NAMED_IAM` of the AWS CLI; because of User (AWS::IAM::User)
    ");
    let acknowledged = notes(&Deployment { acknowledges_capabilities: true, ..Deployment::default() });
    assert!(!acknowledged.contains("VAL001") && acknowledged.contains("VAL006"));
}
