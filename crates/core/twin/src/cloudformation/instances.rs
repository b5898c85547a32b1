//! Operations on stack instances: create, update, delete, stop. Each becomes an operation of the set that `deploy`
//! then carries out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use stackfleet_api::{Error, cloudformation as api};
use stackfleet_base::{AccountId, Digest, Region};

use super::{
    deploy::SetEventDue,
    scheduler::{Preferences, Schedule},
    sets::{self, find_active},
    source::{self, invalid},
    stack_set::{Operation, OperationResult, Override, Place, STOPPED, StackSet},
    stacks::request_digest,
    status::{Action, OperationStatus, PermissionModel, ResultStatus},
    targeting::{self, AccountFilter, Organization, Targets},
};
use crate::{Call, World};

/// Instances of one set.
const INSTANCES_MAX: usize = 100_000;
/// How long an operation takes to begin with its first instance; not documented.
const OPERATION_OVERHEAD: Duration = Duration::from_secs(1);

/// An operation to begin.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) action: Action,
    /// Instances in the order of the request, with the unit that brought each in.
    pub(crate) places: Vec<(Place, Option<String>)>,
    pub(crate) preferences: Option<Preferences>,
    pub(crate) targets: Targets,
    pub(crate) operation_id: Option<String>,
    pub(crate) retain: Option<bool>,
    pub(crate) changes_set: bool,
    pub(crate) overrides: Option<BTreeMap<String, Override>>,
    pub(crate) request: Digest,
    pub(crate) automatic: bool,
}

/// `CreateStackInstances`.
pub(crate) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateStackInstancesInput,
) -> Result<api::CreateStackInstancesOutput, Error> {
    let set = find_active(world, call, &input.stack_set_name, input.call_as)?;
    let arn = set.arn.clone();
    let request = request_digest(&("create", &input));
    if let Some(operation_id) = repeated(set, input.operation_id.as_deref(), &request)? {
        return Ok(api::CreateStackInstancesOutput { operation_id: Some(operation_id) });
    }
    check_free(set)?;
    check_accounts(set, input.accounts.as_deref())?;
    let mut targets = targets(input.accounts.as_deref(), input.deployment_targets.as_ref())?;
    listed(world, call, input.deployment_targets.as_ref(), &mut targets)?;
    let regions = regions(&input.regions)?;
    let places = places(world, call, &arn, &targets, &regions, true)?;
    let overrides = overrides(world, &arn, input.parameter_overrides.as_deref())?;
    let preferences = preferences(input.operation_preferences.as_ref(), &places)?;
    let Some(set) = world.cloudformation.sets.get_mut(&arn) else {
        return Ok(api::CreateStackInstancesOutput::default());
    };
    let fresh = places.iter().filter(|(place, _)| !set.instances.contains_key(place)).count();
    if set.instances.len() + fresh > INSTANCES_MAX {
        let message = format!("Limit for the number of stack instances is {INSTANCES_MAX}");
        return Err(api::LimitExceededException::error(message));
    }
    // Automatic deployment follows units as a whole, whatever the filter of this call.
    for unit in &targets.units {
        set.covered.entry(unit.clone()).or_default().extend(regions.iter().cloned());
    }
    let work = Work {
        action: Action::Create,
        places,
        preferences,
        targets,
        operation_id: input.operation_id,
        retain: None,
        changes_set: false,
        overrides,
        request,
        automatic: false,
    };
    Ok(api::CreateStackInstancesOutput { operation_id: Some(begin(world, &arn, work)) })
}

/// `UpdateStackInstances`.
pub(crate) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdateStackInstancesInput,
) -> Result<api::UpdateStackInstancesOutput, Error> {
    let set = find_active(world, call, &input.stack_set_name, input.call_as)?;
    let arn = set.arn.clone();
    let request = request_digest(&("update", &input));
    if let Some(operation_id) = repeated(set, input.operation_id.as_deref(), &request)? {
        return Ok(api::UpdateStackInstancesOutput { operation_id: Some(operation_id) });
    }
    check_free(set)?;
    check_accounts(set, input.accounts.as_deref())?;
    let mut targets = targets(input.accounts.as_deref(), input.deployment_targets.as_ref())?;
    listed(world, call, input.deployment_targets.as_ref(), &mut targets)?;
    let regions = regions(&input.regions)?;
    let places = places(world, call, &arn, &targets, &regions, false)?;
    check_present(world, &arn, &places)?;
    let overrides = overrides(world, &arn, input.parameter_overrides.as_deref())?;
    let preferences = preferences(input.operation_preferences.as_ref(), &places)?;
    let work = Work {
        action: Action::Update,
        places,
        preferences,
        targets,
        operation_id: input.operation_id,
        retain: None,
        changes_set: false,
        overrides,
        request,
        automatic: false,
    };
    Ok(api::UpdateStackInstancesOutput { operation_id: Some(begin(world, &arn, work)) })
}

/// `DeleteStackInstances`.
pub(crate) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteStackInstancesInput,
) -> Result<api::DeleteStackInstancesOutput, Error> {
    let set = find_active(world, call, &input.stack_set_name, input.call_as)?;
    let arn = set.arn.clone();
    let request = request_digest(&("delete", &input));
    if let Some(operation_id) = repeated(set, input.operation_id.as_deref(), &request)? {
        return Ok(api::DeleteStackInstancesOutput { operation_id: Some(operation_id) });
    }
    check_free(set)?;
    check_accounts(set, input.accounts.as_deref())?;
    let mut targets = targets(input.accounts.as_deref(), input.deployment_targets.as_ref())?;
    listed(world, call, input.deployment_targets.as_ref(), &mut targets)?;
    let regions = regions(&input.regions)?;
    let mut places = places(world, call, &arn, &targets, &regions, false)?;
    let Some(set) = world.cloudformation.sets.get_mut(&arn) else {
        return Ok(api::DeleteStackInstancesOutput::default());
    };
    let asked = places.len();
    places.retain(|(place, _)| set.instances.contains_key(place));
    if places.is_empty() && asked > 0 {
        return Err(api::StackInstanceNotFoundException::error(
            "No stack instances found for the given accounts and regions",
        ));
    }
    let preferences = preferences(input.operation_preferences.as_ref(), &places)?;
    if matches!(targets.filter, None | Some(AccountFilter::None | AccountFilter::Union)) {
        for unit in &targets.units {
            if let Some(covered) = set.covered.get_mut(unit) {
                covered.retain(|region| !regions.contains(region));
            }
        }
        set.covered.retain(|_, regions| !regions.is_empty());
    }
    let work = Work {
        action: Action::Delete,
        places,
        preferences,
        targets,
        operation_id: input.operation_id,
        retain: Some(input.retain_stacks),
        changes_set: false,
        overrides: None,
        request,
        automatic: false,
    };
    Ok(api::DeleteStackInstancesOutput { operation_id: Some(begin(world, &arn, work)) })
}

/// `StopStackSetOperation`.
pub(crate) fn stop(
    world: &mut World,
    call: &Call,
    input: api::StopStackSetOperationInput,
) -> Result<api::StopStackSetOperationOutput, Error> {
    let set = find_active(world, call, &input.stack_set_name, input.call_as)?;
    let arn = set.arn.clone();
    let id = input.operation_id;
    let status = set.operation(&id).map(|operation| operation.status);
    let status = status.ok_or_else(|| api::OperationNotFoundException::error(format!("Operation {id} not found")))?;
    if status.is_over() {
        let message = format!("Operation {id} is in {} state and cannot be stopped", status.as_str());
        return Err(api::InvalidOperationException::error(message));
    }
    let now = world.now;
    let Some(set) = world.cloudformation.sets.get_mut(&arn) else {
        return Ok(api::StopStackSetOperationOutput::default());
    };
    let mut cancelled = Vec::new();
    if let Some(operation) = set.operation_mut(&id) {
        operation.status = OperationStatus::Stopping;
        operation.schedule.stop();
        cancelled = operation.schedule.cancel();
    }
    set.cancel(&id, cancelled, STOPPED);
    if set.settle(&id, now) {
        world.release(&arn);
    }
    Ok(api::StopStackSetOperationOutput::default())
}

/// Begins an operation: it waits until nothing is in its way and then runs. Returns its id.
pub(crate) fn begin(world: &mut World, arn: &Arc<str>, work: Work) -> String {
    let id = enqueue(world, arn, work);
    world.release(arn);
    id
}

/// Adds an operation that waits. Returns its id.
pub(crate) fn enqueue(world: &mut World, arn: &Arc<str>, work: Work) -> String {
    let now = world.now;
    let drawn = world.ids.draw("operation", &[arn]).uuid();
    let Some(set) = world.cloudformation.sets.get_mut(arn) else { return drawn };
    let id: Arc<str> = work.operation_id.unwrap_or(drawn).into();
    let mut by_region: Vec<(Region, Vec<AccountId>)> = Vec::new();
    let mut results = BTreeMap::new();
    for ((account, region), unit) in work.places {
        match by_region.iter_mut().find(|(known, _)| *known == region) {
            Some((_, accounts)) => accounts.push(account.clone()),
            None => by_region.push((region.clone(), vec![account.clone()])),
        }
        let unit = unit.map(Into::into);
        let result = OperationResult { status: ResultStatus::Pending, reason: None, gate: None, unit };
        results.insert((account, region), result);
    }
    let preferences = work.preferences.clone().unwrap_or_default();
    set.enqueue(Operation {
        id: id.clone(),
        action: work.action,
        status: OperationStatus::Queued,
        reason: None,
        preferences: work.preferences,
        targets: work.targets,
        created: now,
        ended: None,
        administration_role: set.definition.administration_role.clone(),
        execution_role: set.definition.execution_role.clone(),
        retain: work.retain,
        changes_set: work.changes_set,
        overrides: work.overrides,
        request: work.request,
        automatic: work.automatic,
        schedule: Schedule::new(by_region, &preferences),
        results,
    });
    id.to_string()
}

impl World {
    /// Lets operations of a set begin that nothing is in the way of any more.
    pub(crate) fn release(&mut self, arn: &Arc<str>) {
        let held = self.held_back(arn);
        let Some(set) = self.cloudformation.sets.get_mut(arn) else { return };
        for operation in set.release(&held) {
            let due = SetEventDue::Pump { set: arn.clone(), operation };
            self.queue.push(self.now + OPERATION_OVERHEAD, due.into());
        }
    }

    /// Returns automatic operations that wait for those of other sets which go first.
    fn held_back(&self, arn: &str) -> BTreeSet<Arc<str>> {
        let Some(set) = self.cloudformation.sets.get(arn) else { return BTreeSet::new() };
        let depends_on = set.auto.as_ref().map(|auto| auto.depends_on.as_slice()).unwrap_or_default();
        if depends_on.is_empty() {
            return BTreeSet::new();
        }
        let waits = |operation: &&Operation| {
            operation.automatic
                && operation.action == Action::Create
                && operation.status == OperationStatus::Queued
                && depends_on.iter().filter_map(|other| self.cloudformation.sets.get(other.as_str())).any(|other| {
                    other.operations.iter().any(|earlier| {
                        earlier.is_active()
                            && earlier
                                .results
                                .keys()
                                .any(|(account, _)| operation.results.keys().any(|(mine, _)| mine == account))
                    })
                })
        };
        set.operations.iter().filter(waits).map(|operation| operation.id.clone()).collect()
    }
}

/// Knows a repeated request by its operation id; returns that id.
pub(crate) fn repeated(set: &StackSet, id: Option<&str>, request: &Digest) -> Result<Option<String>, Error> {
    let Some(operation) = id.and_then(|id| set.operation(id)) else { return Ok(None) };
    if operation.request == *request {
        return Ok(Some(operation.id.to_string()));
    }
    let message = format!("Operation with id {} already exists in StackSet {}", operation.id, set.arn);
    Err(api::OperationIdAlreadyExistsException::error(message))
}

/// Refuses a second operation where execution is not managed.
pub(crate) fn check_free(set: &StackSet) -> Result<(), Error> {
    set.obstacle().map_or(Ok(()), |operation| Err(in_progress(&set.arn, &operation.id)))
}

/// Refuses the member that names accounts of self-managed sets.
pub(crate) fn check_accounts(set: &StackSet, accounts: Option<&[String]>) -> Result<(), Error> {
    if set.model == PermissionModel::ServiceManaged && accounts.is_some() {
        let message = "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target";
        return Err(invalid(message));
    }
    Ok(())
}

/// Says that another operation is under way.
pub(crate) fn in_progress(arn: &str, id: &str) -> Error {
    api::OperationInProgressException::error(format!("Another Operation on StackSet {arn} is in progress: {id}"))
}

/// Refuses instances that do not exist.
pub(crate) fn check_present(world: &World, arn: &str, places: &[(Place, Option<String>)]) -> Result<(), Error> {
    let Some(set) = world.cloudformation.sets.get(arn) else { return Ok(()) };
    match places.iter().find(|(place, _)| !set.instances.contains_key(place)) {
        None => Ok(()),
        Some(((account, region), _)) => Err(api::StackInstanceNotFoundException::error(format!(
            "StackInstance not found for account {account} and region {region} in StackSet {}",
            set.id
        ))),
    }
}

/// Reads `Accounts` or `DeploymentTargets`.
pub(crate) fn targets(
    accounts: Option<&[String]>,
    deployment: Option<&api::DeploymentTargets>,
) -> Result<Targets, Error> {
    let ids = |given: &[String]| -> Result<Vec<AccountId>, Error> {
        given.iter().map(|id| id.parse().map_err(|_| invalid(format!("Account {id} is not an account id")))).collect()
    };
    match (accounts, deployment) {
        (Some(_), Some(_)) => Err(invalid("Cannot specify both Accounts and DeploymentTargets")),
        (None, None) => Ok(Targets::default()),
        (Some(accounts), None) => Ok(Targets { accounts: ids(accounts)?, ..Targets::default() }),
        (None, Some(given)) => Ok(Targets {
            units: given.organizational_unit_ids.clone().unwrap_or_default(),
            accounts: ids(given.accounts.as_deref().unwrap_or_default())?,
            filter: given.account_filter_type.map(|filter| match filter {
                api::AccountFilterType::None => AccountFilter::None,
                api::AccountFilterType::Intersection => AccountFilter::Intersection,
                api::AccountFilterType::Difference => AccountFilter::Difference,
                api::AccountFilterType::Union => AccountFilter::Union,
            }),
        }),
    }
}

/// Adds the accounts of `AccountsUrl`.
pub(crate) fn listed(
    world: &mut World,
    call: &Call,
    given: Option<&api::DeploymentTargets>,
    targets: &mut Targets,
) -> Result<(), Error> {
    let Some(url) = given.and_then(|given| given.accounts_url.as_ref()) else { return Ok(()) };
    let wrong = || invalid("AccountsUrl must be a supported URL.");
    let (bucket, key) = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    let bytes = source::read_object(world, call, bucket.to_owned(), key.to_owned(), None)
        .map_err(|error| invalid(format!("S3 error: {}", error.message)))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for id in text.split([',', '\n', '\r']).map(str::trim).filter(|id| !id.is_empty()) {
        targets.accounts.push(id.parse().map_err(|_| invalid(format!("Account {id} is not an account id")))?);
    }
    Ok(())
}

/// Reads regions.
pub(crate) fn regions(given: &[String]) -> Result<Vec<Region>, Error> {
    if given.is_empty() {
        return Err(invalid("Regions are required"));
    }
    let mut seen = BTreeSet::new();
    let mut regions = Vec::new();
    for name in given {
        let region = sets::region(name)?;
        if seen.insert(region.clone()) {
            regions.push(region);
        }
    }
    Ok(regions)
}

/// The organization of the world, as targeting asks it.
struct Tree<'a>(&'a crate::organizations::Organization);

impl Organization for Tree<'_> {
    fn accounts_below(&self, unit: &str) -> Option<Vec<AccountId>> {
        self.0.is_parent(unit).then(|| self.0.accounts_under(unit).into_iter().collect())
    }

    fn management(&self) -> AccountId {
        self.0.management.clone()
    }
}

/// Returns the instances that a call means, region by region in the order of the request.
pub(crate) fn places(
    world: &World,
    _: &Call,
    arn: &str,
    targets: &Targets,
    regions: &[Region],
    creating: bool,
) -> Result<Vec<(Place, Option<String>)>, Error> {
    let model = world.cloudformation.sets.get(arn).map(|set| set.model);
    let selected: Vec<(AccountId, Option<String>)> = match (model, &world.organization) {
        (Some(PermissionModel::ServiceManaged), Some(organization)) => {
            targeting::check_service_managed(targets, creating).map_err(invalid)?;
            let selected = targeting::select(targets, &Tree(organization)).map_err(invalid)?;
            if let Some(stranger) = selected.keys().find(|account| !organization.accounts.contains_key(*account)) {
                return Err(invalid(format!("Account {stranger} is not a member of the organization")));
            }
            selected.into_iter().collect()
        }
        (Some(PermissionModel::SelfManaged), _) => {
            targeting::check_self_managed(targets).map_err(invalid)?;
            let mut seen = BTreeSet::new();
            let accounts = targets.accounts.iter().filter(|account| seen.insert((*account).clone()));
            accounts.map(|account| (account.clone(), None)).collect()
        }
        (Some(PermissionModel::ServiceManaged) | None, _) => Vec::new(),
    };
    let product = regions.iter().flat_map(|region| {
        selected.iter().map(move |(account, unit)| ((account.clone(), region.clone()), unit.clone()))
    });
    Ok(product.collect())
}

/// Reads overrides, which may only name parameters of the template.
fn overrides(
    world: &World,
    arn: &str,
    given: Option<&[api::Parameter]>,
) -> Result<Option<BTreeMap<String, Override>>, Error> {
    let Some(given) = given else { return Ok(None) };
    let Some(set) = world.cloudformation.sets.get(arn) else { return Ok(None) };
    let mut overrides = BTreeMap::new();
    for parameter in given {
        let key = parameter.parameter_key.clone().unwrap_or_default();
        if !set.definition.declared.contains_key(&key) {
            return Err(invalid(format!("Parameters: [{key}] do not exist in the template")));
        }
        let value = match (&parameter.parameter_value, parameter.use_previous_value.unwrap_or(false)) {
            (Some(_), true) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (Some(value), false) => Override::Value(value.clone()),
            (None, true) => Override::Previous,
            (None, false) => {
                return Err(invalid(format!("Parameter {key} should either have input value or default value")));
            }
        };
        overrides.insert(key, value);
    }
    Ok(Some(overrides))
}

/// Reads operation preferences.
pub(crate) fn preferences(
    given: Option<&api::StackSetOperationPreferences>,
    places: &[(Place, Option<String>)],
) -> Result<Option<Preferences>, Error> {
    let Some(given) = given else { return Ok(None) };
    let both = |one: &Option<i32>, other: &Option<i32>, name: &str| {
        if one.is_some() && other.is_some() {
            return Err(invalid(format!("You can specify either {name}Count or {name}Percentage, but not both")));
        }
        Ok(())
    };
    both(&given.failure_tolerance_count, &given.failure_tolerance_percentage, "FailureTolerance")?;
    both(&given.max_concurrent_count, &given.max_concurrent_percentage, "MaxConcurrent")?;
    let region_order = match given.region_order.as_deref() {
        Some(order) if !order.is_empty() => regions(order)?,
        Some(_) | None => Vec::new(),
    };
    let known: BTreeSet<&Region> = places.iter().map(|((_, region), _)| region).collect();
    if let Some(stranger) = region_order.iter().find(|region| !known.contains(region) && !places.is_empty()) {
        return Err(invalid(format!("RegionOrder contains {stranger}, which is not a region of the operation")));
    }
    let count = |value: Option<i32>| value.map(|value| u32::try_from(value).unwrap_or(0));
    Ok(Some(Preferences {
        region_order,
        regions_in_parallel: given.region_concurrency_type.map(|kind| kind == api::RegionConcurrencyType::Parallel),
        tolerance_count: count(given.failure_tolerance_count),
        tolerance_percentage: count(given.failure_tolerance_percentage),
        concurrent_count: count(given.max_concurrent_count),
        concurrent_percentage: count(given.max_concurrent_percentage),
        soft: given.concurrency_mode.map(|mode| mode == api::ConcurrencyMode::SoftFailureTolerance),
    }))
}
