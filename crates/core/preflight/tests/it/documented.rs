//! Every code of a finding is explained in `docs/diagnostics.md`, every failure in README.md.

#[test]
fn every_code_is_listed_once() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let source = include_str!("../../src/codes.rs");
    let codes: Vec<&str> = source.match_indices("\"PRE").filter_map(|(at, _)| source.get(at + 1..at + 7)).collect();
    assert!(codes.len() > 7);
    for code in codes {
        assert_eq!(documentation.matches(&format!("| {code} |")).count(), 1, "{code}");
    }
}

#[test]
fn every_failure_is_told_once() {
    let readme = include_str!("../../README.md");
    for number in 1..=36 {
        assert_eq!(readme.matches(&format!("\n| {number} |")).count(), 1, "{number}");
    }
}
