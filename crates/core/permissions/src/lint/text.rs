//! Policies in files of their own.

use stackfleet_base::{Diagnostic, Edit, FileId, Span};
use stackfleet_policy::{Draft, DraftValue};
use stackfleet_template::yaml::{self, Node, NodeValue};

use super::{Replacement, lint};

/// Tells what a policy file says in vain; `text` is all of the file. Nothing is said of what is not JSON.
#[must_use]
pub fn lint_text(file: FileId, text: &str) -> Vec<Diagnostic> {
    let (Some(root), _) = yaml::read(file, text) else { return Vec::new() };
    let mut places = Vec::new();
    let draft = draft(&root, root.span, &mut places);
    let span = |place: &str, is_key: bool| {
        let (value, key): &(Span, Span) = places.get(place.parse::<usize>().ok()?)?;
        Some(if is_key { *key } else { *value })
    };
    let fixed = |replacement: &Replacement| {
        let span = span(&replacement.place, replacement.is_key)?;
        // Names of actions and keys need no escapes.
        Some(Edit { span, replacement: format!("\"{}\"", replacement.text) })
    };
    let found = lint(&draft, &span).into_iter().map(|finding| {
        match finding.replacement.as_ref().and_then(|replacement| Some((replacement, fixed(replacement)?))) {
            Some((replacement, edit)) => finding.diagnostic.fix(format!("write `{}`", replacement.text), vec![edit]),
            None => finding.diagnostic,
        }
    });
    found.collect()
}

/// Makes a draft whose places are numbers in `places`: of the value and of its key.
fn draft(node: &Node, key: Span, places: &mut Vec<(Span, Span)>) -> Draft {
    let place = places.len().to_string();
    places.push((node.span, key));
    let value = match &node.value {
        NodeValue::Scalar(scalar) => DraftValue::Text(scalar.text.to_string()),
        NodeValue::Sequence(items) => DraftValue::List(items.iter().map(|item| draft(item, key, places)).collect()),
        NodeValue::Mapping(mapping) => {
            let member = |entry: &yaml::Entry| {
                let name = entry.key.text().unwrap_or_default().to_owned();
                (name, draft(&entry.value, entry.key.span, places))
            };
            DraftValue::Object(mapping.entries().iter().map(member).collect())
        }
    };
    Draft { place, value }
}
