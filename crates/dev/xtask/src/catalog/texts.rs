//! Numbers for texts: what several blocks use is kept once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_catalog::format::{Heap, TextId};

/// A text that at least so many blocks use is common. Fewer makes reading the first block slower, more makes the
/// file larger.
const BLOCKS_MIN: usize = 3;

/// How often a block uses each text.
#[derive(Default)]
pub(super) struct Counter {
    uses: BTreeMap<String, usize>,
}

impl Counter {
    /// Counts a use; the number is of no value.
    pub(super) fn count(&mut self, text: &str) -> TextId {
        match self.uses.get_mut(text) {
            Some(uses) => *uses += 1,
            None => {
                self.uses.insert(text.to_owned(), 1);
            }
        }
        TextId(0)
    }

    /// Returns the texts that are not common, sorted, which compresses best.
    pub(super) fn own(&self, common: &Heap) -> Heap {
        let common: BTreeSet<&str> = common.iter().collect();
        self.uses.keys().map(String::as_str).filter(|text| !common.contains(text)).collect()
    }
}

/// Returns the texts that several blocks use, the most frequent first, so that they get short numbers.
pub(super) fn common(counters: &[Counter]) -> Heap {
    let mut all: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (text, uses) in counters.iter().flat_map(|counter| &counter.uses) {
        let (blocks, total) = all.entry(text).or_default();
        *blocks += 1;
        *total += uses;
    }
    let mut common: Vec<(usize, &str)> = all
        .into_iter()
        .filter(|(_, (blocks, _))| *blocks >= BLOCKS_MIN)
        .map(|(text, (_, uses))| (uses, text))
        .collect();
    common.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
    common.into_iter().map(|(_, text)| text).collect()
}

/// The numbers that a block gives to texts.
pub(super) struct Numbers<'texts> {
    numbers: BTreeMap<&'texts str, u32>,
}

impl<'texts> Numbers<'texts> {
    pub(super) fn new(common: &'texts Heap, own: &'texts Heap) -> Self {
        Self { numbers: common.iter().chain(own.iter()).zip(0..).collect() }
    }

    /// Returns the number of a text that was counted.
    pub(super) fn number(&self, text: &str) -> TextId {
        let number = self.numbers.get(text).copied();
        assert!(number.is_some(), "BUG: `{text}` was not counted");
        TextId(number.unwrap_or_default())
    }
}
