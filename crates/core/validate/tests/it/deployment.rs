//! What depends on where a template goes.

use std::collections::BTreeMap;

use stackfleet_base::Region;
use stackfleet_validate::Deployment;

use crate::kit::findings_for;

fn regions(names: &[&str]) -> Vec<Region> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

const NAMES: &str = "
Parameters:
  Name: { Type: String }
Conditions:
  Primary: !Equals [!Ref AWS::Region, us-east-1]
Resources:
  Literal: { Type: AWS::S3::Bucket, Properties: { BucketName: logs } }
  ByAccount: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub 'logs-${AWS::AccountId}' } }
  ByBoth: { Type: AWS::S3::Bucket, Properties: { BucketName: !Join ['-', [!Ref AWS::Region, !Ref AWS::AccountId]] } }
  ByParameter: { Type: AWS::S3::Bucket, Properties: { BucketName: !Ref Name } }
  ByStack: { Type: AWS::S3::Bucket, Properties: { BucketName: !Sub '${AWS::StackName}-logs' } }
  User: { Type: AWS::IAM::User, Properties: { UserName: ci } }
  Once: { Type: AWS::IAM::User, Condition: Primary, Properties: { UserName: once } }
  Own: { Type: AWS::SNS::Topic, Properties: { TopicName: alarms } }
";

#[test]
fn names_that_collide_in_several_regions() {
    let regions = regions(&["eu-west-1", "us-east-1"]);
    let deployment = Deployment { regions: &regions, acknowledges_capabilities: true, ..Deployment::default() };
    insta::assert_snapshot!(findings_for(NAMES, &deployment), @r"
    7:63 VAL005: `BucketName` is the same in every region that the template goes to, and there can be one in all of AWS <logs>
        help: add `${AWS::Region}` to it, or leave the name to CloudFormation
    8:65 VAL005: `BucketName` is the same in every region that the template goes to, and there can be one in all of AWS <!Sub 'logs-${AWS::AccountId}'>
        help: add `${AWS::Region}` to it, or leave the name to CloudFormation
    10:67 warning VAL005: `BucketName` is the same in every region that the template goes to, and there can be one in all of AWS <!Ref Name>
        help: add `${AWS::Region}` to it, or give the parameter another value in each
    12:57 VAL005: `UserName` is the same in every region that the template goes to, and there can be one in an account <ci>
        help: add `${AWS::Region}` to it, or leave the name to CloudFormation
    ");
    let known = BTreeMap::from([("Name".to_owned(), "logs".to_owned())]);
    let deployment = Deployment { parameters: Some(&known), ..deployment };
    let text = NAMES.replace("  Literal", "  # Literal").replace("  User:", "  # User:");
    insta::assert_snapshot!(findings_for(&text, &deployment), @r"
    8:65 VAL005: `BucketName` is the same in every region that the template goes to, and there can be one in all of AWS <!Sub 'logs-${AWS::AccountId}'>
        help: add `${AWS::Region}` to it, or leave the name to CloudFormation
    10:67 VAL005: `BucketName` is the same in every region that the template goes to, and there can be one in all of AWS <!Ref Name>
        help: add `${AWS::Region}` to it, or leave the name to CloudFormation
    ");
}

#[test]
fn names_that_collide_in_several_accounts() {
    let regions = regions(&["eu-west-1"]);
    let deployment = Deployment { regions: &regions, several_accounts: true, ..Deployment::default() };
    insta::assert_snapshot!(findings_for(NAMES, &deployment), @r"
    7:63 VAL005: `BucketName` is the same in every account that the template goes to, and there can be one in all of AWS <logs>
        help: add `${AWS::AccountId}` to it, or leave the name to CloudFormation
    10:67 warning VAL005: `BucketName` is the same in every account that the template goes to, and there can be one in all of AWS <!Ref Name>
        help: add `${AWS::AccountId}` to it, or give the parameter another value in each
    ");
    let one = Deployment { several_accounts: false, ..deployment };
    assert_eq!(findings_for(NAMES, &one), "");
}

#[test]
fn regions_that_lack_something() {
    let regions = regions(&["eu-west-1", "eu-north-1"]);
    let text = "
Mappings:
  Images:
    eu-west-1: { Id: ami-1 }
Conditions:
  Old: !Equals [!Ref AWS::Region, eu-west-1]
Resources:
  Always: { Type: AWS::EC2::Instance, Properties: { ImageId: !FindInMap [Images, !Ref AWS::Region, Id] } }
  Perhaps: { Type: AWS::EC2::Instance, Condition: Old, Properties: { ImageId: !FindInMap [Images, !Ref AWS::Region, Id] } }
  Service: { Type: AWS::AppRunner::Service, Properties: { SourceConfiguration: {} } }
";
    let deployment = Deployment { regions: &regions, ..Deployment::default() };
    insta::assert_snapshot!(findings_for(text, &deployment), @r"
    8:73 TPL007: the mapping `Images` has nothing for eu-north-1 <[Images, !Ref AWS::Region, Id]>
        help: add the region to the mapping, or do not deploy there
    9:90 warning TPL007: the mapping `Images` has nothing for eu-north-1 <[Images, !Ref AWS::Region, Id]>
        help: add the region to the mapping, or do not deploy there
    10:20 warning RES002: CloudFormation has no `AWS::AppRunner::Service` in eu-north-1 <AWS::AppRunner::Service>
        help: leave these regions out, or do without it there
    ");
    assert_eq!(crate::kit::findings(text), "");
}

#[test]
fn parameters_that_are_given() {
    let text = "
Parameters:
  Size: { Type: Number, MaxValue: 10 }
  Stage: { Type: String, AllowedValues: [dev, prod], Default: dev }
  Name: { Type: String }
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub '${Name}-${Stage}-${Size}' } }
";
    let given = BTreeMap::from([("Size", "11"), ("Stge", "prod")].map(|(name, value)| (name.into(), value.into())));
    let deployment = Deployment { parameters: Some(&given), ..Deployment::default() };
    assert_eq!(findings_for(text, &deployment), "");
    let deployment = Deployment { has_all_parameters: true, ..deployment };
    insta::assert_snapshot!(findings_for(text, &deployment), @r"
    2:1 TPL006: the template has no parameter `Stge` <Parameters>
        help: did you mean `Stage`?
    3:3 TPL006: Parameter 'Size' must be a number not greater than 10 <Size>
        help: give another value, or change the constraint
    5:3 TPL006: the parameter `Name` has no value <Name>
        help: give it one, or write a `Default`
    ");
}
