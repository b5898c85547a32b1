//! Projects for the fake world, and the loop that runs a rollout in it, with accidents.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use stackfleet_base::Timestamp;
use stackfleet_plan::{
    Artifacts, Observed, Plan,
    observed::Caller,
    plan,
    plan::{Action, Stage, StepId},
};
use stackfleet_project::Project;
use stackfleet_rollout::{Call, Event, Happening, Input, Outcome, Output, Rollout, Step, Summary};

use crate::world::World;

const PROJECT: &str = "
version: 1
organization:
  management: root@example.com
  regions: [eu-west-1, us-east-1]
  units:
    Work:
      policies: [guard.json]
      accounts:
        Dev: { email: dev@example.com, tags: { env: dev } }
        Test: { email: test@example.com, tags: { env: dev } }
      units:
        Live:
          accounts:
            Prod: { email: prod@example.com, tags: { env: prod } }
            Shop: { email: shop@example.com, tags: { env: prod } }
    Side:
      accounts:
        Tools: { email: tools@example.com, tags: { env: tools } }
        Spare: { email: spare@example.com }
apps:
  fleet:
    targets: \"ou:Work account:Tools\"
    regions: [eu-west-1, us-east-1]
    rollout: { waves: [\"tag:env=dev\", \"tag:env=prod\"], max-concurrent: 50%, stop-after: 2 failures }
    stacks:
      base: { template: base.yaml, auto-deploy: true }
      app: { template: app.yaml, role: deployer, parameters: { Env: \"${env}\", Home: \"${account.id}\" } }
";

const TEMPLATE: &str = "
Parameters:
  Env: { Type: String, Default: none }
  Home: { Type: String, Default: none }
Resources:
  Topic: { Type: AWS::SNS::Topic }
";

/// The project, or the same with another template for its first stack.
pub(crate) fn project(change: &str) -> &'static Project {
    static WRITTEN: OnceLock<Project> = OnceLock::new();
    static CHANGED: OnceLock<Project> = OnceLock::new();
    if change.is_empty() { &WRITTEN } else { &CHANGED }.get_or_init(|| load(change))
}

fn load(change: &str) -> Project {
    let guard = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}"#;
    let base = format!("Description: base {change}\nResources:\n  Topic: {{ Type: AWS::SNS::Topic }}\n");
    let files = [("stackfleet.yaml", PROJECT), ("base.yaml", &base), ("app.yaml", TEMPLATE), ("guard.json", guard)];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let (project, _, found) = stackfleet_project::load(&files);
    let errors: Vec<_> = found.iter().filter(|found| found.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    project.unwrap()
}

/// A world in which nothing exists but the caller's account.
pub(crate) fn empty_world() -> World {
    World::new(Observed {
        taken_at: Timestamp::default(),
        caller: Caller {
            account: "999988887777".parse().unwrap(),
            arn: "arn:aws:iam::999988887777:user/admin".parse().unwrap(),
        },
        home: "eu-west-1".parse().unwrap(),
        organization: None,
        administration_role: None,
        buckets: BTreeMap::new(),
        stack_sets: BTreeMap::new(),
        regions_off: BTreeMap::new(),
        gaps: Vec::new(),
    })
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accident {
    None,
    /// AWS says "not now".
    Later,
    /// The request never arrives.
    LostRequest,
    /// The request has its effect and the answer never arrives.
    LostAnswer,
    /// AWS says no.
    Refused,
    /// The process dies before the request is sent.
    KillBefore,
    /// The process dies when the request has had its effect.
    KillAfter,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` when it was killed.
    pub(crate) summary: Option<Summary>,
    pub(crate) events: Vec<Event>,
    pub(crate) rollout: Rollout,
}

impl Ran {
    /// Returns why steps were refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let causes = self.events.iter().filter_map(|event| {
            let Happening::Refused { step, cause, .. } = &event.what else { return None };
            Some(format!("{}: {cause}", step.0))
        });
        causes.collect()
    }
}

pub(crate) fn make_plan(project: &Project, world: &World) -> Plan {
    let plan = plan(project, &Artifacts::default(), &world.seen);
    let blockers: Vec<_> = plan.blockers().collect();
    assert!(blockers.is_empty(), "{blockers:#?}");
    plan
}

/// Runs a plan to its end or its death.
pub(crate) fn run(plan: Plan, world: &mut World, accident: impl FnMut(&Step) -> Accident) -> Ran {
    run_with(plan, world, accident, |_, _| {})
}

/// As [`run`]; `meddle` is called after every answer.
pub(crate) fn run_with(
    plan: Plan,
    world: &mut World,
    mut accident: impl FnMut(&Step) -> Accident,
    mut meddle: impl FnMut(&mut Rollout, Timestamp),
) -> Ran {
    let start = world.now;
    let mut gates = Gates { plan: plan.clone(), finished: BTreeSet::new() };
    let mut rollout = Rollout::start(plan, &world.seen, start);
    let mut events = Vec::new();
    for _ in 0..100_000 {
        while let Some(output) = rollout.poll_output() {
            match output {
                Output::Event(event) => {
                    gates.see(&event);
                    events.push(event);
                }
                Output::Step(step) => {
                    gates.check(&step);
                    let outcome = match accident(&step) {
                        Accident::None => world.answer(&step),
                        Accident::Later => {
                            Outcome::Later { after: std::time::Duration::from_secs(3), reason: "throttled".to_owned() }
                        }
                        Accident::LostRequest => Outcome::Unknown { reason: "timeout".to_owned() },
                        Accident::LostAnswer => {
                            world.answer(&step);
                            Outcome::Unknown { reason: "timeout".to_owned() }
                        }
                        Accident::Refused => Outcome::Refused(stackfleet_rollout::Refusal {
                            service: "any".to_owned(),
                            operation: "Any".to_owned(),
                            account: None,
                            region: None,
                            code: "AccessDenied".to_owned(),
                            message: "no".to_owned(),
                            request_id: None,
                        }),
                        Accident::KillBefore => return Ran { summary: None, events, rollout },
                        Accident::KillAfter => {
                            world.answer(&step);
                            return Ran { summary: None, events, rollout };
                        }
                    };
                    rollout.handle(Input::Answer { number: step.number, outcome }, world.now);
                    meddle(&mut rollout, world.now);
                }
            }
        }
        if rollout.is_finished() {
            let summary = rollout.summary();
            return Ran { summary: Some(summary), events, rollout };
        }
        let next = rollout.poll_timeout().unwrap_or_else(|| panic!("it waits for nothing: {:#?}", rollout.summary()));
        assert!(next > world.now, "a tick in the past");
        world.advance(next);
        rollout.handle(Input::Tick, next);
    }
    panic!("the rollout does not end");
}

/// No step before those it waits for, no wave before its gate.
struct Gates {
    plan: Plan,
    finished: BTreeSet<StepId>,
}

impl Gates {
    fn see(&mut self, event: &Event) {
        if let Happening::StepFinished { step } = &event.what {
            self.finished.insert(*step);
        }
    }

    fn check(&self, step: &Step) {
        let Call::Perform(action) = &step.call else { return };
        let planned = self.plan.steps.iter().find(|planned| planned.id == step.id).unwrap();
        assert!(planned.after.iter().all(|before| self.finished.contains(before)), "{planned:?} is too early");
        if !matches!(
            **action,
            Action::CreateInstances { .. } | Action::UpdateInstances { .. } | Action::UpdateStackSet { .. }
        ) {
            return;
        }
        // A definition cannot be replaced without an existing cell, if need be one of a later wave.
        if matches!(**action, Action::UpdateStackSet { .. }) && planned.cells.len() == 1 {
            return;
        }
        let Stage::Wave { wave, .. } = &planned.stage else { panic!("{planned:?} has no wave") };
        for other in self.plan.steps.iter().filter(|other| !other.cells.is_empty()) {
            let earlier = matches!(&other.stage, Stage::Wave { wave: before, .. } if before < wave);
            assert!(!earlier || self.finished.contains(&other.id), "{planned:?} begins before {other:?} is done");
        }
    }
}
