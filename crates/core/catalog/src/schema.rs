//! A schema: what is said about the value of a property.

use std::fmt;

use crate::format::{self, Block, Facet, Kinds, NodeId, TextId};
use crate::path::EACH;
use crate::texts::Texts;

/// References that are followed before a schema counts as endless.
const REFERENCES_MAX: usize = 8;

/// A view of a schema in the catalog; copying it costs nothing.
///
/// A reference to another schema is followed silently: what both say holds, the nearer first.
#[derive(Clone, Copy)]
pub struct Schema<'catalog> {
    pub(crate) texts: Texts<'catalog>,
    pub(crate) block: &'catalog Block,
    pub(crate) node: NodeId,
}

/// A single value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'catalog> {
    /// A text.
    Text(&'catalog str),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Number(number) => write!(out, "{number}"),
            Self::Flag(flag) => write!(out, "{flag}"),
        }
    }
}

/// The least and the most that is possible; `None` where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds<Number> {
    /// The least.
    pub min: Option<Number>,
    /// The most.
    pub max: Option<Number>,
}

/// Returns the first thing said in a schema that the pattern fits.
macro_rules! first {
    ($schema:expr, $pattern:pat => $found:expr) => {
        $schema.facets().find_map(|facet| if let $pattern = facet { Some($found) } else { None })
    };
}

impl<'catalog> Schema<'catalog> {
    /// Returns which kinds of values are possible; an empty set where nothing is said.
    #[must_use]
    pub fn kinds(self) -> Kinds {
        first!(self, Facet::Kinds(kinds) => *kinds).unwrap_or_default()
    }

    /// Returns the properties that the value may have, in the order of their names.
    pub fn properties(self) -> impl Iterator<Item = (&'catalog str, Schema<'catalog>)> {
        self.named(first!(self, Facet::Properties(list) => list.as_slice()))
    }

    /// Returns the schema of a property by its name alone; patterns of names do not count.
    #[must_use]
    pub fn property(self, name: &str) -> Option<Schema<'catalog>> {
        self.properties().find(|(known, _)| *known == name).map(|(_, schema)| schema)
    }

    /// Returns the regular expressions that names of further properties match, with their schemas.
    pub fn pattern_properties(self) -> impl Iterator<Item = (&'catalog str, Schema<'catalog>)> {
        self.named(first!(self, Facet::PatternProperties(list) => list.as_slice()))
    }

    /// Tells whether there can be no properties but those that are named.
    #[must_use]
    pub fn is_closed(self) -> bool {
        first!(self, Facet::Closed(()) => ()).is_some()
    }

    /// Returns the names of the properties that must be there.
    pub fn required(self) -> impl Iterator<Item = &'catalog str> {
        self.texts_of(first!(self, Facet::Required(list) => list.as_slice()))
    }

    /// Returns the names of which exactly one must be there; empty where nothing is said.
    pub fn required_one(self) -> impl Iterator<Item = &'catalog str> {
        self.texts_of(first!(self, Facet::RequiredOne(list) => list.as_slice()))
    }

    /// Returns the names of which at least one must be there; empty where nothing is said.
    pub fn required_any(self) -> impl Iterator<Item = &'catalog str> {
        self.texts_of(first!(self, Facet::RequiredAny(list) => list.as_slice()))
    }

    /// Returns, for each property that needs others, its name and theirs.
    pub fn dependent_required(self) -> impl Iterator<Item = (&'catalog str, Vec<&'catalog str>)> {
        self.dependents(first!(self, Facet::DependentRequired(list) => list.as_slice()))
    }

    /// Returns, for each property that excludes others, its name and theirs.
    pub fn dependent_excluded(self) -> impl Iterator<Item = (&'catalog str, Vec<&'catalog str>)> {
        self.dependents(first!(self, Facet::DependentExcluded(list) => list.as_slice()))
    }

    /// Returns the schema of the members of a list.
    #[must_use]
    pub fn items(self) -> Option<Schema<'catalog>> {
        first!(self, Facet::Items(node) => self.at(*node))
    }

    /// Returns the values that are possible; empty where nothing is said.
    pub fn enumeration(self) -> impl Iterator<Item = Scalar<'catalog>> {
        let listed = first!(self, Facet::Enumeration(list) | Facet::EnumerationOfAnyCase(list) => list.as_slice());
        listed.unwrap_or_default().iter().map(move |scalar| self.scalar(*scalar))
    }

    /// Tells whether case does not matter in [`Self::enumeration`].
    #[must_use]
    pub fn ignores_case(self) -> bool {
        first!(self, Facet::EnumerationOfAnyCase(_) => ()).is_some()
    }

    /// Returns the regular expression that some part of the text must match. Some of AWS's use look-around.
    #[must_use]
    pub fn pattern(self) -> Option<&'catalog str> {
        first!(self, Facet::Pattern(id) => self.texts.get(*id))
    }

    /// Returns the name of the text's form: `date-time`, `json`, `AWS::IAM::Role.Arn`.
    #[must_use]
    pub fn format(self) -> Option<&'catalog str> {
        first!(self, Facet::Format(id) => self.texts.get(*id))
    }

    /// Returns how many letters a text may have.
    #[must_use]
    pub fn length(self) -> Bounds<u64> {
        Bounds { min: first!(self, Facet::LengthMin(min) => *min), max: first!(self, Facet::LengthMax(max) => *max) }
    }

    /// Returns how many members a list may have.
    #[must_use]
    pub fn item_count(self) -> Bounds<u64> {
        Bounds { min: first!(self, Facet::ItemsMin(min) => *min), max: first!(self, Facet::ItemsMax(max) => *max) }
    }

    /// Returns how many properties an object may have.
    #[must_use]
    pub fn property_count(self) -> Bounds<u64> {
        Bounds {
            min: first!(self, Facet::PropertiesMin(min) => *min),
            max: first!(self, Facet::PropertiesMax(max) => *max),
        }
    }

    /// Returns the least and the greatest number.
    #[must_use]
    pub fn range(self) -> Bounds<f64> {
        Bounds { min: first!(self, Facet::Minimum(min) => *min), max: first!(self, Facet::Maximum(max) => *max) }
    }

    /// Returns the number that the value must be less than.
    #[must_use]
    pub fn below(self) -> Option<f64> {
        first!(self, Facet::Below(limit) => *limit)
    }

    /// Returns the number that the value must be a multiple of.
    #[must_use]
    pub fn multiple_of(self) -> Option<f64> {
        first!(self, Facet::MultipleOf(number) => *number)
    }

    /// Tells whether the members of a list must differ.
    #[must_use]
    pub fn has_unique_items(self) -> bool {
        first!(self, Facet::Unique(()) => ()).is_some()
    }

    /// Returns the properties in which the members of a list must differ.
    pub fn unique_keys(self) -> impl Iterator<Item = &'catalog str> {
        self.texts_of(first!(self, Facet::UniqueKeys(list) => list.as_slice()))
    }

    /// Tells whether the order of a list's members means something.
    #[must_use]
    pub fn is_ordered(self) -> bool {
        first!(self, Facet::Unordered(()) => ()).is_none()
    }

    /// Returns what AWS takes where the property is missing, where it is told.
    #[must_use]
    pub fn default(self) -> Option<Scalar<'catalog>> {
        first!(self, Facet::Default(scalar) => self.scalar(*scalar))
    }

    /// Returns schemas of which at least one must hold.
    pub fn any_of(self) -> impl Iterator<Item = Schema<'catalog>> {
        self.schemas(first!(self, Facet::AnyOf(list) => list.as_slice()))
    }

    /// Returns schemas of which exactly one must hold.
    pub fn one_of(self) -> impl Iterator<Item = Schema<'catalog>> {
        self.schemas(first!(self, Facet::OneOf(list) => list.as_slice()))
    }

    /// Returns schemas that must all hold.
    pub fn all_of(self) -> impl Iterator<Item = Schema<'catalog>> {
        self.schemas(first!(self, Facet::AllOf(list) => list.as_slice()))
    }

    /// Returns the schema of a part of the value: a property, a member of a list (`*` or a number) or of a map.
    #[must_use]
    pub fn step(self, step: &str) -> Option<Schema<'catalog>> {
        let of_list = || {
            let selects = step == EACH || step.bytes().all(|byte| byte.is_ascii_digit());
            self.items().filter(|_| selects)
        };
        let alternatives = || self.any_of().chain(self.one_of()).chain(self.all_of());
        self.property(step)
            .or_else(of_list)
            .or_else(|| alternatives().find_map(|schema| schema.step(step)))
            .or_else(|| self.pattern_properties().next().map(|(_, schema)| schema))
    }

    /// Returns what is said, the nearest first.
    pub(crate) fn facets(self) -> impl Iterator<Item = &'catalog Facet> {
        let next = move |node: &NodeId| {
            let facets = self.facets_of(*node);
            facets.iter().find_map(|facet| if let Facet::Reference(to) = facet { Some(*to) } else { None })
        };
        let chain = std::iter::successors(Some(self.node), next).take(REFERENCES_MAX);
        chain.flat_map(move |node| self.facets_of(node))
    }

    fn facets_of(self, node: NodeId) -> &'catalog [Facet] {
        self.block.nodes.get(node.0 as usize).map_or(&[], |node| node.facets.as_slice())
    }

    fn at(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    fn named(
        self,
        list: Option<&'catalog [(TextId, NodeId)]>,
    ) -> impl Iterator<Item = (&'catalog str, Schema<'catalog>)> {
        list.unwrap_or_default().iter().map(move |(name, node)| (self.texts.get(*name), self.at(*node)))
    }

    fn texts_of(self, list: Option<&'catalog [TextId]>) -> impl Iterator<Item = &'catalog str> {
        list.unwrap_or_default().iter().map(move |id| self.texts.get(*id))
    }

    fn schemas(self, list: Option<&'catalog [NodeId]>) -> impl Iterator<Item = Schema<'catalog>> {
        list.unwrap_or_default().iter().map(move |node| self.at(*node))
    }

    fn dependents(
        self,
        list: Option<&'catalog [(TextId, Vec<TextId>)]>,
    ) -> impl Iterator<Item = (&'catalog str, Vec<&'catalog str>)> {
        let list = list.unwrap_or_default().iter();
        list.map(move |(name, others)| (self.texts.get(*name), self.texts_of(Some(others)).collect()))
    }

    fn scalar(self, scalar: format::Scalar) -> Scalar<'catalog> {
        match scalar {
            format::Scalar::Text(id) => Scalar::Text(self.texts.get(id)),
            format::Scalar::Number(number) => Scalar::Number(number),
            format::Scalar::Flag(flag) => Scalar::Flag(flag),
        }
    }
}

impl fmt::Debug for Schema<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&str> = self.kinds().names().collect();
        write!(out, "schema {} ({})", self.node.0, kinds.join(" or "))
    }
}
