//! Services, their actions and types of resources.

use std::fmt;

use super::Actions;
use super::key::{ConditionKey, KeyKind};
use super::shape::ArnShape;
use crate::format::{ActionBlock, ActionFacts, ResourceFacts, ResourceUse, ServiceFacts};

/// A service; copying it costs nothing.
#[derive(Clone, Copy)]
pub struct Service<'facts> {
    pub(super) actions: &'facts Actions<'facts>,
    pub(super) prefix: &'facts str,
    pub(super) title: &'facts str,
    pub(super) block: usize,
    pub(super) position: u32,
}

/// What an action does, in AWS's classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AccessLevel {
    /// Lists resources.
    #[default]
    List,
    /// Reads contents.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Changes who may do what.
    PermissionsManagement,
}

impl AccessLevel {
    /// All levels with AWS's words; the place in this list is the number in the file.
    const ALL: [(Self, &'static str); 5] = [
        (Self::List, "List"),
        (Self::Read, "Read"),
        (Self::Write, "Write"),
        (Self::Tagging, "Tagging"),
        (Self::PermissionsManagement, "Permissions management"),
    ];

    /// Returns the number in the file of a level by AWS's word.
    #[must_use]
    pub fn number(word: &str) -> Option<u8> {
        Self::ALL.iter().zip(0..).find(|((_, known), _)| *known == word).map(|(_, number)| number)
    }

    /// Returns AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("", |(_, word)| word)
    }
}

impl<'facts> Service<'facts> {
    /// Returns the prefix of the service's actions: `s3`.
    #[must_use]
    pub const fn prefix(self) -> &'facts str {
        self.prefix
    }

    /// Returns the service's name for people: `Amazon S3`.
    #[must_use]
    pub const fn title(self) -> &'facts str {
        self.title
    }

    /// Returns the actions in the order of their names.
    pub fn actions(self) -> impl Iterator<Item = Action<'facts>> {
        self.facts().actions.iter().map(move |facts| Action { service: self, facts })
    }

    /// Returns an action by its name, in any case.
    #[must_use]
    pub fn action(self, name: &str) -> Option<Action<'facts>> {
        let actions = &self.facts().actions;
        let lower = |name: &str| name.to_ascii_lowercase();
        let found = actions.binary_search_by(|facts| lower(self.text(facts.name)).cmp(&lower(name))).ok()?;
        actions.get(found).map(|facts| Action { service: self, facts })
    }

    /// Returns the types of resources in the order of their names.
    pub fn resources(self) -> impl Iterator<Item = ResourceShapes<'facts>> {
        self.facts().resources.iter().map(move |facts| ResourceShapes { service: self, facts })
    }

    /// Returns a type of resources by AWS's name for it, such as `bucket`.
    #[must_use]
    pub fn resource(self, name: &str) -> Option<ResourceShapes<'facts>> {
        self.resources().find(|resource| resource.name().eq_ignore_ascii_case(name))
    }

    /// Returns the condition keys that some action of the service knows.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'facts>> {
        (0..self.facts().keys.len()).filter_map(move |number| self.nth_key(number))
    }

    /// Returns a condition key as written in a policy.
    #[must_use]
    pub fn key(self, written: &str) -> Option<ConditionKey<'facts>> {
        self.keys().find(|key| key.matches(written))
    }

    fn key_set(self, set: u32) -> impl Iterator<Item = ConditionKey<'facts>> {
        let numbers = self.facts().key_sets.get(set as usize).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(move |number| self.nth_key(*number as usize))
    }

    fn nth_key(self, number: usize) -> Option<ConditionKey<'facts>> {
        let key = self.facts().keys.get(number)?;
        Some(ConditionKey { name: self.text(key.name), kind: KeyKind::of(key.kind).unwrap_or_default() })
    }

    fn facts(self) -> &'facts ServiceFacts {
        let found = self.actions.block(self.block).services.get(self.position as usize);
        #[expect(clippy::expect_used, reason = "the index is verified by a test, or by who reads the file")]
        found.expect("BUG: the index names a service that its block does not have")
    }

    fn text(self, number: u32) -> &'facts str {
        self.actions.block(self.block).texts.get(number as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.prefix)
    }
}

/// An action; copying it costs nothing. It is shown with its service: `s3:GetObject`.
#[derive(Clone, Copy)]
pub struct Action<'facts> {
    service: Service<'facts>,
    facts: &'facts ActionFacts,
}

impl<'facts> Action<'facts> {
    /// Returns the service.
    #[must_use]
    pub const fn service(self) -> Service<'facts> {
        self.service
    }

    /// Returns the name without the service: `GetObject`.
    #[must_use]
    pub fn name(self) -> &'facts str {
        self.service.text(self.facts.name)
    }

    /// Returns what the action does.
    #[must_use]
    pub fn level(self) -> AccessLevel {
        AccessLevel::ALL.get(self.facts.level as usize).map(|(level, _)| *level).unwrap_or_default()
    }

    /// Returns the types of resources that the action takes; none when only `*` makes sense.
    pub fn resources(self) -> impl Iterator<Item = ActionResource<'facts>> {
        self.facts.resources.iter().filter_map(move |usage| {
            let facts = self.service.facts().resources.get(usage.resource as usize)?;
            Some(ActionResource { shapes: ResourceShapes { service: self.service, facts }, usage })
        })
    }

    /// Returns the condition keys of the action itself; those of its resources are at the resources.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'facts>> {
        self.service.key_set(self.facts.keys)
    }

    /// Tells whether a request for the action may carry a condition key: one of its own, one of its resources, or a
    /// global one.
    #[must_use]
    pub fn knows_key(self, written: &str) -> bool {
        let of_resources = || self.resources().flat_map(|resource| resource.keys().chain(resource.shapes().keys()));
        self.service.actions.global_keys().any(|key| key.matches(written))
            || self.keys().chain(of_resources()).any(|key| key.matches(written))
    }

    /// Returns the actions that must be allowed, too, for this one to succeed, at least in some cases: names with
    /// services, some of which may be unknown here.
    pub fn dependents(self) -> impl Iterator<Item = &'facts str> {
        self.facts.dependents.iter().map(move |number| self.service.text(*number))
    }

    /// Tells whether an ARN, which may have wildcards or policy variables, can name a resource that the action takes.
    ///
    /// `*` always can. An action without types of resources takes nothing else.
    #[must_use]
    pub fn accepts(self, arn: &str) -> bool {
        is_everything(arn) || self.resources().any(|resource| resource.shapes().matches(arn))
    }
}

/// Tells whether the text is `*`, or several of them.
fn is_everything(arn: &str) -> bool {
    !arn.is_empty() && arn.bytes().all(|sign| sign == b'*')
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.service.prefix, self.name())
    }
}

impl fmt::Debug for Action<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A type of resources that an action takes.
#[derive(Debug, Clone, Copy)]
pub struct ActionResource<'facts> {
    shapes: ResourceShapes<'facts>,
    usage: &'facts ResourceUse,
}

impl<'facts> ActionResource<'facts> {
    /// Returns the type.
    #[must_use]
    pub const fn shapes(self) -> ResourceShapes<'facts> {
        self.shapes
    }

    /// Tells whether every request names one; of several that are not required, AWS's lists do not say which.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.usage.required
    }

    /// Returns the condition keys that a request has when it is about such a resource.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'facts>> {
        self.shapes.service.key_set(self.usage.keys)
    }
}

/// A type of resources, as the actions of a service name it; copying it costs nothing.
#[derive(Clone, Copy)]
pub struct ResourceShapes<'facts> {
    service: Service<'facts>,
    facts: &'facts ResourceFacts,
}

impl<'facts> ResourceShapes<'facts> {
    /// Returns AWS's name, unique in its service: `bucket`.
    #[must_use]
    pub fn name(self) -> &'facts str {
        self.service.text(self.facts.name)
    }

    /// Returns how its ARNs look; few types have several shapes.
    pub fn shapes(self) -> impl Iterator<Item = ArnShape<'facts>> {
        let shapes = self.facts.shapes.iter();
        shapes.map(move |(text, is_flat)| ArnShape { text: self.service.text(*text), is_flat: *is_flat })
    }

    /// Tells whether an ARN, which may have wildcards or policy variables, can name such a resource.
    #[must_use]
    pub fn matches(self, arn: &str) -> bool {
        self.shapes().any(|shape| shape.matches(arn))
    }

    /// Returns the condition keys that requests about such resources may have.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'facts>> {
        self.service.key_set(self.facts.keys)
    }
}

impl fmt::Debug for ResourceShapes<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Tells whether the numbers in a block stand for something.
pub(super) fn is_sound(block: &ActionBlock) -> bool {
    let text = |number: u32| (number as usize) < block.texts.len();
    block.services.iter().all(|service| {
        let key = |number: &u32| (*number as usize) < service.keys.len();
        let key_set = |number: u32| (number as usize) < service.key_sets.len();
        service.keys.iter().all(|key| text(key.name) && KeyKind::of(key.kind).is_some())
            && service.key_sets.iter().flatten().all(key)
            && service.resources.iter().all(|resource| {
                text(resource.name) && key_set(resource.keys) && resource.shapes.iter().all(|(shape, _)| text(*shape))
            })
            && service.actions.iter().all(|action| {
                let resource =
                    |usage: &ResourceUse| (usage.resource as usize) < service.resources.len() && key_set(usage.keys);
                text(action.name)
                    && (action.level as usize) < AccessLevel::ALL.len()
                    && key_set(action.keys)
                    && action.resources.iter().all(resource)
                    && action.dependents.iter().all(|number| text(*number))
            })
    })
}
