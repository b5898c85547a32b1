//! What the management account does for the root users of members: the features that IAM is told of, and the policies
//! that hold a session of `AssumeRoot` to its task.
//!
//! Source: "Centralize root access for member accounts" and "AWS managed policies for IAM" in the IAM User Guide.

use std::sync::{Arc, LazyLock};

use stackfleet_api::{Error, iam as api};
use stackfleet_policy::{Policy, PolicySet};

use crate::{call::Call, document::Document, organizations::Organization, world::World};

/// The principal with which Organizations lets IAM in.
pub(crate) const PRINCIPAL: &str = "iam.amazonaws.com";
const CREDENTIALS: &str = "RootCredentialsManagement";
const SESSIONS: &str = "RootSessions";
const PREFIX: &str = "arn:aws:iam::aws:policy/root-task/";

/// A task: the name of its policy, the feature that it takes, and the policy's statements.
struct Task {
    name: &'static str,
    feature: &'static str,
    statements: &'static str,
}

/// Tasks whose policies AWS documents. That of `SQSUnlockQueuePolicy` is described only, and the twin has no queues.
const TASKS: [Task; 4] = [
    Task {
        name: "IAMAuditRootUserCredentials",
        feature: CREDENTIALS,
        statements: r#"{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetAccountSummary","iam:GetUser","iam:GetAccessKeyLastUsed"],"Resource":"*"},{"Sid":"DenyAuditingCredentialsOnNonRootUserResource","Effect":"Deny","Action":["iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"NotResource":"arn:aws:iam::*:root"}"#,
    },
    Task {
        name: "IAMCreateRootUserPassword",
        feature: CREDENTIALS,
        statements: r#"{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:CreateLoginProfile","iam:GetLoginProfile"],"Resource":"*"},{"Sid":"DenyCreatingPasswordOnNonRootUserResource","Effect":"Deny","Action":["iam:CreateLoginProfile","iam:GetLoginProfile"],"NotResource":"arn:aws:iam::*:root"}"#,
    },
    Task {
        name: "IAMDeleteRootUserCredentials",
        feature: CREDENTIALS,
        statements: r#"{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:DeleteAccessKey","iam:DeleteSigningCertificate","iam:DeleteLoginProfile","iam:DeactivateMFADevice","iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"Resource":"*"},{"Sid":"DenyDeletingRootUserCredentialsOnNonRootUserResource","Effect":"Deny","Action":["iam:DeleteAccessKey","iam:DeleteSigningCertificate","iam:DeleteLoginProfile","iam:DeactivateMFADevice","iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"NotResource":"arn:aws:iam::*:root"}"#,
    },
    Task {
        name: "S3UnlockBucketPolicy",
        feature: SESSIONS,
        statements: r#"{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["s3:DeleteBucketPolicy","s3:PutBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets"],"Resource":"*"},{"Sid":"DenyManagingBucketPolicyForNonRootCallers","Effect":"Deny","Action":["s3:DeleteBucketPolicy","s3:PutBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}"#,
    },
];

/// The policies in the order of [`TASKS`].
static POLICIES: LazyLock<Vec<Option<Arc<Policy>>>> =
    LazyLock::new(|| TASKS.iter().map(|task| read(task.statements)).collect());

/// What a session may do that no policy of its task denies: these policies consist of denials, and root may the rest.
static ANYTHING: LazyLock<Option<Arc<Policy>>> =
    LazyLock::new(|| read(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#));

fn read(statements: &str) -> Option<Arc<Policy>> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::session(&text).ok().map(|document| document.policy())
}

/// Returns the feature that a task takes, given by the ARN of its policy; none where there is no such task.
pub(crate) fn feature(task: &str) -> Option<&'static str> {
    let name = task.strip_prefix(PREFIX)?;
    TASKS.iter().find(|known| known.name == name).map(|known| known.feature)
}

/// Returns what limits a session that is for a task.
pub(crate) fn limits(task: &str) -> PolicySet {
    let named = TASKS.iter().position(|known| task.strip_prefix(PREFIX) == Some(known.name));
    let policy = named.and_then(|index| POLICIES.get(index)?.clone());
    // A task that is none leaves nothing allowed.
    let rest = policy.is_some().then(|| ANYTHING.clone()).flatten();
    PolicySet::new(policy.into_iter().chain(rest).collect())
}

/// Returns the organization to those who may settle what is done for root users: the management account and delegated
/// administrators of IAM.
fn organization<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Organization, Error> {
    let missing = || api::OrganizationNotFoundException::error("The organization does not exist.");
    let organization = world.organization.as_mut().ok_or_else(missing)?;
    if !organization.accounts.contains_key(call.account()) {
        return Err(missing());
    }
    if organization.billing_only {
        let message = "The organization does not have all features enabled.";
        return Err(api::OrganizationNotInAllFeaturesModeException::error(message));
    }
    if !organization.administers(call.account(), PRINCIPAL) {
        let message = "The account is neither the management account nor a delegated administrator for IAM.";
        return Err(api::AccountNotManagementOrDelegatedAdministratorException::error(message));
    }
    if !organization.trusts(PRINCIPAL) {
        let message = "Trusted access for IAM is not enabled in the organization.";
        return Err(api::ServiceAccessNotEnabledException::error(message));
    }
    Ok(organization)
}

type Features = (Option<String>, Option<Vec<api::FeatureType>>);

fn shown(organization: &Organization) -> Features {
    let features = organization.root_features.iter().filter_map(|name| api::FeatureType::parse(name));
    (Some(organization.id.clone()), Some(features.collect()))
}

fn enable(world: &mut World, call: &Call, feature: &str) -> Result<Features, Error> {
    let organization = organization(world, call)?;
    if *call.account() != organization.management {
        let message = "Only the management account can enable this feature.";
        return Err(api::CallerIsNotManagementAccountException::error(message));
    }
    organization.root_features.insert(feature.to_owned());
    Ok(shown(organization))
}

fn disable(world: &mut World, call: &Call, feature: &str) -> Result<Features, Error> {
    let organization = organization(world, call)?;
    organization.root_features.remove(feature);
    Ok(shown(organization))
}

pub(super) fn enable_credentials(
    world: &mut World,
    call: &Call,
    _: api::EnableOrganizationsRootCredentialsManagementInput,
) -> Result<api::EnableOrganizationsRootCredentialsManagementOutput, Error> {
    let (organization_id, enabled_features) = enable(world, call, CREDENTIALS)?;
    Ok(api::EnableOrganizationsRootCredentialsManagementOutput { organization_id, enabled_features })
}

pub(super) fn disable_credentials(
    world: &mut World,
    call: &Call,
    _: api::DisableOrganizationsRootCredentialsManagementInput,
) -> Result<api::DisableOrganizationsRootCredentialsManagementOutput, Error> {
    let (organization_id, enabled_features) = disable(world, call, CREDENTIALS)?;
    Ok(api::DisableOrganizationsRootCredentialsManagementOutput { organization_id, enabled_features })
}

pub(super) fn enable_sessions(
    world: &mut World,
    call: &Call,
    _: api::EnableOrganizationsRootSessionsInput,
) -> Result<api::EnableOrganizationsRootSessionsOutput, Error> {
    let (organization_id, enabled_features) = enable(world, call, SESSIONS)?;
    Ok(api::EnableOrganizationsRootSessionsOutput { organization_id, enabled_features })
}

pub(super) fn disable_sessions(
    world: &mut World,
    call: &Call,
    _: api::DisableOrganizationsRootSessionsInput,
) -> Result<api::DisableOrganizationsRootSessionsOutput, Error> {
    let (organization_id, enabled_features) = disable(world, call, SESSIONS)?;
    Ok(api::DisableOrganizationsRootSessionsOutput { organization_id, enabled_features })
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    _: api::ListOrganizationsFeaturesInput,
) -> Result<api::ListOrganizationsFeaturesOutput, Error> {
    let (organization_id, enabled_features) = shown(organization(world, call)?);
    Ok(api::ListOrganizationsFeaturesOutput { organization_id, enabled_features })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_of_all_tasks_are_read() {
        assert!(ANYTHING.is_some() && POLICIES.iter().all(Option::is_some));
        assert_eq!(feature("arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"), Some(SESSIONS));
        assert_eq!(feature("arn:aws:iam::aws:policy/S3UnlockBucketPolicy"), None);
        assert!(limits("arn:aws:iam::aws:policy/AdministratorAccess").policies().is_empty());
    }
}
