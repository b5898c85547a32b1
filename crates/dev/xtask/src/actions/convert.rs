//! Services as blocks: texts get numbers, equal sets of keys are kept once.

use std::collections::BTreeMap;

use anyhow::Context;
use stackfleet_catalog::actions::{AccessLevel, KeyKind};
use stackfleet_catalog::format::{ActionBlock, ActionFacts, Heap, KeyFacts, ResourceFacts, ResourceUse, ServiceFacts};

use super::package::{ActionWords, Package, ResourceWords, ServiceWords};

/// Returns the block of these services.
pub(super) fn block(package: &Package, prefixes: &[&str]) -> anyhow::Result<ActionBlock> {
    let services: Vec<(&str, &ServiceWords)> = prefixes
        .iter()
        .map(|prefix| Ok((*prefix, package.services.get(*prefix).context("BUG: groups are made from the services")?)))
        .collect::<anyhow::Result<_>>()?;
    let numbers: BTreeMap<&str, u32> = {
        let mut texts: Vec<&str> = services.iter().flat_map(|(_, service)| texts(service)).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.into_iter().zip(0..).collect()
    };
    let facts = services.iter().map(|(prefix, words)| {
        let mut converter = Converter { numbers: &numbers, words, key_sets: Vec::new() };
        converter.service().with_context(|| format!("service {prefix}"))
    });
    Ok(ActionBlock {
        services: facts.collect::<anyhow::Result<_>>()?,
        texts: numbers.keys().copied().collect::<Heap>(),
    })
}

/// Returns the number of a kind of condition keys.
pub(super) fn kind(word: &str) -> anyhow::Result<u8> {
    KeyKind::number(word).with_context(|| format!("condition keys of kind {word} are unknown"))
}

/// Tells whether the variable at the end of a shape has no `/`, which is when another shape of the service goes on
/// with one.
pub(super) fn is_flat(service: &ServiceWords, shape: &str) -> bool {
    let longer = format!("{shape}/");
    let mut others = service.resources.values().flat_map(|resource| &resource.shapes);
    shape.ends_with('}') && others.any(|other| other.starts_with(&longer))
}

/// Returns the level of `Tagging, Write` and the like: the word that says most.
pub(super) fn level(word: &str) -> anyhow::Result<u8> {
    let first = word.split(", ").next().unwrap_or(word);
    AccessLevel::number(first).with_context(|| format!("access level {word} is unknown"))
}

fn texts(service: &ServiceWords) -> impl Iterator<Item = &str> {
    let resources = service.resources.values().flat_map(|resource| resource.shapes.iter().chain([&resource.name]));
    let actions = service.actions.values().flat_map(|action| action.dependents.iter().chain([&action.name]));
    service.keys.keys().chain(resources).chain(actions).map(String::as_str)
}

struct Converter<'package> {
    numbers: &'package BTreeMap<&'package str, u32>,
    words: &'package ServiceWords,
    key_sets: Vec<Vec<u32>>,
}

impl Converter<'_> {
    fn service(&mut self) -> anyhow::Result<ServiceFacts> {
        let words = self.words;
        let keys = words.keys.iter().map(|(name, word)| Ok(KeyFacts { name: self.text(name)?, kind: kind(word)? }));
        let keys = keys.collect::<anyhow::Result<_>>()?;
        let resources =
            words.resources.values().map(|resource| self.resource(resource)).collect::<anyhow::Result<_>>()?;
        let actions = words.actions.values().map(|action| self.action(action)).collect::<anyhow::Result<_>>()?;
        Ok(ServiceFacts { keys, resources, actions, key_sets: std::mem::take(&mut self.key_sets) })
    }

    fn resource(&mut self, words: &ResourceWords) -> anyhow::Result<ResourceFacts> {
        let shapes = words.shapes.iter().map(|shape| Ok((self.text(shape)?, is_flat(self.words, shape))));
        let shapes = shapes.collect::<anyhow::Result<_>>()?;
        Ok(ResourceFacts { name: self.text(&words.name)?, shapes, keys: self.key_set(&words.keys)? })
    }

    fn action(&mut self, words: &ActionWords) -> anyhow::Result<ActionFacts> {
        let mut resources = Vec::new();
        for usage in &words.resources {
            let number = self.words.resources.keys().position(|name| *name == usage.name.to_ascii_lowercase());
            let number = number.with_context(|| format!("{} takes unknown resources {}", words.name, usage.name))?;
            let resource = u32::try_from(number)?;
            resources.push(ResourceUse { resource, required: usage.required, keys: self.key_set(&usage.keys)? });
        }
        let dependents = words.dependents.iter().map(|name| self.text(name)).collect::<anyhow::Result<_>>()?;
        let (name, level) = (self.text(&words.name)?, level(&words.level)?);
        Ok(ActionFacts { name, level, resources, keys: self.key_set(&words.keys)?, dependents })
    }

    fn key_set(&mut self, names: &[String]) -> anyhow::Result<u32> {
        let number = |name: &String| {
            let place = self.words.keys.keys().position(|known| known.eq_ignore_ascii_case(name));
            Ok(u32::try_from(place.with_context(|| format!("condition key {name} is unknown"))?)?)
        };
        let mut set = names.iter().map(number).collect::<anyhow::Result<Vec<u32>>>()?;
        set.sort_unstable();
        let known = self.key_sets.iter().position(|known| *known == set);
        let place = known.unwrap_or_else(|| {
            self.key_sets.push(set);
            self.key_sets.len() - 1
        });
        Ok(u32::try_from(place)?)
    }

    fn text(&self, text: &str) -> anyhow::Result<u32> {
        self.numbers.get(text).copied().with_context(|| format!("BUG: `{text}` has no number"))
    }
}
