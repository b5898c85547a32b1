//! The state machine: which step is asked when, and what an answer leads to.
//!
//! It holds no clock and makes no request. Whoever drives it gives answers and moments to [`Rollout::handle`], takes
//! steps and events from [`Rollout::poll_output`], and comes back at [`Rollout::poll_timeout`] at the latest. What
//! happens to operations that AWS carries out over time is in `follow`.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use stackfleet_base::Timestamp;
use stackfleet_plan::{
    Observed, Plan,
    plan::{Action, CellState, Change, StepId},
};

use crate::{
    board::{Board, CellStatus, count, millis},
    event::{Cause, Event, Happening, Summary},
    node::{Followed, Following, Node, Phase, Question},
    patience, resolve,
    step::{Call, CreationState, Directory, Fact, OperationState, Outcome, Step},
};

/// What the world tells a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The answer to a step.
    Answer {
        /// The step's number.
        number: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// Time has passed.
    Tick,
    /// Begin nothing more until [`Input::Resume`]; what is under way is followed.
    Pause,
    /// Go on.
    Resume,
    /// Begin nothing more at all. Operations under way at AWS end by themselves; the next run follows them.
    Cancel,
}

/// What a rollout wants done or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A request to make.
    Step(Step),
    /// Something to tell.
    Event(Event),
}

/// A plan being carried out.
#[derive(Debug)]
pub struct Rollout {
    pub(crate) plan: Plan,
    pub(crate) nodes: BTreeMap<StepId, Node>,
    pub(crate) board: Board,
    directory: Arc<Directory>,
    output: VecDeque<Output>,
    in_flight: BTreeMap<u64, (StepId, Question)>,
    ready: BTreeSet<StepId>,
    pub(crate) due: BTreeSet<StepId>,
    timers: BTreeSet<(Timestamp, StepId)>,
    creations: BTreeSet<StepId>,
    refusals: Vec<(StepId, Cause)>,
    requests: u64,
    /// How many steps are done, refused or blocked.
    ended: usize,
    paused: bool,
    cancelled: bool,
    over: bool,
    started: Timestamp,
    last: Timestamp,
}

impl Rollout {
    /// Starts carrying out a plan. After a kill: observe again, plan again, start again.
    #[must_use]
    pub fn start(plan: Plan, observed: &Observed, now: Timestamp) -> Self {
        let mut nodes: BTreeMap<StepId, Node> = plan.steps.iter().map(|step| (step.id, Node::new(step))).collect();
        for step in &plan.steps {
            for before in &step.after {
                if let Some(node) = nodes.get_mut(before) {
                    node.dependants.push(step.id);
                }
            }
        }
        let ready = nodes.iter().filter(|(_, node)| node.phase == Phase::Ready).map(|(id, _)| *id).collect();
        let mut rollout = Self {
            board: Board::new(&plan),
            directory: Arc::new(resolve::directory(&plan, observed)),
            nodes,
            output: VecDeque::new(),
            in_flight: BTreeMap::new(),
            ready,
            due: BTreeSet::new(),
            timers: BTreeSet::new(),
            creations: BTreeSet::new(),
            refusals: Vec::new(),
            requests: 0,
            ended: 0,
            paused: false,
            cancelled: false,
            over: false,
            started: now,
            last: now,
            plan,
        };
        let changed = rollout.plan.cells.iter().filter(|cell| cell.change != Change::None).count();
        let (plan, steps, cells) = (rollout.plan.id.clone(), count(rollout.plan.steps.len()), count(changed));
        rollout.tell(now, Happening::Started { plan, steps, cells });
        rollout.pump(now);
        rollout
    }

    /// Takes in what happened. `now` never goes back.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.last = self.last.max(now);
        match input {
            Input::Answer { number, outcome } => self.answer(number, outcome, now),
            Input::Tick => {}
            Input::Pause => self.pause(true, now),
            Input::Resume => self.pause(false, now),
            Input::Cancel => {
                if !self.cancelled && !self.over {
                    self.cancelled = true;
                    self.tell(now, Happening::Cancelled);
                }
            }
        }
        self.pump(now);
    }

    /// Returns the next request or event, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Returns when to call [`Rollout::handle`] with [`Input::Tick`] if no answer comes before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.cancelled { None } else { self.timers.first().map(|(at, _)| *at) }
    }

    /// Tells whether all is over: every step has ended, or it was cancelled and no answer is awaited.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.over
    }

    /// Returns the plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns every cell of the plan and how it stands.
    #[must_use]
    pub fn cells(&self) -> &[CellStatus] {
        self.board.cells()
    }

    /// Returns the steps that will not be done, and why; not those that only waited for them.
    #[must_use]
    pub fn refusals(&self) -> &[(StepId, Cause)] {
        &self.refusals
    }

    /// Returns what came of it, so far or in the end.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let ended = |phase| count(self.nodes.values().filter(|node| node.phase == phase).count());
        let (done, refused) = (ended(Phase::Done), ended(Phase::Refused));
        Summary {
            cells: self.board.counts(),
            done,
            refused,
            blocked: count(self.nodes.len()) - done - refused,
            cancelled: self.cancelled,
            requests: self.requests,
            duration_ms: millis(self.last, self.started),
            tiers: self.board.tiers(self.last),
        }
    }

    pub(crate) const fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    pub(crate) fn tell(&mut self, at: Timestamp, what: Happening) {
        self.output.push_back(Output::Event(Event { at, what }));
    }

    pub(crate) fn tell_some(&mut self, at: Timestamp, what: Option<Happening>) {
        if let Some(what) = what {
            self.tell(at, what);
        }
    }

    fn pause(&mut self, paused: bool, now: Timestamp) {
        if self.paused != paused {
            self.paused = paused;
            self.tell(now, Happening::Paused(paused));
        }
    }

    fn pump(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.due.insert(id);
        }
        while !self.cancelled && self.in_flight.len() < patience::REQUESTS_MAX {
            let Some(id) = self.next() else { break };
            self.due.remove(&id);
            self.ready.remove(&id);
            self.ask(id, now);
        }
        if !self.over && self.in_flight.is_empty() && (self.cancelled || self.ended >= self.nodes.len()) {
            self.over = true;
            let summary = self.summary();
            self.tell(now, Happening::Finished { summary });
        }
    }

    /// Chooses what to ask: first what was begun, then in the plan's order.
    fn next(&self) -> Option<StepId> {
        let question = |id: &StepId| self.nodes.get(id).map(Node::question);
        let mut due = self.due.iter().copied();
        let begun = due.find(|id| !self.paused || question(id) != Some(Question::Perform));
        begun.or_else(|| {
            let full = self.creations.len() >= patience::CREATIONS_MAX;
            let may = |id: &StepId| !full || self.nodes.get(id).is_some_and(|node| !node.creates_account());
            if self.paused { None } else { self.ready.iter().copied().find(may) }
        })
    }

    fn ask(&mut self, id: StepId, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let question = node.question();
        let call = match (&node.following, question) {
            (Some(following), Question::Describe | Question::Results) => following.call(),
            (_, _) => match resolve::action(&node.action, &self.directory) {
                Ok(action) => Call::Perform(Box::new(action)),
                Err(what) => return self.refuse(id, Cause::Unresolved(what), now),
            },
        };
        let (first, look_first, cells) = (!node.began, node.look_first, node.cells.clone());
        let followed = node.following.is_some();
        (node.began, node.phase) = (true, Phase::Asked);
        if node.creates_account() {
            self.creations.insert(id);
        }
        if first {
            self.tell(now, Happening::StepStarted { step: id });
            let wave = self.board.step_started(id, now);
            self.tell_some(now, wave);
            if followed {
                self.mark_running(&cells, now);
            }
        }
        self.requests += 1;
        let (number, directory) = (self.requests, Arc::clone(&self.directory));
        self.in_flight.insert(number, (id, question));
        self.output.push_back(Output::Step(Step { number, id, call, look_first, directory }));
    }

    fn answer(&mut self, number: u64, outcome: Outcome, now: Timestamp) {
        let Some((id, question)) = self.in_flight.remove(&number) else { return };
        match outcome {
            Outcome::Done(fact) => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    (node.unknowns, node.laters) = (0, 0);
                }
                self.learn(id, &fact);
                self.take_fact(id, question, fact, now);
            }
            Outcome::Refused(refusal) => self.refuse(id, Cause::Refusal(refusal), now),
            Outcome::Later { after, reason } => self.not_now(id, after, reason, now),
            Outcome::Unknown { reason } => self.nobody_knows(id, reason, now),
        }
    }

    fn not_now(&mut self, id: StepId, after: Duration, reason: String, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.laters += 1;
        let attempts = node.laters;
        if attempts > patience::LATER_MAX {
            return self.refuse(id, Cause::GaveUp { attempts, reason }, now);
        }
        self.sleep(id, after.max(patience::backoff(attempts)), Some(reason), now);
    }

    pub(crate) fn nobody_knows(&mut self, id: StepId, reason: String, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.unknowns += 1;
        node.look_first = true;
        let attempts = node.unknowns;
        if attempts > patience::UNKNOWN_MAX {
            return self.refuse(id, Cause::GaveUp { attempts, reason }, now);
        }
        self.sleep(id, patience::backoff(attempts), Some(reason), now);
    }

    fn take_fact(&mut self, id: StepId, question: Question, fact: Fact, now: Timestamp) {
        match (question, fact) {
            (Question::Perform, Fact::Operation { operation, state }) => self.follow(id, operation, state, now),
            (Question::Perform, Fact::Creation { id: creation, state }) => {
                if let Some(node) = self.nodes.get_mut(&id)
                    && let Action::CreateAccount { name, .. } = &node.action
                {
                    let account = name.clone();
                    node.following = Some(Following::new(Followed::Creation { id: creation, account }));
                }
                self.creation_stands(id, state, now);
            }
            (
                Question::Perform,
                Fact::Nothing | Fact::Organization { .. } | Fact::Unit { .. } | Fact::Policy { .. } | Fact::Results(_),
            ) => self.complete(id, now),
            (Question::Describe, Fact::Operation { state, .. }) => self.operation_stands(id, state, now),
            (Question::Describe, Fact::Creation { state, .. }) => self.creation_stands(id, state, now),
            (Question::Results, Fact::Results(results)) => self.take_results(id, results, now),
            (
                Question::Describe | Question::Results,
                Fact::Nothing
                | Fact::Organization { .. }
                | Fact::Unit { .. }
                | Fact::Policy { .. }
                | Fact::Creation { .. }
                | Fact::Operation { .. }
                | Fact::Results(_),
            ) => self.nobody_knows(id, "the answer was to another question".to_owned(), now),
        }
    }

    fn follow(&mut self, id: StepId, operation: String, state: OperationState, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let Some(set) = set_of(&node.action).map(str::to_owned) else { return self.complete(id, now) };
        node.following = Some(Following::new(Followed::Operation { set, operation }));
        let cells = node.cells.clone();
        self.mark_running(&cells, now);
        match state {
            OperationState::Queued | OperationState::Running => self.sleep(id, patience::POLL_FIRST, None, now),
            OperationState::Succeeded | OperationState::Failed { .. } | OperationState::Stopped => {
                self.operation_stands(id, state, now);
            }
        }
    }

    fn mark_running(&mut self, cells: &BTreeSet<stackfleet_plan::plan::CellId>, now: Timestamp) {
        for cell in cells {
            let happened = self.board.set(*cell, CellState::Running, None);
            self.tell_some(now, happened);
        }
    }

    pub(crate) fn sleep(&mut self, id: StepId, pause: Duration, reason: Option<String>, now: Timestamp) {
        let until = now + pause;
        if let Some(node) = self.nodes.get_mut(&id) {
            node.phase = Phase::Sleeping;
        }
        self.timers.insert((until, id));
        if let Some(reason) = reason {
            self.tell(now, Happening::StepWaiting { step: id, until, reason });
        }
    }

    pub(crate) fn complete(&mut self, id: StepId, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.phase = Phase::Done;
        node.finished = Some(now);
        let dependants = node.dependants.clone();
        self.ended += 1;
        self.creations.remove(&id);
        self.tell(now, Happening::StepFinished { step: id });
        let wave = self.board.step_ended(id, true, true, now);
        self.tell_some(now, wave);
        for dependant in dependants {
            let Some(node) = self.nodes.get_mut(&dependant) else { continue };
            node.open = node.open.saturating_sub(1);
            if node.open == 0 && node.phase == Phase::Waiting {
                node.phase = Phase::Ready;
                self.ready.insert(dependant);
            }
        }
    }

    /// Ends a step and everything that waits for it, and nothing else.
    pub(crate) fn refuse(&mut self, id: StepId, cause: Cause, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.phase = Phase::Refused;
        self.ended += 1;
        let (began, cells) = (node.began, node.cells.clone());
        self.creations.remove(&id);
        let reason = cause.to_string();
        if !matches!(cause, Cause::Operation { .. } | Cause::TooManyFailures { .. }) {
            self.block_cells(&cells, &reason, now);
        }
        let blocked = self.block_dependants(id, &reason, now);
        self.refusals.push((id, cause.clone()));
        self.tell(now, Happening::Refused { step: id, cause, blocked });
        let wave = self.board.step_ended(id, false, began, now);
        self.tell_some(now, wave);
    }

    fn block_dependants(&mut self, id: StepId, reason: &str, now: Timestamp) -> u32 {
        let mut blocked = 0;
        let mut queue = VecDeque::from([id]);
        while let Some(before) = queue.pop_front() {
            let dependants = self.nodes.get(&before).map(|node| node.dependants.clone()).unwrap_or_default();
            for dependant in dependants {
                let Some(node) = self.nodes.get_mut(&dependant) else { continue };
                if node.phase.is_over() {
                    continue;
                }
                node.phase = Phase::Blocked;
                self.ended += 1;
                let cells = node.cells.clone();
                blocked += 1;
                queue.push_back(dependant);
                self.block_cells(&cells, reason, now);
                let wave = self.board.step_ended(dependant, false, false, now);
                self.tell_some(now, wave);
            }
        }
        blocked
    }

    fn block_cells(&mut self, cells: &BTreeSet<stackfleet_plan::plan::CellId>, reason: &str, now: Timestamp) {
        for cell in cells {
            let state = self.board.get(*cell).map(|status| status.state);
            if !matches!(state, Some(CellState::Current | CellState::Failed)) {
                let happened = self.board.set(*cell, CellState::Blocked, Some(reason.to_owned()));
                self.tell_some(now, happened);
            }
        }
    }

    fn learn(&mut self, step: StepId, fact: &Fact) {
        match fact {
            Fact::Organization { id, management, root } => {
                let directory = Arc::make_mut(&mut self.directory);
                directory.organization = Some(id.clone());
                directory.management = Some(management.clone());
                directory.root = Some(root.clone());
            }
            Fact::Unit { path, id } => {
                Arc::make_mut(&mut self.directory).units.insert(path.clone(), id.clone());
            }
            Fact::Policy { name, id } => {
                Arc::make_mut(&mut self.directory).policies.insert(name.clone(), id.clone());
            }
            Fact::Creation { state: CreationState::Succeeded(id), .. } => {
                let action = self.nodes.get(&step).map(|node| &node.action);
                if let Some(Action::CreateAccount { name, .. }) = action {
                    Arc::make_mut(&mut self.directory).accounts.insert(name.clone(), id.clone());
                    self.board.account_is(name, id);
                }
            }
            Fact::Nothing | Fact::Creation { .. } | Fact::Operation { .. } | Fact::Results(_) => {}
        }
    }
}

/// Returns the stack set that an action works on.
pub(crate) fn set_of(action: &Action) -> Option<&str> {
    match action {
        Action::CreateStackSet { set, .. }
        | Action::UpdateStackSet { set, .. }
        | Action::SetAutoDeployment { set, .. }
        | Action::CreateInstances { set, .. }
        | Action::UpdateInstances { set, .. }
        | Action::FollowOperation { set, .. } => Some(set),
        Action::CreateOrganization
        | Action::EnableServiceControlPolicies
        | Action::ActivateStackSetsAccess
        | Action::CreateUnit { .. }
        | Action::CreateAccount { .. }
        | Action::MoveAccount { .. }
        | Action::TagAccount { .. }
        | Action::CreatePolicy { .. }
        | Action::UpdatePolicy { .. }
        | Action::AttachPolicy { .. }
        | Action::DetachPolicy { .. }
        | Action::PutAdministrationRole { .. }
        | Action::PutBucket { .. }
        | Action::UploadArtifact { .. } => None,
    }
}
