//! Actions and condition keys that AWS does not have: IAM takes them in silence, and they match nothing.

use stackfleet_base::Diagnostic;
use stackfleet_catalog::actions;
use stackfleet_policy::{Draft, DraftValue};

use crate::codes::NO_SUCH_ACTION;

/// What is wrong, at which pointer, and whether the key there is meant.
pub(super) type Found = (Diagnostic, String, bool);

/// Looks at all statements of a document.
pub(super) fn check(document: &Draft) -> Vec<Found> {
    let mut found = Vec::new();
    for statement in member(document, "Statement").into_iter().flat_map(items) {
        for element in ["Action", "NotAction"] {
            for entry in member(statement, element).into_iter().flat_map(items) {
                if let DraftValue::Text(text) = &entry.value {
                    found.extend(action(text).map(|told| (told, entry.place.clone(), false)));
                }
            }
        }
        for (_, keys) in member(statement, "Condition").into_iter().flat_map(members) {
            for (name, value) in members(keys) {
                found.extend(key(name).map(|told| (told, value.place.clone(), true)));
            }
        }
    }
    found
}

fn action(entry: &str) -> Option<Diagnostic> {
    let (prefix, name) = entry.split_once(':')?;
    // What is malformed is told elsewhere.
    if prefix.is_empty() || name.is_empty() || prefix.contains(['*', '?']) {
        return None;
    }
    let known = actions();
    let message = match known.service(prefix) {
        Some(_) if name == "*" || !known.expand(entry).is_empty() => return None,
        Some(_) => format!("AWS has no action `{entry}`"),
        None => format!("AWS has no service with the prefix `{prefix}`"),
    };
    let help = match known.suggest(entry).filter(|_| !name.contains(['*', '?'])) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "mind the spelling: IAM takes it, and it matches nothing".to_owned(),
    };
    Some(Diagnostic::warning(NO_SUCH_ACTION, message).help(help))
}

fn key(name: &str) -> Option<Diagnostic> {
    let (prefix, _) = name.split_once(':')?;
    let known = actions();
    // Keys of identity providers are theirs.
    let own = prefix.eq_ignore_ascii_case("aws") || known.service(prefix).is_some();
    if !own || known.key(name).is_some() {
        return None;
    }
    let message = format!("AWS has no condition key `{name}`");
    Some(Diagnostic::warning(NO_SUCH_ACTION, message).help("mind the spelling: IAM takes it, and it is never there"))
}

fn member<'draft>(draft: &'draft Draft, name: &str) -> Option<&'draft Draft> {
    members(draft).find(|(key, _)| key == name).map(|(_, member)| member)
}

fn members(draft: &Draft) -> impl Iterator<Item = &(String, Draft)> {
    let members = if let DraftValue::Object(members) = &draft.value { members.as_slice() } else { &[] };
    members.iter()
}

/// Returns the members of a list, or the one that stands for a list of one.
fn items(draft: &Draft) -> &[Draft] {
    match &draft.value {
        DraftValue::List(items) => items,
        DraftValue::Unknown | DraftValue::Text(_) | DraftValue::Object(_) => std::slice::from_ref(draft),
    }
}
