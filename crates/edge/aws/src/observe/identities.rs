//! Reads the roles and users of one account with all their policies, from within the account.
//!
//! `GetAccountAuthorizationDetails` gives up to a thousand of them with a call, where lists and gets would take several
//! calls for each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag,
    UserDetail,
};
use futures_util::{StreamExt, stream};
use stackfleet_base::AccountId;
use stackfleet_plan::{
    identities::{ACCESS_ROLE, Granted, Identities, Identity},
    observed::Gap,
};

use super::{CONCURRENCY, groundwork::decoded};
use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Items that are asked for at once: the most that IAM gives (IAM API Reference, 2026).
const PAGE: i32 = 1000;

/// Reads who is in an account. What cannot be read is a gap.
pub async fn identities(aws: &Aws, account: &AccountId) -> Identities {
    let mut told = Identities { account: account.clone(), complete: false, found: Vec::new(), gaps: Vec::new() };
    let mut details = Details::default();
    let read = match aws.enter(account, ACCESS_ROLE).await {
        Ok(inside) => match details.read(&inside).await {
            Ok(()) => details.complete(&inside, &mut told.gaps).await,
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    match read {
        Ok(()) => told.complete = true,
        Err(failure) => {
            let what = format!("roles and users of account {account}");
            told.gaps.push(Gap { what, why: failure.to_string() });
        }
    }
    told.found = details.identities();
    told
}

/// What IAM told so far.
#[derive(Debug, Default)]
struct Details {
    users: Vec<UserDetail>,
    groups: Vec<GroupDetail>,
    roles: Vec<RoleDetail>,
    /// Documents of managed policies by ARN.
    documents: BTreeMap<String, String>,
}

impl Details {
    async fn read(&mut self, inside: &Aws) -> Result<(), Failure> {
        let mut marker = None;
        loop {
            let get = || {
                let call = inside.iam.get_account_authorization_details().max_items(PAGE);
                call.set_marker(marker.clone()).send()
            };
            let page = inside.read(Family::Iam, "iam", "GetAccountAuthorizationDetails", get).await?;
            self.users.extend(page.user_detail_list.unwrap_or_default());
            self.groups.extend(page.group_detail_list.unwrap_or_default());
            self.roles.extend(page.role_detail_list.unwrap_or_default());
            self.documents.extend(page.policies.iter().flatten().filter_map(default_document));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads the managed policies that somebody has and that did not come along.
    async fn complete(&mut self, inside: &Aws, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
        let attached = self.users.iter().flat_map(UserDetail::attached_managed_policies);
        let attached = attached.chain(self.groups.iter().flat_map(GroupDetail::attached_managed_policies));
        let attached = attached.chain(self.roles.iter().flat_map(RoleDetail::attached_managed_policies));
        let bounds = self.users.iter().filter_map(UserDetail::permissions_boundary);
        let bounds = bounds.chain(self.roles.iter().filter_map(RoleDetail::permissions_boundary));
        let arns = attached.filter_map(AttachedPolicy::policy_arn);
        let arns = arns.chain(bounds.filter_map(AttachedPermissionsBoundary::permissions_boundary_arn));
        let missing: BTreeSet<String> =
            arns.filter(|arn| !self.documents.contains_key(*arn)).map(str::to_owned).collect();
        let found: Vec<_> = stream::iter(missing)
            .map(|arn| async move { (document(inside, &arn).await, arn) })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        for (document, arn) in found {
            match document {
                Ok(document) => {
                    self.documents.insert(arn, document);
                }
                Err(why) => gaps.push(Gap { what: format!("the managed policy {arn}"), why }),
            }
        }
        Ok(())
    }

    fn identities(&self) -> Vec<Identity> {
        let roles = self.roles.iter().filter_map(|role| {
            let mut policies = inline(role.role_policy_list(), "");
            policies.extend(self.attached(role.attached_managed_policies(), ""));
            Some(Identity {
                arn: role.arn()?.parse().ok()?,
                policies,
                boundary: self.boundary(role.permissions_boundary()),
                tags: tags(role.tags()),
                unknown_groups: Vec::new(),
            })
        });
        let users = self.users.iter().filter_map(|user| {
            let mut policies = inline(user.user_policy_list(), "");
            policies.extend(self.attached(user.attached_managed_policies(), ""));
            let mut unknown_groups = Vec::new();
            for name in user.group_list() {
                match self.groups.iter().find(|group| group.group_name() == Some(name)) {
                    Some(group) => {
                        let prefix = format!("{name}/");
                        policies.extend(inline(group.group_policy_list(), &prefix));
                        policies.extend(self.attached(group.attached_managed_policies(), &prefix));
                    }
                    None => unknown_groups.push(name.clone()),
                }
            }
            Some(Identity {
                arn: user.arn()?.parse().ok()?,
                policies,
                boundary: self.boundary(user.permissions_boundary()),
                tags: tags(user.tags()),
                unknown_groups,
            })
        });
        roles.chain(users).collect()
    }

    fn attached(&self, attached: &[AttachedPolicy], prefix: &str) -> Vec<Granted> {
        let arns = attached.iter().filter_map(AttachedPolicy::policy_arn);
        arns.map(|arn| Granted { name: format!("{prefix}{}", short(arn)), ..self.managed(arn) }).collect()
    }

    fn boundary(&self, boundary: Option<&AttachedPermissionsBoundary>) -> Option<Granted> {
        Some(self.managed(boundary?.permissions_boundary_arn()?))
    }

    fn managed(&self, arn: &str) -> Granted {
        Granted { name: short(arn).to_owned(), document: self.documents.get(arn).cloned() }
    }
}

/// Returns what stands after `policy/` in the ARN of a managed policy.
fn short(arn: &str) -> &str {
    arn.split_once(":policy/").map_or(arn, |(_, name)| name)
}

fn inline(policies: &[PolicyDetail], prefix: &str) -> Vec<Granted> {
    let granted = |policy: &PolicyDetail| Granted {
        name: format!("{prefix}{}", policy.policy_name().unwrap_or_default()),
        document: policy.policy_document().map(decoded),
    };
    policies.iter().map(granted).collect()
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn default_document(policy: &ManagedPolicyDetail) -> Option<(String, String)> {
    let version = policy.policy_version_list().iter().find(|version| version.is_default_version())?;
    Some((policy.arn()?.to_owned(), decoded(version.document()?)))
}

/// Reads a managed policy by itself.
async fn document(inside: &Aws, arn: &str) -> Result<String, String> {
    let get = || inside.iam.get_policy().policy_arn(arn).send();
    let policy = inside.read(Family::Iam, "iam", "GetPolicy", get).await.map_err(|failure| failure.to_string())?;
    let version = policy.policy().and_then(|policy| policy.default_version_id());
    let version = version.ok_or("AWS names no default version")?.to_owned();
    let get = || inside.iam.get_policy_version().policy_arn(arn).version_id(&version).send();
    let answer = inside.read(Family::Iam, "iam", "GetPolicyVersion", get).await;
    let answer = answer.map_err(|failure| failure.to_string())?;
    let text = answer.policy_version().and_then(|version| version.document());
    text.map(decoded).ok_or_else(|| "AWS gives no document".to_owned())
}
