//! What fuzzing found stays found: every file of `fuzz/corpus` goes through its target, on a thread of 2 MB as a test's
//! and tokio's are.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic; helpers count as non-test code")]

use std::path::{Path, PathBuf};

use stackfleet_testkit::fuzz::{TARGETS, run};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Runs the whole corpus of a target and reports every input that fails.
fn replay(target: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let files = files(&folder);
    assert!(!files.is_empty(), "no inputs in {}", folder.display());
    let failed: Vec<&PathBuf> = files
        .iter()
        .filter(|path| {
            let data = std::fs::read(path).unwrap();
            std::panic::catch_unwind(|| assert!(run(target, &data), "no target {target}")).is_err()
        })
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn yaml() {
    replay("yaml");
}

#[test]
fn json() {
    replay("json");
}

#[test]
fn template() {
    replay("template");
}

#[test]
fn sam() {
    replay("sam");
}

#[test]
fn policy() {
    replay("policy");
}

#[test]
fn evaluate() {
    replay("evaluate");
}

#[test]
fn every_target_is_replayed() {
    let mut folders: Vec<String> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus"))
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(folders, targets);
    assert_eq!(targets, ["evaluate", "json", "policy", "sam", "template", "yaml"], "a test for each target");
}
