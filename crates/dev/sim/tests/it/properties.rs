//! What must hold for every request and all policies.

use std::{sync::Arc, thread};

use stackfleet_policy::{Decision, Layer, Layers, Level, Policy, PolicyPath, PolicySet};
use stackfleet_sim::{Answer, Dice, world};

use crate::{
    differential::agrees,
    pool::{Case, Pool},
};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Checks at least a hundred thousand cases, on all processors, and returns what the checks return.
pub(crate) fn in_many_cases<T: Send>(seed: u64, check: impl Fn(&Pool, &Case<'_>, &mut Dice) -> T + Sync) -> Vec<T> {
    let seed = seed.wrapping_add(number("STACKFLEET_SIM_SEED", 0));
    let (cases, pool) = (number("STACKFLEET_SIM_CASES", 100_000), Pool::new(&mut Dice::new(seed)));
    let threads = thread::available_parallelism().map_or(1, |count| u64::try_from(count.get()).unwrap());
    let share = |thread: u64| {
        let mut dice = Dice::new(seed ^ (thread + 1) << 32);
        let one = |_| {
            let case = pool.case(&mut dice);
            check(&pool, &case, &mut dice)
        };
        (0..cases.div_ceil(threads)).map(one).collect::<Vec<T>>()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        running.into_iter().flat_map(|share| share.join().unwrap()).collect()
    })
}

/// What remains of a decision without the statements that decided, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Denied,
    NotAllowed,
    Depends,
    Allowed,
}

fn verdict(decision: &Decision<'_>) -> Verdict {
    match decision {
        Decision::Allowed(_) => Verdict::Allowed,
        Decision::ImplicitlyDenied(_) => Verdict::NotAllowed,
        Decision::ExplicitlyDenied(_) => Verdict::Denied,
        Decision::Depends(_) => Verdict::Depends,
    }
}

fn with(set: Option<&PolicySet>, policy: &Arc<Policy>) -> PolicySet {
    let policies = set.map_or(&[][..], PolicySet::policies);
    PolicySet::new(policies.iter().chain([policy]).cloned().collect())
}

fn node(policies: PolicySet) -> Arc<Level> {
    Arc::new(Level { place: "added".into(), policies })
}

/// Asks before and after a change of the layers and refuses that the answer rises. Returns whether it fell.
fn never_rises<'p>(case: &Case<'p>, changed: &Layers<'p>) -> bool {
    let (before, after) = (case.decide(&case.layers()), case.decide(changed));
    assert!(verdict(&after) <= verdict(&before), "{before:?} became {after:?}\n{}\n{changed:#?}", case.told());
    verdict(&after) < verdict(&before)
}

/// A change that changes nothing in any case proves nothing.
fn some(happened: &[bool]) {
    let count = happened.iter().filter(|happened| **happened).count();
    assert!(count * 100 > happened.len(), "the change mattered in {count} of {} cases only", happened.len());
}

#[test]
fn adding_a_deny_never_allows_more() {
    let fell = in_many_cases(2, |pool, case, dice| {
        let (layer, deny) = pool.deny(dice);
        let layers = case.layers();
        let set = |set| with(set, deny);
        match layer {
            Layer::Identity => never_rises(case, &Layers { identity: Some(&set(layers.identity)), ..layers }),
            Layer::Boundary => {
                let added = layers.boundary.map(|boundary| set(Some(boundary)));
                never_rises(case, &Layers { boundary: added.as_ref(), ..layers })
            }
            Layer::Session => {
                let added = layers.session.map(|session| set(Some(session)));
                never_rises(case, &Layers { session: added.as_ref(), ..layers })
            }
            Layer::Resource | Layer::Trust => {
                let added = layers.resource.map(|resource| set(Some(resource)));
                never_rises(case, &Layers { resource: added.as_ref(), ..layers })
            }
            Layer::ServiceControl | Layer::ResourceControl => {
                let is_scp = *layer == Layer::ServiceControl;
                let path = if is_scp { layers.scps } else { layers.rcps };
                let Some((last, above)) = path.and_then(|path| path.levels().split_last()) else { return false };
                let last = node(with(Some(&last.policies), deny));
                let path = PolicyPath::new(above.iter().cloned().chain([last]).collect());
                let added = Some(&path);
                let layers = if is_scp { Layers { scps: added, ..layers } } else { Layers { rcps: added, ..layers } };
                never_rises(case, &layers)
            }
        }
    });
    some(&fell);
}

#[test]
fn adding_an_scp_never_allows_more() {
    let fell = in_many_cases(3, |pool, case, dice| {
        let layers = case.layers();
        let path = layers.scps.cloned().unwrap_or_default().below(node(pool.node(dice)));
        never_rises(case, &Layers { scps: Some(&path), ..layers })
    });
    some(&fell);
}

#[test]
fn the_order_of_statements_never_matters() {
    in_many_cases(4, |_, case, _| {
        let (before, after) = (case.decide(&case.layers()), case.decide(&case.shuffled()));
        assert_eq!(verdict(&before), verdict(&after), "{before:?}, shuffled {after:?}\n{}", case.told());
    });
}

/// Only the organization's policies matter: everything else allows.
#[test]
fn a_compiled_path_decides_as_the_documents_of_its_nodes() {
    let refused = in_many_cases(5, |pool, case, _| {
        let case = pool.open(case);
        let (decision, answer) = (case.decide(&case.layers()), case.evaluate(&case.question.asked));
        assert!(agrees(&decision, &answer), "{decision:?}\nthe rules say {answer:?}\n{}", case.told());
        answer != Answer::Allowed
    });
    some(&refused);
}

#[test]
fn what_does_not_depend_on_unknown_keys_holds_for_all_their_values() {
    let mattered = in_many_cases(6, |_, case, dice| {
        let decision = case.decide(&case.layers());
        let settled = world::settled(dice, &case.question.asked);
        let answer = case.evaluate(&settled);
        let holds = match (&decision, &answer) {
            (Decision::Allowed(_), answer) => *answer == Answer::Allowed,
            // Whether a deny is explicit may hinge on a key, that it is one may not.
            (Decision::ImplicitlyDenied(_), answer) => matches!(answer, Answer::NotAllowed(_) | Answer::Denied(_)),
            (Decision::ExplicitlyDenied(_), answer) => matches!(answer, Answer::Denied(_)),
            (Decision::Depends(_), answer) => *answer != Answer::Depends,
        };
        assert!(holds, "{decision:?}\nbut {answer:?} for {settled:#?}\n{}", case.told());
        settled.keys != case.question.asked.keys
    });
    some(&mattered);
}
