//! Follows what AWS carries out over time: stack set operations and account creations.
//!
//! Completion is decided by DescribeStackSetOperation, which is strongly consistent; results are listed by an
//! eventually consistent call and are read again until every cell of the step has one.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{Region, Timestamp};
use stackfleet_plan::{
    observed::Cell,
    plan::{AccountFilter, Action, CellId, CellState, Share, Stage, StepId, Targets},
};

use crate::{
    event::Cause,
    machine::{Rollout, set_of},
    node::{Followed, Following, Question},
    patience, resolve,
    step::{Call, CellResult, CreationState, Directory, OperationState, ResultStatus},
};

/// Reasons of a failed account creation that are worth another attempt.
const CREATION_AGAIN: [&str; 2] = ["CONCURRENT_ACCOUNT_MODIFICATION", "INTERNAL_FAILURE"];

impl Following {
    pub(crate) fn call(&self) -> Call {
        match (&self.what, self.next) {
            (Followed::Creation { id, .. }, _) => Call::DescribeCreation { id: id.clone() },
            (Followed::Operation { set, operation }, Question::Results) => {
                Call::OperationResults { set: set.clone(), operation: operation.clone() }
            }
            (Followed::Operation { set, operation }, Question::Perform | Question::Describe) => {
                Call::DescribeOperation { set: set.clone(), operation: operation.clone() }
            }
        }
    }
}

impl Rollout {
    /// Takes in how an operation stands.
    pub(crate) fn operation_stands(&mut self, id: StepId, state: OperationState, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let (cells, Some(following)) = (node.cells.len(), node.following.as_mut()) else { return };
        following.polls += 1;
        match state {
            OperationState::Queued | OperationState::Running => {
                let read = cells > 0
                    && state == OperationState::Running
                    && (cells <= patience::SMALL_OPERATION || following.polls.is_multiple_of(patience::SPARSE_READS));
                if read {
                    following.next = Question::Results;
                    self.due.insert(id);
                } else {
                    self.poll_again(id, now);
                }
            }
            OperationState::Succeeded | OperationState::Failed { .. } | OperationState::Stopped => {
                following.ended = Some(state);
                following.next = Question::Results;
                if cells > 0 {
                    self.due.insert(id);
                } else {
                    self.settle(id, now);
                }
            }
        }
    }

    fn poll_again(&mut self, id: StepId, now: Timestamp) {
        let Some(following) = self.nodes.get_mut(&id).and_then(|node| node.following.as_mut()) else { return };
        following.next = Question::Describe;
        let pause = following.pause;
        following.pause = patience::longer(pause);
        self.sleep(id, pause, None, now);
    }

    /// Takes in the results of an operation.
    pub(crate) fn take_results(&mut self, id: StepId, results: Vec<CellResult>, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let Some(set) = set_of(&node.action).map(str::to_owned) else { return };
        let (cells, Some(following)) = (node.cells.clone(), node.following.as_mut()) else { return };
        let mut changed = Vec::new();
        for result in results {
            let Some(cell) = self.board.find(&set, &result.cell).filter(|cell| cells.contains(cell)) else { continue };
            let state = match result.status {
                ResultStatus::Pending => None,
                ResultStatus::Running => Some(CellState::Running),
                ResultStatus::Succeeded => Some(CellState::Current),
                ResultStatus::Failed => Some(CellState::Failed),
                ResultStatus::Cancelled => Some(CellState::Blocked),
            };
            let good = matches!(state, Some(CellState::Current | CellState::Running));
            let reason = if good { None } else { result.reason.clone() };
            changed.extend(state.and_then(|state| self.board.set(cell, state, reason)));
            following.results.insert(result.cell.clone(), result);
        }
        let listed = following.results.values().filter(|result| is_final(result.status)).count();
        let (ended, complete) = (following.ended.is_some(), listed >= cells.len());
        if ended && !complete {
            following.final_reads += 1;
        }
        let give_up = following.final_reads >= patience::FINAL_READS_MAX;
        let progressed = !changed.is_empty();
        for happened in changed {
            self.tell(now, happened);
        }
        if progressed {
            let progress = self.board.progress(id);
            self.tell_some(now, progress);
        }
        match (ended, complete || give_up) {
            (false, _) => self.poll_again(id, now),
            (true, true) => self.settle(id, now),
            (true, false) => self.sleep(id, patience::POLL_FIRST, None, now),
        }
    }

    /// Ends a step whose operation has ended and whose results were read.
    fn settle(&mut self, id: StepId, now: Timestamp) {
        self.note_silent_cells(id, now);
        if self.retry_for_role(id, now) {
            return;
        }
        let Some(node) = self.nodes.get(&id) else { return };
        let failed = node.cells.iter().filter(|cell| self.state(**cell) == Some(CellState::Failed)).count();
        let Some(following) = node.following.as_ref() else { return };
        let Followed::Operation { set, operation } = following.what.clone() else { return };
        let (stopped, reason) = match &following.ended {
            Some(OperationState::Failed { reason }) => (false, reason.clone()),
            Some(OperationState::Stopped) => (true, None),
            Some(OperationState::Succeeded | OperationState::Queued | OperationState::Running) | None => {
                return match self.too_many_failures(id) {
                    Some(cause) => self.refuse(id, cause, now),
                    None => self.complete(id, now),
                };
            }
        };
        let failed = crate::board::count(failed);
        self.refuse(id, Cause::Operation { set, operation, stopped, reason, failed }, now);
    }

    /// Tells whether more accounts of a region failed in this wave and those before it than are tolerated.
    ///
    /// CloudFormation counts within one operation; a wave may take several, and several waves with one failure each are
    /// more failures than one.
    fn too_many_failures(&self, id: StepId) -> Option<Cause> {
        let step = self.plan.steps.get(id.index())?;
        let Stage::Wave { app, stack, wave, .. } = &step.stage else { return None };
        let (Action::CreateInstances { preferences, .. }
        | Action::UpdateInstances { preferences, .. }
        | Action::UpdateStackSet { preferences, .. }) = &step.action
        else {
            return None;
        };
        let so_far = self.plan.steps.iter().filter(|other| {
            matches!(&other.stage, Stage::Wave { app: a, stack: s, wave: w, .. } if a == app && s == stack && w <= wave)
        });
        let cells: BTreeSet<CellId> = so_far.flat_map(|other| &other.cells).copied().collect();
        let mut regions: BTreeMap<&Region, (u32, u32)> = BTreeMap::new();
        for cell in cells.into_iter().filter_map(|cell| self.board.get(cell)) {
            let (all, failed) = regions.entry(&cell.name.region).or_default();
            *all += 1;
            *failed += u32::from(cell.state == CellState::Failed);
        }
        regions.into_iter().find_map(|(region, (all, failed))| {
            let tolerated = match preferences.tolerance {
                Share::Count(count) => count,
                Share::Percent(percent) => u32::try_from(u64::from(all) * u64::from(percent) / 100).unwrap_or(u32::MAX),
            };
            (failed > tolerated).then(|| Cause::TooManyFailures { region: region.clone(), failed, tolerated })
        })
    }

    fn state(&self, cell: CellId) -> Option<CellState> {
        self.board.get(cell).map(|status| status.state)
    }

    /// A cell without a result is not known to be current: AWS lists none for suspended accounts.
    fn note_silent_cells(&mut self, id: StepId, now: Timestamp) {
        let cells = self.nodes.get(&id).map(|node| node.cells.clone()).unwrap_or_default();
        for cell in cells {
            if self.state(cell) == Some(CellState::Running) {
                let reason = "the operation ended without a result for it".to_owned();
                let happened = self.board.set(cell, CellState::Outdated, Some(reason));
                self.tell_some(now, happened);
            }
        }
    }

    /// Tries cells again that failed only because a role made moments ago was not visible yet. IAM is eventually
    /// consistent, and CloudFormation then says that the role or its trust is missing
    /// (hashicorp/terraform-provider-aws#15165).
    fn retry_for_role(&mut self, id: StepId, now: Timestamp) -> bool {
        let Some(node) = self.nodes.get(&id) else { return false };
        let stopped = node.following.as_ref().is_some_and(|seen| seen.ended == Some(OperationState::Stopped));
        if stopped || node.role_retries >= patience::ROLE_RETRIES_MAX {
            return false;
        }
        let failed = node.cells.iter().filter(|cell| self.state(**cell) == Some(CellState::Failed));
        let mut failed = failed.peekable();
        let only_role = failed.peek().is_some()
            && failed.all(|cell| {
                let reason = self.board.get(*cell).and_then(|status| status.reason.as_deref());
                names_missing_role(reason) && self.board.stands_on_good_ground(*cell)
            });
        if !only_role || !self.role_is_young(id, now) {
            return false;
        }
        let open = node.cells.iter().filter_map(|cell| self.board.get(*cell));
        let open: BTreeSet<Cell> = open
            .filter(|cell| cell.state != CellState::Current)
            .filter_map(|cell| Some(Cell { account: cell.name.account.id.clone()?, region: cell.name.region.clone() }))
            .collect();
        let attempt = node.role_retries + 1;
        let planned = self.plan.steps.get(id.index()).map(|step| step.action.clone());
        let directory = std::sync::Arc::clone(self.directory());
        let (Some(planned), Some(node)) = (planned, self.nodes.get_mut(&id)) else { return false };
        let Some(again) = once_more(planned, attempt, &open, &directory) else { return false };
        (node.action, node.role_retries, node.following) = (again, attempt, None);
        let reason = "a role made moments ago is not visible everywhere yet".to_owned();
        self.sleep(id, patience::backoff(attempt + 2), Some(reason), now);
        true
    }

    /// Tells whether a step before this one made a role, or something in another stack set, a short while ago.
    fn role_is_young(&self, id: StepId, now: Timestamp) -> bool {
        let set = self.nodes.get(&id).and_then(|node| set_of(&node.action));
        let mut queue = vec![id];
        let mut seen = BTreeSet::from([id]);
        while let Some(step) = queue.pop() {
            for before in self.plan.steps.get(step.index()).map(|step| step.after.as_slice()).unwrap_or_default() {
                if !seen.insert(*before) {
                    continue;
                }
                queue.push(*before);
                let Some(node) = self.nodes.get(before) else { continue };
                let makes_role = match &node.action {
                    Action::PutAdministrationRole { .. } => true,
                    action @ (Action::CreateInstances { .. }
                    | Action::UpdateInstances { .. }
                    | Action::UpdateStackSet { .. }
                    | Action::FollowOperation { .. }) => set_of(action) != set,
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
                    | Action::PutBucket { .. }
                    | Action::UploadArtifact { .. }
                    | Action::CreateStackSet { .. }
                    | Action::SetAutoDeployment { .. } => false,
                };
                let young = node.finished.is_some_and(|at| now.since(at) <= patience::ROLE_IS_YOUNG);
                if makes_role && young {
                    return true;
                }
            }
        }
        false
    }

    /// Takes in how an account creation stands.
    pub(crate) fn creation_stands(&mut self, id: StepId, state: CreationState, now: Timestamp) {
        match state {
            CreationState::InProgress => self.poll_again(id, now),
            CreationState::Succeeded(_) => self.complete(id, now),
            CreationState::Failed(reason) => self.creation_failed(id, reason, now),
        }
    }

    fn creation_failed(&mut self, id: StepId, reason: String, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let Some(Followed::Creation { account, .. }) = node.following.as_ref().map(|seen| seen.what.clone()) else {
            return;
        };
        node.laters += 1;
        let attempts = node.laters;
        if !CREATION_AGAIN.contains(&reason.as_str()) || attempts > 3 {
            return self.refuse(id, Cause::Creation { account, reason }, now);
        }
        node.following = None;
        if let Action::CreateAccount { attach, .. } = &mut node.action {
            *attach = None;
        }
        self.sleep(id, patience::backoff(attempts), Some(reason), now);
    }
}

const fn is_final(status: ResultStatus) -> bool {
    matches!(status, ResultStatus::Succeeded | ResultStatus::Failed | ResultStatus::Cancelled)
}

/// The text with which CloudFormation says that a role cannot be assumed (StackSets troubleshooting guide).
fn names_missing_role(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.contains("should have '") && reason.contains("role with trust relationship to"))
}

/// Returns an operation on instances for cells that are still open, under another id; `None` for what cannot simply be
/// done once more: updating a stack set again would make every instance outdated again.
fn once_more(mut action: Action, attempt: u32, open: &BTreeSet<Cell>, directory: &Directory) -> Option<Action> {
    if let Action::CreateInstances { operation, targets, .. } | Action::UpdateInstances { operation, targets, .. } =
        &mut action
    {
        *operation = format!("{operation}-r{attempt}");
        narrow(targets, open, directory);
        return Some(action);
    }
    None
}

/// Leaves out accounts and regions without open cells. A current cell that stays between them is not harmed: there is
/// nothing to update in it.
fn narrow(targets: &mut Targets, open: &BTreeSet<Cell>, directory: &Directory) {
    let before = targets.accounts.len();
    targets.regions.retain(|region| open.iter().any(|cell| cell.region == *region));
    targets.accounts.retain(|account| {
        let id = resolve::account_id(account, directory);
        open.iter().any(|cell| id == Some(&cell.account))
    });
    if let Some(units) = targets.units.as_mut().filter(|_| targets.accounts.len() < before) {
        units.filter = AccountFilter::Intersection;
    }
}
