//! A template for one stack: parameters checked, conditions decided, functions computed.
//!
//! [`evaluate`] does all at once; a deployer makes a [`Scope`] and evaluates resource after resource as their
//! dependencies come into being. What only AWS knows is asked of a [`Lookup`]; what that does not know either stays in
//! the values as the function call that would give it (`{"Ref": "Table"}`, `{"Fn::GetAtt": ["Role", "Arn"]}`,
//! `{"Fn::Join": ["", ["a-", {"Ref": "Table"}]]}`), everything known around it computed. So an unresolved value is
//! itself a template value, equal ones compare equal, and [`unknowns`] lists what is missing.

mod cidr;
mod condition;
mod function;
mod inputs;
mod scope;
mod text;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    Problem, Template, expand_includes, expand_language_extensions,
    include::has_include,
    intrinsic::{Call, Function, Reference, call, references},
};

pub use inputs::{Answer, Inputs, Lookup, Nothing, ParameterValue};
pub use scope::Scope;

/// A template evaluated for one stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluated {
    /// Every parameter with its value.
    pub parameters: IndexMap<String, ParameterValue>,
    /// Every condition, decided.
    pub conditions: IndexMap<String, bool>,
    /// The resources that exist, in the order of the template.
    pub resources: IndexMap<String, EvaluatedResource>,
    /// The outputs that exist, in the order of the template.
    pub outputs: IndexMap<String, EvaluatedOutput>,
}

/// A resource with computed properties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluatedResource {
    /// The type.
    pub type_name: String,
    /// The properties.
    pub properties: Map<String, Value>,
    /// `DependsOn` as written.
    pub depends_on: Vec<String>,
    /// The condition on which it exists.
    pub condition: Option<String>,
    /// `DeletionPolicy`
    pub deletion_policy: Option<String>,
    /// `UpdateReplacePolicy`
    pub update_replace_policy: Option<String>,
    /// `CreationPolicy`
    pub creation_policy: Option<Value>,
    /// `UpdatePolicy`
    pub update_policy: Option<Value>,
    /// `Metadata`
    pub metadata: Option<Value>,
}

/// An output with its computed value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluatedOutput {
    /// For people.
    pub description: Option<String>,
    /// Text, or a call that waits for deployment.
    pub value: Value,
    /// The name under which it is exported.
    pub export_name: Option<Value>,
}

/// Evaluates a whole template for one stack; `AWS::Include`, as far as the lookup has the snippets, and
/// `AWS::LanguageExtensions` are applied.
///
/// # Errors
/// Everything that CloudFormation would refuse, in its words: the template's shape, parameters, unresolved names,
/// circles, functions with wrong arguments.
pub fn evaluate(template: &Template, inputs: &Inputs, lookup: &dyn Lookup) -> Result<Evaluated, Vec<Problem>> {
    if template.has_open_transforms() && has_include(template.value()) {
        let included = expand_includes(template, inputs, lookup)?;
        // What is left cannot be evaluated, and is named.
        return if has_include(included.value()) {
            evaluate_expanded(&included, inputs, lookup)
        } else {
            evaluate(&included, inputs, lookup)
        };
    }
    if template.is_extended() {
        let expanded = expand_language_extensions(template, inputs, lookup)?;
        return evaluate_expanded(&expanded, inputs, lookup);
    }
    evaluate_expanded(template, inputs, lookup)
}

fn evaluate_expanded(template: &Template, inputs: &Inputs, lookup: &dyn Lookup) -> Result<Evaluated, Vec<Problem>> {
    let scope = Scope::new(template, inputs, lookup)?;
    let mut problems = Vec::new();
    if let Err(cycle) = scope.graph(template).order() {
        problems.push(cycle.to_problem());
    }
    let mut resources = IndexMap::new();
    for resource in template.resources().filter(|resource| scope.exists(resource)) {
        match scope.resource(template, resource.name, lookup) {
            Ok(evaluated) => drop(resources.insert(resource.name.to_owned(), evaluated)),
            Err(found) => problems.extend(found),
        }
    }
    let outputs = match scope.outputs(template, lookup) {
        Ok(outputs) => outputs,
        Err(found) => {
            problems.extend(found);
            IndexMap::new()
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let (parameters, conditions) = scope.into_parts();
    Ok(Evaluated { parameters, conditions, resources, outputs })
}

/// Something that is known only at deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// What `Ref` gives for a resource, or for a parameter whose value is in SSM, or `AWS::StackId`.
    Reference(String),
    /// An attribute of a resource.
    Attribute(String, String),
    /// An export of another stack.
    Import(String),
    /// The availability zones of a region.
    Zones(String),
    /// An output of another stack: the stack's name and the output's, empty where they are not known themselves.
    StackOutput(String, String),
}

/// Lists what an evaluated value waits for, in its order, each once.
#[must_use]
pub fn unknowns(value: &Value) -> Vec<Unknown> {
    let mut found = Vec::new();
    references(value, &mut Vec::new(), &|_| None, &mut |reference, _| match reference {
        Reference::Name(name) => found.push(Unknown::Reference(name.to_owned())),
        Reference::Attribute(resource, attribute) => {
            found.push(Unknown::Attribute(resource.to_owned(), attribute.unwrap_or_default().to_owned()));
        }
        Reference::Condition(_) | Reference::Mapping(_) => {}
    });
    collect_imports(value, &mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|unknown| seen.insert(unknown.clone()));
    found
}

fn collect_imports(value: &Value, found: &mut Vec<Unknown>) {
    if let Some(Call::Known(Function::GetStackOutput, _, argument)) = call(value) {
        let text = |name| argument.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        found.push(Unknown::StackOutput(text("StackName"), text("OutputName")));
    }
    if let Some(Call::Known(function, _, argument)) = call(value)
        && let Some(text) = argument.as_str()
    {
        if function == Function::ImportValue {
            found.push(Unknown::Import(text.to_owned()));
        } else if function == Function::GetAzs {
            found.push(Unknown::Zones(text.to_owned()));
        }
    }
    // Of which region is open when the argument is no text; another call in it tells itself what it waits for.
    if let Some(Call::Known(Function::GetAzs, _, argument)) = call(value)
        && !matches!(argument, Value::String(_) | Value::Object(_))
    {
        found.push(Unknown::Zones(String::new()));
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_imports(item, found)),
        Value::Object(object) => object.values().for_each(|member| collect_imports(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Tells whether an evaluated value waits for nothing.
#[must_use]
pub fn is_known(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_known),
        Value::Object(object) => call(value).is_none() && object.values().all(is_known),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
