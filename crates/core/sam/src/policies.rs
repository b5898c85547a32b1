//! `Policies` of functions and state machines: managed policies, statements, policy templates, each possibly under `Fn::If`.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::intrinsics::{self, is_no_value};
use crate::node::{Map, Node, Text, map};
use crate::{python, tables};

/// One entry of `Policies`.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    Managed(Node),
    Statement(Node),
    /// No value, or something of no known form under a condition.
    Nothing,
    /// Both branches are of one kind.
    If(Node, Box<Policy>, Box<Policy>),
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    entries: Vec<Policy>,
}

impl Policies {
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Policy> {
        self.entries.iter()
    }

    /// Sorts the entries of a `Policies` property into kinds.
    ///
    /// # Errors
    /// A fault for an entry of no known kind.
    pub(crate) fn read(id: &Text, property: Option<&Node>) -> Result<Policies> {
        let Some(property) = property.filter(|value| value.truthy()) else { return Ok(Policies::default()) };
        let single = std::slice::from_ref(property);
        let items = property.as_list().map_or(single, Vec::as_slice);
        let mut entries = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let policy = read_policy(item).ok_or_else(|| {
                Fault::resource(id, format!("Policy at index {index} in the 'Policies' property is not valid"))
            })?;
            entries.push(policy);
        }
        Ok(Policies { entries })
    }
}

fn read_policy(item: &Node) -> Option<Policy> {
    match item {
        Node::Text(_) => Some(Policy::Managed(item.clone())),
        Node::Map(map) => {
            if map.contains("Statement") {
                return Some(Policy::Statement(item.clone()));
            }
            if intrinsics::is_no_value(item) {
                return Some(Policy::Nothing);
            }
            if let Some(Ok((condition, then, otherwise))) = intrinsics::if_arguments(item) {
                let (then, otherwise) = (read_policy(then)?, read_policy(otherwise)?);
                return Some(Policy::If(condition.clone(), Box::new(then), Box::new(otherwise)));
            }
            intrinsics::is_intrinsic(item).then(|| Policy::Managed(item.clone()))
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => None,
    }
}

impl Policy {
    fn is_managed(&self) -> bool {
        match self {
            Policy::Managed(_) => true,
            Policy::Statement(_) | Policy::Nothing => false,
            Policy::If(_, then, otherwise) => then.is_managed() || otherwise.is_managed(),
        }
    }

    /// Adds the entry to the managed policies or, under `name`, to the inline policies of a role.
    pub(crate) fn add_to(&self, context: &Context<'_>, name: &str, managed: &mut Vec<Node>, inline: &mut Vec<Node>) {
        match self {
            Policy::Nothing => {}
            Policy::If(..) | Policy::Managed(_) if self.is_managed() => managed.push(self.managed(context)),
            Policy::If(..) | Policy::Statement(_) | Policy::Managed(_) => inline.push(self.inline(name)),
        }
    }

    fn managed(&self, context: &Context<'_>) -> Node {
        match self {
            Policy::Managed(name) => context.managed_policy(name),
            Policy::If(condition, then, otherwise) => {
                intrinsics::if_(condition, then.managed(context), otherwise.managed(context))
            }
            Policy::Statement(_) | Policy::Nothing => intrinsics::no_value(),
        }
    }

    fn inline(&self, name: &str) -> Node {
        match self {
            Policy::Statement(document) => Node::Map(map! {"PolicyName" => name, "PolicyDocument" => document}),
            Policy::If(condition, then, otherwise) => {
                intrinsics::if_(condition, then.inline(name), otherwise.inline(name))
            }
            Policy::Managed(_) | Policy::Nothing => intrinsics::no_value(),
        }
    }
}

/// Replaces policy templates by their statements in the `Policies` of a function or state machine, in place.
///
/// # Errors
/// A fault for a template whose parameters are not given, or given as something else than texts, numbers or intrinsics.
pub(crate) fn expand_templates(id: &Text, properties: &mut Map) -> Result<()> {
    match properties.get_mut("Policies") {
        Some(Node::List(items)) => items.iter_mut().try_for_each(|item| expand_template(id, item)),
        Some(item @ Node::Map(_)) => expand_template(id, item),
        Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_)) | None => Ok(()),
    }
}

fn expand_template(id: &Text, item: &mut Node) -> Result<()> {
    let Some((name, argument)) = item.as_map().and_then(Map::single) else { return Ok(()) };
    if name == "Fn::If" {
        if let Some(Node::List(arguments)) = item.as_map_mut().and_then(|map| map.get_mut("Fn::If")) {
            for branch in arguments.iter_mut().skip(1) {
                if !is_no_value(branch) {
                    expand_template(id, branch)?;
                }
            }
        }
        return Ok(());
    }
    let Some(template) = tables::policy_template(name) else { return Ok(()) };
    let empty = Map::new();
    let values = match argument {
        Node::Map(values) => values,
        Node::Null => &empty,
        _other => {
            return Err(Fault::resource(
                id,
                format!("Must specify valid parameter values for policy template '{name}'"),
            ));
        }
    };
    *item = fill_template(id, name, template, values)?;
    Ok(())
}

fn fill_template(id: &Text, name: &str, template: Node, values: &Map) -> Result<Node> {
    let Node::Map(mut template) = template else { return Ok(Node::Null) };
    let declared = template.remove("Parameters").unwrap_or(Node::Null);
    let declared: Vec<&str> = declared.as_list().into_iter().flatten().filter_map(Node::as_str).collect();
    let mut missing: Vec<&str> =
        declared.iter().copied().filter(|parameter| values.present(parameter).is_none()).collect();
    if !missing.is_empty() {
        missing.sort_unstable();
        let words = python::repr_words(missing);
        return Err(Fault::resource(
            id,
            format!("Following required parameters of template '{name}' don't have values: {words}"),
        ));
    }
    let mut chosen = Map::new();
    for parameter in declared {
        if let Some(value) = values.get(parameter) {
            if matches!(value, Node::List(_)) {
                return Err(Fault::resource(
                    id,
                    format!("Must specify valid parameter values for policy template '{name}'"),
                ));
            }
            chosen.insert(parameter, value);
        }
    }
    let mut definition = template.remove("Definition").unwrap_or(Node::Null);
    substitute(&mut definition, &chosen);
    Ok(definition)
}

/// Replaces `{"Ref": parameter}` everywhere; what is put in is not looked into again.
fn substitute(node: &mut Node, values: &Map) {
    if let Some(value) = intrinsics::argument(node, "Ref").and_then(Node::as_str).and_then(|name| values.get(name)) {
        *node = value.clone();
        return;
    }
    match node {
        Node::List(list) => list.iter_mut().for_each(|item| substitute(item, values)),
        Node::Map(map) => map.values_mut().for_each(|value| substitute(value, values)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}
