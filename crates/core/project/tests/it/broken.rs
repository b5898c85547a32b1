//! Broken projects: each mistake is told with file, line, cause and help, and all mistakes at once.

use crate::example::source;
use crate::{load, problems};

/// The problems of the example after replacing texts in its files.
fn broken(changes: &[(&str, &str, &str)]) -> String {
    let mut files = source();
    for (path, from, to) in changes {
        let file = files.get_mut(*path).unwrap();
        assert!(file.contains(from), "{path} has no {from}");
        *file = file.replacen(from, to, 1);
    }
    load(&files).1
}

/// Without the help, which the crate that found the problem words.
fn first_line(problems: &str) -> &str {
    problems.lines().next().unwrap_or_default()
}

const PROJECT: &str = "stackfleet.yaml";
const ROLE: &str = "iam/execution-role.yaml";

#[test]
fn an_unknown_unit() {
    insta::assert_snapshot!(broken(&[(PROJECT, "\"ou:Workloads ou:Shared", "\"ou:Workload ou:Shared")]), @r"
    stackfleet.yaml:52:15: error[ORG005]: there is no unit `Workload`
        help: did you mean `ou:Workloads`?
    ");
}

#[test]
fn a_duplicate_address() {
    insta::assert_snapshot!(broken(&[(PROJECT, "aws+stg@source.example", "AWS+prod@source.example")]), @r"
    stackfleet.yaml:19:31: error[PRJ006]: the e-mail address of `Staging` `AWS+prod@source.example` is given to another account
        stackfleet.yaml:18:31: used here first
        help: every AWS account needs an address of its own; `name+something@domain` often works
    ");
}

#[test]
fn a_bad_target_expression() {
    insta::assert_snapshot!(broken(&[(PROJECT, "ou:Shared ou:Sandbox !account:SensitiveData", "& ou:Shared (unit:Sandbox !")]), @r"
    stackfleet.yaml:52:40: error[ORG001]: this `(` is never closed
        help: add the `)`
    stackfleet.yaml:52:41: error[ORG004]: there are no terms `unit:`
        help: did you mean `ou:Sandbox`?
    stackfleet.yaml:52:54: error[ORG001]: nothing follows this `!`
        help: write a term like `ou:NAME` or `account:NAME`
    ");
}

#[test]
fn a_template_with_a_circle() {
    insta::assert_snapshot!(
        first_line(&broken(&[("app/template.yaml", "      RetentionInDays: !Ref LogRetentionDays", "      RetentionInDays: !Ref LogRetentionDays\n      KmsKeyId: !GetAtt StaleKeysFunction.Arn")])),
        @"app/template.yaml:124:3: error[TPL005]: Circular dependency between resources: [StaleKeysLogGroup, StaleKeysFunction]"
    );
}

#[test]
fn resources_that_aws_would_refuse() {
    insta::assert_snapshot!(problems("
//- stackfleet.yaml
version: 1
apps:
  app:
    targets: '*'
    regions: [eu-west-1, eu-north-1]
    stacks:
      plain: { template: plain.yaml, via: change-set }
      serverless: { template: serverless.yaml, via: change-set }
//- src/index.py
pass
//- plain.yaml
Resources:
  Finder:
    Type: AWS::Lambda::Function
    Properties:
      Code: src
      Role: !GetAtt Role.Anr
      \"Tiemout\": 3
      MemorySize: 99999
  Role: { Type: AWS::IAM::Role }
  Service: { Type: AWS::AppRunner::Service, Properties: { SourceConfiguration: {} } }
//- serverless.yaml
Transform: AWS::Serverless-2016-10-31
Resources:
  Finder:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src, Handler: index.handler, Runtime: python3.13, Timeout: 99999, Events: { Daily: { Type: Schedule, Properties: { Schedule: daily, State: ON } } } }
  Topic: { Type: AWS::SNS::Topic, Properties: { Name: x } }
"), @r"
    plain.yaml:6:26: error[RES012]: `AWS::IAM::Role` has no attribute `Anr`
        help: did you mean `Arn`?
    plain.yaml:7:7: error[RES003]: `AWS::Lambda::Function` has no property `Tiemout`
        help: did you mean `Timeout`?
    plain.yaml:8:19: error[RES007]: `MemorySize` of `AWS::Lambda::Function` is 99999; it can be at most 32768
    plain.yaml:9:3: error[RES004]: `AWS::IAM::Role` needs `AssumeRolePolicyDocument`
        help: add `AssumeRolePolicyDocument`
    plain.yaml:10:20: warning[RES002]: CloudFormation has no `AWS::AppRunner::Service` in eu-north-1
        help: leave these regions out, or do without it there
    serverless.yaml:5:160: error[PRJ022]: the SAM transform refuses this: Resource with id [FinderDaily] is invalid. Property 'State' should be a string
    serverless.yaml:5:167: warning[TPL011]: CloudFormation reads the bare `ON` as `true`
        help: quote it to keep the text
    serverless.yaml:6:49: error[RES003]: `AWS::SNS::Topic` has no property `Name`
        help: remove it, or mind the spelling
    ");
}

#[test]
fn a_role_that_does_not_trust() {
    insta::assert_snapshot!(broken(&[(ROLE, "AWSCloudFormationStackSetAdministrationRole", "SomebodyElse")]), @r"
    iam/execution-role.yaml:21:9: error[PRJ015]: the role `ExecutionRole` does not trust `AWSCloudFormationStackSetAdministrationRole` of the management account, by which `app` would be deployed
        stackfleet.yaml:70:15: the role is used here
        help: allow `sts:AssumeRole` to the principal `arn:aws:iam::<management account>:role/AWSCloudFormationStackSetAdministrationRole`
    ");
    insta::assert_snapshot!(broken(&[(ROLE, "iam::${AdministratorAccountId}:role", "iam::${AWS::AccountId}:role")]), @r"
    iam/execution-role.yaml:21:9: error[PRJ015]: the role `ExecutionRole` does not trust `AWSCloudFormationStackSetAdministrationRole` of the management account, by which `app` would be deployed
        stackfleet.yaml:70:15: the role is used here
        help: allow `sts:AssumeRole` to the principal `arn:aws:iam::<management account>:role/AWSCloudFormationStackSetAdministrationRole`
    ");
    insta::assert_snapshot!(broken(&[(ROLE, "            Action: sts:AssumeRole", "            Action: sts:TagSession")]), @r"
    iam/execution-role.yaml:21:9: error[PRJ015]: the role `ExecutionRole` does not trust `AWSCloudFormationStackSetAdministrationRole` of the management account, by which `app` would be deployed
        stackfleet.yaml:70:15: the role is used here
        help: allow `sts:AssumeRole` to the principal `arn:aws:iam::<management account>:role/AWSCloudFormationStackSetAdministrationRole`
    ");
    insta::assert_snapshot!(broken(&[(ROLE, "          - Sid: OnlyTheAdministrationRole\n            Effect: Allow", "          - Effect: Deny")]), @r"
    iam/execution-role.yaml:21:9: error[PRJ015]: the role `ExecutionRole` does not trust `AWSCloudFormationStackSetAdministrationRole` of the management account, by which `app` would be deployed
        stackfleet.yaml:70:15: the role is used here
        help: allow `sts:AssumeRole` to the principal `arn:aws:iam::<management account>:role/AWSCloudFormationStackSetAdministrationRole`
    ");
    let whole_account = [(ROLE, ":role/AWSCloudFormationStackSetAdministrationRole", ":root")];
    assert_eq!(broken(&whole_account), "");
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!(
        problems(
            "//- stackfleet.yaml
version: 2
organisation: {}
organization:
  management: root
  regions: [eu-west1, eu-west-1, eu-wets-2, eu-west-1]
  units:
    A:
      acounts: {}
      accounts:
        One: { email: one@source.example, tags: [env] }
        Two: { tags: { env: dev } }
      policies: policies/x.json
    B/C:
      accounts:
        One: { email: one@source.example, budget: { monthly: 10 USD } }
      policies: [policies/missing.json, ../outside.json, policies/broken.json]
access: { portal: x }
apps:
  9-lives: { targets: '*', stacks: {} }
  good:
    targets: ou:A
    regions: [us-east-1]
    rollout: { waves: [nothing], max-concurrent: 0, stop-after: 200%, pause: 1h }
    stacks:
      account: { template: missing.yaml, via: stackset, auto-deploy: maybe }
      app: { template: , via: change-set, auto-deploy: true, parameters: { A: { B: c } } }
//- policies/broken.json
{ \"Version\": \"2012-10-17\", \"Statement\": [ { \"Effect\": \"Deny\", \"Action\": \"s3:*\" } ] }
"
        ),
        @r"
    stackfleet.yaml:1:10: error[PRJ007]: `version` cannot be `2`
        help: write `version: 1`
    stackfleet.yaml:2:1: error[PRJ002]: `organisation` is not a key of a project
        help: did you mean `organization`?
    stackfleet.yaml:4:15: error[PRJ007]: `root` is not an e-mail address that AWS takes
        help: write `name@domain`, 6 to 64 characters
    stackfleet.yaml:5:13: error[PRJ008]: `eu-west1` is not a region name (like `eu-west-1`)
        help: did you mean `eu-west-1`?
    stackfleet.yaml:5:34: warning[PRJ008]: `eu-wets-2` is not a region that this release knows
        help: did you mean `eu-west-2`?
    stackfleet.yaml:5:45: error[PRJ006]: the region `eu-west-1` is listed twice
        stackfleet.yaml:5:23: first here
        help: remove one of them
    stackfleet.yaml:8:7: error[PRJ002]: `acounts` is not a key of a unit
        help: did you mean `accounts`?
    stackfleet.yaml:10:49: error[PRJ003]: `tags` must be a mapping from names, and is a list
    stackfleet.yaml:11:14: error[PRJ004]: `Two` has no `email`
        help: add `email:`. The account's e-mail address, unique over all of AWS.
    stackfleet.yaml:12:17: error[PRJ003]: `policies` must be a list: `[a, b]`, and is text
    stackfleet.yaml:13:5: error[PRJ007]: there cannot be a unit `B/C` here
        help: write the unit below the other one under `units:`; `/` divides names in paths
    stackfleet.yaml:15:9: error[PRJ006]: two accounts are called `One`
        stackfleet.yaml:10:9: the other one
        help: give each account a name of its own: names stand for accounts everywhere else
    stackfleet.yaml:15:23: error[PRJ006]: the e-mail address of `One` `one@source.example` is given to another account
        stackfleet.yaml:10:23: used here first
        help: every AWS account needs an address of its own; `name+something@domain` often works
    stackfleet.yaml:15:43: warning[PRJ005]: `budget` is not supported by this release; nothing is done with it
        help: remove it until it is supported, or see to it by other means
    stackfleet.yaml:16:18: error[PRJ001]: there is no file `policies/missing.json`
        help: did you mean `policies/broken.json`?
    stackfleet.yaml:16:41: error[PRJ001]: `../outside.json` lies outside the project's folder
        help: put the file below `stackfleet.yaml` and write its path from there
    stackfleet.yaml:17:1: warning[PRJ005]: `access` is not supported by this release; nothing is done with it
        help: remove it until it is supported, or see to it by other means
    stackfleet.yaml:19:3: error[PRJ007]: an app cannot be called `9-lives`
        help: names have a letter, then letters, digits and hyphens, at most 50
    stackfleet.yaml:19:36: error[PRJ007]: the app `9-lives` has no stacks
        help: describe at least one
    stackfleet.yaml:22:15: error[PRJ008]: `us-east-1` is not among the organization's regions and will be denied
        help: add it to `organization.regions` (eu-west-1, eu-wets-2)
    stackfleet.yaml:23:24: error[ORG004]: `nothing` is not a term
        help: write `ou:nothing` for a unit or `account:nothing` for an account
    stackfleet.yaml:23:50: error[PRJ007]: `max-concurrent` cannot be `0`
        help: write a number above zero such as `2 accounts`, or a share from `1%` to `100%`
    stackfleet.yaml:23:65: error[PRJ007]: `stop-after` cannot be `200%`
        help: write a number above zero such as `2 failures`, or a share from `1%` to `100%`
    stackfleet.yaml:23:71: error[PRJ002]: `pause` is not a key of a rollout
        help: keys are `waves`, `max-concurrent`, `stop-after`
    stackfleet.yaml:25:7: error[PRJ007]: a stack cannot be called `account`
        help: `${account...}` has a meaning of its own; choose another name
    stackfleet.yaml:25:28: error[PRJ001]: there is no file `missing.yaml`
        help: paths are relative to the folder of `stackfleet.yaml`
    stackfleet.yaml:25:47: error[PRJ007]: `via` cannot be `stackset`
        help: did you mean `stack-set`?
    stackfleet.yaml:25:70: error[PRJ003]: `auto-deploy` must be `true` or `false`, and is text
    stackfleet.yaml:26:23: error[PRJ003]: `template` must be text, and is nothing
    stackfleet.yaml:26:56: error[PRJ016]: new accounts follow only stack sets, not change sets
        help: remove `auto-deploy`; run `deploy` again when accounts have joined
    stackfleet.yaml:26:79: error[PRJ003]: `A` must be text, and is a mapping
    policies/broken.json:1:43: error[POL006]: a statement of a service control policy needs `Resource` or `NotResource`
    "
    );
}

#[test]
fn references_and_parameters() {
    insta::assert_snapshot!(
        problems(
            "//- stackfleet.yaml
version: 1
organization:
  management: root@source.example
  regions: [eu-west-1]
  units:
    A:
      accounts:
        One: { email: one@source.example, tags: { env: dev } }
        Two: { email: two@source.example }
environments:
  test: { targets: 'tag:env=test', parameters: { Sise: 3, Url: '${secret:/x}' } }
apps:
  app:
    targets: '* & tag:env'
    stacks:
      one: { template: t.yaml, auto-deploy: true, parameters: { Size: '${two.Nam}', Environment: 'x-${env}' } }
      two: { template: t.yaml, role: '${tow.Name}', parameters: { Sice: 3, Environment: '${env}', Kind: large } }
      three: { template: t.yaml, role: '${two.Arn}', parameters: { Environment: '${two.Place}' } }
  everywhere:
    targets: 'ou:A tag:team=x'
    stacks:
      one: { template: t.yaml, auto-deploy: true, parameters: { Environment: '${env}' } }
      circle-a: { template: t.yaml, parameters: { Environment: '${circle-b.Name}' } }
      circle-b: { template: t.yaml, parameters: { Environment: '${circle-a.Name}' } }
  nowhere:
    targets: 'tag:env=prod'
    stacks:
      one: { template: t.yaml, parameters: { Environment: a } }
//- t.yaml
Parameters:
  Environment: { Type: String, AllowedPattern: '[a-z]+' }
  Size: { Type: Number, Default: 1 }
  Kind: { Type: String, AllowedValues: [small, big], Default: small }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub 'worker-${Environment}'
      AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Action: sts:AssumeRole, Principal: { AWS: '*' } }] }
Outputs:
  Name: { Value: !Ref Role }
  Arn: { Value: !GetAtt Role.Arn }
  Place: { Value: !Ref AWS::Region }
"
        ),
        @r"
    stackfleet.yaml:11:21: warning[ORG008]: no account has the tag `env=test`
        help: case counts
    stackfleet.yaml:11:56: warning[PRJ011]: no template has a parameter `Sise`
        help: did you mean `Size`?
    stackfleet.yaml:11:64: warning[PRJ011]: no template has a parameter `Url`
        help: remove it, or declare it in a template
    stackfleet.yaml:11:65: error[PRJ005]: `${secret:/x}` is not supported by this release
        help: let the template read it: `{{resolve:secretsmanager:x}}`
    stackfleet.yaml:14:15: warning[PRJ021]: accounts that join the units later get `one` whether the targets name them or not
        help: target whole units (`ou:NAME`), or remove `auto-deploy` and run `deploy` when accounts join
    stackfleet.yaml:16:71: error[PRJ009]: `${two.Nam}`: `t.yaml` has no output `Nam`
        help: did you mean `${two.Name}`?
    stackfleet.yaml:16:98: error[PRJ013]: `x-dev` is not a value for the parameter `Environment`: Parameter 'Environment' must match pattern [a-z]+
        t.yaml:2:3: declared here
        help: this is its value in `One`
    stackfleet.yaml:17:38: error[PRJ009]: `${tow.Name}`: the app `app` has no stack `tow`
        help: did you mean `${two.Name}`?
    stackfleet.yaml:17:73: error[PRJ011]: `t.yaml` has no parameter `Sice`
        help: did you mean `Size`?
    stackfleet.yaml:17:105: error[PRJ013]: `large` is not a value for the parameter `Kind`: Parameter 'Kind' must be one of AllowedValues
        t.yaml:4:3: declared here
    stackfleet.yaml:18:40: error[PRJ007]: `role` must be the name of a role, and is `arn:aws:iam::123456789012:role/worker-123456789012`
        help: use an output that is `!Ref` of the role; StackSets finds the role by name in each account
    stackfleet.yaml:18:81: error[PRJ009]: `${two.Place}` cannot be known before it is deployed: `AWS::Region` is known only in the account
        t.yaml:14:19: the output
        help: give the resource a name, and let the output be that name
    stackfleet.yaml:20:20: warning[ORG008]: no account has the tag `team`
        help: case counts
    stackfleet.yaml:20:20: warning[PRJ021]: accounts that join the units later get `one` whether the targets name them or not
        help: target whole units (`ou:NAME`), or remove `auto-deploy` and run `deploy` when accounts join
    stackfleet.yaml:22:78: error[PRJ018]: `${env}` has no value in `Two`
        stackfleet.yaml:9:9: in no environment
        help: give the account the tag `env`, name it in an entry of `environments:`, or leave it out of the targets of `everywhere`
    stackfleet.yaml:23:7: error[PRJ010]: stacks refer to each other in a circle: `circle-a` -> `circle-b`
        help: give one of them a literal value
    stackfleet.yaml:26:14: warning[PRJ020]: the targets of `nowhere` select no account
        help: look why with `stackfleet targets explain ACCOUNT`
    stackfleet.yaml:26:15: warning[ORG008]: no account has the tag `env=prod`
        help: case counts
    t.yaml:3:3: warning[TPL021]: the parameter `Size` is used nowhere
    t.yaml:4:3: warning[TPL021]: the parameter `Kind` is used nowhere
    "
    );
}

#[test]
fn secrets_in_outputs() {
    insta::assert_snapshot!(
        problems(
            "//- stackfleet.yaml
version: 1
apps:
  app: { targets: '*', regions: [eu-west-1], stacks: { one: { template: t.yaml } } }
//- t.yaml
Parameters:
  Hidden: { Type: String, NoEcho: true, Default: x }
  DbPassword: { Type: String, Default: x }
  SecretArn: { Type: String, Default: x }
Resources:
  Key: { Type: AWS::IAM::AccessKey, Properties: { UserName: ci } }
Outputs:
  A: { Value: !GetAtt Key.SecretAccessKey }
  B: { Value: !Sub 'postgres://user:${Hidden}@host' }
  C: { Value: !Join [':', [user, '{{resolve:secretsmanager:db}}']] }
  D: { Value: !Ref DbPassword }
  E: { Value: !Ref SecretArn }
  F: { Value: !Sub ['${!Hidden} ${K}', { K: !GetAtt Key.SecretAccessKey }] }
"
        ),
        @r"
    t.yaml:2:50: warning[TPL023]: the NoEcho parameter `Hidden` has a default that stands in the template
        help: remove the default
    t.yaml:3:3: warning[VAL003]: the parameter `DbPassword` looks like a secret, and everyone who may describe the stack can read it
        help: add `NoEcho: true`; or take the value from a secret store with `{{resolve:secretsmanager:...}}`
    t.yaml:8:23: error[TPL020]: the output `A` shows the secret access key of `Key` to everyone who may describe the stack
        help: remove the output; put the secret into Secrets Manager or an encrypted SSM parameter
    t.yaml:9:37: error[TPL020]: the output `B` shows the NoEcho parameter `Hidden` to everyone who may describe the stack
        help: remove the output; put the secret into Secrets Manager or an encrypted SSM parameter
    t.yaml:10:15: error[TPL020]: the output `C` shows the value of a secret store to everyone who may describe the stack
        help: remove the output; put the secret into Secrets Manager or an encrypted SSM parameter
    t.yaml:11:20: warning[PRJ014]: the output `D` shows the parameter `DbPassword`, which looks like a secret
        help: remove the output, or mark the parameter `NoEcho` if it is one
    t.yaml:13:53: error[TPL020]: the output `F` shows the secret access key of `Key` to everyone who may describe the stack
        help: remove the output; put the secret into Secrets Manager or an encrypted SSM parameter
    "
    );
}

#[test]
fn what_stack_sets_and_the_transform_refuse() {
    insta::assert_snapshot!(
        broken(&[
            ("app/template.yaml", "      CodeUri: src", "      CodeUri: source"),
            ("app/template.yaml", "            Schedule: rate(1 day)", "            Shedule: rate(1 day)"),
            ("app/template.yaml", "LogGroup: !Ref StaleKeysLogGroup", "LogGroup: !Ref StaleLogGroup"),
        ]),
        @r"
    app/template.yaml:67:16: error[PRJ001]: there is no code at `source`
        help: looked for the folder or file `app/source`; the path is relative to the template
    app/template.yaml:122:13: error[PRJ022]: the SAM transform refuses this: Resource with id [StaleKeysFunctionDaily] is invalid. property Shedule not defined for resource of type Schedule
    "
    );
    insta::assert_snapshot!(
        first_line(&broken(&[("app/template.yaml", "LogGroup: !Ref StaleKeysLogGroup", "LogGroup: !Ref StaleLogGroup")])),
        @"app/template.yaml:71:24: error[TPL003]: Template format error: Unresolved resource dependencies [StaleLogGroup] in the Resources block of the template"
    );
    insta::assert_snapshot!(
        problems(
            "//- stackfleet.yaml
version: 1
apps:
  app:
    targets: '*'
    regions: [eu-west-1]
    stacks:
      managed: { template: t.yaml, via: stack-set }
      with-role: { template: t.yaml, role: deployer }
      by-change-set: { template: t.yaml, via: change-set, role: deployer }
//- t.yaml
Transform: [AWS::LanguageExtensions]
Resources:
  Nested: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: https://x.s3.amazonaws.com/t } }
  Set: { Type: AWS::CloudFormation::StackSet, Properties: { StackSetName: x, PermissionModel: SELF_MANAGED, TemplateBody: '{}' } }
"
        ),
        @r"
    t.yaml:1:12: error[PRJ016]: a service-managed stack set cannot run the transform `AWS::LanguageExtensions`
        stackfleet.yaml:7:7: deployed by the stack `managed`
        help: name a `role:` (self-managed), or deploy it `via: change-set`
    t.yaml:3:19: error[PRJ016]: a service-managed stack set cannot hold nested stacks
        stackfleet.yaml:7:7: deployed by the stack `managed`
        help: name a `role:` (self-managed), or deploy it `via: change-set`
    t.yaml:4:16: error[PRJ016]: a stack set cannot hold another stack set
        stackfleet.yaml:7:7: deployed by the stack `managed`
        help: name a `role:` (self-managed), or deploy it `via: change-set`
    t.yaml:4:16: error[PRJ016]: a stack set cannot hold another stack set
        stackfleet.yaml:8:7: deployed by the stack `with-role`
        help: deploy it `via: change-set`
    "
    );
}

#[test]
fn accounts_without_tags_are_told_together() {
    insta::assert_snapshot!(
        broken(&[
            (PROJECT, "required: [owner,", "required: [team, owner,"),
            (PROJECT, "Infra: { email: aws+infra@source.example, tags: { env: shared,", "Infra: { email: aws+infra@source.example, tags: {"),
        ]),
        @r"
    stackfleet.yaml:18:9: warning[PRJ019]: 12 accounts lack the required tags `team`: `Production`, `Staging`, `Development`, `AccessManagement`, `SensitiveData` and 7 more
        help: add them under `tags:` of each account
    stackfleet.yaml:30:9: warning[PRJ019]: the account `Infra` lacks the required tags `team`, `env`
        help: add them under `tags:` of each account
    stackfleet.yaml:72:24: error[PRJ018]: `${env}` has no value in `Infra`
        stackfleet.yaml:30:9: in no environment
        help: give the account the tag `env`, name it in an entry of `environments:`, or leave it out of the targets of `key-rotation`
    "
    );
}

#[test]
fn a_policy_that_is_too_large_is_told_and_white_space_does_not_count() {
    let project = "version: 1\norganization:\n  management: root@source.example\n  policies: [large.json]\n";
    let policy = |length: usize, blanks: usize| {
        format!(
            r#"{{{}"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}]}}"#,
            " ".repeat(blanks),
            "x".repeat(length)
        )
    };
    let told = |text: &str| {
        let files = [("stackfleet.yaml", project), ("large.json", text)];
        let files: std::collections::BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let found = stackfleet_project::load(&files).2;
        found.into_iter().filter(|found| found.code == "POL017").map(|found| found.message).collect::<Vec<_>>()
    };
    assert_eq!(told(&policy(11_000, 0)), ["the policy has 11099 characters; 10240 are allowed"]);
    assert_eq!(told(&policy(100, 11_000)), Vec::<String>::new());
}
