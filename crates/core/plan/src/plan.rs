//! The plan: an immutable document with no choices left in it.
//!
//! Accounts and units that do not exist yet have no ids, so the plan names them; `stackfleet-rollout` puts ids in their
//! place as AWS gives them out. Steps stand in an order in which every step comes after those it waits for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Digest, Region, Span};

use crate::observed::{Definition, Observed};

/// What will be done, and what the world should look like afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this document's form: `stackfleet/plan/v1`.
    pub schema: String,
    /// Four characters people can say; derived from `digest`.
    pub id: String,
    /// Digest of everything below.
    pub digest: Digest,
    /// Digest of the project's files.
    pub project: Digest,
    /// Digest of what was observed; a plan whose world has moved is refused.
    pub observed: Digest,
    /// Region in which stack sets live.
    pub home: Region,
    /// What is done, in an order that respects `after`.
    pub steps: Vec<PlannedStep>,
    /// Every cell that should exist, and how it stands.
    pub cells: Vec<PlannedCell>,
    /// Accounts and cells left out, with the reason.
    pub skipped: Vec<Skipped>,
    /// Things to know or mend; an error blocks the plan.
    pub findings: Vec<Finding>,
}

/// An index into [`Plan::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

/// An index into [`Plan::cells`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellId(pub u32);

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its index.
    pub id: StepId,
    /// What is done.
    pub action: Action,
    /// Steps that must have succeeded before.
    pub after: Vec<StepId>,
    /// Why: `Sandbox-Ola is not in the organization`.
    pub why: String,
    /// The cells it works on; empty for steps that serve all.
    pub cells: Vec<CellId>,
    /// Which part of the rollout it belongs to.
    pub stage: Stage,
}

/// Parts of a rollout as people follow them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Units, accounts, policies, access.
    Organization,
    /// Roles and buckets in the management account, artifacts.
    Groundwork,
    /// A wave of a stack.
    Wave {
        /// The app.
        app: String,
        /// The stack.
        stack: String,
        /// Its number, from 0.
        wave: u32,
        /// Its name.
        name: String,
    },
}

/// An account that may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountRef {
    /// Its name.
    pub name: String,
    /// Its id, when it exists.
    pub id: Option<AccountId>,
}

/// Something a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyTarget {
    /// The root.
    Root,
    /// A unit, by path.
    Unit(String),
    /// An account.
    Account(AccountRef),
}

/// What a step does. Each is safe to repeat: the performer looks before it does a thing again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Makes an organization with all features, with the caller's account as its management account.
    CreateOrganization,
    /// Switches service control policies on.
    EnableServiceControlPolicies,
    /// Activates trusted access for stack sets (`ActivateOrganizationsAccess`).
    ActivateStackSetsAccess,
    /// Makes a unit.
    CreateUnit {
        /// Path of the unit.
        path: String,
    },
    /// Makes an account, follows its creation to the end.
    CreateAccount {
        /// Its name.
        name: String,
        /// Its e-mail address.
        email: String,
        /// Its tags.
        tags: BTreeMap<String, String>,
        /// A creation already under way to follow instead.
        attach: Option<String>,
    },
    /// Moves an account into a unit.
    MoveAccount {
        /// The account.
        account: AccountRef,
        /// Path of the unit it is in; empty for the root.
        from: String,
        /// Path of the unit it goes to; empty for the root.
        to: String,
    },
    /// Sets tags of an account; others stay.
    TagAccount {
        /// The account.
        account: AccountRef,
        /// Tags to set.
        tags: BTreeMap<String, String>,
    },
    /// Makes a service control policy.
    CreatePolicy {
        /// Its name.
        name: String,
        /// What people read.
        description: String,
        /// JSON.
        content: String,
    },
    /// Replaces the content of a policy.
    UpdatePolicy {
        /// Its name.
        name: String,
        /// JSON.
        content: String,
    },
    /// Attaches a policy.
    AttachPolicy {
        /// Its name.
        policy: String,
        /// To what.
        target: PolicyTarget,
    },
    /// Detaches a policy.
    DetachPolicy {
        /// Its name.
        policy: String,
        /// From what.
        target: PolicyTarget,
    },
    /// Makes or corrects the administration role in the management account.
    PutAdministrationRole {
        /// Its name.
        name: String,
        /// Trust policy, JSON.
        trust: String,
        /// Its one inline policy, JSON.
        policy: String,
    },
    /// Makes the artifact bucket of a region, or corrects its policy.
    PutBucket {
        /// Its region.
        region: Region,
        /// Its name; may contain the placeholders of [`placeholder`].
        bucket: String,
        /// Its policy, JSON; may contain placeholders.
        policy: String,
        /// Whether it is there already and only the policy differs.
        exists: bool,
    },
    /// Uploads an artifact.
    UploadArtifact {
        /// Region of the bucket.
        region: Region,
        /// The bucket.
        bucket: String,
        /// The key; it contains the artifact's digest.
        key: String,
        /// Digest of the artifact, by which the packer knows it.
        artifact: Digest,
    },
    /// Makes a stack set.
    CreateStackSet {
        /// Its name.
        set: String,
        /// What it shall be. Texts in it may contain the placeholders of [`placeholder`].
        definition: Box<Definition>,
    },
    /// Replaces the definition of a stack set, and brings the named cells to it.
    UpdateStackSet {
        /// Its name.
        set: String,
        /// What it shall be.
        definition: Box<Definition>,
        /// Which existing cells the operation covers; empty only for a set without instances.
        targets: Targets,
        /// How.
        preferences: Preferences,
        /// Operation id.
        operation: String,
    },
    /// Switches automatic deployment on or off. Not an operation.
    SetAutoDeployment {
        /// The set.
        set: String,
        /// On or off.
        enabled: bool,
        /// Whether stacks stay when an account leaves.
        retain: bool,
        /// Operation id, which the API wants all the same.
        operation: String,
    },
    /// Makes instances, or retries those that are outdated.
    CreateInstances {
        /// The set.
        set: String,
        /// Where.
        targets: Targets,
        /// Parameter values of these instances alone.
        overrides: BTreeMap<String, String>,
        /// How.
        preferences: Preferences,
        /// Operation id.
        operation: String,
    },
    /// Changes the parameter overrides of instances.
    UpdateInstances {
        /// The set.
        set: String,
        /// Where.
        targets: Targets,
        /// Parameter values of these instances alone; one that is absent goes back to the set's value.
        overrides: BTreeMap<String, String>,
        /// How.
        preferences: Preferences,
        /// Operation id.
        operation: String,
    },
    /// Follows an operation that somebody (an earlier run, automatic deployment) began.
    FollowOperation {
        /// The set.
        set: String,
        /// The operation.
        operation: String,
    },
}

/// Where an operation works: accounts x regions, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Every account that gets it.
    pub accounts: Vec<AccountRef>,
    /// Every region.
    pub regions: Vec<Region>,
    /// For a service-managed set: the units to name, and how `accounts` narrows them. `None` for a self-managed set.
    pub units: Option<UnitTargets>,
}

/// Units of a service-managed operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitTargets {
    /// Paths of the units; an empty path is the root.
    pub units: Vec<String>,
    /// How accounts narrow them.
    pub filter: AccountFilter,
}

/// `AccountFilterType`, with the accounts it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountFilter {
    /// Every account of the units.
    None,
    /// Only those in [`Targets::accounts`].
    Intersection,
    /// All but these.
    Difference(Vec<AccountRef>),
}

/// Operation preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Failures tolerated, per region.
    pub tolerance: Share,
    /// Accounts at once, per region.
    pub concurrency: Share,
    /// Whether concurrency holds whatever failed (`SOFT_FAILURE_TOLERANCE`).
    pub soft: bool,
    /// Whether all regions go at once.
    pub regions_parallel: bool,
}

/// A count or a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Share {
    /// A count.
    Count(u32),
    /// Percent.
    Percent(u8),
}

/// A cell that should exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCell {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// Name of the stack set.
    pub set: String,
    /// The account.
    pub account: AccountRef,
    /// Path of its unit.
    pub unit: String,
    /// The region.
    pub region: Region,
    /// Wave number, from 0.
    pub wave: u32,
    /// How it stands before the plan runs.
    pub state: CellState,
    /// Why it is not current, or will not be touched.
    pub reason: Option<String>,
    /// What the plan does to it.
    pub change: Change,
}

/// How a cell stands. The names are those of the JSON output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellState {
    /// As declared.
    Current,
    /// Not there.
    Missing,
    /// There, and not as declared.
    Outdated,
    /// An attempt failed.
    Failed,
    /// Changed by somebody else.
    Drifted,
    /// Being worked on.
    Running,
    /// Something before it failed.
    Blocked,
    /// Left out, with a reason.
    Skipped,
}

/// What a plan does to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing.
    None,
    /// A new stack.
    Create,
    /// An update.
    Update,
    /// Follows what is under way.
    Follow,
}

/// Something left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The app.
    pub app: String,
    /// The account.
    pub account: AccountRef,
    /// The region, when not all are left out.
    pub region: Option<Region>,
    /// Why.
    pub reason: String,
}

/// Something to know or mend before the plan runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable code such as `PLAN004`.
    pub code: String,
    /// Whether the plan may not run.
    pub blocks: bool,
    /// One sentence.
    pub message: String,
    /// `file:line` or what to look at.
    pub place: Option<String>,
    /// The place in a file of the project; not part of the document.
    #[serde(skip)]
    pub span: Option<Span>,
    /// What to do.
    pub help: Option<String>,
    /// How many cells it concerns.
    pub cells: u32,
}

/// Texts in a plan that stand for what AWS has not given out yet.
pub mod placeholder {
    /// The id of the management account.
    pub const MANAGEMENT: &str = "{stackfleet:management}";
    /// The id of the organization.
    pub const ORGANIZATION: &str = "{stackfleet:organization}";
    /// What the placeholder of an account's id begins with; the account's name and `}` follow.
    pub const ACCOUNT: &str = "{stackfleet:account:";

    /// Returns the text that stands for the id of an account that does not exist yet.
    #[must_use]
    pub fn account(name: &str) -> String {
        format!("{ACCOUNT}{name}}}")
    }
}

impl StepId {
    /// Returns the position in [`Plan::steps`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl CellId {
    /// Returns the position in [`Plan::cells`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Plan {
    /// Tells whether running it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Tells whether it was made for this world; otherwise plan again.
    #[must_use]
    pub fn is_for(&self, observed: &Observed) -> bool {
        self.observed == observed.digest()
    }

    /// Returns the findings that block it.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.blocks)
    }

    /// Returns the names of all stack sets it speaks of.
    #[must_use]
    pub fn stack_sets(&self) -> BTreeSet<&str> {
        self.cells.iter().map(|cell| cell.set.as_str()).collect()
    }
}
