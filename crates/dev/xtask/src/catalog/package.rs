//! The PyPI package cfn-lint: schemas of resource types, which region has which, and what it knows beyond schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use zip::ZipArchive;

use crate::wheel;

/// Where the package has its schemas.
const SCHEMAS: &str = "cfnlint/data/schemas";

/// The region whose list stands in for regions that the package knows nothing of.
const MODEL_REGION: &str = "us-east-1";

/// Types of the SAM transform; they have no regions, and `core/sam` knows them.
const SERVERLESS: &str = "AWS::Serverless::";

/// What the package says.
pub(super) struct Package {
    /// When AWS's schemas were collected.
    pub(super) collected: String,
    /// Schemas by the name of their type.
    pub(super) schemas: BTreeMap<String, Value>,
    /// Types by region, regions with a list of their own only.
    pub(super) regions: BTreeMap<String, BTreeSet<String>>,
    /// Types that hold data; `true` where they must be empty to be deleted.
    pub(super) stateful: BTreeMap<String, bool>,
    /// Types of which `Fn::GetAtt` takes all properties.
    pub(super) open: BTreeSet<String>,
    /// Attributes beside the read-only properties.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
}

impl Package {
    /// Reads the wheel that is given, or the one of this version.
    pub(super) fn read(version: &str, wheel: Option<&Path>) -> anyhow::Result<Self> {
        let mut archive = wheel::open("cfn-lint", version, wheel)?;
        let collected = json(&mut archive, &format!("{SCHEMAS}/version.json"))?;
        let collected = collected.get("schema_date").and_then(Value::as_str).context("no schema_date")?.to_owned();
        let lists = lists(&mut archive)?;
        let schemas = schemas(&mut archive, &lists)?;
        let regions = lists.iter().filter(|(region, list)| {
            // The package fills regions that it knows nothing of with a copy.
            *region == MODEL_REGION || lists.get(MODEL_REGION) != Some(*list)
        });
        let regions = regions.map(|(region, list)| (region.clone(), list.keys().cloned().collect())).collect();
        let attributes = text(&mut archive, "cfnlint/schema/_getatts.py")?;
        Ok(Self {
            collected,
            schemas,
            regions,
            stateful: stateful(&json(&mut archive, "cfnlint/data/AdditionalSpecs/StatefulResources.json")?)?,
            open: serde_json::from_value(python(&attributes, "_all_property_types = ", '[', ']')?)?,
            attributes: serde_json::from_value(python(&attributes, "_exceptions = ", '{', '}')?)?,
        })
    }
}

/// Hashes of schemas by type, by region.
type Lists = BTreeMap<String, BTreeMap<String, String>>;

fn lists(archive: &mut ZipArchive<File>) -> anyhow::Result<Lists> {
    let prefix = format!("{SCHEMAS}/providers/");
    let files: Vec<String> = archive.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect();
    let mut lists = Lists::new();
    for file in files {
        let Some(region) = file.strip_prefix(&prefix).and_then(|name| name.strip_suffix(".json")) else { continue };
        let mut list: BTreeMap<String, String> = serde_json::from_value(json(archive, &file)?)?;
        list.retain(|name, _| !name.starts_with(SERVERLESS));
        if !list.is_empty() {
            lists.insert(region.to_owned(), list);
        }
    }
    ensure!(lists.contains_key(MODEL_REGION), "the package has no list for {MODEL_REGION}");
    Ok(lists)
}

fn schemas(archive: &mut ZipArchive<File>, lists: &Lists) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut hashes: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, hash) in lists.values().flatten() {
        // The format has one schema for a type; differences between regions would need another.
        let known = hashes.insert(name, hash);
        ensure!(known.is_none_or(|known| known == hash), "{name} differs between regions");
    }
    let read = |(name, hash): (&str, &str)| {
        let schema = json(archive, &format!("{SCHEMAS}/resources/{hash}.json"))?;
        ensure!(schema.get("typeName").and_then(Value::as_str) == Some(name), "{hash} is not the schema of {name}");
        Ok((name.to_owned(), schema))
    };
    hashes.into_iter().map(read).collect()
}

fn stateful(specification: &Value) -> anyhow::Result<BTreeMap<String, bool>> {
    let types = specification.get("ResourceTypes").and_then(Value::as_object).context("no ResourceTypes")?;
    let must_be_empty = |facts: &Value| facts.get("DeleteRequiresEmptyResource") == Some(&Value::Bool(true));
    Ok(types.iter().map(|(name, facts)| (name.clone(), must_be_empty(facts))).collect())
}

/// Reads a list or mapping of texts that stands in a Python module.
fn python(module: &str, assignment: &str, open: char, close: char) -> anyhow::Result<Value> {
    let start = module.find(&format!("\n{assignment}{open}")).with_context(|| format!("no `{assignment}`"))?;
    let rest = module.get(start + 1 + assignment.len()..).context("BUG: found inside")?;
    let end = rest.find(&format!("\n{close}")).with_context(|| format!("`{assignment}` has no end"))?;
    let literal = rest.get(..end).context("BUG: found inside")?.to_owned() + "\n" + &close.to_string();
    // JSON but for the commas after last members.
    let mut json = String::new();
    for sign in literal.chars().filter(|sign| !sign.is_whitespace()) {
        if matches!(sign, ']' | '}') && json.ends_with(',') {
            json.pop();
        }
        json.push(sign);
    }
    serde_json::from_str(&json).with_context(|| format!("`{assignment}` is not a plain literal"))
}

fn text(archive: &mut ZipArchive<File>, name: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    archive.by_name(name).with_context(|| format!("the package has no {name}"))?.read_to_string(&mut text)?;
    Ok(text)
}

fn json(archive: &mut ZipArchive<File>, name: &str) -> anyhow::Result<Value> {
    serde_json::from_str(&text(archive, name)?).with_context(|| format!("{name} is not as expected"))
}
