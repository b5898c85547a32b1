//! What holds for a whole stack: parameter values, conditions, which resources exist.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{
    EvaluatedOutput, EvaluatedResource, condition,
    function::Evaluator,
    inputs::{Answer, Inputs, Lookup, Nothing, ParameterValue},
    text::{is_residual, residual, scalar_text},
};
use crate::{
    Output, Parameter, Problem, Resource, Template,
    graph::Graph,
    include::open_macros,
    intrinsic::{Reference, references},
    parameter::items,
    pointer::{Step, to_pointer},
    problem::{PARAMETER, TRANSFORM, VALUE},
};

/// Parameters and conditions of one stack, decided; resources are evaluated in it one by one.
///
/// A scope belongs to the template that it was made for; the methods take that template again so that it can be shared.
#[derive(Debug, Clone)]
pub struct Scope {
    /// `None` where nothing about the stack is known.
    pub(super) inputs: Option<Inputs>,
    pub(super) parameters: IndexMap<String, ParameterValue>,
    pub(super) conditions: IndexMap<String, bool>,
}

impl Scope {
    /// Checks the template's shape and the parameters, applies the rules, decides the conditions.
    ///
    /// # Errors
    /// What CloudFormation would refuse before it touches any resource.
    pub fn new(template: &Template, inputs: &Inputs, lookup: &dyn Lookup) -> Result<Self, Vec<Problem>> {
        if !template.problems().is_empty() {
            return Err(template.problems().to_vec());
        }
        if template.has_open_transforms() {
            return Err(open_transforms(template));
        }
        let mut scope = Self::with_parameters(template, inputs, lookup)?;
        condition::decide(template, &mut scope, lookup)?;
        condition::apply_rules(template, &scope, lookup)?;
        let absent = scope.references_to_absent(template);
        if absent.is_empty() { Ok(scope) } else { Err(absent) }
    }

    /// Decides only the parameters: enough for what runs before conditions.
    pub(crate) fn with_parameters(
        template: &Template,
        inputs: &Inputs,
        lookup: &dyn Lookup,
    ) -> Result<Self, Vec<Problem>> {
        let parameters = parameter_values(template, inputs, lookup)?;
        Ok(Self { inputs: Some(inputs.clone()), parameters, conditions: IndexMap::new() })
    }

    /// Computes a value that is not a part of the template.
    pub(crate) fn computed(
        &self,
        template: &Template,
        value: &Value,
        lookup: &dyn Lookup,
    ) -> Result<Value, Vec<Problem>> {
        let mut evaluator = Evaluator::new(template, self, lookup, Vec::new());
        let computed = evaluator.item(0, value).unwrap_or_default();
        evaluator.finish(computed)
    }

    /// Makes the scope of no stack in particular: no parameter has a value and no condition is decided. Both branches
    /// of every `Fn::If` are then looked at.
    pub(crate) fn open(template: &Template) -> Self {
        let unknown = |(name, parameter): (&String, &Parameter)| {
            let value = residual("Ref", Value::from(name.as_str()));
            let no_echo = parameter.no_echo;
            (name.clone(), ParameterValue { given: String::new(), is_default: false, value, resolved: None, no_echo })
        };
        let parameters = template.parameters().iter().map(unknown).collect();
        Self { inputs: None, parameters, conditions: IndexMap::new() }
    }

    /// Finds functions with wrong arguments whatever the parameters are.
    pub(crate) fn function_problems(&self, template: &Template) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, body) in template.section("Conditions") {
            let start = vec![Step::Key("Conditions"), Step::Key(name)];
            let mut evaluator = Evaluator::new(template, self, &Nothing, start);
            evaluator.truth(body);
            problems.extend(evaluator.finish(()).err().unwrap_or_default());
        }
        for resource in template.resources() {
            problems.extend(self.resource(template, resource.name, &Nothing).err().unwrap_or_default());
        }
        problems.extend(self.outputs(template, &Nothing).err().unwrap_or_default());
        problems
    }

    /// Returns the parameters' values.
    #[must_use]
    pub fn parameters(&self) -> &IndexMap<String, ParameterValue> {
        &self.parameters
    }

    /// Returns the conditions, decided.
    #[must_use]
    pub fn conditions(&self) -> &IndexMap<String, bool> {
        &self.conditions
    }

    pub(super) fn into_parts(self) -> (IndexMap<String, ParameterValue>, IndexMap<String, bool>) {
        (self.parameters, self.conditions)
    }

    fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(true))
    }

    /// Tells whether a resource exists in this stack.
    #[must_use]
    pub fn exists(&self, resource: &Resource<'_>) -> bool {
        self.holds(resource.condition())
    }

    /// Returns the graph of the resources that exist, with the branches of `Fn::If` that hold.
    #[must_use]
    pub fn graph(&self, template: &Template) -> Graph {
        Graph::build(template, &|resource| self.exists(resource), &|name| self.conditions.get(name).copied())
    }

    /// Evaluates one resource.
    ///
    /// # Errors
    /// When there is no such resource in this stack, or a function cannot be computed.
    pub fn resource(
        &self,
        template: &Template,
        logical_id: &str,
        lookup: &dyn Lookup,
    ) -> Result<EvaluatedResource, Vec<Problem>> {
        let Some(resource) = template.resource(logical_id).filter(|resource| self.exists(resource)) else {
            return Err(vec![Problem::unresolved(logical_id, "Resources", "/Resources")]);
        };
        let start = vec![Step::Key("Resources"), Step::Key(resource.name)];
        let mut evaluator = Evaluator::new(template, self, lookup, start);
        let mut attribute = |name| resource.attribute(name).and_then(|value| evaluator.member(name, value));
        let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let evaluated = EvaluatedResource {
            type_name: resource.type_name().to_owned(),
            properties: match attribute("Properties") {
                Some(Value::Object(properties)) => properties,
                _ => Map::new(),
            },
            depends_on: resource.depends_on().map(str::to_owned).collect(),
            condition: resource.condition().map(str::to_owned),
            deletion_policy: text(attribute("DeletionPolicy")),
            update_replace_policy: text(attribute("UpdateReplacePolicy")),
            creation_policy: attribute("CreationPolicy"),
            update_policy: attribute("UpdatePolicy"),
            metadata: attribute("Metadata"),
        };
        evaluator.finish(evaluated)
    }

    /// Evaluates the outputs that exist.
    ///
    /// # Errors
    /// When a value cannot be computed or is not text.
    pub fn outputs(
        &self,
        template: &Template,
        lookup: &dyn Lookup,
    ) -> Result<IndexMap<String, EvaluatedOutput>, Vec<Problem>> {
        let mut outputs = IndexMap::new();
        let mut problems = Vec::new();
        for output in template.outputs().filter(|output| self.holds(output.condition())) {
            match self.output(template, &output, lookup) {
                Ok(evaluated) => drop(outputs.insert(output.name.to_owned(), evaluated)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(outputs) } else { Err(problems) }
    }

    fn output(
        &self,
        template: &Template,
        output: &Output<'_>,
        lookup: &dyn Lookup,
    ) -> Result<EvaluatedOutput, Vec<Problem>> {
        let start = vec![Step::Key("Outputs"), Step::Key(output.name)];
        let mut evaluator = Evaluator::new(template, self, lookup, start);
        let value = output.value().and_then(|value| evaluator.member("Value", value)).unwrap_or_default();
        let value = scalar_text(&value).map_or(value, Value::String);
        if !value.is_string() && !value.is_null() && !is_residual(&value) {
            let message = "Template format error: The Value field of every Outputs member must evaluate to a String.";
            evaluator.refuse(VALUE, message);
        }
        let export = output.body.get("Export").and_then(|export| evaluator.member("Export", export));
        let description = output.body.get("Description").and_then(Value::as_str).map(str::to_owned);
        let export_name = export.and_then(|export| export.get("Name").cloned());
        evaluator.finish(EvaluatedOutput { description, value, export_name })
    }

    /// Finds references from what exists to resources that a condition removes.
    fn references_to_absent(&self, template: &Template) -> Vec<Problem> {
        if template.resources().all(|resource| self.exists(&resource)) {
            return Vec::new();
        }
        let absent = |name: &str| template.resource(name).is_some_and(|resource| !self.exists(&resource));
        let mut problems = Vec::new();
        let mut look = |block: &'static str, name: &str, attribute: &str, value: &Value| {
            let mut path = vec![Step::Key(block), Step::Key(name), Step::Key(attribute)];
            let choose = |condition: &str| self.conditions.get(condition).copied();
            // The path's lifetime is that of the value; names of block and attribute are joined before.
            let mut found = Vec::new();
            collect_absent(value, &mut path, &choose, &absent, &mut found);
            for (name, pointer) in found {
                problems.push(Problem::unresolved(&name, block, pointer));
            }
        };
        for resource in template.resources().filter(|resource| self.exists(resource)) {
            for attribute in crate::graph::EVALUATED_ATTRIBUTES {
                if let Some(value) = resource.attribute(attribute) {
                    look("Resources", resource.name, attribute, value);
                }
            }
        }
        for output in template.outputs().filter(|output| self.holds(output.condition())) {
            for attribute in ["Value", "Export"] {
                if let Some(value) = output.body.get(attribute) {
                    look("Outputs", output.name, attribute, value);
                }
            }
        }
        problems
    }
}

/// Says which macros have still to run.
fn open_transforms(template: &Template) -> Vec<Problem> {
    let problem =
        |(name, pointer)| Problem::new(TRANSFORM, format!("the template must be transformed first: {name}"), pointer);
    let found: Vec<Problem> = open_macros(template.value()).into_iter().map(problem).collect();
    if !found.is_empty() {
        return found;
    }
    let message = "Fn::ForEach needs `Transform: AWS::LanguageExtensions`";
    vec![Problem::new(TRANSFORM, message, "").help("declare the transform at the top level of the template")]
}

fn collect_absent<'value>(
    value: &'value Value,
    path: &mut Vec<Step<'value>>,
    choose: &dyn Fn(&str) -> Option<bool>,
    absent: &dyn Fn(&str) -> bool,
    found: &mut Vec<(String, String)>,
) {
    references(value, path, choose, &mut |reference, at| match reference {
        Reference::Name(name) | Reference::Attribute(name, _) if absent(name) => {
            found.push((name.to_owned(), to_pointer(at)));
        }
        Reference::Name(_) | Reference::Attribute(..) | Reference::Condition(_) | Reference::Mapping(_) => {}
    });
}

fn parameter_values(
    template: &Template,
    inputs: &Inputs,
    lookup: &dyn Lookup,
) -> Result<IndexMap<String, ParameterValue>, Vec<Problem>> {
    let declared = template.parameters();
    let mut problems = Vec::new();
    let names = |names: Vec<&str>| names.join(", ");
    let surplus: Vec<&str> =
        inputs.parameters.keys().map(String::as_str).filter(|name| !declared.contains_key(*name)).collect();
    if !surplus.is_empty() {
        let message = format!("Parameters: [{}] do not exist in the template", names(surplus));
        problems.push(Problem::new(PARAMETER, message, "/Parameters"));
    }
    let given = |name: &str, parameter: &Parameter| {
        inputs
            .parameters
            .get(name)
            .cloned()
            .map(|value| (value, false))
            .or_else(|| parameter.default.clone().map(|value| (value, true)))
    };
    let mut missing = Vec::new();
    let mut values = IndexMap::with_capacity(declared.len());
    for (name, parameter) in declared {
        let Some((given, is_default)) = given(name, parameter) else {
            missing.push(name.as_str());
            continue;
        };
        match parameter_value(name, parameter, given, is_default, lookup) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            Err(message) => {
                let pointer = to_pointer(&[Step::Key("Parameters"), Step::Key(name)]);
                problems.push(Problem::new(PARAMETER, message, pointer));
            }
        }
    }
    if let Some(first) = missing.first() {
        let pointer = to_pointer(&[Step::Key("Parameters"), Step::Key(first)]);
        let message = format!("Parameters: [{}] must have values", names(missing));
        problems.insert(0, Problem::new(PARAMETER, message, pointer));
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

fn parameter_value(
    name: &str,
    parameter: &Parameter,
    given: String,
    is_default: bool,
    lookup: &dyn Lookup,
) -> Result<ParameterValue, String> {
    parameter.check(name, &given)?;
    let kind = parameter.kind;
    let is_list = kind.is_some_and(crate::ParameterKind::is_list);
    let shape = |text: &str| match is_list {
        // An empty text is a list of nothing.
        true if text.is_empty() => Value::Array(Vec::new()),
        true => items(text).map(Value::from).collect(),
        false => Value::from(text),
    };
    let (value, resolved) = if kind.is_some_and(crate::ParameterKind::is_ssm) {
        match lookup.ssm_parameter(&given) {
            Answer::Known(Value::String(text)) => (shape(&text), Some(text)),
            Answer::Known(other) => (other, None),
            Answer::Unknown => (residual("Ref", Value::from(name)), None),
            Answer::Refused(message) => return Err(message),
        }
    } else {
        (shape(&given), None)
    };
    Ok(ParameterValue { given, is_default, value, resolved, no_echo: parameter.no_echo })
}
