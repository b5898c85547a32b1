//! The transform's own tree of values: JSON, plus where a text came from and the key order that some identifiers depend on.
//!
//! A REST API's deployment id is the hash of a text in which keys appear in the order of an open-addressing hash table and
//! texts written by the template's author look different from texts the transform made. [`Text`] carries the origin,
//! [`Map`] optionally the table (see [`crate::hash_order`]). Everything else treats both as ordinary JSON.

use crate::hash_order::HashOrder;
use crate::key_hash::BuildKeyHasher;
use indexmap::IndexMap;
use serde_json::{Number, Value};
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// Whether a text was written in the template or made by the transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Template,
    Transform,
}

/// A string with its origin; equality and order look at the characters only.
#[derive(Clone)]
pub(crate) struct Text {
    value: Rc<str>,
    origin: Origin,
}

impl Text {
    pub(crate) fn template(value: impl Into<String>) -> Text {
        Text { value: value.into().into(), origin: Origin::Template }
    }
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }
    /// This text followed by `suffix`; the left operand decides the origin.
    pub(crate) fn with(&self, suffix: &str) -> Text {
        let mut value = String::with_capacity(self.value.len() + suffix.len());
        value.push_str(&self.value);
        value.push_str(suffix);
        Text { value: value.into(), origin: self.origin }
    }
    /// Another text of the same origin.
    pub(crate) fn like(&self, value: impl Into<String>) -> Text {
        Text { value: value.into().into(), origin: self.origin }
    }
    pub(crate) fn into_string(self) -> String {
        self.value.to_string()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.origin == Origin::Template { "u" } else { "" };
        write!(formatter, "{mark}{:?}", self.value)
    }
}
impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.value)
    }
}
impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.value
    }
}
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.value
    }
}
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}
impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.value == other.value
    }
}
impl Eq for Text {}
impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.value == *other
    }
}
impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.value == **other
    }
}
impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text {
    fn cmp(&self, other: &Text) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}
impl From<&str> for Text {
    fn from(value: &str) -> Text {
        Text { value: value.into(), origin: Origin::Transform }
    }
}
impl From<String> for Text {
    fn from(value: String) -> Text {
        Text { value: value.into(), origin: Origin::Transform }
    }
}
impl From<&Text> for Text {
    fn from(value: &Text) -> Text {
        value.clone()
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    List(Vec<Node>),
    Map(Map),
}

/// A JSON object. Clones share their entries until one of them is changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    inner: Rc<Inner>,
    /// A deep copy is known to come out as it is, in its own order and in that of every map within.
    settled: bool,
}

/// Keys and values in insertion order.
pub(crate) type Entries = IndexMap<Text, Node, BuildKeyHasher>;

#[derive(Clone, Debug, Default)]
struct Inner {
    entries: Entries,
    table: Option<HashOrder>,
}

impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.is_clone_of(other) || self.inner.entries == other.inner.entries
    }
}

impl Map {
    /// An empty map in insertion order.
    pub(crate) fn new() -> Map {
        Map::default()
    }
    /// An empty map in the order of a hash table.
    pub(crate) fn hashed() -> Map {
        Map { inner: Rc::new(Inner { entries: Entries::default(), table: Some(HashOrder::default()) }), settled: false }
    }
    fn edit(&mut self) -> &mut Inner {
        self.settled = false;
        Rc::make_mut(&mut self.inner)
    }
    /// Whether both are clones of one map and neither was changed since.
    pub(crate) fn is_clone_of(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
    pub(crate) fn is_hashed(&self) -> bool {
        self.inner.table.is_some()
    }
    pub(crate) fn len(&self) -> usize {
        self.inner.entries.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.inner.entries.is_empty()
    }
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.inner.entries.get(key)
    }
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        if !self.contains(key) {
            return None;
        }
        self.edit().entries.get_mut(key)
    }
    /// The value if there is one that is not null.
    pub(crate) fn present(&self, key: &str) -> Option<&Node> {
        self.inner.entries.get(key).filter(|value| !value.is_null())
    }
    /// The value if it is neither missing nor empty in the sense of [`Node::truthy`].
    pub(crate) fn truthy(&self, key: &str) -> Option<&Node> {
        self.inner.entries.get(key).filter(|value| value.truthy())
    }
    pub(crate) fn map(&self, key: &str) -> Option<&Map> {
        self.get(key).and_then(Node::as_map)
    }
    pub(crate) fn map_mut(&mut self, key: &str) -> Option<&mut Map> {
        self.get_mut(key).and_then(Node::as_map_mut)
    }
    pub(crate) fn list(&self, key: &str) -> Option<&Vec<Node>> {
        self.get(key).and_then(Node::as_list)
    }
    pub(crate) fn str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str)
    }
    pub(crate) fn text(&self, key: &str) -> Option<&Text> {
        self.get(key).and_then(Node::as_text)
    }
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.inner.entries.contains_key(key)
    }
    /// Sets `key`; an existing key keeps its place and its origin.
    pub(crate) fn insert(&mut self, key: impl Into<Text>, value: impl Into<Node>) {
        let key = key.into();
        let value = value.into();
        let inner = self.edit();
        if let Some(place) = inner.entries.get_mut(key.as_str()) {
            *place = value;
            return;
        }
        let index = inner.entries.len();
        inner.entries.insert(key, value);
        if let Some(table) = &mut inner.table {
            table.inserted(index, &inner.entries);
        }
    }
    /// Sets `key` unless the value is missing or null.
    pub(crate) fn set(&mut self, key: impl Into<Text>, value: Option<impl Into<Node>>) {
        if let Some(value) = value {
            let value = value.into();
            if !value.is_null() {
                self.insert(key, value);
            }
        }
    }
    /// Sets all entries of `other` in one go, which may make room in the table first.
    pub(crate) fn update(&mut self, other: &Map) {
        let inner = self.edit();
        if let Some(table) = &mut inner.table {
            table.reserve(other.len(), &inner.entries);
        }
        for (key, value) in other.iter() {
            self.insert(key.clone(), value.clone());
        }
    }
    pub(crate) fn remove(&mut self, key: &str) -> Option<Node> {
        if !self.contains(key) {
            return None;
        }
        let inner = self.edit();
        let (index, _, value) = inner.entries.shift_remove_full(key)?;
        if let Some(table) = &mut inner.table {
            table.removed(index);
        }
        Some(value)
    }
    /// The map under `key`, put there by `make` if the key is missing; `None` if something else is there.
    pub(crate) fn map_or_insert(&mut self, key: impl Into<Text>, make: fn() -> Map) -> Option<&mut Map> {
        let key = key.into();
        if !self.contains(&key) {
            self.insert(key.clone(), make());
        }
        self.map_mut(&key)
    }
    /// Entries in order: of insertion, or of the hash table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Text, &Node)> {
        let Inner { entries, table } = &*self.inner;
        let hashed = table.iter().flat_map(HashOrder::order).filter_map(|index| entries.get_index(index));
        let plain = table.is_none().then(|| entries.iter()).into_iter().flatten();
        hashed.chain(plain)
    }
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Text> {
        self.iter().map(|(key, _)| key)
    }
    pub(crate) fn values(&self) -> impl Iterator<Item = &Node> {
        self.iter().map(|(_, value)| value)
    }
    /// Values in no order that matters.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.edit().entries.values_mut()
    }
    /// Entries in insertion order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut Node)> {
        self.edit().entries.iter_mut()
    }
    /// The only entry of a map of one.
    pub(crate) fn single(&self) -> Option<(&Text, &Node)> {
        if self.inner.entries.len() == 1 { self.inner.entries.first() } else { None }
    }
    /// A copy made key by key into a fresh table, deeply: the order may differ from the original's.
    pub(crate) fn deep_copy(&self) -> Map {
        if self.settled {
            return self.clone();
        }
        let mut copy = if self.is_hashed() { Map::hashed() } else { Map::new() };
        let mut settled = true;
        for (key, value) in self.iter() {
            let value = value.deep_copy();
            settled = settled && value.is_settled();
            copy.insert(key.clone(), value);
        }
        copy.settled = settled && self.inner.has_order_of(&copy.inner);
        copy
    }
}

impl Inner {
    /// Whether the tables agree slot by slot.
    fn has_order_of(&self, other: &Inner) -> bool {
        match (&self.table, &other.table) {
            (Some(own), Some(others)) => own.agrees(&self.entries, others, &other.entries),
            (own, others) => own.is_none() && others.is_none(),
        }
    }
}

impl Node {
    pub(crate) fn list() -> Node {
        Node::List(Vec::new())
    }
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Node::Null)
    }
    /// Whether the value counts as given: not null, not false, not zero, not empty.
    pub(crate) fn truthy(&self) -> bool {
        match self {
            Node::Null => false,
            Node::Bool(value) => *value,
            Node::Number(value) => value.as_f64() != Some(0.0),
            Node::Text(value) => !value.is_empty(),
            Node::List(value) => !value.is_empty(),
            Node::Map(value) => !value.is_empty(),
        }
    }
    pub(crate) fn as_map(&self) -> Option<&Map> {
        if let Node::Map(map) = self { Some(map) } else { None }
    }
    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Node::Map(map) = self { Some(map) } else { None }
    }
    pub(crate) fn as_list(&self) -> Option<&Vec<Node>> {
        if let Node::List(list) = self { Some(list) } else { None }
    }
    pub(crate) fn as_list_mut(&mut self) -> Option<&mut Vec<Node>> {
        if let Node::List(list) = self { Some(list) } else { None }
    }
    pub(crate) fn as_text(&self) -> Option<&Text> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }
    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Node::Bool(value) = self { Some(*value) } else { None }
    }
    pub(crate) fn as_integer(&self) -> Option<i64> {
        if let Node::Number(value) = self { value.as_i64() } else { None }
    }
    /// See [`Map::deep_copy`].
    pub(crate) fn deep_copy(&self) -> Node {
        match self {
            Node::List(list) => Node::List(list.iter().map(Node::deep_copy).collect()),
            Node::Map(map) => Node::Map(map.deep_copy()),
            other @ (Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_)) => other.clone(),
        }
    }
    fn is_settled(&self) -> bool {
        match self {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => true,
            Node::List(list) => list.iter().all(Node::is_settled),
            Node::Map(map) => map.settled,
        }
    }
    /// The same value as the template's author wrote it: every text of that origin, every map in table order.
    pub(crate) fn into_template(self) -> Node {
        match self {
            Node::Text(text) => Node::Text(Text::template(text.into_string())),
            Node::List(list) => Node::List(list.into_iter().map(Node::into_template).collect()),
            Node::Map(map) => {
                let mut hashed = Map::hashed();
                for (key, value) in Rc::unwrap_or_clone(map.inner).entries {
                    hashed.insert(Text::template(key.into_string()), value.into_template());
                }
                Node::Map(hashed)
            }
            other @ (Node::Null | Node::Bool(_) | Node::Number(_)) => other,
        }
    }
    pub(crate) fn into_value(self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(value),
            Node::Number(value) => Value::Number(value),
            Node::Text(text) => Value::String(text.into_string()),
            Node::List(list) => Value::Array(list.into_iter().map(Node::into_value).collect()),
            Node::Map(map) => {
                let entries = Rc::unwrap_or_clone(map.inner).entries.into_iter();
                Value::Object(entries.map(|(key, value)| (key.into_string(), value.into_value())).collect())
            }
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Node {
        match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Number(value) => Node::Number(value.clone()),
            Value::String(value) => Node::Text(value.as_str().into()),
            Value::Array(list) => Node::List(list.iter().map(Node::from).collect()),
            Value::Object(map) => {
                let entries = map.iter().map(|(key, value)| (Text::from(key.as_str()), Node::from(value))).collect();
                Node::Map(Map { inner: Rc::new(Inner { entries, table: None }), settled: false })
            }
        }
    }
}
impl From<&str> for Node {
    fn from(value: &str) -> Node {
        Node::Text(value.into())
    }
}
impl From<String> for Node {
    fn from(value: String) -> Node {
        Node::Text(value.into())
    }
}
impl From<Text> for Node {
    fn from(value: Text) -> Node {
        Node::Text(value)
    }
}
impl From<&Text> for Node {
    fn from(value: &Text) -> Node {
        Node::Text(value.clone())
    }
}
impl From<Map> for Node {
    fn from(value: Map) -> Node {
        Node::Map(value)
    }
}
impl From<&Map> for Node {
    fn from(value: &Map) -> Node {
        Node::Map(value.clone())
    }
}
impl From<Vec<Node>> for Node {
    fn from(value: Vec<Node>) -> Node {
        Node::List(value)
    }
}
impl From<bool> for Node {
    fn from(value: bool) -> Node {
        Node::Bool(value)
    }
}
impl From<i64> for Node {
    fn from(value: i64) -> Node {
        Node::Number(value.into())
    }
}
impl From<&Node> for Node {
    fn from(value: &Node) -> Node {
        value.clone()
    }
}

/// A map in insertion order, written like JSON.
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut, clippy::allow_attributes, reason = "an empty map is not changed")]
        let mut made = $crate::node::Map::new();
        $( made.insert($key, $value); )*
        made
    }};
}
/// A list of values.
macro_rules! list {
    ($($value:expr),* $(,)?) => { $crate::node::Node::List(vec![$( $crate::node::Node::from($value) ),*]) };
}
pub(crate) use {list, map};

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &Map) -> Vec<&str> {
        map.keys().map(Text::as_str).collect()
    }

    #[test]
    fn deep_copies_settle_and_changes_unsettle() {
        let mut map = Map::hashed();
        for key in ["responses", "parameters", "x-amazon-apigateway-integration", "security"] {
            map.insert(key, true);
        }
        let integration = "x-amazon-apigateway-integration";
        assert_eq!(keys(&map), [integration, "security", "responses", "parameters"]);
        let first = map.deep_copy();
        assert_eq!(keys(&first), [integration, "security", "parameters", "responses"]);
        assert!(!first.settled);
        let mut second = first.deep_copy();
        assert_eq!(keys(&second), keys(&first));
        assert!(second.settled && Rc::ptr_eq(&second.inner, &second.deep_copy().inner));
        let untouched = second.clone();
        second.insert("security", false);
        assert!(!second.settled && untouched.settled);
        assert_eq!(untouched.get("security"), Some(&Node::Bool(true)));
    }
}
