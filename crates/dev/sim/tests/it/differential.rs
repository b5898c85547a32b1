//! The decision of `core/policy` is what the plain rules say.

use std::collections::BTreeMap;

use stackfleet_policy::{Decision, Layer};
use stackfleet_sim::{Answer, Part};

use crate::pool::Case;
use crate::properties::in_many_cases;

const fn part(layer: Layer) -> Part {
    match layer {
        Layer::ResourceControl => Part::ResourceControl,
        Layer::ServiceControl => Part::ServiceControl,
        Layer::Resource | Layer::Trust => Part::Resource,
        Layer::Identity => Part::Identity,
        Layer::Boundary => Part::Boundary,
        Layer::Session => Part::Session,
    }
}

/// Tells whether a decision is the answer; the layer that it names must be one of those that refuse.
pub(crate) fn agrees(decision: &Decision<'_>, answer: &Answer) -> bool {
    match (decision, answer) {
        (Decision::Allowed(_), Answer::Allowed) => true,
        (Decision::ImplicitlyDenied(missing), Answer::NotAllowed(parts)) => parts.contains(&part(missing.layer)),
        (Decision::ExplicitlyDenied(deciding), Answer::Denied(parts)) => parts.contains(&part(deciding.layer)),
        (Decision::Depends(keys), Answer::Depends) => !keys.is_empty(),
        _ => false,
    }
}

#[test]
fn decisions_are_what_the_plain_rules_say() {
    let answers = in_many_cases(1, |_, case: &Case<'_>, _| {
        let (decision, answer) = (case.decide(&case.layers()), case.evaluate(&case.question.asked));
        assert!(agrees(&decision, &answer), "{decision:?}\nthe rules say {answer:?}\n{}", case.told());
        match answer {
            Answer::Allowed => "allowed",
            Answer::NotAllowed(_) => "not allowed",
            Answer::Denied(_) => "denied",
            Answer::Depends => "depends",
        }
    });
    let mut count = BTreeMap::<&str, usize>::new();
    for answer in &answers {
        *count.entry(answer).or_default() += 1;
    }
    assert!(count.len() == 4 && count.values().all(|count| count * 100 > answers.len()), "one-sided: {count:?}");
}
