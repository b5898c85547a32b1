//! Stack sets.
