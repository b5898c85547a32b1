//! `cargo xtask catalog`: resource schemas of the pinned cfn-lint package in, the embedded file of `core/catalog` out.
//!
//! `package` reads the wheel, `group` divides types into blocks, `convert` turns one schema into facts, `texts` numbers
//! texts, `compare` holds what can be read again against the schemas.

mod compare;
mod convert;
mod group;
mod package;
mod texts;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use stackfleet_catalog::Catalog;
use stackfleet_catalog::format::{Block, Entry, Heap, Index, Node, TextId, TypeFacts, write};

use convert::Converter;
use package::Package;
use texts::{Counter, Numbers};

/// The version of the package cfn-lint that the checked-in file is made from.
const CFN_LINT: &str = "1.58.0";

/// zstd's strongest level: the file is written seldom and read everywhere.
const LEVEL: i32 = 22;

/// Arguments of the chore.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Compare with the checked-in file instead of writing it; fails when they differ
    #[arg(long)]
    check: bool,
    /// Use this wheel instead of downloading the pinned version
    #[arg(long)]
    wheel: Option<PathBuf>,
}

/// Writes the file or compares it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/catalog/catalog.bin");
    let package = Package::read(CFN_LINT, arguments.wheel.as_deref())?;
    let made = generate(&package)?;
    compare::all(&Catalog::read(&made)?, &package)?;
    if arguments.check {
        let present = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(present == made, "{} differs from what the package gives; run `cargo xtask catalog`", path.display());
        return Ok(());
    }
    std::fs::write(&path, &made).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the bytes of the file.
fn generate(package: &Package) -> anyhow::Result<Vec<u8>> {
    let groups = group::groups(package);

    // Texts get their numbers when all uses are known, so everything is converted twice: first to count.
    let mut counters = Vec::new();
    for group in &groups {
        let mut counter = Counter::default();
        convert_group(package, group, &mut |text| counter.count(text))?;
        counters.push(counter);
    }
    let common = texts::common(&counters);

    let mut blocks = Vec::new();
    for (group, counter) in groups.iter().zip(&counters) {
        let own = counter.own(&common);
        let numbers = Numbers::new(&common, &own);
        let (nodes, types) = convert_group(package, group, &mut |text| numbers.number(text))?;
        blocks.push(Block { texts: own, nodes, types });
    }

    let index = index(package, &groups)?;
    let bytes = write(&index, &common, &blocks, |frame| zstd::bulk::compress(frame, LEVEL))?;
    Catalog::read(&bytes)?.verify()?;
    Ok(bytes)
}

fn convert_group(
    package: &Package,
    group: &[String],
    number: &mut dyn FnMut(&str) -> TextId,
) -> anyhow::Result<(Vec<Node>, Vec<TypeFacts>)> {
    let mut converter = Converter::new(number);
    let mut types = Vec::new();
    for name in group {
        types.push(converter.resource(package, name).with_context(|| format!("type {name}"))?);
    }
    Ok((converter.into_nodes(), types))
}

fn index(package: &Package, groups: &[Vec<String>]) -> anyhow::Result<Index> {
    let regions: Vec<&str> = package.regions.keys().map(String::as_str).collect();
    ensure!(regions.len() <= 64, "more regions than a set has room for");
    let mut index = Index {
        source: format!("cfn-lint {CFN_LINT}"),
        collected: package.collected.clone(),
        regions: regions.iter().copied().collect::<Heap>(),
        ..Index::default()
    };
    let mut names = Vec::new();
    let places = groups
        .iter()
        .enumerate()
        .flat_map(|(block, group)| group.iter().enumerate().map(move |(position, name)| (name, block, position)));
    for (name, block, position) in places {
        let bits = package.regions.values().enumerate();
        let set = bits.fold(0, |set, (bit, types)| set | u64::from(types.contains(name)) << bit);
        let regions = index.region_sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            index.region_sets.push(set);
            index.region_sets.len() - 1
        });
        names.push(name.as_str());
        let [block, position, regions] = [block, position, regions].map(u32::try_from);
        index.entries.push(Entry { block: block?, position: position?, regions: regions? });
    }
    ensure!(names.is_sorted(), "BUG: groups are divided in the order of names");
    index.names = names.into_iter().collect();
    Ok(index)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Value, json};

    use super::*;

    fn package(schemas: &[(&str, Value)]) -> Package {
        let names: BTreeSet<String> = schemas.iter().map(|(name, _)| (*name).to_owned()).collect();
        Package {
            collected: "2026-01-01T00:00:00Z".into(),
            schemas: schemas.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect(),
            regions: BTreeMap::from([("us-east-1".to_owned(), names), ("eu-west-1".to_owned(), BTreeSet::new())]),
            stateful: BTreeMap::from([("AWS::A::Store".to_owned(), true)]),
            open: BTreeSet::from(["AWS::A::Open".to_owned()]),
            attributes: BTreeMap::from([("AWS::A::Store".to_owned(), vec!["Name".to_owned()])]),
        }
    }

    /// Uses every keyword that is kept.
    fn store() -> Value {
        json!({
            "typeName": "AWS::A::Store",
            "additionalProperties": false,
            "definitions": {
                "Rule": { "type": "object", "additionalProperties": false, "required": ["Name"], "properties": {
                    "Name": { "type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$", "default": "a" },
                    "Not": { "$ref": "#/definitions/Rule" },
                    "All": { "type": "array", "items": { "$ref": "#/definitions/Rule" }, "minItems": 2, "maxItems": 3 },
                } },
                "Tag": { "type": "object", "properties": { "Key": { "type": "string" }, "Value": { "type": ["string", "object"] } } },
            },
            "properties": {
                "Name": { "type": "string", "format": "AWS::A::Store.Name", "enum": ["x", "y"] },
                "Arn": { "type": "string" },
                "Size": { "type": "number", "minimum": -0.5, "maximum": 1e300, "multipleOf": 0.1, "exclusiveMaximum": 7 },
                "Rules": { "type": "array", "uniqueItems": true, "uniqueKeys": ["Name"], "insertionOrder": false,
                    "items": { "$ref": "#/definitions/Rule" } },
                "First": { "$ref": "#/definitions/Rule", "description": "words" },
                "Tags": { "$ref": "#/definitions/Tag", "maxProperties": 3, "minProperties": 1 },
                "Map": { "type": "object", "patternProperties": { "^a": { "const": 1 } }, "additionalProperties": false },
                "Case": { "enumCaseInsensitive": ["on", "off"], "type": "string" },
                "Either": { "anyOf": [{ "format": "a" }, { "format": "b" }], "oneOf": [{ "type": "string" }], "allOf": [{}] },
            },
            "required": ["Rules"],
            "requiredXor": ["Name", "Size"],
            "requiredOr": ["Name", "Case"],
            "dependentRequired": { "Name": ["Size"] },
            "dependentExcluded": { "Name": ["Case"] },
            "readOnlyProperties": ["/properties/Arn", "/properties/Rules/*/Not"],
            "createOnlyProperties": ["/properties/Name"],
            "writeOnlyProperties": ["/properties/Size"],
            "conditionalCreateOnlyProperties": ["/properties/Case"],
            "deprecatedProperties": ["/properties/Either"],
            "primaryIdentifier": ["/properties/Name"],
            "additionalIdentifiers": [["/properties/Arn"], ["/properties/Name", "/properties/Size"]],
            "handlers": {
                "create": { "permissions": ["a:Tag", "a:Create", ""], "timeoutInMinutes": 720 },
                "list": { "permissions": [], "handlerSchema": {} },
            },
            "tagging": { "taggable": true, "tagOnCreate": false, "tagProperty": "/properties/Tags", "permissions": ["a:Tag"] },
            "lifecycle": { "status": "sunset", "date": "2026-10-01" },
            "replacementStrategy": "delete_then_create",
        })
    }

    fn open() -> Value {
        json!({
            "typeName": "AWS::A::Open",
            "definitions": { "Tag": { "type": "object", "properties": { "Key": { "type": "string" } } } },
            "properties": {
                "Name": { "type": "string" },
                "Where": { "type": "object", "properties": { "Host": { "type": "string" } } },
                "Tags": { "type": "array", "items": { "$ref": "#/definitions/Tag" } },
                "Names": { "type": "array", "items": { "type": "string" } },
            },
        })
    }

    #[test]
    fn what_is_written_says_what_the_schemas_say() {
        let package = package(&[("AWS::A::Open", open()), ("AWS::A::Store", store())]);
        let bytes = generate(&package).unwrap();
        assert_eq!(bytes, generate(&package).unwrap(), "the same schemas give the same bytes");
        let catalog = Catalog::read(&bytes).unwrap();
        compare::all(&catalog, &package).unwrap();

        let attributes = |name: &str| {
            let kind = catalog.resource(name).unwrap();
            kind.attributes().map(|path| path.dotted()).collect::<Vec<_>>()
        };
        assert_eq!(attributes("AWS::A::Open"), ["Name", "Where.Host", "Names"]);
        assert_eq!(attributes("AWS::A::Store"), ["Arn", "Name"]);
        let store = catalog.resource("AWS::A::Store").unwrap();
        assert!(store.deletes_before_replacing());
        assert_eq!(
            store.lifecycle().map(|lifecycle| (lifecycle.status, lifecycle.date)),
            Some(("sunset", Some("2026-10-01")))
        );
        assert_eq!(store.stateful(), stackfleet_catalog::Stateful::MustBeEmpty);
        assert_eq!(store.property("/First/Not/All/*/Not/Name").unwrap().length().max, Some(9));
    }

    /// The comparison is only worth something if it finds what is wrong.
    #[test]
    fn a_difference_is_found() {
        let written = generate(&package(&[("AWS::A::Store", store())])).unwrap();
        let catalog = Catalog::read(&written).unwrap();
        for (place, value) in [
            ("/properties/Name/enum/1", json!("z")),
            ("/properties/Size/minimum", json!(-0.25)),
            ("/definitions/Rule/properties/Name/pattern", json!("^[a-z]$")),
            ("/definitions/Rule/properties/All/maxItems", json!(4)),
            ("/definitions/Tag/properties/Value/type", json!("string")),
            ("/required/0", json!("Name")),
            ("/dependentExcluded/Name/0", json!("Size")),
            ("/readOnlyProperties/1", json!("/properties/Rules/*/Name")),
            ("/additionalIdentifiers/1/1", json!("/properties/Arn")),
            ("/handlers/create/permissions/0", json!("a:Untag")),
            ("/handlers/create/timeoutInMinutes", json!(721)),
            ("/tagging/tagOnCreate", json!(true)),
        ] {
            let mut changed = store();
            *changed.pointer_mut(place).unwrap() = value;
            compare::all(&catalog, &package(&[("AWS::A::Store", changed)])).expect_err(place);
        }
    }

    #[test]
    fn unknown_keywords_stop_the_chore() {
        let schema =
            json!({ "typeName": "AWS::A::New", "properties": { "Name": { "type": "string", "colour": "red" } } });
        let error = format!("{:#}", generate(&package(&[("AWS::A::New", schema)])).unwrap_err());
        assert_eq!(
            error,
            "type AWS::A::New: properties: {\"Name\":{\"type\":\"string\",\"colour\":\"red\"}}: Name: colour: \"red\": unknown keyword"
        );
    }
}
