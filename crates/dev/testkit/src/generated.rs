//! A project of any number of accounts and regions, in two tiers, by a rule.

use std::{collections::BTreeMap, fmt::Write as _, fs, io, path::Path};

/// How large a generated project is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Member accounts.
    pub accounts: usize,
    /// Regions of the application, at most the number of [`REGIONS`].
    pub regions: usize,
}

/// Regions that every account has from the start.
pub const REGIONS: [&str; 8] = [
    "eu-west-1",
    "us-east-1",
    "eu-central-1",
    "us-west-2",
    "ap-southeast-2",
    "sa-east-1",
    "ca-central-1",
    "eu-north-1",
];

/// Accounts in one unit, roughly as large organizations have them.
const ACCOUNTS_PER_UNIT: usize = 25;

/// Returns the files of a project: path -> text.
///
/// Every twentieth account is a development account and every tenth a staging account; the rest is production. Tier 1
/// is a service-managed stack set with an execution role, in the first region only, since roles are global. Tier 2 is
/// a self-managed stack set with a SAM function, in every region.
#[must_use]
pub fn project(size: Size) -> BTreeMap<String, String> {
    let regions = REGIONS.get(..size.regions.clamp(1, REGIONS.len())).unwrap_or(&REGIONS).join(", ");
    let home = REGIONS.first().copied().unwrap_or_default();
    let mut units = String::new();
    for unit in 0..size.accounts.div_ceil(ACCOUNTS_PER_UNIT) {
        let _ = write!(units, "        Team-{unit:03}:\n          accounts:\n");
        for number in unit * ACCOUNTS_PER_UNIT..size.accounts.min((unit + 1) * ACCOUNTS_PER_UNIT) {
            let environment = match number {
                number if number % 20 == 0 => "dev",
                number if number % 10 == 5 => "staging",
                _ => "prod",
            };
            let _ = writeln!(
                units,
                "            Account-{number:05}: {{ email: account+{number:05}@generated.example, tags: {{ env: {environment} }} }}"
            );
        }
    }
    let file = format!(
        r#"version: 1
organization:
  management: root@generated.example
  regions: [{regions}]
  units:
    Workloads:
      policies: [policies/guard.json]
      units:
{units}
apps:
  beat:
    targets: "ou:Workloads"
    regions: [{regions}]
    rollout: {{ waves: ["tag:env=dev", "tag:env=staging", "*"], max-concurrent: 100%, stop-after: 10% }}
    stacks:
      execution-role:
        template: role.yaml
        regions: [{home}]
        via: stack-set
        auto-deploy: true
        parameters: {{ AdministratorAccountId: "${{management.id}}" }}
      app:
        template: app.yaml
        via: stack-set
        role: "${{execution-role.RoleName}}"
"#
    );
    BTreeMap::from([
        ("stackfleet.yaml".to_owned(), file),
        ("role.yaml".to_owned(), ROLE.to_owned()),
        ("app.yaml".to_owned(), APP.to_owned()),
        ("src/beat.py".to_owned(), "def handler(event, context):\n    return \"alive\"\n".to_owned()),
        ("policies/guard.json".to_owned(), GUARD.to_owned()),
    ])
}

/// Writes a project into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(files: &BTreeMap<String, String>, folder: &Path) -> io::Result<()> {
    for (path, text) in files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(target, text)?;
    }
    Ok(())
}

const ROLE: &str = r#"Parameters:
  AdministratorAccountId: { Type: String }
Resources:
  ExecutionRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: generated-execution
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:aws:iam::${AdministratorAccountId}:role/AWSCloudFormationStackSetAdministrationRole"
            Action: sts:AssumeRole
      Policies:
        - PolicyName: deploy
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: ["cloudformation:*", "lambda:*", "iam:*", "events:*", "logs:*", "s3:GetObject"]
                Resource: "*"
Outputs:
  RoleName: { Value: !Ref ExecutionRole }
"#;

const APP: &str = r#"Transform: AWS::Serverless-2016-10-31
Resources:
  Beat:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: beat.handler
      Runtime: python3.13
      Events:
        Hourly: { Type: Schedule, Properties: { Schedule: rate(1 hour) } }
Outputs:
  Arn: { Value: !GetAtt Beat.Arn }
"#;

const GUARD: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "Stay", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" }
  ]
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_there_once() {
        let files = project(Size { accounts: 60, regions: 4 });
        let told = files.get("stackfleet.yaml").map(String::as_str).unwrap_or_default();
        assert_eq!(told.matches("email:").count(), 60);
        assert_eq!(told.matches("Team-").count(), 3);
        assert!(told.contains("regions: [eu-west-1, us-east-1, eu-central-1, us-west-2]"));
    }
}
