//! Policies of users: inline ones and attachments of managed ones.

use stackfleet_api::{Error, iam as api};

use super::{check, page, policy, refusal};
use crate::{call::Call, world::World};

pub(super) fn put(
    world: &mut World,
    call: &Call,
    input: api::PutUserPolicyInput,
) -> Result<api::PutUserPolicyOutput, Error> {
    let document = check::identity_document(&input.policy_document)?;
    let user = world.account_mut(call.account())?.iam.own_user(&input.user_name)?;
    let others = user.grants.inline.iter().filter(|(name, _)| **name != input.policy_name);
    let size: usize = others.map(|(_, document)| check::document_size(document.text())).sum();
    if size + check::document_size(&input.policy_document) > check::USER_INLINE_MAX {
        let message =
            format!("Maximum policy size of {} bytes exceeded for user {}", check::USER_INLINE_MAX, input.user_name);
        return Err(api::LimitExceededException::error(message));
    }
    user.grants.inline.insert(input.policy_name, document);
    user.grants.changed();
    Ok(api::PutUserPolicyOutput::default())
}

pub(super) fn get(
    world: &mut World,
    call: &Call,
    input: api::GetUserPolicyInput,
) -> Result<api::GetUserPolicyOutput, Error> {
    let user = world.account(call.account())?.iam.user(&input.user_name);
    let user = user.ok_or_else(|| refusal::no_user(&input.user_name))?;
    let document = user.grants.inline.get(&input.policy_name).ok_or_else(|| no_inline(&input.policy_name))?;
    Ok(api::GetUserPolicyOutput {
        user_name: user.name.to_string(),
        policy_document: check::encoded(document.text()),
        policy_name: input.policy_name,
    })
}

fn no_inline(name: &str) -> Error {
    api::NoSuchEntityException::error(format!("The user policy with name {name} cannot be found."))
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteUserPolicyInput,
) -> Result<api::DeleteUserPolicyOutput, Error> {
    let user = world.account_mut(call.account())?.iam.own_user(&input.user_name)?;
    if user.grants.inline.remove(&input.policy_name).is_none() {
        return Err(no_inline(&input.policy_name));
    }
    user.grants.changed();
    Ok(api::DeleteUserPolicyOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListUserPoliciesInput,
) -> Result<api::ListUserPoliciesOutput, Error> {
    let user = world.account(call.account())?.iam.user(&input.user_name);
    let user = user.ok_or_else(|| refusal::no_user(&input.user_name))?;
    let names = user.grants.inline.keys().map(|name| (name.clone(), name.clone()));
    let page = page("user-policies", names, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListUserPoliciesOutput { policy_names: page.items, is_truncated: page.is_truncated, marker: page.marker })
}

pub(super) fn attach(
    world: &mut World,
    call: &Call,
    input: api::AttachUserPolicyInput,
) -> Result<api::AttachUserPolicyOutput, Error> {
    policy::check_attachable(&world.account(call.account())?.iam, &input.policy_arn)?;
    let user = world.account_mut(call.account())?.iam.own_user(&input.user_name)?;
    if user.grants.attached.contains(&input.policy_arn) {
        return Ok(api::AttachUserPolicyOutput::default());
    }
    if user.grants.attached.len() >= check::ATTACHED_TO_USER_MAX {
        return Err(refusal::limit("PoliciesPerUser", check::ATTACHED_TO_USER_MAX));
    }
    user.grants.attached.push(input.policy_arn);
    user.grants.changed();
    Ok(api::AttachUserPolicyOutput::default())
}

pub(super) fn detach(
    world: &mut World,
    call: &Call,
    input: api::DetachUserPolicyInput,
) -> Result<api::DetachUserPolicyOutput, Error> {
    let user = world.account_mut(call.account())?.iam.own_user(&input.user_name)?;
    let Some(index) = user.grants.attached.iter().position(|arn| *arn == input.policy_arn) else {
        return Err(refusal::no_policy(&input.policy_arn));
    };
    user.grants.attached.remove(index);
    user.grants.changed();
    Ok(api::DetachUserPolicyOutput::default())
}

pub(super) fn list_attached(
    world: &mut World,
    call: &Call,
    input: api::ListAttachedUserPoliciesInput,
) -> Result<api::ListAttachedUserPoliciesOutput, Error> {
    let user = world.account(call.account())?.iam.user(&input.user_name);
    let user = user.ok_or_else(|| refusal::no_user(&input.user_name))?;
    let mut arns: Vec<&String> = user.grants.attached.iter().collect();
    arns.sort();
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let shown = arns.into_iter().filter_map(|arn| {
        let (path, name) = policy::path_and_name(arn)?;
        let attached = api::AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.clone()) };
        path.starts_with(prefix).then(|| (arn.clone(), attached))
    });
    let page = page("user-attached", shown, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListAttachedUserPoliciesOutput {
        attached_policies: Some(page.items),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}
