//! IAM of one account: roles, users, managed policies, access keys.
//!
//! Not here: groups, instance profiles, identity providers, MFA, server certificates. What a call may do is decided in
//! [`crate::authorize`], which asks this state for policy sets.

pub(crate) mod check;
pub(crate) mod details;
pub(crate) mod key;
pub(crate) mod linked;
pub(crate) mod managed;
pub(crate) mod policy;
pub(crate) mod refusal;
pub(crate) mod role;
pub(crate) mod role_policy;
pub(crate) mod root_task;
pub(crate) mod user;
pub(crate) mod user_policy;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_api::{Error, iam as api};
use stackfleet_base::{AccountId, Region, Timestamp};
use stackfleet_policy::PolicySet;

use crate::{document::Document, pages, service::service};

/// IAM's state in one account. Names are unique whatever their case, so keys are in lower case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Iam {
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) policies: BTreeMap<String, Managed>,
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: Arc<str>,
    pub(crate) path: String,
    pub(crate) id: Arc<str>,
    pub(crate) arn: Arc<str>,
    pub(crate) created: Timestamp,
    pub(crate) trust: Document,
    /// Users and roles that the trust policy names, by the unique ids that they had when it was put: one that is
    /// deleted and made again is not trusted.
    pub(crate) trusted: Vec<(String, Arc<str>)>,
    pub(crate) description: Option<String>,
    pub(crate) session_seconds_max: i32,
    pub(crate) grants: Grants,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) last_used: Option<(Timestamp, Region)>,
    /// Whether it belongs to a service, which alone may change it.
    pub(crate) linked: bool,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: Arc<str>,
    pub(crate) path: String,
    pub(crate) id: Arc<str>,
    pub(crate) arn: Arc<str>,
    pub(crate) created: Timestamp,
    pub(crate) grants: Grants,
    pub(crate) tags: Vec<(String, String)>,
    /// Access keys by id.
    pub(crate) keys: BTreeMap<String, Key>,
}

/// A user's access key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    pub(crate) last_used: Option<KeyUse>,
}

/// The last use of an access key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyUse {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) region: Region,
}

/// What a user or role may do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub(crate) inline: BTreeMap<String, Document>,
    /// ARNs of managed policies in order of attachment.
    pub(crate) attached: Vec<String>,
    /// The ARN of the managed policy that bounds all others.
    pub(crate) boundary: Option<String>,
    /// All of the above as it is evaluated; made when asked for and dropped at each change.
    #[serde(skip)]
    compiled: Option<Compiled>,
}

/// Policy sets of a user or role.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) identity: Arc<PolicySet>,
    pub(crate) boundary: Option<Arc<PolicySet>>,
}

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Managed {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) description: Option<String>,
    pub(crate) versions: BTreeMap<u32, ManagedVersion>,
    pub(crate) default_version: u32,
    /// How many versions there have ever been.
    pub(crate) versions_made: u32,
    pub(crate) tags: Vec<(String, String)>,
}

/// A version of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManagedVersion {
    pub(crate) document: Document,
    pub(crate) created: Timestamp,
}

impl Grants {
    /// Drops what was compiled; to be called at each change of policies.
    pub(crate) fn changed(&mut self) {
        self.compiled = None;
    }
}

impl Iam {
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(&name.to_lowercase())
    }

    pub(crate) fn role_mut(&mut self, name: &str) -> Option<&mut Role> {
        self.roles.get_mut(&name.to_lowercase())
    }

    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(&name.to_lowercase())
    }

    pub(crate) fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.get_mut(&name.to_lowercase())
    }

    /// Returns the document of a managed policy, the account's own or AWS's.
    pub(crate) fn managed_document(&self, arn: &str) -> Option<Document> {
        match self.managed(arn) {
            Some(policy) => policy.versions.get(&policy.default_version).map(|version| version.document.clone()),
            None => managed::document(arn),
        }
    }

    /// Returns a policy of this account by its ARN.
    pub(crate) fn managed(&self, arn: &str) -> Option<&Managed> {
        self.policies.get(&policy_key(arn)?).filter(|policy| policy.arn == arn)
    }

    pub(crate) fn managed_mut(&mut self, arn: &str) -> Option<&mut Managed> {
        self.policies.get_mut(&policy_key(arn)?).filter(|policy| policy.arn == arn)
    }

    /// Returns what a role may do, ready to be evaluated.
    pub(crate) fn compiled_role(&mut self, name: &str) -> Option<Compiled> {
        let key = name.to_lowercase();
        if let Some(compiled) = &self.roles.get(&key)?.grants.compiled {
            return Some(compiled.clone());
        }
        let compiled = self.compile(&self.roles.get(&key)?.grants);
        self.roles.get_mut(&key)?.grants.compiled = Some(compiled.clone());
        Some(compiled)
    }

    /// Returns what a user may do, ready to be evaluated.
    pub(crate) fn compiled_user(&mut self, name: &str) -> Option<Compiled> {
        let key = name.to_lowercase();
        if let Some(compiled) = &self.users.get(&key)?.grants.compiled {
            return Some(compiled.clone());
        }
        let compiled = self.compile(&self.users.get(&key)?.grants);
        self.users.get_mut(&key)?.grants.compiled = Some(compiled.clone());
        Some(compiled)
    }

    fn compile(&self, grants: &Grants) -> Compiled {
        let attached = grants.attached.iter().filter_map(|arn| self.managed_document(arn));
        let documents = grants.inline.values().cloned().chain(attached);
        let identity = PolicySet::new(documents.map(|document| document.policy()).collect());
        let boundary = grants.boundary.as_ref().map(|arn| {
            // A boundary that does not exist any more allows nothing.
            let policies = self.managed_document(arn).map(|document| document.policy()).into_iter().collect();
            Arc::new(PolicySet::new(policies))
        });
        Compiled { identity: Arc::new(identity), boundary }
    }

    /// Drops what was compiled from a managed policy.
    pub(crate) fn managed_changed(&mut self, arn: &str) {
        let grants = self.roles.values_mut().map(|role| &mut role.grants);
        for grants in grants.chain(self.users.values_mut().map(|user| &mut user.grants)) {
            if grants.attached.iter().any(|attached| attached == arn) || grants.boundary.as_deref() == Some(arn) {
                grants.changed();
            }
        }
    }

    /// Returns how many users and roles a managed policy is attached to.
    pub(crate) fn attachments(&self, arn: &str) -> usize {
        let grants = self.roles.values().map(|role| &role.grants).chain(self.users.values().map(|user| &user.grants));
        grants.filter(|grants| grants.attached.iter().any(|attached| attached == arn)).count()
    }
}

/// Returns the key of a policy in [`Iam::policies`]: the last part of its ARN in lower case.
fn policy_key(arn: &str) -> Option<String> {
    arn.rsplit('/').next().map(str::to_lowercase)
}

/// The ARN of something of IAM: `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`.
pub(crate) fn arn(account: &AccountId, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}{path}{name}")
}

/// A page of a list of IAM: `MaxItems` is 100 unless given.
pub(crate) fn page<Item>(
    kind: &str,
    items: impl Iterator<Item = (String, Item)>,
    marker: Option<&str>,
    max: Option<i32>,
) -> Result<Page<Item>, Error> {
    let after = marker.map(|marker| pages::open(kind, marker).ok_or_else(refusal::invalid_marker)).transpose()?;
    let max = usize::try_from(max.unwrap_or(100)).unwrap_or(100).clamp(1, 1000);
    let (items, last) = pages::page(items, after.as_deref(), max);
    Ok(Page { items, is_truncated: Some(last.is_some()), marker: last.map(|last| pages::seal(kind, &last)) })
}

/// A page with the members that all lists of IAM have.
pub(crate) struct Page<Item> {
    pub(crate) items: Vec<Item>,
    pub(crate) is_truncated: Option<bool>,
    pub(crate) marker: Option<String>,
}

pub(crate) fn shown_tags(tags: &[(String, String)]) -> Option<Vec<api::Tag>> {
    let shown = tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() });
    Some(shown.collect()).filter(|tags: &Vec<_>| !tags.is_empty())
}

service! {
    api::Iam, api;
    attach_role_policy: AttachRolePolicyInput -> AttachRolePolicyOutput = role_policy::attach;
    attach_user_policy: AttachUserPolicyInput -> AttachUserPolicyOutput = user_policy::attach;
    create_access_key: CreateAccessKeyInput -> CreateAccessKeyOutput = key::create;
    create_policy: CreatePolicyInput -> CreatePolicyOutput = policy::create;
    create_policy_version: CreatePolicyVersionInput -> CreatePolicyVersionOutput = policy::create_version;
    create_role: CreateRoleInput -> CreateRoleOutput = role::create;
    create_service_linked_role: CreateServiceLinkedRoleInput -> CreateServiceLinkedRoleOutput = linked::create;
    create_user: CreateUserInput -> CreateUserOutput = user::create;
    delete_access_key: DeleteAccessKeyInput -> DeleteAccessKeyOutput = key::delete;
    delete_policy: DeletePolicyInput -> DeletePolicyOutput = policy::delete;
    delete_policy_version: DeletePolicyVersionInput -> DeletePolicyVersionOutput = policy::delete_version;
    delete_role: DeleteRoleInput -> DeleteRoleOutput = role::delete;
    delete_role_policy: DeleteRolePolicyInput -> DeleteRolePolicyOutput = role_policy::delete;
    delete_user: DeleteUserInput -> DeleteUserOutput = user::delete;
    delete_user_policy: DeleteUserPolicyInput -> DeleteUserPolicyOutput = user_policy::delete;
    detach_role_policy: DetachRolePolicyInput -> DetachRolePolicyOutput = role_policy::detach;
    detach_user_policy: DetachUserPolicyInput -> DetachUserPolicyOutput = user_policy::detach;
    get_access_key_last_used: GetAccessKeyLastUsedInput -> GetAccessKeyLastUsedOutput = key::last_used;
    get_account_authorization_details: GetAccountAuthorizationDetailsInput -> GetAccountAuthorizationDetailsOutput = details::get;
    get_policy: GetPolicyInput -> GetPolicyOutput = policy::get;
    get_policy_version: GetPolicyVersionInput -> GetPolicyVersionOutput = policy::get_version;
    get_role: GetRoleInput -> GetRoleOutput = role::get;
    get_role_policy: GetRolePolicyInput -> GetRolePolicyOutput = role_policy::get;
    get_user: GetUserInput -> GetUserOutput = user::get;
    get_user_policy: GetUserPolicyInput -> GetUserPolicyOutput = user_policy::get;
    disable_organizations_root_credentials_management: DisableOrganizationsRootCredentialsManagementInput -> DisableOrganizationsRootCredentialsManagementOutput = root_task::disable_credentials;
    disable_organizations_root_sessions: DisableOrganizationsRootSessionsInput -> DisableOrganizationsRootSessionsOutput = root_task::disable_sessions;
    enable_organizations_root_credentials_management: EnableOrganizationsRootCredentialsManagementInput -> EnableOrganizationsRootCredentialsManagementOutput = root_task::enable_credentials;
    enable_organizations_root_sessions: EnableOrganizationsRootSessionsInput -> EnableOrganizationsRootSessionsOutput = root_task::enable_sessions;
    list_organizations_features: ListOrganizationsFeaturesInput -> ListOrganizationsFeaturesOutput = root_task::list;
    list_access_keys: ListAccessKeysInput -> ListAccessKeysOutput = key::list;
    list_attached_role_policies: ListAttachedRolePoliciesInput -> ListAttachedRolePoliciesOutput = role_policy::list_attached;
    list_attached_user_policies: ListAttachedUserPoliciesInput -> ListAttachedUserPoliciesOutput = user_policy::list_attached;
    list_policies: ListPoliciesInput -> ListPoliciesOutput = policy::list;
    list_policy_versions: ListPolicyVersionsInput -> ListPolicyVersionsOutput = policy::list_versions;
    list_role_policies: ListRolePoliciesInput -> ListRolePoliciesOutput = role_policy::list;
    list_role_tags: ListRoleTagsInput -> ListRoleTagsOutput = role::list_tags;
    list_roles: ListRolesInput -> ListRolesOutput = role::list;
    list_user_policies: ListUserPoliciesInput -> ListUserPoliciesOutput = user_policy::list;
    list_users: ListUsersInput -> ListUsersOutput = user::list;
    put_role_policy: PutRolePolicyInput -> PutRolePolicyOutput = role_policy::put;
    put_user_policy: PutUserPolicyInput -> PutUserPolicyOutput = user_policy::put;
    tag_role: TagRoleInput -> TagRoleOutput = role::tag;
    untag_role: UntagRoleInput -> UntagRoleOutput = role::untag;
    update_access_key: UpdateAccessKeyInput -> UpdateAccessKeyOutput = key::update;
    update_assume_role_policy: UpdateAssumeRolePolicyInput -> UpdateAssumeRolePolicyOutput = role::update_trust;
    update_role: UpdateRoleInput -> UpdateRoleOutput = role::update;
}
