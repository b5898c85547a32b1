//! Rollouts from beginning to end, and what they tell.

use stackfleet_plan::{observed::Cell, plan::CellState, repair, verify};
use stackfleet_rollout::{Happening, problem, problems};

use crate::run::{Accident, empty_world, make_plan, project, run};

#[test]
fn an_undisturbed_rollout_makes_everything_current_and_a_second_finds_nothing_to_do() {
    let project = project("");
    let mut world = empty_world();
    let ran = run(make_plan(project, &world), &mut world, |_| Accident::None);
    assert_eq!(ran.refusals(), Vec::<String>::new());
    let summary = ran.summary.unwrap();
    assert!(summary.is_complete(), "{summary:#?}");
    assert_eq!(summary.cells.get(&CellState::Current), Some(&20));
    assert!(world.worked.values().all(|times| *times == 1));
    assert_eq!(summary.tiers.len(), 2);
    let again = make_plan(project, &world);
    assert!(again.is_empty(), "{:#?}", again.steps);
    assert!(verify(project, &stackfleet_plan::Artifacts::default(), &world.seen).holds());
}

#[test]
fn a_changed_template_is_one_update_and_then_the_other_waves() {
    let mut world = empty_world();
    run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    world.accepted.clear();
    let changed = project("changed");
    let plan = make_plan(changed, &world);
    let updates =
        plan.steps.iter().filter(|step| matches!(step.action, stackfleet_plan::Action::UpdateStackSet { .. }));
    assert_eq!(updates.count(), 1);
    let ran = run(plan, &mut world, |_| Accident::None);
    assert!(ran.summary.unwrap().is_complete());
    assert!(make_plan(changed, &world).is_empty());
    assert_eq!(world.accepted.len(), 3, "one operation for each wave: {:?}", world.accepted);
}

#[test]
fn a_repair_targets_exactly_the_cells_that_are_missing() {
    let project = project("");
    let mut world = empty_world();
    run(make_plan(project, &world), &mut world, |_| Accident::None);
    let set = world.seen.stack_sets.get_mut("fleet-app").unwrap();
    let gone: Vec<Cell> = set.instances.keys().step_by(3).cloned().collect();
    set.instances.retain(|cell, _| !gone.contains(cell));
    world.worked.clear();
    let artifacts = stackfleet_plan::Artifacts::default();
    assert_eq!(verify(project, &artifacts, &world.seen).counts().get(&CellState::Missing), Some(&4));
    let ran = run(repair(project, &artifacts, &world.seen), &mut world, |_| Accident::None);
    assert!(ran.summary.unwrap().is_complete());
    let repaired: Vec<Cell> = world.worked.keys().map(|(_, cell)| cell.clone()).collect();
    assert_eq!(repaired, gone);
}

#[test]
fn failures_within_tolerance_are_told_and_the_next_wave_goes_on() {
    let project = project("");
    let mut world = empty_world();
    let broken = |name: &str, region: &str| account_cell(name, region);
    world.broken.insert(("fleet-base".to_owned(), broken("Dev", "eu-west-1")));
    let ran = run(make_plan(project, &world), &mut world, |_| Accident::None);
    let summary = ran.summary.unwrap();
    assert_eq!((summary.refused, summary.blocked), (0, 0));
    // The cell itself and the one that stands on it.
    assert_eq!(summary.cells.get(&CellState::Failed), Some(&2));
    let found = problems(&problem::troubles(ran.rollout.cells()));
    let causes: Vec<(&str, u32)> = found.iter().map(|problem| (problem.cause.as_str(), problem.cells)).collect();
    insta::assert_debug_snapshot!(causes, @r#"
    [
        (
            "Account <account> should have 'deployer' role with trust relationship to Role 'a'.",
            1,
        ),
        (
            "ResourceLogicalId:Topic in <account> is broken",
            1,
        ),
    ]
    "#);
}

#[test]
fn more_failures_than_tolerated_stop_the_waves_after() {
    let project = project("");
    let mut world = empty_world();
    for name in ["Dev", "Test"] {
        world.broken.insert(("fleet-base".to_owned(), account_cell(name, "eu-west-1")));
    }
    let ran = run(make_plan(project, &world), &mut world, |_| Accident::None);
    let summary = ran.summary.unwrap();
    assert_eq!(summary.refused, 1);
    assert_eq!(summary.cells.get(&CellState::Failed), Some(&2));
    assert_eq!(summary.cells.get(&CellState::Current), None);
    let mut waves = Vec::new();
    for event in &ran.events {
        if let Happening::WaveStarted { wave, .. } = &event.what {
            waves.push(format!("{} {} started", wave.stack, wave.name));
        }
        if let Happening::WaveFinished { wave, done, failed, cells, passed, .. } = &event.what {
            waves.push(format!("{} {} {done}+{failed} of {cells} passed {passed}", wave.stack, wave.name));
        }
    }
    insta::assert_debug_snapshot!(waves, @r#"
    [
        "base dev started",
        "base dev 0+2 of 4 passed false",
    ]
    "#);
}

fn account_cell(name: &str, region: &str) -> Cell {
    Cell { account: crate::world::digits(name), region: region.parse().unwrap() }
}
