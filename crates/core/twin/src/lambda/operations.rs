//! The operations of Lambda.

use std::{collections::BTreeMap, sync::Arc};

use stackfleet_api::{Error, lambda as api};
use stackfleet_base::{AccountId, Region};

use super::{Function, Source, invalid, missing, name_in, policy};
use crate::{Call, Principal, World, pages, s3, service::service, sts::role_of};

/// The service as trust policies name it.
const PRINCIPAL: &str = "lambda.amazonaws.com";

/// Reads code from S3 as the caller.
pub(super) fn fetch(
    world: &mut World,
    call: &Call,
    bucket: &str,
    key: &str,
    version: Option<String>,
) -> Result<Vec<u8>, Error> {
    let region: Option<Region> = world.s3.buckets.get(bucket).map(|found| found.region.clone());
    if let Some(region) = region.filter(|region| *region != call.region) {
        return Err(invalid(format!(
            "Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this \
             region: {region}. Please use this region to retry the request"
        )));
    }
    let request = s3::Request::GetObject(s3::GetObject {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: version,
        range: None,
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
        head: false,
    });
    match world.call_s3(&call.forwarded(PRINCIPAL, &call.region), request) {
        Ok(s3::Answer::GetObject(object)) => Ok(object.body.0.to_vec()),
        Ok(other) => Err(stackfleet_api::common::internal_failure(format!("BUG: GetObject was answered by {other:?}"))),
        Err(error) if error.status == 403 => Err(Error::new(
            "AccessDeniedException",
            403,
            format!(
                "Your access has been denied by S3, please make sure your request credentials have permission to \
                 GetObject for {bucket}/{key}. S3 Error Code: {}. S3 Error Message: {}",
                error.code, error.message
            ),
        )),
        Err(error) => Err(invalid(format!(
            "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
            error.code, error.message
        ))),
    }
}

/// Returns Lambda as it acts for a function of an account.
pub(super) fn as_service(account: &AccountId, region: &Region, request_id: &Arc<str>, function: &str) -> Call {
    let service = Principal::Service { name: PRINCIPAL.into(), account: account.clone() };
    Call::inside(service, region.clone(), request_id.clone()).on_behalf_of(function, account)
}

/// Refuses a role that is not there or does not trust Lambda with a function.
fn check_role(world: &mut World, call: &Call, function: &str, arn: &str) -> Result<(), Error> {
    let cross = role_of(arn).is_some_and(|(account, _)| account != *call.account());
    if cross {
        return Err(Error::new("AccessDeniedException", 403, "Cross-account pass role is not allowed."));
    }
    let asking = as_service(call.account(), &call.region, &call.request_id, &super::arn(call, function));
    world
        .assume_role(&asking, arn, "check")
        .map(drop)
        .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))
}

/// Copies a function's configuration into one of the outputs that have the same members.
macro_rules! configuration {
    ($output:ident, $shown:expr) => {{
        let shown = $shown;
        api::$output {
            function_name: shown.function_name,
            function_arn: shown.function_arn,
            runtime: shown.runtime,
            role: shown.role,
            handler: shown.handler,
            code_size: shown.code_size,
            description: shown.description,
            timeout: shown.timeout,
            memory_size: shown.memory_size,
            last_modified: shown.last_modified,
            code_sha256: shown.code_sha256,
            version: shown.version,
            dead_letter_config: shown.dead_letter_config,
            environment: shown.environment,
            kms_key_arn: shown.kms_key_arn,
            tracing_config: shown.tracing_config,
            revision_id: shown.revision_id,
            layers: shown.layers,
            state: shown.state,
            state_reason: shown.state_reason,
            last_update_status: shown.last_update_status,
            package_type: shown.package_type,
            architectures: shown.architectures,
            ephemeral_storage: shown.ephemeral_storage,
            logging_config: shown.logging_config,
            ..api::$output::default()
        }
    }};
}

fn create(
    world: &mut World,
    call: &Call,
    mut input: api::CreateFunctionInput,
) -> Result<api::CreateFunctionOutput, Error> {
    let name = name_in(&input.function_name).to_owned();
    if world.lambda.find(call, &name).is_ok() {
        return Err(api::ResourceConflictException::error(format!("Function already exist: {name}")));
    }
    let code = std::mem::take(&mut input.code);
    let source = Source {
        zip: code.zip_file,
        bucket: code.s3_bucket,
        key: code.s3_key,
        version: code.s3_object_version,
        image: code.image_uri,
    };
    let (code, image) = source.read(world, call)?;
    check_role(world, call, &name, &input.role)?;
    let revision = revision(world, call, &name);
    let function = Function::new(call, world.now, revision, input, code, image)?;
    let shown = function.shown(&name, world.now);
    let shelf = world.lambda.shelves.entry((call.account().clone(), call.region.clone())).or_default();
    shelf.insert(name, function);
    Ok(configuration!(CreateFunctionOutput, shown))
}

fn revision(world: &mut World, call: &Call, name: &str) -> String {
    world.ids.draw("revision", &[call.account().as_str(), call.region.as_str(), name]).uuid()
}

/// Refuses qualifiers besides `$LATEST`: there are no versions and no aliases.
fn latest_only(call: &Call, given: &str, qualifier: Option<&String>) -> Result<(), Error> {
    match qualifier {
        Some(qualifier) if qualifier != "$LATEST" => {
            let arn = super::arn(call, name_in(given));
            Err(api::ResourceNotFoundException::error(format!("Function not found: {arn}:{qualifier}")))
        }
        Some(_) | None => Ok(()),
    }
}

fn get(world: &mut World, call: &Call, input: api::GetFunctionInput) -> Result<api::GetFunctionOutput, Error> {
    latest_only(call, &input.function_name, input.qualifier.as_ref())?;
    let (name, function) = world.lambda.find(call, &input.function_name)?;
    let location =
        format!("https://awslambda-{0}-tasks.s3.{0}.amazonaws.com/snapshots/{1}/{name}", call.region, call.account());
    Ok(api::GetFunctionOutput {
        configuration: Some(function.shown(name, world.now)),
        code: Some(api::FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: Some(location),
            ..api::FunctionCodeLocation::default()
        }),
        tags: (!function.tags.is_empty()).then(|| function.tags.clone()),
        ..api::GetFunctionOutput::default()
    })
}

fn get_configuration(
    world: &mut World,
    call: &Call,
    input: api::GetFunctionConfigurationInput,
) -> Result<api::GetFunctionConfigurationOutput, Error> {
    latest_only(call, &input.function_name, input.qualifier.as_ref())?;
    let (name, function) = world.lambda.find(call, &input.function_name)?;
    Ok(configuration!(GetFunctionConfigurationOutput, function.shown(name, world.now)))
}

fn update_code(
    world: &mut World,
    call: &Call,
    mut input: api::UpdateFunctionCodeInput,
) -> Result<api::UpdateFunctionCodeOutput, Error> {
    let now = world.now;
    let (name, function) = world.lambda.find(call, &input.function_name)?;
    function.check_revision(input.revision_id.as_ref())?;
    function.check_settled(now)?;
    let name = name.to_owned();
    let source = Source {
        zip: input.zip_file.take(),
        bucket: input.s3_bucket.take(),
        key: input.s3_key.take(),
        version: input.s3_object_version.take(),
        image: input.image_uri.take(),
    };
    let (code, _) = source.read(world, call)?;
    let revision = revision(world, call, &name);
    let function = world.lambda.find_mut(call, &name)?;
    if input.dry_run != Some(true) {
        function.recode(now, revision, &input, code);
    }
    Ok(configuration!(UpdateFunctionCodeOutput, function.shown(&name, now)))
}

fn update_configuration(
    world: &mut World,
    call: &Call,
    input: api::UpdateFunctionConfigurationInput,
) -> Result<api::UpdateFunctionConfigurationOutput, Error> {
    let now = world.now;
    let (name, function) = world.lambda.find(call, &input.function_name)?;
    function.check_revision(input.revision_id.as_ref())?;
    function.check_settled(now)?;
    let name = name.to_owned();
    if let Some(role) = &input.role {
        check_role(world, call, &name, role)?;
    }
    let revision = revision(world, call, &name);
    let function = world.lambda.find_mut(call, &name)?;
    function.configure(now, revision, input)?;
    Ok(configuration!(UpdateFunctionConfigurationOutput, function.shown(&name, now)))
}

fn delete(world: &mut World, call: &Call, input: api::DeleteFunctionInput) -> Result<api::DeleteFunctionOutput, Error> {
    let name = world.lambda.find(call, &input.function_name)?.0.to_owned();
    if let Some(qualifier) = &input.qualifier {
        if qualifier == "$LATEST" {
            return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        latest_only(call, &name, Some(qualifier))?;
    }
    if let Some(shelf) = world.lambda.shelves.get_mut(&(call.account().clone(), call.region.clone())) {
        shelf.remove(&name);
    }
    Ok(api::DeleteFunctionOutput::default())
}

fn list(world: &mut World, call: &Call, input: api::ListFunctionsInput) -> Result<api::ListFunctionsOutput, Error> {
    let after = match input.marker.as_deref() {
        Some(marker) => Some(pages::open("functions", marker).ok_or_else(|| invalid("Invalid marker"))?),
        None => None,
    };
    let now = world.now;
    let shelf = world.lambda.shelves.get(&(call.account().clone(), call.region.clone()));
    let rows = shelf.into_iter().flatten().map(|(name, function)| (name.clone(), function.shown(name, now)));
    let max = usize::try_from(input.max_items.unwrap_or(50)).unwrap_or(50).min(50);
    let (functions, last) = pages::page(rows, after.as_deref(), max);
    let next_marker = last.map(|last| pages::seal("functions", &last));
    Ok(api::ListFunctionsOutput { functions: Some(functions), next_marker })
}

fn add_permission(
    world: &mut World,
    call: &Call,
    input: api::AddPermissionInput,
) -> Result<api::AddPermissionOutput, Error> {
    latest_only(call, &input.function_name, input.qualifier.as_ref())?;
    let name = world.lambda.find(call, &input.function_name)?.0.to_owned();
    let revision = revision(world, call, &name);
    let function = world.lambda.find_mut(call, &name)?;
    if function.policy.iter().any(|statement| statement.id == input.statement_id) {
        return Err(api::ResourceConflictException::error(format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing \
             statement.",
            input.statement_id
        )));
    }
    let statement = policy::Statement::new(input);
    let text = statement.document(&function.arn).to_string();
    function.policy.push(statement);
    function.policy_revision = revision;
    Ok(api::AddPermissionOutput { statement: Some(text) })
}

fn remove_permission(
    world: &mut World,
    call: &Call,
    input: api::RemovePermissionInput,
) -> Result<api::RemovePermissionOutput, Error> {
    let function = world.lambda.find_mut(call, &input.function_name)?;
    if !function.policy.iter().any(|statement| statement.id == input.statement_id) {
        let message = format!("Statement {} is not found in resource policy.", input.statement_id);
        return Err(api::ResourceNotFoundException::error(message));
    }
    function.policy.retain(|statement| statement.id != input.statement_id);
    Ok(api::RemovePermissionOutput::default())
}

fn get_policy(world: &mut World, call: &Call, input: api::GetPolicyInput) -> Result<api::GetPolicyOutput, Error> {
    latest_only(call, &input.function_name, input.qualifier.as_ref())?;
    let (_, function) = world.lambda.find(call, &input.function_name)?;
    if function.policy.is_empty() {
        return Err(api::ResourceNotFoundException::error("The resource you requested does not exist."));
    }
    Ok(api::GetPolicyOutput {
        policy: Some(policy::document(&function.policy, &function.arn)),
        revision_id: Some(function.policy_revision.clone()),
    })
}

fn tagged<'a>(world: &'a mut World, call: &Call, arn: &str) -> Result<&'a mut BTreeMap<String, String>, Error> {
    if !arn.contains(":function:") {
        return Err(missing(call, arn));
    }
    world.lambda.find_mut(call, arn).map(|function| &mut function.tags)
}

fn tag(world: &mut World, call: &Call, input: api::TagResourceInput) -> Result<api::TagResourceOutput, Error> {
    let tags = tagged(world, call, &input.resource)?;
    tags.extend(input.tags);
    if tags.len() > 50 {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(api::TagResourceOutput::default())
}

fn untag(world: &mut World, call: &Call, input: api::UntagResourceInput) -> Result<api::UntagResourceOutput, Error> {
    tagged(world, call, &input.resource)?.retain(|key, _| !input.tag_keys.contains(key));
    Ok(api::UntagResourceOutput::default())
}

fn tags(world: &mut World, call: &Call, input: api::ListTagsInput) -> Result<api::ListTagsOutput, Error> {
    Ok(api::ListTagsOutput { tags: Some(tagged(world, call, &input.resource)?.clone()) })
}

service! {
    api::Lambda, api;
    create_function: CreateFunctionInput -> CreateFunctionOutput = create;
    get_function: GetFunctionInput -> GetFunctionOutput = get;
    get_function_configuration: GetFunctionConfigurationInput -> GetFunctionConfigurationOutput = get_configuration;
    update_function_code: UpdateFunctionCodeInput -> UpdateFunctionCodeOutput = update_code;
    update_function_configuration: UpdateFunctionConfigurationInput -> UpdateFunctionConfigurationOutput = update_configuration;
    delete_function: DeleteFunctionInput -> DeleteFunctionOutput = delete;
    list_functions: ListFunctionsInput -> ListFunctionsOutput = list;
    add_permission: AddPermissionInput -> AddPermissionOutput = add_permission;
    remove_permission: RemovePermissionInput -> RemovePermissionOutput = remove_permission;
    get_policy: GetPolicyInput -> GetPolicyOutput = get_policy;
    tag_resource: TagResourceInput -> TagResourceOutput = tag;
    untag_resource: UntagResourceInput -> UntagResourceOutput = untag;
    list_tags: ListTagsInput -> ListTagsOutput = tags;
}
