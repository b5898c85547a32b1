//! A rollout in progress, as a value: events go in, lines come out.
//!
//! What has happened is a log of lines that stay; what is happening is a block of few lines that is drawn anew. Where
//! nothing can be drawn anew, the log has a line for each cell and one a minute.

use std::{collections::BTreeMap, time::Duration};

use stackfleet_base::{Region, Timestamp};
use stackfleet_plan::{
    Plan,
    plan::{Action, CellId, CellState, Stage},
};
use stackfleet_rollout::{Event, Happening, WaveName};

use crate::screens::words;

/// Everything that the screens of a running rollout show.
#[derive(Debug)]
pub(crate) struct Progress {
    plan: Plan,
    /// Every finished cell gets a line of its own.
    line_per_cell: bool,
    started: Option<Timestamp>,
    now: Timestamp,
    steps_done: usize,
    wave: Option<Wave>,
    waves_total: u32,
    states: BTreeMap<CellId, CellState>,
    waiting: Option<String>,
    told_at: Option<Timestamp>,
    preparations: BTreeMap<String, Group>,
}

/// Steps that do the same to different things.
#[derive(Debug, Default)]
struct Group {
    done: usize,
    all: usize,
}

#[derive(Debug)]
struct Wave {
    name: WaveName,
    cells: u32,
    done: u32,
    failed: u32,
    started: Timestamp,
}

/// How often a rollout that cannot draw says that it is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

impl Progress {
    /// Begins with a plan.
    pub(crate) fn new(plan: Plan, line_per_cell: bool) -> Self {
        let waves = plan.steps.iter().filter_map(|step| match &step.stage {
            Stage::Wave { wave, .. } => Some(*wave + 1),
            Stage::Organization | Stage::Groundwork => None,
        });
        let waves_total = waves.max().unwrap_or(0);
        let states = BTreeMap::new();
        let mut preparations: BTreeMap<String, Group> = BTreeMap::new();
        for step in plan.steps.iter().filter(|step| !matches!(step.stage, Stage::Wave { .. })) {
            preparations.entry(words::folded(&step.action).0).or_default().all += 1;
        }
        Self {
            plan,
            line_per_cell,
            started: None,
            now: Timestamp::default(),
            steps_done: 0,
            wave: None,
            waves_total,
            states,
            waiting: None,
            told_at: None,
            preparations,
        }
    }

    /// Takes an event in and returns the lines that it adds to the log.
    pub(crate) fn apply(&mut self, event: &Event) -> Vec<String> {
        self.now = event.at;
        let mut lines = match &event.what {
            Happening::Started { .. } => {
                self.started = Some(event.at);
                self.told_at = Some(event.at);
                Vec::new()
            }
            Happening::StepStarted { .. } => Vec::new(),
            Happening::StepFinished { step } => {
                self.steps_done += 1;
                self.waiting = None;
                let planned = self.plan.steps.get(step.index());
                let told = planned.filter(|planned| !matches!(planned.stage, Stage::Wave { .. })).cloned();
                told.and_then(|planned| self.preparation(&planned.action)).into_iter().collect()
            }
            Happening::StepWaiting { reason, .. } => {
                self.waiting = Some(reason.clone());
                Vec::new()
            }
            Happening::Refused { step, cause, blocked } => {
                let what = self.plan.steps.get(step.index()).map(|planned| words::action(&planned.action));
                let mut lines = vec![format!("✗ could not {}", what.unwrap_or_default()), format!("    {cause}")];
                if *blocked > 0 {
                    let steps = usize::try_from(*blocked).unwrap_or(usize::MAX);
                    lines.push(format!("    {} that wait for it cannot be done either", words::number(steps, "step")));
                }
                lines
            }
            Happening::WaveStarted { wave, cells } => {
                let name = wave.clone();
                self.wave = Some(Wave { name, cells: *cells, done: 0, failed: 0, started: event.at });
                Vec::new()
            }
            Happening::WaveProgress { wave, done, failed, cells } => {
                if let Some(current) = self.wave.as_mut().filter(|current| current.name == *wave) {
                    (current.done, current.failed, current.cells) = (*done, *failed, *cells);
                }
                Vec::new()
            }
            Happening::WaveFinished { wave, done, failed, cells, passed, duration_ms } => {
                let sign = if *failed == 0 && *passed { '✓' } else { '✗' };
                let took = words::duration(Duration::from_millis(*duration_ms));
                let failed = if *failed == 0 { String::new() } else { format!(", {failed} failed") };
                let stopped = if *passed { "" } else { "; later waves do not begin" };
                vec![format!(
                    "{sign} wave {:<2} {:<12} {:<18} {done} of {cells}{failed}{stopped}   {took}",
                    wave.wave + 1,
                    wave.name,
                    wave.stack,
                )]
            }
            Happening::CellChanged { cell, state, reason } => {
                self.states.insert(cell.id, *state);
                let ended = !matches!(state, CellState::Running | CellState::Missing);
                let bad = matches!(state, CellState::Failed | CellState::Drifted);
                if bad || (self.line_per_cell && ended && *state != CellState::Blocked) {
                    let mut line = format!(
                        "{} {:<20} {:<14} {:<18} {}",
                        words::sign(*state),
                        cell.account.name,
                        cell.region,
                        cell.stack,
                        words::state(*state),
                    );
                    if let Some(reason) = reason.as_ref().filter(|_| *state != CellState::Current) {
                        line.push_str("\n    ");
                        line.push_str(&words::plain_reason(reason));
                    }
                    vec![line]
                } else {
                    Vec::new()
                }
            }
            Happening::Paused(true) => vec!["paused: nothing more is begun".to_owned()],
            Happening::Paused(false) => vec!["going on".to_owned()],
            Happening::Cancelled => vec![
                "stopping: nothing more is begun; what AWS is carrying out ends by itself, and the next run follows it"
                    .to_owned(),
            ],
            Happening::Finished { .. } => Vec::new(),
        };
        if self.line_per_cell && lines.is_empty() {
            lines.extend(self.sign_of_life());
        } else if !lines.is_empty() {
            self.told_at = Some(event.at);
        }
        lines
    }

    /// Equal steps before the waves are told in one line, once all are done: an organization may have a thousand.
    fn preparation(&mut self, action: &Action) -> Option<String> {
        let (kind, _) = words::folded(action);
        let group = self.preparations.entry(kind.clone()).or_default();
        group.done += 1;
        let (done, all) = (group.done, group.all);
        if all <= 1 {
            return Some(format!("✓ {}", words::action(action)));
        }
        (done == all).then(|| format!("✓ {}", words::several(&kind, all)))
    }

    fn sign_of_life(&mut self) -> Option<String> {
        let told_at = self.told_at?;
        if self.now.since(told_at) < SIGN_OF_LIFE {
            return None;
        }
        self.told_at = Some(self.now);
        Some(self.headline())
    }

    /// Returns one line about where things stand.
    pub(crate) fn headline(&self) -> String {
        let elapsed = self.started.map(|started| words::duration(self.now.since(started))).unwrap_or_default();
        match &self.wave {
            Some(wave) => {
                let failed = if wave.failed == 0 { String::new() } else { format!("   {} failed", wave.failed) };
                format!(
                    " wave {} of {}  {}  {}   {}/{}{failed}   {elapsed}",
                    wave.name.wave + 1,
                    self.waves_total,
                    wave.name.name,
                    wave.name.stack,
                    wave.done,
                    wave.cells,
                )
            }
            None => format!(" step {} of {}   {elapsed}", self.steps_done, self.plan.steps.len()),
        }
    }

    /// Returns the share of the present wave (or of all steps before the first) that is done, 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        let (done, all) = match &self.wave {
            Some(wave) => (wave.done + wave.failed, wave.cells),
            None => (count(self.steps_done), count(self.plan.steps.len())),
        };
        if all == 0 { 0.0 } else { (f64::from(done) / f64::from(all)).clamp(0.0, 1.0) }
    }

    /// Returns how long the present wave still takes, if it goes on as it did.
    pub(crate) fn left(&self) -> Option<Duration> {
        let wave = self.wave.as_ref()?;
        let done = wave.done + wave.failed;
        let rest = wave.cells.checked_sub(done)?;
        (done > 0 && rest > 0).then(|| self.now.since(wave.started) * rest / done)
    }

    /// Returns what is being waited for.
    pub(crate) fn waiting(&self) -> Option<&str> {
        self.waiting.as_deref()
    }

    /// Returns the cells of the present wave, region by region.
    pub(crate) fn strips(&self) -> Vec<(Region, Vec<CellState>)> {
        let Some(wave) = &self.wave else { return Vec::new() };
        let mut strips: BTreeMap<Region, Vec<CellState>> = BTreeMap::new();
        for (index, cell) in self.plan.cells.iter().enumerate() {
            if cell.app == wave.name.app && cell.stack == wave.name.stack && cell.wave == wave.name.wave {
                let id = CellId(count(index));
                let state = self.states.get(&id).copied().unwrap_or(cell.state);
                strips.entry(cell.region.clone()).or_default().push(state);
            }
        }
        strips.into_iter().collect()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
