//! Steps in AWS Organizations.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::{CreateAccountState, CreateAccountStatus, OrganizationFeatureSet, PolicyType, Tag};
use stackfleet_plan::plan::{AccountRef, PolicyTarget};
use stackfleet_rollout::{Directory, Fact, step::CreationState};

use super::{account_id, unmade};
use crate::{
    connect::Aws,
    failure::{Failure, Kind},
    limiter::Family,
};

const SERVICE: &str = "organizations";

/// What it takes for a policy type to be on after it was switched on: seconds.
const POLICY_TYPE_PAUSE: std::time::Duration = std::time::Duration::from_secs(3);

pub(super) async fn create(aws: &Aws) -> Result<Fact, Failure> {
    let call = aws.organizations.create_organization().feature_set(OrganizationFeatureSet::All).send();
    match aws.once(Family::OrganizationSwitch, SERVICE, "CreateOrganization", call).await {
        Ok(_) => {}
        Err(failure) if failure.is("AlreadyInOrganization") => {}
        Err(failure) => return Err(failure),
    }
    let describe = || aws.organizations.describe_organization().send();
    let described = aws.read(Family::OrganizationSlow, SERVICE, "DescribeOrganization", describe).await?;
    let list = || aws.organizations.list_roots().send();
    let roots = aws.read(Family::OrganizationSwitch, SERVICE, "ListRoots", list).await?;
    let organization = described.organization();
    let id = organization.and_then(|found| found.id());
    let management = organization.and_then(|found| found.master_account_id()).and_then(|id| id.parse().ok());
    match (id, management, roots.roots().first().and_then(|root| root.id())) {
        (Some(id), Some(management), Some(root)) => {
            Ok(Fact::Organization { id: id.to_owned(), management, root: root.to_owned() })
        }
        _ => Err(unmade(aws, SERVICE, "DescribeOrganization", "the answer lacks ids".to_owned())),
    }
}

pub(super) async fn enable_policies(aws: &Aws, directory: &Directory) -> Result<Fact, Failure> {
    let root = root(aws, directory, "EnablePolicyType")?;
    let call = aws.organizations.enable_policy_type().root_id(root).policy_type(PolicyType::ServiceControlPolicy);
    let done = aws.once(Family::OrganizationSwitch, SERVICE, "EnablePolicyType", call.send()).await;
    already(done.map(drop), "PolicyTypeAlreadyEnabled")
}

pub(super) async fn activate_access(aws: &Aws) -> Result<Fact, Failure> {
    let call = aws.cloudformation.activate_organizations_access().send();
    aws.once(Family::StackSets, "cloudformation", "ActivateOrganizationsAccess", call).await?;
    Ok(Fact::Nothing)
}

pub(super) async fn create_unit(aws: &Aws, directory: &Directory, path: &str) -> Result<Fact, Failure> {
    const OPERATION: &str = "CreateOrganizationalUnit";
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = unit(aws, directory, parent, OPERATION)?;
    let call = aws.organizations.create_organizational_unit().parent_id(&parent).name(name).send();
    let id = match aws.once(Family::OrganizationSlow, SERVICE, OPERATION, call).await {
        Ok(answer) => answer.organizational_unit.and_then(|unit| unit.id),
        Err(failure) if failure.is("DuplicateOrganizationalUnit") => find_unit(aws, &parent, name).await?,
        Err(failure) => return Err(failure),
    };
    match id {
        Some(id) => Ok(Fact::Unit { path: path.to_owned(), id }),
        None => Err(unmade(aws, SERVICE, OPERATION, format!("AWS gave no id for unit `{path}`"))),
    }
}

async fn find_unit(aws: &Aws, parent: &str, name: &str) -> Result<Option<String>, Failure> {
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_organizational_units_for_parent().parent_id(parent);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::TreeList, SERVICE, "ListOrganizationalUnitsForParent", list).await?;
        if let Some(unit) = page.organizational_units().iter().find(|unit| unit.name() == Some(name)) {
            return Ok(unit.id().map(str::to_owned));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
}

pub(super) async fn create_account(
    aws: &Aws,
    name: &str,
    email: &str,
    tags: &BTreeMap<String, String>,
    look_first: bool,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "CreateAccount";
    if look_first && let Some(fact) = find_creation(aws, name).await? {
        return Ok(fact);
    }
    let call = aws.organizations.create_account().account_name(name).email(email);
    let call = call.set_tags(Some(sdk_tags(aws, tags, OPERATION)?)).send();
    let answer = aws.once(Family::AccountCreate, SERVICE, OPERATION, call).await?;
    creation_fact(aws, answer.create_account_status.as_ref(), OPERATION)
}

/// Looks for a creation of an account of this name that is under way or has succeeded.
async fn find_creation(aws: &Aws, name: &str) -> Result<Option<Fact>, Failure> {
    const OPERATION: &str = "ListCreateAccountStatus";
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_create_account_status();
            let call = call.states(CreateAccountState::InProgress).states(CreateAccountState::Succeeded);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::AccountCreateList, SERVICE, OPERATION, list).await?;
        if let Some(status) = page.create_account_statuses().iter().find(|status| status.account_name() == Some(name)) {
            return creation_fact(aws, Some(status), OPERATION).map(Some);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
}

pub(super) async fn creation(aws: &Aws, id: &str) -> Result<Fact, Failure> {
    const OPERATION: &str = "DescribeCreateAccountStatus";
    let describe = aws.organizations.describe_create_account_status().create_account_request_id(id).send();
    let answer = aws.once(Family::AccountCreateDescribe, SERVICE, OPERATION, describe).await?;
    creation_fact(aws, answer.create_account_status.as_ref(), OPERATION)
}

fn creation_fact(aws: &Aws, status: Option<&CreateAccountStatus>, operation: &'static str) -> Result<Fact, Failure> {
    let made = || {
        let status = status?;
        let state = match status.state()? {
            CreateAccountState::InProgress => CreationState::InProgress,
            CreateAccountState::Succeeded => CreationState::Succeeded(status.account_id()?.parse().ok()?),
            CreateAccountState::Failed | _ => {
                let reason = status.failure_reason().map(|reason| reason.as_str().to_owned());
                CreationState::Failed(reason.unwrap_or_else(|| "AWS gave no reason".to_owned()))
            }
        };
        Some(Fact::Creation { id: status.id()?.to_owned(), state })
    };
    made().ok_or_else(|| unmade(aws, SERVICE, operation, "the answer lacks the creation's status".to_owned()))
}

pub(super) async fn move_account(
    aws: &Aws,
    directory: &Directory,
    account: &AccountRef,
    from: &str,
    to: &str,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "MoveAccount";
    let id = account_id(aws, directory, account, SERVICE, OPERATION)?;
    let from = unit(aws, directory, from, OPERATION)?;
    let to = unit(aws, directory, to, OPERATION)?;
    let call = aws.organizations.move_account().account_id(&id).source_parent_id(from).destination_parent_id(&to);
    match aws.once(Family::OrganizationMove, SERVICE, OPERATION, call.send()).await {
        Ok(_) => Ok(Fact::Nothing),
        Err(failure) if failure.is("DuplicateAccount") => Ok(Fact::Nothing),
        // An earlier attempt whose answer was lost has moved it.
        Err(failure) if failure.is("SourceParentNotFound") || failure.is("AccountNotFound") => {
            let list = || aws.organizations.list_parents().child_id(&id).send();
            let parents = aws.read(Family::TreeList, SERVICE, "ListParents", list).await?;
            let there = parents.parents().iter().any(|parent| parent.id() == Some(to.as_str()));
            if there { Ok(Fact::Nothing) } else { Err(failure) }
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn tag_account(
    aws: &Aws,
    directory: &Directory,
    account: &AccountRef,
    tags: &BTreeMap<String, String>,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "TagResource";
    let id = account_id(aws, directory, account, SERVICE, OPERATION)?;
    let tags = sdk_tags(aws, tags, OPERATION)?;
    let call = aws.organizations.tag_resource().resource_id(id).set_tags(Some(tags)).send();
    aws.once(Family::TagChange, SERVICE, OPERATION, call).await?;
    Ok(Fact::Nothing)
}

pub(super) async fn create_policy(aws: &Aws, name: &str, description: &str, content: &str) -> Result<Fact, Failure> {
    const OPERATION: &str = "CreatePolicy";
    let call = aws.organizations.create_policy().name(name).description(description).content(content);
    let call = call.r#type(PolicyType::ServiceControlPolicy).send();
    let id = match aws.once(Family::PolicyChange, SERVICE, OPERATION, call).await {
        Ok(answer) => answer.policy.and_then(|policy| policy.policy_summary).and_then(|summary| summary.id),
        Err(failure) if failure.is("DuplicatePolicy") => find_policy(aws, name).await?,
        Err(failure) => return Err(failure),
    };
    match id {
        Some(id) => Ok(Fact::Policy { name: name.to_owned(), id }),
        None => Err(unmade(aws, SERVICE, OPERATION, format!("AWS gave no id for policy `{name}`"))),
    }
}

async fn find_policy(aws: &Aws, name: &str) -> Result<Option<String>, Failure> {
    let mut token = None;
    loop {
        let list = || {
            let call = aws.organizations.list_policies().filter(PolicyType::ServiceControlPolicy);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::PolicyList, SERVICE, "ListPolicies", list).await?;
        if let Some(policy) = page.policies().iter().find(|policy| policy.name() == Some(name)) {
            return Ok(policy.id().map(str::to_owned));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
}

pub(super) async fn update_policy(
    aws: &Aws,
    directory: &Directory,
    name: &str,
    content: &str,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "UpdatePolicy";
    let id = policy(aws, directory, name, OPERATION)?;
    let call = aws.organizations.update_policy().policy_id(id).content(content).send();
    aws.once(Family::PolicyChange, SERVICE, OPERATION, call).await?;
    Ok(Fact::Nothing)
}

pub(super) async fn attach_policy(
    aws: &Aws,
    directory: &Directory,
    name: &str,
    target: &PolicyTarget,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "AttachPolicy";
    let id = policy(aws, directory, name, OPERATION)?;
    let target = policy_target(aws, directory, target, OPERATION)?;
    let call = aws.organizations.attach_policy().policy_id(id).target_id(target).send();
    let mut done = aws.once(Family::PolicyChange, SERVICE, OPERATION, call).await.map(drop);
    if let Err(failure) = &mut done
        && failure.is("PolicyTypeNotEnabled")
    {
        // EnablePolicyType answers before the type is on (PENDING_ENABLE).
        failure.kind = Kind::Later(POLICY_TYPE_PAUSE);
    }
    already(done, "DuplicatePolicyAttachment")
}

pub(super) async fn detach_policy(
    aws: &Aws,
    directory: &Directory,
    name: &str,
    target: &PolicyTarget,
) -> Result<Fact, Failure> {
    const OPERATION: &str = "DetachPolicy";
    let id = policy(aws, directory, name, OPERATION)?;
    let target = policy_target(aws, directory, target, OPERATION)?;
    let call = aws.organizations.detach_policy().policy_id(id).target_id(target).send();
    already(aws.once(Family::PolicyChange, SERVICE, OPERATION, call).await.map(drop), "PolicyNotAttached")
}

/// What was wanted is so already: done.
fn already(done: Result<(), Failure>, code: &str) -> Result<Fact, Failure> {
    match done {
        Ok(()) => Ok(Fact::Nothing),
        Err(failure) if failure.is(code) => Ok(Fact::Nothing),
        Err(failure) => Err(failure),
    }
}

fn root(aws: &Aws, directory: &Directory, operation: &'static str) -> Result<String, Failure> {
    directory.root.clone().ok_or_else(|| unmade(aws, SERVICE, operation, "the root's id is not known".to_owned()))
}

pub(super) fn unit(aws: &Aws, directory: &Directory, path: &str, operation: &'static str) -> Result<String, Failure> {
    if path.is_empty() {
        return root(aws, directory, operation);
    }
    let known = directory.units.get(path).cloned();
    known.ok_or_else(|| unmade(aws, SERVICE, operation, format!("the id of unit `{path}` is not known")))
}

fn policy(aws: &Aws, directory: &Directory, name: &str, operation: &'static str) -> Result<String, Failure> {
    let known = directory.policies.get(name).cloned();
    known.ok_or_else(|| unmade(aws, SERVICE, operation, format!("the id of policy `{name}` is not known")))
}

fn policy_target(
    aws: &Aws,
    directory: &Directory,
    target: &PolicyTarget,
    operation: &'static str,
) -> Result<String, Failure> {
    match target {
        PolicyTarget::Root => root(aws, directory, operation),
        PolicyTarget::Unit(path) => unit(aws, directory, path, operation),
        PolicyTarget::Account(account) => account_id(aws, directory, account, SERVICE, operation),
    }
}

fn sdk_tags(aws: &Aws, tags: &BTreeMap<String, String>, operation: &'static str) -> Result<Vec<Tag>, Failure> {
    let made: Result<Vec<Tag>, _> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    made.map_err(|error| unmade(aws, SERVICE, operation, error.to_string()))
}
