//! `GetAccountAuthorizationDetails`: everybody in an account with all their policies, in few pages.
//!
//! Of AWS's own policies only those that are attached to somebody are in it, as the CLI shows it for real accounts
//! (2026); the API reference does not say.

use std::collections::BTreeSet;

use stackfleet_api::{Error, iam as api};

use super::{Grants, Iam, Managed, Role, User, check, managed, page, policy, role, shown_tags};
use crate::{call::Call, document::Document, time::date_time, world::World};

/// One entry of the answer's lists.
enum Detail {
    User(Box<api::UserDetail>),
    Role(Box<api::RoleDetail>),
    Policy(Box<api::ManagedPolicyDetail>),
}

pub(super) fn get(
    world: &mut World,
    call: &Call,
    input: api::GetAccountAuthorizationDetailsInput,
) -> Result<api::GetAccountAuthorizationDetailsOutput, Error> {
    let iam = &world.account(call.account())?.iam;
    let filter = input.filter.unwrap_or_default();
    let is_wanted = |kind: &str| filter.is_empty() || filter.iter().any(|wanted| wanted.as_str() == kind);
    let mut all: Vec<(String, Detail)> = Vec::new();
    // Keys are in the order in which the entries are handed out.
    if is_wanted("User") {
        all.extend(iam.users.iter().map(|(key, found)| (format!("1 {key}"), Detail::User(Box::new(user(found))))));
    }
    if is_wanted("Role") {
        all.extend(iam.roles.iter().map(|(key, found)| (format!("2 {key}"), Detail::Role(Box::new(role(found))))));
    }
    if is_wanted("LocalManagedPolicy") {
        let own =
            iam.policies.iter().map(|(key, found)| (format!("3 {key}"), Detail::Policy(Box::new(local(iam, found)))));
        all.extend(own);
    }
    if is_wanted("AWSManagedPolicy") {
        let of_aws = in_use(iam).into_iter().filter_map(|arn| {
            let detail = policy::shown_built_in(iam, arn).zip(managed::document(arn));
            detail.map(|(shown, document)| (format!("4 {arn}"), Detail::Policy(Box::new(of_aws(shown, &document)))))
        });
        all.extend(of_aws);
    }
    let page = page("authorization-details", all.into_iter(), input.marker.as_deref(), input.max_items)?;
    let (mut users, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    for detail in page.items {
        match detail {
            Detail::User(user) => users.push(*user),
            Detail::Role(role) => roles.push(*role),
            Detail::Policy(policy) => policies.push(*policy),
        }
    }
    Ok(api::GetAccountAuthorizationDetailsOutput {
        user_detail_list: Some(users),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

/// Returns the ARNs of all policies that are attached to somebody or bound somebody.
fn in_use(iam: &Iam) -> BTreeSet<&str> {
    let grants = iam.roles.values().map(|role| &role.grants).chain(iam.users.values().map(|user| &user.grants));
    grants.flat_map(|grants| grants.attached.iter().chain(&grants.boundary)).map(String::as_str).collect()
}

fn user(user: &User) -> api::UserDetail {
    api::UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.to_string()),
        user_id: Some(user.id.to_string()),
        arn: Some(user.arn.to_string()),
        create_date: Some(date_time(role::whole_seconds(user.created))),
        user_policy_list: Some(inline(&user.grants)),
        group_list: Some(Vec::new()),
        attached_managed_policies: Some(attached(&user.grants)),
        permissions_boundary: user.grants.boundary.as_deref().map(role::shown_boundary),
        tags: Some(shown_tags(&user.tags).unwrap_or_default()),
    }
}

fn role(found: &Role) -> api::RoleDetail {
    let shown = role::shown(found);
    api::RoleDetail {
        path: Some(shown.path),
        role_name: Some(shown.role_name),
        role_id: Some(shown.role_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        assume_role_policy_document: shown.assume_role_policy_document,
        instance_profile_list: Some(Vec::new()),
        role_policy_list: Some(inline(&found.grants)),
        attached_managed_policies: Some(attached(&found.grants)),
        permissions_boundary: shown.permissions_boundary,
        tags: Some(shown.tags.unwrap_or_default()),
        role_last_used: shown.role_last_used,
    }
}

fn inline(grants: &Grants) -> Vec<api::PolicyDetail> {
    let detail = |(name, document): (&String, &Document)| api::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(check::encoded(document.text())),
    };
    grants.inline.iter().map(detail).collect()
}

fn attached(grants: &Grants) -> Vec<api::AttachedPolicy> {
    let named = |arn: &String| {
        let (_, name) = policy::path_and_name(arn)?;
        Some(api::AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.clone()) })
    };
    grants.attached.iter().filter_map(named).collect()
}

fn local(iam: &Iam, found: &Managed) -> api::ManagedPolicyDetail {
    let versions = found.versions.iter().rev();
    let versions = versions.map(|(number, version)| policy::shown_version(found, *number, version, true)).collect();
    detail(policy::shown(iam, found), versions)
}

fn of_aws(shown: api::Policy, document: &Document) -> api::ManagedPolicyDetail {
    let only = api::PolicyVersion {
        document: Some(check::encoded(document.text())),
        version_id: shown.default_version_id.clone(),
        is_default_version: Some(true),
        create_date: shown.create_date,
    };
    detail(shown, vec![only])
}

fn detail(shown: api::Policy, versions: Vec<api::PolicyVersion>) -> api::ManagedPolicyDetail {
    api::ManagedPolicyDetail {
        policy_name: shown.policy_name,
        policy_id: shown.policy_id,
        arn: shown.arn,
        path: shown.path,
        default_version_id: shown.default_version_id,
        attachment_count: shown.attachment_count,
        permissions_boundary_usage_count: shown.permissions_boundary_usage_count,
        is_attachable: shown.is_attachable,
        description: shown.description,
        create_date: shown.create_date,
        update_date: shown.update_date,
        policy_version_list: Some(versions),
    }
}
