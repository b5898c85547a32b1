//! CloudFormation's intrinsic functions as the transform sees them: which values are intrinsics, making them, resolving
//! parameters and mappings, rewriting references to renamed or generated resources.
//!
//! Only what AWS's transform resolves is resolved here; conditions, for instance, are left to CloudFormation.

use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, list, map};
use crate::python;
use std::collections::BTreeMap;

/// `{"Ref": id}`
pub(crate) fn reference(id: impl Into<Text>) -> Node {
    Node::Map(map! {"Ref" => Node::Text(id.into())})
}
/// `{"Fn::GetAtt": [id, attribute]}`
pub(crate) fn get_att(id: impl Into<Text>, attribute: &str) -> Node {
    Node::Map(map! {"Fn::GetAtt" => list![Node::Text(id.into()), attribute]})
}
/// `{"Fn::Sub": text}`
pub(crate) fn sub(text: impl Into<Text>) -> Node {
    Node::Map(map! {"Fn::Sub" => Node::Text(text.into())})
}
/// `{"Fn::Sub": [text, variables]}`
pub(crate) fn sub_with(text: impl Into<Text>, variables: Map) -> Node {
    Node::Map(map! {"Fn::Sub" => list![Node::Text(text.into()), variables]})
}
/// `{"Fn::If": [condition, then, otherwise]}`
pub(crate) fn if_(condition: impl Into<Node>, then: impl Into<Node>, otherwise: impl Into<Node>) -> Node {
    Node::Map(map! {"Fn::If" => list![condition.into(), then.into(), otherwise.into()]})
}
/// `{"Ref": "AWS::NoValue"}`
pub(crate) fn no_value() -> Node {
    reference("AWS::NoValue")
}
/// A value under a condition if there is one: `{"Fn::If": [condition, value, no value]}`.
pub(crate) fn under_condition(condition: Option<&Node>, value: Node) -> Node {
    match condition {
        Some(condition) => if_(condition, value, no_value()),
        None => value,
    }
}

/// Whether the value is one call of an intrinsic function.
pub(crate) fn is_intrinsic(node: &Node) -> bool {
    node.as_map()
        .and_then(Map::single)
        .is_some_and(|(key, _)| key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
}
/// Whether the value is a map with one entry, which is enough to escape checks of its type.
pub(crate) fn may_be_intrinsic(node: &Node) -> bool {
    node.as_map().is_some_and(|map| map.len() == 1)
}
/// The argument of the intrinsic `name` if the value is one.
pub(crate) fn argument<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let (key, argument) = node.as_map()?.single()?;
    (key == name).then_some(argument)
}
/// Whether the value is an `Fn::If`.
pub(crate) fn is_if(node: &Node) -> bool {
    argument(node, "Fn::If").is_some()
}
/// Whether the value is `{"Ref": "AWS::NoValue"}`.
pub(crate) fn is_no_value(node: &Node) -> bool {
    argument(node, "Ref").and_then(Node::as_str) == Some("AWS::NoValue")
}
/// The three arguments of a well-formed `Fn::If`; `Err` with AWS's words for a malformed one; `None` for other values.
pub(crate) fn if_arguments(node: &Node) -> Option<Result<(&Node, &Node, &Node), String>> {
    let argument = argument(node, "Fn::If")?;
    Some(match argument.as_list().map(Vec::as_slice) {
        Some([condition, then, otherwise]) => Ok((condition, then, otherwise)),
        Some(_) | None => Err("Fn::If requires 3 arguments.".to_owned()),
    })
}
/// The logical id in a `Ref`, or in the first argument of a `Fn::GetAtt`.
pub(crate) fn target(node: &Node) -> Option<&Text> {
    let (key, argument) = node.as_map()?.single()?;
    match key.as_str() {
        "Ref" => argument.as_text(),
        "Fn::GetAtt" => argument.as_list().and_then(|list| list.first()).and_then(Node::as_text),
        _other => None,
    }
}

/// The dynamic reference `{{resolve:...}}`, which only CloudFormation can look up.
pub(crate) fn is_dynamic_reference(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.trim_start().starts_with("{{resolve:"))
}

/// Replaces parameters in place, everywhere in `node`.
///
/// # Errors
/// A document fault when a parameter that is not a text is put into an `Fn::Sub`.
pub(crate) fn resolve_parameters(node: &mut Node, parameters: &Map) -> Result<()> {
    if let Some((name, argument)) = node.as_map().and_then(Map::single) {
        match name.as_str() {
            "Ref" => {
                let value = argument.as_str().and_then(|id| parameters.get(id)).filter(|value| is_resolvable(value));
                if let Some(value) = value {
                    *node = value.clone();
                    return Ok(());
                }
            }
            "Fn::Sub" => resolve_sub(node, parameters)?,
            _other => {}
        }
    }
    match node {
        Node::List(list) => list.iter_mut().try_for_each(|item| resolve_parameters(item, parameters)),
        Node::Map(map) => map.values_mut().try_for_each(|value| resolve_parameters(value, parameters)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
    }
}

/// A resolved copy.
pub(crate) fn resolved(node: &Node, parameters: &Map) -> Result<Node> {
    let mut copy = node.clone();
    resolve_parameters(&mut copy, parameters)?;
    Ok(copy)
}

fn is_resolvable(value: &Node) -> bool {
    !value.as_str().is_some_and(|text| text.starts_with("{{IntrinsicFunction:"))
}

fn resolve_sub(node: &mut Node, parameters: &Map) -> Result<()> {
    let replace = |name: &str| -> Result<Option<String>> {
        match parameters.get(name).filter(|value| is_resolvable(value)) {
            Some(value @ (Node::List(_) | Node::Map(_))) => Err(Fault::document(format!(
                "Invalid Fn::Sub variable value {}. Fn::Sub expects all variables to be strings.",
                python::repr_3(value)
            ))),
            Some(value) => Ok(Some(python::display(value))),
            None => Ok(None),
        }
    };
    edit_sub(node, replace)
}

/// Replaces `${name}` in the text of an `Fn::Sub` (either form) by what `replace` gives for the name.
fn edit_sub(node: &mut Node, replace: impl Fn(&str) -> Result<Option<String>>) -> Result<()> {
    let Some(argument) = node.as_map_mut().and_then(|map| map.get_mut("Fn::Sub")) else { return Ok(()) };
    let place = match argument {
        Node::List(list) => list.first_mut(),
        other => Some(other),
    };
    if let Some(Node::Text(text)) = place
        && text.contains("${")
    {
        *text = text.like(replace_variables(text, replace)?);
    }
    Ok(())
}

/// Replaces `${name}` for names of letters, digits and dots, or `AWS::Name`.
fn replace_variables(text: &str, replace: impl Fn(&str) -> Result<Option<String>>) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let inner = after.get(2..).unwrap_or_default();
        if let Some((name, tail)) = inner.split_once('}')
            && is_variable(name)
        {
            match replace(name)? {
                Some(value) => out.push_str(&value),
                None => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
            }
            rest = tail;
        } else {
            out.push_str("${");
            rest = inner;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn is_variable(name: &str) -> bool {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    match name.strip_prefix("AWS::") {
        Some(pseudo) => {
            pseudo.starts_with(|c: char| c.is_ascii_uppercase()) && pseudo.chars().all(|c| c.is_ascii_alphabetic())
        }
        None => plain(name),
    }
}

/// Replaces `Fn::FindInMap` calls whose arguments are known, everywhere in `node`.
///
/// # Errors
/// A document fault for a call without three arguments and for a mapping that is not of two levels.
pub(crate) fn resolve_mappings(node: &mut Node, mappings: &Map) -> Result<()> {
    match node {
        Node::List(list) => list.iter_mut().try_for_each(|item| resolve_mappings(item, mappings))?,
        Node::Map(map) => map.values_mut().try_for_each(|value| resolve_mappings(value, mappings))?,
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => return Ok(()),
    }
    if let Some(argument) = argument(node, "Fn::FindInMap")
        && let Some(found) = find_in_map(argument, mappings)?
    {
        *node = found;
    }
    Ok(())
}

fn find_in_map(argument: &Node, mappings: &Map) -> Result<Option<Node>> {
    let Some([name, top, second]) = argument.as_list().map(Vec::as_slice) else {
        return Err(Fault::document(format!(
            "Invalid FindInMap value {}. FindInMap expects an array with 3 values.",
            python::repr_3(argument)
        )));
    };
    let (Some(name), Some(top), Some(second)) = (name.as_str(), top.as_str(), second.as_str()) else { return Ok(None) };
    let two_level =
        || Fault::document(format!("Cannot use Fn::FindInMap on Mapping '{name}' which is not a a two-level map."));
    let Some(mapping) = mappings.present(name) else { return Ok(None) };
    let mapping = mapping.as_map().ok_or_else(two_level)?;
    let Some(row) = mapping.present(top) else { return Ok(None) };
    let row = row.as_map().ok_or_else(two_level)?;
    Ok(row.present(second).cloned())
}

/// New names for resources, by old name.
pub(crate) type Renames = BTreeMap<String, Text>;

/// Rewrites `Ref`, `Fn::GetAtt` and `Fn::Sub` on resources that got another logical id.
pub(crate) fn rename(node: &mut Node, renames: &Renames) {
    if renames.is_empty() {
        return;
    }
    if let Some((name, _)) = node.as_map().and_then(Map::single) {
        match name.as_str() {
            "Ref" => {
                if let Some(Node::Text(id)) = node.as_map_mut().and_then(|map| map.get_mut("Ref"))
                    && let Some(new) = renames.get(id.as_str())
                {
                    *id = new.clone();
                }
            }
            "Fn::GetAtt" => {
                if let Some(Node::List(list)) = node.as_map_mut().and_then(|map| map.get_mut("Fn::GetAtt"))
                    && let Some(Node::Text(id)) = list.first_mut()
                    && let Some(new) = renames.get(id.as_str())
                {
                    *id = new.clone();
                }
            }
            "Fn::Sub" => {
                let result = edit_sub(node, |name| {
                    let (id, rest) = name.split_at(name.find('.').unwrap_or(name.len()));
                    Ok(renames.get(id).map(|new| format!("${{{new}{rest}}}")))
                });
                debug_assert!(result.is_ok(), "BUG: renaming cannot fail");
            }
            _other => {}
        }
    }
    match node {
        Node::List(list) => list.iter_mut().for_each(|item| rename(item, renames)),
        Node::Map(map) => map.values_mut().for_each(|value| rename(value, renames)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// Ids of generated resources by `<resource>.<property>`, as in `Ref: MyFunction.Alias`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generations {
    ids: BTreeMap<String, Text>,
}

impl Generations {
    pub(crate) fn add(&mut self, resource: &str, property: &str, id: &Text) {
        self.ids.entry(format!("{resource}.{property}")).or_insert_with(|| id.clone());
    }
    /// Rewrites references to `<resource>.<property>`, everywhere in `node`.
    pub(crate) fn resolve(&self, node: &mut Node) {
        if self.ids.is_empty() {
            return;
        }
        if let Some((name, _)) = node.as_map().and_then(Map::single) {
            match name.as_str() {
                "Ref" => {
                    if let Some(Node::Text(id)) = node.as_map_mut().and_then(|map| map.get_mut("Ref"))
                        && let Some(new) = self.ids.get(id.as_str())
                    {
                        *id = new.clone();
                    }
                }
                "Fn::GetAtt" => self.resolve_get_att(node),
                "Fn::Sub" => {
                    let result = edit_sub(node, |name| Ok(self.of_variable(name).map(|new| format!("${{{new}}}"))));
                    debug_assert!(result.is_ok(), "BUG: rewriting cannot fail");
                }
                _other => {}
            }
        }
        match node {
            Node::List(list) => list.iter_mut().for_each(|item| self.resolve(item)),
            Node::Map(map) => map.values_mut().for_each(|value| self.resolve(value)),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }

    /// `Function.Alias.Name` -> `FunctionAliaslive.Name`
    fn of_variable(&self, name: &str) -> Option<String> {
        let mut dots = name.match_indices('.').map(|(at, _)| at);
        let first = dots.next()?;
        let end = dots.next().unwrap_or(name.len());
        debug_assert!(first < end, "BUG: dots come in order");
        let (property, rest) = name.split_at(end);
        self.ids.get(property).map(|new| format!("{new}{rest}"))
    }

    fn resolve_get_att(&self, node: &mut Node) {
        let Some(Node::List(list)) = node.as_map_mut().and_then(|map| map.get_mut("Fn::GetAtt")) else { return };
        let words: Option<Vec<&str>> = list.iter().map(Node::as_str).collect();
        let Some(words) = words.filter(|words| words.len() > 1) else { return };
        let joined = words.join(".");
        if let Some(new) = self.of_variable(&joined) {
            *list = new.splitn(2, '.').map(Node::from).collect();
        }
    }
}
