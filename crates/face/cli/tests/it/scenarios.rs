//! Who may do what, asked by boto3: in every scenario one call passes and another is refused with the layer that refuses.

use std::fs;

use serde_json::Value;

use crate::{
    sandbox::{Sandbox, run, script},
    served::Served,
};

/// Accounts take half a minute to be made; sessions last an hour.
const SPEED: u32 = 30;

#[test]
fn refusals_name_the_layer() {
    let sandbox = Sandbox::new();
    let Some(python) = sandbox.python_with("boto3") else { return };
    let scenarios: Vec<Value> = serde_json::from_str(&fs::read_to_string(script("scenarios.json")).unwrap()).unwrap();
    assert!(scenarios.len() >= 50);
    let twin = Served::start(&sandbox, "world", SPEED);
    let mut command = sandbox.command(python);
    command.arg(script("scenarios.py")).arg(twin.ready_file()).arg(script("scenarios.json"));
    run(&mut command).ends(0).says(&["0 calls answered wrongly"]);
}
