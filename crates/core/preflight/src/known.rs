//! Who may ask in an account: what the project's stacks make there, joined with what is there.

use std::sync::Arc;

use stackfleet_base::AccountId;
use stackfleet_plan::{
    APP_TAG, STACK_TAG,
    identities::{Granted, Identities, Identity, IdentityKind},
};
use stackfleet_policy::{Policy, PolicyKind, PolicySet};

use crate::{
    access::{ADMINISTRATOR, Origin},
    roles::{Boundary, Made, Role, made_in},
    survey::Survey,
};

/// Somebody who may ask.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) kind: IdentityKind,
    pub(crate) origin: Origin,
    /// `None` may do everything.
    pub(crate) powers: Option<Powers>,
    /// What a role that a stack makes may do until then, and the account's id as those documents have it.
    pub(crate) today: Option<(AccountId, Powers)>,
    /// The account's id as the documents have it.
    pub(crate) id: AccountId,
}

/// What somebody may do by policies of their own.
pub(crate) struct Powers {
    pub(crate) identity: PolicySet,
    /// Why there may be more grants.
    pub(crate) open: Option<String>,
    pub(crate) boundary: Option<Boundary>,
    pub(crate) tags: Vec<(String, String)>,
}

impl Known {
    /// Tells whether this name, `role/NAME`, `user/NAME` or ARN means it.
    pub(crate) fn is_called(&self, who: &str) -> bool {
        match who.split_once('/') {
            _ if who.starts_with("arn:") => self.arn == who,
            Some(("role", name)) => self.kind == IdentityKind::Role && self.name == name,
            Some(("user", name)) => self.kind == IdentityKind::User && self.name == name,
            Some(_) | None => self.name == who,
        }
    }

    /// Returns the role that accounts are presumed to have.
    pub(crate) fn administrator(partition: &str, account: &AccountId) -> Self {
        Self {
            name: ADMINISTRATOR.to_owned(),
            arn: format!("arn:{partition}:iam::{account}:role/{ADMINISTRATOR}"),
            kind: IdentityKind::Role,
            origin: Origin::Presumed,
            powers: None,
            today: None,
            id: account.clone(),
        }
    }

    /// Returns the same without what it may do.
    pub(crate) fn named(&self) -> Self {
        Self {
            name: self.name.clone(),
            arn: self.arn.clone(),
            origin: self.origin.clone(),
            id: self.id.clone(),
            kind: self.kind,
            powers: None,
            today: None,
        }
    }
}

/// Returns who is known in an account: roles of stacks, then what is there besides, users last.
pub(crate) fn callers(
    survey: &Survey<'_>,
    account: &AccountId,
    (partition, is_management): (&str, bool),
    seen: Option<&Identities>,
) -> Vec<Known> {
    let there = seen.map_or(&[][..], |seen| &seen.found);
    let mut callers = Vec::new();
    let mut joined: Vec<&Identity> = Vec::new();
    for made in made_in(survey, account).into_iter().filter(|_| !is_management) {
        let same: Vec<&Identity> = there.iter().filter(|identity| is_made(identity, &made)).collect();
        callers.push(of_stack(made, &same, (partition, account), seen));
        joined.extend(same);
    }
    for identity in there.iter().filter(|identity| !joined.contains(identity)) {
        callers.push(Known {
            name: identity.name().to_owned(),
            arn: identity.arn.to_string(),
            kind: identity.kind(),
            origin: Origin::Account,
            powers: Some(powers(identity)),
            today: None,
            id: account.clone(),
        });
    }
    let is_presumed =
        !seen.is_some_and(|seen| seen.complete) && !callers.iter().any(|known| known.name == ADMINISTRATOR);
    if is_presumed {
        callers.insert(0, Known::administrator(partition, account));
    }
    callers.sort_by_key(|known| known.kind);
    callers
}

/// Returns a role that a stack makes; `same` are those that are there and may be it.
fn of_stack(
    made: Made,
    same: &[&Identity],
    (partition, account): (&str, &AccountId),
    seen: Option<&Identities>,
) -> Known {
    let exists = match same {
        [] => seen.filter(|seen| seen.complete).map(|_| false),
        _ => Some(true),
    };
    // Several roles of one pattern, of a stack in several regions, cannot be told apart.
    let today = match same {
        [one] => Some((account.clone(), powers(one))),
        _ => None,
    };
    let Made { stack, name, role, id, .. } = made;
    Known {
        arn: format!("arn:{partition}:iam::{id}:role{}", role.path_and_name),
        kind: IdentityKind::Role,
        origin: Origin::Stack { stack, exists },
        powers: Some(role.into()),
        today,
        name,
        id,
    }
}

/// Tells whether a role that is there is the one that a stack makes. CloudFormation makes names of at most 24 letters of
/// the stack's name, as many of the logical id, and chance.
fn is_made(identity: &Identity, made: &Made) -> bool {
    const LETTERS: usize = 24;
    if identity.kind() == IdentityKind::User {
        return false;
    }
    let Some((app, logical_id)) = &made.generated else { return identity.name() == made.name };
    let tag = |key: &str| identity.tags.get(key).map(String::as_str);
    let start: String = logical_id.chars().take(LETTERS).collect();
    let named = identity.name().rsplit_once('-').is_some_and(|(name, _)| name.ends_with(&format!("-{start}")));
    tag(APP_TAG) == Some(app) && tag(STACK_TAG) == Some(&made.stack) && named
}

impl From<Role> for Powers {
    fn from(role: Role) -> Self {
        Self { identity: role.identity, open: role.open, boundary: role.boundary, tags: role.tags }
    }
}

fn powers(identity: &Identity) -> Powers {
    let mut open = identity.unknown_groups.first().map(|group| format!("the policies of group {group}"));
    let mut policies = Vec::new();
    for granted in &identity.policies {
        match parsed(PolicyKind::Identity, granted) {
            Some(policy) => policies.push(Arc::new(policy)),
            None => open = Some(format!("policy {}, which could not be read", granted.name)),
        }
    }
    let boundary = identity.boundary.as_ref().map(|granted| match parsed(PolicyKind::Boundary, granted) {
        Some(policy) => Boundary::Known(PolicySet::of(policy)),
        None => Boundary::Unknown(granted.name.clone()),
    });
    let tags = identity.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Powers { identity: PolicySet::new(policies), open, boundary, tags }
}

fn parsed(kind: PolicyKind, granted: &Granted) -> Option<Policy> {
    Policy::parse(kind, &granted.name, granted.document.as_ref()?).ok()
}
