//! What requests of IAM ask for.

use stackfleet_api::iam::{Request, Tag};

use crate::{
    authorize::Ask,
    call::{Call, Principal},
    iam::{Grants, Iam},
    world::World,
};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let place = Place { iam: world.accounts.get(call.account()).map(|account| &account.iam), call, request };
    vec![match request {
        Request::CreateRole(input) => {
            let path = input.path.as_deref().unwrap_or("/");
            let ask = place.ask(place.arn("role", path, &input.role_name));
            return with_tagging(ask, "iam:TagRole", input.tags.as_deref(), input.permissions_boundary.as_deref());
        }
        Request::GetRole(input) => place.role_change(&input.role_name),
        Request::UpdateRole(input) => place.role_change(&input.role_name),
        Request::UpdateAssumeRolePolicy(input) => place.role_change(&input.role_name),
        Request::DeleteRole(input) => place.role_change(&input.role_name),
        Request::PutRolePolicy(input) => place.role_change(&input.role_name),
        Request::GetRolePolicy(input) => place.role(&input.role_name),
        Request::DeleteRolePolicy(input) => place.role_change(&input.role_name),
        Request::ListRolePolicies(input) => place.role(&input.role_name),
        Request::AttachRolePolicy(input) => {
            place.role_change(&input.role_name).key("iam:PolicyARN", input.policy_arn.as_str())
        }
        Request::DetachRolePolicy(input) => {
            place.role_change(&input.role_name).key("iam:PolicyARN", input.policy_arn.as_str())
        }
        Request::ListAttachedRolePolicies(input) => place.role(&input.role_name),
        Request::TagRole(input) => tagged(place.role(&input.role_name), Some(&input.tags)),
        Request::UntagRole(input) => place.role(&input.role_name).keys("aws:TagKeys", input.tag_keys.clone()),
        Request::ListRoleTags(input) => place.role(&input.role_name),
        Request::ListRoles(input) => place.ask(place.arn("role", prefix(input.path_prefix.as_deref()), "")),
        Request::CreateServiceLinkedRole(input) => {
            let path = format!("/aws-service-role/{}/", input.aws_service_name);
            place.ask(place.arn("role", &path, "*")).key("iam:AWSServiceName", input.aws_service_name.as_str())
        }
        Request::CreatePolicy(input) => {
            let path = input.path.as_deref().unwrap_or("/");
            let ask = place.ask(place.arn("policy", path, &input.policy_name));
            return with_tagging(ask, "iam:TagPolicy", input.tags.as_deref(), None);
        }
        Request::GetPolicy(input) => place.policy(&input.policy_arn),
        Request::GetPolicyVersion(input) => place.policy(&input.policy_arn),
        Request::CreatePolicyVersion(input) => place.policy(&input.policy_arn),
        Request::DeletePolicyVersion(input) => place.policy(&input.policy_arn),
        Request::ListPolicyVersions(input) => place.policy(&input.policy_arn),
        Request::DeletePolicy(input) => place.policy(&input.policy_arn),
        // Denials name no ARN here, but in AWS, too: `on resource: policy path /`.
        Request::ListPolicies(input) => place.ask(format!("policy path {}", prefix(input.path_prefix.as_deref()))),
        Request::CreateUser(input) => {
            let path = input.path.as_deref().unwrap_or("/");
            let ask = place.ask(place.arn("user", path, &input.user_name));
            return with_tagging(ask, "iam:TagUser", input.tags.as_deref(), input.permissions_boundary.as_deref());
        }
        Request::GetUser(input) => place.user(input.user_name.as_deref()),
        Request::DeleteUser(input) => place.user(Some(&input.user_name)),
        Request::ListUsers(input) => place.ask(place.arn("user", prefix(input.path_prefix.as_deref()), "")),
        Request::PutUserPolicy(input) => place.user_change(&input.user_name),
        Request::GetUserPolicy(input) => place.user(Some(&input.user_name)),
        Request::DeleteUserPolicy(input) => place.user_change(&input.user_name),
        Request::ListUserPolicies(input) => place.user(Some(&input.user_name)),
        Request::AttachUserPolicy(input) => {
            place.user_change(&input.user_name).key("iam:PolicyARN", input.policy_arn.as_str())
        }
        Request::DetachUserPolicy(input) => {
            place.user_change(&input.user_name).key("iam:PolicyARN", input.policy_arn.as_str())
        }
        Request::ListAttachedUserPolicies(input) => place.user(Some(&input.user_name)),
        Request::CreateAccessKey(input) => place.user(input.user_name.as_deref()),
        Request::UpdateAccessKey(input) => place.user(input.user_name.as_deref()),
        Request::DeleteAccessKey(input) => place.user(input.user_name.as_deref()),
        Request::ListAccessKeys(input) => place.user(input.user_name.as_deref()),
        Request::GetAccountAuthorizationDetails(_) => place.ask("*".to_owned()),
        Request::GetAccessKeyLastUsed(input) => {
            let owner = world.keys.get(&input.access_key_id).filter(|(account, _)| account == call.account());
            place.user(Some(owner.map_or("*", |(_, name)| name)))
        }
        Request::EnableOrganizationsRootCredentialsManagement(_)
        | Request::DisableOrganizationsRootCredentialsManagement(_)
        | Request::EnableOrganizationsRootSessions(_)
        | Request::DisableOrganizationsRootSessions(_)
        | Request::ListOrganizationsFeatures(_) => place.ask("*".to_owned()),
    }]
}

/// Where the request is made.
struct Place<'a> {
    iam: Option<&'a Iam>,
    call: &'a Call,
    request: &'a Request,
}

impl Place<'_> {
    fn ask(&self, resource: String) -> Ask {
        Ask::new(self.request.operation().iam_action(), resource)
    }

    fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        crate::iam::arn(self.call.account(), kind, path, name)
    }

    fn role(&self, name: &str) -> Ask {
        match self.iam.and_then(|iam| iam.role(name)) {
            Some(role) => own_tags(self.ask(role.arn.to_string()), &role.tags),
            None => self.ask(self.arn("role", "/", name)),
        }
    }

    /// What AWS asks with the role's boundary as a key: changes of what it may do, and some more.
    fn role_change(&self, name: &str) -> Ask {
        bounded(self.role(name), self.iam.and_then(|iam| iam.role(name)).map(|role| &role.grants))
    }

    fn user(&self, name: Option<&str>) -> Ask {
        let caller = match &self.call.principal {
            Principal::User { name, .. } => Some(&**name),
            Principal::Root { .. } | Principal::RootSession(_) if name.is_none() => {
                return self.ask(self.arn("root", "", ""));
            }
            Principal::Root { .. } | Principal::RootSession(_) | Principal::Session(_) | Principal::Service { .. } => {
                None
            }
        };
        let Some(name) = name.or(caller) else { return self.ask(self.arn("user", "/", "*")) };
        match self.iam.and_then(|iam| iam.user(name)) {
            Some(user) => own_tags(self.ask(user.arn.to_string()), &user.tags),
            None => self.ask(self.arn("user", "/", name)),
        }
    }

    fn user_change(&self, name: &str) -> Ask {
        bounded(self.user(Some(name)), self.iam.and_then(|iam| iam.user(name)).map(|user| &user.grants))
    }

    fn policy(&self, arn: &str) -> Ask {
        let ask = self.ask(arn.to_owned());
        match self.iam.and_then(|iam| iam.managed(arn)) {
            Some(policy) => own_tags(ask, &policy.tags),
            None => ask,
        }
    }
}

fn own_tags(ask: Ask, tags: &[(String, String)]) -> Ask {
    tags.iter()
        .fold(ask.resource_tags(tags), |ask, (key, value)| ask.key(&format!("iam:ResourceTag/{key}"), value.as_str()))
}

fn bounded(ask: Ask, grants: Option<&Grants>) -> Ask {
    ask.key_of("iam:PermissionsBoundary", grants.and_then(|grants| grants.boundary.as_ref()))
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}

/// Whoever makes something with tags must also be allowed to tag it.
fn with_tagging(ask: Ask, action: &'static str, tags: Option<&[Tag]>, boundary: Option<&str>) -> Vec<Ask> {
    let ask = tagged(ask, tags);
    let tagging = tags.is_some_and(|tags| !tags.is_empty()).then(|| Ask { action: action.into(), ..ask.clone() });
    std::iter::once(ask.key_of("iam:PermissionsBoundary", boundary)).chain(tagging).collect()
}

fn prefix(given: Option<&str>) -> &str {
    given.unwrap_or("/")
}
