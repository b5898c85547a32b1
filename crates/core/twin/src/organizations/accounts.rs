//! Accounts of the organization: made, moved, closed, removed.

use std::time::Duration;

use stackfleet_api::{Error, organizations as api};
use stackfleet_base::{AccountId, Timestamp};

use super::{Creation, Event, Member, MemberState, Organization, policies, refusal, tags, tree::list as page};
use crate::{call::Call, time::date_time, world::World};

/// How many creations may be under way at once.
const CREATIONS_AT_ONCE: usize = 5;
/// How many closures may be under way at once.
const CLOSURES_AT_ONCE: usize = 3;
/// How long a closure takes until the account is suspended: not documented, a few minutes are usual.
const CLOSING: Duration = Duration::from_secs(120);
/// How long a closed account stays suspended before it is gone.
const UNTIL_PURGED: Duration = Duration::from_secs(90 * 86_400);
/// How old a created account must be before it may leave.
const UNTIL_REMOVABLE: Duration = Duration::from_secs(4 * 86_400);

pub(super) fn member(name: String, email: String, parent: String, joined: Timestamp, invited: bool) -> Member {
    Member { name, email, parent, state: MemberState::Active, joined, invited, tags: Vec::new() }
}

impl Organization {
    /// Puts an account under the parent that it names, with what is attached to every account.
    pub(super) fn place(&mut self, account: AccountId, member: Member) {
        self.children.entry(member.parent.clone()).or_default().insert(account.to_string());
        policies::attach_defaults(self, account.as_str());
        self.accounts.insert(account, member);
        self.changed();
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateAccountInput,
) -> Result<api::CreateAccountOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    let running = organization.creations.values().filter(|creation| creation.outcome.is_none()).count();
    if running >= CREATIONS_AT_ONCE {
        let message = "You have exceeded the number of accounts that you can create at one time. Try again later.";
        return Err(refusal::constraint("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED", message));
    }
    let tags = tags::merged(&[], input.tags.unwrap_or_default())?;
    let creation = Creation {
        name: input.account_name,
        email: input.email,
        role: input.role_name.unwrap_or_else(|| "OrganizationAccountAccessRole".to_owned()),
        tags,
        requested: now,
        completed: None,
        outcome: None,
    };
    let draw = world.ids.draw("create-account", &[&creation.email]);
    let request = format!("car-{}", draw.hex(32));
    // Not documented; a few tens of seconds are usual. Spread, so that creations do not end together.
    let seconds = 20 + draw.digits(4).parse::<u64>().unwrap_or(0) % 20;
    world.queue.push(now + Duration::from_secs(seconds), Event::Created { request: request.clone() }.into());
    let status = shown_creation(&request, &creation);
    world.organization_write(call)?.creations.insert(request, creation);
    Ok(api::CreateAccountOutput { create_account_status: Some(status) })
}

/// Ends a creation: with an account in the root, or with the reason why there is none.
pub(super) fn finish_creation(world: &mut World, request: &str) {
    let now = world.now;
    let accounts_max = world.options.accounts_max;
    let Some(organization) = &mut world.organization else { return };
    let Some(creation) = organization.creations.get(request).cloned() else { return };
    let taken = world.accounts.values().any(|account| account.email.eq_ignore_ascii_case(&creation.email));
    let outcome = if taken {
        Err("EMAIL_ALREADY_EXISTS".to_owned())
    } else if !looks_like_mail(&creation.email) {
        Err("INVALID_EMAIL".to_owned())
    } else if organization.accounts.len() >= accounts_max {
        Err("ACCOUNT_LIMIT_EXCEEDED".to_owned())
    } else {
        Ok(world.create_account(creation.name.clone(), creation.email.clone()))
    };
    if let Ok(account) = &outcome {
        world.create_access_role(account, &creation.role);
        world.create_service_linked_role(account, "organizations.amazonaws.com", "AWSServiceRoleForOrganizations");
    }
    let Some(organization) = &mut world.organization else { return };
    let mut entered = Vec::new();
    if let Ok(account) = &outcome {
        let root = organization.root.clone();
        let mut member = member(creation.name, creation.email, root.clone(), now, false);
        member.tags = creation.tags;
        organization.place(account.clone(), member);
        entered.push(root);
    }
    if let Some(creation) = organization.creations.get_mut(request) {
        creation.completed = Some(now);
        creation.outcome = Some(outcome.clone());
    }
    if let Ok(account) = &outcome {
        world.account_moved(account, &[], &entered);
    }
}

/// Something, an `@`, and something with a dot.
fn looks_like_mail(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.starts_with('.'))
}

fn shown_creation(id: &str, creation: &Creation) -> api::CreateAccountStatus {
    let state = match &creation.outcome {
        None => "IN_PROGRESS",
        Some(Ok(_)) => "SUCCEEDED",
        Some(Err(_)) => "FAILED",
    };
    let account = creation.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
    let reason = creation.outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
    api::CreateAccountStatus {
        id: Some(id.to_owned()),
        account_name: Some(creation.name.clone()),
        state: api::CreateAccountState::parse(state),
        requested_timestamp: Some(date_time(creation.requested)),
        completed_timestamp: creation.completed.map(date_time),
        account_id: account.map(ToString::to_string),
        gov_cloud_account_id: None,
        failure_reason: reason.and_then(|reason| api::CreateAccountFailureReason::parse(reason)),
    }
}

pub(super) fn describe_creation(
    world: &mut World,
    call: &Call,
    input: api::DescribeCreateAccountStatusInput,
) -> Result<api::DescribeCreateAccountStatusOutput, Error> {
    let organization = world.organization_read(call)?;
    let id = input.create_account_request_id;
    let creation = organization.creations.get(&id).ok_or_else(|| {
        let message = "You specified a create account request that doesn't exist.";
        api::CreateAccountStatusNotFoundException::error(message)
    })?;
    Ok(api::DescribeCreateAccountStatusOutput { create_account_status: Some(shown_creation(&id, creation)) })
}

pub(super) fn list_creations(
    world: &mut World,
    call: &Call,
    input: api::ListCreateAccountStatusInput,
) -> Result<api::ListCreateAccountStatusOutput, Error> {
    let organization = world.organization_read(call)?;
    let states = input.states.unwrap_or_default();
    let shown = organization.creations.iter().map(|(id, creation)| (id.clone(), shown_creation(id, creation)));
    let shown = shown
        .filter(|(_, status)| states.is_empty() || status.state.as_ref().is_some_and(|state| states.contains(state)));
    let (page, next_token) = page("creations", shown, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListCreateAccountStatusOutput { create_account_statuses: Some(page), next_token })
}

pub(super) fn shown(organization: &Organization, id: &AccountId, member: &Member) -> api::Account {
    let state = match member.state {
        MemberState::Active => "ACTIVE",
        MemberState::PendingClosure => "PENDING_CLOSURE",
        MemberState::Suspended => "SUSPENDED",
    };
    api::Account {
        id: Some(id.to_string()),
        arn: Some(organization.account_arn(id)),
        email: Some(member.email.clone()),
        name: Some(member.name.clone()),
        status: api::AccountStatus::parse(state),
        state: api::AccountState::parse(state),
        paths: Some(vec![organization.path_text(id, true)]),
        joined_method: api::AccountJoinedMethod::parse(if member.invited { "INVITED" } else { "CREATED" }),
        joined_timestamp: Some(date_time(member.joined)),
    }
}

pub(super) fn describe(
    world: &mut World,
    call: &Call,
    input: api::DescribeAccountInput,
) -> Result<api::DescribeAccountOutput, Error> {
    let organization = world.organization_read(call)?;
    let (id, member) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    Ok(api::DescribeAccountOutput { account: Some(shown(organization, id, member)) })
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListAccountsInput,
) -> Result<api::ListAccountsOutput, Error> {
    let organization = world.organization_read(call)?;
    let all = organization.accounts.iter().map(|(id, member)| (id.to_string(), (id, member)));
    let (found, next_token) = page("accounts", all, input.next_token.as_deref(), input.max_results)?;
    let accounts = found.into_iter().map(|(id, member)| shown(organization, id, member)).collect();
    Ok(api::ListAccountsOutput { accounts: Some(accounts), next_token })
}

pub(super) fn list_for_parent(
    world: &mut World,
    call: &Call,
    input: api::ListAccountsForParentInput,
) -> Result<api::ListAccountsForParentOutput, Error> {
    let organization = world.organization_read(call)?;
    if !organization.is_parent(&input.parent_id) {
        return Err(refusal::parent_not_found());
    }
    let children = organization.children.get(&input.parent_id).into_iter().flatten();
    let all = children.filter_map(|id| Some((id.clone(), organization.account(id)?)));
    let (found, next_token) = page("accounts-of", all, input.next_token.as_deref(), input.max_results)?;
    let accounts = found.into_iter().map(|(id, member)| shown(organization, id, member)).collect();
    Ok(api::ListAccountsForParentOutput { accounts: Some(accounts), next_token })
}

pub(super) fn relocate(
    world: &mut World,
    call: &Call,
    input: api::MoveAccountInput,
) -> Result<api::MoveAccountOutput, Error> {
    let organization = world.organization_write(call)?;
    let (account, member) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    let (source, destination) = (input.source_parent_id, input.destination_parent_id);
    if !organization.is_parent(&destination) {
        let message = "You specified a destination parent that doesn't exist.";
        return Err(api::DestinationParentNotFoundException::error(message));
    }
    if !organization.is_parent(&source) {
        let message = "You specified a source parent that doesn't exist.";
        return Err(api::SourceParentNotFoundException::error(message));
    }
    if member.parent == destination {
        let message = "The account is already present in the specified destination.";
        return Err(api::DuplicateAccountException::error(message));
    }
    if member.parent != source {
        let message = "The account isn't in the specified source parent.";
        return Err(api::SourceParentNotFoundException::error(message));
    }
    let account = account.clone();
    let owned = |nodes: Vec<&str>| nodes.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>();
    let (left, entered) = (owned(organization.upward(&source)), owned(organization.upward(&destination)));
    organization.children.entry(source).or_default().remove(account.as_str());
    organization.children.entry(destination.clone()).or_default().insert(account.to_string());
    if let Some(member) = organization.accounts.get_mut(&account) {
        member.parent = destination;
    }
    world.account_moved(&account, &left, &entered);
    Ok(api::MoveAccountOutput::default())
}

pub(super) fn close(
    world: &mut World,
    call: &Call,
    input: api::CloseAccountInput,
) -> Result<api::CloseAccountOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    let (account, member) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    let account = account.clone();
    if account == organization.management {
        let message = "You can't close the management account.";
        return Err(refusal::constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", message));
    }
    if member.state != MemberState::Active {
        let message = "You attempted to close an account that is already closed.";
        return Err(api::AccountAlreadyClosedException::error(message));
    }
    let closing = organization.accounts.values().filter(|member| member.state == MemberState::PendingClosure);
    if closing.count() >= CLOSURES_AT_ONCE {
        let message = "You have exceeded the number of close requests you can make at a time.";
        return Err(refusal::constraint("CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED", message));
    }
    if let Some(member) = organization.accounts.get_mut(&account) {
        member.state = MemberState::PendingClosure;
    }
    world.queue.push(now + CLOSING, Event::Suspended { account }.into());
    Ok(api::CloseAccountOutput::default())
}

pub(super) fn suspend(world: &mut World, account: &AccountId) {
    let member = world.organization.as_mut().and_then(|organization| organization.accounts.get_mut(account));
    if let Some(member) = member {
        member.state = MemberState::Suspended;
        world.queue.push(world.now + UNTIL_PURGED, Event::Purged { account: account.clone() }.into());
    }
}

pub(super) fn remove(
    world: &mut World,
    call: &Call,
    input: api::RemoveAccountFromOrganizationInput,
) -> Result<api::RemoveAccountFromOrganizationOutput, Error> {
    let organization = world.organization_write(call)?;
    let (account, _) = organization.account(&input.account_id).ok_or_else(refusal::account_not_found)?;
    let account = account.clone();
    check_leaving(world, &account)?;
    leave(world, &account);
    Ok(api::RemoveAccountFromOrganizationOutput::default())
}

fn check_leaving(world: &World, account: &AccountId) -> Result<(), Error> {
    let organization = world.organization.as_ref().ok_or_else(refusal::not_in_use)?;
    let member = organization.accounts.get(account).ok_or_else(refusal::not_in_use)?;
    if *account == organization.management {
        let message = "You can't remove the management account from the organization.";
        return Err(api::MasterCannotLeaveOrganizationException::error(message));
    }
    if organization.delegated.values().any(|accounts| accounts.contains_key(account)) {
        let message = "You can't remove a registered delegated administrator from the organization.";
        return Err(refusal::constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", message));
    }
    if !member.invited && world.now.since(member.joined) < UNTIL_REMOVABLE {
        let message = "You can't remove an account that was created less than four days ago.";
        return Err(refusal::constraint("WAIT_PERIOD_ACTIVE", message));
    }
    Ok(())
}

/// Takes an account out of the organization; it goes on by itself.
pub(super) fn leave(world: &mut World, account: &AccountId) {
    let Some(organization) = &mut world.organization else { return };
    let Some(member) = organization.accounts.get(account) else { return };
    let left: Vec<String> = organization.upward(&member.parent).into_iter().map(ToOwned::to_owned).collect();
    let parent = member.parent.clone();
    if let Some(siblings) = organization.children.get_mut(&parent) {
        siblings.remove(account.as_str());
    }
    organization.attached.remove(account.as_str());
    organization.accounts.remove(account);
    organization.changed();
    world.account_moved(account, &left, &[]);
}
