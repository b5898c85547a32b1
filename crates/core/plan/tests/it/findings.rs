//! What a plan tells before anything is done.

use stackfleet_plan::plan;

use crate::fixture::{account, empty_world, example, findings, world};

#[test]
fn credentials_of_another_account_plan_nothing() {
    let (project, artifacts) = example();
    let mut observed = world(&[("111111111111", "Audit", "")]);
    observed.caller.account = account("111111111111");
    let plan = plan(&project, &artifacts, &observed);
    assert_eq!((plan.steps.len(), plan.cells.len()), (0, 0));
    insta::assert_snapshot!(findings(&plan).join("\n"), @"! PLAN001 these are credentials of account 111111111111; the organization is managed from account 999988887777");
}

#[test]
fn the_example_has_only_notes() {
    let (project, artifacts) = example();
    insta::assert_snapshot!(findings(&plan(&project, &artifacts, &empty_world())).join("\n"), @"- PLAN014 accounts that join a targeted unit get stack `execution-role` whatever `targets` says beside the unit");
}
