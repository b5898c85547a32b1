//! Names that somebody has already are told before a rollout, and fail as told when it runs all the same.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    sandbox::{Sandbox, run, script},
    served::{FAST, Served},
};

const PROJECT: &str = r#"version: 1
organization:
  management: root@source.example
  regions: [eu-west-1]
  units:
    Workloads:
      accounts:
        Production: { email: aws+prod@source.example }
        Staging: { email: aws+stg@source.example }
apps:
  shop:
    targets: "ou:Workloads"
    regions: [eu-west-1]
    rollout: { stop-after: 2 failures }
    stacks:
      topic: { template: topic.yaml, via: stack-set }
"#;

const ROLE: &str = r"Resources:
  Runner:
    Type: AWS::IAM::Role
    Properties:
      RoleName: runner
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
";

fn project(sandbox: &Sandbox) -> PathBuf {
    let project = sandbox.path("project");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("stackfleet.yaml"), PROJECT).unwrap();
    fs::write(project.join("topic.yaml"), "Resources: { Topic: { Type: AWS::SNS::Topic } }\n").unwrap();
    fs::write(project.join("role.yaml"), ROLE).unwrap();
    project
}

#[test]
fn a_role_that_somebody_made_is_told_and_fails_as_told() {
    let sandbox = Sandbox::new();
    let Some(python) = sandbox.python_with("boto3") else { return };
    let project = project(&sandbox);
    let served = Served::start(&sandbox, "world.json", FAST);
    served.run(&project, &["deploy", "--yes", "--quiet"]).ends(0);
    let status = served.run(&project, &["status", "--json"]).ends(0).json();
    let staging = status["cells"].as_array().unwrap().iter().find(|cell| cell["account"]["name"] == "Staging").unwrap();
    let id = staging["account"]["id"].as_str().unwrap();
    let inside = |what: &[&str]| {
        let mut command = sandbox.command(&python);
        run(served.sign_in(command.arg(script("in_account.py")).arg(id).args(what))).ends(0);
    };
    inside(&["role", "runner"]);

    let more = "topic: { template: topic.yaml, via: stack-set }\n      role: { template: role.yaml, via: stack-set }\n";
    sandbox.replace("project/stackfleet.yaml", "topic: { template: topic.yaml, via: stack-set }\n", more);
    let plan = served.run(&project, &["plan", "--json"]).ends(4).json();
    let findings = plan["checks"]["findings"].as_array().unwrap();
    let taken: Vec<&Value> = findings.iter().filter(|found| found["code"] == "PRE016").collect();
    assert_eq!(taken.len(), 1, "{findings:#?}");
    assert_eq!(taken[0]["accounts"], serde_json::json!(["Staging"]));
    assert_eq!(taken[0]["place"], "role.yaml:5:17");
    served
        .run(&project, &["deploy", "--yes", "--despite", "PRE016"])
        .ends(3)
        .says(&["Runner of stack role cannot be made as AWS::IAM::Role `runner` in account Staging", "already exists"]);

    // What is there, and what nobody may look at, is not told to be taken.
    inside(&["bar-access"]);
    sandbox.replace("project/role.yaml", "RoleName: runner", "RoleName: walker");
    sandbox.replace("project/stackfleet.yaml", "role: { template", "walker: { template");
    let plan = served.run(&project, &["plan", "--json"]).json();
    let findings = plan["checks"]["findings"].as_array().unwrap();
    assert!(findings.iter().all(|found| found["code"] != "PRE016"), "{findings:#?}");
    let unknown: Vec<&Value> = findings.iter().filter(|found| found["code"] == "PRE008").collect();
    assert_eq!(unknown.len(), 1, "{findings:#?}");
    assert_eq!(unknown[0]["accounts"], serde_json::json!(["Staging"]));
    assert!(unknown[0]["cause"].as_str().unwrap().contains("AssumeRole"), "{unknown:#?}");
}
