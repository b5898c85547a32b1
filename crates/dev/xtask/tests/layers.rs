//! The dependency direction of the workspace, and whether ARCHITECTURE.md tells the truth about it.
//!
//! The folder of a crate is its layer: `crates/core`, `crates/edge`, `crates/face`, `crates/dev`. Normal dependencies
//! point down; dev-dependencies may point anywhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic; helpers count as non-test code"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde_json::Value;

const LAYERS: [&str; 4] = ["core", "edge", "face", "dev"];

/// Pairs that must stay strangers although their layers would allow them to meet.
const STRANGERS: [(&str, &str); 4] =
    [("twin", "plan"), ("twin", "preflight"), ("twin", "rollout"), ("twin", "permissions")];

/// Inside `core`, from the bottom. Crates of one row do not see each other.
const CORE: [&[&str]; 7] = [
    &["base"],
    &["template", "policy", "catalog", "api"],
    &["sam", "organization", "permissions"],
    &["validate"],
    &["project", "twin"],
    &["plan"],
    &["preflight", "rollout"],
];

/// Inside `edge`, from the bottom.
const EDGE: [&[&str]; 2] = [&["aws", "pack", "credentials", "journal", "wire"], &["drive"]];

/// Crate -> (layer, normal dependencies inside the workspace), names without the common prefix.
type Graph = BTreeMap<String, (String, Vec<String>)>;

#[test]
fn dependencies_point_down() {
    let graph = workspace();
    let mut wrong = Vec::new();
    for (name, (layer, deps)) in &graph {
        for dep in deps {
            let below = &graph[dep].0;
            if rank(layer) < rank(below) {
                wrong.push(format!("{name} ({layer}) depends on {dep} ({below})"));
            }
            for (inside, rows) in [("core", CORE.as_slice()), ("edge", EDGE.as_slice())] {
                if layer == inside && below == inside && row(rows, dep) >= row(rows, name) {
                    wrong.push(format!("{name} depends on {dep}, which is not below it in {inside}"));
                }
            }
        }
        for (a, b) in STRANGERS {
            if (name == a && reaches(&graph, a, b)) || (name == b && reaches(&graph, b, a)) {
                wrong.push(format!("{a} and {b} must not meet: the twin judges what the other decides"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn only_one_crate_names_the_sdk() {
    let users: BTreeSet<String> = packages()
        .iter()
        .filter(|package| {
            let deps = package["dependencies"].as_array().unwrap();
            deps.iter().any(|dep| dep["kind"].is_null() && dep["name"].as_str().unwrap().starts_with("aws-sdk-"))
        })
        .map(|package| short(package["name"].as_str().unwrap()))
        .collect();
    assert_eq!(users, BTreeSet::from(["aws".to_owned()]));
}

#[test]
fn the_architecture_lists_every_crate_and_no_other() {
    let told = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let listed: BTreeSet<String> = told
        .lines()
        .filter_map(|line| line.strip_prefix("| `crates/")?.split_once('`').map(|(path, _)| path.to_owned()))
        .collect();
    let there: BTreeSet<String> = workspace().iter().map(|(name, (layer, _))| format!("{layer}/{name}")).collect();
    assert_eq!(listed, there, "the table in ARCHITECTURE.md and the workspace differ");
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn short(name: &str) -> String {
    name.split_once('-').map_or(name, |(_, rest)| rest).to_owned()
}

fn workspace() -> Graph {
    let mut graph = BTreeMap::new();
    for package in packages() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let layer = manifest.parent().and_then(Path::parent).and_then(Path::file_name).unwrap();
        let deps = package["dependencies"].as_array().unwrap().iter();
        let deps = deps
            .filter(|dep| !dep["path"].is_null() && dep["kind"].is_null())
            .map(|dep| short(dep["name"].as_str().unwrap()))
            .collect();
        graph.insert(short(package["name"].as_str().unwrap()), (layer.to_str().unwrap().to_owned(), deps));
    }
    graph
}

fn rank(layer: &str) -> usize {
    LAYERS.iter().position(|it| *it == layer).unwrap_or_else(|| panic!("unknown layer `{layer}`"))
}

fn row(rows: &[&[&str]], name: &str) -> usize {
    rows.iter().position(|row| row.contains(&name)).unwrap_or_else(|| panic!("`{name}` has no row"))
}

fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    graph.get(from).is_some_and(|(_, deps)| deps.iter().any(|dep| dep == to || reaches(graph, dep, to)))
}
