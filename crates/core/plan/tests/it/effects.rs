//! What updates do to resources.

use std::collections::BTreeMap;

use stackfleet_catalog::catalog;
use stackfleet_plan::{Update, updates};
use stackfleet_template::{Evaluated, Inputs, Nothing, difference, evaluate, read_body};

fn evaluated(resource: &str) -> Evaluated {
    let text = format!("Resources:\n  Other: {{Type: AWS::SNS::Topic}}\n{resource}");
    let inputs = Inputs {
        parameters: BTreeMap::new(),
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        stack_name: None,
        stack_id: None,
        notification_arns: Vec::new(),
    };
    evaluate(&read_body(&text).unwrap(), &inputs, &Nothing).unwrap()
}

/// The effect of an update on the resource `R`.
fn check(before: &str, after: &str) -> String {
    let resource = |body: &str| if body.is_empty() { String::new() } else { format!("  R: {{{body}}}\n") };
    let (before, after) = (evaluated(&resource(before)), evaluated(&resource(after)));
    let found = updates(catalog(), &before, &after, &difference(&before, &after));
    found.iter().map(|found| format!("{:?}", found.effect)).collect()
}

const TABLE: &str = "Type: AWS::DynamoDB::Table";

#[test]
fn properties_that_cannot_change_replace() {
    let function = |property: &str| format!("Type: AWS::Lambda::Function, Properties: {{{property}}}");
    assert_eq!(check(&function("Timeout: 60"), &function("Timeout: 120")), "InPlace");
    assert_eq!(check(&function("Timeout: 60"), &format!("{}, DependsOn: Other", function("Timeout: 60"))), "Untouched");
    assert_eq!(check(&function("FunctionName: a"), &function("FunctionName: b")), "Replaced(Deleted)");
    assert_eq!(check(&function("FunctionName: a"), &function("Timeout: 3")), "Replaced(Deleted)");
    assert_eq!(check("Type: Custom::Thing", "Type: Custom::Thing, Properties: {A: 1}"), "MayBeReplaced(Deleted)");
    assert_eq!(check("", TABLE), "Created");
    assert_eq!(check("Type: AWS::SNS::Topic", TABLE), "TypeRefused");
}

#[test]
fn what_becomes_of_data() {
    let table = |attributes: &str, name: &str| format!("{TABLE}{attributes}, Properties: {{TableName: {name}}}");
    assert_eq!(check(&table("", "a"), &table("", "b")), "Replaced(DataLost)");
    assert_eq!(check(&table("", "a"), &table(", UpdateReplacePolicy: Retain", "b")), "Replaced(Kept)");
    let keyed = |key: &str| format!("{TABLE}, Properties: {{KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]}}");
    assert_eq!(check(&keyed("a"), &keyed("b")), "MayBeReplaced(DataLost)");
    assert_eq!(check(TABLE, ""), "Removed(DataLost)");
    assert_eq!(check(&format!("{TABLE}, DeletionPolicy: RetainExceptOnCreate"), ""), "Removed(Kept)");
    assert_eq!(check("Type: AWS::S3::Bucket", ""), "Removed(DeletedIfEmpty)");
    assert_eq!(check("Type: AWS::SNS::Topic", ""), "Removed(Deleted)");
    assert_eq!(check("Type: AWS::RDS::DBInstance", ""), "Removed(Snapshot)");
    assert_eq!(check("Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: c}", ""), "Removed(DataLost)");
}

#[test]
fn a_replacement_needs_another_name() {
    let role = |name: &str, path: &str| format!("Type: AWS::IAM::Role, Properties: {{RoleName: {name}, Path: {path}}}");
    assert_eq!(check(&role("r", "/a/"), &role("r", "/b/")), r#"NameRefused(["RoleName"])"#);
    assert_eq!(check(&role("r", "/a/"), &role("s", "/b/")), "Replaced(Deleted)");
    assert_eq!(check(&role("!Ref Other", "/a/"), &role("!Ref Other", "/b/")), "Replaced(Deleted)");
}

#[test]
fn what_refers_to_a_replaced_resource_follows() {
    let with = |name: &str| {
        evaluated(&format!(
            "
  Vpc: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {name}}}}}
  Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}}}
  Group: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: g, VpcId: !GetAtt Vpc.VpcId}}}}
  Function: {{Type: AWS::Lambda::Function, Properties: {{Description: {name}, VpcConfig: {{SubnetIds: [!Ref Subnet], SecurityGroupIds: [!Ref Group]}}}}}}
  Other2: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: !Ref Other}}}}
"
        ))
    };
    let (before, after) = (with("10.0.0.0/16"), with("10.1.0.0/16"));
    let found = updates(catalog(), &before, &after, &difference(&before, &after));
    let line = |found: &Update| format!("{} {:?} {:?}", found.difference.logical_id, found.follows, found.effect);
    insta::assert_snapshot!(found.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
    Vpc [] Replaced(Deleted)
    Function [("VpcConfig", "Subnet"), ("VpcConfig", "Group")] InPlace
    Subnet [("VpcId", "Vpc")] Replaced(Deleted)
    Group [("VpcId", "Vpc")] MayBeReplaced(Deleted)
    "#);
}
