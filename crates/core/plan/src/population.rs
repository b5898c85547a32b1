//! The accounts as they will be once the organization is as declared: the ground on which targets are chosen.

use std::collections::BTreeMap;

use stackfleet_base::AccountId;
use stackfleet_organization::tree::{self, State};
use stackfleet_project::model::Project;

use crate::{
    observed::{AccountState, Observed, ObservedAccount},
    plan::AccountRef,
};

/// An account that targets may name.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The account as target expressions see it: declared unit and tags, observed state.
    pub(crate) account: tree::Account,
    /// The account as it was seen.
    pub(crate) seen: Option<ObservedAccount>,
}

impl Member {
    pub(crate) fn reference(&self) -> AccountRef {
        reference(&self.account)
    }
}

/// Names an account; names alone are not unique in AWS.
pub(crate) fn reference(account: &tree::Account) -> AccountRef {
    AccountRef { name: account.name.clone(), id: account.id.clone() }
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Population {
    /// Accounts that targets may name: the declared ones in the project's order, or all that were seen when the project
    /// declares none.
    pub(crate) members: Vec<Member>,
    /// Accounts that the organization has and the project does not: never touched.
    pub(crate) strangers: Vec<Member>,
}

impl Population {
    pub(crate) fn of(project: &Project, observed: &Observed) -> Self {
        let mut seen: BTreeMap<&AccountId, &ObservedAccount> =
            observed.organization.iter().flat_map(|organization| &organization.accounts).collect();
        let management = management_id(observed);
        let Some(declared) = &project.organization else {
            let members = seen.iter().map(|(id, account)| member_seen(id, account, *id == management)).collect();
            return Self { members, strangers: Vec::new() };
        };
        let mut members = vec![match seen.remove(management) {
            Some(account) => member_seen(management, account, true),
            None => management_unseen(management, &declared.management.value),
        }];
        for account in declared.all_accounts() {
            let same = |(_, seen): &(&&AccountId, &&ObservedAccount)| same_email(&seen.email, &account.email.value);
            let id = seen.iter().find(same).map(|(id, _)| (*id).clone());
            let found = id.as_ref().and_then(|id| seen.remove(id));
            let mut tags = found.map(|seen| seen.tags.clone()).unwrap_or_default();
            tags.extend(account.tags.iter().map(|(key, value)| (key.clone(), value.clone())));
            members.push(Member {
                account: tree::Account {
                    name: account.name.value.clone(),
                    id,
                    email: account.email.value.clone(),
                    state: found.map_or(State::Active, |seen| state(seen.state)),
                    unit: account.unit.clone(),
                    tags,
                    ..tree::Account::default()
                },
                seen: found.cloned(),
            });
        }
        let strangers = seen.iter().map(|(id, account)| member_seen(id, account, false)).collect();
        Self { members, strangers }
    }

    /// Returns every account that service-managed stack sets can reach in a unit or below it.
    pub(crate) fn reachable<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a tree::Account> {
        let all = self.members.iter().chain(&self.strangers).map(|member| &member.account);
        all.filter(move |account| {
            account.state == State::Active && !account.management && is_within(&account.unit, unit)
        })
    }
}

/// Tells whether a unit is another, or below it; the empty path is the root.
pub(crate) fn is_within(path: &str, unit: &str) -> bool {
    unit.is_empty() || path == unit || path.strip_prefix(unit).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the management account: that of the organization, or the caller's, which becomes it.
pub(crate) fn management_id(observed: &Observed) -> &AccountId {
    observed.organization.as_ref().map_or(&observed.caller.account, |organization| &organization.management)
}

/// E-mail addresses of accounts are compared without regard to case, as Organizations does.
pub(crate) fn same_email(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn member_seen(id: &AccountId, seen: &ObservedAccount, management: bool) -> Member {
    let account = tree::Account {
        name: seen.name.clone(),
        id: Some(id.clone()),
        email: seen.email.clone(),
        state: state(seen.state),
        unit: seen.unit.clone(),
        tags: seen.tags.clone(),
        management,
        ..tree::Account::default()
    };
    Member { account, seen: Some(seen.clone()) }
}

fn management_unseen(id: &AccountId, email: &str) -> Member {
    let account = tree::Account {
        name: "management".to_owned(),
        id: Some(id.clone()),
        email: email.to_owned(),
        management: true,
        ..tree::Account::default()
    };
    Member { account, seen: None }
}

const fn state(seen: AccountState) -> State {
    match seen {
        AccountState::PendingActivation => State::PendingActivation,
        AccountState::Active => State::Active,
        AccountState::Suspended => State::Suspended,
        AccountState::PendingClosure => State::PendingClosure,
        AccountState::Closed => State::Closed,
    }
}
