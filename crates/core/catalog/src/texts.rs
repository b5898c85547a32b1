//! Texts by number: first those that all blocks have in common, then the block's own.

use std::fmt;

use crate::format::{Heap, TextId};

/// The texts that one block's numbers stand for.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'catalog> {
    pub(crate) common: &'catalog Heap,
    pub(crate) own: &'catalog Heap,
}

impl<'catalog> Texts<'catalog> {
    /// Returns the text; an empty one for a number that stands for none, which `Catalog::verify` rules out.
    pub(crate) fn get(self, id: TextId) -> &'catalog str {
        let number = id.0 as usize;
        let found = match number.checked_sub(self.common.len()) {
            None => self.common.get(number),
            Some(own) => self.own.get(own),
        };
        found.unwrap_or_default()
    }
}

impl fmt::Debug for Texts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} + {} texts", self.common.len(), self.own.len())
    }
}
