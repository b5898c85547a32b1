//! Seeded identifiers: one stream for each kind of thing and its parent.
//!
//! An identifier depends on the seed, on what is named (its kind and the names above it) and on how often that same
//! name was drawn before. It does not depend on what else exists, so that one more account renames nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_base::Digest;

/// All streams of one world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    seed: u64,
    drawn: BTreeMap<String, u64>,
}

impl Ids {
    /// Makes the streams of the world with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: BTreeMap::new() }
    }

    /// Draws the next identifier of the stream for `kind` under `parents` (outermost first).
    pub fn draw(&mut self, kind: &str, parents: &[&str]) -> Draw {
        let mut stream = kind.to_owned();
        for parent in parents {
            stream.push('\n');
            stream.push_str(parent);
        }
        let count = self.drawn.entry(stream.clone()).or_insert(0);
        *count += 1;
        Draw(*Digest::of_parts([&self.seed.to_be_bytes()[..], stream.as_bytes(), &count.to_be_bytes()[..]]).as_bytes())
    }
}

/// Thirty-two bytes of a stream, to be written as AWS writes the identifier at hand.
#[derive(Debug, Clone, Copy)]
pub struct Draw([u8; 32]);

impl Draw {
    /// Returns `count` characters of `alphabet`, at most 64.
    #[must_use]
    pub fn of(&self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let more = Digest::of(self.0);
        let bytes = self.0.iter().chain(more.as_bytes());
        bytes.take(count).filter_map(|byte| letters.get(usize::from(*byte) % letters.len())).collect()
    }

    /// Returns decimal digits, as account ids have; the first is not zero.
    #[must_use]
    pub fn digits(&self, count: usize) -> String {
        let rest = self.of("0123456789", count);
        match rest.strip_prefix('0') {
            Some(tail) => format!("7{tail}"),
            None => rest,
        }
    }

    /// Returns lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self, count: usize) -> String {
        self.of("0123456789abcdef", count)
    }

    /// Returns lower-case letters and digits, as ids of Organizations have.
    #[must_use]
    pub fn lower(&self, count: usize) -> String {
        self.of("0123456789abcdefghijklmnopqrstuvwxyz", count)
    }

    /// Returns upper-case letters and digits, as ids of IAM and physical names of CloudFormation have.
    #[must_use]
    pub fn upper(&self, count: usize) -> String {
        self.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count)
    }

    /// Returns letters and digits of both cases, as secrets and tokens have.
    #[must_use]
    pub fn mixed(&self, count: usize) -> String {
        self.of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", count)
    }

    /// Returns a version 4 UUID.
    #[must_use]
    pub fn uuid(&self) -> String {
        let hex = self.hex(32);
        let variant = self.of("89ab", 1);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-{variant}{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_independent_of_each_other_and_of_order() {
        let mut one = Ids::new(7);
        let first = one.draw("account", &["o", "a@x"]).digits(12);
        let mut two = Ids::new(7);
        two.draw("account", &["o", "other@x"]);
        assert_eq!(two.draw("account", &["o", "a@x"]).digits(12), first);
        assert_ne!(two.draw("account", &["o", "a@x"]).digits(12), first);
        assert_ne!(Ids::new(8).draw("account", &["o", "a@x"]).digits(12), first);
    }

    #[test]
    fn identifiers_look_as_they_should() {
        let draw = Ids::new(1).draw("stack", &[]);
        assert_eq!(draw.digits(12).len(), 12);
        assert!(!draw.digits(12).starts_with('0'));
        let uuid = draw.uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(draw.mixed(40).len(), 40);
    }
}
