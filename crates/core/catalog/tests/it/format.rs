//! The file format: what is written is read again, and damage is noticed, not a crash.

use proptest::prelude::*;
use stackfleet_catalog::Catalog;
use stackfleet_catalog::format::{
    Block, Entry, Facet, Frames, HandlerFacts, Heap, Index, Kinds, Lifecycle, Node, NodeId, Path, Scalar, Stateful,
    TaggingFacts, TextId, TypeFacts, write,
};

/// A zstd frame (RFC 8878) that holds the bytes as they are.
pub(crate) fn store(bytes: &[u8]) -> Result<Vec<u8>, std::convert::Infallible> {
    const BLOCK_BYTES_MAX: usize = 100_000;
    // Magic number; a single segment whose content size takes eight bytes.
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0b1110_0000];
    frame.extend((bytes.len() as u64).to_le_bytes());
    let mut blocks = bytes.chunks(BLOCK_BYTES_MAX).peekable();
    if blocks.peek().is_none() {
        frame.extend([1, 0, 0]);
    }
    while let Some(block) = blocks.next() {
        let head = (block.len() as u32) << 3 | u32::from(blocks.peek().is_none());
        frame.extend(&head.to_le_bytes()[..3]);
        frame.extend(block);
    }
    Ok(frame)
}

fn texts() -> impl Strategy<Value = Heap> {
    prop::collection::vec(".{0,12}", 0..20).prop_map(|texts| texts.iter().map(String::as_str).collect())
}

fn text() -> impl Strategy<Value = TextId> {
    (0_u32..300).prop_map(TextId)
}

fn node_id() -> impl Strategy<Value = NodeId> {
    (0_u32..300).prop_map(NodeId)
}

fn list<T: std::fmt::Debug>(member: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(member, 0..4)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<i64>().prop_map(|number| number as f64),
        (-1_000_i32..1_000).prop_map(f64::from),
        prop::num::f64::NORMAL,
        Just(-0.0)
    ]
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![text().prop_map(Scalar::Text), number().prop_map(Scalar::Number), any::<bool>().prop_map(Scalar::Flag)]
}

fn facet() -> impl Strategy<Value = Facet> {
    let named = || list((text(), node_id()));
    let dependents = || list((text(), list(text())));
    let shape = prop_oneof![
        any::<u8>().prop_map(|bits| Facet::Kinds(Kinds(bits))),
        node_id().prop_map(Facet::Reference),
        named().prop_map(Facet::Properties),
        named().prop_map(Facet::PatternProperties),
        Just(Facet::Closed(())),
        list(text()).prop_map(Facet::Required),
        node_id().prop_map(Facet::Items),
        list(text()).prop_map(Facet::RequiredOne),
        list(text()).prop_map(Facet::RequiredAny),
        dependents().prop_map(Facet::DependentRequired),
        dependents().prop_map(Facet::DependentExcluded),
        list(node_id()).prop_map(Facet::AnyOf),
        list(node_id()).prop_map(Facet::OneOf),
        list(node_id()).prop_map(Facet::AllOf),
    ];
    let values = prop_oneof![
        list(scalar()).prop_map(Facet::Enumeration),
        list(scalar()).prop_map(Facet::EnumerationOfAnyCase),
        text().prop_map(Facet::Pattern),
        text().prop_map(Facet::Format),
        scalar().prop_map(Facet::Default),
        number().prop_map(Facet::Minimum),
        number().prop_map(Facet::Maximum),
        number().prop_map(Facet::Below),
        number().prop_map(Facet::MultipleOf),
        list(text()).prop_map(Facet::UniqueKeys),
        Just(Facet::Unique(())),
        Just(Facet::Unordered(())),
    ];
    let bounds = prop_oneof![
        any::<u64>().prop_map(Facet::LengthMin),
        any::<u64>().prop_map(Facet::LengthMax),
        any::<u64>().prop_map(Facet::ItemsMin),
        any::<u64>().prop_map(Facet::ItemsMax),
        any::<u64>().prop_map(Facet::PropertiesMin),
        any::<u64>().prop_map(Facet::PropertiesMax),
    ];
    prop_oneof![shape, values, bounds]
}

fn path() -> impl Strategy<Value = Path> {
    list(text())
}

fn handlers() -> impl Strategy<Value = Vec<(u8, HandlerFacts)>> {
    let facts = (list(text()), any::<Option<u32>>());
    list((0_u8..5, facts.prop_map(|(permissions, timeout_minutes)| HandlerFacts { permissions, timeout_minutes })))
}

fn tagging() -> impl Strategy<Value = TaggingFacts> {
    (any::<[bool; 4]>(), prop::option::of(path()), list(text())).prop_map(|(flags, property, permissions)| {
        let [taggable, on_create, updatable, system_tags] = flags;
        TaggingFacts { taggable, on_create, updatable, system_tags, property, permissions }
    })
}

fn facts() -> impl Strategy<Value = TypeFacts> {
    let lifecycle = (text(), prop::option::of(text())).prop_map(|(status, date)| Lifecycle { status, date });
    let stateful = prop_oneof![Just(Stateful::No), Just(Stateful::Yes), Just(Stateful::MustBeEmpty)];
    (
        (node_id(), list(path()), list(path()), list(path()), list(path()), list(path()), list(path())),
        (list(list(path())), prop::option::of(list(path())), handlers(), prop::option::of(tagging())),
        (any::<bool>(), prop::option::of(lifecycle), stateful),
    )
        .prop_map(|(first, second, third)| TypeFacts {
            root: first.0,
            read_only: first.1,
            create_only: first.2,
            conditional_create_only: first.3,
            write_only: first.4,
            deprecated: first.5,
            primary_identifier: first.6,
            additional_identifiers: second.0,
            attributes: second.1,
            handlers: second.2,
            tagging: second.3,
            deletes_before_replacing: third.0,
            lifecycle: third.1,
            stateful: third.2,
        })
}

fn block() -> impl Strategy<Value = Block> {
    let nodes = prop::collection::vec(list(facet()).prop_map(|facets| Node { facets }), 0..12);
    (texts(), nodes, list(facts())).prop_map(|(texts, nodes, types)| Block { texts, nodes, types })
}

fn index() -> impl Strategy<Value = Index> {
    let entry = (any::<[u32; 3]>()).prop_map(|[block, position, regions]| Entry { block, position, regions });
    let types = prop::collection::vec((".{0,12}", entry), 0..12);
    (".{0,12}", ".{0,12}", texts(), list(any::<u64>()), types).prop_map(
        |(source, collected, regions, region_sets, types)| {
            let (names, entries): (Vec<String>, Vec<Entry>) = types.into_iter().unzip();
            let names = names.iter().map(String::as_str).collect();
            Index { source, collected, regions, region_sets, names, entries }
        },
    )
}

proptest! {
    #[test]
    fn a_block_is_read_as_it_was_written(block in block()) {
        prop_assert_eq!(Block::from_bytes(&block.to_bytes()).unwrap(), block);
    }

    #[test]
    fn a_file_is_read_as_it_was_written(index in index(), common in texts(), blocks in list(block())) {
        let bytes = write(&index, &common, &blocks, store).unwrap();
        let frames = Frames::read(&bytes).unwrap();
        prop_assert_eq!(frames.index().unwrap(), index);
        prop_assert_eq!(frames.common().unwrap(), common);
        prop_assert_eq!(frames.blocks(), blocks.len());
        for (number, block) in blocks.iter().enumerate() {
            prop_assert_eq!(&frames.block(number).unwrap(), block);
        }
        prop_assert!(frames.block(blocks.len()).is_err());
    }

    #[test]
    fn damage_is_an_error_or_another_value(block in block(), place in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = block.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Block::from_bytes(&bytes);
        prop_assert!(Block::from_bytes(&bytes[..place]).is_err());
        let _ = Catalog::read(&bytes);
    }

    #[test]
    fn a_damaged_file_is_refused_by_verifying(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let facts = TypeFacts { handlers: Vec::new(), ..smallest() };
        let index = Index { names: ["A::B::C"].into_iter().collect(), entries: vec![FIRST], region_sets: vec![0], ..Index::default() };
        let block = Block { nodes: vec![Node::default()], types: vec![facts], ..Block::default() };
        let mut bytes = write(&index, &Heap::default(), &[block], store).unwrap();
        Catalog::read(&bytes).unwrap().verify().unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        // No panic, whatever the answer.
        let _ = Catalog::read(&bytes).and_then(|catalog| catalog.verify());
    }
}

const FIRST: Entry = Entry { block: 0, position: 0, regions: 0 };

fn smallest() -> TypeFacts {
    TypeFacts {
        root: NodeId(0),
        read_only: Vec::new(),
        create_only: Vec::new(),
        conditional_create_only: Vec::new(),
        write_only: Vec::new(),
        deprecated: Vec::new(),
        primary_identifier: Vec::new(),
        additional_identifiers: Vec::new(),
        attributes: None,
        handlers: Vec::new(),
        tagging: None,
        deletes_before_replacing: false,
        lifecycle: None,
        stateful: Stateful::No,
    }
}

#[test]
fn a_number_that_stands_for_nothing_is_refused() {
    let index = |entry| Index {
        names: ["A::B::C"].into_iter().collect(),
        entries: vec![entry],
        region_sets: vec![0],
        ..Index::default()
    };
    let verify = |index: &Index, facts: TypeFacts| {
        let block = Block { nodes: vec![Node::default()], types: vec![facts], ..Block::default() };
        let bytes = write(index, &Heap::default(), &[block], store).unwrap();
        Catalog::read(&bytes).unwrap().verify()
    };
    verify(&index(FIRST), smallest()).unwrap();
    verify(&index(FIRST), TypeFacts { root: NodeId(1), ..smallest() }).unwrap_err();
    verify(&index(FIRST), TypeFacts { read_only: vec![vec![TextId(0)]], ..smallest() }).unwrap_err();
    for wrong in [Entry { block: 1, ..FIRST }, Entry { position: 1, ..FIRST }, Entry { regions: 1, ..FIRST }] {
        verify(&index(wrong), smallest()).unwrap_err();
    }
}
