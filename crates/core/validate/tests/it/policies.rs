//! Policy documents in templates: everything that IAM would refuse, at its place, and nothing that it would not.

use crate::kit::findings;

#[test]
fn what_iam_refuses_is_told_where_it_is_written() {
    let text = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: { Service: lambda }
            Action: sts:AssumeRole
            Resource: '*'
      Policies:
        - PolicyName: inline
          PolicyDocument:
            Version: '2012-10-18'
            Statement:
              - Effekt: Allow
                Action: [s3:GetObject, GetObject]
                Resource: bucket/*
              - Effect: allow
                Action: s3:*
                Resource: '*'
              - Effect: Allow
                Resource: '*'
                Condition: { StringEqual: { aws:a: b }, Bool: { aws:SecureTransport: maybe } }
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: b
      PolicyDocument:
        Statement: { Effect: Allow, Action: s3:GetObject, Resource: 'arn:aws:s3:::b/*' }
  Limit:
    Type: AWS::Organizations::Policy
    Properties:
      Name: limit
      Type: SERVICE_CONTROL_POLICY
      Content: { Statement: [{ Effect: Deny, Action: '*', Resource: '*', Principal: '*' }] }
";
    insta::assert_snapshot!(findings(text), @r#"
    10:35 POL012: `lambda` is no service principal <lambda>
        help: write the service's domain, such as `lambda.amazonaws.com`
    12:13 POL008: a statement of a trust policy has no `Resource` <Resource>
        help: remove `Resource`
    16:22 POL005: this is no version of the policy language <'2012-10-18'>
        help: write `"2012-10-17"`, the version of the policy language
        fix: write `2012-10-17`
    18:17 POL003: a statement has no element `Effekt` <Effekt>
        help: write `Effect`
        fix: write `Effect`
    19:40 POL010: `GetObject` is no action <GetObject>
        help: write `service:Name`, such as `s3:GetObject`, or `*`
    20:27 POL011: `bucket/*` is neither an ARN nor `*` <bucket/*>
        help: write an ARN, such as `arn:aws:s3:::bucket/*`, or `*`
    21:25 POL009: `allow` is no effect <allow>
        help: write `Allow` or `Deny`
        fix: write `Allow`
    24:17 POL006: a statement of an identity policy needs `Action` or `NotAction` <Effect: Allow>
    26:30 POL013: there is no condition operator `StringEqual` <StringEqual>
        help: use an operator of IAM, such as StringEquals, ArnLike or Bool
    26:86 warning POL014: `Bool` compares `true` or `false`; `maybe` matches nothing <maybe>
        help: correct the value
    32:20 POL006: a statement of a resource policy needs `Principal` or `NotPrincipal` <{ Effect: Allow, Action: s3:GetObject, Resource: 'arn:aws:s3:::b/*' }>
    38:16 POL005: a service control policy needs a `Version` <{ Statement: [{ Effect: Deny, Action: '*', Resource: '*', Principal: '*' }] }>
        help: add `"Version": "2012-10-17"`
    38:74 POL008: a statement of a service control policy has no `Principal` <Principal>
        help: remove `Principal`
    "#);
}

#[test]
fn what_functions_give_is_unknown() {
    let text = "
Parameters:
  Bucket: { Type: String }
  Actions: { Type: CommaDelimitedList }
  Account: { Type: String }
Conditions:
  Own: !Equals [!Ref Account, '']
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: !If
        - Own
        - Version: '2012-10-17'
          Statement: [{ Effect: Allow, Principal: { AWS: 123456789012 }, Action: sts:AssumeRole }]
        - Version: '2012-10-17'
          Statement: [{ Effect: Allow, Principal: { AWS: !Ref Account }, Action: ['sts:AssumeRole', !Ref AWS::NoValue] }]
      Policies:
        - !If
          - Own
          - PolicyName: a
            PolicyDocument:
              Version: !Sub '2012-10-17'
              Statement:
                - !If
                  - Own
                  - { Sid: Same, Effect: Allow, Action: !Ref Actions, Resource: !Sub '${Bucket}/*' }
                  - { Sid: Same, Effect: Deny, Action: 's3:*', Resource: ['*', !If [Own, !Ref Bucket, x]] }
                - Effect: !If [Own, Allow, Deny]
                  Action: s3:*
                  Resource: !If [Own, '*', !Ref AWS::NoValue]
                  Condition: !If [Own, { Bool: { aws:SecureTransport: true } }, !Ref AWS::NoValue]
          - !Ref AWS::NoValue
";
    insta::assert_snapshot!(findings(text), @r"
    15:58 warning TPL011: the bare `123456789012` is a number, not an account id <123456789012>
        help: quote it to keep the text
        fix: quote the text
    28:103 POL011: `x` is neither an ARN nor `*` <x>
        help: write an ARN, such as `arn:aws:s3:::bucket/*`, or `*`
    ");
}

#[test]
fn actions_and_keys_that_aws_does_not_have() {
    let text = "
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Action: [s3:GetObjet, s3:Get*, s3:Gett*, S3:getobject, foo:Bar, lamda:InvokeFunction, 's3:*', '*']
            Resource: '*'
            Condition:
              StringEquals: { aws:PrincipalOrgId: o-1, aws:PrincipelOrgID: o-1, aws:PrincipalTag/team: a, 's3:prefix': a }
              StringLike: { 'token.actions.githubusercontent.com:sub': a, s3:prefx: b }
";
    insta::assert_snapshot!(findings(text), @r"
    10:22 warning ACT001: no action `s3:GetObjet` is known <s3:GetObjet>
        help: write `s3:GetObject`
        fix: write `s3:GetObject`
    10:44 warning ACT002: no known action matches `s3:Gett*` <s3:Gett*>
        help: mind the spelling; what is known is of 2026-09-26
    10:68 warning ACT001: no service with the prefix `foo` is known <foo:Bar>
        help: mind the spelling; what is known is of 2026-09-26
    10:77 warning ACT001: no service with the prefix `lamda` is known <lamda:InvokeFunction>
        help: write `lambda:InvokeFunction`
        fix: write `lambda:InvokeFunction`
    13:56 warning ACT005: no condition key `aws:PrincipelOrgID` is known <aws:PrincipelOrgID>
        help: write `aws:PrincipalOrgID`
        fix: write `aws:PrincipalOrgID`
    14:75 warning ACT005: no condition key `s3:prefx` is known <s3:prefx>
        help: write `s3:prefix`
        fix: write `s3:prefix`
    ");
}

#[test]
fn services_that_are_more_liberal_get_no_false_errors() {
    let text = "
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: api
      Policy:
        Statement: [{ Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: execute-api:/* }]
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: vpc-1
      ServiceName: com.amazonaws.eu-west-1.s3
      PolicyDocument: { Statement: [{ Effect: Allow, Action: 's3:*', Resource: '*', Principal: '*', Foo: 1 }] }
  Bus:
    Type: AWS::Events::EventBusPolicy
    Properties:
      StatementId: a
      Statement: { Effect: Allow, Principal: { AWS: '111122223333' }, Action: PutEvents, Resource: '*' }
  Own:
    Type: Custom::Thing
    Properties:
      ServiceToken: arn:aws:lambda:eu-west-1:111122223333:function:f
      MyPolicyDocument: { Statement: [{ Effect: Allow, Action: 's3:*', Resource: x, Sid: 'a b' }] }
";
    insta::assert_snapshot!(findings(text), @r"
    14:101 warning POL003: a statement has no element `Foo` <Foo>
        help: a statement has Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition
    19:79 warning POL010: `PutEvents` is no action <PutEvents>
        help: write `service:Name`, such as `s3:GetObject`, or `*`
    24:90 warning POL016: the statement id `a b` has signs other than letters and digits <'a b'>
        help: use letters and digits only
    ");
}
