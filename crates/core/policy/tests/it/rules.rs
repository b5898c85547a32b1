//! The 154 cases of forty IAM rules in `policy-rules/cases.json`, and the big case.

use serde_json::Value;
use stackfleet_policy::cases::Case;

use crate::conformance;

/// How many cases are known to pass; it may only rise.
const PASSED: usize = 154;

fn answer(case: &Value) -> String {
    let case: Case = serde_json::from_value(case.clone()).unwrap();
    case.ready().unwrap().answer().response
}

#[test]
fn the_cases_of_forty_rules_are_decided_as_documented() {
    let Some(cases) = conformance("policy-rules/cases.json") else { return };
    let cases = cases.as_array().unwrap();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let (got, expected) = (answer(case), case["expected"]["response"].as_str().unwrap());
            (got != expected).then(|| format!("{} {}: {got}, not {expected}", case["id"], case["label"]))
        })
        .collect();
    assert!(cases.len() - wrong.len() >= PASSED, "{}", wrong.join("\n"));
}

#[test]
fn all_permissions_of_the_big_case_are_decided() {
    let Some(cases) = conformance("policy-rules/bench_big.json") else { return };
    let mut count = std::collections::BTreeMap::<String, usize>::new();
    for case in cases.as_array().unwrap() {
        *count.entry(answer(case)).or_default() += 1;
    }
    let of = |response: &str| count.get(response).copied();
    assert_eq!((of("Allowed"), of("ImplicitlyDenied"), of("ExplicitlyDenied")), (Some(139), Some(31), Some(2)));
}
