//! Reads stack sets, their instances and the operations that have not ended.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{
    self as sdk, PermissionModels, StackInstanceStatus, StackSetOperationStatus, StackSetStatus,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use stackfleet_plan::{
    Scope,
    observed::{
        Cell, Definition, InstanceStatus, ObservedInstance, ObservedOperation, ObservedStackSet, PermissionModel,
    },
};

use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Sets read at once; all share two calls a second.
const CONCURRENCY: usize = 4;

/// What AWS shows in place of a `NoEcho` value.
const HIDDEN: &str = "****";

pub(super) async fn stack_sets(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, ObservedStackSet>, Failure> {
    let found: Vec<Option<(String, ObservedStackSet)>> = stream::iter(&scope.stack_sets)
        .map(|name| async move {
            let with_overrides = scope.overrides.contains(name);
            Ok::<_, Failure>(stack_set(aws, name, with_overrides).await?.map(|set| (name.clone(), set)))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn stack_set(aws: &Aws, name: &str, with_overrides: bool) -> Result<Option<ObservedStackSet>, Failure> {
    let describe = || aws.cloudformation.describe_stack_set().stack_set_name(name).send();
    let described = match aws.read(Family::StackSets, "cloudformation", "DescribeStackSet", describe).await {
        Ok(answer) => answer.stack_set,
        Err(failure) if failure.is("StackSetNotFound") => None,
        Err(failure) => return Err(failure),
    };
    let Some(set) = described.filter(|set| set.status() != Some(&StackSetStatus::Deleted)) else { return Ok(None) };
    let (running, last_operation) = operations(aws, name).await?;
    let mut instances = instances(aws, name).await?;
    if with_overrides {
        overrides(aws, name, &mut instances).await?;
    }
    Ok(Some(ObservedStackSet {
        id: set.stack_set_id().unwrap_or_default().to_owned(),
        arn: set.stack_set_arn().and_then(|arn| arn.parse().ok()),
        definition: definition(&set),
        instances,
        running,
        last_operation,
    }))
}

fn definition(set: &sdk::StackSet) -> Definition {
    let shown = |value: &str| (value != HIDDEN).then(|| value.to_owned());
    let parameters = set.parameters().iter().map(|parameter| {
        let value = parameter.parameter_value().and_then(shown);
        (parameter.parameter_key().unwrap_or_default().to_owned(), value)
    });
    let tags = set
        .tags()
        .iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()));
    let auto = set.auto_deployment();
    let model = if set.permission_model() == Some(&PermissionModels::ServiceManaged) {
        PermissionModel::ServiceManaged {
            auto_deploy: auto.and_then(sdk::AutoDeployment::enabled).unwrap_or(false),
            retain: auto.and_then(sdk::AutoDeployment::retain_stacks_on_account_removal).unwrap_or(false),
        }
    } else {
        PermissionModel::SelfManaged {
            administration_role: set.administration_role_arn().unwrap_or_default().to_owned(),
            execution_role: set.execution_role_name().unwrap_or_default().to_owned(),
        }
    };
    Definition {
        template: set.template_body().unwrap_or_default().to_owned(),
        parameters: parameters.collect(),
        capabilities: set.capabilities().iter().map(|capability| capability.as_str().to_owned()).collect(),
        tags: tags.collect(),
        description: set.description().unwrap_or_default().to_owned(),
        model,
        managed_execution: set.managed_execution().and_then(sdk::ManagedExecution::active).unwrap_or(false),
    }
}

async fn instances(aws: &Aws, name: &str) -> Result<BTreeMap<Cell, ObservedInstance>, Failure> {
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.cloudformation.list_stack_instances().stack_set_name(name);
            call.max_results(100).set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::StackSets, "cloudformation", "ListStackInstances", list).await?;
        for summary in page.summaries() {
            let account = summary.account().and_then(|account| account.parse().ok());
            let region = summary.region().and_then(|region| region.parse().ok());
            if let (Some(account), Some(region)) = (account, region) {
                found.insert(Cell { account, region }, instance(summary));
            }
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn instance(summary: &sdk::StackInstanceSummary) -> ObservedInstance {
    let status = match summary.status() {
        Some(StackInstanceStatus::Current) => InstanceStatus::Current,
        Some(StackInstanceStatus::Inoperable) => InstanceStatus::Inoperable,
        Some(StackInstanceStatus::Outdated | _) | None => InstanceStatus::Outdated,
    };
    let detailed = summary.stack_instance_status().and_then(|status| status.detailed_status());
    ObservedInstance {
        status,
        detailed: detailed.map(|detailed| detailed.as_str().to_owned()),
        reason: summary.status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        stack_id: summary.stack_id().filter(|id| !id.is_empty()).map(str::to_owned),
        drift: summary.drift_status().map(|drift| drift.as_str().to_owned()),
        last_operation: summary.last_operation_id().filter(|id| !id.is_empty()).map(str::to_owned),
        overrides: None,
    }
}

/// Reads the overrides of those instances whose last operation does not tell them
/// ([`stackfleet_plan::observed::ObservedInstance::overrides`]): one call for each.
async fn overrides(aws: &Aws, name: &str, instances: &mut BTreeMap<Cell, ObservedInstance>) -> Result<(), Failure> {
    let unknown = instances.iter_mut().filter(|(_, instance)| {
        !instance.last_operation.as_deref().is_some_and(stackfleet_plan::observed::tells_overrides)
    });
    let read = stream::iter(unknown).map(|(cell, instance)| async move {
        let describe = || {
            let call = aws.cloudformation.describe_stack_instance().stack_set_name(name);
            call.stack_instance_account(cell.account.as_str()).stack_instance_region(cell.region.as_str()).send()
        };
        match aws.read(Family::StackSets, "cloudformation", "DescribeStackInstance", describe).await {
            Ok(answer) => {
                let values = answer.stack_instance.iter().flat_map(sdk::StackInstance::parameter_overrides);
                let values = values.filter_map(|parameter| {
                    Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned()))
                });
                instance.overrides = Some(values.collect());
                Ok(())
            }
            // It went away between the two calls; the next observation shows it missing.
            Err(failure) if failure.is("StackInstanceNotFound") => Ok(()),
            Err(failure) => Err(failure),
        }
    });
    read.buffer_unordered(CONCURRENCY).try_collect().await
}

/// Returns operations that have not ended, oldest first, and the newest of all.
async fn operations(aws: &Aws, name: &str) -> Result<(Vec<ObservedOperation>, Option<String>), Failure> {
    // Only the newest operations can be under way, and the list begins with them.
    let list = || {
        let call = aws.cloudformation.list_stack_set_operations().stack_set_name(name);
        call.max_results(100).send()
    };
    let page = aws.read(Family::StackSets, "cloudformation", "ListStackSetOperations", list).await?;
    let newest = page.summaries().first().and_then(|operation| operation.operation_id()).map(str::to_owned);
    let ended = [StackSetOperationStatus::Succeeded, StackSetOperationStatus::Failed, StackSetOperationStatus::Stopped];
    let mut running: Vec<ObservedOperation> = Vec::new();
    for operation in page.summaries() {
        let (Some(id), Some(status)) = (operation.operation_id(), operation.status()) else { continue };
        if !ended.contains(status) {
            running.push(ObservedOperation {
                id: id.to_owned(),
                action: operation.action().map(|action| action.as_str()).unwrap_or_default().to_owned(),
                status: status.as_str().to_owned(),
            });
        }
    }
    running.reverse();
    Ok((running, newest))
}
