//! The README's first command.

use serde_json::Value;

use crate::sandbox::{Sandbox, example};

#[test]
fn the_example_reaches_every_account_and_the_same_seed_gives_the_same_run() {
    let sandbox = Sandbox::new();
    let project = example();
    let rehearse = |seed: &str| sandbox.run(&["rehearse", project.to_str().unwrap(), "--json", "--seed", seed]).ends(0);
    let first = rehearse("7");
    assert_eq!(first.out, rehearse("7").out);
    assert_ne!(first.out, rehearse("8").out);

    let value = first.json();
    assert_eq!(value["schema"], "stackfleet/rehearse/v1");
    let cells = value["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 24);
    assert!(cells.iter().all(|cell| cell["state"] == "current"), "{cells:?}");
    assert!(cells.iter().all(|cell| cell["account"]["id"].as_str().is_some_and(|id| id.len() == 12)), "{cells:?}");
    assert_eq!(value["summary"]["current"], 24);
    assert_eq!(value["problems"], Value::Array(Vec::new()));
    let tiers: Vec<(&str, bool)> = value["tiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tier| (tier["stack"].as_str().unwrap(), tier["duration_s"].as_f64().unwrap() > 60.0))
        .collect();
    assert_eq!(tiers, [("execution-role", true), ("app", true)]);
    assert!(value["duration_s"].as_f64().unwrap() > 120.0);
    assert!(value["calls"].as_u64().unwrap() > 100);
}

#[test]
fn people_see_every_tier_and_few_lines() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["rehearse", example().to_str().unwrap()]).ends(0);
    let run = run.says(&["key-rotation/execution-role", "key-rotation/app", "24 current", "of which"]);
    assert!(run.out.lines().count() + run.err.lines().count() <= 40, "{}\n{}", run.out, run.err);
    let told = sandbox.run(&["rehearse", example().to_str().unwrap(), "-v"]).ends(0);
    for account in ["Production", "Sandbox-Gus", "AccessManagement"] {
        assert!(told.out.contains(account), "{account} is not in\n{}", told.out);
    }
}
