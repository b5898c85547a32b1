//! Looks names up that templates give: roles, users and managed policies from within their accounts, buckets
//! from here, for their names are those of all accounts.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use stackfleet_base::AccountId;
use stackfleet_plan::{
    identities::ACCESS_ROLE,
    names::{GivenName, NamedKind, Standing, Standings},
};

use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Accounts that are looked into at once.
const ACCOUNTS: usize = 32;

/// Asks whether names are taken. What AWS does not tell is said.
pub async fn standings(aws: &Aws, names: &BTreeSet<GivenName>) -> Standings {
    let mut by_account: BTreeMap<&AccountId, Vec<&GivenName>> = BTreeMap::new();
    for name in names {
        by_account.entry(&name.account).or_default().push(name);
    }
    let found: Vec<Standings> = stream::iter(by_account)
        .map(|(account, names)| async move { of_account(aws, account, names).await })
        .buffered(ACCOUNTS)
        .collect()
        .await;
    let mut all = Standings::default();
    for Standings { names, closed } in found {
        all.names.extend(names);
        all.closed.extend(closed);
    }
    all
}

async fn of_account(aws: &Aws, account: &AccountId, names: Vec<&GivenName>) -> Standings {
    let mut told = Standings::default();
    let is_bucket = |name: &&GivenName| name.kind == NamedKind::Bucket;
    for name in names.iter().copied().filter(is_bucket) {
        told.names.insert(name.clone(), standing(aws, name).await);
    }
    if names.iter().all(is_bucket) {
        return told;
    }
    match aws.enter(account, ACCESS_ROLE).await {
        Ok(inside) => {
            for name in names.into_iter().filter(|name| !is_bucket(name)) {
                told.names.insert(name.clone(), standing(&inside, name).await);
            }
        }
        Err(failure) => {
            told.closed.insert(account.clone(), failure.to_string());
        }
    }
    told
}

async fn standing(at: &Aws, name: &GivenName) -> Standing {
    let failure = match asked(at, name).await {
        Ok(()) => return Standing::Taken,
        Err(failure) => failure,
    };
    let is_one_of = |codes: &[&str]| codes.iter().any(|code| failure.is(code));
    // `HeadBucket` answers without a body: only the status tells (S3 API Reference).
    if is_one_of(&["NoSuchEntity", "NotFound", "NoSuchBucket", "Http404"]) {
        Standing::Free
    } else if name.kind == NamedKind::Bucket && is_one_of(&["Http301", "PermanentRedirect"]) {
        Standing::Taken
    } else if name.kind == NamedKind::Bucket && is_one_of(&["Http403", "Forbidden", "AccessDenied"]) {
        Standing::Barred
    } else {
        Standing::Unknown(failure.to_string())
    }
}

async fn asked(at: &Aws, GivenName { account, kind, name, region }: &GivenName) -> Result<(), Failure> {
    match kind {
        NamedKind::Role => {
            let get = || at.iam.get_role().role_name(name).send();
            at.read(Family::Inside, "iam", "GetRole", get).await.map(drop)
        }
        NamedKind::User => {
            let get = || at.iam.get_user().user_name(name).send();
            at.read(Family::Inside, "iam", "GetUser", get).await.map(drop)
        }
        NamedKind::ManagedPolicy => {
            let arn = format!("arn:{}:iam::{account}:policy{name}", at.home().partition().as_str());
            let get = || at.iam.get_policy().policy_arn(&arn).send();
            at.read(Family::Inside, "iam", "GetPolicy", get).await.map(drop)
        }
        NamedKind::Bucket => {
            let client = at.s3(region);
            let head = || client.head_bucket().bucket(name).send();
            at.read(Family::Plenty, "s3", "HeadBucket", head).await.map(drop)
        }
    }
}
