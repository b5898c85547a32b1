//! The order of keys in an open-addressing hash table of 8 slots that grows.
//!
//! Observed on AWS's transform: the text that a deployment id is the hash of lists keys in the order in which CPython 2.7
//! iterates a dictionary. The order depends on the keys' hashes and on the history of insertions, removals and growth.

use crate::node::Entries;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Free,
    /// Was taken once: probing goes on beyond it, a new key may take it.
    Removed,
    /// Position of the entry in insertion order.
    Entry(u32),
}

/// The slots of one map.
#[derive(Clone, Debug)]
pub(crate) struct HashOrder {
    slots: Vec<Slot>,
    /// Slots that are not free, removed ones included.
    fill: usize,
}

impl Default for HashOrder {
    fn default() -> HashOrder {
        HashOrder { slots: vec![Slot::Free; 8], fill: 0 }
    }
}

impl HashOrder {
    /// Positions of entries in slot order.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Entry(index) => Some(*index as usize),
            Slot::Free | Slot::Removed => None,
        })
    }

    /// Whether the same keys lie in the same slots.
    pub(crate) fn agrees(&self, entries: &Entries, other: &HashOrder, others: &Entries) -> bool {
        let key = |slot: &Slot, entries: &Entries| match slot {
            Slot::Entry(index) => entries.get_index(*index as usize).map(|(key, _)| key.clone()),
            Slot::Free | Slot::Removed => None,
        };
        self.slots.len() == other.slots.len()
            && self.slots.iter().zip(&other.slots).all(|pair| match pair {
                (Slot::Free, Slot::Free) => true,
                (own @ Slot::Entry(_), theirs @ Slot::Entry(_)) => key(own, entries) == key(theirs, others),
                _differ => false,
            })
    }

    /// Notes that the entry at `index` was added at the end of `entries`.
    pub(crate) fn inserted(&mut self, index: usize, entries: &Entries) {
        let Some((key, _)) = entries.get_index(index) else { return };
        self.place(key, index);
        if self.fill * 3 >= self.slots.len() * 2 {
            let used = entries.len();
            let wanted = if used > 50_000 { used * 2 } else { used * 4 };
            self.resize(wanted, entries);
        }
    }

    /// Notes that `count` entries are about to be added in one go.
    pub(crate) fn reserve(&mut self, count: usize, entries: &Entries) {
        if (self.fill + count) * 3 >= self.slots.len() * 2 {
            self.resize((entries.len() + count) * 2, entries);
        }
    }

    /// Notes that the entry at `index` was taken out and later ones moved up.
    pub(crate) fn removed(&mut self, index: usize) {
        for slot in &mut self.slots {
            if let Slot::Entry(position) = slot {
                let at = *position as usize;
                if at == index {
                    *slot = Slot::Removed;
                } else if at > index {
                    *position -= 1;
                }
            }
        }
    }

    fn resize(&mut self, wanted: usize, entries: &Entries) {
        let mut size = 8;
        while size <= wanted {
            size *= 2;
        }
        let order: Vec<usize> = self.order().collect();
        self.slots = vec![Slot::Free; size];
        self.fill = 0;
        for index in order {
            if let Some((key, _)) = entries.get_index(index) {
                self.place(key, index);
            }
        }
    }

    fn place(&mut self, key: &str, index: usize) {
        let mask = self.slots.len() as u64 - 1;
        let hash = hash(key);
        let mut perturb = hash;
        let mut walker = hash & mask;
        let mut reusable = None;
        loop {
            let at = (walker & mask) as usize;
            match self.slots.get_mut(at) {
                Some(slot @ Slot::Free) => {
                    if reusable.is_none() {
                        *slot = Slot::Entry(index as u32);
                        self.fill += 1;
                    }
                    break;
                }
                Some(Slot::Removed) => reusable = reusable.or(Some(at)),
                Some(Slot::Entry(_)) | None => {}
            }
            walker = walker.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1);
            perturb >>= 5;
        }
        if let Some(slot) = reusable.and_then(|at| self.slots.get_mut(at)) {
            *slot = Slot::Entry(index as u32);
        }
    }
}

/// The hash of a text in CPython 2.7 on 64 bits, over code points, without randomization.
fn hash(text: &str) -> u64 {
    let Some(first) = text.chars().next() else { return 0 };
    let mut hash = (u64::from(u32::from(first))) << 7;
    let mut length = 0_u64;
    for character in text.chars() {
        hash = hash.wrapping_mul(1_000_003) ^ u64::from(u32::from(character));
        length += 1;
    }
    hash ^ length
}

#[cfg(test)]
mod tests {
    use crate::node::Map;

    #[test]
    fn keys_come_in_slot_order() {
        let mut map = Map::hashed();
        for key in ["swagger", "info", "paths", "securityDefinitions"] {
            map.insert(key, true);
        }
        let keys: Vec<&str> = map.keys().map(|key| key.as_str()).collect();
        assert_eq!(keys, ["info", "paths", "swagger", "securityDefinitions"]);
    }
}
