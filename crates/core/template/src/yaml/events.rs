//! YAML: from parser events to the tree.

use std::{borrow::Cow, collections::BTreeMap};

use granit_parser::{Event, Parser, ScanError, Span as EventSpan, StructureStyle, Tag as EventTag, options};
use stackfleet_base::{Diagnostic, FileId, Span};

use super::{
    DEPTH_MAX, NODES_MAX, REPEATED_NODES_MAX, SYNTAX, TOO_LARGE, UNKNOWN_ALIAS,
    node::{Mapping, Node, NodeValue, Scalar, ScalarStyle, Tag},
};

/// Reads the one YAML document of a text.
pub(super) fn read(file: FileId, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder::new(file, text);
    for next in Parser::new_from_str_with_options(text, options) {
        let taken = match next {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => Err(builder.syntax_error(&error)),
        };
        if let Err(fatal) = taken {
            builder.diagnostics.push(*fatal);
            return (None, builder.diagnostics);
        }
    }
    builder.finish()
}

/// A node with the number of nodes in it and its depth, which bound what aliases may repeat.
#[derive(Clone)]
struct Measured {
    node: Node,
    count: usize,
    depth: usize,
}

/// A collection whose end has not come.
struct Open {
    start: usize,
    /// Where the last item ends, so that a block collection ends there and not at the next token.
    last_end: usize,
    tag: Option<Box<Tag>>,
    anchor: usize,
    count: usize,
    depth: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    /// With the column of its keys where it is a block mapping.
    Mapping {
        mapping: Mapping,
        key: Option<Node>,
        column: Option<usize>,
    },
}

struct Builder<'text> {
    file: FileId,
    text: &'text str,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Measured>,
    nodes: usize,
    /// How many of them aliases have repeated.
    repeated: usize,
    documents: usize,
    diagnostics: Vec<Diagnostic>,
}

type Fatal = Box<Diagnostic>;

impl<'text> Builder<'text> {
    fn new(file: FileId, text: &'text str) -> Self {
        Self {
            file,
            text,
            open: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            nodes: 0,
            repeated: 0,
            documents: 0,
            diagnostics: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'text>, place: &EventSpan) -> Result<(), Fatal> {
        let span = self.span(place);
        match event {
            Event::DocumentStart(..) => self.start_document(span),
            Event::Scalar(text, style, anchor, tag) => {
                // The parser writes `~` where nothing is written.
                let text = if span.start == span.end && text == "~" { "".into() } else { text.into() };
                let style = scalar_style(style);
                let tag = self.tag(tag, place);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let span = if is_block { self.block_span(span, tag.as_deref()) } else { span };
                // A value that is not written stands behind its tag.
                let span = match &tag {
                    Some(tag) if span.start == span.end => Span { start: tag.span.end, end: tag.span.end, ..span },
                    _ => span,
                };
                let value = NodeValue::Scalar(Scalar { text, style });
                self.complete(Measured { node: Node { span, tag, alias: None, value }, count: 1, depth: 1 }, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = self.tag(tag, place);
                let is_block = style == StructureStyle::Block;
                let start = if is_block { self.sequence_start(span, tag.as_deref()) } else { span.start };
                self.start(Span { start, ..span }, tag, anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = self.tag(tag, place);
                let column = (style == StructureStyle::Block).then(|| place.start.col());
                self.start(span, tag, anchor, Content::Mapping { mapping: Mapping::default(), key: None, column })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                let message = format!("the alias `*{name}` names no anchor above it");
                self.diagnostics.push(
                    Diagnostic::error(UNKNOWN_ALIAS, message)
                        .at(span, "")
                        .help(format!("write `&{name}` before the value that is meant, or quote the text")),
                );
                let value = NodeValue::Scalar(Scalar { text: "".into(), style: ScalarStyle::Plain });
                self.complete(Measured { node: Node { span, tag: None, alias: None, value }, count: 1, depth: 1 }, 0)
            }
            // Events that carry no content; the enumeration is open.
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Anchor(..) | Event::Comment(..) | _ => {
                Ok(())
            }
        }
    }

    fn start_document(&mut self, span: Span) -> Result<(), Fatal> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Box::new(
                Diagnostic::error(SYNTAX, "the file holds more than one document")
                    .at(span, "the second begins here")
                    .help("put each document into a file of its own"),
            ));
        }
        Ok(())
    }

    fn start(&mut self, span: Span, tag: Option<Box<Tag>>, anchor: usize, content: Content) -> Result<(), Fatal> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.too_deep(span));
        }
        let open = Open { start: span.start, last_end: span.end, tag, anchor, count: 1, depth: 1, content };
        self.open.push(open);
        Ok(())
    }

    /// Returns where a sequence begins: a block sequence at the column of its key is announced at its first item, behind
    /// the dash.
    fn sequence_start(&self, span: Span, tag: Option<&Tag>) -> usize {
        let key = self.open.last().and_then(|open| match &open.content {
            Content::Mapping { key, .. } => key.as_ref(),
            Content::Sequence(_) => None,
        });
        let Some(key) = key else { return span.start };
        let colon =
            |from: usize| self.text.get(from..).and_then(|rest| rest.find(':')).map_or(from, |at| from + at + 1);
        let from = tag.map_or_else(|| colon(key.full_span().end), |tag| tag.span.end);
        indicator('-', self.text, from, span.start).unwrap_or(span.start)
    }

    fn end(&mut self, span: Span) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A flow collection's end is its bracket; a block collection's end event is empty and lies further on.
        let end = if span.end > span.start { span.end } else { open.last_end };
        let value = match open.content {
            Content::Sequence(items) => NodeValue::Sequence(items),
            Content::Mapping { mapping, .. } => NodeValue::Mapping(mapping),
        };
        let span = Span { file: self.file, start: open.start, end: end.max(open.start) };
        let node = Node { span, tag: open.tag, alias: None, value };
        self.complete(Measured { node, count: open.count, depth: open.depth }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        // An alias inside its own anchor has no value yet.
        let Some(measured) = self.anchors.get(&anchor) else {
            return Err(Box::new(Diagnostic::error(SYNTAX, "an alias stands inside the value it names").at(span, "")));
        };
        // The bounds are checked before the copy is made.
        if self.open.len() + measured.depth > DEPTH_MAX {
            return Err(self.too_deep(span));
        }
        if self.repeated + measured.count > REPEATED_NODES_MAX {
            let message = format!("aliases repeat more than {REPEATED_NODES_MAX} values");
            return Err(Box::new(Diagnostic::error(TOO_LARGE, message).at(span, "")));
        }
        self.repeated += measured.count;
        let mut copy = measured.clone();
        copy.node.alias = Some(Box::new(span));
        self.nodes += copy.count - 1;
        self.complete(copy, 0)
    }

    /// Hands a finished node to the collection it is in.
    fn complete(&mut self, measured: Measured, anchor: usize) -> Result<(), Fatal> {
        self.nodes += 1;
        let written = measured.node.full_span();
        if anchor != 0 {
            self.nodes += measured.count;
            self.anchors.insert(anchor, measured.clone());
        }
        if self.nodes > NODES_MAX {
            return Err(self.too_many(written));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(measured.node);
            return Ok(());
        };
        open.count += measured.count;
        open.depth = open.depth.max(measured.depth + 1);
        let mut node = measured.node;
        match &mut open.content {
            Content::Sequence(items) => {
                // An item that is not written stands behind its dash, not where the next token was found.
                if written.start == written.end && anchor == 0 {
                    let from = if items.is_empty() { open.start } else { open.last_end };
                    let at = indicator('-', self.text, from, written.start).map_or(written.start, |at| at + 1);
                    node.span = Span { start: at, end: at, ..node.span };
                }
                open.last_end = open.last_end.max(node.full_span().end);
                items.push(node);
            }
            Content::Mapping { mapping, key, column } => match key.take() {
                None => {
                    let from = if mapping.is_empty() { open.start } else { open.last_end };
                    if let Some(mark) = indicator('?', self.text, from, written.start) {
                        mapping.has_question_marks = true;
                        // A key that is not written stands behind its mark. A list of nothing but a dash is written.
                        if written.start == written.end && matches!(node.value, NodeValue::Scalar(_)) {
                            node.span = Span { start: mark + 1, end: mark + 1, ..node.span };
                        }
                    }
                    open.last_end = open.last_end.max(node.full_span().end);
                    *key = Some(node);
                }
                Some(key) => {
                    // A value that is not written stands behind the colon, not where the next token was found.
                    if written.start == written.end {
                        let from = key.full_span().end;
                        // There may be no colon: `{key}`, `? key`.
                        let at = colon(self.text, from, written.start, *column).map_or(from, |at| at + 1);
                        node.span = Span { start: at, end: at, ..node.span };
                    }
                    open.last_end = open.last_end.max(node.full_span().end);
                    mapping.push(key, node);
                }
            },
        }
        Ok(())
    }

    fn finish(mut self) -> (Option<Node>, Vec<Diagnostic>) {
        if self.root.is_none() && self.diagnostics.is_empty() {
            let span = Span { file: self.file, start: 0, end: 0 };
            self.diagnostics.push(Diagnostic::error(SYNTAX, "the file is empty").at(span, ""));
        }
        (self.root, self.diagnostics)
    }

    /// Returns the place of a block scalar with its `|` or `>` and without line breaks and blanks behind it: the
    /// parser's place is that of the content and reaches to the next token.
    fn block_span(&self, span: Span, tag: Option<&Tag>) -> Span {
        let around = self.open.last().map_or(0, |open| match &open.content {
            Content::Mapping { key: Some(key), .. } => key.full_span().end,
            Content::Mapping { .. } | Content::Sequence(_) => open.last_end,
        });
        let from = tag.map_or(around, |tag| tag.span.end).min(span.start);
        let header = self.text.get(from..span.start).and_then(|between| between.find(['|', '>']));
        let start = header.map_or(span.start, |at| from + at);
        let end = start
            + self
                .text
                .get(start..span.end)
                .map_or(0, |covered| covered.trim_end_matches([' ', '\t', '\r', '\n']).len());
        Span { start, end, ..span }
    }

    fn tag(&self, tag: Option<Cow<'text, EventTag>>, place: &EventSpan) -> Option<Box<Tag>> {
        let tag = tag?;
        let span = place.tag_span().map_or_else(|| self.span(&EventSpan::empty(place.start)), |span| self.span(&span));
        Some(Box::new(Tag { name: tag.original().into(), span }))
    }

    fn span(&self, place: &EventSpan) -> Span {
        let range = place.byte_range().unwrap_or(self.text.len()..self.text.len());
        Span { file: self.file, start: range.start, end: range.end.max(range.start) }
    }

    fn syntax_error(&self, error: &ScanError) -> Fatal {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let span = Span { file: self.file, start: at, end: at };
        Box::new(Diagnostic::error(SYNTAX, format!("not well-formed YAML: {}", error.info())).at(span, ""))
    }

    fn too_deep(&self, span: Span) -> Fatal {
        Box::new(Diagnostic::error(TOO_LARGE, format!("nested more than {DEPTH_MAX} levels deep")).at(span, ""))
    }

    fn too_many(&self, span: Span) -> Fatal {
        Box::new(Diagnostic::error(TOO_LARGE, format!("more than {NODES_MAX} values")).at(span, ""))
    }
}

/// Returns where the colon behind a key is, between the key's end and the place where its value was announced. One that
/// something else follows than a blank or the end of a flow collection begins the next key. One on a later line in
/// another column than the block mapping's belongs to a mapping around it.
fn colon(text: &str, from: usize, until: usize, column: Option<usize>) -> Option<usize> {
    let mut at = from;
    let mut line = None;
    loop {
        let rest = text.get(at..).filter(|_| at <= until)?;
        match rest.chars().next()? {
            ':' => {
                let next = rest.chars().nth(1);
                let is_indicator = next.is_none_or(|next| next.is_whitespace() || ",]}".contains(next));
                let is_own = line.zip(column).is_none_or(|(line, column)| at - line == column);
                return (is_indicator && is_own).then_some(at);
            }
            '#' => at += rest.find('\n')?,
            other if other.is_whitespace() => {
                at += other.len_utf8();
                if matches!(other, '\n' | '\r') {
                    line = Some(at);
                }
            }
            _ => return None,
        }
    }
}

/// Returns where the dash of a list's item or the question mark of a key is, between the place behind what precedes it
/// and where it was announced.
fn indicator(sign: char, text: &str, from: usize, until: usize) -> Option<usize> {
    let mut at = from;
    while at < until {
        let rest = text.get(at..until)?;
        let skipped = match rest.chars().next()? {
            found if found == sign => return Some(at),
            // A comment, or an anchor.
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '&' => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        at += skipped;
    }
    None
}

fn scalar_style(style: granit_parser::ScalarStyle) -> ScalarStyle {
    match style {
        granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
        granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
        granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
        granit_parser::ScalarStyle::Literal => ScalarStyle::Literal,
        granit_parser::ScalarStyle::Folded => ScalarStyle::Folded,
    }
}
