//! A block: the facts about the types of a few services, as plain values with numbers for texts and schemas.

use super::bytes::{Corrupt, Reader, Wire, from_bytes, to_bytes};
use super::heap::Heap;
use super::record::record;

/// The number of a text: the common texts come first, the block's own follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextId(pub u32);

/// The number of a schema in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// The steps to a property; `*` stands for every member of a list or map.
pub type Path = Vec<TextId>;

/// What a service's types have in common: texts, schemas, and then the types themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Texts that only this block uses.
    pub texts: Heap,
    /// Schemas; equal ones are there once.
    pub nodes: Vec<Node>,
    /// Types, in the order of their names.
    pub types: Vec<TypeFacts>,
}

impl Block {
    /// Returns the bytes, not compressed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Corrupt> {
        from_bytes(bytes)
    }
}

impl Wire for Block {
    fn write(&self, out: &mut Vec<u8>) {
        self.texts.write(out);
        self.nodes.write(out);
        self.types.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self { texts: Wire::read(input)?, nodes: Wire::read(input)?, types: Wire::read(input)? })
    }
}

/// One schema: everything that is said about a value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// What is said, each kind of thing at most once.
    pub facets: Vec<Facet>,
}

impl Wire for Node {
    fn write(&self, out: &mut Vec<u8>) {
        self.facets.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self { facets: Wire::read(input)? })
    }
}

/// Kinds of JSON values, as a set of bits in the order of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(pub u8);

impl Kinds {
    /// Text.
    pub const STRING: Self = Self(1);
    /// An object.
    pub const OBJECT: Self = Self(2);
    /// A list.
    pub const ARRAY: Self = Self(4);
    /// A whole number.
    pub const INTEGER: Self = Self(8);
    /// Any number.
    pub const NUMBER: Self = Self(16);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(32);
    /// `null`.
    pub const NULL: Self = Self(64);

    /// Names in the order of the bits.
    const NAMES: [(&'static str, Self); 7] = [
        ("string", Self::STRING),
        ("object", Self::OBJECT),
        ("array", Self::ARRAY),
        ("integer", Self::INTEGER),
        ("number", Self::NUMBER),
        ("boolean", Self::BOOLEAN),
        ("null", Self::NULL),
    ];

    /// Returns the kind that JSON Schema calls this.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Returns JSON Schema's names of the kinds.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(_, kind)| self.contains(*kind)).map(|(name, _)| name)
    }

    /// Returns the kinds of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether all of `other` are among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Tells whether any of `other` is among these.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Tells whether nothing is said about the kind.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Wire for Kinds {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self(Wire::read(input)?))
    }
}

macro_rules! number {
    ($($name:ident),*) => { $(
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
                Ok(Self(Wire::read(input)?))
            }
        }
    )* };
}

number!(TextId, NodeId);

/// An enum whose variants are written as a byte and their content.
macro_rules! tagged {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $tag:literal $variant:ident($content:ty),)* }) => {
        $(#[$outer])*
        pub enum $name { $($(#[$inner])* $variant($content),)* }

        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(content) => {
                        out.push($tag);
                        content.write(out);
                    })*
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
                match u8::read(input)? {
                    $($tag => Ok(Self::$variant(Wire::read(input)?)),)*
                    other => Err(Corrupt::new(format!("{} {other} is unknown", stringify!($name)))),
                }
            }
        }
    };
}

tagged! {
    /// A single value.
    #[derive(Debug, Clone, Copy, PartialEq)]
    Scalar {
        /// A text.
        0 Text(TextId),
        /// A number.
        1 Number(f64),
        /// `true` or `false`.
        2 Flag(bool),
    }
}

tagged! {
    /// One thing that is said about a value; the words are those of JSON Schema and of CloudFormation's additions.
    #[derive(Debug, Clone, PartialEq)]
    Facet {
        /// `type`.
        1 Kinds(Kinds),
        /// `$ref`: what the other says holds, too.
        2 Reference(NodeId),
        /// `properties`.
        3 Properties(Vec<(TextId, NodeId)>),
        /// `patternProperties`.
        4 PatternProperties(Vec<(TextId, NodeId)>),
        /// `additionalProperties: false`.
        5 Closed(()),
        /// `required`.
        6 Required(Vec<TextId>),
        /// `items`.
        7 Items(NodeId),
        /// `enum`; `const` is one with one value.
        8 Enumeration(Vec<Scalar>),
        /// `enumCaseInsensitive`.
        9 EnumerationOfAnyCase(Vec<Scalar>),
        /// `pattern`.
        10 Pattern(TextId),
        /// `minLength`.
        11 LengthMin(u64),
        /// `maxLength`.
        12 LengthMax(u64),
        /// `minItems`.
        13 ItemsMin(u64),
        /// `maxItems`.
        14 ItemsMax(u64),
        /// `minProperties`.
        15 PropertiesMin(u64),
        /// `maxProperties`.
        16 PropertiesMax(u64),
        /// `minimum`.
        17 Minimum(f64),
        /// `maximum`.
        18 Maximum(f64),
        /// `exclusiveMaximum`.
        19 Below(f64),
        /// `multipleOf`.
        20 MultipleOf(f64),
        /// `uniqueItems: true`.
        21 Unique(()),
        /// `uniqueKeys`: members of the list differ in these properties.
        22 UniqueKeys(Vec<TextId>),
        /// `insertionOrder: false`.
        23 Unordered(()),
        /// `format`.
        24 Format(TextId),
        /// `default`, where it is a single value.
        25 Default(Scalar),
        /// `anyOf`.
        26 AnyOf(Vec<NodeId>),
        /// `oneOf`.
        27 OneOf(Vec<NodeId>),
        /// `allOf`.
        28 AllOf(Vec<NodeId>),
        /// `requiredXor`: exactly one of these.
        29 RequiredOne(Vec<TextId>),
        /// `requiredOr`: at least one of these.
        30 RequiredAny(Vec<TextId>),
        /// `dependentRequired`: where the first is, the others must be.
        31 DependentRequired(Vec<(TextId, Vec<TextId>)>),
        /// `dependentExcluded`: where the first is, the others must not be.
        32 DependentExcluded(Vec<(TextId, Vec<TextId>)>),
    }
}

record! {
    /// Everything about one resource type but its name and regions, which the index has.
    #[derive(Debug, Clone, PartialEq)]
    TypeFacts {
        /// The schema of `Properties`, read-only ones included.
        root: NodeId,
        /// `readOnlyProperties`.
        read_only: Vec<Path>,
        /// `createOnlyProperties`.
        create_only: Vec<Path>,
        /// `conditionalCreateOnlyProperties`.
        conditional_create_only: Vec<Path>,
        /// `writeOnlyProperties`.
        write_only: Vec<Path>,
        /// `deprecatedProperties`.
        deprecated: Vec<Path>,
        /// `primaryIdentifier`.
        primary_identifier: Vec<Path>,
        /// `additionalIdentifiers`.
        additional_identifiers: Vec<Vec<Path>>,
        /// What `Fn::GetAtt` takes, where it is not the read-only properties.
        attributes: Option<Vec<Path>>,
        /// By the handler's number, in its order.
        handlers: Vec<(u8, HandlerFacts)>,
        /// `tagging`.
        tagging: Option<TaggingFacts>,
        /// `replacementStrategy: delete_then_create`.
        deletes_before_replacing: bool,
        /// `lifecycle`.
        lifecycle: Option<Lifecycle>,
        /// Whether it holds data.
        stateful: Stateful,
    }
}

record! {
    /// What a handler of a resource type needs.
    #[derive(Debug, Clone, PartialEq)]
    HandlerFacts {
        /// Actions that the handler may call.
        permissions: Vec<TextId>,
        /// After how many minutes CloudFormation gives up, where it is said.
        timeout_minutes: Option<u32>,
    }
}

record! {
    /// How resources of a type are tagged.
    #[derive(Debug, Clone, PartialEq)]
    TaggingFacts {
        /// `taggable`.
        taggable: bool,
        /// `tagOnCreate`.
        on_create: bool,
        /// `tagUpdatable`.
        updatable: bool,
        /// `cloudFormationSystemTags`.
        system_tags: bool,
        /// `tagProperty`.
        property: Option<Path>,
        /// `permissions`.
        permissions: Vec<TextId>,
    }
}

record! {
    /// That AWS winds a type down.
    #[derive(Debug, Clone, PartialEq)]
    Lifecycle {
        /// AWS's word: `maintenance`, `sunset` or `shutdown`.
        status: TextId,
        /// The day from which it holds.
        date: Option<TextId>,
    }
}

/// Whether resources of a type hold data that is lost with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stateful {
    /// They do not.
    #[default]
    No,
    /// They do.
    Yes,
    /// They do, and cannot be deleted unless they are empty.
    MustBeEmpty,
}

impl Wire for Stateful {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::No => 0,
            Self::Yes => 1,
            Self::MustBeEmpty => 2,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        match u8::read(input)? {
            0 => Ok(Self::No),
            1 => Ok(Self::Yes),
            2 => Ok(Self::MustBeEmpty),
            other => Err(Corrupt::new(format!("statefulness {other} is unknown"))),
        }
    }
}
