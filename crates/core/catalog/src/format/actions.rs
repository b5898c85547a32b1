//! The file of actions: an index of services, then blocks with the facts about a few services each.

use super::bytes::{Corrupt, Reader, Wire, from_bytes, to_bytes};
use super::file::{Frames, pack};
use super::heap::Heap;
use super::record::record;

/// How the file begins; the last sign is the version of the format.
const MAGIC: &[u8; 8] = b"SFACTNS1";

/// Frames before the first block.
const BEFORE_BLOCKS: usize = 1;

record! {
    /// Which services there are, where their facts are, and the condition keys that all requests may have.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    ActionIndex {
        /// Where the facts come from: packages and versions.
        source: String,
        /// When AWS's lists were collected, as an RFC 3339 time.
        collected: String,
        /// Prefixes of services, sorted.
        prefixes: Heap,
        /// Names of services for people, in the same order.
        names: Heap,
        /// The number of the block of each service.
        blocks: Vec<u32>,
        /// The number of the service in its block.
        positions: Vec<u32>,
        /// Names of the global condition keys, sorted.
        global_keys: Heap,
        /// Their kinds, in the same order.
        global_kinds: Vec<u8>,
    }
}

record! {
    /// The facts about a few services.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    ActionBlock {
        /// All texts of the block, sorted.
        texts: Heap,
        /// Services in the order of their prefixes.
        services: Vec<ServiceFacts>,
    }
}

record! {
    /// Everything about one service; texts are numbers in the block's heap.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    ServiceFacts {
        /// Condition keys, in the order of their names.
        keys: Vec<KeyFacts>,
        /// Sets of condition keys, as numbers in `keys`; equal sets are there once.
        key_sets: Vec<Vec<u32>>,
        /// Types of resources, in the order of their names.
        resources: Vec<ResourceFacts>,
        /// Actions, in the order of their names in lower case.
        actions: Vec<ActionFacts>,
    }
}

record! {
    /// A condition key.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    KeyFacts {
        /// Such as `s3:prefix` or `aws:ResourceTag/${TagKey}`.
        name: u32,
        /// The number of the kind of its values.
        kind: u8,
    }
}

record! {
    /// A type of resources.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    ResourceFacts {
        /// Such as `bucket`.
        name: u32,
        /// The shapes of its ARNs, and whether what ends the shape has no `/`.
        shapes: Vec<(u32, bool)>,
        /// The number of the set of its condition keys.
        keys: u32,
    }
}

record! {
    /// An action.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    ActionFacts {
        /// Such as `GetObject`.
        name: u32,
        /// The number of the access level.
        level: u8,
        /// The types of resources it takes.
        resources: Vec<ResourceUse>,
        /// The number of the set of its own condition keys.
        keys: u32,
        /// Actions that are needed with it, with their services.
        dependents: Vec<u32>,
    }
}

record! {
    /// That an action takes a type of resources.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    ResourceUse {
        /// The number of the type.
        resource: u32,
        /// Whether a request must name one.
        required: bool,
        /// The number of the set of condition keys that hold for this pair.
        keys: u32,
    }
}

/// Returns the bytes of a file. `compress` makes a zstd frame.
pub fn write_actions<Error>(
    index: &ActionIndex,
    blocks: &[ActionBlock],
    compress: impl Fn(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let mut raw = vec![to_bytes(index)];
    raw.extend(blocks.iter().map(to_bytes));
    pack(MAGIC, &raw, compress)
}

/// A file of actions whose head was read.
#[derive(Debug, Clone)]
pub struct ActionFrames<'bytes>(Frames<'bytes>);

impl<'bytes> ActionFrames<'bytes> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// When the bytes are not such a file, or one of another version.
    pub fn read(bytes: &'bytes [u8]) -> Result<Self, Corrupt> {
        Frames::read_as(MAGIC, bytes).map(Self)
    }

    /// Returns how many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.0.len().saturating_sub(BEFORE_BLOCKS)
    }

    /// Decompresses and reads the index.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn index(&self) -> Result<ActionIndex, Corrupt> {
        let index: ActionIndex = from_bytes(&self.0.decompress(0)?)?;
        let services = [index.names.len(), index.blocks.len(), index.positions.len()];
        if services != [index.prefixes.len(); 3] || index.global_keys.len() != index.global_kinds.len() {
            return Err(Corrupt::new("the index has gaps"));
        }
        Ok(index)
    }

    /// Decompresses and reads a block.
    ///
    /// # Errors
    /// When it is damaged, or there is none of this number.
    pub fn block(&self, number: usize) -> Result<ActionBlock, Corrupt> {
        from_bytes(&self.0.decompress(BEFORE_BLOCKS + number)?)
    }
}
