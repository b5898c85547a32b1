//! The table of fidelity says what the code does.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_api::{Service, operations_of};
use stackfleet_twin::{fidelity, s3};

const TABLE: &str = include_str!("../../../../../docs/twin-fidelity.md");

/// The rows: operation, one of the three words, note.
fn rows() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let mut rows = BTreeMap::new();
    for line in TABLE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 3, "three cells: {line}");
        let (operation, word, note) = (cells[0], cells[1], cells[2]);
        assert!(rows.insert(operation.trim_matches('`'), (word, note)).is_none(), "twice: {line}");
    }
    rows
}

#[test]
fn the_table_has_a_true_line_for_every_operation() {
    let rows = rows();
    let mut wanted = BTreeSet::new();
    let mut wrong = Vec::new();
    for service in Service::ALL {
        // Names of methods and operations differ in underscores and case only.
        let done: BTreeSet<String> = fidelity::implemented(*service).iter().map(|name| name.replace('_', "")).collect();
        if done.is_empty() {
            continue;
        }
        for operation in operations_of(*service) {
            let name = format!("{}:{}", operation.service.name, operation.name);
            let word = rows.get(name.as_str()).map(|(word, _)| *word);
            let is_done = done.contains(&operation.name.to_lowercase());
            if !matches!((word, is_done), (Some("real" | "partial"), true) | (Some("absent"), false)) {
                wrong.push(format!("{name} is {word:?} in the table, and done: {is_done}"));
            }
            wanted.insert(name);
        }
    }
    wanted.extend(s3::OPERATIONS.iter().map(|name| format!("s3:{name}")));
    wrong.extend(rows.keys().filter(|name| !wanted.contains(**name)).map(|name| format!("{name} is no operation")));
    wrong.extend(
        wanted.iter().filter(|name| !rows.contains_key(name.as_str())).map(|name| format!("{name} is not there")),
    );
    wrong.extend(
        rows.iter()
            .filter(|(_, (word, note))| (*word == "partial") == note.is_empty())
            .map(|(name, _)| format!("{name} needs a note if and only if it is partial")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
