//! `template graph` and `template diff`.

use std::{
    fs,
    io::Write,
    process::{Child, Stdio},
};

use crate::sandbox::{Sandbox, example};

const BEFORE: &str = "
Parameters:
  Stage: { Type: String }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: { TableName: !Sub 'orders-${Stage}', BillingMode: PAY_PER_REQUEST }
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: dynamodb
      ScalableDimension: dynamodb:table:ReadCapacityUnits
      ResourceId: !Sub 'table/${Table}'
      MinCapacity: 1
      MaxCapacity: 9
  Uploads:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: orders
      Path: /old/
      AssumeRolePolicyDocument: {}
  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 60
      MemorySize: !If [IsProd, 1024, 128]
      Role: !GetAtt Role.Arn
Outputs:
  Table: { Value: !Ref Table }
";

fn two() -> Sandbox {
    let sandbox = Sandbox::new();
    let after = BEFORE
        .replace("orders-${Stage}", "orders-v2-${Stage}")
        .replace(
            "  Uploads:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n",
            "  Queue:\n    Type: AWS::SQS::Queue\n",
        )
        .replace("/old/", "/new/")
        .replace("Timeout: 60", "Timeout: 120")
        .replace("  Table: { Value: !Ref Table }", "  Queue: { Value: !Ref Queue }")
        .replace("[!Ref Stage, prod]", "[!Ref Stage, production]");
    fs::write(sandbox.path("before.yaml"), BEFORE).unwrap();
    fs::write(sandbox.path("after.yaml"), after).unwrap();
    sandbox
}

#[test]
fn differences_say_what_an_update_does() {
    let sandbox = two();
    let diff = |more: &[&str]| {
        sandbox.run(&[&["template", "diff", "before.yaml", "after.yaml", "--parameters", "Stage=prod"], more].concat())
    };
    insta::assert_snapshot!("difference", diff(&[]).ends(0).out);
    diff(&["--detailed-exitcode"]).ends(2);
    let json = diff(&["--json"]).ends(0).json();
    assert_eq!(json["schema"], "stackfleet/template-diff/v1");
    insta::assert_json_snapshot!("difference_json", json);
    let same = ["template", "diff", "after.yaml", "after.yaml", "--parameters", "Stage=x", "--detailed-exitcode"];
    sandbox.run(&same).ends(0).says(&["No difference"]);
}

#[test]
fn differences_need_values_that_fit() {
    let sandbox = two();
    let diff = |more: &[&str]| sandbox.run(&[&["template", "diff", "before.yaml", "after.yaml"], more].concat());
    diff(&[]).ends(1).says(&["Stage", "--parameters NAME=VALUE", "before.yaml:", "after.yaml:"]);
    diff(&["--parameters", "Stage=a,Stge=b"])
        .ends(1)
        .says(&["neither template has a parameter `Stge`", "did you mean `Stage`?"]);
    diff(&["--parameters", "prod"]).ends(1).says(&["`prod` is not KEY=VALUE"]);
    diff(&["--account", "12"]).ends(64).says(&["twelve digits"]);
    sandbox.run(&["template", "diff", "-", "-"]).ends(64).says(&["only one of the two"]);
    sandbox.run(&["template", "diff", "none.yaml", "after.yaml"]).ends(1).says(&["there is no file none.yaml"]);
    sandbox.run(&["template", "diff", "before.yaml"]).ends(64);
}

#[test]
fn a_sam_template_is_compared_as_it_is_deployed() {
    let sandbox = Sandbox::new();
    let template = example().join("app/template.yaml");
    let changed = fs::read_to_string(&template)
        .unwrap()
        .replace("AWS::Logs::LogGroup\n", "AWS::Logs::LogGroup\n    DeletionPolicy: Retain\n");
    let mut command =
        sandbox.stackfleet(&["template", "diff", template.to_str().unwrap(), "-", "--parameters", "Environment=prod"]);
    let mut child: Child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(changed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && told.contains("AWS::Logs::LogGroup"), "{told}");
    assert!(told.contains("DeletionPolicy   + \"Retain\"") && told.contains("0 to create, 1 to change"), "{told}");
}

#[test]
fn graphs_are_drawn() {
    let sandbox = two();
    let mermaid = sandbox.run(&["template", "graph", "before.yaml"]).ends(0);
    assert!(mermaid.err.is_empty(), "{}", mermaid.err);
    insta::assert_snapshot!("graph", mermaid.out);
    let dot = sandbox.run(&["template", "graph", "before.yaml", "--format", "dot"]).ends(0).out;
    assert!(
        dot.starts_with("digraph template {\n") && dot.contains("\"Worker\" -> \"Role\" [label=\"GetAtt Arn\"]"),
        "{dot}"
    );
    let json = sandbox.run(&["template", "graph", "before.yaml", "--json"]).ends(0).json();
    assert_eq!((&json["links"][0]["kind"], &json["links"][1]["to"]), (&"sub".into(), &"Role".into()));
    let sam = example().join("app/template.yaml");
    let sam = sam.to_str().unwrap();
    let source = sandbox.run(&["template", "graph", sam]).ends(0).out;
    assert!(source.contains("AWS::Serverless::Function") && !source.contains("AWS::Lambda::Permission"), "{source}");
    let made = sandbox.run(&["template", "graph", sam, "--transformed"]).ends(0).out;
    assert!(made.contains("AWS::Lambda::Permission") && !made.contains("AWS::Serverless::"), "{made}");
}

#[test]
fn circles_are_named_and_drawn() {
    let sandbox = Sandbox::new();
    let text = "Resources:\n  A: { Type: AWS::SNS::Topic, DependsOn: B }\n  B: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref A } }\n  C: { Type: AWS::SNS::Topic, DependsOn: A }\n";
    fs::write(sandbox.path("circle.yaml"), text).unwrap();
    let graph = sandbox.run(&["template", "graph", "circle.yaml"]).ends(1);
    let graph = graph.says(&["Circular dependency between resources: [A, B]", "circle.yaml:2:3", "class r0,r1 circle"]);
    assert!(graph.out.contains("linkStyle 0,1 stroke"), "{}", graph.out);
    sandbox.run(&["template", "graph", "none.yaml"]).ends(1).says(&["there is no file none.yaml"]);
    sandbox.run(&["template", "graph", "."]).ends(1).says(&["is a folder; name a file in it"]);
    fs::write(sandbox.path("empty.yaml"), "").unwrap();
    let empty = sandbox.run(&["template", "graph", "empty.yaml"]).ends(1);
    assert!(empty.out.is_empty() && empty.err.contains("YML001"), "{empty:?}");
}
