//! YAML as templates are mostly written, read in one pass: block collections, plain and quoted scalars of one line, block
//! scalars, flow collections, tags.
//!
//! What is not surely within this subset (anchors, directives, scalars over several lines, anything malformed) is given up
//! at once, and the complete reader ([`super::events`]) reads the text from the beginning. So this file decides only about
//! speed; a test compares both readers, places included.

use stackfleet_base::{FileId, Span};

use super::{
    NODES_MAX,
    node::{Entry, Mapping, Node, NodeValue, Scalar, ScalarStyle, Tag},
};

/// Deeper nesting is left to the complete reader.
const DEPTH_MAX: usize = 64;
/// Longer keys are left to the complete reader, which knows YAML's limit of 1,024 characters.
const KEY_BYTES_MAX: usize = 500;

/// Reads a document, or gives up.
pub(super) fn read(file: FileId, text: &str) -> Option<Node> {
    if !has_plain_characters_only(text) {
        return None;
    }
    let mut reader = Reader { file, text, at: 0, depth: 0, nodes: 0 };
    let mut indent = reader.content()?;
    if indent == 0 && text.get(reader.at..)?.starts_with("---\n") {
        reader.at += 4;
        indent = reader.content()?;
    }
    reader.is_no_marker(indent)?;
    let root = reader.block_node(-1, indent)?;
    reader.content().is_none().then_some(root)
}

/// Tabs, carriage returns and other characters with a meaning of their own for lines are left to the complete reader.
fn has_plain_characters_only(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Chunk by chunk without a branch for each byte, which the compiler turns into wide instructions.
    let is_printable = |byte: &u8| (0x20..0x7f).contains(byte) || *byte == b'\n';
    if bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & is_printable(byte))) {
        return true;
    }
    let special = |(index, byte): (usize, &u8)| match byte {
        b'\n' => false,
        0..=0x1f | 0x7f | 0xef => true,
        0xc2 => bytes.get(index + 1).is_some_and(|next| *next < 0xa0),
        0xe2 => bytes.get(index + 1) == Some(&0x80),
        _ => false,
    };
    !bytes.iter().enumerate().any(special)
}

struct Reader<'text> {
    file: FileId,
    text: &'text str,
    at: usize,
    depth: usize,
    nodes: usize,
}

impl<'text> Reader<'text> {
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

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |at| from + at)
    }

    fn skip_spaces(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    /// From the beginning of a line, goes to the next line that is neither blank nor a comment, to its first character.
    /// Returns its indentation, `None` at the end of the text.
    fn content(&mut self) -> Option<usize> {
        loop {
            let start = self.at;
            self.skip_spaces();
            match self.byte() {
                None => return None,
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at = (self.line_end(self.at) + 1).min(self.text.len()),
                Some(_) => return Some(self.at - start),
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
        let rest = self.text.get(self.at..)?;
        let marker = indent == 0 && (rest.starts_with("---") || rest.starts_with("...") || rest.starts_with('%'));
        (!marker).then_some(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start, end }
    }

    fn node(&mut self, start: usize, end: usize, value: NodeValue) -> Option<Node> {
        self.nodes += 1;
        let span = self.span(start, end);
        (self.nodes <= NODES_MAX).then_some(Node { span, tag: None, alias: None, value })
    }

    fn scalar(&mut self, start: usize, end: usize, text: &str, style: ScalarStyle) -> Option<Node> {
        self.node(start, end, NodeValue::Scalar(Scalar { text: text.into(), style }))
    }

    fn null(&mut self, at: usize) -> Option<Node> {
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
    fn block_node(&mut self, parent: isize, indent: usize) -> Option<Node> {
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

    fn sequence(&mut self, indent: usize) -> Option<Node> {
        let start = self.at;
        let mut items = Vec::new();
        loop {
            items.push(self.entry(indent)?);
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
        let end = items.last().map_or(start, |item: &Node| item.full_span().end);
        self.node(start, end, NodeValue::Sequence(items))
    }

    fn entry(&mut self, indent: usize) -> Option<Node> {
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

    fn mapping(&mut self, indent: usize) -> Option<Node> {
        let start = self.at;
        let mut entries = Vec::new();
        loop {
            let key = self.key()?;
            let value = self.mapping_value(indent)?;
            entries.push(Entry { key, value });
            match self.peek_content() {
                Some(next) if next == indent => {
                    self.content()?;
                    self.is_no_marker(indent)?;
                }
                Some(next) if next > indent => return None,
                Some(_) | None => break,
            }
        }
        let end = entries.last().map_or(start, |entry: &Entry| entry.value.full_span().end);
        self.node(start, end, NodeValue::Mapping(Mapping::new(entries)))
    }

    /// Reads a value from behind its key's colon.
    fn mapping_value(&mut self, indent: usize) -> Option<Node> {
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
    fn tagged(&mut self, parent: isize) -> Option<Node> {
        let tag = self.tag()?;
        let behind = self.at;
        self.skip_spaces();
        let mut node = match self.byte() {
            None | Some(b'\n' | b'#') => {
                self.at = behind;
                self.end_line()?;
                let line = self.at;
                match self.content() {
                    Some(next) if isize::try_from(next).ok()? > parent => self.block_node(parent, next)?,
                    Some(_) if self.is_entry() => return None,
                    _ => {
                        self.at = line;
                        self.null(behind)?
                    }
                }
            }
            Some(b'!') => return None,
            Some(_) => self.inline(parent)?,
        };
        if node.tag.is_some() {
            return None;
        }
        node.tag = Some(Box::new(tag));
        Some(node)
    }

    fn tag(&mut self) -> Option<Tag> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start + 1..)?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let end = start + 1 + length;
        let name = self.text.get(start..end).filter(|_| length > 0 && self.is_blank_at(end))?;
        self.at = end;
        Some(Tag { name: name.into(), span: self.span(start, end) })
    }

    /// Returns where the key that begins here ends, if one does.
    fn key_end(&self) -> Option<usize> {
        let end = match self.byte()? {
            b'"' | b'\'' => self.quoted_end()?,
            first => self.plain_key_end(first)?,
        };
        let is_key = self.byte_at(end) == Some(b':') && self.is_blank_at(end + 1);
        Some(end).filter(|end| is_key && *end > self.at && *end - self.at <= KEY_BYTES_MAX)
    }

    fn plain_key_end(&self, first: u8) -> Option<usize> {
        if !self.begins_plain(first, self.at) {
            return None;
        }
        let mut at = self.at;
        loop {
            match self.byte_at(at)? {
                b'\n' => return None,
                b':' if self.is_blank_at(at + 1) => break,
                b'#' if self.byte_at(at.wrapping_sub(1)) == Some(b' ') => return None,
                _ => at += 1,
            }
        }
        // Space before the colon is left to the complete reader.
        Some(at).filter(|at| self.byte_at(at.wrapping_sub(1)) != Some(b' '))
    }

    /// Tells whether a plain scalar may begin with this byte, and is surely one.
    fn begins_plain(&self, first: u8, at: usize) -> bool {
        match first {
            b'-' => !matches!(self.byte_at(at + 1), None | Some(b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}')),
            b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' | b' ' | b'\n' => false,
            _ => true,
        }
    }

    /// Reads a key with its colon.
    fn key(&mut self) -> Option<Node> {
        let (start, end) = (self.at, self.key_end()?);
        let key = match self.byte()? {
            b'"' | b'\'' => self.quoted()?,
            _ => {
                let text = self.text.get(start..end)?;
                self.scalar(start, end, text, ScalarStyle::Plain)?
            }
        };
        self.at = end + 1;
        Some(key)
    }

    /// Reads a value that begins on this line and is no block collection, with the rest of its line.
    fn inline(&mut self, parent: isize) -> Option<Node> {
        let node = match self.byte()? {
            b'|' | b'>' => return self.block_scalar(parent),
            b'"' | b'\'' => self.quoted()?,
            b'[' | b'{' => self.flow_node(parent)?,
            first => self.plain(first)?,
        };
        self.end_line()?;
        // Deeper lines would belong to a plain scalar, or are wrong.
        match self.peek_content() {
            Some(next) if isize::try_from(next).ok()? > parent => None,
            Some(_) | None => Some(node),
        }
    }

    fn plain(&mut self, first: u8) -> Option<Node> {
        if !self.begins_plain(first, self.at) {
            return None;
        }
        let start = self.at;
        let line = self.text.get(start..self.line_end(start))?;
        let bytes = line.as_bytes();
        let mut end = bytes.len();
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b':' if matches!(bytes.get(index + 1), None | Some(b' ')) => return None,
                b'#' if bytes.get(index.wrapping_sub(1)) == Some(&b' ') => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        let text = line.get(..end)?.trim_end_matches(' ');
        self.at = start + text.len();
        self.scalar(start, self.at, text, ScalarStyle::Plain)
    }

    /// Returns the position behind the closing quote, on this line.
    fn quoted_end(&self) -> Option<usize> {
        let quote = self.byte()?;
        let mut at = self.at + 1;
        loop {
            match self.byte_at(at)? {
                b'\n' => return None,
                b'\\' if quote == b'"' => at += 2,
                byte if byte == quote => {
                    if quote == b'\'' && self.byte_at(at + 1) == Some(b'\'') {
                        at += 2;
                    } else {
                        return Some(at + 1);
                    }
                }
                _ => at += 1,
            }
        }
    }

    fn quoted(&mut self) -> Option<Node> {
        let (start, end) = (self.at, self.quoted_end()?);
        let inner = self.text.get(start + 1..end - 1)?;
        self.at = end;
        if self.byte_at(start) == Some(b'\'') {
            let text = inner.replace("''", "'");
            return self.scalar(start, end, &text, ScalarStyle::SingleQuoted);
        }
        if !inner.contains('\\') {
            return self.scalar(start, end, inner, ScalarStyle::DoubleQuoted);
        }
        let text = unescaped(inner)?;
        self.scalar(start, end, &text, ScalarStyle::DoubleQuoted)
    }

    fn block_scalar(&mut self, parent: isize) -> Option<Node> {
        let start = self.at;
        let folded = self.byte()? == b'>';
        self.at += 1;
        let chomping = self.byte().filter(|byte| matches!(byte, b'+' | b'-'));
        self.at += usize::from(chomping.is_some());
        self.end_line()?;
        let mut lines: Vec<&str> = Vec::new();
        let mut indent = None;
        let mut end = self.at;
        while self.at < self.text.len() {
            let line_end = self.line_end(self.at);
            let line = self.text.get(self.at..line_end)?;
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if spaces == line.len() {
                // Spaces beyond the indentation would be content.
                if indent.is_some_and(|indent| spaces > indent) || (indent.is_none() && spaces > 0) {
                    return None;
                }
                lines.push("");
            } else {
                let deep = isize::try_from(spaces).ok()? > parent.max(0);
                let indent = *indent.get_or_insert(spaces);
                if spaces < indent || !deep {
                    break;
                }
                let content = line.get(indent..)?;
                if folded && content.starts_with(' ') {
                    return None;
                }
                lines.push(content);
                end = line_end;
            }
            // A last line without a line break is left to the complete reader.
            self.byte_at(line_end)?;
            self.at = line_end + 1;
        }
        if end <= start || !lines.iter().any(|line| !line.is_empty()) {
            return None;
        }
        match self.peek_content() {
            Some(next) if isize::try_from(next).ok()? > parent => return None,
            Some(_) | None => {}
        }
        let text = block_text(&lines, folded, chomping);
        let end = start + self.text.get(start..end)?.trim_end().len();
        self.scalar(start, end, &text, if folded { ScalarStyle::Folded } else { ScalarStyle::Literal })
    }

    fn flow_node(&mut self, parent: isize) -> Option<Node> {
        match self.byte()? {
            b'[' => self.deeper(|reader| reader.flow_sequence(parent)),
            b'{' => self.deeper(|reader| reader.flow_mapping(parent)),
            b'"' | b'\'' => self.quoted(),
            b'!' => {
                let tag = self.tag()?;
                self.skip_spaces();
                let mut node = self.flow_node(parent)?;
                if node.tag.is_some() {
                    return None;
                }
                node.tag = Some(Box::new(tag));
                Some(node)
            }
            first => self.flow_plain(first),
        }
    }

    /// Skips spaces, line breaks and comments within a flow collection; lines must stay deeper than what is around.
    fn flow_space(&mut self, parent: isize) -> Option<()> {
        loop {
            let start = self.at;
            self.skip_spaces();
            match self.byte()? {
                b'\n' => self.at += 1,
                b'#' if self.at > start || self.byte_at(start.wrapping_sub(1)) == Some(b'\n') => {
                    self.at = self.line_end(self.at);
                    continue;
                }
                b'#' => return None,
                _ => return Some(()),
            }
            let indent = self.peek_content()?;
            if isize::try_from(indent).ok()? <= parent.max(0) {
                return None;
            }
        }
    }

    fn flow_sequence(&mut self, parent: isize) -> Option<Node> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.flow_space(parent)?;
            if self.byte()? == b']' {
                break;
            }
            items.push(self.flow_node(parent)?);
            self.flow_space(parent)?;
            match self.byte()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at += 1;
        self.node(start, self.at, NodeValue::Sequence(items))
    }

    fn flow_mapping(&mut self, parent: isize) -> Option<Node> {
        let start = self.at;
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            self.flow_space(parent)?;
            if self.byte()? == b'}' {
                break;
            }
            let key = match self.byte()? {
                b'"' | b'\'' => self.quoted()?,
                first => self.flow_plain_key(first)?,
            };
            if self.byte()? != b':' || key.span.end - key.span.start > KEY_BYTES_MAX {
                return None;
            }
            self.at += 1;
            self.flow_space(parent)?;
            let value = self.flow_node(parent)?;
            entries.push(Entry { key, value });
            self.flow_space(parent)?;
            match self.byte()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        self.node(start, self.at, NodeValue::Mapping(Mapping::new(entries)))
    }

    fn flow_plain_key(&mut self, first: u8) -> Option<Node> {
        let start = self.at;
        if !self.begins_plain(first, start) {
            return None;
        }
        let end = self.flow_plain_end(start)?;
        let is_key = self.byte_at(end) == Some(b':') && self.byte_at(end.wrapping_sub(1)) != Some(b' ');
        let text = self.text.get(start..end).filter(|_| is_key)?;
        self.at = end;
        self.scalar(start, end, text, ScalarStyle::Plain)
    }

    fn flow_plain(&mut self, first: u8) -> Option<Node> {
        let start = self.at;
        if !self.begins_plain(first, start) {
            return None;
        }
        let end = self.flow_plain_end(start)?;
        let text = self.text.get(start..end)?.trim_end_matches(' ');
        match self.byte_at(end)? {
            b',' | b']' | b'}' => {}
            b'#' => {}
            // It may go on in the next line.
            b'\n' => {
                let rest = self.text.get(end..)?.trim_start_matches([' ', '\n']);
                if !rest.starts_with([',', ']', '}']) {
                    return None;
                }
            }
            _ => return None,
        }
        self.at = start + text.len();
        self.scalar(start, self.at, text, ScalarStyle::Plain)
    }

    /// Returns where a plain scalar of a flow collection stops on this line.
    fn flow_plain_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            match self.byte_at(at)? {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' => return Some(at),
                b':' => match self.byte_at(at + 1)? {
                    b' ' | b'\n' => return Some(at),
                    b',' | b'[' | b']' | b'{' | b'}' => return None,
                    _ => at += 1,
                },
                b'#' if self.byte_at(at.wrapping_sub(1)) == Some(b' ') => return Some(at),
                _ => at += 1,
            }
        }
    }
}

/// Resolves the usual escapes of a double-quoted scalar; the rare ones are left to the complete reader.
fn unescaped(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        text.push(match after.as_bytes().first()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            _ => return None,
        });
        rest = after.get(1..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// Puts a block scalar's lines together; blank lines are empty.
fn block_text(lines: &[&str], folded: bool, chomping: Option<u8>) -> String {
    let content = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let (kept, blank) = lines.split_at(content);
    let mut text = String::with_capacity(kept.iter().map(|line| line.len() + 1).sum());
    let mut after_content = false;
    for line in kept {
        match (folded, line.is_empty()) {
            (true, true) => {
                text.push('\n');
                after_content = false;
            }
            (true, false) => {
                text.push_str(if after_content { " " } else { "" });
                text.push_str(line);
                after_content = true;
            }
            (false, _) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    if !folded {
        text.pop();
    }
    match chomping {
        Some(b'-') => {}
        Some(_) => text.extend(std::iter::repeat_n('\n', blank.len() + 1)),
        None => text.push('\n'),
    }
    text
}
