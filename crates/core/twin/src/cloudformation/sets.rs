//! Operations on stack sets themselves: create, update, delete, trusted access, and who owns which set.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stackfleet_api::{Error, cloudformation as api};
use stackfleet_base::{AccountId, Digest, Region};

use super::{
    blueprint::{self, SERVERLESS},
    instances::{self, Work},
    source::{self, invalid},
    stack_set::{AutoDeployment, Place, SetDefinition, StackSet},
    stacks::{capabilities, insufficient, request_digest, tags},
    status::{Action, PermissionModel},
    store::set_prefix,
};
use crate::{Call, World};

/// The principal under which StackSets is trusted and has delegated administrators.
pub(crate) const MEMBER_SERVICE: &str = "member.org.stacksets.cloudformation.amazonaws.com";
/// The principal that assumes the service-linked role of the management account.
pub(crate) const ADMIN_SERVICE: &str = "stacksets.cloudformation.amazonaws.com";
/// The service-linked role of the management account.
pub(crate) const ADMIN_ROLE: &str = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin";
/// The service-linked role of each account that is deployed to.
pub(crate) const MEMBER_ROLE: &str = "AWSServiceRoleForCloudFormationStackSetsOrgMember";
/// Sets in one account and region.
const SETS_MAX: usize = 1_000;
const DEPENDENCIES_MAX: usize = 10;

const NOT_ADMINISTRATOR: &str =
    "You must be the master or delegated admin account of an organization before operating a SERVICE_MANAGED stack set";
const NOT_TRUSTED: &str = "You must enable organizations access to operate a service managed stack set";

/// Returns the account whose sets a caller means: its own, or the management account's for a delegated administrator.
pub(crate) fn owner(world: &World, call: &Call, call_as: Option<api::CallAs>) -> Result<AccountId, Error> {
    if call_as != Some(api::CallAs::DelegatedAdmin) {
        return Ok(call.account().clone());
    }
    let organization = world.organization.as_ref().ok_or_else(|| invalid(NOT_ADMINISTRATOR))?;
    if !organization.is_delegated(call.account(), MEMBER_SERVICE) {
        return Err(invalid(format!("Account used is not a delegated administrator: {}", call.account())));
    }
    Ok(organization.management.clone())
}

/// Returns a set that is not deleted, or one that is deleted when it is named by its id.
pub(crate) fn find<'a>(
    world: &'a World,
    call: &Call,
    given: &str,
    call_as: Option<api::CallAs>,
) -> Result<&'a StackSet, Error> {
    let account = owner(world, call, call_as)?;
    let found = world.cloudformation.find_set(&account, &call.region, given);
    let set = found.ok_or_else(|| api::StackSetNotFoundException::error(format!("StackSet {given} not found")))?;
    if call_as == Some(api::CallAs::DelegatedAdmin) && set.model == PermissionModel::SelfManaged {
        return Err(api::StackSetNotFoundException::error(format!("StackSet {given} not found")));
    }
    Ok(set)
}

/// Returns a set that is not deleted, to begin something with it.
pub(crate) fn find_active<'a>(
    world: &'a World,
    call: &Call,
    given: &str,
    call_as: Option<api::CallAs>,
) -> Result<&'a StackSet, Error> {
    let set = find(world, call, given, call_as)?;
    if set.deleted {
        return Err(api::StackSetNotFoundException::error(format!("StackSet {given} not found")));
    }
    if set.model == PermissionModel::ServiceManaged {
        check_trusted(world, call, call_as)?;
    }
    Ok(set)
}

/// Checks what a service-managed set needs of the organization and of the caller.
fn check_trusted(world: &World, call: &Call, call_as: Option<api::CallAs>) -> Result<(), Error> {
    let organization = world.organization.as_ref().ok_or_else(|| invalid(NOT_ADMINISTRATOR))?;
    if call_as != Some(api::CallAs::DelegatedAdmin) && *call.account() != organization.management {
        return Err(invalid(NOT_ADMINISTRATOR));
    }
    if organization.billing_only || !world.cloudformation.trusted {
        return Err(invalid(NOT_TRUSTED));
    }
    Ok(())
}

/// `CreateStackSet`.
pub(crate) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateStackSetInput,
) -> Result<api::CreateStackSetOutput, Error> {
    check_name(&input.stack_set_name)?;
    let account = owner(world, call, input.call_as)?;
    let digest = request_digest(&input);
    let model = match input.permission_model {
        Some(api::PermissionModels::ServiceManaged) => PermissionModel::ServiceManaged,
        Some(api::PermissionModels::SelfManaged) | None => PermissionModel::SelfManaged,
    };
    if let Some(set) = world.cloudformation.find_set(&account, &call.region, &input.stack_set_name) {
        let same_token =
            set.token.as_ref().is_some_and(|(token, _)| Some(token) == input.client_request_token.as_ref());
        return match &set.token {
            Some((_, before)) if same_token && *before == digest => {
                Ok(api::CreateStackSetOutput { stack_set_id: Some(set.id.to_string()) })
            }
            Some(_) if same_token => {
                Err(api::CreatedButModifiedException::error("The specified resource exists, but has been changed."))
            }
            Some(_) | None => Err(api::NameAlreadyExistsException::error("The specified name is already in use.")),
        };
    }
    check_model(world, call, model, &input)?;
    if world.cloudformation.sets_in(&account, &call.region).filter(|set| !set.deleted).count() >= SETS_MAX {
        return Err(api::LimitExceededException::error(format!("Limit for the number of stack sets is {SETS_MAX}")));
    }
    if input.stack_id.is_some() {
        return Err(invalid("StackId of CreateStackSet is unsupported by the twin"));
    }
    let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
    let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let given = pairs(input.parameters.as_deref().unwrap_or_default(), &BTreeMap::new())?;
    let definition = SetDefinition {
        template: world.cloudformation.keep(&text),
        parameters: given,
        declared: BTreeMap::new(),
        capabilities: capabilities(input.capabilities.as_deref()),
        tags: tags(input.tags.as_deref().unwrap_or_default())?,
        description: input.description,
        administration_role: input.administration_role_arn,
        execution_role: input.execution_role_name,
    };
    let definition = checked(world, model, definition)?;
    let auto = auto_deployment(world, call, &account, model, input.auto_deployment.as_ref())?;
    let uuid = world.ids.draw("stack-set", &[account.as_str(), call.region.as_str(), &input.stack_set_name]).uuid();
    let id: Arc<str> = format!("{}:{uuid}", input.stack_set_name).into();
    let arn: Arc<str> = format!("{}{id}", set_prefix(&account, &call.region)).into();
    let set = StackSet {
        arn: arn.clone(),
        id: id.clone(),
        name: input.stack_set_name.into(),
        account,
        region: call.region.clone(),
        deleted: false,
        model,
        definition,
        auto,
        managed_execution: input.managed_execution.and_then(|managed| managed.active).unwrap_or(false),
        token: input.client_request_token.map(|token| (token, digest)),
        covered: BTreeMap::new(),
        instances: BTreeMap::new(),
        operations: Vec::new(),
    };
    world.cloudformation.sets.insert(arn, set);
    Ok(api::CreateStackSetOutput { stack_set_id: Some(id.to_string()) })
}

fn check_model(
    world: &World,
    call: &Call,
    model: PermissionModel,
    input: &api::CreateStackSetInput,
) -> Result<(), Error> {
    if model == PermissionModel::ServiceManaged {
        if input.administration_role_arn.is_some() || input.execution_role_name.is_some() {
            let message =
                "AdministrationRoleARN and ExecutionRoleName cannot be specified for SERVICE_MANAGED permission model";
            return Err(invalid(message));
        }
        return check_trusted(world, call, input.call_as);
    }
    if input.auto_deployment.is_some() {
        return Err(invalid("AutoDeployment is not supported in SELF_MANAGED permission model"));
    }
    if input.call_as == Some(api::CallAs::DelegatedAdmin) {
        return Err(invalid("CallAs DELEGATED_ADMIN is not supported in SELF_MANAGED permission model"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Error> {
    let good = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if good {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

/// Reads parameters of a stack set call.
fn pairs(given: &[api::Parameter], previous: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    super::stacks::values(given, previous)
}

/// Checks a definition against its template and notes the parameters that the template declares.
fn checked(world: &mut World, model: PermissionModel, mut definition: SetDefinition) -> Result<SetDefinition, Error> {
    let text = world.cloudformation.text(&definition.template);
    let template = world.cloudformation.blueprints.read(definition.template, &text).map_err(invalid)?;
    if model == PermissionModel::ServiceManaged {
        if !template.transforms().is_empty() || template.has_open_transforms() {
            return Err(invalid("Transform is not supported in SERVICE_MANAGED permission model"));
        }
        let types = blueprint::types(&template);
        for (kind, short) in
            [("AWS::CloudFormation::Stack", "Nested stack"), ("AWS::CloudFormation::StackSet", "StackSet")]
        {
            if types.contains(kind) {
                return Err(invalid(format!("{short} resource is not supported in SERVICE_MANAGED permission model")));
            }
        }
    }
    if let Some(name) =
        template.transforms().into_iter().find(|name| *name != SERVERLESS && name.starts_with("AWS::Serverless"))
    {
        return Err(invalid(format!("No transform named {name} found.")));
    }
    let declared = template.parameters();
    let surplus: Vec<&str> =
        definition.parameters.keys().filter(|key| !declared.contains_key(*key)).map(String::as_str).collect();
    if !surplus.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", surplus.join(", "))));
    }
    let missing: Vec<&str> = declared
        .iter()
        .filter(|(key, parameter)| parameter.default.is_none() && !definition.parameters.contains_key(*key))
        .map(|(key, _)| key.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))));
    }
    for (key, value) in &definition.parameters {
        if let Some(parameter) = declared.get(key) {
            parameter.check(key, value).map_err(invalid)?;
        }
    }
    let missing = blueprint::missing_capabilities(&template, None, &definition.capabilities);
    if !missing.is_empty() {
        return Err(insufficient(&missing));
    }
    definition.declared = declared.iter().map(|(key, parameter)| (key.clone(), parameter.default.clone())).collect();
    Ok(definition)
}

fn auto_deployment(
    world: &World,
    call: &Call,
    account: &AccountId,
    model: PermissionModel,
    given: Option<&api::AutoDeployment>,
) -> Result<Option<AutoDeployment>, Error> {
    if model == PermissionModel::SelfManaged {
        return Ok(None);
    }
    // The model calls it required, AWS's own examples leave it out: absent means off.
    let Some(given) = given else { return Ok(Some(AutoDeployment::default())) };
    let enabled = given.enabled.unwrap_or(false);
    if !enabled && given.retain_stacks_on_account_removal == Some(true) {
        return Err(invalid("RetainStacksOnAccountRemoval can be specified only when AutoDeployment is enabled"));
    }
    let depends_on = given.depends_on.clone().unwrap_or_default();
    if depends_on.len() > DEPENDENCIES_MAX {
        return Err(invalid(format!("A stack set can depend on at most {DEPENDENCIES_MAX} stack sets")));
    }
    for arn in &depends_on {
        let found = world.cloudformation.find_set(account, &call.region, arn);
        if found.is_none_or(|set| set.deleted || set.model == PermissionModel::SelfManaged) {
            return Err(api::StackSetNotFoundException::error(format!("StackSet {arn} not found")));
        }
    }
    Ok(Some(AutoDeployment { enabled, retain: given.retain_stacks_on_account_removal.unwrap_or(false), depends_on }))
}

/// Refuses sets that would wait for each other. AWS does not say what it does; a cycle could never be deployed.
fn check_cycle(world: &World, arn: &str, depends_on: &[String]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<&str> = depends_on.iter().map(String::as_str).collect();
    while let Some(next) = left.pop() {
        if next == arn {
            return Err(invalid("The DependsOn of stack sets must not form a cycle"));
        }
        if seen.insert(next) {
            let auto = world.cloudformation.sets.get(next).and_then(|set| set.auto.as_ref());
            left.extend(auto.into_iter().flat_map(|auto| &auto.depends_on).map(String::as_str));
        }
    }
    Ok(())
}

/// `UpdateStackSet`.
pub(crate) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdateStackSetInput,
) -> Result<api::UpdateStackSetOutput, Error> {
    let set = find_active(world, call, &input.stack_set_name, input.call_as)?;
    let (arn, account, present) = (set.arn.clone(), set.account.clone(), set.definition.clone());
    let (old_model, empty) = (set.model, set.instances.is_empty());
    let request = request_digest(&(
        &input.stack_set_name,
        &input.template_body,
        &input.template_url,
        &input.parameters,
        &input.tags,
        &input.capabilities,
        (
            &input.accounts,
            &input.regions,
            &input.deployment_targets,
            &input.operation_preferences,
            &input.auto_deployment,
        ),
    ));
    if let Some(id) = instances::repeated(set, input.operation_id.as_deref(), &request)? {
        return Ok(api::UpdateStackSetOutput { operation_id: Some(id) });
    }
    instances::check_free(set)?;
    instances::check_accounts(set, input.accounts.as_deref())?;
    let model = match input.permission_model {
        Some(api::PermissionModels::ServiceManaged) => PermissionModel::ServiceManaged,
        Some(api::PermissionModels::SelfManaged) => PermissionModel::SelfManaged,
        None => old_model,
    };
    if model != old_model && !empty {
        return Err(invalid("PermissionModel cannot be changed while the stack set has stack instances"));
    }
    let targeted = input.accounts.is_some() || input.deployment_targets.is_some() || input.regions.is_some();
    if input.auto_deployment.is_some() && targeted {
        return Err(invalid("DeploymentTargets and Regions cannot be specified together with AutoDeployment"));
    }
    let custom = present.administration_role.is_some() && model == PermissionModel::SelfManaged;
    if custom && input.administration_role_arn.is_none() {
        return Err(invalid(
            "AdministrationRoleARN must be specified: the stack set has a customized administration role",
        ));
    }
    let places = update_places(world, call, &arn, &input)?;
    let previous = input.use_previous_template.unwrap_or(false);
    let text = source::template(world, call, input.template_body, input.template_url.as_ref())?;
    let outdates = text.is_some() || input.parameters.is_some();
    let template = match text {
        Some(_) if previous => {
            return Err(invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL."));
        }
        Some(text) => world.cloudformation.keep(&text),
        None if previous => present.template,
        None => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let parameters = match input.parameters.as_deref() {
        Some(given) => pairs(given, &present.parameters)?,
        None => known_only(world, &template, &present.parameters),
    };
    let definition = SetDefinition {
        template,
        parameters,
        declared: BTreeMap::new(),
        capabilities: capabilities(input.capabilities.as_deref()),
        tags: match input.tags.as_deref() {
            Some(given) => tags(given)?,
            None => present.tags,
        },
        description: input.description.or(present.description),
        administration_role: input.administration_role_arn,
        execution_role: input.execution_role_name.or(present.execution_role),
    };
    let definition = checked(world, model, definition)?;
    let auto = match &input.auto_deployment {
        Some(given) => {
            let auto = auto_deployment(world, call, &account, model, Some(given))?;
            check_cycle(world, &arn, auto.as_ref().map(|auto| auto.depends_on.as_slice()).unwrap_or_default())?;
            Some(auto)
        }
        None => None,
    };
    let managed = input.managed_execution.as_ref().and_then(|managed| managed.active);
    let preferences = instances::preferences(input.operation_preferences.as_ref(), &places)?;
    let Some(set) = world.cloudformation.sets.get_mut(&arn) else {
        return Err(api::StackSetNotFoundException::error("The stack set is gone"));
    };
    if managed.is_some_and(|managed| managed != set.managed_execution)
        && set.operations.iter().any(super::stack_set::Operation::is_active)
    {
        return Err(invalid("ManagedExecution cannot be changed while operations are running or queued"));
    }
    set.definition = definition;
    set.model = model;
    if let Some(auto) = auto {
        set.auto = auto;
    }
    set.managed_execution = managed.unwrap_or(set.managed_execution);
    if outdates {
        set.outdate();
    }
    let work = Work {
        action: Action::Update,
        places,
        preferences,
        targets: instances::targets(input.accounts.as_deref(), input.deployment_targets.as_ref())?,
        operation_id: input.operation_id,
        retain: None,
        changes_set: true,
        overrides: None,
        request,
        automatic: false,
    };
    let id = instances::begin(world, &arn, work);
    Ok(api::UpdateStackSetOutput { operation_id: Some(id) })
}

/// Keeps those values whose parameters a template declares.
fn known_only(world: &mut World, template: &Digest, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let text = world.cloudformation.text(template);
    let Ok(read) = world.cloudformation.blueprints.read(*template, &text) else { return values.clone() };
    values
        .iter()
        .filter(|(key, _)| read.parameters().contains_key(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Returns the instances that an update is about: all, or those of a product of accounts and regions that all exist.
fn update_places(
    world: &mut World,
    call: &Call,
    arn: &str,
    input: &api::UpdateStackSetInput,
) -> Result<Vec<(Place, Option<String>)>, Error> {
    let targeted = input.accounts.is_some() || input.deployment_targets.is_some();
    if targeted != input.regions.is_some() {
        return Err(invalid("Accounts or DeploymentTargets must be specified together with Regions"));
    }
    let Some(regions) = &input.regions else {
        let instances = world.cloudformation.sets.get(arn).map(|set| set.instances.clone()).unwrap_or_default();
        let unit = |unit: &Option<Arc<str>>| unit.as_deref().map(str::to_owned);
        return Ok(instances.iter().map(|(place, instance)| (place.clone(), unit(&instance.unit))).collect());
    };
    let mut targets = instances::targets(input.accounts.as_deref(), input.deployment_targets.as_ref())?;
    instances::listed(world, call, input.deployment_targets.as_ref(), &mut targets)?;
    let regions = instances::regions(regions)?;
    let places = instances::places(world, call, arn, &targets, &regions, false)?;
    instances::check_present(world, arn, &places)?;
    Ok(places)
}

/// `DeleteStackSet`. A set that is not there is no error.
pub(crate) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteStackSetInput,
) -> Result<api::DeleteStackSetOutput, Error> {
    let account = owner(world, call, input.call_as)?;
    let found = world.cloudformation.find_set(&account, &call.region, &input.stack_set_name);
    let Some(set) = found.filter(|set| !set.deleted) else { return Ok(api::DeleteStackSetOutput::default()) };
    if set.model == PermissionModel::ServiceManaged {
        check_trusted(world, call, input.call_as)?;
    }
    if let Some(active) = set.operations.iter().find(|operation| operation.is_active()) {
        return Err(instances::in_progress(&set.arn, &active.id));
    }
    if !set.instances.is_empty() {
        return Err(api::StackSetNotEmptyException::error("StackSet is not empty"));
    }
    let arn = set.arn.clone();
    if let Some(set) = world.cloudformation.sets.get_mut(&arn) {
        set.deleted = true;
        set.covered.clear();
    }
    for set in world.cloudformation.sets.values_mut() {
        if let Some(auto) = set.auto.as_mut() {
            auto.depends_on.retain(|other| **other != *arn);
        }
    }
    Ok(api::DeleteStackSetOutput::default())
}

/// `ActivateOrganizationsAccess`.
pub(crate) fn activate(
    world: &mut World,
    call: &Call,
    _: api::ActivateOrganizationsAccessInput,
) -> Result<api::ActivateOrganizationsAccessOutput, Error> {
    let management = management(world, call)?;
    let now = world.now;
    if let Some(organization) = world.organization.as_mut() {
        organization.trusted.entry(MEMBER_SERVICE.to_owned()).or_insert(now);
    }
    world.create_service_linked_role(&management, ADMIN_SERVICE, ADMIN_ROLE);
    world.cloudformation.trusted = true;
    Ok(api::ActivateOrganizationsAccessOutput::default())
}

/// `DeactivateOrganizationsAccess`.
pub(crate) fn deactivate(
    world: &mut World,
    call: &Call,
    _: api::DeactivateOrganizationsAccessInput,
) -> Result<api::DeactivateOrganizationsAccessOutput, Error> {
    management(world, call)?;
    if let Some(organization) = world.organization.as_mut() {
        if organization.delegated.get(MEMBER_SERVICE).is_some_and(|registered| !registered.is_empty()) {
            let message = "You must deregister all delegated administrators before you deactivate organizations access";
            return Err(api::InvalidOperationException::error(message));
        }
        organization.trusted.remove(MEMBER_SERVICE);
    }
    world.cloudformation.trusted = false;
    for set in world.cloudformation.sets.values_mut() {
        if let Some(auto) = set.auto.as_mut() {
            auto.depends_on.clear();
        }
    }
    Ok(api::DeactivateOrganizationsAccessOutput::default())
}

fn management(world: &World, call: &Call) -> Result<AccountId, Error> {
    let refused = |message: &str| api::InvalidOperationException::error(message.to_owned());
    let organization =
        world.organization.as_ref().ok_or_else(|| refused("Your account is not a member of an organization"))?;
    if organization.billing_only {
        return Err(refused("Your organization must have all features enabled"));
    }
    if *call.account() != organization.management {
        return Err(refused("You must be the management account of an organization to change organizations access"));
    }
    Ok(organization.management.clone())
}

/// `DescribeOrganizationsAccess`.
pub(crate) fn access(
    world: &mut World,
    call: &Call,
    input: api::DescribeOrganizationsAccessInput,
) -> Result<api::DescribeOrganizationsAccessOutput, Error> {
    owner(world, call, input.call_as)?;
    let status =
        if world.cloudformation.trusted { api::OrganizationStatus::Enabled } else { api::OrganizationStatus::Disabled };
    Ok(api::DescribeOrganizationsAccessOutput { status: Some(status) })
}

/// Returns the ARN that permissions on a set are about, whether it exists or not.
pub(crate) fn set_arn(world: &World, call: &Call, given: &str, call_as: Option<api::CallAs>) -> String {
    let account = owner(world, call, call_as).unwrap_or_else(|_| call.account().clone());
    match world.cloudformation.find_set(&account, &call.region, given) {
        Some(set) => set.arn.to_string(),
        None => format!("{}{given}:*", set_prefix(&account, &call.region)),
    }
}

/// A region of a request.
pub(crate) fn region(given: &str) -> Result<Region, Error> {
    given.parse().map_err(|_| invalid(format!("Region {given} is not supported")))
}
