//! Five broken projects: refused with file and line, before anything is changed.

use std::path::PathBuf;

use crate::{
    sandbox::Sandbox,
    served::{FAST, Served},
};

/// Breaks a copy of the example; checks what `validate`, `plan` and `deploy` say of it and that nothing was changed.
fn check(file: &str, from: &str, to: &str, says: &[&str]) {
    let sandbox = Sandbox::new();
    let project: PathBuf = sandbox.example("project");
    sandbox.replace(&format!("project/{file}"), from, to);
    let twin = Served::start(&sandbox, "world", FAST);
    for arguments in [&["validate"][..], &["plan"], &["deploy", "--yes"], &["verify", "--repair", "--yes"]] {
        let run = twin.run(&project, arguments).ends(1).says(says);
        assert!(!run.err.contains("panicked"), "{}", run.err);
    }
    assert!(twin.mutating().is_empty(), "{:?}", twin.mutating());
}

#[test]
fn an_unknown_unit() {
    check(
        "stackfleet.yaml",
        "ou:Workloads ou:Shared",
        "ou:Wrkloads ou:Shared",
        &["there is no unit `Wrkloads`", "stackfleet.yaml:52:15", "did you mean `ou:Workloads`?"],
    );
}

#[test]
fn one_address_for_two_accounts() {
    check("stackfleet.yaml", "aws+stg@", "aws+prod@", &["aws+prod@source.example", "stackfleet.yaml:19:31", "Staging"]);
}

#[test]
fn a_target_expression_that_does_not_end() {
    check(
        "stackfleet.yaml",
        "ou:Workloads ou:Shared",
        "ou:Workloads & (ou:Shared",
        &["never closed", "stackfleet.yaml:52:30"],
    );
}

#[test]
fn resources_that_wait_for_each_other() {
    check(
        "app/template.yaml",
        "    Type: AWS::Logs::LogGroup\n",
        "    Type: AWS::Logs::LogGroup\n    DependsOn: StaleKeysFunction\n",
        &["Circular dependency", "app/template.yaml:124", "StaleKeysFunction"],
    );
}

#[test]
fn a_role_that_trusts_somebody_else() {
    check(
        "iam/execution-role.yaml",
        "role/AWSCloudFormationStackSetAdministrationRole\"",
        "role/SomebodyElse\"",
        &[
            "does not trust `AWSCloudFormationStackSetAdministrationRole`",
            "iam/execution-role.yaml:21",
            "stackfleet.yaml:70",
        ],
    );
}
