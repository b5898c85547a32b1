//! What a rollout tells whoever watches: the only thing that terminals, journals and pages see.
//!
//! Every event says when it happened and carries names, so that a consumer needs no plan beside it.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Serialize};
use stackfleet_base::{Region, Timestamp};
use stackfleet_plan::plan::{AccountRef, CellId, CellState, StepId};

use crate::step::Refusal;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// The rollout began.
    Started {
        /// The plan's id.
        plan: String,
        /// How many steps it has.
        steps: u32,
        /// How many cells it works on.
        cells: u32,
    },
    /// A step was asked for the first time.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// A step waits before it is tried again.
    StepWaiting {
        /// The step.
        step: StepId,
        /// Until when.
        until: Timestamp,
        /// For what.
        reason: String,
    },
    /// A step is done.
    StepFinished {
        /// The step.
        step: StepId,
    },
    /// A step will not be done, nor what waits for it.
    Refused {
        /// The step.
        step: StepId,
        /// Why.
        cause: Cause,
        /// How many further steps cannot be done either.
        blocked: u32,
    },
    /// The first operation of a wave of a stack began.
    WaveStarted {
        /// The wave.
        wave: WaveName,
        /// How many cells it works on.
        cells: u32,
    },
    /// Cells of a wave changed.
    WaveProgress {
        /// The wave.
        wave: WaveName,
        /// Cells that are as they should be.
        done: u32,
        /// Cells that failed.
        failed: u32,
        /// How many cells it works on.
        cells: u32,
    },
    /// The last operation of a wave of a stack ended.
    WaveFinished {
        /// The wave.
        wave: WaveName,
        /// Cells that are as they should be.
        done: u32,
        /// Cells that failed.
        failed: u32,
        /// How many cells it worked on.
        cells: u32,
        /// Whether later waves may begin.
        passed: bool,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A cell changed.
    CellChanged {
        /// The cell.
        cell: CellName,
        /// How it stands.
        state: CellState,
        /// Why, where that is worth saying.
        reason: Option<String>,
    },
    /// It was asked to begin nothing more, or to go on again.
    Paused(
        /// Whether it is paused.
        bool,
    ),
    /// It was asked to stop: nothing more is begun, and what AWS is carrying out is left to end by itself.
    Cancelled,
    /// The rollout is over.
    Finished {
        /// What came of it.
        summary: Summary,
    },
}

/// A wave of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaveName {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// Its number, from 0.
    pub wave: u32,
    /// Its name.
    pub name: String,
}

/// A cell, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellName {
    /// Its index in the plan.
    pub id: CellId,
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// The account; its id is known once it exists.
    pub account: AccountRef,
    /// The region.
    pub region: Region,
}

/// Why a step will not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// AWS refused it.
    Refusal(Refusal),
    /// Its stack set operation failed or was stopped.
    Operation {
        /// The stack set.
        set: String,
        /// The operation.
        operation: String,
        /// Whether somebody stopped it.
        stopped: bool,
        /// Why, as AWS said it.
        reason: Option<String>,
        /// How many of its cells failed.
        failed: u32,
    },
    /// Its operation ended within its own tolerance, but with the waves before it too many accounts of a region failed.
    TooManyFailures {
        /// The region.
        region: Region,
        /// How many accounts failed there.
        failed: u32,
        /// How many are tolerated.
        tolerated: u32,
    },
    /// The account could not be made.
    Creation {
        /// The account's name.
        account: String,
        /// AWS's word for it: `EMAIL_ALREADY_EXISTS`...
        reason: String,
    },
    /// Something it needs has no id, though the steps before it are done.
    Unresolved(
        /// What is not known.
        String,
    ),
    /// It was tried as often as is sensible.
    GaveUp {
        /// How often.
        attempts: u32,
        /// What stood in the way the last time.
        reason: String,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refusal(refusal) => write!(f, "{}: {}", refusal.code, refusal.message),
            Self::Operation { operation, stopped: true, .. } => write!(f, "operation {operation} was stopped"),
            Self::Operation { operation, reason, failed, stopped: false, .. } => {
                write!(f, "operation {operation} failed in {failed} cells")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::TooManyFailures { region, failed, tolerated } => {
                write!(f, "{failed} accounts failed in {region}, {tolerated} are tolerated")
            }
            Self::Creation { account, reason } => write!(f, "account {account} could not be made: {reason}"),
            Self::Unresolved(what) => f.write_str(what),
            Self::GaveUp { attempts, reason } => write!(f, "given up after {attempts} attempts: {reason}"),
        }
    }
}

/// What came of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How many cells stand how, over all cells of the plan.
    pub cells: BTreeMap<CellState, u32>,
    /// Steps that were done.
    pub done: u32,
    /// Steps that were refused or failed.
    pub refused: u32,
    /// Steps that were not done because of others, or because the rollout was cancelled.
    pub blocked: u32,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Requests made.
    pub requests: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How long each stack took, in the order in which they began.
    pub tiers: Vec<Tier>,
}

impl Summary {
    /// Tells whether every step was done and every cell is as it should be or was left out on purpose.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let as_declared = [CellState::Current, CellState::Skipped];
        self.refused == 0
            && self.blocked == 0
            && !self.cancelled
            && self.cells.iter().all(|(state, count)| *count == 0 || as_declared.contains(state))
    }

    /// Returns how long it took.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_millis(self.duration_ms)
    }
}

/// The time that a stack took, over all waves, waiting for others included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// From the first operation's begin to the last one's end, in milliseconds.
    pub duration_ms: u64,
    /// The time during which operations of this stack were under way, in milliseconds.
    pub working_ms: u64,
}
