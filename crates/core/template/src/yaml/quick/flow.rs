//! Flow collections: `[a, b]`, `{a: b}`, and what stands in them.

use super::{Build, KEY_BYTES_MAX, Reader};
use crate::yaml::node::ScalarStyle;

impl<'text, B: Build<'text>> Reader<'text, '_, B> {
    pub(super) fn flow_node(&mut self, parent: isize) -> Option<B::Node> {
        match self.byte()? {
            b'[' => self.deeper(|reader| reader.flow_sequence(parent)),
            b'{' => self.deeper(|reader| reader.flow_mapping(parent)),
            b'"' | b'\'' => self.quoted(parent),
            b'!' => {
                let (name, span) = self.tag()?;
                self.skip_spaces();
                self.has_no_tag()?;
                let node = self.flow_node(parent)?;
                self.build.tagged(name, span, node)
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

    fn flow_sequence(&mut self, parent: isize) -> Option<B::Node> {
        let start = self.at;
        let items = self.build.items();
        self.at += 1;
        loop {
            self.flow_space(parent)?;
            if self.byte()? == b']' {
                break;
            }
            let item = self.flow_item(parent)?;
            self.build.item(item);
            self.flow_space(parent)?;
            match self.byte()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at += 1;
        let span = self.counted(start, self.at)?;
        Some(self.build.sequence(span, items))
    }

    /// Reads an item of a flow sequence, which may be a mapping of one entry without braces: `[Condition: Name]`.
    fn flow_item(&mut self, parent: isize) -> Option<B::Node> {
        let start = self.at;
        if !self.is_flow_pair() {
            return self.flow_node(parent);
        }
        let entries = self.build.entries();
        self.flow_entry(parent)?;
        let span = self.counted(start, self.end)?;
        self.build.mapping(span, entries)
    }

    fn is_flow_pair(&mut self) -> bool {
        let end = match self.byte() {
            Some(b'"' | b'\'') => self.quoted_end(),
            Some(first) if self.begins_plain(first, self.at) => self.flow_plain_end(self.at),
            Some(_) | None => None,
        };
        end.is_some_and(|end| self.byte_at(end) == Some(b':') && self.is_blank_at(end + 1))
    }

    fn flow_mapping(&mut self, parent: isize) -> Option<B::Node> {
        let start = self.at;
        let entries = self.build.entries();
        self.at += 1;
        loop {
            self.flow_space(parent)?;
            if self.byte()? == b'}' {
                break;
            }
            self.flow_entry(parent)?;
            self.flow_space(parent)?;
            match self.byte()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        let span = self.counted(start, self.at)?;
        self.build.mapping(span, entries)
    }

    fn flow_entry(&mut self, parent: isize) -> Option<()> {
        let start = self.at;
        let key = match self.byte()? {
            b'"' | b'\'' => self.quoted_line()?,
            first => self.flow_plain_key(first)?,
        };
        if self.byte()? != b':' || self.at - start > KEY_BYTES_MAX {
            return None;
        }
        let key = self.build.key(key)?;
        self.at += 1;
        self.flow_space(parent)?;
        let value = self.flow_node(parent)?;
        self.build.entry(key, value);
        Some(())
    }

    fn flow_plain_key(&mut self, first: u8) -> Option<B::Node> {
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

    fn flow_plain(&mut self, first: u8) -> Option<B::Node> {
        let start = self.at;
        if !self.begins_plain(first, start) {
            return None;
        }
        let end = self.flow_plain_end(start)?;
        let text = self.text.get(start..end)?.trim_end_matches(' ');
        match self.byte_at(end)? {
            b',' | b']' | b'}' | b'#' => {}
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
        let rest = self.rest(start);
        let mut before = b' ';
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' => return Some(start + index),
                b'\t' => return None,
                b':' => match rest.get(index + 1)? {
                    b' ' | b'\n' => return Some(start + index),
                    b',' | b'[' | b']' | b'{' | b'}' => return None,
                    _ => {}
                },
                b'#' if before == b' ' => return Some(start + index),
                _ => {}
            }
            before = *byte;
        }
        None
    }
}
