//! `check` and `who-can`: answers with the statement and its line, from the project alone and over what is deployed.

use crate::sandbox::{Run, Sandbox, example};

const TOPIC: &str = "arn:aws:sns:eu-west-1:{account}:stale-access-key-findings";
const ROLE: &str = "stackfleet-key-rotation-execution";

fn ask(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let project = example();
    sandbox.run(&[arguments, &["--project", project.to_str().unwrap()]].concat())
}

#[test]
fn the_project_alone_tells_who_may_do_what() {
    let sandbox = Sandbox::new();
    ask(&sandbox, &["check", "SensitiveData", "ec2:CreateNatGateway"]).ends(4).says(&[
        "✗ refused   ec2:CreateNatGateway on * in SensitiveData as OrganizationAccountAccessRole",
        "service control policy on account:SensitiveData: lockdown, NoWayToTheInternet, denies   policies/lockdown.json:10",
        "answered from the project alone",
    ]);
    let abroad = "arn:aws:lambda:ap-south-1:{account}:function:f";
    ask(&sandbox, &["check", "Production", "lambda:CreateFunction", abroad])
        .ends(4)
        .says(&["service control policy on the root: stackfleet-regions"]);
    ask(&sandbox, &["check", "Production", "sns:CreateTopic", TOPIC, "--as", ROLE])
        .ends(0)
        .says(&["✓ allowed", "identity policy: deploy-key-rotation"]);
    ask(&sandbox, &["check", "Production", "dynamodb:CreateTable", "--as", ROLE])
        .ends(4)
        .says(&["no identity policy allows it"]);
    let who = ask(&sandbox, &["who-can", "Production", "sns:CreateTopic", TOPIC, "--json"]).ends(0).json();
    let may: Vec<&str> = who["principals"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["answer"] == "allowed")
        .map(|one| one["role"].as_str().unwrap())
        .collect();
    assert_eq!(may, ["OrganizationAccountAccessRole", ROLE], "{who:#}");
    ask(&sandbox, &["who-can", "Production", "dynamodb:CreateTable"])
        .ends(0)
        .says(&["OrganizationAccountAccessRole", "known roles may not"]);
}

#[test]
fn wrong_names_are_told() {
    let sandbox = Sandbox::new();
    ask(&sandbox, &["check", "Producton", "s3:GetObject"]).ends(1).says(&["did you mean `Production`?"]);
    ask(&sandbox, &["check", "Production", "s3"]).ends(1).says(&["`s3` is no action"]);
    ask(&sandbox, &["check", "Production", "s3:GetObject", "b/k"]).ends(1).says(&["neither an ARN nor `*`"]);
    ask(&sandbox, &["check", "Production", "s3:GetObject", "--as", "nobody"]).ends(1).says(&[ROLE]);
}

#[test]
fn what_is_deployed_answers_alike() {
    let sandbox = Sandbox::new();
    let twin = ["--twin", "--twin-state", "world.json"];
    ask(&sandbox, &[&["deploy", "--yes", "--quiet"], &twin[..]].concat()).ends(0);
    let asked = ["check", "Staging", "sns:CreateTopic", TOPIC, "--as", ROLE, "--json"];
    let found = ask(&sandbox, &[&asked, &twin[..]].concat()).ends(0).json();
    assert_eq!(found["answer"], "allowed", "{found:#}");
    assert_eq!(found["account"]["id"].as_str().unwrap().len(), 12);
    let denied = ask(&sandbox, &[&["check", "SensitiveData", "ec2:CreateNatGateway", "--json"], &twin[..]].concat());
    let denied = denied.ends(4).json();
    let places: Vec<_> =
        denied["layers"].as_array().unwrap().iter().filter(|layer| layer["says"] == "denies").collect();
    assert_eq!(places[0]["place"], "policies/lockdown.json:10", "{denied:#}");
    assert_eq!(places[0]["where"], "account:SensitiveData", "{denied:#}");
}
