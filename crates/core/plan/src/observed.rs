//! What was seen: everything that planning needs, read once, with gaps admitted.
//!
//! These are values only. `stackfleet-aws` fills them from AWS (or the twin, which it cannot tell apart); planning and
//! verification read them. Maps are ordered, so the same world gives the same [`Observed::digest`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Arn, Digest, Region, Timestamp};

/// What to look at; made from the project, so that nothing is read that no decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Region in which stack sets live.
    pub home: Option<Region>,
    /// Regions that are targeted anywhere.
    pub regions: BTreeSet<Region>,
    /// Names of the stack sets to read.
    pub stack_sets: BTreeSet<String>,
    /// Those of them whose instances have parameter values of their own: these cost a call for each instance whose
    /// last operation does not tell them (see [`tells_overrides`]).
    pub overrides: BTreeSet<String>,
    /// Whether planning needs the policies and their attachments; otherwise they are read where that is allowed, for
    /// what binds accounts decides what will be refused.
    pub policies: bool,
    /// Artifact keys to look for in the artifact bucket of each region.
    pub artifacts: BTreeSet<String>,
    /// Name of the administration role, when a self-managed set is wanted.
    pub administration_role: Option<String>,
}

/// The world as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// When reading began.
    pub taken_at: Timestamp,
    /// Who looked.
    pub caller: Caller,
    /// The region in which stack sets were looked for.
    pub home: Region,
    /// The organization that the caller's account belongs to, if any.
    pub organization: Option<ObservedOrganization>,
    /// The administration role in the caller's account, if it exists.
    pub administration_role: Option<ObservedRole>,
    /// Artifact buckets by region, where they exist.
    pub buckets: BTreeMap<Region, ObservedBucket>,
    /// Stack sets by name, where they exist.
    pub stack_sets: BTreeMap<String, ObservedStackSet>,
    /// Regions that must be switched on and are not, by account: of the targeted opt-in regions only.
    pub regions_off: BTreeMap<AccountId, BTreeSet<Region>>,
    /// What could not be read, and why; planning treats it as unknown, never as absent.
    pub gaps: Vec<Gap>,
}

/// The identity that looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Its account.
    pub account: AccountId,
    /// Its ARN.
    pub arn: Arn,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What: `policies of the organization`.
    pub what: String,
    /// Why, as AWS said it.
    pub why: String,
}

/// The organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedOrganization {
    /// `o-...`.
    pub id: String,
    /// The management account.
    pub management: AccountId,
    /// Whether all features are on (otherwise only consolidated billing).
    pub all_features: bool,
    /// `r-...`.
    pub root: String,
    /// Whether service control policies are on.
    pub service_control_policies: bool,
    /// Whether CloudFormation's trusted access for stack sets is on; `None` where it could not be read.
    pub stack_sets_access: Option<bool>,
    /// Units by path (`Workloads/Payments`).
    pub units: BTreeMap<String, ObservedUnit>,
    /// Accounts by id, the management account among them.
    pub accounts: BTreeMap<AccountId, ObservedAccount>,
    /// Account creations under way or failed, by account name.
    pub creations: BTreeMap<String, ObservedCreation>,
    /// Service control policies by name. Policies that AWS manages are left out.
    pub policies: BTreeMap<String, ObservedPolicy>,
    /// Nodes (`r-...`, `ou-...`, account ids) with service control policies of their own and without `FullAWSAccess`.
    /// A node without policies of its own has it, for AWS leaves no node without any.
    pub full_access_detached: BTreeSet<String>,
    /// Resource control policies by name, empty where they are off. Policies that AWS manages are left out.
    pub resource_control_policies: BTreeMap<String, ObservedPolicy>,
    /// Whether all policies of either kind are known.
    pub policies_known: bool,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedUnit {
    /// `ou-...`.
    pub id: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedAccount {
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// Its state.
    pub state: AccountState,
    /// Path of its unit; empty for the root.
    pub unit: String,
    /// Its tags; empty where they were not read.
    pub tags: BTreeMap<String, String>,
}

/// `State` of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AccountState {
    /// Made, and not usable yet.
    PendingActivation,
    /// Usable.
    Active,
    /// Closed or barred by AWS.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Gone.
    Closed,
}

/// An account creation that has not succeeded (yet).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedCreation {
    /// `car-...`.
    pub id: String,
    /// Why it failed; `None` while it is under way.
    pub failure: Option<String>,
}

/// A policy of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPolicy {
    /// `p-...`.
    pub id: String,
    /// The JSON text.
    pub content: String,
    /// What it is attached to: `r-...`, `ou-...` or account ids.
    pub targets: BTreeSet<String>,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRole {
    /// Its ARN.
    pub arn: Arn,
    /// Its trust policy, JSON.
    pub trust: String,
    /// Its inline policies by name, JSON.
    pub inline: BTreeMap<String, String>,
}

/// An artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedBucket {
    /// Its name.
    pub name: String,
    /// Its policy, JSON.
    pub policy: Option<String>,
    /// Which of the artifacts asked for are there.
    pub artifacts: BTreeSet<String>,
}

/// A stack set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedStackSet {
    /// `name:uuid`.
    pub id: String,
    /// Its ARN.
    pub arn: Option<Arn>,
    /// What it is defined as.
    pub definition: Definition,
    /// Instances by account and region.
    pub instances: BTreeMap<Cell, ObservedInstance>,
    /// Operations that have not ended, oldest first.
    pub running: Vec<ObservedOperation>,
    /// Id of the newest operation, ended or not.
    pub last_operation: Option<String>,
}

/// What a stack set is defined as; the planner makes one of these too, and compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The template text.
    pub template: String,
    /// Parameter values; `None` for one whose value AWS hides (`NoEcho`).
    pub parameters: BTreeMap<String, Option<String>>,
    /// `CAPABILITY_...`.
    pub capabilities: BTreeSet<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What people read.
    pub description: String,
    /// Who runs its stacks.
    pub model: PermissionModel,
    /// Whether operations queue instead of being refused.
    pub managed_execution: bool,
}

/// The permission model of a stack set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PermissionModel {
    /// Roles named by the user; targets are accounts.
    SelfManaged {
        /// Full ARN.
        administration_role: String,
        /// Name, the same in every target.
        execution_role: String,
    },
    /// Roles made by AWS; targets are units.
    ServiceManaged {
        /// Whether accounts that join get stacks.
        auto_deploy: bool,
        /// Whether stacks stay when an account leaves.
        retain: bool,
    },
}

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cell {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        format!("{}/{}", cell.account, cell.region)
    }
}

impl TryFrom<String> for Cell {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let (account, region) = text.split_once('/').ok_or_else(|| format!("`{text}` is not `account/region`"))?;
        let account = account.parse().map_err(|error: stackfleet_base::NameError| error.to_string())?;
        let region = region.parse().map_err(|error: stackfleet_base::NameError| error.to_string())?;
        Ok(Self { account, region })
    }
}

/// A stack instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInstance {
    /// `CURRENT`, `OUTDATED` or `INOPERABLE`.
    pub status: InstanceStatus,
    /// `DetailedStatus`, as AWS spells it (`SUCCEEDED`, `FAILED`, `CANCELLED`, `PENDING`, `RUNNING`,
    /// `SKIPPED_SUSPENDED_ACCOUNT`...).
    pub detailed: Option<String>,
    /// Why it is not current.
    pub reason: Option<String>,
    /// The stack.
    pub stack_id: Option<String>,
    /// `DRIFTED`, `IN_SYNC`, `NOT_CHECKED`, `UNKNOWN`.
    pub drift: Option<String>,
    /// The last operation that touched it.
    pub last_operation: Option<String>,
    /// Parameter values of this instance alone. `None` where they were not read: lists do not show them, and reading
    /// them costs a call for each instance (2 a second). Where `last_operation` tells them ([`tells_overrides`]) they
    /// are not read.
    pub overrides: Option<BTreeMap<String, String>>,
}

/// `Status` of a stack instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum InstanceStatus {
    /// As the set's definition says.
    Current,
    /// Not as the definition says, or a creation or update that failed.
    Outdated,
    /// Its deletion failed.
    Inoperable,
}

/// A stack set operation that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedOperation {
    /// Its id.
    pub id: String,
    /// `CREATE`, `UPDATE`, `DELETE`, `DETECT_DRIFT`.
    pub action: String,
    /// `QUEUED`, `RUNNING`, `STOPPING`.
    pub status: String,
}

/// Returns the id of an operation that sets `overrides`: `sf-<digest of the overrides>-<nonce>`.
///
/// The instances that it touched name it as their last operation, so a list of instances tells which overrides each
/// has, without a call for every one.
#[must_use]
pub fn operation_id(overrides: &BTreeMap<String, String>, nonce: &Digest) -> String {
    format!("sf-{}-{}", overrides_digest(overrides), nonce.short(24))
}

/// Returns what an operation id says of the overrides it set.
#[must_use]
pub fn overrides_digest(overrides: &BTreeMap<String, String>) -> String {
    Digest::of_parts(overrides.iter().flat_map(|(key, value)| [key, value])).short(16)
}

/// Tells whether an operation's id says which overrides it set: see [`operation_id`].
#[must_use]
pub fn tells_overrides(operation: &str) -> bool {
    told_overrides(operation).is_some()
}

/// Returns the digest of the overrides ([`overrides_digest`]) that an operation set, if its id tells.
#[must_use]
pub fn told_overrides(operation: &str) -> Option<&str> {
    let (digest, nonce) = operation.strip_prefix("sf-")?.split_once('-')?;
    let hexadecimal = |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hexadecimal(digest, 16) && hexadecimal(nonce, 24)).then_some(digest)
}

impl Observed {
    /// Returns a digest of all that was seen, but not of when and by whom.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let seen = Self { taken_at: Timestamp::default(), gaps: Vec::new(), ..self.clone() };
        Digest::of(serde_json::to_vec(&seen).unwrap_or_default())
    }
}
