//! A guardrail of the project's own stops a deployment: who, where and what to do is told, and the rest goes on.

use crate::{
    sandbox::Sandbox,
    served::{FAST, Served},
};

#[test]
fn a_denial_names_the_statement_and_is_mended_by_the_next_deploy() {
    let sandbox = Sandbox::new();
    let project = sandbox.example("project");
    sandbox.replace("project/stackfleet.yaml", " !account:SensitiveData", "");
    sandbox.replace("project/policies/lockdown.json", "\"ec2:AttachInternetGateway\"", "\"sns:CreateTopic\"");
    let run = |arguments: &[&str]| {
        let twin = ["--twin", "--twin-state", "world.json", "--project", project.to_str().unwrap()];
        sandbox.run(&[arguments, &twin].concat())
    };
    let refused = run(&["deploy", "--yes"]).ends(4);
    refused.says(&[
        "account SensitiveData will refuse sns:CreateTopic",
        "policies/lockdown.json:10",
        "--despite PRE005",
    ]);
    let failed = run(&["deploy", "--yes", "--despite", "PRE005"]).ends(3);
    let failed = failed.says(&[
        "✗ 1 failed, 25 current",
        "SensitiveData",
        "FindingsTopic (AWS::SNS::Topic): SNS:CreateTopic is denied by a service control policy",
        "at policies/lockdown.json:10 (NoWayToTheInternet)",
        "allow the action in the policy, or leave the account out",
    ]);
    assert!(failed.out.lines().count() <= 40, "{}", failed.out);
    let status = run(&["status", "--json"]).ends(0).json();
    assert_eq!(status["problems"][0]["place"], "policies/lockdown.json:10 (NoWayToTheInternet)");
    assert_eq!(status["problems"][0]["cells"], 1);
    run(&["verify"]).ends(3).says(&["SensitiveData", "policies/lockdown.json:10"]);
    // Trying again is no remedy, and does no harm.
    run(&["deploy", "--retry", "failed", "--yes", "--despite", "PRE005"])
        .ends(3)
        .says(&["1 to create", "1 failed, 25 current"]);

    sandbox.replace("project/policies/lockdown.json", "\"sns:CreateTopic\"", "\"ec2:AttachInternetGateway\"");
    run(&["deploy", "--yes"]).ends(0).says(&["update policy lockdown", "26 current"]);
    run(&["verify"]).ends(0).says(&["all 26 cells are as declared"]);
}

/// No cell tells of a step that serves none, and with `--quiet` no log does either.
#[test]
fn a_refusal_that_concerns_no_cell_is_told_at_the_end() {
    let sandbox = Sandbox::new();
    let project = sandbox.example("project");
    sandbox.replace("project/stackfleet.yaml", "management: root@source.example", "management: root@other.example");
    sandbox.replace("project/stackfleet.yaml", "aws+data@source.example", "root@source.example");
    let twin = Served::start(&sandbox, "world", FAST);
    let failed = twin.run(&project, &["deploy", "--yes", "--quiet", "--json"]).ends(3).json();
    assert_eq!(failed["summary"]["current"], 24, "{failed}");
    assert_eq!(failed["refused"][0]["step"], "create account SensitiveData");
    assert!(failed["refused"][0]["cause"].as_str().unwrap().contains("EMAIL_ALREADY_EXISTS"), "{failed}");
    let told = twin.run(&project, &["deploy", "--yes", "--quiet"]).ends(3);
    told.says(&["✗ could not create account SensitiveData", "EMAIL_ALREADY_EXISTS"]);
}
