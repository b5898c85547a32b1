//! Users.

use std::collections::BTreeMap;

use stackfleet_api::{Error, Service, common, iam as api};

use super::{Grants, Iam, User, check, page, refusal, role, shown_tags};
use crate::{
    call::{Call, Principal},
    time::date_time,
    world::World,
};

impl Iam {
    pub(super) fn own_user(&mut self, name: &str) -> Result<&mut User, Error> {
        self.user_mut(name).ok_or_else(|| refusal::no_user(name))
    }
}

/// Returns the user that is meant when none is named: the caller.
pub(super) fn named_or_caller(given: Option<String>, call: &Call) -> Result<String, Error> {
    match (given, &call.principal) {
        (Some(name), _) => Ok(name),
        (None, Principal::User { name, .. }) => Ok(name.to_string()),
        (
            None,
            Principal::Root { .. } | Principal::RootSession(_) | Principal::Session(_) | Principal::Service { .. },
        ) => Err(common::validation(Service::Iam, "Must specify userName when calling with non-User credentials")),
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateUserInput,
) -> Result<api::CreateUserOutput, Error> {
    let account = call.account().clone();
    let path = check::path(input.path)?;
    let tags = check::merged_tags(&[], input.tags)?;
    let iam = &world.account(&account)?.iam;
    if iam.user(&input.user_name).is_some() {
        let message = format!("User with name {} already exists.", input.user_name);
        return Err(api::EntityAlreadyExistsException::error(message));
    }
    if iam.users.len() >= check::USERS_MAX {
        return Err(refusal::limit("UsersPerAccount", check::USERS_MAX));
    }
    if let Some(boundary) = &input.permissions_boundary
        && iam.managed_document(boundary).is_none()
    {
        let message = format!("Scope ARN: {boundary} does not exist or is not attachable.");
        return Err(api::NoSuchEntityException::error(message));
    }
    let id = world.ids.draw("user", &[account.as_str(), &input.user_name]).upper(17);
    let user = User {
        arn: super::arn(&account, "user", &path, &input.user_name).into(),
        id: format!("AIDA{id}").into(),
        name: input.user_name.as_str().into(),
        path,
        created: world.now,
        grants: Grants { boundary: input.permissions_boundary, ..Grants::default() },
        tags,
        keys: BTreeMap::new(),
    };
    let shown = shown(&user);
    world.account_mut(&account)?.iam.users.insert(input.user_name.to_lowercase(), user);
    Ok(api::CreateUserOutput { user: Some(shown) })
}

fn shown(user: &User) -> api::User {
    api::User {
        path: user.path.clone(),
        user_name: user.name.to_string(),
        user_id: user.id.to_string(),
        arn: user.arn.to_string(),
        create_date: date_time(role::whole_seconds(user.created)),
        password_last_used: None,
        permissions_boundary: user.grants.boundary.as_deref().map(role::shown_boundary),
        tags: shown_tags(&user.tags),
    }
}

pub(super) fn get(world: &mut World, call: &Call, input: api::GetUserInput) -> Result<api::GetUserOutput, Error> {
    if input.user_name.is_none() && call.principal.is_root() {
        let account = call.account();
        let owner = world.account(account)?;
        let user = api::User {
            path: "/".to_owned(),
            user_name: "root".to_owned(),
            user_id: account.to_string(),
            arn: format!("arn:aws:iam::{account}:root"),
            create_date: date_time(role::whole_seconds(owner.created)),
            ..api::User::default()
        };
        return Ok(api::GetUserOutput { user });
    }
    let name = named_or_caller(input.user_name, call)?;
    let user = world.account(call.account())?.iam.user(&name).ok_or_else(|| refusal::no_user(&name))?;
    Ok(api::GetUserOutput { user: shown(user) })
}

pub(super) fn list(world: &mut World, call: &Call, input: api::ListUsersInput) -> Result<api::ListUsersOutput, Error> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let users = world.account(call.account())?.iam.users.iter();
    let users = users.filter(|(_, user)| user.path.starts_with(prefix)).map(|(key, user)| {
        let shown = api::User { tags: None, permissions_boundary: None, ..shown(user) };
        (key.clone(), shown)
    });
    let page = page("users", users, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListUsersOutput { users: page.items, is_truncated: page.is_truncated, marker: page.marker })
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteUserInput,
) -> Result<api::DeleteUserOutput, Error> {
    let iam = &mut world.account_mut(call.account())?.iam;
    let user = iam.own_user(&input.user_name)?;
    let conflict = |message: &str| Err(api::DeleteConflictException::error(message));
    if !user.grants.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !user.grants.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    if !user.keys.is_empty() {
        return conflict("Cannot delete entity, must delete access keys first.");
    }
    iam.users.remove(&input.user_name.to_lowercase());
    Ok(api::DeleteUserOutput::default())
}
