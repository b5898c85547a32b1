//! How fast templates are read: `cargo bench -p stackfleet-template`.
//!
//! It prints milliseconds (the best of many rounds) and megabytes a second for a YAML template of CloudFormation's
//! greatest size, 1 MiB, and for a typical one of 10 kB: the whole of [`stackfleet_template::read`], the tree with
//! places alone, and the checks. `-- once` reads the large one a single time, for a profiler that counts instructions
//! (`once-many`: with more resources than allowed; `once-tree`: the tree alone; `once-none`: nothing).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    fmt::Write,
    hint::black_box,
    time::{Duration, Instant},
};

use stackfleet_base::{FileId, Sources};
use stackfleet_template::{URL_BYTES_MAX, check, read, read_body, yaml};

const HEAD: &str = "\
AWSTemplateFormatVersion: '2010-09-09'
Description: >-
  Ingestion of orders: queues, workers and their roles,
  one set for each partner.

Parameters:
  Environment:
    Type: String
    Default: dev
    AllowedValues: [dev, staging, prod]
    Description: Decides about sizes and alarms.
  VpcId: { Type: 'AWS::EC2::VPC::Id' }
  AlarmTopic:
    Type: AWS::SSM::Parameter::Value<String>
    Default: /shared/alarm-topic

Mappings:
  Sizes:
    dev: { Memory: 256, Timeout: 30 }
    staging: { Memory: 512, Timeout: 30 }
    prod: { Memory: 1024, Timeout: 60 }

Conditions:
  IsProd: !Equals [!Ref Environment, prod]

Resources:
";

/// What one partner has: `@` stands for its number.
const PARTNER: &str = r#"
  # ---------------------------------------------------------------- partner @
  Queue@:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      QueueName: !Sub '${AWS::StackName}-partner-@'
      VisibilityTimeout: 360 # six times the function's timeout
      KmsMasterKeyId: alias/aws/sqs
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadLetters@.Arn
        maxReceiveCount: 5
      Tags:
        - Key: environment
          Value: !Ref Environment
        - { Key: partner, Value: 'p-@' }

  DeadLetters@:
    Type: AWS::SQS::Queue
    Properties:
      MessageRetentionPeriod: 1209600

  Role@:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: { Service: lambda.amazonaws.com }
            Action: sts:AssumeRole
      ManagedPolicyArns:
        - !Sub arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
      Policies:
        - PolicyName: queue
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action:
                  - sqs:ReceiveMessage
                  - sqs:DeleteMessage
                  - sqs:GetQueueAttributes
                Resource: !GetAtt Queue@.Arn
              # Objects of the partner alone.
              - Effect: Allow
                Action: ['s3:GetObject', 's3:PutObject']
                Resource: !Join ['', [!GetAtt Bucket.Arn, '/partners/@/*']]

  Function@:
    Type: AWS::Lambda::Function
    DependsOn: [LogGroup@]
    Metadata:
      checkov: { skip: [{ id: CKV_AWS_116, comment: "the queue has a dead-letter queue" }] }
    Properties:
      FunctionName: !Sub '${AWS::StackName}-worker-@'
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role@.Arn
      MemorySize: !FindInMap [Sizes, !Ref Environment, Memory]
      Timeout: !FindInMap [Sizes, !Ref Environment, Timeout]
      Environment:
        Variables:
          BUCKET: !Ref Bucket
          LOG_LEVEL: !If [IsProd, WARNING, DEBUG]
          PARTNER: "partner-@"
          ENDPOINT: !Sub
            - https://${Host}/orders/${AWS::Region}
            - Host: !If
                - IsProd
                - orders.example.com
                - !Sub ${Environment}.orders.example.com
      Code:
        ZipFile: |
          import json
          import os

          def handler(event, context):
              """Stores each message under the partner's prefix."""
              stored = []
              for record in event["Records"]:
                  body = json.loads(record["body"])
                  key = f"partners/{os.environ['PARTNER']}/{body['id']}.json"
                  stored.append(key)  # the key is unique
              return {"stored": stored}

  LogGroup@:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub '/aws/lambda/${AWS::StackName}-worker-@'
      RetentionInDays: !If [IsProd, 365, 30]

  Mapping@:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { EventSourceArn: !GetAtt 'Queue@.Arn', FunctionName: !Ref 'Function@', BatchSize: 10 }

  Alarm@:
    Type: AWS::CloudWatch::Alarm
    Condition: IsProd
    Properties:
      AlarmDescription: !Sub "Messages of partner @ in ${AWS::AccountId}/${AWS::Region} could not be handled"
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions:
        - Name: QueueName
          Value: !GetAtt DeadLetters@.QueueName
      Statistic: Maximum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref AlarmTopic]
"#;

/// The beginning of a partner's API and of its security group; each goes on with many of the next two.
const API: &str = r#"
  Api@:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: !Sub '${AWS::StackName}-api-@'
      EndpointConfiguration: { Types: [REGIONAL] }
      Body:
        openapi: 3.0.1
        info: { title: !Sub 'orders-${Environment}', version: '1.0' }
        paths:
"#;

const PATH: &str = r##"
          /orders/~:
            post:
              description: Takes an order of kind ~; the answer holds its number.
              parameters:
                - name: X-Request-Id
                  in: header
                  required: true
                  schema: { type: string, maxLength: 64 }
              responses:
                '200':
                  description: The order is taken.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Order' }
                '429': { description: "Too many orders at once" }
              x-amazon-apigateway-integration:
                httpMethod: POST
                type: aws_proxy
                uri: !Sub
                  - arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Arn}/invocations
                  - Arn: !GetAtt Function@.Arn
"##;

const GROUP: &str = r#"
  Group@:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Who may reach the worker of partner @
      VpcId: !Ref VpcId
      SecurityGroupIngress:
"#;

const RULE: &str = r#"
        # Network ~ of the partner.
        - IpProtocol: tcp
          FromPort: 443
          ToPort: 443
          CidrIp: 10.~.0.0/16
          Description: !If [IsProd, 'network ~ of partner @', !Ref AWS::NoValue]
"#;

const FOOT: &str = "
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }

Outputs:
  BucketName:
    Value: !Ref Bucket
    Export: { Name: !Sub '${AWS::StackName}-bucket' }
  Vpc: { Value: !Ref VpcId }
";

/// Makes the resources of a partner: seven, and an API and a security group of `size` paths and rules.
fn partner(number: usize, size: usize) -> String {
    let many = |part: &str| (0..size).map(|at| part.replace('~', &at.to_string())).collect::<String>();
    let mut all = PARTNER.to_owned();
    if size > 0 {
        all.extend([API, &many(PATH), GROUP, &many(RULE)]);
    }
    all.replace('@', &number.to_string())
}

/// Makes a template of nearly so many bytes.
fn template(bytes: usize, size: usize) -> String {
    let mut text = HEAD.to_owned();
    for number in 1.. {
        let partner = partner(number, size);
        if text.len() + partner.len() + FOOT.len() > bytes {
            break;
        }
        text.push_str(&partner);
    }
    text.push_str(FOOT);
    while text.len() + 80 < bytes {
        writeln!(text, "# {}", "-".repeat(76)).unwrap();
    }
    text
}

/// Returns the least time of many rounds: what the work costs where nothing disturbs it.
fn best(mut work: impl FnMut()) -> Duration {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    let mut rounds = 0;
    while rounds < 50 || begin.elapsed() < Duration::from_secs(2) {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
        rounds += 1;
    }
    best
}

fn measure(name: &str, text: &str) {
    let file: FileId = Sources::default().add("template.yaml", text);
    let (template, found) = read(file, text);
    let resources = template.resources().count();
    println!("{name}: {} bytes, {resources} resources, {} findings", text.len(), found.len());
    let tell = |what: &str, took: Duration| {
        let rate = text.len() as f64 / 1e6 / took.as_secs_f64();
        println!("  {what:<42} {:>9.3} ms {rate:>8.0} MB/s", took.as_secs_f64() * 1e3);
    };
    tell("read", best(|| drop(black_box(read(file, black_box(text))))));
    tell("read, and one place asked for", best(|| _ = black_box(read(file, black_box(text)).0.span("/Outputs"))));
    tell("read_body (no places)", best(|| drop(black_box(read_body(black_box(text))))));
    tell("yaml::read (the tree alone)", best(|| drop(black_box(yaml::read(file, black_box(text))))));
    tell("check", best(|| drop(black_box(check(&template, black_box(text))))));
}

fn main() {
    if let Some(what) = std::env::args().find(|argument| argument.starts_with("once")) {
        let text = template(URL_BYTES_MAX, if what.ends_with("many") { 0 } else { 14 });
        let file: FileId = Sources::default().add("template.yaml", &text);
        match &*what {
            "once-tree" | "once-tree-many" => std::mem::forget(yaml::read(file, &text)),
            "once-body" => std::mem::forget(read_body(&text)),
            "once-none" => (),
            _ => std::mem::forget(read(file, &text)),
        }
        return;
    }
    measure("typical", &template(10_000, 4));
    measure("greatest", &template(URL_BYTES_MAX, 14));
    measure("greatest, with more resources than allowed", &template(URL_BYTES_MAX, 0));
}
