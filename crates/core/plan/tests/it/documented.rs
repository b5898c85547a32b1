//! Every code of a finding is explained in `docs/diagnostics.md`.

#[test]
fn every_code_is_listed_once() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let source = include_str!("../../src/code.rs");
    let codes: Vec<&str> = source.match_indices("\"PLAN").filter_map(|(at, _)| source.get(at + 1..at + 8)).collect();
    assert!(codes.len() > 25);
    for code in codes {
        assert_eq!(documentation.matches(&format!("| {code} |")).count(), 1, "{code}");
    }
}
