//! SAM templates: what the transform refuses and what is wrong with what it makes, at the place that is written.

use crate::kit::findings;

#[test]
fn a_missing_transform_is_told_once_with_a_fix() {
    let resources = "Resources:
  Finder:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src, Handler: a.b, Runtime: python3.13, Events: { E: { Type: Api, Properties: { Path: /, Method: get, RestApiId: !Ref Api } } } }
  Api: { Type: AWS::Serverless::Api, Properties: { StageName: x, DefinitionBody: { a: !GetAtt Finder.Arn } } }
";
    let text = format!("\n# first\nGlobals: {{ Function: {{ Timeout: 3 }} }}\n{resources}");
    insta::assert_snapshot!(findings(&text), @r"
    6:11 VAL002: `AWS::Serverless::Function` needs the SAM transform, which the template does not ask for <AWS::Serverless::Function>
        help: add `Transform: AWS::Serverless-2016-10-31`
        fix: add `Transform: AWS::Serverless-2016-10-31`
    ");
    let mut sources = stackfleet_base::Sources::default();
    let json = "{\"Resources\": {\"A\": {\"Type\": \"AWS::Serverless::SimpleTable\"}}}";
    for text in [text.as_str(), json] {
        let (_, found) = stackfleet_validate::template(sources.add(text, text), text, &Default::default());
        let fixed = stackfleet_template::apply_edits(text, &found[0].fix.as_ref().unwrap().edits).unwrap();
        assert!(!findings(&fixed).contains("VAL002"), "{fixed}");
        assert!(stackfleet_template::read_body(&fixed).unwrap().is_serverless());
    }
}

#[test]
fn findings_point_at_what_is_written() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Unused: { Type: String, Default: x }
Globals:
  Function: { Runtime: python3.99, MemorySize: 64 }
Resources:
  Finder:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: a.b
      Environment: { Variables: { TABLE: !Ref Tabel, ARN: !GetAtt Table.Arm } }
      Policies:
        - S3ReadPolicy: { BucketName: b }
        - Statement: [{ Effect: Allow, Action: GetItem, Resource: !GetAtt Table.Arn }]
      Events:
        Daily: { Type: Schedule, Properties: { Schedule: daily } }
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties: { KeySchema: [{ AttributeName: a, KeyType: HASHED }], BilingMode: PAY_PER_REQUEST }
";
    insta::assert_snapshot!(findings(text), @r"
    4:3 warning TPL021: the parameter `Unused` is used nowhere <Unused>
    6:24 warning RES006: `Runtime` of `AWS::Lambda::Function` cannot be `python3.99` <python3.99>
        help: did you mean `python3.9`?
    6:48 RES007: `MemorySize` of `AWS::Lambda::Function` is 64; it can be at least 128 <64>
    13:47 TPL003: Template format error: Unresolved resource dependencies [Tabel] in the Resources block of the template <Tabel>
        help: did you mean `Table`?
    13:73 RES012: `AWS::DynamoDB::Table` has no attribute `Arm` <Arm>
        help: did you mean `Arn`?
    16:48 POL010: `GetItem` is no action <GetItem>
        help: write `service:Name`, such as `s3:GetObject`, or `*`
    18:58 warning RES008: `ScheduleExpression` of `AWS::Events::Rule` has not the form it should <daily>
        help: it must match `^(rate\(.+\)|cron\(.+\))?$`
    23:71 RES003: `AWS::DynamoDB::Table` has no property `BilingMode` <BilingMode>
        help: did you mean `BillingMode`?
        fix: write `BillingMode`
    ");
}

#[test]
fn refusals_of_the_transform_point_at_the_property() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Finder:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: a.b
      Runtime: python3.13
      Timout: 3
  Api:
    Type: AWS::Serverless::Api
    Properties: { DefinitionBody: {} }
  Poller:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x
      Handler: a.b
      Runtime: python3.13
      Events:
        Web: { Type: Api, Properties: { Path: /, Methd: get } }
        Queue: { Type: SQS, Properties: {} }
";
    insta::assert_snapshot!(findings(text), @r"
    10:7 PRJ022: the SAM transform refuses this: Resource with id [Finder] is invalid. property Timout not defined for resource of type AWS::Serverless::Function <Timout>
    11:3 PRJ022: the SAM transform refuses this: Resource with id [Api] is invalid. Missing required property 'StageName' <Api>
    21:9 PRJ022: the SAM transform refuses this: Resource with id [Poller] is invalid. Event with id [Web] is invalid. Property 'Method' is required <Web>
    ");
}

#[test]
fn nulls_count_after_the_transform() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: { StartAt: A, States: { A: { Type: Pass, ResultPath: null, End: true } } }
  Topic:
    Type: AWS::SNS::Topic
    Properties: { TopicName: }
";
    insta::assert_snapshot!(findings(text), @r"
    10:29 TPL002: [/Resources/Topic/Properties/TopicName] 'null' values are not allowed in templates <>
        help: write a value, or remove the key
    ");
}
