//! Several mistakes at once: each is told once, in the order of the file, at the characters to change.

use crate::kit::findings;

#[test]
fn five_mistakes_give_five_findings() {
    let text = "
Parameters:
  Stage: { Type: String, Default: dev }
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: !Sub 'logs-${Stagee}-${AWS::Region}'
      VersioningConfiguration: { Status: enable }
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      TimeOut: 30
      Code: { ZipFile: 'def handler(event, context): pass' }
      Role: !GetAtt Role.Arm
      Environment: { Variables: { STAGE: !Ref Stage } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: AssumeRole }
";
    insta::assert_snapshot!(findings(text));
}
