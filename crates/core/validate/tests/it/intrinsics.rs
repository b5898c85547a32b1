//! Functions: arguments, names, attributes, conditions, circles. Each mistake is told once, whichever crate finds it.

use crate::kit::findings;

#[test]
fn names_and_attributes() {
    let text = "
Parameters:
  Stage: { Type: String }
  Unused: { Type: String }
Conditions:
  Prod: !Equals [!Ref Stge, prod]
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties: { Engine: aurora-mysql }
  Own: { Type: Custom::Thing, Properties: { ServiceToken: x } }
  Nested: { Type: AWS::CloudFormation::Stack, DeletionPolicy: Delete, UpdateReplacePolicy: Delete, Properties: { TemplateURL: 'https://a.s3.amazonaws.com/b' } }
  Topic:
    Type: AWS::SNS::Topic
    Condition: Prd
    DependsOn: [Own1]
    Properties:
      TopicName: !Join ['', [!GetAtt Cluster.Endpoint.Address, !GetAtt Cluster.Endpoint.Adress, !GetAtt Own.Anything]]
      DisplayName: !Sub '${Stage} ${Cluster.Endpoint.Port} ${Nested.Outputs.A} ${Nested.Output.A} ${Cluster.Prt} ${!Literal} ${Topik}'
Outputs:
  A: { Value: !GetAtt Topic.TopicArn }
  B: { Value: !Ref Tpic }
  C: { Condition: Dev, Value: !If [Pord, a, b] }
";
    insta::assert_snapshot!(findings(text), @"
    4:3 warning TPL021: the parameter `Unused` is used nowhere <Unused>
    6:23 TPL003: Template format error: Unresolved resource dependencies [Stge] in the Conditions block of the template <Stge>
        help: did you mean `Stage`?
        fix: write `Stage`
    17:16 TPL003: Template format error: Unresolved condition dependency Prd in the Resources block of the template <Prd>
        help: did you mean `Prod`?
        fix: write `Prod`
    18:17 TPL003: Template format error: Unresolved resource dependencies [Own1] in the Resources block of the template <Own1>
        help: did you mean `Own`?
        fix: write `Own`
    20:80 RES012: `AWS::RDS::DBCluster` has no attribute `Endpoint.Adress` <Endpoint.Adress>
        help: did you mean `Endpoint.Address`?
    21:89 RES012: `AWS::CloudFormation::Stack` has no attribute `Output.A` <Output.A>
        help: did you mean `Outputs.*`?
    21:109 RES012: `AWS::RDS::DBCluster` has no attribute `Prt` <Prt>
        help: it has `DBClusterArn`, `DBClusterResourceId`, `Endpoint`, `Endpoint.Address`, `Endpoint.Port`, `ReadEndpoint`, `ReadEndpoint.Address`, `MasterUserSecret.SecretArn`, `StorageEncryptionType`, `StorageThroughput`
    21:128 TPL003: Template format error: Unresolved resource dependencies [Topik] in the Resources block of the template <Topik>
        help: did you mean `Topic`?
        fix: write `Topic`
    24:20 TPL003: Unresolved resource dependencies [Tpic] in the Outputs block of the template <Tpic>
        help: did you mean `Topic`?
        fix: write `Topic`
    25:19 TPL003: Template format error: Unresolved condition dependency Dev in the Outputs block of the template <Dev>
    25:36 TPL003: Template error: unresolved condition dependency Pord in Fn::If <Pord>
        help: did you mean `Prod`?
        fix: write `Prod`
    ");
}

#[test]
fn arguments() {
    let text = "
Mappings: { M: { a: { b: c } } }
Conditions:
  C: !Equals [!Ref AWS::Region, x]
  D: !Not [!Condition C, !Condition C]
  E: !Or [!Condition D]
Resources:
  A:
    Type: AWS::SSM::Parameter
    Condition: E
    Properties:
      Type: String
      Value: !Join [',']
      Name: !Select [5, [a, b]]
      Description: !Sub ['${a}', { b: c }]
      AllowedPattern: !Base64 [a]
      Tier: !If [C, Standard]
      Overwrite: !Sub ['a', {}, c]
      Policies: !FindInMap [M, a, x]
      DataType: !ImportValue
  B:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !GetAtt A
      Name: !Ref [a]
  C:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: '0'
      MaxSize: '1'
      LaunchTemplate: { LaunchTemplateId: lt-1, Version: '1' }
      AvailabilityZones: !GetAZs [a]
      LoadBalancerNames: !Split ['', a]
      TargetGroupARNs: !Cidr [10.0.0.0/16, 300, 8]
";
    insta::assert_snapshot!(findings(text), @"
    5:11 TPL004: Template error: every Fn::Not object requires one boolean parameter <[!Condition C, !Condition C]>
    6:10 TPL004: Template error: every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters <[!Condition D]>
    13:20 TPL004: Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined <[',']>
    14:21 TPL007: Template error: Fn::Select cannot select nonexistent value at index 5 <[5, [a, b]]>
    15:29 TPL003: Template format error: Unresolved resource dependencies [a] in the Resources block of the template <a>
        help: did you mean `A`?
    15:36 warning VAL008: the text has no variable `${b}` <b>
        help: remove the variable, or use it in the text
    16:31 TPL004: Template error: every Fn::Base64 object must have a String-typed value <[a]>
    17:17 TPL004: Template error: Fn::If requires a list argument with three elements <[C, Standard]>
    18:7 RES003: `AWS::SSM::Parameter` has no property `Overwrite` <Overwrite>
        help: it has `AllowedPattern`, `Arn`, `DataType`, `Description`, `Name`, `Policies`, `Tags`, `Tier`, `Type`, `Value`
    18:23 TPL004: Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string <['a', {}, c]>
    19:28 TPL007: Template error: Unable to get mapping for M::a::x <[M, a, x]>
    25:22 TPL004: Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute <A>
    26:18 TPL004: Template format error: All Ref objects must have a single String key <[a]>
    34:33 TPL004: Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split <['', a]>
    35:30 TPL007: Template error: Fn::Cidr cannot be computed: the count 300 is not between 1 and 256 <[10.0.0.0/16, 300, 8]>
    ");
}

#[test]
fn variables() {
    let text = "
Parameters:
  Stage: { Type: String }
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Sub ['${a}-${Stage}', { a: x, b: y }]
      DisplayName: 'alarms of ${Stage}'
      KmsMasterKeyId: !Join ['', ['arn:aws:kms:${AWS::Region}:', x]]
  Function:
    Type: AWS::Lambda::Function
    Properties: { Role: !Sub '${Stage}', Handler: a.b, Runtime: nodejs22.x, Code: { ZipFile: 'x = `${Stage}`' } }
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::b/${aws:username}/*' }]
Outputs:
  A: { Value: '${Topic.TopicName}' }
";
    insta::assert_snapshot!(findings(text), @r"
    8:49 warning VAL008: the text has no variable `${b}` <b>
        help: remove the variable, or use it in the text
    9:31 warning VAL008: `${Stage}` stays as it is: the text is no argument of `Fn::Sub` <${Stage}>
        help: write `!Sub` before the text
    10:48 warning VAL008: `${AWS::Region}` stays as it is: the text is no argument of `Fn::Sub` <${AWS::Region}>
        help: write `!Sub` before the text
    21:16 warning VAL008: `${Topic.TopicName}` stays as it is: the text is no argument of `Fn::Sub` <${Topic.TopicName}>
        help: write `!Sub` before the text
    ");
}

#[test]
fn circles() {
    let text = "
Resources:
  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref B } }
  B: { Type: AWS::SNS::Topic, DependsOn: C }
  C: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Sub '${A.TopicName}' } }
  D: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Ref A } }
";
    insta::assert_snapshot!(findings(text), @r"
    3:3 TPL005: Circular dependency between resources: [A, B, C] <A>
    ");
}

#[test]
fn properties() {
    let text = "
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketNam: a
      VersioningConfiguration: Enabled
      Tags: { Key: a, Value: b }
      AccessControl: privat
      LifecycleConfiguration: { Rules: [{ Status: Enabled, ExpirationInDays: soon }] }
  Typo: { Type: AWS::S3::Buket }
  Topic: { Type: AWS::SNS::Topic, Properties: { FifoTopic: YES, KmsMasterKeyId: ~ } }
";
    insta::assert_snapshot!(findings(text), @r"
    6:7 RES003: `AWS::S3::Bucket` has no property `BucketNam` <BucketNam>
        help: did you mean `BucketName`?
        fix: write `BucketName`
    7:32 RES005: `VersioningConfiguration` of `AWS::S3::Bucket` is a mapping, not text <Enabled>
    8:13 RES005: `Tags` of `AWS::S3::Bucket` is a list, not a mapping <{ Key: a, Value: b }>
    9:22 RES006: `AccessControl` of `AWS::S3::Bucket` cannot be `privat` <privat>
        help: did you mean `Private`?
    10:78 RES005: `LifecycleConfiguration.Rules[0].ExpirationInDays` of `AWS::S3::Bucket` is a whole number, not `soon` <soon>
    11:17 RES001: there is no resource type `AWS::S3::Buket` <AWS::S3::Buket>
        help: did you mean `AWS::S3::Bucket`?
    12:60 warning TPL011: CloudFormation reads the bare `YES` as `true` <YES>
        help: quote it to keep the text
        fix: quote the text
    12:81 TPL002: [/Resources/Topic/Properties/KmsMasterKeyId] 'null' values are not allowed in templates <~>
        help: write a value, or remove the key
    ");
}
