//! Where in the template an error belongs: a JSON pointer, from the ids and names that its text gives.
//!
//! AWS's texts are made for readers, but they name what they speak of: the resource, the event, and mostly the property, as a
//! path (`'Auth.Authorizers.A'`), a word or a value. What of that is found in the template is the place; a property that is
//! missing, or comes from `Globals`, leaves the place with the event or resource.

use crate::error::{SamError, SamErrorKind};
use serde_json::Value;

/// The JSON pointer of what an error speaks of; the empty one for the document as a whole.
pub(crate) fn of(error: &SamError, template: &Value) -> String {
    match (&error.logical_id, error.kind) {
        (Some(id), SamErrorKind::Event) => event_by_name(id, template).map(|base| within(&base, error, template)),
        (Some(id), _) => resource(id, template).map(|base| within(&base, error, template)),
        (None, _) => section(&error.message, template),
    }
    .or_else(|| anywhere(&error.message, template))
    .unwrap_or_default()
}

/// The property that the text of an error names within the resource or event `base`.
fn within(base: &str, error: &SamError, template: &Value) -> String {
    let text = error.message.strip_prefix("Resource with id [").and_then(|rest| rest.split_once("] is invalid. "));
    let text = text.map_or(error.message.as_str(), |(_, text)| text);
    let (base, text) = match text.strip_prefix("Event with id [").and_then(|rest| rest.split_once("] is invalid. ")) {
        Some((event, text)) => (event_of(base, event, template).unwrap_or_else(|| base.to_owned()), text),
        None => (base.to_owned(), text),
    };
    let from = |pointer: &str| Some(extend(pointer, &named(template.pointer(pointer)?, text)?));
    from(&format!("{base}/Properties")).or_else(|| from(&base)).unwrap_or(base)
}

/// The steps to what a text names: a path in quotation marks, a property, or else something further down or a value.
fn named(given: &Value, text: &str) -> Option<Vec<String>> {
    let quoted = quoted(text);
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 2);
    let longest = |path: &&str| steps(given, path).len();
    let direct = quoted.iter().copied().filter(|name| longest(name) > 0).max_by_key(longest);
    let direct = direct.or_else(|| words().find(|word| longest(word) > 0)).map(|path| steps(given, path));
    // Only words with a capital within are surely names.
    let names = || words().filter(|word| word.chars().skip(1).any(|c| c.is_ascii_uppercase()));
    let deeper = || quoted.iter().copied().chain(names()).find_map(|name| further_down(given, name));
    let value = || quoted.iter().find_map(|name| find(given, &|_, value| value.as_str() == Some(*name)));
    direct.or_else(deeper).or_else(value)
}

/// The steps to the first step of a dotted path that is somewhere in `given`, and on from there.
fn further_down(given: &Value, path: &str) -> Option<Vec<String>> {
    let names: Vec<&str> = path.split('.').filter(|name| !name.is_empty()).collect();
    names.iter().enumerate().find_map(|(index, name)| {
        let mut found = find(given, &|key, _| key == *name)?;
        let at = found.iter().try_fold(given, |at, step| child(at, step))?;
        found.extend(steps(at, &names.get(index + 1..)?.join(".")));
        Some(found)
    })
}

/// What a text of the document as a whole names in any resource, otherwise the resources.
fn anywhere(message: &str, template: &Value) -> Option<String> {
    let resources = template.get("Resources").filter(|resources| resources.is_object())?;
    let words = message.split([' ', ',', ';']).map(|word| word.trim_matches(['\'', '.', ':', '"']));
    let names = words.filter(|word| {
        word.starts_with('/') || word.contains("::") || word.chars().skip(1).any(|c| c.is_ascii_uppercase())
    });
    let found = quoted(message).into_iter().chain(names).find_map(|name| find(resources, &|key, _| key == name));
    Some(extend("/Resources", &found.unwrap_or_default()))
}

fn extend(pointer: &str, path: &[String]) -> String {
    path.iter().fold(pointer.to_owned(), |pointer, step| joined(&pointer, step))
}

/// The section that an error of the document speaks of.
fn section(message: &str, template: &Value) -> Option<String> {
    let quoted = quoted(message);
    let globals = template.get("Globals").filter(|_| message.starts_with("'Globals'"));
    if let Some(globals) = globals {
        let [_, name, owner, ..] = quoted.as_slice() else { return Some("/Globals".to_owned()) };
        let path = [vec![*owner, *name], vec![*name]];
        let known = path.into_iter().find(|path| path.iter().try_fold(globals, |at, step| at.get(*step)).is_some());
        return Some(known.into_iter().flatten().fold("/Globals".to_owned(), |pointer, step| joined(&pointer, step)));
    }
    let sections = ["Resources", "Mappings", "Parameters"];
    let named = quoted.into_iter().find(|name| sections.contains(name) && template.get(*name).is_some());
    named.map(|name| joined("", name))
}

/// The resource with this id, or the part of a resource that something with this id is made of.
fn resource(id: &str, template: &Value) -> Option<String> {
    let resources = template.get("Resources")?.as_object()?;
    if resources.contains_key(id) {
        return Some(joined("/Resources", id));
    }
    let owner = resources.keys().filter(|owner| id.starts_with(owner.as_str())).max_by_key(|owner| owner.len());
    if let Some(owner) = owner {
        let base = joined("/Resources", owner);
        let part = event_of(&base, id, template).or_else(|| connector_of(&base, id, template));
        return Some(part.unwrap_or(base));
    }
    let part = resources.iter().find_map(|(owner, resource)| {
        let path = find(resource.get("Properties")?, &|key, _| key == id)?;
        Some((owner, path))
    });
    let (owner, path) = part?;
    Some(extend(&format!("{}/Properties", joined("/Resources", owner)), &path))
}

/// The event of a resource by its name, or by the resource's id followed by its name.
fn event_of(base: &str, id: &str, template: &Value) -> Option<String> {
    let events = template.pointer(base)?.get("Properties")?.get("Events")?.as_object()?;
    let owner = base.rsplit('/').next().unwrap_or_default();
    let rest = id.strip_prefix(owner).unwrap_or(id);
    let name = [id, rest].into_iter().find(|name| events.contains_key(*name))?;
    Some(joined(&format!("{base}/Properties/Events"), name))
}

/// The connector within a resource by the resource's id followed by its name.
fn connector_of(base: &str, id: &str, template: &Value) -> Option<String> {
    let owner = base.rsplit('/').next().unwrap_or_default();
    let name = id.strip_prefix(owner)?;
    template
        .pointer(base)?
        .get("Connectors")?
        .as_object()?
        .contains_key(name)
        .then(|| joined(&format!("{base}/Connectors"), name))
}

fn event_by_name(id: &str, template: &Value) -> Option<String> {
    let resources = template.get("Resources")?.as_object()?;
    resources.keys().find_map(|owner| event_of(&joined("/Resources", owner), id, template))
}

/// What a text puts in quotation marks or brackets.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['\'', '[', '`', '"']) {
        let (_, after) = rest.split_at(start);
        let close = if after.starts_with('[') { ']' } else { after.chars().next().unwrap_or('\'') };
        let Some((inner, tail)) = after.get(1..).and_then(|after| after.split_once(close)) else { break };
        found.push(inner.trim_matches('\''));
        rest = tail;
    }
    found
}

/// The steps of a dotted path that are there.
fn steps(given: &Value, path: &str) -> Vec<String> {
    let mut at = given;
    let mut steps = Vec::new();
    let names = path.split(['.', '[', ']']).filter(|name| !name.is_empty());
    for name in names {
        let Some(next) = child(at, name) else { break };
        steps.push(name.to_owned());
        at = next;
    }
    steps
}

fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    }
}

/// The steps to the first entry of a map, level by level, that is wanted.
fn find(given: &Value, wanted: &impl Fn(&str, &Value) -> bool) -> Option<Vec<String>> {
    let mut level: Vec<(Vec<String>, &Value)> = vec![(Vec::new(), given)];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (path, value) in level {
            for (step, value) in children(value) {
                let path: Vec<String> = path.iter().cloned().chain([step.clone()]).collect();
                if wanted(&step, value) {
                    return Some(path);
                }
                next.push((path, value));
            }
        }
        level = next;
    }
    None
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn joined(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}
