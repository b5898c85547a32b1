//! What stackfleet reports is what the AWS CLI and boto3 see.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    sandbox::{Sandbox, example, run, script},
    served::{FAST, Served},
};

/// Deploys the example, and serves the same world again in real time, so that sessions last while clients start.
fn deployed(sandbox: &Sandbox) -> (Served<'_>, Value) {
    let twin = Served::start(sandbox, "world", FAST);
    twin.run(&example(), &["deploy", "--yes"]).ends(0);
    let status = twin.run(&example(), &["status", "--json"]).ends(0).json();
    twin.stop();
    (Served::start(sandbox, "world", 1), status)
}

#[test]
fn the_aws_cli_sees_the_same() {
    let sandbox = Sandbox::new();
    if !sandbox.has("aws") {
        return;
    }
    let (twin, status) = deployed(&sandbox);
    let cells = status["cells"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    let listed = twin.aws(&["organizations", "list-accounts"]);
    let accounts: BTreeSet<(String, String)> = listed["Accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| (text(&account["Id"]), text(&account["Name"])))
        .collect();
    assert_eq!(accounts.len(), 14);
    let set = "key-rotation-app";
    let instances = twin.aws(&["cloudformation", "list-stack-instances", "--stack-set-name", set]);
    let instances = instances["Summaries"].as_array().unwrap();
    let seen: BTreeSet<(String, String, String)> = instances
        .iter()
        .map(|instance| {
            (text(&instance["Account"]), text(&instance["Region"]), text(&instance["Status"]).to_lowercase())
        })
        .collect();
    let reported: BTreeSet<(String, String, String)> = cells
        .iter()
        .filter(|cell| cell["stack"] == "app")
        .map(|cell| (text(&cell["account"]["id"]), text(&cell["region"]), text(&cell["state"])))
        .collect();
    assert_eq!(seen, reported);
    assert!(
        cells.iter().all(|cell| accounts.contains(&(text(&cell["account"]["id"]), text(&cell["account"]["name"]))))
    );

    let instance = instances.first().unwrap();
    let operation = text(&instance["LastOperationId"]);
    let found = twin.aws(&[
        "cloudformation",
        "describe-stack-set-operation",
        "--stack-set-name",
        set,
        "--operation-id",
        &operation,
    ]);
    assert_eq!(found["StackSetOperation"]["Status"], "SUCCEEDED");
    assert_eq!(found["StackSetOperation"]["Action"], "CREATE");

    let role = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", text(&instance["Account"]));
    let session = twin.aws(&["sts", "assume-role", "--role-arn", &role, "--role-session-name", "look"]);
    let key = |member: &str| text(&session["Credentials"][member]);
    let (id, secret, token) = (key("AccessKeyId"), key("SecretAccessKey"), key("SessionToken"));
    let keys = [("AWS_ACCESS_KEY_ID", &*id), ("AWS_SECRET_ACCESS_KEY", &*secret), ("AWS_SESSION_TOKEN", &*token)];
    let stacks = twin.aws_as(&["cloudformation", "describe-stacks"], &keys);
    let stacks = stacks["Stacks"].as_array().unwrap();
    assert!(stacks.iter().all(|stack| stack["StackStatus"] == "CREATE_COMPLETE"), "{stacks:?}");
    assert_eq!(stacks.len(), 2);
    assert!(stacks.iter().any(|stack| stack["StackId"] == instance["StackId"]));
}

#[test]
fn boto3_sees_the_same_in_every_account() {
    let sandbox = Sandbox::new();
    let Some(python) = sandbox.python_with("boto3") else { return };
    let (twin, status) = deployed(&sandbox);
    fs::write(sandbox.path("status.json"), status.to_string()).unwrap();
    let mut command = sandbox.command(python);
    twin.sign_in(&mut command).arg(script("agree.py")).arg(sandbox.path("status.json"));
    run(&mut command).ends(0).says(&["24 cells in 12 accounts agree"]);
}
