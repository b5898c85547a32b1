//! `Policies` of functions and state machines: managed policies, statements, policy templates, each possibly under `Fn::If`.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::intrinsics::{self, is_no_value};
use crate::node::{Map, Node, Text, map};
use crate::{python, tables};

/// What an entry of `Policies` is; under `Fn::If` both branches are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Managed,
    Statement,
    Template,
    Unknown,
}

/// The kind of an entry.
///
/// # Errors
/// A fault without an id, as AWS gives it, for an `Fn::If` whose branches are of different kinds.
fn kind_of(item: &Node) -> Result<Kind> {
    let structure = |message: &str| Fault::Whole(format!("Structure of the SAM template is invalid. {message}"));
    let Node::Map(map) = item else {
        return Ok(if item.as_text().is_some() { Kind::Managed } else { Kind::Unknown });
    };
    if map.contains("Statement") {
        return Ok(Kind::Statement);
    }
    if map.single().is_some_and(|(name, _)| tables::policy_template(name).is_some()) {
        return Ok(Kind::Template);
    }
    let Some(arguments) = intrinsics::if_arguments(item) else {
        return Ok(if intrinsics::is_intrinsic(item) { Kind::Managed } else { Kind::Unknown });
    };
    let (_, then, otherwise) = arguments.map_err(|_malformed| structure("Fn::If requires 3 arguments"))?;
    if is_no_value(then) {
        return kind_of(otherwise);
    }
    let kind = kind_of(then)?;
    if !is_no_value(otherwise) && kind_of(otherwise)? != kind {
        return Err(structure(
            "Different policy types within the same Fn::If statement is unsupported. Separate different policy types into \
             different Fn::If statements",
        ));
    }
    Ok(kind)
}

/// The entries of a `Policies` property.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    entries: Vec<(Kind, Node)>,
}

impl Policies {
    /// Sorts the entries of a `Policies` property into kinds.
    ///
    /// # Errors
    /// A fault for an entry of no known kind.
    pub(crate) fn read(id: &Text, property: Option<&Node>) -> Result<Policies> {
        let Some(property) = property.filter(|value| value.truthy()) else { return Ok(Policies::default()) };
        let mut entries = Vec::new();
        for (index, item) in items(property).iter().enumerate() {
            let kind = kind_of(item)?;
            if matches!(kind, Kind::Template | Kind::Unknown) {
                return Err(Fault::resource(
                    id,
                    format!("Policy at index {index} in the 'Policies' property is not valid"),
                ));
            }
            entries.push((kind, item.clone()));
        }
        Ok(Policies { entries })
    }

    /// Adds the entries to the managed policies or the inline policies of a role; the index of an entry is part of its name.
    pub(crate) fn add_to(&self, context: &Context<'_>, role: &Text, managed: &mut Vec<Node>, inline: &mut Vec<Node>) {
        for (index, (kind, item)) in self.entries.iter().enumerate() {
            if *kind == Kind::Managed {
                managed.push(each_branch(item, |policy| context.managed_policy(policy)));
            } else {
                let name = format!("{role}Policy{index}");
                let policy =
                    |document: &Node| Node::Map(map! {"PolicyName" => name.as_str(), "PolicyDocument" => document});
                inline.push(each_branch(item, policy));
            }
        }
    }
}

fn items(property: &Node) -> &[Node] {
    property.as_list().map_or(std::slice::from_ref(property), Vec::as_slice)
}

/// What `make` gives for the item, or for both branches of an `Fn::If` that have a value.
fn each_branch(item: &Node, make: impl Fn(&Node) -> Node) -> Node {
    let Some(Ok((condition, then, otherwise))) = intrinsics::if_arguments(item) else { return make(item) };
    let branch = |branch: &Node| if is_no_value(branch) { branch.clone() } else { make(branch) };
    intrinsics::if_(condition, branch(then), branch(otherwise))
}

/// Replaces policy templates by their statements in the `Policies` of a function or state machine, in place.
///
/// # Errors
/// A fault for branches of different kinds, and for a template whose parameters are not given.
pub(crate) fn expand_templates(id: &Text, properties: &mut Map) -> Result<()> {
    match properties.get_mut("Policies") {
        Some(Node::List(items)) => items.iter_mut().try_for_each(|item| expand_template(id, item)),
        Some(item @ Node::Map(_)) => expand_template(id, item),
        Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_)) | None => Ok(()),
    }
}

fn expand_template(id: &Text, item: &mut Node) -> Result<()> {
    if kind_of(item)? != Kind::Template {
        return Ok(());
    }
    if let Some(Node::List(arguments)) = item.as_map_mut().and_then(|map| map.get_mut("Fn::If")) {
        let branches = arguments.iter_mut().skip(1).filter(|branch| !is_no_value(branch));
        return branches.into_iter().try_for_each(|branch| expand_template(id, branch));
    }
    let Some((name, argument)) = item.as_map().and_then(Map::single) else { return Ok(()) };
    let Some(template) = tables::policy_template(name) else { return Ok(()) };
    let Node::Map(values) = argument else {
        return Err(Fault::resource(id, format!("Must specify valid parameter values for policy template '{name}'")));
    };
    *item = fill_template(id, name, template, values)?;
    Ok(())
}

fn fill_template(id: &Text, name: &str, template: Node, values: &Map) -> Result<Node> {
    let Node::Map(mut template) = template else { return Ok(Node::Null) };
    let declared = template.remove("Parameters").unwrap_or(Node::Null);
    let declared: Vec<&str> = declared.as_list().into_iter().flatten().filter_map(Node::as_str).collect();
    let mut missing: Vec<&str> = declared.iter().copied().filter(|parameter| !values.contains(parameter)).collect();
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
