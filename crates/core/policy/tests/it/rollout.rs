//! The rollout over a thousand accounts in `policy-rollout`, whose refusals are known.

use std::collections::BTreeMap;

use stackfleet_base::AccountId;
use stackfleet_policy::rollout_check::{AccountAnswer, RolloutCheck, RolloutOrganization};

use crate::conformance;

/// How many accounts are known to have the right blockers; it may only rise. A missing role's name stands nowhere in
/// the organization's file, so that where one is missing only the layer and action can be compared.
const PASSED: usize = 1000;

/// What can be compared, in one order.
fn comparable(answer: &AccountAnswer) -> AccountAnswer {
    let mut answer = answer.clone();
    for found in answer.blockers.iter_mut().filter(|found| found.layer == "role") {
        found.place.clear();
    }
    answer.blockers.sort();
    answer
}

#[test]
fn every_account_is_refused_for_the_planted_reasons_and_no_others() {
    let (Some(organization), Some(expected)) =
        (conformance("policy-rollout/org.json"), conformance("policy-rollout/expected.json"))
    else {
        return;
    };
    let organization: RolloutOrganization = serde_json::from_value(organization).unwrap();
    let expected: BTreeMap<AccountId, AccountAnswer> = serde_json::from_value(expected).unwrap();
    let answer = RolloutCheck::new(&organization).unwrap().answer().unwrap();
    assert_eq!(answer.accounts.len(), expected.len());
    let mut wrong = Vec::new();
    for (account, wanted) in &expected {
        let got = &answer.accounts[account];
        if comparable(got) != comparable(wanted) {
            wrong.push(format!("{account}: {got:?}, not {wanted:?}"));
        }
    }
    assert!(expected.len() - wrong.len() >= PASSED, "{} wrong, first {}", wrong.len(), wrong[0]);
}
