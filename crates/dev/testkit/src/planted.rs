//! A generated project in which rollouts fail, for reasons that can be told beforehand.
//!
//! The files are those of [`crate::project`] with faults put into them; where each shows follows from the rule by which
//! accounts are generated: every twentieth account is `dev`, every account whose number ends in 5 is `staging`.

use std::collections::BTreeMap;

use crate::generated::{Size, project};

/// Accounts for which all faults have a place.
pub const ACCOUNTS_MIN: usize = 100;

/// Returns the files of a project with faults: path -> text. It has two regions, and [`ACCOUNTS_MIN`] accounts at least.
///
/// | fault | where |
/// |---|---|
/// | a service control policy denies `lambda:TagResource` | unit `Team-001` |
/// | another denies everything but IAM, STS, CloudFormation outside of eu-west-1 | unit `Team-002` |
/// | another denies `iam:CreateRole` to the execution role | account `Account-00003` |
/// | the execution role may not use EventBridge | environment `dev` |
/// | its permissions boundary does not allow `lambda:AddPermission` | environment `staging` |
/// | it trusts nobody but its own account | account `Account-00007` |
/// | a role has the same name in both regions | app `fixed` in unit `Team-003` |
#[must_use]
pub fn planted(accounts: usize) -> BTreeMap<String, String> {
    let mut files = project(Size { accounts: accounts.max(ACCOUNTS_MIN), regions: 2 });
    let mut file = files.remove("stackfleet.yaml").unwrap_or_default();
    let mut put = |from: &str, to: &str| file = file.replacen(from, to, 1);
    put("Team-001:\n", "Team-001:\n          policies: [policies/tags.json]\n");
    put("Team-002:\n", "Team-002:\n          policies: [policies/home.json]\n");
    let email = "email: account+00003@generated.example,";
    put(email, &format!("{email} policies: [policies/roles.json],"));
    put("apps:\n", ENVIRONMENTS);
    put("stop-after: 10%", "stop-after: 100%");
    file.push_str(FIXED_APP);
    files.insert("stackfleet.yaml".to_owned(), file);
    let more = [
        ("role.yaml", ROLE),
        ("fixed.yaml", FIXED),
        ("policies/tags.json", TAGS),
        ("policies/home.json", HOME),
        ("policies/roles.json", ROLES),
    ];
    files.extend(more.map(|(path, text)| (path.to_owned(), text.to_owned())));
    files
}

const ENVIRONMENTS: &str = r#"environments:
  odd: { targets: "account:Account-00007", parameters: { Kind: untrusting } }
  dev: { targets: "tag:env=dev", parameters: { Kind: poor } }
  staging: { targets: "tag:env=staging", parameters: { Kind: capped } }
apps:
"#;

const FIXED_APP: &str = r#"  fixed:
    targets: "ou:Workloads/Team-003"
    regions: [eu-west-1, us-east-1]
    rollout: { stop-after: 100% }
    stacks:
      names: { template: fixed.yaml, via: stack-set }
"#;

const FIXED: &str = r#"Parameters: { Purpose: { Type: String, Default: all } }
Conditions: { Wanted: !Equals [!Ref Purpose, all] }
Resources:
  Auditor:
    Type: AWS::IAM::Role
    Condition: Wanted
    Properties:
      RoleName: generated-auditor
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
"#;

const ROLE: &str = r#"Parameters:
  AdministratorAccountId: { Type: String }
  Kind: { Type: String, Default: plain }
Conditions:
  Trusting: !Not [!Equals [!Ref Kind, untrusting]]
  Rich: !Not [!Equals [!Ref Kind, poor]]
  Capped: !Equals [!Ref Kind, capped]
Resources:
  ExecutionRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: generated-execution
      PermissionsBoundary: !Ref Cap
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !If
                - Trusting
                - !Sub "arn:aws:iam::${AdministratorAccountId}:role/AWSCloudFormationStackSetAdministrationRole"
                - !Sub "arn:aws:iam::${AWS::AccountId}:root"
            Action: sts:AssumeRole
      Policies:
        - PolicyName: deploy
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: ["cloudformation:*", "lambda:*", "iam:*", "logs:*", "s3:GetObject"]
                Resource: "*"
              - !If [Rich, { Effect: Allow, Action: "events:*", Resource: "*" }, !Ref AWS::NoValue]
  Cap:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - !If
            - Capped
            - { Effect: Allow, NotAction: "lambda:AddPermission", Resource: "*" }
            - { Effect: Allow, Action: "*", Resource: "*" }
Outputs:
  RoleName: { Value: !Ref ExecutionRole }
"#;

const TAGS: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "NoTags", "Effect": "Deny", "Action": "lambda:Tag*", "Resource": "*" }
  ]
}
"#;

const HOME: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyAtHome",
      "Effect": "Deny",
      "NotAction": ["iam:*", "sts:*", "cloudformation:*"],
      "Resource": "*",
      "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } }
    }
  ]
}
"#;

const ROLES: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "NoRoles",
      "Effect": "Deny",
      "Action": "iam:CreateRole",
      "Resource": "*",
      "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/generated-execution" } }
    }
  ]
}
"#;
