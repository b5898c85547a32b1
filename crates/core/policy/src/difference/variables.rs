//! Policy variables: the values that requests may have for them, and patterns with these in their place.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::{Text, Variables};

/// How many ways of filling a pattern are looked at.
const FILLED_MAX: usize = 64;

/// Values of variables by their keys in lower case.
#[derive(Debug, Default)]
pub(crate) struct Known(pub(super) BTreeMap<String, BTreeSet<String>>);

/// Returns what stands for a policy variable of which nothing is known: a value that nothing else in a policy has.
pub(super) fn placeholder(key: &str) -> String {
    let name = key.rsplit([':', '/']).next().unwrap_or(key);
    format!("some-{name}").to_ascii_lowercase()
}

impl Known {
    /// Makes texts of a pattern with all values in the place of its variables.
    pub(crate) fn fill<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
        make: impl Fn(Variables<'_>) -> Option<Text>,
    ) -> Vec<Text> {
        let keys: BTreeSet<String> = keys.map(str::to_ascii_lowercase).collect();
        let mut ways: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
        for key in &keys {
            let values = self.0.get(key).cloned().unwrap_or_default();
            let values = if values.is_empty() { BTreeSet::from([placeholder(key)]) } else { values };
            let with = |way: &BTreeMap<String, String>, value: &String| {
                way.clone().into_iter().chain([(key.clone(), value.clone())]).collect::<BTreeMap<_, _>>()
            };
            ways = ways.iter().flat_map(|way| values.iter().map(move |value| with(way, value))).collect();
            ways.truncate(FILLED_MAX);
        }
        ways.iter().filter_map(|way| make(&|key| way.get(&key.to_ascii_lowercase()).cloned())).collect()
    }

    /// Tells whether some way of filling a pattern with these variables is not looked at.
    pub(super) fn is_cut<'k>(&self, keys: impl Iterator<Item = &'k str>) -> bool {
        let keys: BTreeSet<String> = keys.map(str::to_ascii_lowercase).collect();
        let count = |key: &String| self.0.get(key).map_or(1, |values| values.len().max(1));
        keys.iter().map(count).fold(1_usize, usize::saturating_mul) > FILLED_MAX
    }
}
