//! `check` and `who-can`: answers with the statement and its line, from the project alone and over what is deployed.

use serde_json::Value;

use crate::{
    sandbox::{Run, Sandbox, example, run, script},
    served::{FAST, Served},
};

const TOPIC: &str = "arn:aws:sns:eu-west-1:{account}:stale-access-key-findings";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:{account}:table/t";
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

fn principal<'v>(found: &'v Value, name: &str) -> &'v Value {
    let principals = found["principals"].as_array().unwrap();
    principals.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {found:#}"))
}

/// Who is in the account is read from within it; what only the project makes is told apart.
#[test]
fn everybody_in_the_account_is_known() {
    let sandbox = Sandbox::new();
    let Some(python) = sandbox.python_with("boto3") else { return };
    let project = sandbox.example("project");
    let served = Served::start(&sandbox, "world.json", FAST);
    served.run(&project, &["deploy", "--yes", "--quiet"]).ends(0);
    let asked = ["who-can", "Staging", "dynamodb:DescribeTable", TABLE, "--json"];
    let before = served.run(&project, &asked).ends(0).json();
    let id = before["account"]["id"].as_str().unwrap();
    assert_eq!(principal(&before, "OrganizationAccountAccessRole")["origin"], "account", "{before:#}");
    assert_eq!(principal(&before, ROLE)["exists"], true, "{before:#}");
    let linked = "AWSServiceRoleForCloudFormationStackSetsOrgMember";
    assert_eq!(principal(&before, linked)["answer"], "refused", "{before:#}");

    let mut make = sandbox.command(&python);
    run(served.sign_in(make.arg(script("in_account.py")).args([id, "user"]))).ends(0);
    let after = served.run(&project, &asked).ends(0).json();
    assert_eq!(after["notes"], Value::Array(Vec::new()), "{after:#}");
    let ana = principal(&after, "ana");
    assert_eq!((&ana["kind"], &ana["answer"]), (&"user".into(), &"allowed".into()), "{ana:#}");
    assert_eq!(ana["arn"], format!("arn:aws:iam::{id}:user/people/ana"));
    served.run(&project, &["who-can", "Staging", "dynamodb:DescribeTable", TABLE]).ends(0).says(&[
        "allowed   ana   user",
        "identity policy: tables, statement 1, allows",
        "known roles and users may not",
    ]);
    served
        .run(&project, &["check", "Staging", "sns:Publish", TOPIC, "--as", "ana"])
        .ends(0)
        .says(&["identity policy: publish"]);

    // Until it is deployed, the role is what it was.
    sandbox.replace(
        "project/iam/execution-role.yaml",
        "- sns:CreateTopic",
        "- sns:Publish\n                  - sns:CreateTopic",
    );
    let changed = served.run(&project, &["who-can", "Staging", "sns:Publish", TOPIC, "--json"]).ends(0).json();
    let role = principal(&changed, ROLE);
    assert_eq!((&role["answer"], &role["today"]), (&"allowed".into(), &"refused".into()), "{role:#}");
}

#[test]
fn an_account_that_cannot_be_entered_is_told() {
    let sandbox = Sandbox::new();
    let Some(python) = sandbox.python_with("boto3") else { return };
    let project = sandbox.example("project");
    let served = Served::start(&sandbox, "world.json", FAST);
    served.run(&project, &["deploy", "--yes", "--quiet"]).ends(0);
    let asked = ["who-can", "Staging", "sns:CreateTopic", TOPIC, "--json"];
    let id = served.run(&project, &asked).ends(0).json()["account"]["id"].as_str().unwrap().to_owned();
    let mut bar = sandbox.command(&python);
    run(served.sign_in(bar.arg(script("in_account.py")).args([&id, "bar-access"]))).ends(0);
    let found = served.run(&project, &asked).ends(0).says(&["note: roles and users of account", "AssumeRole"]).json();
    assert!(found["notes"][0].as_str().unwrap().contains("sts:AssumeRole"), "{found:#}");
    assert_eq!(principal(&found, "OrganizationAccountAccessRole")["origin"], "presumed");
    assert_eq!(principal(&found, ROLE)["exists"], Value::Null);
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
