//! The embedded files: how facts are written and read. README.md beside this crate's manifest describes them.
//!
//! `cargo xtask catalog` fills [`Block`]s and writes them with [`write()`], `cargo xtask actions` fills [`ActionBlock`]s and
//! writes them with [`write_actions`]; compressing is an argument, for this crate only decompresses. Everything else in
//! this crate reads.

mod actions;
mod block;
mod bytes;
mod file;
mod heap;
mod record;

pub use actions::{
    ActionBlock, ActionFacts, ActionFrames, ActionIndex, KeyFacts, ResourceFacts, ResourceUse, ServiceFacts,
    write_actions,
};
pub use block::{
    Block, Facet, HandlerFacts, Kinds, Lifecycle, Node, NodeId, Path, Scalar, Stateful, TaggingFacts, TextId, TypeFacts,
};
pub use bytes::Corrupt;
pub use file::{Entry, Frames, Index, write};
pub use heap::Heap;
