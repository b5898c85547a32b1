//! Text to a tree in which every node knows its place.
//!
//! [`read`] takes YAML and JSON. It decides nothing about what a bare word means: scalars keep their text and how it
//! was written, so that a project file can take `012345670123` as an account id while a template takes it as
//! CloudFormation does ([`scalar`]). Aliases are expanded; comments stay in the file, which is edited by byte range.
//! Depth, number of nodes and size are bounded; no input panics.
//!
//! ```
//! use stackfleet_base::Sources;
//! use stackfleet_template::yaml;
//!
//! let text = "accounts:\n  Infra: 012345670123\n";
//! let mut sources = Sources::default();
//! let (root, diagnostics) = yaml::read(sources.add("stackfleet.yaml", text), text);
//! assert!(diagnostics.is_empty());
//! let infra = root.as_ref().and_then(|root| root.get("accounts")).and_then(|accounts| accounts.get("Infra")).unwrap();
//! assert_eq!(infra.as_str(), Some("012345670123"));
//! assert_eq!(sources.location(infra.span).unwrap().to_string(), "stackfleet.yaml:2:10");
//! ```

mod events;
mod json;
mod node;
mod quick;
pub mod scalar;

pub(crate) use quick::{Build, quoted_text, read as read_quickly};

pub use node::{Entry, Mapping, Node, NodeValue, Scalar, ScalarStyle, Tag};

use stackfleet_base::{Diagnostic, FileId, Span};

/// Most bytes a file may have.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most levels of nesting.
pub const DEPTH_MAX: usize = 128;
/// Most nodes a document may have, those repeated by aliases counted each time.
pub const NODES_MAX: usize = 2_000_000;
/// Most nodes that aliases may repeat: a few bytes could ask for all the nodes that a large file may have.
pub const REPEATED_NODES_MAX: usize = 100_000;

/// The file is not well-formed.
pub const SYNTAX: &str = "YML001";
/// A key occurs twice in one mapping.
pub const DUPLICATE_KEY: &str = "YML002";
/// The file is too large or nested too deeply.
pub const TOO_LARGE: &str = "YML003";
/// An alias names no anchor.
pub const UNKNOWN_ALIAS: &str = "YML004";

/// Reads a document.
///
/// Text that begins with `{` or `[` is read as JSON; if it is not JSON it may still be YAML in flow style. The root is
/// `None` exactly when the text is not well-formed, empty or beyond the bounds, and then there is an error-level
/// diagnostic. Duplicate keys are errors; both entries stay in the tree.
#[must_use]
pub fn read(file: FileId, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let (root, mut diagnostics) = read_unchecked(file, text);
    if let Some(root) = &root {
        find_duplicates(root, &mut diagnostics);
    }
    (root, diagnostics)
}

fn read_unchecked(file: FileId, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if text.len() > BYTES_MAX {
        let span = Span { file, start: 0, end: 0 };
        let message = format!("the file has {} bytes, more than {BYTES_MAX} are not read", text.len());
        return (None, vec![Diagnostic::error(TOO_LARGE, message).at(span, "")]);
    }
    if !is_json_like(text) {
        return match quick::read(file, text, &mut quick::TreeBuilder::default()) {
            Some(root) => (Some(root), Vec::new()),
            None => events::read(file, text),
        };
    }
    match json::read(file, text) {
        Ok(root) => (Some(root), Vec::new()),
        Err(refused) => match events::read(file, text) {
            (Some(root), found) => (Some(root), found),
            (None, _) => (None, vec![*refused]),
        },
    }
}

/// Tells whether a text is meant as JSON: CloudFormation, too, looks at the first character.
#[must_use]
pub fn is_json_like(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

fn find_duplicates(node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    // What an alias repeats was looked at where it is defined.
    if node.alias.is_some() {
        return;
    }
    match &node.value {
        NodeValue::Scalar(_) => {}
        NodeValue::Sequence(items) => items.iter().for_each(|item| find_duplicates(item, diagnostics)),
        NodeValue::Mapping(mapping) => {
            for (first, second) in mapping.duplicates() {
                let name = second.text().unwrap_or_default();
                diagnostics.push(
                    Diagnostic::error(DUPLICATE_KEY, format!("the key `{name}` occurs twice"))
                        .at(second.span, "again here")
                        .at(first.span, "first here")
                        .help("remove or rename one of them"),
                );
            }
            mapping.entries().iter().for_each(|entry| find_duplicates(&entry.value, diagnostics));
        }
    }
}

#[cfg(test)]
mod tests;
