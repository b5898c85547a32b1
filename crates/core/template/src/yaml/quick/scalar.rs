//! Scalars: plain, quoted, and blocks of lines.

use std::borrow::Cow;

use super::{Build, Reader, may_end_plain};
use crate::yaml::node::ScalarStyle;

impl<'text, B: Build<'text>> Reader<'text, '_, B> {
    /// Reads a value that begins on this line and is no block collection, with the rest of its last line.
    pub(super) fn inline(&mut self, parent: isize) -> Option<B::Node> {
        let node = match self.byte()? {
            b'|' | b'>' => return self.block_scalar(parent),
            b'"' | b'\'' => self.quoted(parent)?,
            b'[' | b'{' => self.flow_node(parent)?,
            first => self.plain(first, parent)?,
        };
        self.end_line()?;
        // Deeper lines would belong to a plain scalar, or are wrong.
        match self.peek_content() {
            Some(next) if isize::try_from(next).ok()? > parent => None,
            Some(_) | None => Some(node),
        }
    }

    fn plain(&mut self, first: u8, parent: isize) -> Option<B::Node> {
        if !self.begins_plain(first, self.at) {
            return None;
        }
        let start = self.at;
        let (text, commented) = self.plain_line()?;
        self.at = start + text.len();
        if !commented && let Some(folded) = self.plain_lines(text, parent)? {
            return self.scalar(start, self.at, folded, ScalarStyle::Plain);
        }
        self.scalar(start, self.at, text, ScalarStyle::Plain)
    }

    /// Returns the text from here to the end of the line or a comment, and whether there is one.
    fn plain_line(&self) -> Option<(&'text str, bool)> {
        let rest = self.rest(self.at);
        for (index, byte) in rest.iter().enumerate().filter(|(_, byte)| may_end_plain(**byte)) {
            match byte {
                b'\n' => return Some((self.text.get(self.at..self.at + index)?.trim_end_matches(' '), false)),
                b':' if matches!(rest.get(index + 1), None | Some(b' ' | b'\n')) => return None,
                b'#' if index == 0 || rest.get(index - 1) == Some(&b' ') => {
                    return Some((self.text.get(self.at..self.at + index)?.trim_end_matches(' '), true));
                }
                b'\t' => return None,
                _ => {}
            }
        }
        Some((self.text.get(self.at..)?.trim_end_matches(' '), false))
    }

    /// Reads the further lines of a plain scalar: those that are deeper than what is around. `Some(None)` where there are
    /// none; else the text of all, folded, and the reader stands behind it.
    fn plain_lines(&mut self, first: &'text str, parent: isize) -> Option<Option<String>> {
        let behind = self.at;
        let mut folded: Option<String> = None;
        let mut line = self.line_end(behind) + 1;
        let mut breaks = 0;
        let mut end = behind;
        while line < self.text.len() {
            self.at = line;
            self.skip_spaces();
            let indent = isize::try_from(self.at - line).ok()?;
            match self.byte() {
                None => break,
                Some(b'\n') => {
                    breaks += 1;
                    line = self.at + 1;
                    continue;
                }
                Some(b'#') => break,
                Some(_) if indent <= parent => break,
                Some(_) => {}
            }
            let (text, commented) = self.plain_line()?;
            let all = folded.get_or_insert_with(|| first.to_owned());
            if breaks == 0 {
                all.push(' ');
            }
            all.extend(std::iter::repeat_n('\n', breaks));
            all.push_str(text);
            end = self.at + text.len();
            if commented {
                break;
            }
            breaks = 0;
            line = self.line_end(end) + 1;
        }
        self.at = end;
        Some(folded)
    }

    /// Returns the position behind the closing quote, on this line.
    pub(super) fn quoted_end(&self) -> Option<usize> {
        match self.quote_end(true)? {
            (end, 1) => Some(end),
            _ => None,
        }
    }

    /// Returns the position behind the closing quote and the number of lines up to it.
    fn quote_end(&self, one_line: bool) -> Option<(usize, usize)> {
        let quote = self.byte()?;
        let rest = self.rest(self.at);
        let (mut at, mut lines) = (1, 1);
        loop {
            match *rest.get(at)? {
                b'\n' if one_line => return None,
                b'\n' => {
                    lines += 1;
                    at += 1;
                }
                b'\\' if quote == b'"' => at += 2,
                byte if byte == quote => {
                    if quote == b'\'' && rest.get(at + 1) == Some(&b'\'') {
                        at += 2;
                    } else {
                        return Some((self.at + at + 1, lines));
                    }
                }
                _ => at += 1,
            }
        }
    }

    /// Reads a quoted scalar that ends on its line.
    pub(super) fn quoted_line(&mut self) -> Option<B::Node> {
        let end = self.quoted_end()?;
        self.quoted_text(end, None)
    }

    /// Reads a quoted scalar; its further lines must be deeper than what is around.
    pub(super) fn quoted(&mut self, parent: isize) -> Option<B::Node> {
        let (end, lines) = self.quote_end(false)?;
        if lines == 1 {
            return self.quoted_text(end, None);
        }
        let folded = fold_quoted(self.text.get(self.at + 1..end - 1)?, parent)?;
        self.quoted_text(end, Some(folded))
    }

    fn quoted_text(&mut self, end: usize, folded: Option<String>) -> Option<B::Node> {
        let start = self.at;
        let inner = match folded {
            Some(folded) => Cow::Owned(folded),
            None => Cow::Borrowed(self.text.get(start + 1..end - 1)?),
        };
        self.at = end;
        if self.byte_at(start) == Some(b'\'') {
            return self.scalar(start, end, unquoted(inner), ScalarStyle::SingleQuoted);
        }
        self.scalar(start, end, unescaped(inner)?, ScalarStyle::DoubleQuoted)
    }

    fn block_scalar(&mut self, parent: isize) -> Option<B::Node> {
        let start = self.at;
        let folded = self.byte()? == b'>';
        self.at += 1;
        let chomping = self.byte().filter(|byte| matches!(byte, b'+' | b'-'));
        self.at += usize::from(chomping.is_some());
        self.end_line()?;
        let first = self.at;
        let mut indent = None;
        let mut end = first;
        let mut has_content = false;
        while self.at < self.text.len() {
            let line_start = self.at;
            self.skip_spaces();
            let spaces = self.at - line_start;
            let line_end = if self.byte()? == b'\n' { self.at } else { self.line_end(self.at) };
            if line_end == self.at {
                // Spaces beyond the indentation would be content.
                if indent.is_some_and(|indent| spaces > indent) || (indent.is_none() && spaces > 0) {
                    return None;
                }
            } else {
                let deep = isize::try_from(spaces).ok()? > parent.max(0);
                let indent = *indent.get_or_insert(spaces);
                if spaces < indent || !deep {
                    self.at = line_start;
                    break;
                }
                if folded && (spaces > indent || self.byte() == Some(b'\t')) {
                    return None;
                }
                has_content = true;
                end = line_end;
            }
            // A last line without a line break is left to the complete reader.
            self.byte_at(line_end)?;
            self.at = line_end + 1;
        }
        if !has_content {
            return None;
        }
        match self.peek_content() {
            Some(next) if isize::try_from(next).ok()? > parent => return None,
            Some(_) | None => {}
        }
        let lines = self.text.get(first..self.at)?;
        let text = block_text(lines, indent?, folded, chomping);
        let end = start + self.text.get(start..end)?.trim_end_matches([' ', '\n']).len();
        self.scalar(start, end, text, if folded { ScalarStyle::Folded } else { ScalarStyle::Literal })
    }
}

/// Folds the lines between quotes: spaces around line breaks go, one break becomes a space, each further one stays.
fn fold_quoted(inner: &str, parent: isize) -> Option<String> {
    let mut folded = String::with_capacity(inner.len());
    let mut breaks = 0;
    let last = inner.matches('\n').count();
    for (index, line) in inner.split('\n').enumerate() {
        let content = line.trim_start_matches(' ');
        let spaces = isize::try_from(line.len() - content.len()).ok()?;
        if index > 0 && spaces <= parent && (!content.is_empty() || index == last) {
            return None;
        }
        // An escaped line break, or an escaped space before one; tabs beside a line break.
        if line.contains('\t') || (index < last && line.trim_end_matches(' ').ends_with('\\')) {
            return None;
        }
        let content = if index == 0 { line } else { content };
        let content = if index == last { content } else { content.trim_end_matches(' ') };
        match (index, content.is_empty()) {
            (0, _) => {}
            // The break before the closing quote folds, too.
            (_, true) if index < last => {
                breaks += 1;
                continue;
            }
            _ if breaks == 0 => folded.push(' '),
            _ => folded.extend(std::iter::repeat_n('\n', breaks)),
        }
        folded.push_str(content);
        breaks = 0;
    }
    Some(folded)
}

/// Returns the text of a quoted scalar that was read before and ends on its line.
pub(crate) fn quoted_text(written: &str) -> Option<Cow<'_, str>> {
    let inner = Cow::Borrowed(written.get(1..written.len().checked_sub(1)?)?);
    if written.starts_with('\'') { Some(unquoted(inner)) } else { unescaped(inner) }
}

fn unquoted(inner: Cow<'_, str>) -> Cow<'_, str> {
    if inner.contains('\'') { Cow::Owned(inner.replace("''", "'")) } else { inner }
}

/// Resolves the usual escapes of a double-quoted scalar; the rare ones are left to the complete reader.
fn unescaped(inner: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if !inner.contains('\\') {
        return Some(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = &*inner;
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
    Some(Cow::Owned(text))
}

/// Puts a block scalar's lines together; `lines` are whole, with their line breaks and the indentation.
fn block_text(lines: &str, indent: usize, folded: bool, chomping: Option<u8>) -> String {
    let kept = lines.trim_end_matches([' ', '\n']);
    // Spaces at the end of the last line are text.
    let kept_end = kept.len() + lines.get(kept.len()..).unwrap_or_default().find('\n').unwrap_or_default();
    let (kept, blank) = lines.split_at_checked(kept_end).unwrap_or((lines, ""));
    let mut text = String::with_capacity(kept.len() + 1);
    let mut after_content = false;
    for (index, line) in kept.split('\n').enumerate() {
        let line = line.get(indent..).unwrap_or_default();
        if folded {
            text.push_str(if line.is_empty() {
                "\n"
            } else if after_content {
                " "
            } else {
                ""
            });
            after_content = !line.is_empty();
        } else if index > 0 {
            text.push('\n');
        }
        text.push_str(line);
    }
    match chomping {
        Some(b'-') => {}
        Some(_) => text.extend(blank.bytes().filter(|byte| *byte == b'\n').map(|_| '\n')),
        None => text.push('\n'),
    }
    text
}
