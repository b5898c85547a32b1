//! A quick hash for the keys of maps, which are short and the template author's own: no defence against collisions is needed.

use std::hash::{BuildHasherDefault, Hasher};

/// Makes the hashers of maps.
pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

/// Multiplies and rotates eight bytes at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher {
    state: u64,
}

impl KeyHasher {
    fn add(&mut self, word: u64) {
        self.state = (self.state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.add(u64::from_le_bytes(last) ^ bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // Tables take the upper bits for tags and the lower ones for places: both must depend on all.
        self.state ^ (self.state >> 32)
    }
}
