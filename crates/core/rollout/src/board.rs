//! The matrix as the rollout knows it: every cell's state, every wave's count, every stack's time.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{AccountId, Timestamp};
use stackfleet_plan::{
    Plan,
    observed::Cell,
    plan::{CellId, CellState, Change, Stage, StepId},
};

use crate::event::{CellName, Happening, Tier, WaveName};

/// A cell and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellStatus {
    /// The cell.
    pub name: CellName,
    /// The stack set.
    pub set: String,
    /// How it stands.
    pub state: CellState,
    /// Why, where that is worth saying.
    pub reason: Option<String>,
}

/// All cells, waves and stacks of a rollout.
#[derive(Debug)]
pub(crate) struct Board {
    cells: Vec<CellStatus>,
    by_place: BTreeMap<(String, Cell), CellId>,
    by_account: BTreeMap<String, Vec<CellId>>,
    waves: BTreeMap<WaveName, Wave>,
    wave_of_step: BTreeMap<StepId, WaveName>,
    tiers: Vec<TierClock>,
}

#[derive(Debug, Default)]
struct Wave {
    cells: BTreeSet<CellId>,
    open: u32,
    failed_steps: u32,
    started: Option<Timestamp>,
}

#[derive(Debug)]
struct TierClock {
    app: String,
    stack: String,
    first: Timestamp,
    last: Timestamp,
    active: u32,
    active_since: Timestamp,
    working_ms: u64,
}

impl Board {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut board = Self {
            cells: Vec::with_capacity(plan.cells.len()),
            by_place: BTreeMap::new(),
            by_account: BTreeMap::new(),
            waves: BTreeMap::new(),
            wave_of_step: BTreeMap::new(),
            tiers: Vec::new(),
        };
        for (index, cell) in plan.cells.iter().enumerate() {
            let id = CellId(u32::try_from(index).unwrap_or(u32::MAX));
            if let Some(account) = &cell.account.id {
                let place = Cell { account: account.clone(), region: cell.region.clone() };
                board.by_place.insert((cell.set.clone(), place), id);
            }
            board.by_account.entry(cell.account.name.clone()).or_default().push(id);
            board.cells.push(CellStatus {
                name: CellName {
                    id,
                    app: cell.app.clone(),
                    stack: cell.stack.clone(),
                    account: cell.account.clone(),
                    region: cell.region.clone(),
                },
                set: cell.set.clone(),
                state: cell.state,
                reason: cell.reason.clone(),
            });
        }
        // Making a stack set serves all waves and begins none.
        for step in plan.steps.iter().filter(|step| !step.cells.is_empty()) {
            let Stage::Wave { app, stack, wave, name } = &step.stage else { continue };
            let name = WaveName { app: app.clone(), stack: stack.clone(), wave: *wave, name: name.clone() };
            let wave = board.waves.entry(name.clone()).or_default();
            wave.open += 1;
            let changed = |id: &&CellId| plan.cells.get(id.index()).is_some_and(|cell| cell.change != Change::None);
            wave.cells.extend(step.cells.iter().filter(changed));
            board.wave_of_step.insert(step.id, name);
        }
        board
    }

    pub(crate) fn cells(&self) -> &[CellStatus] {
        &self.cells
    }

    pub(crate) fn counts(&self) -> BTreeMap<CellState, u32> {
        let mut counts = BTreeMap::new();
        for cell in &self.cells {
            *counts.entry(cell.state).or_insert(0) += 1;
        }
        counts
    }

    /// Notes the id that an account was given.
    pub(crate) fn account_is(&mut self, name: &str, id: &AccountId) {
        for cell_id in self.by_account.get(name).into_iter().flatten() {
            if let Some(cell) = self.cells.get_mut(cell_id.index()) {
                cell.name.account.id = Some(id.clone());
                let place = Cell { account: id.clone(), region: cell.name.region.clone() };
                self.by_place.insert((cell.set.clone(), place), *cell_id);
            }
        }
    }

    pub(crate) fn find(&self, set: &str, cell: &Cell) -> Option<CellId> {
        self.by_place.get(&(set.to_owned(), cell.clone())).copied()
    }

    /// Changes a cell; returns what to tell, if anything changed.
    pub(crate) fn set(&mut self, id: CellId, state: CellState, reason: Option<String>) -> Option<Happening> {
        let cell = self.cells.get_mut(id.index())?;
        if cell.state == state && cell.reason == reason {
            return None;
        }
        cell.state = state;
        cell.reason.clone_from(&reason);
        Some(Happening::CellChanged { cell: cell.name.clone(), state, reason })
    }

    /// Tells whether everything else of the app in a cell's account is as it should be.
    pub(crate) fn stands_on_good_ground(&self, id: CellId) -> bool {
        let Some(cell) = self.get(id) else { return false };
        let others = self.by_account.get(&cell.name.account.name).into_iter().flatten().filter_map(|id| self.get(*id));
        let mut beside = others.filter(|other| other.name.app == cell.name.app && other.name.stack != cell.name.stack);
        !beside.any(|other| matches!(other.state, CellState::Failed))
    }

    pub(crate) fn get(&self, id: CellId) -> Option<&CellStatus> {
        self.cells.get(id.index())
    }

    /// Notes that a step's work began; returns what to tell when it is the first of its wave.
    pub(crate) fn step_started(&mut self, step: StepId, now: Timestamp) -> Option<Happening> {
        let name = self.wave_of_step.get(&step)?.clone();
        self.tier_active(&name, now, true);
        let wave = self.waves.get_mut(&name)?;
        if wave.started.is_some() {
            return None;
        }
        wave.started = Some(now);
        Some(Happening::WaveStarted { wave: name, cells: count(wave.cells.len()) })
    }

    /// Notes that a step ended, or will never begin; returns what to tell when it is the last of its wave.
    pub(crate) fn step_ended(&mut self, step: StepId, passed: bool, began: bool, now: Timestamp) -> Option<Happening> {
        let name = self.wave_of_step.get(&step)?.clone();
        if began {
            self.tier_active(&name, now, false);
        }
        let wave = self.waves.get_mut(&name)?;
        wave.open = wave.open.saturating_sub(1);
        wave.failed_steps += u32::from(!passed);
        let (started, open, passed) = (wave.started?, wave.open, wave.failed_steps == 0);
        if open > 0 {
            return None;
        }
        let (done, failed, cells) = self.tally(&name);
        let duration_ms = millis(now, started);
        Some(Happening::WaveFinished { wave: name, done, failed, cells, passed, duration_ms })
    }

    /// Returns how the wave of a step progresses.
    pub(crate) fn progress(&self, step: StepId) -> Option<Happening> {
        let name = self.wave_of_step.get(&step)?.clone();
        let (done, failed, cells) = self.tally(&name);
        Some(Happening::WaveProgress { wave: name, done, failed, cells })
    }

    pub(crate) fn tiers(&self, now: Timestamp) -> Vec<Tier> {
        let tiers = self.tiers.iter().map(|clock| {
            let under_way = if clock.active > 0 { millis(now, clock.active_since) } else { 0 };
            let last = if clock.active > 0 { now } else { clock.last };
            Tier {
                app: clock.app.clone(),
                stack: clock.stack.clone(),
                duration_ms: millis(last, clock.first),
                working_ms: clock.working_ms + under_way,
            }
        });
        tiers.collect()
    }

    fn tally(&self, name: &WaveName) -> (u32, u32, u32) {
        let cells = self.waves.get(name).map(|wave| &wave.cells);
        let (mut done, mut failed, mut all) = (0, 0, 0);
        for cell in cells.into_iter().flatten().filter_map(|id| self.get(*id)) {
            all += 1;
            done += u32::from(cell.state == CellState::Current);
            failed += u32::from(cell.state == CellState::Failed);
        }
        (done, failed, all)
    }

    fn tier_active(&mut self, wave: &WaveName, now: Timestamp, begins: bool) {
        let known = self.tiers.iter_mut().find(|clock| clock.app == wave.app && clock.stack == wave.stack);
        let Some(clock) = known else {
            let (app, stack) = (wave.app.clone(), wave.stack.clone());
            self.tiers.push(TierClock {
                app,
                stack,
                first: now,
                last: now,
                active: u32::from(begins),
                active_since: now,
                working_ms: 0,
            });
            return;
        };
        if begins {
            if clock.active == 0 {
                clock.active_since = now;
            }
            clock.active += 1;
            return;
        }
        clock.active = clock.active.saturating_sub(1);
        clock.last = now;
        if clock.active == 0 {
            clock.working_ms += millis(now, clock.active_since);
        }
    }
}

pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(crate) fn millis(later: Timestamp, earlier: Timestamp) -> u64 {
    u64::try_from(later.since(earlier).as_millis()).unwrap_or(u64::MAX)
}
