//! The YAML reader: every place lies within the text, bounds are kept, and both of its halves read alike.

use stackfleet_base::Span;
use stackfleet_template::yaml::{self, Node, NodeValue};

use super::{check_diagnostics, check_span, sources};

/// A comment line that only the complete reader takes, for it holds a tab; it must change nothing but places.
const COMMENT: &str = "#\t\n";

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (_, file) = sources(text);
    let (root, found) = yaml::read(file, text);
    check_diagnostics(&found, text);
    assert!(
        root.is_some() || found.iter().any(stackfleet_base::Diagnostic::is_error),
        "BUG: nothing read, nothing said"
    );
    if let Some(root) = &root {
        let nodes = check(root, text, 1);
        assert!(nodes <= yaml::NODES_MAX, "BUG: {nodes} nodes");
    }
    if yaml::is_json_like(text) || text.starts_with('\u{feff}') {
        return;
    }
    let behind = format!("{COMMENT}{text}");
    let (again, _) = yaml::read(file, &behind);
    let is_same = match (&root, &again) {
        (Some(root), Some(again)) => is_moved(root, again, COMMENT.len()),
        (root, again) => root.is_none() && again.is_none(),
    };
    assert!(is_same, "BUG: a comment before it changes a document\n{root:?}\n{again:?}");
}

/// Checks a node and all within it, and returns how many they are.
fn check(node: &Node, text: &str, depth: usize) -> usize {
    assert!(depth <= yaml::DEPTH_MAX + 1, "BUG: nested {depth} levels deep");
    check_span(node.span, text);
    check_span(node.full_span(), text);
    if let Some(tag) = &node.tag {
        check_span(tag.span, text);
    }
    let below: usize = match &node.value {
        NodeValue::Scalar(_) => 0,
        NodeValue::Sequence(items) => items.iter().map(|item| check(item, text, depth + 1)).sum(),
        NodeValue::Mapping(mapping) => {
            let members = mapping.entries().iter();
            members.map(|entry| check(&entry.key, text, depth + 1) + check(&entry.value, text, depth + 1)).sum()
        }
    };
    below + 1
}

/// Tells whether the other tree is this one read from `by` bytes further on.
fn is_moved(node: &Node, other: &Node, by: usize) -> bool {
    let moved = |span: Span, other: Span| (span.start + by, span.end + by) == (other.start, other.end);
    let is_here = moved(node.span, other.span)
        && match (&node.tag, &other.tag) {
            (Some(tag), Some(other)) => tag.name == other.name && moved(tag.span, other.span),
            (tag, other) => tag.is_none() && other.is_none(),
        }
        && match (&node.alias, &other.alias) {
            (Some(alias), Some(other)) => moved(**alias, **other),
            (alias, other) => alias.is_none() && other.is_none(),
        };
    is_here
        && match (&node.value, &other.value) {
            (NodeValue::Scalar(scalar), NodeValue::Scalar(other)) => scalar == other,
            (NodeValue::Sequence(items), NodeValue::Sequence(others)) => {
                items.len() == others.len() && items.iter().zip(others).all(|(item, other)| is_moved(item, other, by))
            }
            (NodeValue::Mapping(mapping), NodeValue::Mapping(other)) => {
                let mut pairs = mapping.entries().iter().zip(other.entries());
                mapping.len() == other.len()
                    && pairs.all(|(entry, other)| {
                        is_moved(&entry.key, &other.key, by) && is_moved(&entry.value, &other.value, by)
                    })
            }
            (NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_), _) => false,
        }
}
