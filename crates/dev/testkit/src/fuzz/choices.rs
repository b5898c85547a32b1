//! Bytes taken as choices, one after the other; when they are used up every choice is the first.

pub(super) struct Choices<'data> {
    rest: std::slice::Iter<'data, u8>,
}

impl<'data> Choices<'data> {
    pub(super) fn new(data: &'data [u8]) -> Self {
        Self { rest: data.iter() }
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.rest.next().copied().unwrap_or(0)) % bound.max(1)
    }

    /// True once in `n`.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of a list.
    pub(super) fn pick<'list>(&mut self, list: &[&'list str]) -> &'list str {
        let index = self.below(list.len());
        list.get(index).copied().unwrap_or_default()
    }

    /// One of a list, or (once in eight) up to four of `parts` put together.
    pub(super) fn phrase(&mut self, list: &[&str], parts: &[&str]) -> String {
        if self.one_in(8) {
            let count = 1 + self.below(4);
            return (0..count).map(|_| self.pick(parts)).collect();
        }
        self.pick(list).to_owned()
    }
}
