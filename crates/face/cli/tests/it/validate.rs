//! `validate` with templates: what is said, in which form, what is mended.

use std::fs;

use serde_json::Value;

use crate::sandbox::{Sandbox, example, run};

/// Five mistakes, each of another kind.
const MISTAKEN: &str = "\
AWSTemplateFormatVersion: '2010-09-09'
Description: Watches what a queue cannot deliver.
Parameters:
  Stage: { Type: String, Default: dev }
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeOut: 60 # five minutes too short
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arm, maxReceiveCount: 3 }
  DeadLetters:
    Type: AWS::SQS::Queue
  Watch:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: !Sub 'Nachrichten für „${Quue.QueueName}“ in ${Stage}'
      ComparisonOperator: GreaterThan
      EvaluationPeriods: 1
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Period: 60
      Statistic: Maximum
      Threshold: 0
  Call:
    Type: AWS::SNS::Topc
";

fn five() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("queue.yaml"), MISTAKEN).unwrap();
    sandbox
}

#[test]
fn five_mistakes_are_five_findings_in_the_order_of_the_file() {
    let sandbox = five();
    let found = sandbox.run(&["validate", "queue.yaml"]).ends(1);
    assert!(found.out.is_empty(), "{}", found.out);
    insta::assert_snapshot!("five_mistakes", found.err);
    let mut narrow = sandbox.stackfleet(&["validate", "queue.yaml"]);
    insta::assert_snapshot!("five_mistakes_narrow", run(narrow.env("COLUMNS", "40")).ends(1).err);
}

#[test]
fn five_mistakes_as_json_and_sarif() {
    let sandbox = five();
    let json = sandbox.run(&["validate", "queue.yaml", "--json"]).ends(1).json();
    assert_eq!(json["schema"], "stackfleet/validate/v1");
    insta::assert_json_snapshot!("five_mistakes_json", json);
    let mut sarif = sandbox.run(&["validate", "queue.yaml", "--sarif"]).ends(1).json();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["semanticVersion"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!("five_mistakes_sarif", sarif);
}

/// What a place speaks of, cut out of the text by its lines and columns.
fn cut(place: &Value) -> String {
    let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    assert_eq!(number("line"), number("end_line"));
    let line = MISTAKEN.lines().nth(number("line") - 1).unwrap();
    line.chars().skip(number("column") - 1).take(number("end_column") - number("column")).collect()
}

#[test]
fn places_are_characters_and_bytes() {
    let sandbox = five();
    let json = sandbox.run(&["validate", "queue.yaml", "--json"]).ends(1).json();
    for found in json["diagnostics"].as_array().unwrap() {
        let place = &found["place"];
        let bytes = |at: usize| usize::try_from(place["bytes"][at].as_u64().unwrap()).unwrap();
        assert_eq!(cut(place), MISTAKEN[bytes(0)..bytes(1)], "{found}");
    }
}

#[test]
fn fixes_change_what_they_name_and_nothing_else() {
    let sandbox = Sandbox::new();
    let written = "\u{feff}Resources:\r\n  Queue: # ours\r\n    Type: \"AWS::SQS::Queue\"   \r\n    Properties: { VisibilityTimeOut:   60 , QueueNam: ü }";
    let mended = written.replace("VisibilityTimeOut", "VisibilityTimeout").replace("QueueNam:", "QueueName:");
    fs::write(sandbox.path("queue.yaml"), written).unwrap();
    let fixed = sandbox.run(&["validate", "--fix", "queue.yaml"]).ends(0);
    assert_eq!(fs::read_to_string(sandbox.path("queue.yaml")).unwrap(), mended);
    let fixed = fixed.says(&["fixed queue.yaml:4:19: ", "[RES003]", "1 template: no error"]);
    assert_eq!(fixed.err.lines().filter(|line| line.starts_with("fixed ")).count(), 2, "{}", fixed.err);
    let again = sandbox.run(&["validate", "--fix", "queue.yaml", "--json"]).ends(0).json();
    assert_eq!(again["fixed"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_mended_is_left_and_told() {
    let sandbox = five();
    let json = sandbox.run(&["validate", "--fix", "--json", "queue.yaml"]).ends(1).json();
    let fixed: Vec<&str> = json["fixed"].as_array().unwrap().iter().map(|fix| fix["code"].as_str().unwrap()).collect();
    assert!(fixed.contains(&"RES003"), "{fixed:?}");
    let text = fs::read_to_string(sandbox.path("queue.yaml")).unwrap();
    assert!(text.contains("VisibilityTimeout: 60 # five minutes too short"), "{text}");
    assert!(json["diagnostics"].as_array().unwrap().iter().all(|found| found["fix"].is_null()));
}

#[test]
fn projects_are_mended_too() {
    let sandbox = Sandbox::new();
    let project = sandbox.example("project");
    let project = project.to_str().unwrap();
    let template = "project/app/template.yaml";
    sandbox.replace(template, "      RetentionInDays:", "      RetentionInDay:");
    let before = fs::read_to_string(sandbox.path(template)).unwrap();
    sandbox.run(&["validate", "--project", project]).ends(1).says(&["RetentionInDay"]);
    let sarif = sandbox.run(&["validate", "--sarif", "--project", "project"]).ends(1).json();
    let place = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(sarif.pointer(place).unwrap(), "project/app/template.yaml");
    // A project may be named by its folder, too.
    sandbox.run(&["validate", "--fix", project]).ends(0).says(&["fixed app/template.yaml:"]);
    let after = fs::read_to_string(sandbox.path(template)).unwrap();
    assert_eq!(after, before.replace("RetentionInDay:", "RetentionInDays:"));
}

#[test]
fn folders_regions_and_standard_input() {
    let sandbox = Sandbox::new();
    let iam = example().join("iam");
    sandbox.run(&["validate", iam.to_str().unwrap()]).ends(0).says(&["1 template: no error"]);
    fs::create_dir_all(sandbox.path("all/.git")).unwrap();
    fs::create_dir_all(sandbox.path("all/net")).unwrap();
    fs::write(sandbox.path("all/.git/x.yaml"), MISTAKEN).unwrap();
    fs::write(sandbox.path("all/values.yaml"), "a: 1\n").unwrap();
    sandbox.run(&["validate", "all"]).ends(1).says(&["no template below all"]);
    fs::write(sandbox.path("all/net/a.json"), r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}"#).unwrap();
    fs::write(sandbox.path("all/b.template"), "Resources:\n  Q:\n    Type: AWS::QLDB::Ledger\n").unwrap();
    sandbox.run(&["validate", "all", "--region", "eu-north-1"]).says(&["AWS::QLDB::Ledger", "eu-north-1"]);
    sandbox.run(&["validate", "all", "--region", "eu-wst-1"]).says(&["did you mean eu-west-1?"]);
    sandbox.run(&["validate", "all", "--region", "mars"]).ends(64).says(&["`mars` is not a region name"]);
    sandbox.run(&["validate", "--region", "eu-west-1"]).ends(64);
    sandbox.run(&["validate", "-", "--fix"]).ends(64).says(&["standard input cannot be mended"]);
    sandbox.run(&["validate", "-"]).ends(1).says(&["<stdin>:1:1", "YML001"]);
}

#[test]
fn what_is_no_template() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("picture.yaml"), [0x89, b'P', 0xff, 0x00]).unwrap();
    fs::write(sandbox.path("wide.yaml"), [0xff, 0xfe, b'a', 0x00]).unwrap();
    fs::write(sandbox.path("empty.yaml"), "").unwrap();
    fs::write(sandbox.path("list.yaml"), "- a\n").unwrap();
    fs::write(sandbox.path("policy.json"), r#"{"Version": "2012-10-17", "Statement": []}"#).unwrap();
    let files = ["none.yaml", "picture.yaml", "wide.yaml", "empty.yaml", "list.yaml", "policy.json"];
    let told = sandbox.run(&[&["validate"][..], &files].concat()).ends(1);
    let told = told.says(&[
        "there is no file none.yaml",
        "picture.yaml is not text (UTF-8)",
        "wide.yaml is UTF-16",
        "empty.yaml:1:1",
        "list.yaml:1:1",
        "stackfleet policy lint",
    ]);
    assert!(!told.err.contains("panicked"), "{}", told.err);
    let json = sandbox.run(&["validate", "none.yaml", "--json"]).ends(1).json();
    assert_eq!((&json["valid"], &json["diagnostics"][0]["code"]), (&Value::from(false), &Value::from("PRJ001")));
    sandbox.run(&["validate", "empty.yaml", "--json", "--sarif"]).ends(64);
}
