//! Cells that went away are found by name, and exactly those are brought back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    sandbox::{Sandbox, example, run, script},
    served::{FAST, Served},
};

const SET: &str = "key-rotation-app";

/// Account ids by name.
fn account(status: &Value, name: &str) -> String {
    let cells = status["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["account"]["name"] == name).unwrap();
    cell["account"]["id"].as_str().unwrap().to_owned()
}

/// Breaks the deployed example by `delete`, which is given the two accounts; checks what is found and mended.
fn check(delete: impl Fn(&Sandbox, &Served<'_>, [&str; 2])) {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "world", FAST);
    twin.run(&project, &["deploy", "--yes"]).ends(0);
    let status = twin.run(&project, &["status", "--json"]).ends(0).json();
    let gone = ["Staging", "Sandbox-Eli"].map(|name| account(&status, name));
    delete(&sandbox, &twin, [&gone[0], &gone[1]]);

    let found = twin.run(&project, &["verify"]).ends(3);
    let found = found.says(&["Staging", "Sandbox-Eli", "eu-west-1", "missing", "stackfleet verify --repair"]);
    assert!(!found.out.contains("Production"), "{}", found.out);
    let found = twin.run(&project, &["verify", "--json"]).ends(3).json();
    assert_eq!(cells_in(&found, "missing"), named(&["Staging", "Sandbox-Eli"]));
    assert_eq!(found["summary"]["current"], 22);

    let before = twin.mutating();
    let mended = twin.run(&project, &["verify", "--repair", "--yes", "--json"]).ends(0).json();
    assert_eq!(mended["repaired"].as_array().unwrap().len(), 2);
    assert_eq!(mended["summary"]["current"], 24);
    assert_eq!(changes(&before, &twin.mutating()), BTreeSet::from(["cloudformation:CreateStackInstances".to_owned()]));
    twin.run(&project, &["verify"]).ends(0).says(&["all 24 cells are as declared"]);
    twin.stop();

    assert_eq!(worked_on_last(&sandbox), gone.iter().cloned().collect());
}

fn named(names: &[&str]) -> BTreeSet<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), "eu-west-1".to_owned())).collect()
}

fn cells_in(value: &Value, state: &str) -> BTreeSet<(String, String)> {
    let cells = value["cells"].as_array().unwrap().iter().filter(|cell| cell["state"] == state);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    cells.map(|cell| (text(&cell["account"]["name"]), text(&cell["region"]))).collect()
}

/// Operations that were called more often than before.
fn changes(before: &BTreeMap<String, u32>, after: &BTreeMap<String, u32>) -> BTreeSet<String> {
    let counts = after.iter().filter(|(name, count)| before.get(*name) != Some(*count));
    counts.map(|(name, _)| name.clone()).collect()
}

/// The accounts that the operations after the deletion worked on, as the saved world tells.
fn worked_on_last(sandbox: &Sandbox) -> BTreeSet<String> {
    let world: Value = serde_json::from_str(&std::fs::read_to_string(sandbox.path("world")).unwrap()).unwrap();
    let sets = world["world"]["cloudformation"]["sets"].as_object().unwrap();
    let set = sets.values().find(|set| set["name"] == SET).unwrap();
    let operations = set["operations"].as_array().unwrap();
    let deleted = operations.iter().rposition(|operation| operation["action"] == "DELETE").unwrap();
    let after = &operations[deleted + 1..];
    assert!(!after.is_empty());
    let text = format!("{after:?}");
    let every: BTreeSet<String> = set["instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|instance| instance[0][0].as_str().unwrap().to_owned())
        .collect();
    every.into_iter().filter(|account| text.contains(account.as_str())).collect()
}

#[test]
fn deleted_with_boto3() {
    if let Some(python) = Sandbox::new().python_with("boto3") {
        check(|sandbox, twin, accounts| {
            let mut command = sandbox.command(&python);
            twin.sign_in(&mut command).arg(script("delete_instances.py")).arg(SET).args(accounts);
            run(&mut command).ends(0);
        });
    }
}

#[test]
fn deleted_with_the_aws_cli() {
    if Sandbox::new().has("aws") {
        check(|_, twin, accounts| {
            let [first, second] = accounts;
            let begun = twin.aws(&[
                "cloudformation",
                "delete-stack-instances",
                "--stack-set-name",
                SET,
                "--accounts",
                first,
                second,
                "--regions",
                "eu-west-1",
                "--no-retain-stacks",
                "--operation-preferences",
                "MaxConcurrentCount=2",
            ]);
            let operation = begun["OperationId"].as_str().unwrap();
            let ask = [
                "cloudformation",
                "describe-stack-set-operation",
                "--stack-set-name",
                SET,
                "--operation-id",
                operation,
            ];
            while twin.aws(&ask)["StackSetOperation"]["Status"] == "RUNNING" {}
            assert_eq!(twin.aws(&ask)["StackSetOperation"]["Status"], "SUCCEEDED");
        });
    }
}
