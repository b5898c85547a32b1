//! Rollouts from beginning to end, and what they tell.

use std::time::Duration;

use stackfleet_plan::{observed::Cell, plan::CellState, repair, verify};
use stackfleet_rollout::{Call, Happening, Input, Output, Rollout, problem, problems};

use crate::run::{Accident, empty_world, make_plan, project, run, run_with};

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

#[test]
fn cells_that_fail_because_a_role_is_not_visible_yet_are_tried_again() {
    let mut world = empty_world();
    world.role_lag_ms = 60_000;
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    assert_eq!(ran.refusals(), Vec::<String>::new());
    let waits = ran.events.iter().filter_map(|event| {
        let Happening::StepWaiting { reason, .. } = &event.what else { return None };
        Some(reason.clone())
    });
    assert!(waits.into_iter().any(|reason| reason.contains("role made moments ago")));
    assert!(ran.summary.unwrap().is_complete());
    assert!(make_plan(project(""), &world).is_empty());
}

#[test]
fn a_role_that_never_becomes_visible_is_given_up() {
    let mut world = empty_world();
    world.role_lag_ms = i64::from(i32::MAX) * 1_000;
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    assert!(!ran.summary.unwrap().is_complete());
    assert!(world.accepted.iter().any(|id| id.ends_with("-r3")));
    assert!(!world.accepted.iter().any(|id| id.ends_with("-r4")));
}

#[test]
fn an_operation_counts_as_ended_when_its_results_add_up() {
    let mut world = empty_world();
    world.short_reads = 6;
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    assert!(ran.summary.unwrap().is_complete());
}

#[test]
fn results_that_never_add_up_leave_the_cell_open() {
    let mut world = empty_world();
    world.short_reads = u32::MAX;
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    let summary = ran.summary.unwrap();
    assert!(summary.cells.contains_key(&CellState::Outdated), "{summary:#?}");
    // AWS knows better, and the next run asks it.
    assert!(make_plan(project(""), &world).is_empty());
}

#[test]
fn what_never_answers_is_given_up_in_the_end() {
    let mut world = empty_world();
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::LostRequest);
    assert_eq!(ran.refusals(), ["0: given up after 13 attempts: timeout", "22: given up after 13 attempts: timeout"]);
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::Later);
    assert_eq!(ran.summary.unwrap().refused, 2);
}

#[test]
fn cancelled_means_quiet_and_the_next_run_completes() {
    let mut world = empty_world();
    let (mut asked, mut cancelled) = (0, false);
    let plan = make_plan(project(""), &world);
    let ran = run_with(
        plan,
        &mut world,
        |_| Accident::None,
        |rollout, now| {
            asked += 1;
            if asked == 40 {
                rollout.handle(Input::Cancel, now);
                cancelled = true;
            }
        },
    );
    let summary = ran.summary.unwrap();
    assert!(cancelled && summary.cancelled && summary.blocked > 0);
    // Answers that were awaited come in; nothing is asked any more.
    assert!(summary.requests <= 48, "{}", summary.requests);
    world.advance(world.now + Duration::from_secs(600));
    assert!(run(make_plan(project(""), &world), &mut world, |_| Accident::None).summary.unwrap().is_complete());
}

#[test]
fn paused_means_nothing_begins_and_what_is_under_way_is_followed() {
    let mut world = empty_world();
    let plan = make_plan(project(""), &world);
    let mut rollout = Rollout::start(plan, &world.seen, world.now);
    rollout.handle(Input::Pause, world.now);
    let mut performed = 0;
    for _ in 0..100 {
        while let Some(output) = rollout.poll_output() {
            if let Output::Step(step) = output {
                performed += u32::from(matches!(step.call, Call::Perform(_)));
                let outcome = world.answer(&step);
                rollout.handle(Input::Answer { number: step.number, outcome }, world.now);
            }
        }
        let Some(next) = rollout.poll_timeout() else { break };
        world.advance(next);
        rollout.handle(Input::Tick, next);
    }
    // The two requests that were out when it was paused.
    assert_eq!(performed, 2);
    assert!(!rollout.is_finished());
    rollout.handle(Input::Resume, world.now);
    let outputs = std::iter::from_fn(|| rollout.poll_output());
    assert!(outputs.into_iter().any(|output| matches!(output, Output::Step(_))));
}

#[test]
fn failures_add_up_over_the_waves() {
    let mut world = empty_world();
    for name in ["Dev", "Prod"] {
        world.broken.insert(("fleet-base".to_owned(), account_cell(name, "eu-west-1")));
    }
    let ran = run(make_plan(project(""), &world), &mut world, |_| Accident::None);
    assert_eq!(ran.refusals(), ["28: 2 accounts failed in eu-west-1, 1 are tolerated"]);
    let summary = ran.summary.unwrap();
    insta::assert_debug_snapshot!((summary.blocked, &summary.cells), @r"
    (
        4,
        {
            Current: 9,
            Failed: 3,
            Blocked: 8,
        },
    )
    ");
}

fn account_cell(name: &str, region: &str) -> Cell {
    Cell { account: crate::world::digits(name), region: region.parse().unwrap() }
}
