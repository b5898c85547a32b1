//! What the rollout asks of the world, and what the world may answer.
//!
//! A [`Step`] is one request to AWS in our words; `stackfleet-aws` performs it. Answers fall into four kinds, and the
//! fourth is not failure: after a timeout nobody knows whether AWS did it, so the next attempt looks first.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Region};
use stackfleet_plan::{
    observed::Cell,
    plan::{Action, StepId},
};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of this request within the rollout; its answer carries it.
    pub number: u64,
    /// The planned step it serves.
    pub id: StepId,
    /// What is asked.
    pub call: Call,
    /// Whether an earlier attempt may have had its effect: look before doing.
    pub look_first: bool,
    /// Names and their ids, as far as known.
    pub directory: Arc<Directory>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Do what the plan says. Every account reference has its id and placeholders are resolved, except in
    /// [`Action::CreateAccount`], which has none. For actions that AWS carries out over time this starts them.
    Perform(Box<Action>),
    /// Ask how an account creation stands.
    DescribeCreation {
        /// `car-...`.
        id: String,
    },
    /// Ask how a stack set operation stands.
    DescribeOperation {
        /// The set.
        set: String,
        /// The operation.
        operation: String,
    },
    /// Ask for the results of an operation, cell by cell.
    OperationResults {
        /// The set.
        set: String,
        /// The operation.
        operation: String,
    },
}

/// Ids that AWS gave out, by the names that the plan uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    /// The management account.
    pub management: Option<AccountId>,
    /// `o-...`.
    pub organization: Option<String>,
    /// `r-...`.
    pub root: Option<String>,
    /// `ou-...` by path.
    pub units: BTreeMap<String, String>,
    /// Ids by account name.
    pub accounts: BTreeMap<String, AccountId>,
    /// `p-...` by policy name.
    pub policies: BTreeMap<String, String>,
}

/// What came of a [`Step`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// AWS did it, or it was already so.
    Done(Fact),
    /// AWS said no, and will say no again.
    Refused(Refusal),
    /// AWS said not now (throttled, another operation in progress, a role not yet visible).
    Later {
        /// Not before this much time has passed.
        after: Duration,
        /// What it waits for.
        reason: String,
    },
    /// Nobody knows: no answer came, or the answer was a fault of the server.
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// What an answer taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It is done and there is nothing to know.
    Nothing,
    /// The organization.
    Organization {
        /// `o-...`.
        id: String,
        /// The management account.
        management: AccountId,
        /// `r-...`.
        root: String,
    },
    /// A unit's id.
    Unit {
        /// Its path.
        path: String,
        /// `ou-...`.
        id: String,
    },
    /// How an account creation stands.
    Creation {
        /// `car-...`.
        id: String,
        /// Its state.
        state: CreationState,
    },
    /// A policy's id.
    Policy {
        /// Its name.
        name: String,
        /// `p-...`.
        id: String,
    },
    /// How an operation stands; the answer to starting one says `Running`.
    Operation {
        /// The operation.
        operation: String,
        /// Its state.
        state: OperationState,
    },
    /// Results of an operation.
    Results(Vec<CellResult>),
}

/// State of an account creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreationState {
    /// Under way.
    InProgress,
    /// The account is there.
    Succeeded(AccountId),
    /// It failed: `EMAIL_ALREADY_EXISTS`...
    Failed(String),
}

/// State of a stack set operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationState {
    /// Waits for others.
    Queued,
    /// Under way, or being stopped.
    Running,
    /// Ended; failures were within tolerance.
    Succeeded,
    /// Ended because failures exceeded tolerance.
    Failed {
        /// What AWS says of it.
        reason: Option<String>,
    },
    /// Stopped by somebody.
    Stopped,
}

/// Result of an operation in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellResult {
    /// The cell.
    pub cell: Cell,
    /// Its status.
    pub status: ResultStatus,
    /// Why, as AWS said it.
    pub reason: Option<String>,
}

/// `Status` of an operation's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultStatus {
    /// Not begun.
    Pending,
    /// Being worked on.
    Running,
    /// Done.
    Succeeded,
    /// Failed.
    Failed,
    /// Never begun, since failures exceeded tolerance or somebody stopped the operation.
    Cancelled,
}

/// A refusal by AWS, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// `cloudformation`.
    pub service: String,
    /// `CreateStackSet`.
    pub operation: String,
    /// The account that was asked, with its name where known.
    pub account: Option<AccountId>,
    /// The region that was asked.
    pub region: Option<Region>,
    /// Error code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Request id.
    pub request_id: Option<String>,
}
