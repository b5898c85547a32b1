//! Builds the tree in which every node knows its place.

use std::borrow::Cow;

use stackfleet_base::Span;

use super::Build;
use crate::yaml::node::{Entry, Mapping, Node, NodeValue, Scalar, ScalarStyle, Tag};

/// Builds [`Node`]s. Members wait on stacks until their collection is finished, which then takes no more room than it needs.
#[derive(Default)]
pub(in crate::yaml) struct TreeBuilder {
    items: Vec<Node>,
    entries: Vec<Entry>,
}

fn node(span: Span, value: NodeValue) -> Node {
    Node { span, tag: None, alias: None, value }
}

impl<'text> Build<'text> for TreeBuilder {
    type Node = Node;
    type Key = Node;

    fn scalar(&mut self, span: Span, text: Cow<'text, str>, style: ScalarStyle) -> Option<Node> {
        Some(node(span, NodeValue::Scalar(Scalar { text: text.into(), style })))
    }

    fn key(&mut self, scalar: Node) -> Option<Node> {
        Some(scalar)
    }

    fn tagged(&mut self, name: &'text str, span: Span, node: Node) -> Option<Node> {
        Some(Node { tag: Some(Box::new(Tag { name: name.into(), span })), ..node })
    }

    fn items(&mut self) -> usize {
        self.items.len()
    }

    fn item(&mut self, node: Node) {
        self.items.push(node);
    }

    fn sequence(&mut self, span: Span, start: usize) -> Node {
        node(span, NodeValue::Sequence(self.items.drain(start..).collect()))
    }

    fn entries(&mut self) -> usize {
        self.entries.len()
    }

    fn entry(&mut self, key: Node, value: Node) {
        self.entries.push(Entry { key, value });
    }

    fn mapping(&mut self, span: Span, start: usize) -> Option<Node> {
        Some(node(span, NodeValue::Mapping(Mapping::new(self.entries.drain(start..).collect()))))
    }
}
