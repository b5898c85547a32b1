//! Every diagnostic code of this crate and of target expressions is explained in `docs/diagnostics.md`.

#[test]
fn every_code_is_listed_once() {
    let documentation = include_str!("../../../../../docs/diagnostics.md");
    let sources = [
        include_str!("../../src/codes.rs"),
        include_str!("../../../organization/src/target/parse.rs"),
        include_str!("../../../organization/src/target/check.rs"),
    ];
    let mut codes: Vec<&str> = Vec::new();
    for source in sources {
        for prefix in ["\"PRJ", "\"ORG"] {
            codes.extend(source.match_indices(prefix).filter_map(|(at, _)| source.get(at + 1..at + 7)));
        }
    }
    assert!(codes.len() > 30);
    for code in codes {
        assert_eq!(documentation.matches(&format!("| {code} |")).count(), 1, "{code}");
    }
}
