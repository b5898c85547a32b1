//! A plain model of what AWS does with the steps of a rollout: a page of rules, nothing shared with planner or machine.
//!
//! Ids derive from names, so that two runs that reach the same state reach equal states. The world complains (by a
//! panic) when it is asked for something that a careful client never asks: a second effect of the same request, work on
//! a cell that is current already.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{AccountId, Digest, Timestamp};
use stackfleet_plan::{
    Observed,
    observed::{
        AccountState, Cell, Definition, InstanceStatus, ObservedAccount, ObservedBucket, ObservedCreation,
        ObservedInstance, ObservedOperation, ObservedOrganization, ObservedPolicy, ObservedRole, ObservedStackSet,
        ObservedUnit, PermissionModel,
    },
    plan::{Action, PolicyTarget, Preferences, Share, Targets},
};
use stackfleet_rollout::{
    Call, Directory, Fact, Outcome, Refusal, Step,
    step::{CellResult, CreationState, OperationState, ResultStatus},
};

/// How long an account creation and an operation on one cell take.
const CREATION_MS: i64 = 20_000;
const CELL_MS: i64 = 10_000;

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seen: Observed,
    pub(crate) now: Timestamp,
    /// Cells that fail whatever is tried.
    pub(crate) broken: BTreeSet<(String, Cell)>,
    creations: BTreeMap<String, Creation>,
    operations: BTreeMap<String, Vec<Operation>>,
    /// How long after a cell of `fleet-base` became current its role is not visible yet.
    pub(crate) role_lag_ms: i64,
    /// So many reads of an operation's results lack the last cell.
    pub(crate) short_reads: u32,
    made: BTreeMap<Cell, Timestamp>,
    /// How often each cell was worked on, successfully.
    pub(crate) worked: BTreeMap<(String, Cell), u32>,
    /// Ids of operations in the order in which they were accepted.
    pub(crate) accepted: Vec<String>,
}

#[derive(Debug, Clone)]
struct Creation {
    name: String,
    email: String,
    tags: BTreeMap<String, String>,
    ends: Timestamp,
}

#[derive(Debug, Clone)]
struct Operation {
    id: String,
    content: Digest,
    cells: Vec<Cell>,
    overrides: Option<BTreeMap<String, String>>,
    preferences: Preferences,
    action: &'static str,
    ends: Option<Timestamp>,
    state: OperationState,
    results: BTreeMap<Cell, (ResultStatus, Option<String>)>,
}

pub(crate) fn digits(name: &str) -> AccountId {
    let number = Digest::of(name).as_bytes().iter().take(6).fold(0_u64, |sum, byte| sum * 256 + u64::from(*byte));
    format!("{:012}", number % 900_000_000_000 + 100_000_000_000).parse().unwrap()
}

fn done() -> Outcome {
    Outcome::Done(Fact::Nothing)
}

fn refused(code: &str, message: impl Into<String>) -> Outcome {
    Outcome::Refused(Refusal {
        service: "aws".to_owned(),
        operation: String::new(),
        account: None,
        region: None,
        code: code.to_owned(),
        message: message.into(),
        request_id: None,
    })
}

impl World {
    pub(crate) fn new(seen: Observed) -> Self {
        Self {
            seen,
            now: Timestamp::default(),
            broken: BTreeSet::new(),
            creations: BTreeMap::new(),
            operations: BTreeMap::new(),
            role_lag_ms: 0,
            short_reads: 0,
            made: BTreeMap::new(),
            worked: BTreeMap::new(),
            accepted: Vec::new(),
        }
    }

    /// Lets time pass, and with it what is under way.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.now = now;
        let due: Vec<String> =
            self.creations.iter().filter(|(_, creation)| creation.ends <= now).map(|(id, _)| id.clone()).collect();
        for id in due {
            let creation = self.creations.get(&id).unwrap().clone();
            let organization = self.organization();
            if organization.creations.remove(&creation.name).is_none() {
                continue;
            }
            let account = ObservedAccount {
                name: creation.name.clone(),
                email: creation.email,
                state: AccountState::Active,
                unit: String::new(),
                tags: creation.tags,
            };
            organization.accounts.insert(digits(&creation.name), account);
        }
        let sets: Vec<String> = self.operations.keys().cloned().collect();
        sets.iter().for_each(|set| self.advance_set(set));
    }

    /// One operation of a set at a time, in the order of acceptance.
    fn advance_set(&mut self, set: &str) {
        let mut clock = Timestamp::default();
        let count = self.operations.get(set).map_or(0, Vec::len);
        for index in 0..count {
            let operation = self.operations.get_mut(set).unwrap().get_mut(index).unwrap();
            if let Some(ended) = operation.ends.filter(|_| !is_open(&operation.state)) {
                clock = clock.max(ended);
                continue;
            }
            if operation.state == OperationState::Queued {
                operation.state = OperationState::Running;
                let length = CELL_MS * i64::try_from(operation.cells.len().max(1)).unwrap();
                let begins = clock.max(operation.ends.unwrap_or(self.now));
                operation.ends = Some(Timestamp::from_millis(begins.as_millis() + length));
            }
            if operation.ends.unwrap() > self.now {
                break;
            }
            clock = operation.ends.unwrap();
            let operation = operation.clone();
            let ended = self.carry_out(set, operation);
            *self.operations.get_mut(set).unwrap().get_mut(index).unwrap() = ended;
        }
        let running = self.operations.get(set).into_iter().flatten().filter(|operation| is_open(&operation.state));
        let running = running
            .map(|operation| ObservedOperation {
                id: operation.id.clone(),
                action: operation.action.to_owned(),
                status: "RUNNING".to_owned(),
            })
            .collect();
        if let Some(seen) = self.seen.stack_sets.get_mut(set) {
            seen.running = running;
        }
    }

    fn carry_out(&mut self, set: &str, mut operation: Operation) -> Operation {
        let regions: BTreeSet<_> = operation.cells.iter().map(|cell| cell.region.clone()).collect();
        let mut exceeded = false;
        for region in regions {
            let cells: Vec<Cell> = operation.cells.iter().filter(|cell| cell.region == region).cloned().collect();
            let tolerated = tolerated(operation.preferences.tolerance, cells.len());
            let mut failed = 0;
            for cell in cells {
                let result = if exceeded {
                    let reason = "Cancelled since failure tolerance has exceeded".to_owned();
                    self.mark(set, &cell, InstanceStatus::Outdated, "CANCELLED", Some(reason.clone()), None);
                    (ResultStatus::Cancelled, Some(reason))
                } else if let Some(reason) = self.why_it_fails(set, &cell, operation.ends.unwrap()) {
                    failed += 1;
                    exceeded |= failed > tolerated;
                    self.mark(set, &cell, InstanceStatus::Outdated, "FAILED", Some(reason.clone()), None);
                    (ResultStatus::Failed, Some(reason))
                } else {
                    if set == "fleet-base" {
                        self.made.insert(cell.clone(), operation.ends.unwrap());
                    }
                    *self.worked.entry((set.to_owned(), cell.clone())).or_default() += 1;
                    self.mark(set, &cell, InstanceStatus::Current, "SUCCEEDED", None, operation.overrides.clone());
                    (ResultStatus::Succeeded, None)
                };
                operation.results.insert(cell, result);
            }
        }
        operation.state = if exceeded { OperationState::Failed { reason: None } } else { OperationState::Succeeded };
        operation
    }

    /// A cell of a self-managed set needs what the set `fleet-base` makes there.
    fn why_it_fails(&self, set: &str, cell: &Cell, at: Timestamp) -> Option<String> {
        if self.broken.contains(&(set.to_owned(), cell.clone())) {
            return Some(format!("ResourceLogicalId:Topic in {} is broken", cell.account));
        }
        let seen = self.seen.stack_sets.get(set).unwrap();
        let base = self.seen.stack_sets.get("fleet-base").and_then(|base| base.instances.get(cell));
        let visible = self.made.get(cell).is_none_or(|made| at.as_millis() >= made.as_millis() + self.role_lag_ms);
        let ready = visible && base.is_some_and(|base| base.status == InstanceStatus::Current);
        let self_managed = matches!(seen.definition.model, PermissionModel::SelfManaged { .. });
        (self_managed && !ready).then(|| {
            format!("Account {} should have 'deployer' role with trust relationship to Role 'a'.", cell.account)
        })
    }

    fn mark(
        &mut self,
        set: &str,
        cell: &Cell,
        status: InstanceStatus,
        detailed: &str,
        reason: Option<String>,
        overrides: Option<BTreeMap<String, String>>,
    ) {
        let instance = self.seen.stack_sets.get_mut(set).unwrap().instances.get_mut(cell).unwrap();
        (instance.status, instance.detailed, instance.reason) = (status, Some(detailed.to_owned()), reason);
        if status == InstanceStatus::Current {
            instance.stack_id = Some(format!("stack-{set}-{}", String::from(cell.clone())));
            instance.overrides = overrides.or(instance.overrides.take()).or_else(|| Some(BTreeMap::new()));
        }
    }

    fn organization(&mut self) -> &mut ObservedOrganization {
        self.seen.organization.as_mut().unwrap()
    }

    /// Answers a step.
    pub(crate) fn answer(&mut self, step: &Step) -> Outcome {
        match &step.call {
            Call::Perform(action) => self.perform(action, step.look_first, &step.directory),
            Call::DescribeCreation { id } => {
                let Some(creation) = self.creations.get(id) else { return refused("NotFound", id.clone()) };
                let account = digits(&creation.name);
                let there = self.seen.organization.as_ref().unwrap().accounts.contains_key(&account);
                let state = if there { CreationState::Succeeded(account) } else { CreationState::InProgress };
                Outcome::Done(Fact::Creation { id: id.clone(), state })
            }
            Call::DescribeOperation { set, operation } => match self.operation(set, operation) {
                Some(found) => {
                    let state = found.state.clone();
                    Outcome::Done(Fact::Operation { operation: operation.clone(), state })
                }
                None => refused("OperationNotFoundException", operation.clone()),
            },
            Call::OperationResults { set, operation } => {
                let Some(found) = self.operation(set, operation) else {
                    return refused("OperationNotFoundException", operation.clone());
                };
                let result = |(cell, (status, reason)): (&Cell, &(ResultStatus, Option<String>))| CellResult {
                    cell: cell.clone(),
                    status: *status,
                    reason: reason.clone(),
                };
                let mut results: Vec<CellResult> = found.results.iter().map(result).collect();
                if self.short_reads > 0 {
                    self.short_reads -= 1;
                    results.pop();
                }
                Outcome::Done(Fact::Results(results))
            }
        }
    }

    fn operation(&self, set: &str, id: &str) -> Option<&Operation> {
        self.operations.get(set)?.iter().find(|operation| operation.id == id)
    }

    fn perform(&mut self, action: &Action, look: bool, directory: &Directory) -> Outcome {
        match action {
            Action::CreateOrganization => self.create_organization(look),
            Action::EnableServiceControlPolicies => {
                self.organization().service_control_policies = true;
                done()
            }
            Action::ActivateStackSetsAccess => {
                self.organization().stack_sets_access = Some(true);
                done()
            }
            Action::CreateUnit { path } => {
                let id = format!("ou-abcd-{}", Digest::of(path).short(8));
                let known = self.organization().units.insert(path.clone(), ObservedUnit { id: id.clone() }).is_some();
                assert!(look || !known, "unit {path} is made twice");
                Outcome::Done(Fact::Unit { path: path.clone(), id })
            }
            Action::CreateAccount { name, email, tags, attach } => {
                assert!(attach.is_none(), "a creation under way is followed, not performed");
                self.create_account(name, email, tags, look)
            }
            Action::MoveAccount { account, from, to } => {
                let id = account.id.clone().unwrap();
                assert!(directory.units.contains_key(to), "unit {to} has no id");
                let known = self.organization().accounts.get_mut(&id).unwrap();
                if known.unit == *to {
                    assert!(look, "{} is moved twice", account.name);
                    return done();
                }
                assert_eq!(known.unit, *from);
                known.unit.clone_from(to);
                done()
            }
            Action::TagAccount { account, tags } => {
                let known = self.organization().accounts.get_mut(account.id.as_ref().unwrap()).unwrap();
                known.tags.extend(tags.clone());
                done()
            }
            Action::CreatePolicy { name, content, .. } => {
                let id = format!("p-{}", Digest::of(name).short(8));
                let policy = ObservedPolicy { id: id.clone(), content: content.clone(), targets: BTreeSet::new() };
                let known = self.organization().policies.contains_key(name);
                assert!(look || !known, "policy {name} is made twice");
                self.organization().policies.entry(name.clone()).or_insert(policy);
                Outcome::Done(Fact::Policy { name: name.clone(), id })
            }
            Action::UpdatePolicy { name, content } => {
                self.organization().policies.get_mut(name).unwrap().content.clone_from(content);
                done()
            }
            Action::AttachPolicy { policy, target } => {
                assert!(directory.policies.contains_key(policy), "policy {policy} has no id");
                let id = target_id(target, directory);
                let new = self.organization().policies.get_mut(policy).unwrap().targets.insert(id);
                assert!(new || look, "policy {policy} is attached twice");
                done()
            }
            Action::DetachPolicy { policy, target } => {
                let id = target_id(target, directory);
                self.organization().policies.get_mut(policy).unwrap().targets.remove(&id);
                done()
            }
            Action::PutAdministrationRole { name, trust, policy } => {
                let arn = format!("arn:aws:iam::{}:role/{name}", self.seen.caller.account).parse().unwrap();
                let inline = BTreeMap::from([("stackfleet".to_owned(), policy.clone())]);
                self.seen.administration_role = Some(ObservedRole { arn, trust: trust.clone(), inline });
                done()
            }
            Action::PutBucket { region, bucket, policy, .. } => {
                let artifacts = self.seen.buckets.get(region).map(|seen| seen.artifacts.clone()).unwrap_or_default();
                let made = ObservedBucket { name: bucket.clone(), policy: Some(policy.clone()), artifacts };
                self.seen.buckets.insert(region.clone(), made);
                done()
            }
            Action::UploadArtifact { region, key, .. } => {
                self.seen.buckets.get_mut(region).unwrap().artifacts.insert(key.clone());
                done()
            }
            Action::CreateStackSet { set, definition } => self.create_stack_set(set, definition, look),
            Action::SetAutoDeployment { set, enabled, retain, .. } => {
                let seen = self.seen.stack_sets.get_mut(set).unwrap();
                seen.definition.model = PermissionModel::ServiceManaged { auto_deploy: *enabled, retain: *retain };
                done()
            }
            Action::UpdateStackSet { set, definition, targets, preferences, operation } => {
                let content = Digest::of(serde_json::to_vec(&(definition, targets)).unwrap());
                self.update_stack_set(set, definition, targets, preferences.clone(), (operation, content))
            }
            Action::CreateInstances { set, targets, overrides, preferences, operation }
            | Action::UpdateInstances { set, targets, overrides, preferences, operation } => {
                let content = Digest::of(serde_json::to_vec(&(targets, overrides)).unwrap());
                self.start(set, targets, Some(overrides.clone()), preferences.clone(), (operation, content), "CREATE")
            }
            Action::FollowOperation { .. } => panic!("following is not performed"),
        }
    }

    fn create_organization(&mut self, look: bool) -> Outcome {
        let management = self.seen.caller.account.clone();
        let account = ObservedAccount {
            name: "Management".to_owned(),
            email: "root@example.com".to_owned(),
            state: AccountState::Active,
            unit: String::new(),
            tags: BTreeMap::new(),
        };
        assert!(look || self.seen.organization.is_none(), "the organization is made twice");
        self.seen.organization.get_or_insert_with(|| ObservedOrganization {
            id: "o-abcdefghij".to_owned(),
            management: management.clone(),
            all_features: true,
            root: "r-abcd".to_owned(),
            service_control_policies: false,
            stack_sets_access: Some(false),
            units: BTreeMap::new(),
            accounts: BTreeMap::from([(management.clone(), account)]),
            creations: BTreeMap::new(),
            policies: BTreeMap::new(),
            full_access_detached: BTreeSet::new(),
            resource_control_policies: BTreeMap::new(),
            policies_known: true,
        });
        Outcome::Done(Fact::Organization { id: "o-abcdefghij".to_owned(), management, root: "r-abcd".to_owned() })
    }

    fn create_account(&mut self, name: &str, email: &str, tags: &BTreeMap<String, String>, look: bool) -> Outcome {
        let id = format!("car-{}", Digest::of(name).short(32));
        if self.creations.contains_key(&id) {
            assert!(look, "account {name} is made twice");
            return Outcome::Done(Fact::Creation { id, state: CreationState::InProgress });
        }
        if self.organization().creations.len() >= 5 {
            let after = std::time::Duration::from_secs(1);
            return Outcome::Later { after, reason: "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED".to_owned() };
        }
        self.organization().creations.insert(name.to_owned(), ObservedCreation { id: id.clone(), failure: None });
        let ends = Timestamp::from_millis(self.now.as_millis() + CREATION_MS);
        let creation = Creation { name: name.to_owned(), email: email.to_owned(), tags: tags.clone(), ends };
        self.creations.insert(id.clone(), creation);
        Outcome::Done(Fact::Creation { id, state: CreationState::InProgress })
    }

    fn create_stack_set(&mut self, set: &str, definition: &Definition, look: bool) -> Outcome {
        if self.seen.stack_sets.contains_key(set) {
            assert!(look, "stack set {set} is made twice");
            return done();
        }
        let service_managed = matches!(definition.model, PermissionModel::ServiceManaged { .. });
        let access = self.seen.organization.as_ref().and_then(|organization| organization.stack_sets_access);
        if service_managed && access != Some(true) {
            return refused("ValidationError", "You must enable organizations access");
        }
        let made = ObservedStackSet {
            id: format!("{set}:1"),
            arn: None,
            definition: definition.clone(),
            instances: BTreeMap::new(),
            running: Vec::new(),
            last_operation: None,
        };
        self.seen.stack_sets.insert(set.to_owned(), made);
        done()
    }

    fn update_stack_set(
        &mut self,
        set: &str,
        definition: &Definition,
        targets: &Targets,
        preferences: Preferences,
        (operation, content): (&String, Digest),
    ) -> Outcome {
        if self.operation(set, operation).is_none() {
            let cells = cells(targets);
            let seen = self.seen.stack_sets.get_mut(set).unwrap();
            if cells.iter().any(|cell| !seen.instances.contains_key(cell)) {
                return refused("StackInstanceNotFoundException", "an instance is missing");
            }
            assert!(!cells.is_empty() || seen.instances.is_empty(), "an update without targets touches everything");
            seen.definition = definition.clone();
            seen.instances.values_mut().for_each(|instance| instance.status = InstanceStatus::Outdated);
        }
        self.start(set, targets, None, preferences, (operation, content), "UPDATE")
    }

    fn start(
        &mut self,
        set: &str,
        targets: &Targets,
        overrides: Option<BTreeMap<String, String>>,
        preferences: Preferences,
        (operation, content): (&String, Digest),
        action: &'static str,
    ) -> Outcome {
        let running = Outcome::Done(Fact::Operation { operation: operation.clone(), state: OperationState::Running });
        if let Some(known) = self.operation(set, operation) {
            assert_eq!(known.content, content, "operation id {operation} is used for something else");
            return running;
        }
        let cells = cells(targets);
        let seen = self.seen.stack_sets.get_mut(set).unwrap();
        for cell in &cells {
            let instance = seen.instances.entry(cell.clone()).or_insert_with(|| ObservedInstance {
                status: InstanceStatus::Outdated,
                detailed: None,
                reason: None,
                stack_id: None,
                drift: None,
                last_operation: None,
                overrides: None,
            });
            let changes = overrides.is_some() && instance.overrides.is_some() && instance.overrides != overrides;
            let needs = instance.status == InstanceStatus::Outdated || changes;
            assert!(needs, "{set}: {cell:?} is current and worked on again");
            let busy = matches!(instance.detailed.as_deref(), Some("PENDING"));
            assert!(!busy, "{set}: {cell:?} is being worked on already");
            instance.detailed = Some("PENDING".to_owned());
            instance.status = InstanceStatus::Outdated;
            instance.last_operation = Some(operation.clone());
        }
        seen.last_operation = Some(operation.clone());
        let results = cells.iter().map(|cell| (cell.clone(), (ResultStatus::Pending, None))).collect();
        let (id, state, ends) = (operation.clone(), OperationState::Queued, Some(self.now));
        let started = Operation { id, content, cells, overrides, preferences, action, ends, state, results };
        self.operations.entry(set.to_owned()).or_default().push(started);
        self.accepted.push(operation.clone());
        self.advance_set(set);
        running
    }

    /// What two runs must have in common in the end.
    pub(crate) fn state(&self) -> Observed {
        let mut state = self.seen.clone();
        for set in state.stack_sets.values_mut() {
            set.last_operation = None;
            set.instances.values_mut().for_each(|instance| instance.last_operation = None);
        }
        state
    }
}

fn is_open(state: &OperationState) -> bool {
    matches!(state, OperationState::Queued | OperationState::Running)
}

fn tolerated(share: Share, accounts: usize) -> usize {
    match share {
        Share::Count(count) => usize::try_from(count).unwrap(),
        Share::Percent(percent) => accounts * usize::from(percent) / 100,
    }
}

fn cells(targets: &Targets) -> Vec<Cell> {
    let accounts = targets.accounts.iter().map(|account| account.id.clone().unwrap());
    let cell = |account: AccountId| {
        targets.regions.iter().map(move |region| Cell { account: account.clone(), region: region.clone() })
    };
    accounts.flat_map(cell).collect()
}

fn target_id(target: &PolicyTarget, directory: &Directory) -> String {
    match target {
        PolicyTarget::Root => directory.root.clone().unwrap(),
        PolicyTarget::Unit(path) => directory.units.get(path).unwrap().clone(),
        PolicyTarget::Account(account) => account.id.clone().unwrap().to_string(),
    }
}
