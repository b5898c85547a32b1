//! Managed policies and their versions.

use std::collections::BTreeMap;

use stackfleet_api::{Error, iam as api};

use super::{Iam, Managed, ManagedVersion, check, managed, page, refusal, role, shown_tags};
use crate::{call::Call, time::date_time, world::World};

/// Returns path and name of a managed policy's ARN.
pub(super) fn path_and_name(arn: &str) -> Option<(&str, &str)> {
    let (_, rest) = arn.split_once(":policy")?;
    let cut = rest.rfind('/')? + 1;
    Some((rest.get(..cut)?, rest.get(cut..)?))
}

/// Refuses to attach what does not exist.
pub(super) fn check_attachable(iam: &Iam, arn: &str) -> Result<(), Error> {
    if !arn.starts_with("arn:aws:iam::") {
        return Err(api::InvalidInputException::error(format!("ARN {arn} is not valid.")));
    }
    if iam.managed_document(arn).is_none() {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        return Err(api::NoSuchEntityException::error(message));
    }
    Ok(())
}

fn check_document(text: &str) -> Result<crate::document::Document, Error> {
    if check::document_size(text) > check::MANAGED_MAX {
        return Err(refusal::limit("PolicySize", check::MANAGED_MAX));
    }
    check::identity_document(text)
}

/// Returns a policy that the account may change.
fn own<'a>(world: &'a mut World, call: &Call, arn: &str) -> Result<&'a mut Managed, Error> {
    if managed::document(arn).is_some() {
        let message = format!("Policy {arn} is an AWS managed policy and cannot be changed.");
        return Err(stackfleet_api::common::access_denied(stackfleet_api::Service::Iam, message));
    }
    world.account_mut(call.account())?.iam.managed_mut(arn).ok_or_else(|| refusal::no_policy(arn))
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreatePolicyInput,
) -> Result<api::CreatePolicyOutput, Error> {
    let account = call.account().clone();
    let document = check_document(&input.policy_document)?;
    let path = check::path(input.path)?;
    let tags = check::merged_tags(&[], input.tags)?;
    let name = input.policy_name;
    let iam = &world.account(&account)?.iam;
    if iam.policies.contains_key(&name.to_lowercase()) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(api::EntityAlreadyExistsException::error(message));
    }
    if iam.policies.len() >= check::POLICIES_MAX {
        return Err(refusal::limit("PoliciesPerAccount", check::POLICIES_MAX));
    }
    let id = world.ids.draw("managed-policy", &[account.as_str(), &name]).upper(17);
    let now = world.now;
    let policy = Managed {
        arn: super::arn(&account, "policy", &path, &name),
        id: format!("ANPA{id}"),
        path,
        created: now,
        updated: now,
        description: input.description,
        versions: BTreeMap::from([(1, ManagedVersion { document, created: now })]),
        default_version: 1,
        versions_made: 1,
        tags,
        name,
    };
    let iam = &mut world.account_mut(&account)?.iam;
    let shown = shown(iam, &policy);
    iam.policies.insert(policy.name.to_lowercase(), policy);
    Ok(api::CreatePolicyOutput { policy: Some(shown) })
}

pub(super) fn shown(iam: &Iam, policy: &Managed) -> api::Policy {
    api::Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn.clone()),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: i32::try_from(iam.attachments(&policy.arn)).ok(),
        permissions_boundary_usage_count: Some(0),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(date_time(role::whole_seconds(policy.created))),
        update_date: Some(date_time(role::whole_seconds(policy.updated))),
        tags: shown_tags(&policy.tags),
    }
}

pub(super) fn shown_built_in(iam: &Iam, arn: &str) -> Option<api::Policy> {
    let (path, name) = path_and_name(arn)?;
    let entry = managed::entry(arn)?;
    Some(api::Policy {
        policy_name: Some(name.to_owned()),
        policy_id: Some(entry.id()),
        arn: Some(arn.to_owned()),
        path: Some(path.to_owned()),
        default_version_id: Some("v1".to_owned()),
        attachment_count: i32::try_from(iam.attachments(arn)).ok(),
        permissions_boundary_usage_count: Some(0),
        is_attachable: Some(true),
        description: None,
        create_date: Some(date_time(managed::CREATED)),
        update_date: Some(date_time(managed::CREATED)),
        tags: None,
    })
}

pub(super) fn get(world: &mut World, call: &Call, input: api::GetPolicyInput) -> Result<api::GetPolicyOutput, Error> {
    let iam = &world.account(call.account())?.iam;
    let policy = match iam.managed(&input.policy_arn) {
        Some(policy) => Some(shown(iam, policy)),
        None => shown_built_in(iam, &input.policy_arn),
    };
    let policy = policy.ok_or_else(|| refusal::no_policy(&input.policy_arn))?;
    Ok(api::GetPolicyOutput { policy: Some(policy) })
}

fn no_version(arn: &str, id: &str) -> Error {
    let message = format!("Policy {arn} version {id} does not exist or is not attachable.");
    api::NoSuchEntityException::error(message)
}

fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok()
}

pub(super) fn get_version(
    world: &mut World,
    call: &Call,
    input: api::GetPolicyVersionInput,
) -> Result<api::GetPolicyVersionOutput, Error> {
    let iam = &world.account(call.account())?.iam;
    let (arn, id) = (input.policy_arn, input.version_id);
    let version = match iam.managed(&arn) {
        Some(policy) => version_number(&id).and_then(|number| {
            let version = policy.versions.get(&number)?;
            Some(shown_version(policy, number, version, true))
        }),
        None => managed::document(&arn).filter(|_| id == "v1").map(|document| api::PolicyVersion {
            document: Some(check::encoded(document.text())),
            version_id: Some(id.clone()),
            is_default_version: Some(true),
            create_date: Some(date_time(managed::CREATED)),
        }),
    };
    let version = version.ok_or_else(|| no_version(&arn, &id))?;
    Ok(api::GetPolicyVersionOutput { policy_version: Some(version) })
}

pub(super) fn shown_version(
    policy: &Managed,
    number: u32,
    version: &ManagedVersion,
    whole: bool,
) -> api::PolicyVersion {
    api::PolicyVersion {
        document: whole.then(|| check::encoded(version.document.text())),
        version_id: Some(format!("v{number}")),
        is_default_version: Some(policy.default_version == number),
        create_date: Some(date_time(role::whole_seconds(version.created))),
    }
}

pub(super) fn list_versions(
    world: &mut World,
    call: &Call,
    input: api::ListPolicyVersionsInput,
) -> Result<api::ListPolicyVersionsOutput, Error> {
    let iam = &world.account(call.account())?.iam;
    let versions: Vec<_> = match iam.managed(&input.policy_arn) {
        Some(policy) => policy
            .versions
            .iter()
            .rev()
            .map(|(number, version)| {
                (format!("{:08}", u32::MAX - number), shown_version(policy, *number, version, false))
            })
            .collect(),
        None => {
            managed::document(&input.policy_arn).ok_or_else(|| refusal::no_policy(&input.policy_arn))?;
            let only = api::PolicyVersion {
                document: None,
                version_id: Some("v1".to_owned()),
                is_default_version: Some(true),
                create_date: Some(date_time(managed::CREATED)),
            };
            vec![(String::new(), only)]
        }
    };
    let page = page("policy-versions", versions.into_iter(), input.marker.as_deref(), input.max_items)?;
    Ok(api::ListPolicyVersionsOutput {
        versions: Some(page.items),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

pub(super) fn create_version(
    world: &mut World,
    call: &Call,
    input: api::CreatePolicyVersionInput,
) -> Result<api::CreatePolicyVersionOutput, Error> {
    let now = world.now;
    let document = check_document(&input.policy_document)?;
    let policy = own(world, call, &input.policy_arn)?;
    if policy.versions.len() >= check::VERSIONS_MAX {
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete \
                       an existing version.";
        return Err(api::LimitExceededException::error(message));
    }
    policy.versions_made += 1;
    let number = policy.versions_made;
    policy.versions.insert(number, ManagedVersion { document, created: now });
    policy.updated = now;
    if input.set_as_default.unwrap_or(false) {
        policy.default_version = number;
    }
    let shown = policy.versions.get(&number).map(|version| shown_version(policy, number, version, false));
    world.account_mut(call.account())?.iam.managed_changed(&input.policy_arn);
    Ok(api::CreatePolicyVersionOutput { policy_version: shown })
}

pub(super) fn delete_version(
    world: &mut World,
    call: &Call,
    input: api::DeletePolicyVersionInput,
) -> Result<api::DeletePolicyVersionOutput, Error> {
    let policy = own(world, call, &input.policy_arn)?;
    let number = version_number(&input.version_id).filter(|number| policy.versions.contains_key(number));
    let number = number.ok_or_else(|| no_version(&input.policy_arn, &input.version_id))?;
    if number == policy.default_version {
        let message = "Cannot delete the default version of a policy.";
        return Err(api::DeleteConflictException::error(message));
    }
    policy.versions.remove(&number);
    Ok(api::DeletePolicyVersionOutput::default())
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeletePolicyInput,
) -> Result<api::DeletePolicyOutput, Error> {
    let versions = own(world, call, &input.policy_arn)?.versions.len();
    let iam = &mut world.account_mut(call.account())?.iam;
    if iam.attachments(&input.policy_arn) > 0 {
        return Err(api::DeleteConflictException::error("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        let message = "This policy has more than one version. Before you delete a policy, you must delete the \
                       policy's versions. The default version is deleted with the policy.";
        return Err(api::DeleteConflictException::error(message));
    }
    let key = iam.managed(&input.policy_arn).map(|policy| policy.name.to_lowercase());
    iam.policies.retain(|name, _| Some(name) != key.as_ref());
    Ok(api::DeletePolicyOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListPoliciesInput,
) -> Result<api::ListPoliciesOutput, Error> {
    let iam = &world.account(call.account())?.iam;
    let scope = input.scope.map_or("All", |scope| scope.as_str());
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let mut found: Vec<api::Policy> = Vec::new();
    if scope != "AWS" {
        found.extend(iam.policies.values().map(|policy| shown(iam, policy)));
    }
    if scope != "Local" {
        found.extend(managed::arns().filter_map(|arn| shown_built_in(iam, &arn)));
    }
    let attached = input.only_attached.unwrap_or(false);
    found.retain(|policy| {
        let path = policy.path.as_deref().is_some_and(|path| path.starts_with(prefix));
        path && (!attached || policy.attachment_count.is_some_and(|count| count > 0))
    });
    found.sort_by(|a, b| a.arn.cmp(&b.arn));
    // Lists leave out descriptions and tags.
    let found = found.into_iter().map(|policy| {
        let key = policy.arn.clone().unwrap_or_default();
        (key, api::Policy { description: None, tags: None, ..policy })
    });
    let page = page("policies", found, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListPoliciesOutput { policies: Some(page.items), is_truncated: page.is_truncated, marker: page.marker })
}
