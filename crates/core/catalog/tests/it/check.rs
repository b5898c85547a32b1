//! What is said about wrong resources, and what is not said about right ones.

use insta::assert_snapshot;
use stackfleet_base::Region;
use stackfleet_catalog::{catalog, check};
use stackfleet_template::read_body;

fn found(text: &str) -> String {
    found_in(text, &[])
}

fn found_in(text: &str, regions: &[&str]) -> String {
    let regions: Vec<Region> = regions.iter().map(|region| region.parse().unwrap()).collect();
    let template = read_body(text).unwrap();
    let line = |problem: check::Problem| {
        assert!(template.value().pointer(&problem.pointer).is_some(), "{} names nothing", problem.pointer);
        let help = problem.help.map_or_else(String::new, |help| format!(" ({help})"));
        format!("{:?} {} {}: {}{help}\n", problem.severity, problem.code, problem.pointer, problem.message)
    };
    check::template(catalog(), template.value(), &regions).into_iter().map(line).collect()
}

#[test]
fn mistakes_of_all_kinds() {
    assert_snapshot!(found("
Resources:
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Tiemout: 3
      MemorySize: 64
      Timeout: often
      Architectures: arm64
      Code: { S3Bukcet: code, S3Key: [a] }
      TracingConfig: { Mode: Aktiv }
      Arn: arn:aws:lambda:eu-west-1:111111111111:function:x
      Layers: [ '' ]
      Runtime: python3.99
      Tags:
        - { Key: a, Value: b }
        - { Key: a, Value: b }
  Tabel: { Type: AWS::DynamoDB::Tabel }
  Thing: { Type: AWS::Unheard::Of }
  Rule:
    Type: AWS::Events::Rule
    Properties: { State: enabled }
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: { VpcId: vpc-1 }
  Old: { Type: AWS::AutoScaling::LaunchConfiguration, Properties: { ImageId: ami-1, InstanceType: t3.micro } }
Outputs:
  Name: { Value: !GetAtt Finder.Nmae }
  Version: { Value: !Sub 'v ${Finder.Runtime} ${!Finder.X} ${Thing.X}' }
"), @r"
    Error RES003 /Resources/Finder/Properties/Tiemout: `AWS::Lambda::Function` has no property `Tiemout` (did you mean `Timeout`?)
    Error RES007 /Resources/Finder/Properties/MemorySize: `MemorySize` of `AWS::Lambda::Function` is 64; it can be at least 128
    Error RES005 /Resources/Finder/Properties/Timeout: `Timeout` of `AWS::Lambda::Function` is a whole number, not `often`
    Error RES005 /Resources/Finder/Properties/Architectures: `Architectures` of `AWS::Lambda::Function` is a list, not text
    Error RES003 /Resources/Finder/Properties/Code/S3Bukcet: `Code` of `AWS::Lambda::Function` has no property `S3Bukcet` (did you mean `S3Bucket`?)
    Error RES005 /Resources/Finder/Properties/Code/S3Key: `Code.S3Key` of `AWS::Lambda::Function` is text, not a list
    Error RES006 /Resources/Finder/Properties/TracingConfig/Mode: `TracingConfig.Mode` of `AWS::Lambda::Function` cannot be `Aktiv` (it can be `Active`, `PassThrough`)
    Warning RES007 /Resources/Finder/Properties/Layers/0: `Layers[0]` of `AWS::Lambda::Function` has 0 letters; it can have at least 1
    Warning RES006 /Resources/Finder/Properties/Runtime: `Runtime` of `AWS::Lambda::Function` cannot be `python3.99` (did you mean `python3.9`?)
    Warning RES011 /Resources/Finder/Properties/Tags/1: `Tags[1]` of `AWS::Lambda::Function` is in the list twice
    Error RES004 /Resources/Finder/Properties: `AWS::Lambda::Function` needs `Role` (add `Role`)
    Warning RES009 /Resources/Finder/Properties/Arn: `Arn` of `AWS::Lambda::Function` is set by AWS (remove it: it is refused or ignored)
    Error RES001 /Resources/Tabel/Type: there is no resource type `AWS::DynamoDB::Tabel` (did you mean `AWS::DynamoDB::Table`?)
    Warning RES001 /Resources/Thing/Type: there is no resource type `AWS::Unheard::Of` (mind the spelling)
    Warning RES006 /Resources/Rule/Properties/State: `State` of `AWS::Events::Rule` cannot be `enabled` (did you mean `ENABLED`?)
    Warning RES010 /Resources/Rule/Properties: `AWS::Events::Rule` needs one of `EventPattern`, `ScheduleExpression`
    Warning RES010 /Resources/Subnet/Properties: `AWS::EC2::Subnet` needs one of `CidrBlock`, `Ipv4IpamPoolId`, `Ipv6IpamPoolId`, `Ipv6CidrBlock`
    Note RES013 /Resources/Old/Type: `AWS::AutoScaling::LaunchConfiguration` is only for accounts that use it already since 2024-10-01 (look in AWS's documentation for what succeeds it)
    Error RES012 /Outputs/Name/Value/Fn::GetAtt: `AWS::Lambda::Function` has no attribute `Nmae` (it has `SnapStartResponse`, `SnapStartResponse.ApplyOn`, `SnapStartResponse.OptimizationStatus`, `Arn`)
    Warning RES012 /Outputs/Version/Value/Fn::Sub: `AWS::Lambda::Function` has no attribute `Runtime` (it has `SnapStartResponse`, `SnapStartResponse.ApplyOn`, `SnapStartResponse.OptimizationStatus`, `Arn`)
    ");
}

#[test]
fn regions_that_do_not_have_a_type() {
    let text = "
Resources:
  Service:
    Type: AWS::AppRunner::Service
    Properties: { SourceConfiguration: {} }
";
    assert_snapshot!(found_in(text, &["eu-west-1", "eu-north-1", "us-iso-east-1"]), @"Warning RES002 /Resources/Service/Type: CloudFormation has no `AWS::AppRunner::Service` in eu-north-1 (leave these regions out, or do without it there)");
}

#[test]
fn values_that_cloudformation_turns_into_what_is_wanted() {
    assert_eq!(found("
Resources:
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: '60'
      MemorySize: 128
      Role: '{{resolve:ssm:role}}'
      Runtime: python3.13
      Handler: index.handler
      Code: { ZipFile: 'pass' }
      Environment: { Variables: { DAYS: 3, LOUD: true } }
      VpcConfig: { Ipv6AllowedForDualStack: 'TRUE' }
  Queue: { Type: AWS::SQS::Queue, Properties: { DelaySeconds: '5', FifoQueue: 'true', RedrivePolicy: '{\"maxReceiveCount\": 3}' } }
  Role:
    Type: AWS::IAM::Role
    Properties: { AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Condition: { Bool: { 'aws:x': true } } }] } }
"), "");
}

#[test]
fn what_functions_give_is_not_known_but_for_its_kind() {
    assert_snapshot!(found("
Parameters: { Days: { Type: Number }, Bucket: { Type: String } }
Conditions: { Large: !Equals [!Ref Days, 3] }
Resources:
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: !Ref Days
      MemorySize: !If [Large, 99999, !Ref AWS::NoValue]
      Role: !ImportValue role
      Runtime: !Sub '${Bucket}'
      Code: !If [Large, { S3Bucket: !Ref Bucket, S3Kye: x }, { ZipFile: !Ref AWS::NoValue }]
      Layers: !Split [',', !Ref Bucket]
      Tags: !Sub '${Bucket}'
      TracingConfig: !If [Large, !Ref AWS::NoValue, { Mode: !If [Large, Active, Loud] }]
      Architectures: [ !If [Large, arm64, !Ref AWS::NoValue] ]
"), @r"
    Error RES007 /Resources/Finder/Properties/MemorySize/Fn::If/1: `MemorySize` of `AWS::Lambda::Function` is 99999; it can be at most 32768
    Error RES003 /Resources/Finder/Properties/Code/Fn::If/1/S3Kye: `Code` of `AWS::Lambda::Function` has no property `S3Kye` (did you mean `S3Key`?)
    Error RES005 /Resources/Finder/Properties/Tags: `Tags` of `AWS::Lambda::Function` is a list, and the function gives text
    Error RES006 /Resources/Finder/Properties/TracingConfig/Fn::If/2/Mode/Fn::If/2: `TracingConfig.Mode` of `AWS::Lambda::Function` cannot be `Loud` (it can be `Active`, `PassThrough`)
    ");
}

#[test]
fn what_conditions_leave_out_may_be_missing() {
    assert_snapshot!(found("
Conditions: { Large: !Equals [!Ref AWS::Region, eu-west-1] }
Resources:
  Maybe:
    Type: AWS::Lambda::Function
    Properties: { Role: !If [Large, a, !Ref AWS::NoValue], Code: { ZipFile: x } }
  Never:
    Type: AWS::Lambda::Function
    Properties: { Role: !Ref AWS::NoValue, Code: { ZipFile: x } }
"), @r"
    Warning RES008 /Resources/Maybe/Properties/Role/Fn::If/1: `Role` of `AWS::Lambda::Function` has not the form it should (it must match `^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
    Error RES004 /Resources/Never/Properties: `AWS::Lambda::Function` needs `Role` (add `Role`)
    ");
}

#[test]
fn properties_that_exclude_or_need_each_other() {
    assert_snapshot!(found("
Resources:
  Schedule:
    Type: AWS::Events::Rule
    Properties: { Description: x }
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: arn:aws:iam::111111111111:role/x
      Stages: []
      ArtifactStore: { Type: S3, Location: x }
      ArtifactStores: [{ Region: eu-west-1, ArtifactStore: { Type: S3, Location: x } }]
"), @r"
    Warning RES010 /Resources/Schedule/Properties: `AWS::Events::Rule` needs one of `EventPattern`, `ScheduleExpression`
    Warning RES007 /Resources/Pipeline/Properties/Stages: `Stages` of `AWS::CodePipeline::Pipeline` has 0 members; it can have at least 2
    Warning RES010 /Resources/Pipeline/Properties: `AWS::CodePipeline::Pipeline` takes only one of `ArtifactStore`, `ArtifactStores`
    ");
}

#[test]
fn schemas_with_alternatives() {
    assert_snapshot!(found("
Resources:
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Scope: REGIONAL
      DefaultAction: { Allow: {} }
      VisibilityConfig: { CloudWatchMetricsEnabled: true, MetricName: x, SampledRequestsEnabled: true }
      Rules:
        - Name: one
          Priority: 1
          VisibilityConfig: { CloudWatchMetricsEnabled: true, MetricName: x, SampledRequestsEnabled: true }
          Statement: { NotStatement: { Statement: { GeoMatchStatement: { CountryCodes: [DE, Germany] } } } }
"), @"Error RES006 /Resources/Acl/Properties/Rules/0/Statement/NotStatement/Statement/GeoMatchStatement/CountryCodes/1: `Rules[0].Statement.NotStatement.Statement.GeoMatchStatement.CountryCodes[1]` of `AWS::WAFv2::WebACL` cannot be `Germany` (it can be `AD`, `AE`, `AF`, `AG`, `AI`, `AL`, `AM`, `AO` or one of 242 others)");
}

#[test]
fn templates_and_resources_that_are_left_alone() {
    for text in [
        "{ Transform: MyMacro, Resources: { A: { Type: AWS::SNS::Topic, Properties: { Wrong: 1 } } } }",
        "{ Resources: { A: { Type: Custom::Thing, Properties: { ServiceToken: x, Any: 1 } } } }",
        "{ Resources: { A: { Type: My::Own::Thing, Properties: { Any: 1 } }, B: { Type: Org::Team::Part::MODULE } } }",
        "{ Transform: AWS::Serverless-2016-10-31, Resources: { A: { Type: AWS::Serverless::Function, Properties: { Any: 1 } } } }",
        "{ Resources: { A: { Type: AWS::SNS::Topic, Properties: { 'Fn::Transform': { Name: X } } } } }",
        "{ Resources: { A: { Type: AWS::SNS::Topic } } }",
        "{ Resources: { A: { Type: AWS::CloudFormation::WaitConditionHandle } } }",
    ] {
        assert_eq!(found(text), "", "{text}");
    }
}

#[test]
fn every_code_is_documented() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let codes = include_str!("../../src/check.rs").match_indices("\"RES").count();
    assert!(codes > 10);
    for number in 1..=codes {
        assert_eq!(documentation.matches(&format!("| RES{number:03} |")).count(), 1, "RES{number:03}");
    }
}
