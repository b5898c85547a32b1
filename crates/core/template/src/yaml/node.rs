//! The tree: nodes, mappings, and plain typed access to scalars.

use std::collections::BTreeMap;

use stackfleet_base::Span;

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where the value is written, quotes and brackets included, tag not. A block collection ends with its last item.
    pub span: Span,
    /// The tag written before it.
    pub tag: Option<Box<Tag>>,
    /// Where an alias (`*name`) stands for this node; `span` is then where the anchor's value is written.
    pub alias: Option<Box<Span>>,
    /// What it is.
    pub value: NodeValue,
}

/// A tag such as `!Ref` or `!!str`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// As written: `!Ref`, `!!str`.
    pub name: Box<str>,
    /// Where.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeValue {
    /// Text, number, truth value or nothing: undecided.
    Scalar(Scalar),
    /// Items in order.
    Sequence(Vec<Node>),
    /// Entries in order.
    Mapping(Mapping),
}

/// A scalar's text after escapes and folding, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: Box<str>,
    /// How it was written.
    pub style: ScalarStyle,
}

/// How a scalar was written. Only a plain one can be other than text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Bare, also JSON's numbers and words.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, mostly a scalar.
    pub key: Node,
    /// The value; an empty plain scalar where none is written.
    pub value: Node,
}

/// Entries in the order of the file; a key may occur twice (which is diagnosed).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    /// Whether some key is written as `? key`: its value may stand anywhere further down, or nowhere.
    pub(crate) has_question_marks: bool,
}

impl Mapping {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self { entries, has_question_marks: false }
    }

    pub(crate) fn push(&mut self, key: Node, value: Node) {
        self.entries.push(Entry { key, value });
    }

    /// Returns all entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns keys' texts and values in order; keys that are not scalars are left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().filter_map(|entry| Some((entry.key.text()?, &entry.value)))
    }

    /// Returns the last entry with this key, which is the one that counts.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key.text() == Some(key))
    }

    /// Returns the value of the last entry with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the key nodes of each repetition: the first of that name, and the repeated one.
    pub(crate) fn duplicates(&self) -> Vec<(&Node, &Node)> {
        // Most mappings are small: comparing each key with those before it is quickest.
        let mut found = Vec::new();
        if self.entries.len() <= 8 {
            for (index, Entry { key, .. }) in self.entries.iter().enumerate() {
                let Some(text) = key.text().filter(|text| *text != "<<") else { continue };
                let mut before = self.entries.iter().take(index).map(|entry| &entry.key);
                found.extend(before.find(|other| other.text() == Some(text)).map(|first| (first, key)));
            }
            return found;
        }
        let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
        for Entry { key, .. } in &self.entries {
            // `<<` may be repeated: each merges.
            let Some(text) = key.text().filter(|text| *text != "<<") else { continue };
            match seen.get(text) {
                Some(first) => found.push((*first, key)),
                None => {
                    seen.insert(text, key);
                }
            }
        }
        found
    }
}

impl Node {
    /// Returns the place with the tag, which is what a replacement must cover.
    #[must_use]
    pub fn full_span(&self) -> Span {
        match (&self.alias, &self.tag) {
            (Some(alias), _) => **alias,
            (None, Some(tag)) => Span { start: tag.span.start, ..self.span },
            (None, None) => self.span,
        }
    }

    /// Returns a scalar's text whatever it would mean, nothing for collections.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| &*scalar.text)
    }

    /// Returns a scalar's text, nothing for collections and for a bare null (`~`, `null` or no value at all).
    ///
    /// Bare numbers and truth values come as written: an account id keeps its leading zero.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if self.is_null() { None } else { self.text() }
    }

    /// Returns a bare `true` or `false` (YAML 1.2: `yes` and `on` are text).
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Returns a bare whole number written in decimal.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.plain().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    }

    /// Returns a bare number written in decimal.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        self.plain().filter(|text| text.bytes().all(allowed))?.parse().ok()
    }

    /// Tells whether nothing is written here, or a bare `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns the items of a sequence.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => None,
        }
    }

    /// Returns the entries of a mapping.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            NodeValue::Mapping(mapping) => Some(mapping),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) => None,
        }
    }

    /// Returns the value under a key of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// Returns the scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            NodeValue::Scalar(scalar) => Some(scalar),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
        }
    }

    /// Returns the text of a bare scalar that no tag makes into something else.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        let scalar = self.scalar()?;
        (scalar.style == ScalarStyle::Plain && self.tag.is_none()).then_some(&*scalar.text)
    }

    /// Says in a word what this is, for messages: "a mapping", "a list", "text", "a number"...
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            NodeValue::Mapping(_) => "a mapping",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Scalar(_) if self.is_null() => "nothing",
            NodeValue::Scalar(_) if self.as_bool().is_some() => "a truth value",
            NodeValue::Scalar(_) if self.as_f64().is_some() => "a number",
            NodeValue::Scalar(_) => "text",
        }
    }
}
