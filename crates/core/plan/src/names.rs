//! Names that templates give, and whether somebody has them already.
//!
//! Asked of accounts apart from [`Observed`](crate::Observed), and only for what a plan makes anew.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::{AccountId, Region};

/// Calls that are made at most to look names up: entering an account is one, each name another. 1,000 accounts with one
/// role name are 2,000 calls, about twenty seconds.
pub const CALLS_MAX: usize = 2_500;

/// Types whose names are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedKind {
    /// `AWS::IAM::Role`, by name.
    Role,
    /// `AWS::IAM::User`, by name.
    User,
    /// `AWS::IAM::ManagedPolicy`, by path and name (`/app/deploy`).
    ManagedPolicy,
    /// `AWS::S3::Bucket`: names are unique in all of AWS.
    Bucket,
}

/// A name that a stack gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GivenName {
    /// The account in which it is given.
    pub account: AccountId,
    /// What has the name.
    pub kind: NamedKind,
    /// The name.
    pub name: String,
    /// The region; of no meaning to IAM.
    pub region: Region,
}

/// Whether a name is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has it.
    Free,
    /// Something has it that the caller may see.
    Taken,
    /// Something seems to have it, and the caller may not see what.
    Barred,
    /// AWS did not tell, for this reason.
    Unknown(String),
}

/// What came of looking names up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standings {
    /// By name.
    pub names: BTreeMap<GivenName, Standing>,
    /// Accounts that could not be entered, and why.
    pub closed: BTreeMap<AccountId, String>,
}

/// Returns how many calls it takes to look names up from an account.
#[must_use]
pub fn calls<'n>(names: impl IntoIterator<Item = &'n GivenName>, from: &AccountId) -> usize {
    let mut entered = BTreeSet::new();
    let asked = names.into_iter().inspect(|name| {
        if name.kind != NamedKind::Bucket && name.account != *from {
            entered.insert(&name.account);
        }
    });
    asked.count() + entered.len()
}
