//! Deploying what is deployed changes nothing.

use crate::{
    sandbox::{Sandbox, example, run},
    served::{FAST, Served},
};

#[test]
fn a_second_deploy_makes_no_mutating_call() {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "world", FAST);
    twin.run(&project, &["plan", "--detailed-exitcode"]).ends(2).says(&["24 to create"]);
    assert!(twin.mutating().is_empty(), "{:?}", twin.mutating());
    twin.run(&project, &["deploy", "--yes"]).ends(0).says(&["24 current"]);
    let before = twin.mutating();
    assert_eq!(before["cloudformation:CreateStackSet"], 2);
    twin.run(&project, &["deploy", "--yes"]).ends(0).says(&["No change"]);
    twin.run(&project, &["plan", "--detailed-exitcode"]).ends(0).says(&["No change"]);
    twin.run(&project, &["verify", "--repair", "--yes"]).ends(0).says(&["all 24 cells are as declared"]);
    let status = twin.run(&project, &["status", "--json"]).ends(0).json();
    assert_eq!(status["summary"]["current"], 24);
    assert_eq!(twin.mutating(), before);
}

/// A plan that was saved is carried out as it is, or not at all.
#[test]
fn a_saved_plan_is_refused_once_the_world_has_moved() {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "world", FAST);
    let file = sandbox.path("plan.json");
    let file = file.to_str().unwrap();
    twin.run(&project, &["plan", "--out", file]).ends(0);
    twin.run(&project, &["deploy", file, "--yes"]).ends(0).says(&["24 current"]);
    let before = twin.mutating();
    twin.run(&project, &["deploy", file, "--yes"]).ends(4).says(&["out of date", "Nothing was changed", "Plan again"]);
    assert_eq!(twin.mutating(), before);
}

/// What `twin serve` prints to be exported is all that is needed.
#[test]
fn the_endpoint_may_be_named_by_the_environment() {
    let sandbox = Sandbox::new();
    let twin = Served::start(&sandbox, "world", FAST);
    let project = example();
    let deploy = ["deploy", "--yes", "--endpoint-speed", "1000", "--project", project.to_str().unwrap()];
    let mut command = sandbox.stackfleet(&deploy);
    run(twin.sign_in(&mut command)).ends(0).says(&["24 current"]);
    sandbox.run(&deploy).ends(1).says(&["not for AWS", "--endpoint-url"]);
}
