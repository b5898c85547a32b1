//! What AWS says about IAM actions: access levels, the resources they take, condition keys.
//!
//! As with resource types, the facts lie in the binary and are decompressed a few services at a time. They are those of
//! AWS's Service Authorization Reference, collected at [`Actions::collected`]: AWS may know more by the time of use, so
//! that an action is not here does not mean that there is none.
//!
//! ```
//! use stackfleet_catalog::{actions, actions::AccessLevel};
//!
//! let get = actions().service("s3").unwrap().action("getobject").unwrap();
//! assert_eq!(get.to_string(), "s3:GetObject");
//! assert_eq!(get.level(), AccessLevel::Read);
//! assert!(get.accepts("arn:aws:s3:::bucket/key") && !get.accepts("arn:aws:s3:::bucket"));
//! assert!(get.knows_key("s3:ExistingObjectTag/team"));
//! assert_eq!(actions().expand("s3:Get*Acl").len(), 3);
//! assert_eq!(actions().suggest("s3:GetObjct").unwrap().to_string(), "s3:GetObject");
//! ```

mod key;
mod overlap;
mod service;
mod shape;

use std::fmt;
use std::sync::OnceLock;

use stackfleet_base::suggest;

use crate::catalog::intact;
use crate::format::{ActionBlock, ActionFrames, ActionIndex, Corrupt};

pub use key::{ConditionKey, KeyKind};
pub use service::{AccessLevel, Action, ActionResource, ResourceShapes, Service};
pub use shape::ArnShape;

use overlap::matches_name;

/// Written by `cargo xtask actions`.
static EMBEDDED: &[u8] = include_bytes!("../actions.bin");

/// Returns the facts about actions that are part of the binary.
///
/// The first call reads the index; a service's facts are decompressed when first asked for.
#[must_use]
pub fn actions() -> &'static Actions<'static> {
    static ACTIONS: OnceLock<Actions<'static>> = OnceLock::new();
    ACTIONS.get_or_init(|| intact(Actions::read(EMBEDDED)))
}

/// The facts about all actions.
pub struct Actions<'bytes> {
    frames: ActionFrames<'bytes>,
    index: ActionIndex,
    blocks: Vec<OnceLock<ActionBlock>>,
}

impl<'bytes> Actions<'bytes> {
    /// Reads what [`crate::format::write_actions`] wrote.
    ///
    /// # Errors
    /// When its head or index is damaged. What is decompressed later counts on [`Self::verify`].
    pub fn read(bytes: &'bytes [u8]) -> Result<Self, Corrupt> {
        let frames = ActionFrames::read(bytes)?;
        let index = frames.index()?;
        let blocks = (0..frames.blocks()).map(|_| OnceLock::new()).collect();
        Ok(Self { frames, index, blocks })
    }

    /// Decompresses everything and looks whether each number stands for something.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn verify(&self) -> Result<(), Corrupt> {
        let blocks = (0..self.frames.blocks()).map(|number| self.frames.block(number));
        let blocks = blocks.collect::<Result<Vec<ActionBlock>, Corrupt>>()?;
        let there = self.index.blocks.iter().zip(&self.index.positions).all(|(block, position)| {
            blocks.get(*block as usize).is_some_and(|block| (*position as usize) < block.services.len())
        });
        let kinds = self.index.global_kinds.iter().all(|kind| KeyKind::of(*kind).is_some());
        if there && kinds && blocks.iter().all(service::is_sound) {
            Ok(())
        } else {
            Err(Corrupt::new("a number stands for nothing"))
        }
    }

    /// Returns where the facts come from: packages and their versions.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.index.source
    }

    /// Returns when AWS's lists were collected, as an RFC 3339 time.
    #[must_use]
    pub fn collected(&self) -> &str {
        &self.index.collected
    }

    /// Returns a service by the prefix of its actions, in any case.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        self.nth(self.index.prefixes.find_sorted(&prefix.to_ascii_lowercase())?)
    }

    /// Returns all services in the order of their prefixes.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        (0..self.index.prefixes.len()).filter_map(|number| self.nth(number))
    }

    /// Returns an action by its name with the service, such as `s3:GetObject`, in any case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Action<'_>> {
        let (prefix, name) = name.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// Returns the actions that an entry of `Action` names, which may have wildcards: `s3:Get*`, `*`.
    #[must_use]
    pub fn expand(&self, entry: &str) -> Vec<Action<'_>> {
        if !entry.contains(['*', '?']) {
            return self.action(entry).into_iter().collect();
        }
        // `*` alone means any action of any service; elsewhere a wildcard may reach over the colon, too.
        let Some((prefix, name)) = entry.split_once(':').filter(|(prefix, _)| !prefix.contains(['*', '?'])) else {
            let matches = |action: &Action<'_>| matches_name(entry, &action.to_string());
            return self.services().flat_map(Service::actions).filter(matches).collect();
        };
        let actions = self.service(prefix).into_iter().flat_map(Service::actions);
        actions.filter(|action| matches_name(name, action.name())).collect()
    }

    /// Returns the action that a mistyped name was probably meant to be.
    #[must_use]
    pub fn suggest(&self, name: &str) -> Option<Action<'_>> {
        let (prefix, name) = name.split_once(':')?;
        let service = self.service(prefix).or_else(|| self.suggest_service(prefix))?;
        service.action(name).or_else(|| {
            let nearest = suggest::nearest(name, service.actions().map(Action::name))?;
            service.action(nearest)
        })
    }

    /// Returns the service that a mistyped prefix was probably meant to be.
    #[must_use]
    pub fn suggest_service(&self, prefix: &str) -> Option<Service<'_>> {
        self.service(suggest::nearest(prefix, self.index.prefixes.iter())?)
    }

    /// Returns the condition keys that do not belong to a service, in the order of their names.
    pub fn global_keys(&self) -> impl Iterator<Item = ConditionKey<'_>> {
        let kinds = self.index.global_kinds.iter().map(|kind| KeyKind::of(*kind).unwrap_or_default());
        self.index.global_keys.iter().zip(kinds).map(|(name, kind)| ConditionKey { name, kind })
    }

    /// Returns what is known of a condition key, as a policy writes it: `aws:PrincipalTag/team`, `s3:prefix`.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<ConditionKey<'_>> {
        if let Some(key) = self.global_keys().find(|key| key.matches(name)) {
            return Some(key);
        }
        let (prefix, _) = name.split_once(':')?;
        let own = self.service(prefix).and_then(|service| service.key(name));
        // Keys of other identity providers, such as `accounts.google.com:sub`, belong to STS.
        own.or_else(|| self.service("sts").and_then(|service| service.key(name)))
    }

    fn nth(&self, number: usize) -> Option<Service<'_>> {
        let prefix = self.index.prefixes.get(number)?;
        let block = *self.index.blocks.get(number)? as usize;
        let position = *self.index.positions.get(number)?;
        let title = self.index.names.get(number)?;
        Some(Service { actions: self, prefix, title, block, position })
    }

    /// Returns a block, decompressed once.
    fn block(&self, number: usize) -> &ActionBlock {
        let block = self.blocks.get(number);
        let block = block.map(|slot| slot.get_or_init(|| intact(self.frames.block(number))));
        intact(block.ok_or_else(|| Corrupt::new("a block is missing")))
    }
}

impl fmt::Debug for Actions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} services of {} ({})", self.index.prefixes.len(), self.source(), self.collected())
    }
}
