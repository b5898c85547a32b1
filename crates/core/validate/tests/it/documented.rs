//! Every code of this crate is explained in `docs/diagnostics.md`.

#[test]
fn every_code_is_listed_once() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let source = include_str!("../../src/codes.rs");
    let codes: Vec<&str> = ["\"PRJ", "\"VAL"]
        .iter()
        .flat_map(|prefix| source.match_indices(prefix))
        .filter_map(|(at, _)| source.get(at + 1..at + 7))
        .collect();
    assert!(codes.len() >= 10);
    for code in codes {
        assert_eq!(documentation.matches(&format!("| {code} |")).count(), 1, "{code}");
    }
}
