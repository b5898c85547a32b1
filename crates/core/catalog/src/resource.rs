//! A resource type, as the catalog knows it.

use std::fmt;

use stackfleet_base::Region;

use crate::catalog::{Availability, Catalog};
use crate::format::{Entry, HandlerFacts, Path, Stateful, TaggingFacts, TextId, TypeFacts};
use crate::path::{EACH, PropertyPath, Relation, names, split};
use crate::schema::Schema;
use crate::texts::Texts;

/// A view of a resource type in the catalog; copying it costs nothing.
///
/// Properties are named by JSON pointers from the resource's properties, `/Code/S3Bucket`, or as `Fn::GetAtt` names them,
/// `Code.S3Bucket`. Members of lists are `*` or a number.
#[derive(Clone, Copy)]
pub struct ResourceType<'catalog> {
    pub(crate) catalog: &'catalog Catalog<'catalog>,
    pub(crate) name: &'catalog str,
    pub(crate) entry: Entry,
}

/// What CloudFormation does with a resource when a property changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replacement {
    /// It updates the resource in place.
    Never,
    /// It depends on the value, or on which part of it changes.
    Conditional,
    /// It makes another resource and deletes this one.
    Always,
}

/// The operations of a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handler {
    /// Makes a resource.
    Create,
    /// Tells its properties.
    Read,
    /// Changes it in place.
    Update,
    /// Deletes it.
    Delete,
    /// Lists all of the type.
    List,
}

impl Handler {
    /// All of them; the place in this list is the number in the file.
    pub const ALL: [Self; 5] = [Self::Create, Self::Read, Self::Update, Self::Delete, Self::List];

    /// Returns AWS's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::List => "list",
        }
    }
}

impl<'catalog> ResourceType<'catalog> {
    /// Returns the name: `AWS::Lambda::Function`.
    #[must_use]
    pub fn name(self) -> &'catalog str {
        self.name
    }

    /// Tells whether CloudFormation has the type in a region.
    #[must_use]
    pub fn available_in(self, region: &Region) -> Availability {
        self.catalog.availability(self.entry, region)
    }

    /// Returns the known regions that have the type.
    pub fn regions(self) -> impl Iterator<Item = &'catalog str> {
        self.catalog.regions_of(self.entry)
    }

    /// Returns the schema of all properties, read-only ones included.
    #[must_use]
    pub fn schema(self) -> Schema<'catalog> {
        let (block, texts) = self.catalog.block(self.entry.block);
        Schema { texts, block, node: self.facts().root }
    }

    /// Returns the properties, read-only ones included, in the order of their names.
    pub fn properties(self) -> impl Iterator<Item = (&'catalog str, Schema<'catalog>)> {
        self.schema().properties()
    }

    /// Returns the schema of a property.
    #[must_use]
    pub fn property(self, path: &str) -> Option<Schema<'catalog>> {
        split(path).iter().try_fold(self.schema(), |schema, step| schema.step(step))
    }

    /// Returns the names of the properties that must be there, in all cases.
    pub fn required(self) -> impl Iterator<Item = &'catalog str> {
        self.schema().required()
    }

    /// Returns the properties that AWS sets and templates cannot.
    pub fn read_only(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().read_only)
    }

    /// Returns the properties that cannot be changed without a replacement.
    pub fn create_only(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().create_only)
    }

    /// Returns the properties of which some changes need a replacement.
    pub fn conditional_create_only(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().conditional_create_only)
    }

    /// Returns the properties that AWS never tells, such as passwords.
    pub fn write_only(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().write_only)
    }

    /// Returns the properties that AWS advises against.
    pub fn deprecated(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().deprecated)
    }

    /// Returns the properties that together name a resource in its account and region.
    pub fn primary_identifier(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        self.paths(&self.facts().primary_identifier)
    }

    /// Returns other sets of properties that name a resource.
    pub fn additional_identifiers(self) -> impl Iterator<Item = Vec<PropertyPath<'catalog>>> {
        self.facts().additional_identifiers.iter().map(move |paths| self.paths(paths).collect())
    }

    /// Tells whether AWS sets the property and templates cannot.
    #[must_use]
    pub fn is_read_only(self, path: &str) -> bool {
        relation(self.read_only(), path, |relation| matches!(relation, Relation::Same | Relation::Below))
    }

    /// Tells whether AWS never tells the property.
    #[must_use]
    pub fn is_write_only(self, path: &str) -> bool {
        relation(self.write_only(), path, |relation| matches!(relation, Relation::Same | Relation::Below))
    }

    /// Returns what a change of the property does.
    ///
    /// `Conditional` is also the answer for an object of which only a part forces a replacement.
    #[must_use]
    pub fn replacement(self, path: &str) -> Replacement {
        let within = |relation| matches!(relation, Relation::Same | Relation::Below);
        if relation(self.create_only(), path, within) {
            Replacement::Always
        } else if relation(self.create_only(), path, |relation| relation == Relation::Above)
            || relation(self.conditional_create_only(), path, |relation| relation != Relation::Apart)
        {
            Replacement::Conditional
        } else {
            Replacement::Never
        }
    }

    /// Returns what `Fn::GetAtt` takes; `*` as the last step stands for any name. Nothing in members of lists can be
    /// taken.
    pub fn attributes(self) -> impl Iterator<Item = PropertyPath<'catalog>> {
        let facts = self.facts();
        let paths = self.paths(facts.attributes.as_ref().unwrap_or(&facts.read_only));
        paths.filter(|path| {
            let steps: Vec<&str> = path.steps().collect();
            steps.split_last().is_none_or(|(_, before)| !before.contains(&EACH))
        })
    }

    /// Tells whether `Fn::GetAtt` takes the attribute, written with dots.
    #[must_use]
    pub fn has_attribute(self, attribute: &str) -> bool {
        let wanted: Vec<&str> = attribute.split('.').collect();
        self.attributes().any(|path| {
            let steps: Vec<&str> = path.steps().collect();
            match steps.split_last() {
                Some((&EACH, before)) => wanted.len() > before.len() && wanted.starts_with(before),
                _ => steps == wanted,
            }
        })
    }

    /// Returns a handler, if the type has it.
    #[must_use]
    pub fn handler(self, handler: Handler) -> Option<HandlerView<'catalog>> {
        let texts = self.catalog.block(self.entry.block).1;
        let mut numbered = self.facts().handlers.iter();
        let found = numbered.find(|(number, _)| Handler::ALL.get(*number as usize) == Some(&handler));
        found.map(|(_, facts)| HandlerView { texts, facts })
    }

    /// Returns how resources are tagged, if AWS says it.
    #[must_use]
    pub fn tagging(self) -> Option<TaggingView<'catalog>> {
        let texts = self.catalog.block(self.entry.block).1;
        self.facts().tagging.as_ref().map(|facts| TaggingView { texts, facts })
    }

    /// Tells whether CloudFormation deletes the old resource before it makes the one that replaces it.
    #[must_use]
    pub fn deletes_before_replacing(self) -> bool {
        self.facts().deletes_before_replacing
    }

    /// Tells whether resources hold data that is lost with them.
    #[must_use]
    pub fn stateful(self) -> Stateful {
        self.facts().stateful
    }

    /// Returns how AWS winds the type down, if it does.
    #[must_use]
    pub fn lifecycle(self) -> Option<LifecycleView<'catalog>> {
        let texts = self.catalog.block(self.entry.block).1;
        let lifecycle = self.facts().lifecycle.as_ref()?;
        Some(LifecycleView { status: texts.get(lifecycle.status), date: lifecycle.date.map(|date| texts.get(date)) })
    }

    fn facts(self) -> &'catalog TypeFacts {
        let block = self.catalog.block(self.entry.block).0;
        let found = block.types.get(self.entry.position as usize);
        #[expect(clippy::expect_used, reason = "the index is verified by a test, or by who reads the catalog")]
        found.expect("BUG: the index names a type that its block does not have")
    }

    fn paths(self, paths: &'catalog [Path]) -> impl Iterator<Item = PropertyPath<'catalog>> {
        let texts = self.catalog.block(self.entry.block).1;
        paths.iter().map(move |steps| PropertyPath::new(texts, steps))
    }
}

fn relation<'catalog>(
    mut paths: impl Iterator<Item = PropertyPath<'catalog>>,
    path: &str,
    wanted: impl Fn(Relation) -> bool,
) -> bool {
    let steps = names(path);
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    paths.any(|known| wanted(known.compare(&steps)))
}

impl fmt::Debug for ResourceType<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

/// What a handler of a resource type needs.
#[derive(Debug, Clone, Copy)]
pub struct HandlerView<'catalog> {
    texts: Texts<'catalog>,
    facts: &'catalog HandlerFacts,
}

impl<'catalog> HandlerView<'catalog> {
    /// Returns the actions that the handler may call: a superset of those that a given resource needs. Some of AWS's
    /// entries have wildcards.
    pub fn permissions(self) -> impl Iterator<Item = &'catalog str> {
        all(self.texts, &self.facts.permissions)
    }

    /// Returns after how many minutes CloudFormation gives up, where it is said.
    #[must_use]
    pub fn timeout_minutes(self) -> Option<u32> {
        self.facts.timeout_minutes
    }
}

/// How resources of a type are tagged.
#[derive(Debug, Clone, Copy)]
pub struct TaggingView<'catalog> {
    texts: Texts<'catalog>,
    facts: &'catalog TaggingFacts,
}

impl<'catalog> TaggingView<'catalog> {
    /// Tells whether resources can have tags.
    #[must_use]
    pub fn is_taggable(self) -> bool {
        self.facts.taggable
    }

    /// Tells whether tags are set in the call that makes the resource.
    #[must_use]
    pub fn on_create(self) -> bool {
        self.facts.on_create
    }

    /// Tells whether tags can be changed without a replacement.
    #[must_use]
    pub fn is_updatable(self) -> bool {
        self.facts.updatable
    }

    /// Tells whether CloudFormation adds its own `aws:cloudformation:*` tags.
    #[must_use]
    pub fn has_system_tags(self) -> bool {
        self.facts.system_tags
    }

    /// Returns the property that holds the tags.
    #[must_use]
    pub fn property(self) -> Option<PropertyPath<'catalog>> {
        self.facts.property.as_ref().map(|steps| PropertyPath::new(self.texts, steps))
    }

    /// Returns the actions that are needed when tags are given.
    pub fn permissions(self) -> impl Iterator<Item = &'catalog str> {
        all(self.texts, &self.facts.permissions)
    }
}

/// How AWS winds a type down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifecycleView<'catalog> {
    /// AWS's word: `maintenance` (for those only who use it already), `sunset` (an end is announced) or `shutdown` (gone).
    pub status: &'catalog str,
    /// The day from which it holds; of `sunset`, the day of the end.
    pub date: Option<&'catalog str>,
}

fn all<'catalog>(texts: Texts<'catalog>, ids: &'catalog [TextId]) -> impl Iterator<Item = &'catalog str> {
    ids.iter().map(move |id| texts.get(*id))
}
