//! The same rollout with every kind of accident at every request, and with many at once.

use proptest::prelude::*;
use stackfleet_plan::Observed;
use stackfleet_rollout::{Call, Step};

use crate::run::{Accident, Ran, empty_world, make_plan, project, run};
use crate::world::World;

/// Runs to the end without accidents; returns the state and how many requests it took.
fn undisturbed(change: &str, world: &mut World) -> (Observed, u64) {
    let ran = run(make_plan(project(change), world), world, |_| Accident::None);
    let refusals = ran.refusals();
    let summary = ran.summary.unwrap();
    assert!(summary.is_complete(), "{summary:#?} {refusals:#?}");
    (world.state(), summary.requests)
}

/// Plans and runs until a run comes to its end.
fn to_the_end(change: &str, world: &mut World, mut accident: impl FnMut(&Step) -> Accident) -> Ran {
    let project = project(change);
    for _ in 0..200 {
        let ran = run(make_plan(project, world), world, &mut accident);
        if ran.summary.is_some() {
            return ran;
        }
    }
    panic!("it never ends");
}

/// One accident at the request with this number, counted over all runs.
fn once(at: u64, what: Accident) -> impl FnMut(&Step) -> Accident {
    let mut count = 0;
    move |_| {
        count += 1;
        if count == at { what } else { Accident::None }
    }
}

fn each_request(what: Accident) {
    let mut world = empty_world();
    let (first, requests) = undisturbed("", &mut world);
    let base = world.clone();
    let (second, later) = undisturbed("changed", &mut world);
    for at in 1..=requests {
        let mut world = empty_world();
        let ran = to_the_end("", &mut world, once(at, what));
        assert!(ran.summary.unwrap().is_complete(), "{what:?} at request {at}");
        assert_eq!(world.state(), first, "{what:?} at request {at}");
    }
    for at in 1..=later {
        let mut world = base.clone();
        to_the_end("changed", &mut world, once(at, what));
        assert_eq!(world.state(), second, "{what:?} at request {at} of the update");
    }
}

#[test]
fn a_kill_before_any_request_changes_nothing_in_the_end() {
    each_request(Accident::KillBefore);
}

#[test]
fn a_kill_after_any_request_changes_nothing_in_the_end() {
    each_request(Accident::KillAfter);
}

#[test]
fn a_lost_request_changes_nothing_in_the_end() {
    each_request(Accident::LostRequest);
}

#[test]
fn a_lost_answer_changes_nothing_in_the_end() {
    each_request(Accident::LostAnswer);
}

#[test]
fn a_refusal_for_now_changes_nothing_in_the_end() {
    each_request(Accident::Later);
}

#[test]
fn a_refusal_cuts_only_what_depends_on_it_and_the_next_run_completes() {
    let mut world = empty_world();
    let (state, requests) = undisturbed("", &mut world);
    for at in 1..=requests {
        let mut world = empty_world();
        let plan = make_plan(project(""), &world);
        let steps = plan.steps.len();
        let ran = run(plan, &mut world, once(at, Accident::Refused));
        let summary = ran.summary.unwrap();
        assert_eq!(summary.refused, 1, "at request {at}");
        assert_eq!(usize::try_from(summary.done + summary.refused + summary.blocked).unwrap(), steps);
        // Time heals: what was begun ends by itself.
        world.advance(world.now + std::time::Duration::from_secs(3_600));
        to_the_end("", &mut world, |_| Accident::None);
        assert_eq!(world.state(), state, "at request {at}");
    }
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        30 => Just(Accident::None),
        2 => Just(Accident::Later),
        2 => Just(Accident::LostRequest),
        2 => Just(Accident::LostAnswer),
        1 => Just(Accident::KillBefore),
        1 => Just(Accident::KillAfter),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_end_is_the_same(accidents in prop::collection::vec(accident(), 50..250)) {
        static STATE: std::sync::OnceLock<Observed> = std::sync::OnceLock::new();
        let state = STATE.get_or_init(|| undisturbed("", &mut empty_world()).0).clone();
        let mut world = empty_world();
        let mut pending = accidents.into_iter();
        let ran = to_the_end("", &mut world, |step| {
            let what = pending.next().unwrap_or(Accident::None);
            // What was learnt is lost with the process; asking again is free.
            let asks = !matches!(step.call, Call::Perform(_));
            if asks && what == Accident::LostAnswer { Accident::LostRequest } else { what }
        });
        prop_assert!(ran.summary.unwrap().is_complete());
        prop_assert_eq!(world.state(), state);
        prop_assert!(world.worked.values().all(|times| *times == 1), "{:?}", world.worked);
    }
}
