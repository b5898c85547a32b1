//! Everything that CloudFormation keeps.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Digest, Region};
use stackfleet_template::Scope;

use super::{
    blueprint::{Blueprint, Blueprints},
    pairs,
    stack::Stack,
    stack_set::{Place, StackSet},
    walk::Logical,
};

/// What a stack exports under a name: the value and the stack's ARN.
pub(crate) type Export = (String, Arc<str>);

/// The state of the service in all accounts and regions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct CloudFormationStore {
    /// Templates as given, by digest.
    pub(crate) texts: BTreeMap<Digest, Arc<str>>,
    /// Stacks by ARN, deleted ones included.
    pub(crate) stacks: BTreeMap<Arc<str>, Box<Stack>>,
    /// Stacks that are not deleted: ARN by name.
    #[serde(with = "pairs")]
    pub(crate) live: BTreeMap<Place, BTreeMap<Arc<str>, Arc<str>>>,
    /// Exports by name.
    #[serde(with = "pairs")]
    pub(crate) exports: BTreeMap<Place, BTreeMap<String, Export>>,
    /// Stack sets by ARN, deleted ones included.
    pub(crate) sets: BTreeMap<Arc<str>, StackSet>,
    /// Whether trusted access between StackSets and Organizations was activated.
    pub(crate) trusted: bool,
    /// The role that service-managed sets act through, by account.
    pub(crate) execution_roles: BTreeMap<AccountId, String>,
    /// Templates made ready.
    #[serde(skip)]
    pub(crate) blueprints: Blueprints,
    /// Templates and decided conditions of stacks that are being worked on.
    #[serde(skip)]
    pub(crate) scopes: BTreeMap<Arc<str>, Arc<Prepared>>,
}

/// A template ready for one stack.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The template.
    pub(crate) blueprint: Arc<Blueprint>,
    /// Parameters and conditions.
    pub(crate) scope: Scope,
    /// The resources that exist, with what each needs.
    pub(crate) needs: BTreeMap<Logical, Vec<Logical>>,
}

impl CloudFormationStore {
    /// Keeps a template's text and returns its digest.
    pub(crate) fn keep(&mut self, text: &str) -> Digest {
        let digest = Digest::of(text);
        self.texts.entry(digest).or_insert_with(|| text.into());
        digest
    }

    /// Returns the text of a template.
    pub(crate) fn text(&self, digest: &Digest) -> Arc<str> {
        self.texts.get(digest).cloned().unwrap_or_else(|| "".into())
    }

    /// Returns the stack that a caller means by a name or an ARN; a name means one that is not deleted.
    pub(crate) fn find(&self, account: &AccountId, region: &Region, given: &str) -> Option<&Stack> {
        let id = if given.starts_with("arn:") {
            given
        } else {
            self.live.get(&(account.clone(), region.clone()))?.get(given)?
        };
        let stack = self.stacks.get(id)?;
        (stack.account == *account && stack.region == *region).then_some(&**stack)
    }

    /// Returns the stacks of an account and region, in order of name.
    pub(crate) fn stacks_in<'a>(&'a self, account: &AccountId, region: &Region) -> impl Iterator<Item = &'a Stack> {
        let prefix = stack_prefix(account, region);
        let from: Arc<str> = prefix.as_str().into();
        let all = self.stacks.range(from..);
        all.take_while(move |(id, _)| id.starts_with(&prefix)).map(|(_, stack)| &**stack)
    }

    /// Returns the set that a caller means by a name, an id (`name:uuid`) or an ARN. A name means one that is not
    /// deleted.
    pub(crate) fn find_set(&self, account: &AccountId, region: &Region, given: &str) -> Option<&StackSet> {
        let prefix = set_prefix(account, region);
        if let Some(set) = self.sets.get(given) {
            return (set.account == *account && set.region == *region).then_some(set);
        }
        if given.contains(':') {
            return self.sets.get(format!("{prefix}{given}").as_str());
        }
        self.sets_in(account, region).find(|set| &*set.name == given && !set.deleted)
    }

    /// Returns the sets of an account and region.
    pub(crate) fn sets_in<'a>(&'a self, account: &AccountId, region: &Region) -> impl Iterator<Item = &'a StackSet> {
        let prefix = set_prefix(account, region);
        let from: Arc<str> = prefix.as_str().into();
        self.sets.range(from..).take_while(move |(arn, _)| arn.starts_with(&prefix)).map(|(_, set)| set)
    }
}

/// Returns how ARNs of the stacks of an account and region begin.
pub(crate) fn stack_prefix(account: &AccountId, region: &Region) -> String {
    format!("arn:{}:cloudformation:{region}:{account}:stack/", region.partition().as_str())
}

/// Returns how ARNs of the stack sets of an account and region begin.
pub(crate) fn set_prefix(account: &AccountId, region: &Region) -> String {
    format!("arn:{}:cloudformation:{region}:{account}:stackset/", region.partition().as_str())
}
