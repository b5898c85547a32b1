//! Steps on stack sets: definitions, instances, operations.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{
    self as sdk, AccountFilterType, AutoDeployment, Capability, ConcurrencyMode, DeploymentTargets, ManagedExecution,
    Parameter, PermissionModels, RegionConcurrencyType, StackSetOperationPreferences, StackSetOperationResultStatus,
    StackSetOperationStatus, Tag,
};
use aws_sdk_s3::primitives::ByteStream;
use stackfleet_base::Digest;
use stackfleet_plan::{
    artifacts::bucket_name,
    observed::{Cell, Definition, PermissionModel},
    plan::{AccountFilter, Preferences, Share, Targets},
};
use stackfleet_rollout::{
    Directory, Fact,
    step::{CellResult, OperationState, ResultStatus},
};

use super::{account_id, organization, running, unmade};
use crate::{connect::Aws, failure::Failure, limiter::Family};

const SERVICE: &str = "cloudformation";

/// A larger template must be fetched from S3 (CloudFormation quotas).
const INLINE_BYTES_MAX: usize = 51_200;

pub(super) async fn create(aws: &Aws, set: &str, definition: &Definition) -> Result<Fact, Failure> {
    const OPERATION: &str = "CreateStackSet";
    let template = template(aws, definition).await?;
    let token = Digest::of(serde_json::to_vec(definition).unwrap_or_default()).short(40);
    let mut call = aws
        .cloudformation
        .create_stack_set()
        .stack_set_name(set)
        .description(&definition.description)
        .set_template_body(template.body)
        .set_template_url(template.url)
        .set_parameters(Some(parameters(definition)))
        .set_capabilities(Some(capabilities(definition)))
        .set_tags(Some(tags(definition)))
        .managed_execution(managed_execution(definition))
        .client_request_token(format!("sf-{token}"));
    call = match &definition.model {
        PermissionModel::SelfManaged { administration_role, execution_role } => call
            .permission_model(PermissionModels::SelfManaged)
            .administration_role_arn(administration_role)
            .execution_role_name(execution_role),
        PermissionModel::ServiceManaged { auto_deploy, retain } => call
            .permission_model(PermissionModels::ServiceManaged)
            .auto_deployment(auto_deployment(*auto_deploy, *retain)),
    };
    match aws.once(Family::StackSets, SERVICE, OPERATION, call.send()).await {
        Ok(_) => Ok(Fact::Nothing),
        // An earlier attempt made it, or somebody else did in this moment: only the former is as wanted.
        Err(failure) if failure.is("NameAlreadyExists") => {
            let describe = || aws.cloudformation.describe_stack_set().stack_set_name(set).send();
            let answer = aws.read(Family::StackSets, SERVICE, "DescribeStackSet", describe).await?;
            let same = answer.stack_set().is_some_and(|found| found.template_body() == Some(&definition.template));
            if same { Ok(Fact::Nothing) } else { Err(failure) }
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn update(
    aws: &Aws,
    directory: &Directory,
    set: &str,
    definition: &Definition,
    targets: &Targets,
    preferences: &Preferences,
    operation: &str,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "UpdateStackSet";
    let template = template(aws, definition).await?;
    let mut call = aws
        .cloudformation
        .update_stack_set()
        .stack_set_name(set)
        .description(&definition.description)
        .set_template_body(template.body)
        .set_template_url(template.url)
        .set_parameters(Some(parameters(definition)))
        .set_capabilities(Some(capabilities(definition)))
        .set_tags(Some(tags(definition)))
        .managed_execution(managed_execution(definition))
        .operation_id(operation);
    // Without instances there is nothing to name, and the operation ends at once.
    if !targets.accounts.is_empty() {
        let place = place(aws, directory, targets, OPERATION)?;
        call = call
            .set_accounts(place.accounts)
            .set_deployment_targets(place.targets)
            .set_regions(Some(place.regions))
            .operation_preferences(operation_preferences(preferences, targets));
    }
    call = match &definition.model {
        PermissionModel::SelfManaged { administration_role, execution_role } => {
            call.administration_role_arn(administration_role).execution_role_name(execution_role)
        }
        // Automatic deployment must not be given together with targets (API Reference, UpdateStackSet).
        PermissionModel::ServiceManaged { .. } => call.permission_model(PermissionModels::ServiceManaged),
    };
    started(
        aws.once(Family::StackSets, SERVICE, OPERATION, call.send()).await.map(|answer| answer.operation_id),
        operation,
    )
}

pub(super) async fn set_auto_deployment(
    aws: &Aws,
    set: &str,
    enabled: bool,
    retain: bool,
    operation: &str,
) -> Result<Fact, Failure> {
    let describe = || aws.cloudformation.describe_stack_set().stack_set_name(set).send();
    let answer = aws.read(Family::StackSets, SERVICE, "DescribeStackSet", describe).await?;
    let found = answer.stack_set();
    // What an update leaves out falls back to defaults, so everything is said again.
    let parameters: Vec<Parameter> = found
        .map(sdk::StackSet::parameters)
        .unwrap_or_default()
        .iter()
        .map(|parameter| {
            let key = parameter.parameter_key().unwrap_or_default();
            Parameter::builder().parameter_key(key).use_previous_value(true).build()
        })
        .collect();
    let call = aws
        .cloudformation
        .update_stack_set()
        .stack_set_name(set)
        .use_previous_template(true)
        .set_description(found.and_then(|found| found.description().map(str::to_owned)))
        .set_parameters(Some(parameters))
        .set_capabilities(found.map(|found| found.capabilities().to_vec()))
        .permission_model(PermissionModels::ServiceManaged)
        .auto_deployment(auto_deployment(enabled, retain))
        .operation_id(operation)
        .send();
    started(
        aws.once(Family::StackSets, SERVICE, "UpdateStackSet", call).await.map(|answer| answer.operation_id),
        operation,
    )
}

pub(super) async fn create_instances(
    aws: &Aws,
    directory: &Directory,
    set: &str,
    targets: &Targets,
    overrides: &BTreeMap<String, String>,
    preferences: &Preferences,
    operation: &str,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "CreateStackInstances";
    let place = place(aws, directory, targets, OPERATION)?;
    let call = aws
        .cloudformation
        .create_stack_instances()
        .stack_set_name(set)
        .set_accounts(place.accounts)
        .set_deployment_targets(place.targets)
        .set_regions(Some(place.regions))
        .set_parameter_overrides((!overrides.is_empty()).then(|| values(overrides)))
        .operation_preferences(operation_preferences(preferences, targets))
        .operation_id(operation);
    started(
        aws.once(Family::StackSets, SERVICE, OPERATION, call.send()).await.map(|answer| answer.operation_id),
        operation,
    )
}

pub(super) async fn update_instances(
    aws: &Aws,
    directory: &Directory,
    set: &str,
    targets: &Targets,
    overrides: &BTreeMap<String, String>,
    preferences: &Preferences,
    operation: &str,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "UpdateStackInstances";
    let place = place(aws, directory, targets, OPERATION)?;
    let call = aws
        .cloudformation
        .update_stack_instances()
        .stack_set_name(set)
        .set_accounts(place.accounts)
        .set_deployment_targets(place.targets)
        .set_regions(Some(place.regions))
        // A list without a key puts that parameter back to the set's value; no list would leave all as they are.
        .set_parameter_overrides(Some(values(overrides)))
        .operation_preferences(operation_preferences(preferences, targets))
        .operation_id(operation);
    started(
        aws.once(Family::StackSets, SERVICE, OPERATION, call.send()).await.map(|answer| answer.operation_id),
        operation,
    )
}

/// The operation's own id makes a repeated request harmless; that AWS knows it already means that it is under way or
/// has ended, and the next look tells which. What answers with another id than it was given (moto does) is followed by
/// that one.
fn started(done: Result<Option<String>, Failure>, operation: &str) -> Result<Fact, Failure> {
    match done {
        Ok(answered) => Ok(running(answered.as_deref().unwrap_or(operation))),
        Err(failure) if failure.is("OperationIdAlreadyExists") => Ok(running(operation)),
        Err(failure) if failure.is("OperationInProgress") && failure.refusal.message.contains(operation) => {
            Ok(running(operation))
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn describe(aws: &Aws, set: &str, operation: &str) -> Result<Fact, Failure> {
    const OPERATION: &str = "DescribeStackSetOperation";
    let call = aws.cloudformation.describe_stack_set_operation().stack_set_name(set).operation_id(operation).send();
    let answer = aws.once(Family::StackSets, SERVICE, OPERATION, call).await?;
    let found = answer.stack_set_operation();
    let state = match found.and_then(|found| found.status()) {
        Some(StackSetOperationStatus::Queued) => OperationState::Queued,
        Some(StackSetOperationStatus::Succeeded) => OperationState::Succeeded,
        Some(StackSetOperationStatus::Failed) => {
            OperationState::Failed { reason: found.and_then(|found| found.status_reason()).map(str::to_owned) }
        }
        Some(StackSetOperationStatus::Stopped) => OperationState::Stopped,
        Some(StackSetOperationStatus::Running | StackSetOperationStatus::Stopping | _) => OperationState::Running,
        None => return Err(unmade(aws, SERVICE, OPERATION, "the answer lacks the operation's status".to_owned())),
    };
    Ok(Fact::Operation { operation: operation.to_owned(), state })
}

pub(super) async fn results(aws: &Aws, set: &str, operation: &str) -> Result<Fact, Failure> {
    let mut results = Vec::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.cloudformation.list_stack_set_operation_results().stack_set_name(set);
            call.operation_id(operation).max_results(100).set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::StackSets, SERVICE, "ListStackSetOperationResults", list).await?;
        results.extend(page.summaries().iter().filter_map(|summary| {
            let cell = Cell { account: summary.account()?.parse().ok()?, region: summary.region()?.parse().ok()? };
            let status = match summary.status()? {
                StackSetOperationResultStatus::Running => ResultStatus::Running,
                StackSetOperationResultStatus::Succeeded => ResultStatus::Succeeded,
                StackSetOperationResultStatus::Failed => ResultStatus::Failed,
                StackSetOperationResultStatus::Cancelled => ResultStatus::Cancelled,
                StackSetOperationResultStatus::Pending | _ => ResultStatus::Pending,
            };
            let reason = summary.status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned);
            Some(CellResult { cell, status, reason })
        }));
        token = page.next_token;
        if token.is_none() {
            return Ok(Fact::Results(results));
        }
    }
}

/// Where an operation works, as the API takes it.
struct Place {
    accounts: Option<Vec<String>>,
    targets: Option<DeploymentTargets>,
    regions: Vec<String>,
}

fn place(aws: &Aws, directory: &Directory, targets: &Targets, operation: &'static str) -> Result<Place, Failure> {
    let id = |account| account_id(aws, directory, account, SERVICE, operation);
    let regions = targets.regions.iter().map(ToString::to_string).collect();
    let Some(units) = &targets.units else {
        let accounts: Result<Vec<String>, Failure> = targets.accounts.iter().map(id).collect();
        return Ok(Place { accounts: Some(accounts?), targets: None, regions });
    };
    let ids: Result<Vec<String>, Failure> =
        units.units.iter().map(|path| organization::unit(aws, directory, path, operation)).collect();
    let mut named = DeploymentTargets::builder().set_organizational_unit_ids(Some(ids?));
    let narrowed = match &units.filter {
        AccountFilter::None => None,
        AccountFilter::Intersection => Some((AccountFilterType::Intersection, &targets.accounts)),
        AccountFilter::Difference(left_out) => Some((AccountFilterType::Difference, left_out)),
    };
    if let Some((filter, accounts)) = narrowed {
        let accounts: Result<Vec<String>, Failure> = accounts.iter().map(id).collect();
        named = named.account_filter_type(filter).set_accounts(Some(accounts?));
    }
    Ok(Place { accounts: None, targets: Some(named.build()), regions })
}

fn operation_preferences(preferences: &Preferences, targets: &Targets) -> StackSetOperationPreferences {
    let mut made = StackSetOperationPreferences::builder()
        .set_region_order(Some(targets.regions.iter().map(ToString::to_string).collect()));
    made = match preferences.tolerance {
        Share::Count(count) => made.failure_tolerance_count(whole(count)),
        Share::Percent(percent) => made.failure_tolerance_percentage(i32::from(percent)),
    };
    made = match preferences.concurrency {
        Share::Count(count) => made.max_concurrent_count(whole(count)),
        Share::Percent(percent) => made.max_concurrent_percentage(i32::from(percent)),
    };
    if preferences.soft {
        made = made.concurrency_mode(ConcurrencyMode::SoftFailureTolerance);
    }
    if preferences.regions_parallel {
        made = made.region_concurrency_type(RegionConcurrencyType::Parallel);
    }
    made.build()
}

fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn auto_deployment(enabled: bool, retain: bool) -> AutoDeployment {
    // Retention may be said only when automatic deployment is on (aws: AutoDeployment).
    AutoDeployment::builder().enabled(enabled).set_retain_stacks_on_account_removal(enabled.then_some(retain)).build()
}

fn managed_execution(definition: &Definition) -> ManagedExecution {
    ManagedExecution::builder().active(definition.managed_execution).build()
}

fn parameters(definition: &Definition) -> Vec<Parameter> {
    let made = definition.parameters.iter().map(|(key, value)| {
        let parameter = Parameter::builder().parameter_key(key);
        match value {
            Some(value) => parameter.parameter_value(value).build(),
            None => parameter.use_previous_value(true).build(),
        }
    });
    made.collect()
}

fn values(overrides: &BTreeMap<String, String>) -> Vec<Parameter> {
    overrides
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build())
        .collect()
}

fn capabilities(definition: &Definition) -> Vec<Capability> {
    definition.capabilities.iter().map(|capability| Capability::from(capability.as_str())).collect()
}

fn tags(definition: &Definition) -> Vec<Tag> {
    definition.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// A template as the API takes it: one of the two.
struct TemplateSource {
    body: Option<String>,
    url: Option<String>,
}

/// A template too large for a request goes through the artifact bucket of the home region.
async fn template(aws: &Aws, definition: &Definition) -> Result<TemplateSource, Failure> {
    let text = &definition.template;
    if text.len() <= INLINE_BYTES_MAX {
        return Ok(TemplateSource { body: Some(text.clone()), url: None });
    }
    let (bucket, key) = (bucket_name(aws.account(), aws.home()), format!("templates/{}", Digest::of(text)));
    let body = ByteStream::from(text.clone().into_bytes());
    let call = aws.s3(aws.home()).put_object().bucket(&bucket).key(&key).body(body).send();
    aws.once(Family::Plenty, "s3", "PutObject", call).await?;
    let suffix = aws.home().partition().url_suffix();
    let url = format!("https://{bucket}.s3.{}.{suffix}/{key}", aws.home());
    Ok(TemplateSource { body: None, url: Some(url) })
}
