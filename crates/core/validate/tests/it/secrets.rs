//! Secrets that can be read by those who should not.

use crate::kit::findings;

#[test]
fn plain_parameters_and_literals() {
    let text = "
Parameters:
  DbPassword: { Type: String }
  GitHubToken: { Type: String, NoEcho: true }
  ApiKeyArn: { Type: String }
  PasswordLength: { Type: Number }
  GenerateSecret: { Type: String, Default: 'true' }
  SlackToken: { Type: AWS::SSM::Parameter::Value<String> }
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      Engine: mysql
      DBInstanceClass: db.t4g.micro
      MasterUsername: admin
      MasterUserPassword: correct-horse
      DBName: !Sub '${DbPassword}${GitHubToken}${ApiKeyArn}${PasswordLength}${GenerateSecret}${SlackToken}'
  Other:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      Engine: aurora-mysql
      MasterUsername: admin
      MasterUserPassword: '{{resolve:secretsmanager:db:SecretString:password}}'
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::111122223333:role/r
      Handler: a.b
      Runtime: python3.13
      Code: { ZipFile: x }
      Environment:
        Variables:
          API_KEY: abcdef123456
          AWS_KEY: AKIAABCDEFGHIJKLMNOP
          DOCUMENTED: AKIAIOSFODNN7EXAMPLE
          SECRET_ARN: arn:aws:secretsmanager:eu-west-1:111122223333:secret:s
          CLIENT_SECRET: !Ref GitHubToken
Outputs:
  Shown: { Value: !Ref DbPassword }
";
    insta::assert_snapshot!(findings(text), @r"
    3:3 warning VAL003: the parameter `DbPassword` looks like a secret, and everyone who may describe the stack can read it <DbPassword>
        help: add `NoEcho: true`; or take the value from a secret store with `{{resolve:secretsmanager:...}}`
    18:27 warning VAL004: the value of `MasterUserPassword` stands in the template, where everyone who may read it sees it <correct-horse>
        help: put it into Secrets Manager and write `{{resolve:secretsmanager:NAME:SecretString:KEY}}`
    37:20 warning VAL004: the value of `API_KEY` stands in the template, where everyone who may read it sees it <abcdef123456>
        help: put it into Secrets Manager and write `{{resolve:secretsmanager:NAME:SecretString:KEY}}`
    38:20 warning VAL004: an access key stands in the template, where everyone who may read it sees it <AKIAABCDEFGHIJKLMNOP>
        help: put it into Secrets Manager and write `{{resolve:secretsmanager:NAME:SecretString:KEY}}`
    43:24 warning PRJ014: the output `Shown` shows the parameter `DbPassword`, which looks like a secret <DbPassword>
        help: remove the output, or mark the parameter `NoEcho` if it is one
    ");
}
