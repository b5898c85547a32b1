//! Where a part of a transformed template is written.
//!
//! The transform copies much of what it is given: a function's environment to the function, a policy to a role of its
//! own. A part is taken to be written where the template has it under the same pointer; else where the resource that the
//! generated one was made for (its logical id begins the other's), or `Globals`, holds an equal value.

use serde_json::Value;
use stackfleet_template::Template;

/// Texts that are shorter occur by chance.
const TEXT_LENGTH_MIN: usize = 4;

/// Finds the pointer under which a part of `deployed` is written in `source`.
pub(crate) fn origin(source: &Template, deployed: &Template, pointer: &str) -> Option<String> {
    if source.value().pointer(pointer).is_some() {
        return Some(pointer.to_owned());
    }
    // What was not made for one resource, such as a record of a domain, may come from any.
    let maker = maker(source, pointer).unwrap_or_else(|| "/Resources".to_owned());
    let roots = [maker, "/Globals".to_owned()];
    // The largest part that was copied tells most: from the resource downwards.
    let cuts = pointer.match_indices('/').map(|(at, _)| at).skip(2).chain([pointer.len()]);
    cuts.filter_map(|cut| pointer.split_at_checked(cut)).find_map(|(part, rest)| {
        let value = deployed.value().pointer(part)?;
        let key = part.rsplit('/').next().filter(|_| !is_telling(value));
        let place = roots.iter().find_map(|root| find(source.value().pointer(root)?, value, key, root))?;
        Some(place + rest)
    })
}

/// Finds the resource that one of the transform's was made for: its logical id begins the other's.
pub(crate) fn maker(source: &Template, pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("/Resources/")?.split('/').next()?;
    let names = source.resources().map(|resource| resource.name).filter(|written| name.starts_with(written));
    names.max_by_key(|written| written.len()).map(|written| format!("/Resources/{written}"))
}

fn is_telling(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.len() >= TEXT_LENGTH_MIN,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Finds an equal value below `root`, under the same key if one is given, as a pointer.
fn find(root: &Value, wanted: &Value, key: Option<&str>, pointer: &str) -> Option<String> {
    let mut steps = Vec::new();
    let last = pointer.rsplit('/').next().unwrap_or_default();
    search(root, wanted, key, last, &mut steps).then(|| {
        // The way is told from its end.
        steps.iter().rev().fold(pointer.to_owned(), |pointer, step| below(&pointer, step))
    })
}

/// Tells whether an equal value is there, and gives the way to it, the last step first.
fn search(value: &Value, wanted: &Value, key: Option<&str>, name: &str, steps: &mut Vec<String>) -> bool {
    if key.is_none_or(|key| key == name) && value == wanted {
        return true;
    }
    let step = match value {
        Value::Array(items) => {
            let at = items.iter().position(|item| search(item, wanted, key, "", steps));
            at.map(|at| at.to_string())
        }
        Value::Object(members) => {
            members.iter().find(|(name, member)| search(member, wanted, key, name, steps)).map(|(name, _)| name.clone())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    steps.extend(step.clone());
    step.is_some()
}

/// Returns the pointer of a member.
pub(crate) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
