//! Trusted access of services, and delegated administrators.

use stackfleet_api::{Error, organizations as api};

use super::{MemberState, refusal, tree::list as page};
use crate::{call::Call, time::date_time, world::World};

/// Service principals that may have trusted access, by their names in `EnableAWSServiceAccess`.
/// Source: "AWS services that you can use with AWS Organizations"; those that a rollout may meet.
const PRINCIPALS: [&str; 24] = [
    "access-analyzer.amazonaws.com",
    "account.amazonaws.com",
    "auditmanager.amazonaws.com",
    "backup.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "compute-optimizer.amazonaws.com",
    "config-multiaccountsetup.amazonaws.com",
    "config.amazonaws.com",
    "controltower.amazonaws.com",
    "detective.amazonaws.com",
    "fms.amazonaws.com",
    "guardduty.amazonaws.com",
    "health.amazonaws.com",
    "iam.amazonaws.com",
    "inspector2.amazonaws.com",
    "macie.amazonaws.com",
    "member.org.stacksets.cloudformation.amazonaws.com",
    "ram.amazonaws.com",
    "securityhub.amazonaws.com",
    "servicecatalog.amazonaws.com",
    "ssm.amazonaws.com",
    "sso.amazonaws.com",
    "storage-lens.s3.amazonaws.com",
    "tagpolicies.tag.amazonaws.com",
];

fn check_principal(principal: &str) -> Result<(), Error> {
    if PRINCIPALS.contains(&principal) {
        return Ok(());
    }
    let message = "You specified an unrecognized service principal.";
    Err(refusal::invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL", message))
}

pub(super) fn enable(
    world: &mut World,
    call: &Call,
    input: api::EnableAWSServiceAccessInput,
) -> Result<api::EnableAWSServiceAccessOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    check_principal(&input.service_principal)?;
    if organization.billing_only {
        let message = "This operation requires an organization with all features enabled.";
        return Err(refusal::constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", message));
    }
    organization.trusted.entry(input.service_principal).or_insert(now);
    Ok(api::EnableAWSServiceAccessOutput::default())
}

pub(super) fn disable(
    world: &mut World,
    call: &Call,
    input: api::DisableAWSServiceAccessInput,
) -> Result<api::DisableAWSServiceAccessOutput, Error> {
    let organization = world.organization_write(call)?;
    check_principal(&input.service_principal)?;
    if organization.delegated.get(&input.service_principal).is_some_and(|accounts| !accounts.is_empty()) {
        let message = "You must deregister all delegated administrators for this service before you disable it.";
        return Err(refusal::constraint("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE", message));
    }
    organization.trusted.remove(&input.service_principal);
    Ok(api::DisableAWSServiceAccessOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListAWSServiceAccessForOrganizationInput,
) -> Result<api::ListAWSServiceAccessForOrganizationOutput, Error> {
    let organization = world.organization_read(call)?;
    let all = organization.trusted.iter().map(|(principal, since)| {
        let shown = api::EnabledServicePrincipal {
            service_principal: Some(principal.clone()),
            date_enabled: Some(date_time(*since)),
        };
        (principal.clone(), shown)
    });
    let (page, next_token) = page("trusted", all, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListAWSServiceAccessForOrganizationOutput { enabled_service_principals: Some(page), next_token })
}

pub(super) fn register(
    world: &mut World,
    call: &Call,
    input: api::RegisterDelegatedAdministratorInput,
) -> Result<api::RegisterDelegatedAdministratorOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    check_principal(&input.service_principal)?;
    let (account, member) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    let account = account.clone();
    if account == organization.management {
        let message = "You can't register the management account as a delegated administrator.";
        return Err(refusal::constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", message));
    }
    if member.state != MemberState::Active {
        let message = "You can't register a suspended account as a delegated administrator.";
        return Err(refusal::constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", message));
    }
    if !organization.trusts(&input.service_principal) {
        let message = "You must enable service access before you register a delegated administrator.";
        return Err(refusal::constraint("SERVICE_ACCESS_NOT_ENABLED", message));
    }
    let registered = organization.delegated.entry(input.service_principal.clone()).or_default();
    if registered.contains_key(&account) {
        let message = "The specified account is already a delegated administrator for this AWS service.";
        return Err(api::AccountAlreadyRegisteredException::error(message));
    }
    // Each service sets its own number; StackSets allows five.
    if input.service_principal.contains("stacksets") && registered.len() >= 5 {
        let message = "You have exceeded the number of delegated administrators for this service.";
        return Err(refusal::constraint("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED", message));
    }
    registered.insert(account, now);
    Ok(api::RegisterDelegatedAdministratorOutput::default())
}

pub(super) fn deregister(
    world: &mut World,
    call: &Call,
    input: api::DeregisterDelegatedAdministratorInput,
) -> Result<api::DeregisterDelegatedAdministratorOutput, Error> {
    let organization = world.organization_write(call)?;
    check_principal(&input.service_principal)?;
    let (account, _) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    let account = account.clone();
    let registered = organization.delegated.entry(input.service_principal).or_default();
    if registered.remove(&account).is_none() {
        let message = "The specified account is not a delegated administrator for this AWS service.";
        return Err(api::AccountNotRegisteredException::error(message));
    }
    Ok(api::DeregisterDelegatedAdministratorOutput::default())
}

pub(super) fn list_administrators(
    world: &mut World,
    call: &Call,
    input: api::ListDelegatedAdministratorsInput,
) -> Result<api::ListDelegatedAdministratorsOutput, Error> {
    let organization = world.organization_read(call)?;
    let wanted = input.service_principal.as_deref();
    let mut since = std::collections::BTreeMap::new();
    for (principal, accounts) in &organization.delegated {
        if wanted.is_none_or(|wanted| wanted == principal) {
            for (account, enabled) in accounts {
                let first = since.entry(account).or_insert(*enabled);
                *first = (*first).min(*enabled);
            }
        }
    }
    let all = since.into_iter().filter_map(|(account, enabled)| {
        let member = organization.accounts.get(account)?;
        let shown = super::accounts::shown(organization, account, member);
        let shown = api::DelegatedAdministrator {
            id: shown.id,
            arn: shown.arn,
            email: shown.email,
            name: shown.name,
            status: api::AccountStatus::parse(member.state.as_str()),
            state: shown.state,
            joined_method: shown.joined_method,
            joined_timestamp: shown.joined_timestamp,
            delegation_enabled_date: Some(date_time(enabled)),
        };
        Some((account.to_string(), shown))
    });
    let (page, next_token) = page("administrators", all, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListDelegatedAdministratorsOutput { delegated_administrators: Some(page), next_token })
}
