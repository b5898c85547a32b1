//! The catalog: finds a type and decompresses what it needs, when it is needed.

use std::fmt;
use std::sync::OnceLock;

use stackfleet_base::{Region, suggest};

use crate::format::{Block, Corrupt, Entry, Frames, Heap, Index};
use crate::resource::ResourceType;
use crate::texts::Texts;

/// Written by `cargo xtask catalog`.
static EMBEDDED: &[u8] = include_bytes!("../catalog.bin");

/// Returns the catalog that is part of the binary.
///
/// The first call reads the index (well below a millisecond); a type's facts are decompressed when first asked for.
#[must_use]
pub fn catalog() -> &'static Catalog<'static> {
    static CATALOG: OnceLock<Catalog<'static>> = OnceLock::new();
    CATALOG.get_or_init(|| intact(Catalog::read(EMBEDDED)))
}

/// The facts about all public resource types.
pub struct Catalog<'bytes> {
    frames: Frames<'bytes>,
    index: Index,
    common: OnceLock<Heap>,
    blocks: Vec<OnceLock<Block>>,
}

/// Whether a type is to be had in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// CloudFormation has it there.
    Available,
    /// CloudFormation does not have it there.
    Missing,
    /// The region is one of which the catalog knows nothing.
    Unknown,
}

impl<'bytes> Catalog<'bytes> {
    /// Reads a catalog that was written by [`crate::format::write`].
    ///
    /// # Errors
    /// When its head or index is damaged. What is decompressed later counts on [`Self::verify`].
    pub fn read(bytes: &'bytes [u8]) -> Result<Self, Corrupt> {
        let frames = Frames::read(bytes)?;
        let index = frames.index()?;
        let blocks = (0..frames.blocks()).map(|_| OnceLock::new()).collect();
        Ok(Self { frames, index, common: OnceLock::new(), blocks })
    }

    /// Decompresses everything and looks whether each number stands for something.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn verify(&self) -> Result<(), Corrupt> {
        let common = self.frames.common()?;
        let read =
            |number| self.frames.block(number).and_then(|block| verify::block(&block, common.len()).map(|()| block));
        let blocks = (0..self.frames.blocks()).map(read).collect::<Result<Vec<Block>, Corrupt>>()?;
        for entry in &self.index.entries {
            let facts = blocks.get(entry.block as usize).and_then(|block| block.types.get(entry.position as usize));
            if facts.is_none() || self.index.region_sets.get(entry.regions as usize).is_none() {
                return Err(Corrupt::new("the index names what is not there"));
            }
        }
        Ok(())
    }

    /// Returns where the facts come from: a package and its version.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.index.source
    }

    /// Returns when AWS's schemas were collected, as an RFC 3339 time.
    #[must_use]
    pub fn collected(&self) -> &str {
        &self.index.collected
    }

    /// Returns the regions of which the catalog knows what they have, in the order of their names.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.index.regions.iter()
    }

    /// Returns a type by its name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<ResourceType<'_>> {
        let number = self.index.names.find_sorted(name)?;
        self.nth(number)
    }

    /// Returns all types in the order of their names. Names and regions cost nothing; anything else decompresses.
    pub fn types(&self) -> impl Iterator<Item = ResourceType<'_>> {
        (0..self.index.entries.len()).filter_map(|number| self.nth(number))
    }

    /// Returns the name of the type that a mistyped name was probably meant to be.
    #[must_use]
    pub fn suggest(&self, name: &str) -> Option<&str> {
        // Names of quite another length are never near, and there are many.
        let near = |known: &&str| known.len().abs_diff(name.len()) <= (name.len() / 3).max(1);
        suggest::nearest(name, self.index.names.iter().filter(near))
    }

    fn nth(&self, number: usize) -> Option<ResourceType<'_>> {
        let name = self.index.names.get(number)?;
        Some(ResourceType { catalog: self, name, entry: *self.index.entries.get(number)? })
    }

    pub(crate) fn availability(&self, entry: Entry, region: &Region) -> Availability {
        let set = self.index.region_sets.get(entry.regions as usize).copied().unwrap_or_default();
        match self.index.regions.find_sorted(region.as_str()) {
            None => Availability::Unknown,
            Some(number) if set >> number & 1 == 1 => Availability::Available,
            Some(_) => Availability::Missing,
        }
    }

    pub(crate) fn regions_of(&self, entry: Entry) -> impl Iterator<Item = &str> {
        let set = self.index.region_sets.get(entry.regions as usize).copied().unwrap_or_default();
        let regions = self.index.regions.iter().enumerate();
        regions.filter(move |(number, _)| set >> number & 1 == 1).map(|(_, name)| name)
    }

    /// Returns a block and its texts.
    pub(crate) fn block(&self, number: u32) -> (&Block, Texts<'_>) {
        let number = number as usize;
        let common = self.common.get_or_init(|| intact(self.frames.common()));
        let slot = self.blocks.get(number);
        let block = slot.map(|slot| slot.get_or_init(|| intact(self.frames.block(number))));
        let block = intact(block.ok_or_else(|| Corrupt::new("a block is missing")));
        (block, Texts { common, own: &block.texts })
    }
}

impl fmt::Debug for Catalog<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} types of {} ({})", self.index.entries.len(), self.index.source, self.index.collected)
    }
}

#[expect(clippy::panic, reason = "the embedded files are verified by tests; others are verified by who reads them")]
pub(crate) fn intact<T>(read: Result<T, Corrupt>) -> T {
    read.unwrap_or_else(|error| panic!("BUG: {error}"))
}

/// Whether the numbers in a block stand for something.
mod verify {
    use crate::format::{Block, Corrupt, Facet, NodeId, Path, Scalar, TextId, TypeFacts};

    pub(super) fn block(block: &Block, common: usize) -> Result<(), Corrupt> {
        let counts = Counts { texts: common + block.texts.len(), nodes: block.nodes.len() };
        let facets = block.nodes.iter().flat_map(|node| &node.facets);
        if facets.into_iter().all(|facet| counts.facet(facet)) && block.types.iter().all(|facts| counts.facts(facts)) {
            Ok(())
        } else {
            Err(Corrupt::new("a number stands for nothing"))
        }
    }

    struct Counts {
        texts: usize,
        nodes: usize,
    }

    impl Counts {
        fn text(&self, id: &TextId) -> bool {
            (id.0 as usize) < self.texts
        }

        fn node(&self, id: &NodeId) -> bool {
            (id.0 as usize) < self.nodes
        }

        fn scalar(&self, scalar: &Scalar) -> bool {
            match scalar {
                Scalar::Text(id) => self.text(id),
                Scalar::Number(_) | Scalar::Flag(_) => true,
            }
        }

        fn facet(&self, facet: &Facet) -> bool {
            match facet {
                Facet::Reference(node) | Facet::Items(node) => self.node(node),
                Facet::Properties(list) | Facet::PatternProperties(list) => {
                    list.iter().all(|(name, node)| self.text(name) && self.node(node))
                }
                Facet::Required(list)
                | Facet::UniqueKeys(list)
                | Facet::RequiredOne(list)
                | Facet::RequiredAny(list) => list.iter().all(|id| self.text(id)),
                Facet::Enumeration(list) | Facet::EnumerationOfAnyCase(list) => {
                    list.iter().all(|scalar| self.scalar(scalar))
                }
                Facet::Pattern(id) | Facet::Format(id) => self.text(id),
                Facet::Default(scalar) => self.scalar(scalar),
                Facet::AnyOf(list) | Facet::OneOf(list) | Facet::AllOf(list) => list.iter().all(|id| self.node(id)),
                Facet::DependentRequired(list) | Facet::DependentExcluded(list) => {
                    list.iter().all(|(name, others)| self.text(name) && others.iter().all(|id| self.text(id)))
                }
                Facet::Kinds(_)
                | Facet::Closed(())
                | Facet::LengthMin(_)
                | Facet::LengthMax(_)
                | Facet::ItemsMin(_)
                | Facet::ItemsMax(_)
                | Facet::PropertiesMin(_)
                | Facet::PropertiesMax(_)
                | Facet::Minimum(_)
                | Facet::Maximum(_)
                | Facet::Below(_)
                | Facet::MultipleOf(_)
                | Facet::Unique(())
                | Facet::Unordered(()) => true,
            }
        }

        fn paths(&self, paths: &[Path]) -> bool {
            paths.iter().flatten().all(|id| self.text(id))
        }

        fn facts(&self, facts: &TypeFacts) -> bool {
            let lists = [
                &facts.read_only,
                &facts.create_only,
                &facts.conditional_create_only,
                &facts.write_only,
                &facts.deprecated,
                &facts.primary_identifier,
            ];
            let mut permissions = facts.handlers.iter().flat_map(|(_, handler)| &handler.permissions);
            self.node(&facts.root)
                && lists.into_iter().all(|paths| self.paths(paths))
                && facts.additional_identifiers.iter().all(|paths| self.paths(paths))
                && facts.attributes.as_deref().is_none_or(|paths| self.paths(paths))
                && permissions.all(|id| self.text(id))
                && facts.tagging.iter().flat_map(|tagging| &tagging.permissions).all(|id| self.text(id))
                && facts.tagging.iter().flat_map(|tagging| &tagging.property).flatten().all(|id| self.text(id))
                && facts.lifecycle.as_ref().is_none_or(|lifecycle| {
                    self.text(&lifecycle.status) && lifecycle.date.as_ref().is_none_or(|date| self.text(date))
                })
        }
    }
}
