//! Policies of roles: inline ones and attachments of managed ones.

use stackfleet_api::{Error, iam as api};

use super::{check, page, policy, refusal};
use crate::{call::Call, world::World};

pub(super) fn put(
    world: &mut World,
    call: &Call,
    input: api::PutRolePolicyInput,
) -> Result<api::PutRolePolicyOutput, Error> {
    let document = check::identity_document(&input.policy_document)?;
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    let others = role.grants.inline.iter().filter(|(name, _)| **name != input.policy_name);
    let size: usize = others.map(|(_, document)| check::document_size(document.text())).sum();
    if size + check::document_size(&input.policy_document) > check::ROLE_INLINE_MAX {
        let message =
            format!("Maximum policy size of {} bytes exceeded for role {}", check::ROLE_INLINE_MAX, input.role_name);
        return Err(api::LimitExceededException::error(message));
    }
    role.grants.inline.insert(input.policy_name, document);
    role.grants.changed();
    Ok(api::PutRolePolicyOutput::default())
}

pub(super) fn get(
    world: &mut World,
    call: &Call,
    input: api::GetRolePolicyInput,
) -> Result<api::GetRolePolicyOutput, Error> {
    let role = world.account(call.account())?.iam.role(&input.role_name);
    let role = role.ok_or_else(|| refusal::no_role(&input.role_name))?;
    let document = role.grants.inline.get(&input.policy_name).ok_or_else(|| no_inline(&input.policy_name))?;
    Ok(api::GetRolePolicyOutput {
        role_name: role.name.to_string(),
        policy_document: check::encoded(document.text()),
        policy_name: input.policy_name,
    })
}

fn no_inline(name: &str) -> Error {
    api::NoSuchEntityException::error(format!("The role policy with name {name} cannot be found."))
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteRolePolicyInput,
) -> Result<api::DeleteRolePolicyOutput, Error> {
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    if role.grants.inline.remove(&input.policy_name).is_none() {
        return Err(no_inline(&input.policy_name));
    }
    role.grants.changed();
    Ok(api::DeleteRolePolicyOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListRolePoliciesInput,
) -> Result<api::ListRolePoliciesOutput, Error> {
    let role = world.account(call.account())?.iam.role(&input.role_name);
    let role = role.ok_or_else(|| refusal::no_role(&input.role_name))?;
    let names = role.grants.inline.keys().map(|name| (name.clone(), name.clone()));
    let page = page("role-policies", names, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListRolePoliciesOutput { policy_names: page.items, is_truncated: page.is_truncated, marker: page.marker })
}

pub(super) fn attach(
    world: &mut World,
    call: &Call,
    input: api::AttachRolePolicyInput,
) -> Result<api::AttachRolePolicyOutput, Error> {
    policy::check_attachable(&world.account(call.account())?.iam, &input.policy_arn)?;
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    if role.grants.attached.contains(&input.policy_arn) {
        return Ok(api::AttachRolePolicyOutput::default());
    }
    if role.grants.attached.len() >= check::ATTACHED_TO_ROLE_MAX {
        return Err(refusal::limit("PoliciesPerRole", check::ATTACHED_TO_ROLE_MAX));
    }
    role.grants.attached.push(input.policy_arn);
    role.grants.changed();
    Ok(api::AttachRolePolicyOutput::default())
}

pub(super) fn detach(
    world: &mut World,
    call: &Call,
    input: api::DetachRolePolicyInput,
) -> Result<api::DetachRolePolicyOutput, Error> {
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    let Some(index) = role.grants.attached.iter().position(|arn| *arn == input.policy_arn) else {
        return Err(refusal::no_policy(&input.policy_arn));
    };
    role.grants.attached.remove(index);
    role.grants.changed();
    Ok(api::DetachRolePolicyOutput::default())
}

pub(super) fn list_attached(
    world: &mut World,
    call: &Call,
    input: api::ListAttachedRolePoliciesInput,
) -> Result<api::ListAttachedRolePoliciesOutput, Error> {
    let role = world.account(call.account())?.iam.role(&input.role_name);
    let role = role.ok_or_else(|| refusal::no_role(&input.role_name))?;
    let mut arns: Vec<&String> = role.grants.attached.iter().collect();
    arns.sort();
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let shown = arns.into_iter().filter_map(|arn| {
        let (path, name) = policy::path_and_name(arn)?;
        let attached = api::AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.clone()) };
        path.starts_with(prefix).then(|| (arn.clone(), attached))
    });
    let page = page("role-attached", shown, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListAttachedRolePoliciesOutput {
        attached_policies: Some(page.items),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}
