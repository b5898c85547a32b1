//! Reads units, accounts and policies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::types::{self as sdk, CreateAccountState, PolicyType};
use futures_util::{StreamExt, TryStreamExt, stream};
use stackfleet_base::AccountId;
use stackfleet_plan::{
    Scope,
    observed::{
        AccountState, Gap, ObservedAccount, ObservedCreation, ObservedOrganization, ObservedPolicy, ObservedUnit,
    },
};

use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Calls in flight at once; the limiter decides how fast they go.
const CONCURRENCY: usize = 16;

/// The service control policy that AWS attaches to every node when the type is switched on.
const FULL_ACCESS: &str = "p-FullAWSAccess";

pub(super) async fn organization(
    aws: &Aws,
    scope: &Scope,
    gaps: &mut Vec<Gap>,
) -> Result<Option<ObservedOrganization>, Failure> {
    let client = &aws.organizations;
    let describe = || client.describe_organization().send();
    let described = match aws.read(Family::OrganizationSlow, "organizations", "DescribeOrganization", describe).await {
        Ok(described) => described.organization,
        Err(failure) if failure.is("AWSOrganizationsNotInUse") => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let Some(described) = described else { return Ok(None) };
    let Some(management) = described.master_account_id().and_then(|id| id.parse::<AccountId>().ok()) else {
        return Ok(None);
    };
    let mut found = ObservedOrganization {
        id: described.id().unwrap_or_default().to_owned(),
        all_features: described.feature_set() == Some(&sdk::OrganizationFeatureSet::All),
        root: String::new(),
        service_control_policies: false,
        stack_sets_access: None,
        units: BTreeMap::new(),
        accounts: BTreeMap::new(),
        creations: BTreeMap::new(),
        policies: BTreeMap::new(),
        full_access_detached: BTreeSet::new(),
        resource_control_policies: BTreeMap::new(),
        policies_known: false,
        management,
    };
    if found.management != *aws.account() {
        // A member account may describe the organization and nothing more, unless it is a delegated administrator.
        return Ok(Some(found));
    }
    let resource_control = roots(aws, &mut found).await?;
    units(aws, &mut found).await?;
    accounts(aws, &mut found).await?;
    creations(aws, &mut found, gaps).await;
    match all_policies(aws, &mut found, resource_control).await {
        Ok(()) => found.policies_known = true,
        Err(failure) if scope.policies => return Err(failure),
        Err(failure) => gaps.push(Gap { what: "policies of the organization".to_owned(), why: failure.to_string() }),
    }
    found.stack_sets_access = stack_sets_access(aws, gaps).await;
    Ok(Some(found))
}

/// Reads the root; tells whether resource control policies are on.
async fn roots(aws: &Aws, found: &mut ObservedOrganization) -> Result<bool, Failure> {
    let list = || aws.organizations.list_roots().send();
    let roots = aws.read(Family::OrganizationSwitch, "organizations", "ListRoots", list).await?;
    let Some(root) = roots.roots().first() else { return Ok(false) };
    root.id().unwrap_or_default().clone_into(&mut found.root);
    let enabled = |kind: PolicyType| {
        root.policy_types()
            .iter()
            .any(|found| found.r#type() == Some(&kind) && found.status() == Some(&sdk::PolicyTypeStatus::Enabled))
    };
    found.service_control_policies = enabled(PolicyType::ServiceControlPolicy);
    Ok(enabled(PolicyType::ResourceControlPolicy))
}

/// Walks the tree level by level; units of a level are listed side by side.
async fn units(aws: &Aws, found: &mut ObservedOrganization) -> Result<(), Failure> {
    let mut level = vec![(String::new(), found.root.clone())];
    while !level.is_empty() {
        let below: Vec<Vec<(String, String)>> = stream::iter(level)
            .map(|(path, id)| async move { children(aws, &path, &id).await })
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        level = below.into_iter().flatten().collect();
        let units = level.iter().map(|(path, id)| (path.clone(), ObservedUnit { id: id.clone() }));
        found.units.extend(units);
    }
    Ok(())
}

async fn children(aws: &Aws, path: &str, parent: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut units = Vec::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_organizational_units_for_parent().parent_id(parent);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::TreeList, "organizations", "ListOrganizationalUnitsForParent", list).await?;
        for unit in page.organizational_units() {
            let name = unit.name().unwrap_or_default();
            let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            units.push((below, unit.id().unwrap_or_default().to_owned()));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(units);
        }
    }
}

/// Lists the accounts of the root and of every unit, then each account's tags.
async fn accounts(aws: &Aws, found: &mut ObservedOrganization) -> Result<(), Failure> {
    let mut parents = vec![(String::new(), found.root.clone())];
    parents.extend(found.units.iter().map(|(path, unit)| (path.clone(), unit.id.clone())));
    let listed: Vec<Vec<(AccountId, ObservedAccount)>> = stream::iter(parents)
        .map(|(path, id)| async move { accounts_of(aws, &path, &id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let tagged: Vec<(AccountId, ObservedAccount)> = stream::iter(listed.into_iter().flatten())
        .map(|(id, mut account)| async move {
            if account.state == AccountState::Active {
                account.tags = tags(aws, &id).await?;
            }
            Ok::<_, Failure>((id, account))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    found.accounts.extend(tagged);
    Ok(())
}

async fn accounts_of(aws: &Aws, path: &str, parent: &str) -> Result<Vec<(AccountId, ObservedAccount)>, Failure> {
    let mut accounts = Vec::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_accounts_for_parent().parent_id(parent);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::TreeList, "organizations", "ListAccountsForParent", list).await?;
        accounts.extend(page.accounts().iter().filter_map(|account| {
            let seen = ObservedAccount {
                name: account.name().unwrap_or_default().to_owned(),
                email: account.email().unwrap_or_default().to_owned(),
                state: state(account),
                unit: path.to_owned(),
                tags: BTreeMap::new(),
            };
            Some((account.id()?.parse().ok()?, seen))
        }));
        token = page.next_token;
        if token.is_none() {
            return Ok(accounts);
        }
    }
}

/// `State`, or the older `Status` where an endpoint does not know it.
fn state(account: &sdk::Account) -> AccountState {
    match (account.state().map(sdk::AccountState::as_str), account.status().map(|status| status.as_str())) {
        (Some("PENDING_ACTIVATION"), _) => AccountState::PendingActivation,
        (Some("SUSPENDED"), _) | (None, Some("SUSPENDED")) => AccountState::Suspended,
        (Some("PENDING_CLOSURE"), _) | (None, Some("PENDING_CLOSURE")) => AccountState::PendingClosure,
        (Some("CLOSED"), _) => AccountState::Closed,
        _ => AccountState::Active,
    }
}

async fn tags(aws: &Aws, account: &AccountId) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_tags_for_resource().resource_id(account.as_str());
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::TagList, "organizations", "ListTagsForResource", list).await?;
        tags.extend(page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        token = page.next_token;
        if token.is_none() {
            return Ok(tags);
        }
    }
}

async fn creations(aws: &Aws, found: &mut ObservedOrganization, gaps: &mut Vec<Gap>) {
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_create_account_status().states(CreateAccountState::InProgress);
            call.set_next_token(token.clone()).send()
        };
        match aws.read(Family::AccountCreateList, "organizations", "ListCreateAccountStatus", list).await {
            Ok(page) => {
                found.creations.extend(page.create_account_statuses().iter().filter_map(|status| {
                    let creation = ObservedCreation { id: status.id()?.to_owned(), failure: None };
                    Some((status.account_name()?.to_owned(), creation))
                }));
                token = page.next_token;
                if token.is_none() {
                    return;
                }
            }
            Err(failure) => {
                // Without it a creation under way is not followed; a second one is refused by its e-mail address.
                gaps.push(Gap { what: "account creations under way".to_owned(), why: failure.to_string() });
                return;
            }
        }
    }
}

/// Reads every policy that binds accounts, each document once.
async fn all_policies(aws: &Aws, found: &mut ObservedOrganization, resource_control: bool) -> Result<(), Failure> {
    if found.service_control_policies {
        found.policies = policies(aws, PolicyType::ServiceControlPolicy).await?;
        found.full_access_detached = full_access_detached(aws, &found.policies).await?;
    }
    if resource_control {
        found.resource_control_policies = policies(aws, PolicyType::ResourceControlPolicy).await?;
    }
    Ok(())
}

async fn policies(aws: &Aws, kind: PolicyType) -> Result<BTreeMap<String, ObservedPolicy>, Failure> {
    let mut summaries = Vec::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_policies().filter(kind.clone());
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::PolicyList, "organizations", "ListPolicies", list).await?;
        summaries.extend(page.policies().iter().filter(|policy| !policy.aws_managed()).cloned());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let read: Vec<(String, ObservedPolicy)> = stream::iter(summaries)
        .map(|summary| async move {
            let id = summary.id().unwrap_or_default();
            let describe = || aws.organizations.describe_policy().policy_id(id).send();
            let policy = aws.read(Family::PolicyDescribe, "organizations", "DescribePolicy", describe).await?;
            let content = policy.policy().and_then(|policy| policy.content()).unwrap_or_default().to_owned();
            let targets = targets(aws, id).await?;
            let name = summary.name().unwrap_or_default().to_owned();
            Ok::<_, Failure>((name, ObservedPolicy { id: id.to_owned(), content, targets }))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(read.into_iter().collect())
}

/// Asks the nodes that have policies of their own whether `FullAWSAccess` is still among them.
async fn full_access_detached(
    aws: &Aws,
    policies: &BTreeMap<String, ObservedPolicy>,
) -> Result<BTreeSet<String>, Failure> {
    let nodes: BTreeSet<&String> = policies.values().flat_map(|policy| &policy.targets).collect();
    let asked: Vec<Option<String>> = stream::iter(nodes)
        .map(|node| async move {
            let list = || {
                let call = aws.organizations.list_policies_for_target().target_id(node);
                call.filter(PolicyType::ServiceControlPolicy).send()
            };
            // At most ten policies are attached to a node: one page.
            let page = aws.read(Family::PolicyList, "organizations", "ListPoliciesForTarget", list).await?;
            let full = page.policies().iter().any(|policy| policy.id() == Some(FULL_ACCESS));
            Ok::<_, Failure>((!full).then(|| node.clone()))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(asked.into_iter().flatten().collect())
}

async fn targets(aws: &Aws, policy: &str) -> Result<BTreeSet<String>, Failure> {
    let mut targets = BTreeSet::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_targets_for_policy().policy_id(policy);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::PolicyList, "organizations", "ListTargetsForPolicy", list).await?;
        targets.extend(page.targets().iter().filter_map(|target| target.target_id().map(str::to_owned)));
        token = page.next_token;
        if token.is_none() {
            return Ok(targets);
        }
    }
}

async fn stack_sets_access(aws: &Aws, gaps: &mut Vec<Gap>) -> Option<bool> {
    let describe = || aws.cloudformation.describe_organizations_access().send();
    match aws.read(Family::StackSets, "cloudformation", "DescribeOrganizationsAccess", describe).await {
        Ok(access) => {
            access.status().map(|status| *status == aws_sdk_cloudformation::types::OrganizationStatus::Enabled)
        }
        Err(failure) => {
            gaps.push(Gap { what: "trusted access of stack sets".to_owned(), why: failure.to_string() });
            None
        }
    }
}
