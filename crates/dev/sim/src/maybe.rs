//! Yes, no, or it depends on a key that nobody knows yet.

/// Whether something holds. The order is that of certainty, so *and* is the least and *or* the greatest (Kleene).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maybe {
    /// It does not hold.
    No,
    /// It depends on a key that is not known.
    Unknown,
    /// It holds.
    Yes,
}

impl Maybe {
    /// Tells whether all hold; of nothing all holds.
    pub fn all(items: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for item in items {
            all = all.and(item);
            if all == Self::No {
                break;
            }
        }
        all
    }

    /// Tells whether one holds; of nothing none holds.
    pub fn any(items: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::No;
        for item in items {
            any = any.or(item);
            if any == Self::Yes {
                break;
            }
        }
        any
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The opposite.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Maybe {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
