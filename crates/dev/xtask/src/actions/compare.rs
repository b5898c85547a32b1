//! Holds what was written against the packages, through the views that everybody uses.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use stackfleet_catalog::actions::{Action, Actions, ConditionKey, Service};

use super::convert;
use super::package::{ActionWords, Package, ServiceWords};

/// Compares everything.
pub(super) fn all(actions: &Actions<'_>, package: &Package) -> anyhow::Result<()> {
    ensure!(actions.collected() == package.collected, "the time differs");
    let globals = actions.global_keys().map(|key| (key.name(), key.kind().as_str()));
    let wanted = package.global_keys.iter().map(|(name, kind)| (name.as_str(), kind.as_str()));
    ensure!(globals.eq(wanted), "the global condition keys differ");
    let prefixes = actions.services().map(Service::prefix);
    ensure!(prefixes.eq(package.services.keys().map(String::as_str)), "the services differ");
    for (prefix, words) in &package.services {
        let service = actions.service(prefix).with_context(|| format!("{prefix} is not found"))?;
        compare(service, words).with_context(|| format!("service {prefix}"))?;
    }
    Ok(())
}

fn compare(service: Service<'_>, words: &ServiceWords) -> anyhow::Result<()> {
    ensure!(service.title() == words.title, "the name differs");
    let keys = service.keys().map(|key| (key.name(), key.kind().as_str()));
    ensure!(keys.eq(words.keys.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))), "the condition keys differ");
    ensure!(service.resources().count() == words.resources.len(), "the types of resources differ");
    for (resource, wanted) in service.resources().zip(words.resources.values()) {
        ensure!(resource.name() == wanted.name, "{} is {}", wanted.name, resource.name());
        ensure!(resource.shapes().map(|shape| shape.as_str()).eq(&wanted.shapes), "shapes of {} differ", wanted.name);
        ensure!(same(resource.keys(), &wanted.keys), "condition keys of {} differ", wanted.name);
    }
    ensure!(service.actions().count() == words.actions.len(), "the number of actions differs");
    for wanted in words.actions.values() {
        let action = service.action(&wanted.name).with_context(|| format!("{} is not found", wanted.name))?;
        compare_action(action, wanted).with_context(|| format!("action {}", wanted.name))?;
    }
    Ok(())
}

fn compare_action(action: Action<'_>, wanted: &ActionWords) -> anyhow::Result<()> {
    ensure!(action.name() == wanted.name, "the name differs");
    ensure!(action.level() as u8 == convert::level(&wanted.level)?, "the level differs");
    ensure!(same(action.keys(), &wanted.keys), "the condition keys differ");
    ensure!(action.dependents().eq(wanted.dependents.iter().map(String::as_str)), "the dependent actions differ");
    ensure!(action.resources().count() == wanted.resources.len(), "the number of resources differs");
    for (usage, wanted) in action.resources().zip(&wanted.resources) {
        let is_same =
            usage.shapes().name().eq_ignore_ascii_case(&wanted.name) && usage.is_required() == wanted.required;
        ensure!(is_same && same(usage.keys(), &wanted.keys), "{} differs", wanted.name);
    }
    Ok(())
}

/// Tells whether the keys are those with these names, in any order and case.
fn same<'facts>(keys: impl Iterator<Item = ConditionKey<'facts>>, names: &[String]) -> bool {
    let wanted: BTreeSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    keys.map(|key| key.name().to_ascii_lowercase()).collect::<BTreeSet<String>>() == wanted
}
