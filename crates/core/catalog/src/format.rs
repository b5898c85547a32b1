//! The embedded file: how facts are written and read. README.md beside this crate's manifest describes it.
//!
//! `cargo xtask catalog` fills [`Block`]s and writes them with [`write()`]; compressing is an argument, for this crate only
//! decompresses. Everything else in this crate reads.

mod block;
mod bytes;
mod file;
mod heap;

pub use block::{
    Block, Facet, HandlerFacts, Kinds, Lifecycle, Node, NodeId, Path, Scalar, Stateful, TaggingFacts, TextId, TypeFacts,
};
pub use bytes::Corrupt;
pub use file::{Entry, Frames, Index, write};
pub use heap::Heap;
