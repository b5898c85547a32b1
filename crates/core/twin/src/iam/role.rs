//! Roles: made, shown, changed, tagged, deleted.

use std::sync::Arc;

use stackfleet_api::{Error, iam as api};
use stackfleet_base::{AccountId, Timestamp};
use stackfleet_policy::PolicySet;

use super::{Grants, Iam, Role, check, page, refusal, shown_tags};
use crate::{call::Call, document::Document, time::date_time, world::World};

/// The path of service-linked roles.
const LINKED_PATH: &str = "/aws-service-role/";

/// What a role is made of; also used by the services that make roles of their own.
pub(crate) struct NewRole {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) trust: Document,
    pub(crate) description: Option<String>,
    pub(crate) session_seconds_max: i32,
    pub(crate) boundary: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) linked: bool,
}

impl World {
    /// Puts a role into an account, whose name must be free.
    pub(crate) fn put_role(&mut self, account: &AccountId, role: NewRole) {
        let id = self.ids.draw("role", &[account.as_str(), &role.name]).upper(17);
        let created = self.now;
        let trusted = self.unique_ids(&role.trust);
        let Some(owner) = self.accounts.get_mut(account) else { return };
        let made = Role {
            arn: super::arn(account, "role", &role.path, &role.name).into(),
            id: format!("AROA{id}").into(),
            name: role.name.as_str().into(),
            path: role.path,
            created,
            trust: role.trust,
            trusted,
            description: role.description,
            session_seconds_max: role.session_seconds_max,
            grants: Grants { boundary: role.boundary, ..Grants::default() },
            tags: role.tags,
            last_used: None,
            linked: role.linked,
        };
        owner.iam.roles.insert(role.name.to_lowercase(), made);
    }
}

impl Role {
    /// Returns the trust policy as it counts for a caller: where it names a user or role that was deleted, and the
    /// caller is a later one of that name, AWS has put the old unique id, which is nobody.
    pub(crate) fn trust_for(&self, arn: &str, id: &str) -> Arc<PolicySet> {
        let stale = self.trusted.iter().find(|(named, known)| named == arn && **known != *id);
        let Some((named, known)) = stale else { return self.trust.set() };
        let text = self.trust.text().replace(&format!("\"{named}\""), &format!("\"{known}\""));
        Document::trust(&text).map(|trust| trust.set()).unwrap_or_default()
    }
}

impl Iam {
    /// Returns a role that its account may change.
    pub(super) fn own_role(&mut self, name: &str) -> Result<&mut Role, Error> {
        let role = self.role_mut(name).ok_or_else(|| refusal::no_role(name))?;
        if role.linked { Err(refusal::protected(&role.name)) } else { Ok(role) }
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateRoleInput,
) -> Result<api::CreateRoleOutput, Error> {
    let account = call.account().clone();
    let trust = world.trust_document(&input.assume_role_policy_document)?;
    let path = check::path(input.path)?;
    // A role under this path is bound by no policy of the organization: nobody may make one by hand.
    if path.starts_with(LINKED_PATH) {
        let message = format!("Path prefix '{LINKED_PATH}' can only be used for AWS Service linked Roles");
        return Err(api::InvalidInputException::error(message));
    }
    let tags = check::merged_tags(&[], input.tags)?;
    let iam = &world.account(&account)?.iam;
    if iam.role(&input.role_name).is_some() {
        let message = format!("Role with name {} already exists.", input.role_name);
        return Err(api::EntityAlreadyExistsException::error(message));
    }
    if iam.roles.values().filter(|role| !role.linked).count() >= check::ROLES_MAX {
        return Err(refusal::limit("RolesPerAccount", check::ROLES_MAX));
    }
    if let Some(boundary) = &input.permissions_boundary
        && iam.managed_document(boundary).is_none()
    {
        let message = format!("Scope ARN: {boundary} does not exist or is not attachable.");
        return Err(api::NoSuchEntityException::error(message));
    }
    let role = NewRole {
        name: input.role_name.clone(),
        path,
        trust,
        description: input.description,
        session_seconds_max: input.max_session_duration.unwrap_or(3600),
        boundary: input.permissions_boundary,
        tags,
        linked: false,
    };
    world.put_role(&account, role);
    let role = world.account(&account)?.iam.role(&input.role_name);
    let mut shown = shown(role.ok_or_else(|| refusal::no_role(&input.role_name))?);
    // CreateRole answers with the tags and without last use and session duration, unlike GetRole.
    shown.role_last_used = None;
    shown.max_session_duration = None;
    shown.description = None;
    Ok(api::CreateRoleOutput { role: shown })
}

pub(super) fn shown(role: &Role) -> api::Role {
    let last_used = match &role.last_used {
        Some((at, region)) => {
            api::RoleLastUsed { last_used_date: Some(date_time(*at)), region: Some(region.to_string()) }
        }
        None => api::RoleLastUsed { last_used_date: None, region: None },
    };
    api::Role {
        path: role.path.clone(),
        role_name: role.name.to_string(),
        role_id: role.id.to_string(),
        arn: role.arn.to_string(),
        create_date: date_time(whole_seconds(role.created)),
        assume_role_policy_document: Some(check::encoded(role.trust.text())),
        description: role.description.clone(),
        max_session_duration: Some(role.session_seconds_max),
        permissions_boundary: role.grants.boundary.as_deref().map(shown_boundary),
        tags: shown_tags(&role.tags),
        role_last_used: Some(last_used),
        source_role_template: None,
    }
}

pub(super) fn shown_boundary(arn: &str) -> api::AttachedPermissionsBoundary {
    api::AttachedPermissionsBoundary {
        permissions_boundary_type: api::PermissionsBoundaryAttachmentType::parse("PermissionsBoundaryPolicy"),
        permissions_boundary_arn: Some(arn.to_owned()),
    }
}

/// IAM keeps times by the second.
pub(super) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().div_euclid(1000) * 1000)
}

pub(super) fn get(world: &mut World, call: &Call, input: api::GetRoleInput) -> Result<api::GetRoleOutput, Error> {
    let role = world.account(call.account())?.iam.role(&input.role_name);
    Ok(api::GetRoleOutput { role: shown(role.ok_or_else(|| refusal::no_role(&input.role_name))?) })
}

pub(super) fn list(world: &mut World, call: &Call, input: api::ListRolesInput) -> Result<api::ListRolesOutput, Error> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let roles = world.account(call.account())?.iam.roles.iter();
    let roles = roles.filter(|(_, role)| role.path.starts_with(prefix)).map(|(key, role)| {
        // Lists leave out what is costly to look up: tags, boundary, last use.
        let shown = api::Role { tags: None, permissions_boundary: None, role_last_used: None, ..shown(role) };
        (key.clone(), shown)
    });
    let page = page("roles", roles, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListRolesOutput { roles: page.items, is_truncated: page.is_truncated, marker: page.marker })
}

pub(super) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdateRoleInput,
) -> Result<api::UpdateRoleOutput, Error> {
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    // AWS replaces both: what is left out becomes empty and one hour.
    role.description = input.description.filter(|text| !text.is_empty());
    role.session_seconds_max = input.max_session_duration.unwrap_or(3600);
    Ok(api::UpdateRoleOutput::default())
}

pub(super) fn update_trust(
    world: &mut World,
    call: &Call,
    input: api::UpdateAssumeRolePolicyInput,
) -> Result<api::UpdateAssumeRolePolicyOutput, Error> {
    world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    let trust = world.trust_document(&input.policy_document)?;
    let trusted = world.unique_ids(&trust);
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    (role.trust, role.trusted) = (trust, trusted);
    Ok(api::UpdateAssumeRolePolicyOutput::default())
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteRoleInput,
) -> Result<api::DeleteRoleOutput, Error> {
    let iam = &mut world.account_mut(call.account())?.iam;
    let role = iam.own_role(&input.role_name)?;
    if !role.grants.attached.is_empty() {
        let message = "Cannot delete entity, must detach all policies first.";
        return Err(api::DeleteConflictException::error(message));
    }
    if !role.grants.inline.is_empty() {
        let message = "Cannot delete entity, must delete policies first.";
        return Err(api::DeleteConflictException::error(message));
    }
    iam.roles.remove(&input.role_name.to_lowercase());
    Ok(api::DeleteRoleOutput::default())
}

pub(super) fn tag(world: &mut World, call: &Call, input: api::TagRoleInput) -> Result<api::TagRoleOutput, Error> {
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    role.tags = check::merged_tags(&role.tags, Some(input.tags))?;
    Ok(api::TagRoleOutput::default())
}

pub(super) fn untag(world: &mut World, call: &Call, input: api::UntagRoleInput) -> Result<api::UntagRoleOutput, Error> {
    let role = world.account_mut(call.account())?.iam.own_role(&input.role_name)?;
    role.tags.retain(|(key, _)| !input.tag_keys.iter().any(|gone| gone.eq_ignore_ascii_case(key)));
    Ok(api::UntagRoleOutput::default())
}

pub(super) fn list_tags(
    world: &mut World,
    call: &Call,
    input: api::ListRoleTagsInput,
) -> Result<api::ListRoleTagsOutput, Error> {
    let role = world.account(call.account())?.iam.role(&input.role_name);
    let role = role.ok_or_else(|| refusal::no_role(&input.role_name))?;
    let mut tags: Vec<_> = shown_tags(&role.tags).unwrap_or_default();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let tags = tags.into_iter().map(|tag| (tag.key.clone(), tag));
    let page = page("role-tags", tags, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListRoleTagsOutput { tags: page.items, is_truncated: page.is_truncated, marker: page.marker })
}
