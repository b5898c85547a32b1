//! Where each part of a text stands, in a flat list: what [`super::direct`] keeps instead of a tree.

use std::{borrow::Cow, sync::Arc};

use stackfleet_base::{FileId, Span};

use super::{View, plain_key};
use crate::yaml;

/// The places of a text's values, keys included, each behind those of its members.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    file: FileId,
    text: Arc<str>,
    marks: Vec<Mark>,
}

/// One value or key. Offsets have 32 bits: [`yaml::BYTES_MAX`] is far below.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: u32,
    end: u32,
    /// Where its tag begins and ends; nothing where both are zero.
    tag: (u32, u32),
    /// How many marks it and what is in it have.
    size: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scalar,
    Sequence,
    Mapping,
}

/// Takes places down while a text is read.
pub(super) struct Notes {
    marks: Vec<Mark>,
    /// How many marks there were when each open collection began.
    opened: Vec<usize>,
}

fn short(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn long(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Notes {
    /// Makes room for a text of so many bytes: one of sixteen begins a key or a value, as a rule.
    pub(super) fn new(bytes: usize) -> Self {
        Self { marks: Vec::with_capacity(bytes / 16), opened: Vec::new() }
    }

    pub(super) fn scalar(&mut self, span: Span) {
        let (start, end) = (short(span.start), short(span.end));
        self.marks.push(Mark { start, end, tag: (0, 0), size: 1, kind: Kind::Scalar });
    }

    pub(super) fn tag(&mut self, span: Span) {
        if let Some(last) = self.marks.last_mut() {
            last.tag = (short(span.start), short(span.end));
        }
    }

    pub(super) fn open(&mut self) {
        self.opened.push(self.marks.len());
    }

    pub(super) fn sequence(&mut self, span: Span) {
        self.close(span, Kind::Sequence);
    }

    pub(super) fn mapping(&mut self, span: Span) {
        self.close(span, Kind::Mapping);
    }

    fn close(&mut self, span: Span, kind: Kind) {
        let opened = self.opened.pop().unwrap_or_default();
        let size = short(self.marks.len() - opened + 1);
        self.marks.push(Mark { start: short(span.start), end: short(span.end), tag: (0, 0), size, kind });
    }

    pub(super) fn places(self, file: FileId, text: &str) -> Places {
        Places { file, text: text.into(), marks: self.marks }
    }
}

impl Places {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    /// Returns the root; `None` never, as a text without a value is not read this way.
    pub(crate) fn root(&self) -> Option<PlaceView<'_>> {
        self.view(self.marks.len().checked_sub(1)?)
    }

    fn view(&self, at: usize) -> Option<PlaceView<'_>> {
        self.marks.get(at).map(|mark| PlaceView { places: self, at, mark: *mark })
    }
}

/// One value of a [`Places`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaceView<'places> {
    places: &'places Places,
    at: usize,
    mark: Mark,
}

impl<'places> PlaceView<'places> {
    fn of(self, start: u32, end: u32) -> Span {
        Span { file: self.places.file, start: long(start), end: long(end) }
    }

    /// Goes through what is directly in a collection, from its end to its beginning.
    fn members_backwards(self) -> impl Iterator<Item = PlaceView<'places>> {
        let first = (self.at + 1).saturating_sub(long(self.mark.size));
        let mut at = self.at;
        std::iter::from_fn(move || {
            let member = self.places.view(at.checked_sub(1).filter(|member| *member >= first)?)?;
            at = at.checked_sub(long(member.mark.size))?;
            Some(member)
        })
    }

    /// Returns the key's text as the value has it.
    fn key(self) -> Cow<'places, str> {
        let written = self.places.text.get(long(self.mark.start)..long(self.mark.end)).unwrap_or_default();
        if written.starts_with(['"', '\'']) {
            return yaml::quoted_text(written).unwrap_or_default();
        }
        if yaml::scalar::is_surely_text(written) { written.into() } else { plain_key(written.into()).into() }
    }
}

impl<'places> View<'places> for PlaceView<'places> {
    fn tag(self) -> Option<(&'places str, Span)> {
        let (start, end) = Some(self.mark.tag).filter(|(_, end)| *end > 0)?;
        let span = self.of(start, end);
        Some((self.places.text.get(span.start..span.end)?, span))
    }

    fn span(self) -> Span {
        self.of(self.mark.start, self.mark.end)
    }

    fn full_span(self) -> Span {
        let (start, end) = self.mark.tag;
        self.of(if end > 0 { start } else { self.mark.start }, self.mark.end)
    }

    fn item(self, index: usize) -> Option<Self> {
        if self.mark.kind != Kind::Sequence {
            return None;
        }
        let count = self.members_backwards().count();
        self.members_backwards().nth(count.checked_sub(index + 1)?)
    }

    fn member(self, key: &str) -> Option<(Self, Option<Span>)> {
        if self.mark.kind != Kind::Mapping {
            return None;
        }
        let mut members = self.members_backwards();
        loop {
            let (value, name) = (members.next()?, members.next()?);
            if name.key() == key {
                return Some((value, Some(name.span())));
            }
        }
    }
}
