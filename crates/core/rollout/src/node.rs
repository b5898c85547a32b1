//! One planned step while it is being carried out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use stackfleet_base::Timestamp;
use stackfleet_plan::{
    observed::Cell,
    plan::{Action, CellId, PlannedStep, StepId},
};

use crate::{
    patience,
    step::{CellResult, OperationState},
};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waits for other steps.
    Waiting,
    /// Can be asked.
    Ready,
    /// A request awaits its answer.
    Asked,
    /// A pause before the next request.
    Sleeping,
    /// Done.
    Done,
    /// Refused, or its operation failed.
    Refused,
    /// Never begun, because of another step.
    Blocked,
}

impl Phase {
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Blocked)
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Do it.
    Perform,
    /// How does it stand?
    Describe,
    /// What came of it, cell by cell?
    Results,
}

/// Something that AWS carries out over time.
#[derive(Debug, Clone)]
pub(crate) struct Following {
    pub(crate) what: Followed,
    pub(crate) pause: Duration,
    pub(crate) polls: u32,
    pub(crate) next: Question,
    /// How it ended, once it has.
    pub(crate) ended: Option<OperationState>,
    pub(crate) final_reads: u32,
    pub(crate) results: BTreeMap<Cell, CellResult>,
}

/// What is followed.
#[derive(Debug, Clone)]
pub(crate) enum Followed {
    /// A stack set operation.
    Operation { set: String, operation: String },
    /// An account creation.
    Creation { id: String, account: String },
}

impl Following {
    pub(crate) fn new(what: Followed) -> Self {
        Self {
            what,
            pause: patience::POLL_FIRST,
            polls: 0,
            next: Question::Describe,
            ended: None,
            final_reads: 0,
            results: BTreeMap::new(),
        }
    }
}

/// A planned step while it is being carried out.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) phase: Phase,
    /// Steps before it that are not done.
    pub(crate) open: usize,
    pub(crate) dependants: Vec<StepId>,
    /// What is asked; differs from the plan's only in the operation id of a repeated operation.
    pub(crate) action: Action,
    /// The cells it works on.
    pub(crate) cells: BTreeSet<CellId>,
    pub(crate) look_first: bool,
    pub(crate) laters: u32,
    pub(crate) unknowns: u32,
    pub(crate) role_retries: u32,
    pub(crate) began: bool,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) following: Option<Following>,
}

impl Node {
    pub(crate) fn new(step: &PlannedStep) -> Self {
        let following = match &step.action {
            Action::FollowOperation { set, operation } => {
                Some(Followed::Operation { set: set.clone(), operation: operation.clone() })
            }
            Action::CreateAccount { attach: Some(id), name, .. } => {
                Some(Followed::Creation { id: id.clone(), account: name.clone() })
            }
            Action::CreateOrganization
            | Action::EnableServiceControlPolicies
            | Action::ActivateStackSetsAccess
            | Action::CreateUnit { .. }
            | Action::CreateAccount { attach: None, .. }
            | Action::MoveAccount { .. }
            | Action::TagAccount { .. }
            | Action::CreatePolicy { .. }
            | Action::UpdatePolicy { .. }
            | Action::AttachPolicy { .. }
            | Action::DetachPolicy { .. }
            | Action::PutAdministrationRole { .. }
            | Action::PutBucket { .. }
            | Action::UploadArtifact { .. }
            | Action::CreateStackSet { .. }
            | Action::UpdateStackSet { .. }
            | Action::SetAutoDeployment { .. }
            | Action::CreateInstances { .. }
            | Action::UpdateInstances { .. } => None,
        };
        Self {
            phase: if step.after.is_empty() { Phase::Ready } else { Phase::Waiting },
            open: step.after.len(),
            dependants: Vec::new(),
            action: step.action.clone(),
            cells: step.cells.iter().copied().collect(),
            look_first: false,
            laters: 0,
            unknowns: 0,
            role_retries: 0,
            began: false,
            finished: None,
            following: following.map(Following::new),
        }
    }

    /// Returns what to ask next.
    pub(crate) fn question(&self) -> Question {
        self.following.as_ref().map_or(Question::Perform, |following| following.next)
    }

    pub(crate) const fn creates_account(&self) -> bool {
        matches!(self.action, Action::CreateAccount { .. })
    }
}
