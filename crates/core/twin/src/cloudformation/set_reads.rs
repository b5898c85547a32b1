//! Operations that look at stack sets, instances, operations and results.

use stackfleet_api::{Error, cloudformation as api};
use stackfleet_base::Timestamp;

use super::{
    scheduler::Preferences,
    sets::{self, find, owner},
    source::invalid,
    stack_reads::{date, opened},
    stack_set::{Instance, Operation, Place, StackSet},
    status::{PermissionModel, ResultStatus},
    targeting::{AccountFilter, Targets},
};
use crate::{Call, World, pages};

/// Items on a page unless asked otherwise.
const PAGE: i32 = 100;

fn max(asked: Option<i32>) -> Result<usize, Error> {
    let asked = asked.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&asked) {
        let bound = if asked < 1 { "greater than or equal to 1" } else { "less than or equal to 100" };
        return Err(invalid(format!(
            "1 validation error detected: Value '{asked}' at 'maxResults' failed to satisfy constraint: Member must have \
             value {bound}"
        )));
    }
    Ok(usize::try_from(asked).unwrap_or(100))
}

fn key(place: &Place) -> String {
    format!("{}/{}", place.0, place.1)
}

fn parameters(values: &std::collections::BTreeMap<String, String>) -> Vec<api::Parameter> {
    let parameter = |(key, value): (&String, &String)| api::Parameter {
        parameter_key: Some(key.clone()),
        parameter_value: Some(value.clone()),
        ..api::Parameter::default()
    };
    values.iter().map(parameter).collect()
}

fn model(set: &StackSet) -> Option<api::PermissionModels> {
    api::PermissionModels::parse(set.model.as_str())
}

fn managed(set: &StackSet) -> api::ManagedExecution {
    api::ManagedExecution { active: Some(set.managed_execution) }
}

fn auto(set: &StackSet) -> Option<api::AutoDeployment> {
    let auto = set.auto.as_ref()?;
    Some(api::AutoDeployment {
        enabled: Some(auto.enabled),
        retain_stacks_on_account_removal: auto.enabled.then_some(auto.retain),
        depends_on: (!auto.depends_on.is_empty()).then(|| auto.depends_on.clone()),
    })
}

fn set_status(set: &StackSet) -> api::StackSetStatus {
    if set.deleted { api::StackSetStatus::Deleted } else { api::StackSetStatus::Active }
}

/// `DescribeStackSet`.
pub(crate) fn describe(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackSetInput,
) -> Result<api::DescribeStackSetOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let definition = &set.definition;
    let own = set.model == PermissionModel::SelfManaged;
    let partition = set.region.partition().as_str();
    let administration = definition.administration_role.clone().unwrap_or_else(|| {
        format!("arn:{partition}:iam::{}:role/AWSCloudFormationStackSetAdministrationRole", set.account)
    });
    let execution = definition.execution_role.as_deref().unwrap_or("AWSCloudFormationStackSetExecutionRole");
    let mut regions: Vec<String> = set.instances.keys().map(|(_, region)| region.to_string()).collect();
    regions.sort();
    regions.dedup();
    let shown = api::StackSet {
        stack_set_name: Some(set.name.to_string()),
        stack_set_id: Some(set.id.to_string()),
        description: definition.description.clone(),
        status: Some(set_status(set)),
        template_body: Some(world.cloudformation.text(&definition.template).to_string()),
        parameters: Some(parameters(&definition.parameters)),
        capabilities: Some(definition.capabilities.iter().filter_map(|name| api::Capability::parse(name)).collect()),
        tags: Some(
            definition.tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect(),
        ),
        stack_set_arn: Some(set.arn.to_string()),
        administration_role_arn: own.then_some(administration),
        execution_role_name: own.then(|| execution.to_owned()),
        auto_deployment: auto(set),
        permission_model: model(set),
        organizational_unit_ids: (!own).then(|| set.covered.keys().cloned().collect()),
        managed_execution: Some(managed(set)),
        regions: Some(regions),
        ..api::StackSet::default()
    };
    Ok(api::DescribeStackSetOutput { stack_set: Some(shown) })
}

/// `ListStackSets`.
pub(crate) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListStackSetsInput,
) -> Result<api::ListStackSetsOutput, Error> {
    let account = owner(world, call, input.call_as)?;
    let delegated = input.call_as == Some(api::CallAs::DelegatedAdmin);
    let wanted = |set: &&StackSet| {
        input.status.is_none_or(|status| status == set_status(set))
            && (!delegated || set.model == PermissionModel::ServiceManaged)
    };
    let rows = world.cloudformation.sets_in(&account, &call.region).filter(wanted).map(|set| {
        let row = api::StackSetSummary {
            stack_set_name: Some(set.name.to_string()),
            stack_set_id: Some(set.id.to_string()),
            description: set.definition.description.clone(),
            status: Some(set_status(set)),
            auto_deployment: auto(set),
            permission_model: model(set),
            drift_status: Some(api::StackDriftStatus::NotChecked),
            managed_execution: Some(managed(set)),
            ..api::StackSetSummary::default()
        };
        (set.arn.to_string(), row)
    });
    let after = opened("stack-sets", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), max(input.max_results)?);
    let next_token = last.map(|last| pages::seal("stack-sets", &last));
    Ok(api::ListStackSetsOutput { summaries: Some(summaries), next_token })
}

fn comprehensive(instance: &Instance) -> api::StackInstanceComprehensiveStatus {
    let detailed_status = api::StackInstanceDetailedStatus::parse(instance.detailed.as_str());
    api::StackInstanceComprehensiveStatus { detailed_status }
}

/// `DescribeStackInstance`.
pub(crate) fn describe_instance(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackInstanceInput,
) -> Result<api::DescribeStackInstanceOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let (account, region) = (&input.stack_instance_account, &input.stack_instance_region);
    let found = set.instances.iter().find(|((own, place), _)| own.as_str() == account && place.as_str() == region);
    let Some((_, instance)) = found else {
        let message =
            format!("StackInstance not found for account {account} and region {region} in StackSet {}", set.id);
        return Err(api::StackInstanceNotFoundException::error(message));
    };
    let shown = api::StackInstance {
        stack_set_id: Some(set.id.to_string()),
        region: Some(region.clone()),
        account: Some(account.clone()),
        stack_id: instance.stack.as_deref().map(str::to_owned),
        parameter_overrides: Some(parameters(&instance.overrides)),
        status: api::StackInstanceStatus::parse(instance.status.as_str()),
        stack_instance_status: Some(comprehensive(instance)),
        status_reason: instance.reason.as_deref().map(str::to_owned),
        organizational_unit_id: instance.unit.as_deref().map(str::to_owned),
        drift_status: Some(api::StackDriftStatus::NotChecked),
        last_operation_id: Some(instance.last_operation.to_string()),
        ..api::StackInstance::default()
    };
    Ok(api::DescribeStackInstanceOutput { stack_instance: Some(shown) })
}

fn passes(instance: &Instance, filters: &[api::StackInstanceFilter]) -> bool {
    filters.iter().all(|filter| {
        let wanted: Vec<&str> = filter.values.as_deref().unwrap_or_default().split(',').map(str::trim).collect();
        match filter.name {
            Some(api::StackInstanceFilterName::DetailedStatus) => wanted.contains(&instance.detailed.as_str()),
            Some(api::StackInstanceFilterName::LastOperationId) => wanted.contains(&&*instance.last_operation),
            Some(api::StackInstanceFilterName::DriftStatus) => wanted.contains(&"NOT_CHECKED"),
            None => true,
        }
    })
}

/// `ListStackInstances`.
pub(crate) fn list_instances(
    world: &mut World,
    call: &Call,
    input: api::ListStackInstancesInput,
) -> Result<api::ListStackInstancesOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let filters = input.filters.unwrap_or_default();
    let wanted = |place: &Place| {
        input.stack_instance_account.as_ref().is_none_or(|account| place.0.as_str() == account)
            && input.stack_instance_region.as_ref().is_none_or(|region| place.1.as_str() == region)
    };
    let found = set.instances.iter().filter(|(place, instance)| wanted(place) && passes(instance, &filters));
    let rows = found.map(|(place, instance)| {
        let row = api::StackInstanceSummary {
            stack_set_id: Some(set.id.to_string()),
            region: Some(place.1.to_string()),
            account: Some(place.0.to_string()),
            stack_id: instance.stack.as_deref().map(str::to_owned),
            status: api::StackInstanceStatus::parse(instance.status.as_str()),
            status_reason: instance.reason.as_deref().map(str::to_owned),
            stack_instance_status: Some(comprehensive(instance)),
            organizational_unit_id: instance.unit.as_deref().map(str::to_owned),
            drift_status: Some(api::StackDriftStatus::NotChecked),
            last_operation_id: Some(instance.last_operation.to_string()),
            ..api::StackInstanceSummary::default()
        };
        (key(place), row)
    });
    let after = opened("instances", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), max(input.max_results)?);
    let next_token = last.map(|last| pages::seal("instances", &last));
    Ok(api::ListStackInstancesOutput { summaries: Some(summaries), next_token })
}

fn shown_preferences(preferences: Option<&Preferences>) -> api::StackSetOperationPreferences {
    let given = preferences.cloned().unwrap_or_default();
    let count = |value: Option<u32>| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
    let parallel = |parallel: bool| {
        if parallel { api::RegionConcurrencyType::Parallel } else { api::RegionConcurrencyType::Sequential }
    };
    let mode = |soft: bool| {
        if soft { api::ConcurrencyMode::SoftFailureTolerance } else { api::ConcurrencyMode::StrictFailureTolerance }
    };
    api::StackSetOperationPreferences {
        region_concurrency_type: given.regions_in_parallel.map(parallel),
        region_order: Some(given.region_order.iter().map(ToString::to_string).collect()),
        failure_tolerance_count: count(given.tolerance_count),
        failure_tolerance_percentage: count(given.tolerance_percentage),
        max_concurrent_count: count(given.concurrent_count),
        max_concurrent_percentage: count(given.concurrent_percentage),
        concurrency_mode: given.soft.map(mode),
    }
}

fn shown_targets(targets: &Targets) -> Option<api::DeploymentTargets> {
    if *targets == Targets::default() {
        return None;
    }
    let accounts: Vec<String> = targets.accounts.iter().map(ToString::to_string).collect();
    Some(api::DeploymentTargets {
        accounts: (!accounts.is_empty()).then_some(accounts),
        organizational_unit_ids: (!targets.units.is_empty()).then(|| targets.units.clone()),
        account_filter_type: targets.filter.map(|filter| match filter {
            AccountFilter::None => api::AccountFilterType::None,
            AccountFilter::Intersection => api::AccountFilterType::Intersection,
            AccountFilter::Difference => api::AccountFilterType::Difference,
            AccountFilter::Union => api::AccountFilterType::Union,
        }),
        ..api::DeploymentTargets::default()
    })
}

fn details(operation: &Operation) -> api::StackSetOperationStatusDetails {
    let failed = i32::try_from(operation.failures()).unwrap_or(i32::MAX);
    api::StackSetOperationStatusDetails { failed_stack_instances_count: Some(failed) }
}

fn ended(at: Option<Timestamp>) -> Option<stackfleet_api::DateTime> {
    at.map(date)
}

fn find_operation<'a>(set: &'a StackSet, id: &str) -> Result<&'a Operation, Error> {
    set.operation(id).ok_or_else(|| api::OperationNotFoundException::error(format!("Operation {id} not found")))
}

/// `DescribeStackSetOperation`.
pub(crate) fn describe_operation(
    world: &mut World,
    call: &Call,
    input: api::DescribeStackSetOperationInput,
) -> Result<api::DescribeStackSetOperationOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let operation = find_operation(set, &input.operation_id)?;
    let service_managed = set.model == PermissionModel::ServiceManaged;
    let shown = api::StackSetOperation {
        operation_id: Some(operation.id.to_string()),
        stack_set_id: Some(set.id.to_string()),
        action: api::StackSetOperationAction::parse(operation.action.as_str()),
        status: api::StackSetOperationStatus::parse(operation.status.as_str()),
        operation_preferences: Some(shown_preferences(operation.preferences.as_ref())),
        retain_stacks: operation.retain,
        administration_role_arn: operation.administration_role.clone(),
        execution_role_name: operation.execution_role.clone(),
        creation_timestamp: Some(date(operation.created)),
        end_timestamp: ended(operation.ended),
        deployment_targets: service_managed.then(|| shown_targets(&operation.targets)).flatten(),
        status_reason: operation.reason.clone(),
        status_details: Some(details(operation)),
        ..api::StackSetOperation::default()
    };
    Ok(api::DescribeStackSetOperationOutput { stack_set_operation: Some(shown) })
}

/// `ListStackSetOperations`, newest first.
pub(crate) fn list_operations(
    world: &mut World,
    call: &Call,
    input: api::ListStackSetOperationsInput,
) -> Result<api::ListStackSetOperationsOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let count = set.operations.len();
    let rows = set.operations.iter().enumerate().rev().map(|(index, operation)| {
        let row = api::StackSetOperationSummary {
            operation_id: Some(operation.id.to_string()),
            action: api::StackSetOperationAction::parse(operation.action.as_str()),
            status: api::StackSetOperationStatus::parse(operation.status.as_str()),
            creation_timestamp: Some(date(operation.created)),
            end_timestamp: ended(operation.ended),
            status_reason: operation.reason.clone(),
            status_details: Some(details(operation)),
            operation_preferences: Some(shown_preferences(operation.preferences.as_ref())),
        };
        // Keys of a page ascend; the newest comes first.
        (format!("{:020}", count - index), row)
    });
    let after = opened("operations", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), max(input.max_results)?);
    let next_token = last.map(|last| pages::seal("operations", &last));
    Ok(api::ListStackSetOperationsOutput { summaries: Some(summaries), next_token })
}

/// `ListStackSetOperationResults`.
pub(crate) fn list_results(
    world: &mut World,
    call: &Call,
    input: api::ListStackSetOperationResultsInput,
) -> Result<api::ListStackSetOperationResultsOutput, Error> {
    let set = find(world, call, &input.stack_set_name, input.call_as)?;
    let operation = find_operation(set, &input.operation_id)?;
    let filters = input.filters.unwrap_or_default();
    let wanted = |status: ResultStatus| {
        filters.iter().all(|filter| {
            let values = filter.values.as_deref().unwrap_or_default();
            values.split(',').any(|value| value.trim() == status.as_str())
        })
    };
    let rows = operation.results.iter().filter(|(_, result)| wanted(result.status)).map(|(place, result)| {
        let row = api::StackSetOperationResultSummary {
            account: Some(place.0.to_string()),
            region: Some(place.1.to_string()),
            status: api::StackSetOperationResultStatus::parse(result.status.as_str()),
            status_reason: result.reason.as_deref().map(str::to_owned),
            account_gate_result: result.gate.as_deref().map(|reason| api::AccountGateResult {
                status: Some(api::AccountGateStatus::Skipped),
                status_reason: Some(reason.to_owned()),
            }),
            organizational_unit_id: result.unit.as_deref().map(str::to_owned),
        };
        (key(place), row)
    });
    let after = opened("results", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), max(input.max_results)?);
    let next_token = last.map(|last| pages::seal("results", &last));
    Ok(api::ListStackSetOperationResultsOutput { summaries: Some(summaries), next_token })
}

/// `ListStackSetAutoDeploymentTargets`.
pub(crate) fn auto_targets(
    world: &mut World,
    call: &Call,
    input: api::ListStackSetAutoDeploymentTargetsInput,
) -> Result<api::ListStackSetAutoDeploymentTargetsOutput, Error> {
    let set = sets::find(world, call, &input.stack_set_name, input.call_as)?;
    let rows = set.covered.iter().map(|(unit, regions)| {
        let row = api::StackSetAutoDeploymentTargetSummary {
            organizational_unit_id: Some(unit.clone()),
            regions: Some(regions.iter().map(ToString::to_string).collect()),
        };
        (unit.clone(), row)
    });
    let after = opened("auto-targets", input.next_token.as_deref())?;
    let (summaries, last) = pages::page(rows, after.as_deref(), max(input.max_results)?);
    let next_token = last.map(|last| pages::seal("auto-targets", &last));
    Ok(api::ListStackSetAutoDeploymentTargetsOutput { summaries: Some(summaries), next_token })
}
