//! YAML as templates are mostly written, read in one pass: block collections, plain and quoted scalars, block scalars,
//! flow collections, tags.
//!
//! What is not surely within this subset (anchors, directives, tabs between things, anything malformed) is given up at
//! once, and the complete reader ([`super::events`]) reads the text from the beginning. So these files decide only about
//! speed; tests compare both readers, places included.
//!
//! What is made of the text is up to a [`Build`]: a tree with places, or a template's value at once.

mod flow;
mod scalar;
mod tree;

use std::borrow::Cow;

use stackfleet_base::{FileId, Span};

use super::{BYTES_MAX, NODES_MAX, node::ScalarStyle};

pub(crate) use scalar::quoted_text;
pub(super) use tree::TreeBuilder;

/// Deeper nesting is left to the complete reader.
const DEPTH_MAX: usize = 64;
/// Longer keys are left to the complete reader, which knows YAML's limit of 1,024 characters.
const KEY_BYTES_MAX: usize = 500;

/// Makes something of a text while it is read. `None` gives up.
///
/// Collections are opened, filled and finished one within the other: a builder keeps their members on stacks and answers
/// an opening with the place on the stack where they will begin.
pub(crate) trait Build<'text> {
    /// A value before its tag is known.
    type Node;
    /// A key.
    type Key;

    /// Takes a scalar.
    fn scalar(&mut self, span: Span, text: Cow<'text, str>, style: ScalarStyle) -> Option<Self::Node>;
    /// Takes a scalar that was made before, as a key.
    fn key(&mut self, scalar: Self::Node) -> Option<Self::Key>;
    /// Puts a tag before a value that has none.
    fn tagged(&mut self, name: &'text str, span: Span, node: Self::Node) -> Option<Self::Node>;
    /// Opens a sequence.
    fn items(&mut self) -> usize;
    /// Adds to the sequence opened last.
    fn item(&mut self, node: Self::Node);
    /// Finishes the sequence whose items begin at `start`.
    fn sequence(&mut self, span: Span, start: usize) -> Self::Node;
    /// Opens a mapping.
    fn entries(&mut self) -> usize;
    /// Adds to the mapping opened last.
    fn entry(&mut self, key: Self::Key, value: Self::Node);
    /// Finishes the mapping whose entries begin at `start`.
    fn mapping(&mut self, span: Span, start: usize) -> Option<Self::Node>;
}

/// Reads a document, or gives up.
pub(crate) fn read<'text, B: Build<'text>>(file: FileId, text: &'text str, build: &mut B) -> Option<B::Node> {
    if text.len() > BYTES_MAX || !has_plain_characters_only(text) {
        return None;
    }
    let mut reader =
        Reader { file, text, at: 0, end: 0, depth: 0, nodes: 0, key: (0, 0), ahead: Ahead::default(), build };
    let mut indent = reader.content()?;
    if indent == 0 && text.get(reader.at..)?.starts_with("---\n") {
        reader.at += 4;
        indent = reader.content()?;
    }
    reader.is_no_marker(indent)?;
    let root = reader.block_node(-1, indent)?;
    reader.content().is_none().then_some(root)
}

/// Carriage returns and other characters with a meaning of their own for lines are left to the complete reader.
fn has_plain_characters_only(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Chunk by chunk without a branch for each byte, which the compiler turns into wide instructions.
    let is_printable = |byte: &u8| (0x20..0x7f).contains(byte) || *byte == b'\n';
    if bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & is_printable(byte))) {
        return true;
    }
    let special = |(index, byte): (usize, &u8)| match byte {
        b'\n' | b'\t' => false,
        0..=0x1f | 0x7f | 0xef => true,
        0xc2 => bytes.get(index + 1).is_some_and(|next| *next < 0xa0),
        0xe2 => bytes.get(index + 1) == Some(&0x80),
        _ => false,
    };
    !bytes.iter().enumerate().any(special)
}

struct Reader<'text, 'build, B> {
    file: FileId,
    text: &'text str,
    at: usize,
    /// Where the value read last ends.
    end: usize,
    depth: usize,
    nodes: usize,
    /// Beginning and end of the key that was looked at last.
    key: (usize, usize),
    ahead: Ahead,
    build: &'build mut B,
}

/// Where the next content is, as it was found last.
#[derive(Clone, Copy, Default)]
struct Ahead {
    /// Looked for from here,
    from: usize,
    /// found here,
    at: usize,
    /// behind so many spaces; nothing at the end of the text.
    indent: Option<usize>,
}

/// Counts the spaces at the beginning.
fn spaces(text: &[u8]) -> usize {
    let mut count = 0;
    // Eight at a time: indentation is a third of many templates.
    while let Some(Ok(eight)) = text.get(count..count + 8).map(<[u8; 8]>::try_from) {
        let others = u64::from_le_bytes(eight) ^ u64::from_le_bytes([b' '; 8]);
        if others != 0 {
            return count + usize::try_from(others.trailing_zeros() / 8).unwrap_or_default();
        }
        count += 8;
    }
    count + text.iter().skip(count).take_while(|byte| **byte == b' ').count()
}

impl<'text, B: Build<'text>> Reader<'text, '_, B> {
    fn byte(&self) -> Option<u8> {
        self.byte_at(self.at)
    }

    fn byte_at(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// A space, the end of the line or of the text.
    fn is_blank_at(&self, at: usize) -> bool {
        matches!(self.byte_at(at), None | Some(b' ' | b'\n'))
    }

    fn rest(&self, from: usize) -> &'text [u8] {
        self.text.as_bytes().get(from..).unwrap_or_default()
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |at| from + at)
    }

    fn skip_spaces(&mut self) {
        if self.byte() == Some(b' ') {
            self.at += spaces(self.rest(self.at));
        }
    }

    /// From the beginning of a line, goes to the next line that is neither blank nor a comment, to its first character.
    /// Returns its indentation, `None` at the end of the text.
    fn content(&mut self) -> Option<usize> {
        if self.ahead.from != self.at || self.ahead.at <= self.at {
            self.ahead = self.look_ahead();
        }
        self.at = self.ahead.at;
        self.ahead.indent
    }

    fn look_ahead(&self) -> Ahead {
        let mut at = self.at;
        loop {
            let indent = spaces(self.rest(at));
            at += indent;
            match self.byte_at(at) {
                None => return Ahead { from: self.at, at, indent: None },
                Some(b'\n') => at += 1,
                Some(b'#') => at = (self.line_end(at) + 1).min(self.text.len()),
                Some(_) => return Ahead { from: self.at, at, indent: Some(indent) },
            }
        }
    }

    /// Looks at the next line with content without going there.
    fn peek_content(&mut self) -> Option<usize> {
        let start = self.at;
        let indent = self.content();
        self.at = start;
        indent
    }

    /// Goes to the next line's beginning; only a comment may stand before it.
    fn end_line(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_spaces();
        match self.byte() {
            None => Some(()),
            Some(b'\n') => {
                self.at += 1;
                Some(())
            }
            Some(b'#') if self.at > start => {
                self.at = (self.line_end(self.at) + 1).min(self.text.len());
                Some(())
            }
            Some(_) => None,
        }
    }

    /// Gives up at document markers and directives.
    fn is_no_marker(&self, indent: usize) -> Option<()> {
        if indent > 0 {
            return Some(());
        }
        let rest = self.text.get(self.at..)?;
        (!rest.starts_with("---") && !rest.starts_with("...") && !rest.starts_with('%')).then_some(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start, end }
    }

    /// Counts a node that ends at `end`.
    fn counted(&mut self, start: usize, end: usize) -> Option<Span> {
        self.nodes += 1;
        self.end = end;
        (self.nodes <= NODES_MAX).then_some(self.span(start, end))
    }

    fn scalar(
        &mut self,
        start: usize,
        end: usize,
        text: impl Into<Cow<'text, str>>,
        style: ScalarStyle,
    ) -> Option<B::Node> {
        let span = self.counted(start, end)?;
        self.build.scalar(span, text.into(), style)
    }

    fn null(&mut self, at: usize) -> Option<B::Node> {
        self.scalar(at, at, "", ScalarStyle::Plain)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let read = if self.depth > DEPTH_MAX { None } else { read(self) };
        self.depth -= 1;
        read
    }

    fn is_entry(&self) -> bool {
        self.byte() == Some(b'-') && self.is_blank_at(self.at + 1)
    }

    /// Reads what begins at this line's first character, at column `indent`, below something at `parent`.
    fn block_node(&mut self, parent: isize, indent: usize) -> Option<B::Node> {
        self.is_no_marker(indent)?;
        self.deeper(|reader| {
            if reader.is_entry() {
                reader.sequence(indent)
            } else if reader.key_end().is_some() {
                reader.mapping(indent)
            } else if reader.byte() == Some(b'!') {
                reader.tagged(parent)
            } else {
                reader.inline(parent)
            }
        })
    }

    fn sequence(&mut self, indent: usize) -> Option<B::Node> {
        let start = self.at;
        let items = self.build.items();
        loop {
            let item = self.entry(indent)?;
            self.build.item(item);
            match self.peek_content() {
                Some(next) if next == indent => {
                    let line = self.at;
                    self.content()?;
                    if !self.is_entry() {
                        // It may be the next key of the mapping around, if that stands at the same column.
                        self.at = line;
                        break;
                    }
                }
                Some(next) if next > indent => return None,
                Some(_) | None => break,
            }
        }
        let span = self.counted(start, self.end)?;
        Some(self.build.sequence(span, items))
    }

    fn entry(&mut self, indent: usize) -> Option<B::Node> {
        let dash = self.at;
        let parent = isize::try_from(indent).ok()?;
        self.at += 1;
        self.skip_spaces();
        let column = indent + (self.at - dash);
        match self.byte()? {
            b'\n' => {
                self.at += 1;
                let next = self.content().filter(|next| *next > indent)?;
                self.block_node(parent, next)
            }
            b'#' => None,
            b'!' => self.tagged(parent),
            _ if self.is_entry() => self.deeper(|reader| reader.sequence(column)),
            _ if self.key_end().is_some() => self.deeper(|reader| reader.mapping(column)),
            _ => self.inline(parent),
        }
    }

    fn mapping(&mut self, indent: usize) -> Option<B::Node> {
        let start = self.at;
        let entries = self.build.entries();
        loop {
            let key = self.key()?;
            let value = self.mapping_value(indent)?;
            self.build.entry(key, value);
            match self.peek_content() {
                Some(next) if next == indent => {
                    self.content()?;
                    self.is_no_marker(indent)?;
                }
                Some(next) if next > indent => return None,
                Some(_) | None => break,
            }
        }
        let span = self.counted(start, self.end)?;
        self.build.mapping(span, entries)
    }

    /// Reads a value from behind its key's colon.
    fn mapping_value(&mut self, indent: usize) -> Option<B::Node> {
        let behind = self.at;
        let parent = isize::try_from(indent).ok()?;
        self.skip_spaces();
        match self.byte() {
            None | Some(b'\n' | b'#') => {
                self.at = behind;
                self.end_line()?;
                let line = self.at;
                match self.content() {
                    Some(next) if next > indent => self.block_node(parent, next),
                    Some(next) if next == indent && self.is_entry() => self.deeper(|reader| reader.sequence(indent)),
                    _ => {
                        self.at = line;
                        self.null(behind)
                    }
                }
            }
            Some(b'!') => self.tagged(parent),
            Some(_) => self.inline(parent),
        }
    }

    /// Reads a tag and what follows it.
    fn tagged(&mut self, parent: isize) -> Option<B::Node> {
        let (name, span) = self.tag()?;
        let behind = self.at;
        self.skip_spaces();
        let node = match self.byte() {
            None | Some(b'\n' | b'#') => {
                self.at = behind;
                self.end_line()?;
                let line = self.at;
                match self.content() {
                    Some(next) if isize::try_from(next).ok()? > parent => {
                        self.has_no_tag()?;
                        self.block_node(parent, next)?
                    }
                    Some(_) if self.is_entry() => return None,
                    _ => {
                        self.at = line;
                        self.null(behind)?
                    }
                }
            }
            Some(_) => {
                self.has_no_tag()?;
                self.inline(parent)?
            }
        };
        self.build.tagged(name, span, node)
    }

    fn has_no_tag(&self) -> Option<()> {
        (self.byte() != Some(b'!')).then_some(())
    }

    fn tag(&mut self) -> Option<(&'text str, Span)> {
        let start = self.at;
        let length = self.rest(start + 1).iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let end = start + 1 + length;
        let name = self.text.get(start..end).filter(|_| length > 0 && self.is_blank_at(end))?;
        self.at = end;
        Some((name, self.span(start, end)))
    }

    /// Reads a key with its colon.
    fn key(&mut self) -> Option<B::Key> {
        let (start, end) = (self.at, self.key_end()?);
        let key = match self.byte()? {
            b'"' | b'\'' => self.quoted_line()?,
            _ => {
                let text = self.text.get(start..end)?;
                self.scalar(start, end, text, ScalarStyle::Plain)?
            }
        };
        self.at = end + 1;
        self.build.key(key)
    }

    /// Returns where the key that begins here ends, if one does.
    fn key_end(&mut self) -> Option<usize> {
        if self.key.0 == self.at && self.key.1 > self.at {
            return Some(self.key.1);
        }
        let end = match self.byte()? {
            b'"' | b'\'' => self.quoted_end()?,
            first => self.plain_key_end(first)?,
        };
        let is_key = self.byte_at(end) == Some(b':') && self.is_blank_at(end + 1);
        let end = Some(end).filter(|end| is_key && *end > self.at && *end - self.at <= KEY_BYTES_MAX)?;
        self.key = (self.at, end);
        Some(end)
    }

    fn plain_key_end(&self, first: u8) -> Option<usize> {
        if !self.begins_plain(first, self.at) {
            return None;
        }
        let rest = self.rest(self.at);
        for (index, byte) in rest.iter().enumerate().filter(|(_, byte)| may_end_plain(**byte)) {
            let before = index.checked_sub(1).and_then(|before| rest.get(before));
            match byte {
                b'\n' | b'\t' => return None,
                b':' if matches!(rest.get(index + 1), None | Some(b' ' | b'\n')) => {
                    // Space before the colon is left to the complete reader.
                    return (before != Some(&b' ')).then_some(self.at + index);
                }
                b'#' if before == Some(&b' ') => return None,
                _ => {}
            }
        }
        None
    }

    /// Tells whether a plain scalar may begin with this byte, and is surely one.
    fn begins_plain(&self, first: u8, at: usize) -> bool {
        match first {
            b'-' => !matches!(self.byte_at(at + 1), None | Some(b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}')),
            b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' | b' ' | b'\t' | b'\n' => false,
            _ => true,
        }
    }
}

/// The bytes at which a plain scalar may end or be no plain scalar.
fn may_end_plain(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b':' | b'#')
}
