//! An organization as a value: units by path, accounts, policies attached to either.
//!
//! Ids are known only of what exists; names and paths identify. The management account is part of the tree, in the
//! root.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use stackfleet_base::AccountId;

/// The life of an account, as `State` of Organizations names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Made and not usable yet.
    PendingActivation,
    /// Usable; also the state of an account that shall be created.
    #[default]
    Active,
    /// Closed or barred by AWS; it can be reopened for 90 days.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Gone.
    Closed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::PendingActivation, Self::Active, Self::Suspended, Self::PendingClosure, Self::Closed];

    /// Returns the word that `state:` terms use: `active`, `pending-activation`, ...
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingActivation => "pending-activation",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::PendingClosure => "pending-closure",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its id; `None` for an account that shall be created.
    pub id: Option<AccountId>,
    /// Its e-mail address, unique over all of AWS.
    pub email: String,
    /// Its state.
    pub state: State,
    /// Path of its unit, names from the top joined by `/`; empty for the root.
    pub unit: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Names of policies attached to it alone.
    pub policies: BTreeSet<String>,
    /// Whether it is the organization's management account.
    pub management: bool,
}

/// Units and accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// Names of the policies attached to each unit, by the unit's path. The root is the empty path; it need not be
    /// present. Every prefix of a path is a unit too, present or not.
    pub units: BTreeMap<String, BTreeSet<String>>,
    /// Accounts in the order in which they were told.
    pub accounts: Vec<Account>,
}

/// A place in the tree at which a policy can be attached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The root of the organization.
    Root,
    /// A unit, by path.
    Unit(String),
    /// An account, by name.
    Account(String),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the root"),
            Self::Unit(path) => write!(f, "ou:{path}"),
            Self::Account(name) => write!(f, "account:{name}"),
        }
    }
}

impl Tree {
    /// Returns every unit's path, whether it was told itself or only as a prefix or as the place of an account;
    /// parents come before children, the root is left out.
    #[must_use]
    pub fn unit_paths(&self) -> BTreeSet<&str> {
        let told = self.units.keys().map(String::as_str);
        let places = self.accounts.iter().map(|account| account.unit.as_str());
        told.chain(places).flat_map(ancestors).collect()
    }

    /// Returns the account with this id or, failing that, this name.
    #[must_use]
    pub fn account(&self, name_or_id: &str) -> Option<&Account> {
        let by_id = |account: &&Account| account.id.as_ref().is_some_and(|id| id.as_str() == name_or_id);
        self.accounts.iter().find(by_id).or_else(|| self.accounts.iter().find(|account| account.name == name_or_id))
    }

    /// Returns the management account.
    #[must_use]
    pub fn management(&self) -> Option<&Account> {
        self.accounts.iter().find(|account| account.management)
    }

    /// Returns every policy that binds an account and where it is attached, from the root down.
    ///
    /// Service control policies attached to the root are listed for the management account as well; AWS does not
    /// apply them there, which is for the evaluation to know.
    #[must_use]
    pub fn policies_of<'a>(&'a self, account: &'a Account) -> Vec<(Node, &'a str)> {
        let at_unit = |path: &str| self.units.get(path).into_iter().flatten();
        let mut found: Vec<(Node, &str)> = at_unit("").map(|policy| (Node::Root, policy.as_str())).collect();
        for path in ancestors(&account.unit) {
            found.extend(at_unit(path).map(|policy| (Node::Unit(path.to_owned()), policy.as_str())));
        }
        let own = account.policies.iter().map(|policy| (Node::Account(account.name.clone()), policy.as_str()));
        found.extend(own);
        found
    }
}

/// Returns the paths from the topmost unit down to `path` itself: `A/B` gives `A` and `A/B`, the root nothing.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain((!path.is_empty()).then_some(path.len()));
    ends.filter_map(|end| path.get(..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let ledger = Account {
            name: "Ledger".into(),
            unit: "Workloads/Payments".into(),
            policies: set(&["lockdown"]),
            ..Account::default()
        };
        let units = [("", set(&["regions"])), ("Workloads", set(&["baseline"])), ("Workloads/Payments", set(&[]))];
        Tree { units: units.map(|(path, policies)| (path.to_owned(), policies)).into(), accounts: vec![ledger] }
    }

    #[test]
    fn paths_have_ancestors() {
        assert_eq!(ancestors("").count(), 0);
        assert_eq!(ancestors("A/B/C").collect::<Vec<_>>(), ["A", "A/B", "A/B/C"]);
        assert_eq!(Vec::from_iter(tree().unit_paths()), ["Workloads", "Workloads/Payments"]);
    }

    #[test]
    fn policies_are_inherited_from_the_root_down() {
        let tree = tree();
        let found: Vec<String> =
            tree.policies_of(&tree.accounts[0]).iter().map(|(node, policy)| format!("{policy} at {node}")).collect();
        assert_eq!(found, ["regions at the root", "baseline at ou:Workloads", "lockdown at account:Ledger"]);
    }
}
