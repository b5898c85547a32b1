//! Names that must be defined: every reference of a template is looked up without knowing any value.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    Problem, Resource, Template,
    graph::{Cycle, EVALUATED_ATTRIBUTES, order},
    intrinsic::{PSEUDO_PARAMETERS, Reference, is_pseudo_parameter, references},
    pointer::{Path, Step, to_pointer},
    problem::{FUNCTION, UNRESOLVED},
};

/// Returns the references that lead nowhere, and circles that no condition can open.
pub(crate) fn problems(template: &Template) -> Vec<Problem> {
    let mut checker = Checker::new(template);
    checker.conditions();
    for (at, resource) in template.resources().enumerate() {
        checker.resource(at, &resource);
    }
    checker.outputs();
    checker.circles();
    checker.problems
}

/// How many wrong names get suggestions.
const SUGGESTIONS_MAX: usize = 200;

struct Checker<'template> {
    template: &'template Template,
    /// The resources, with their numbers.
    resources: IndexMap<&'template str, ()>,
    conditions: Option<&'template Map<String, Value>>,
    mappings: Option<&'template Map<String, Value>>,
    /// For each resource those that it needs whatever the conditions: references outside of `Fn::If` among
    /// unconditional resources.
    needed: Vec<Vec<usize>>,
    problems: Vec<Problem>,
}

impl<'template> Checker<'template> {
    fn new(template: &'template Template) -> Self {
        let resources: IndexMap<&str, ()> = template.resources().map(|resource| (resource.name, ())).collect();
        let section = |name| template.value().get(name).and_then(Value::as_object);
        Self {
            template,
            conditions: section("Conditions"),
            mappings: section("Mappings"),
            needed: vec![Vec::new(); resources.len()],
            resources,
            problems: Vec::new(),
        }
    }

    fn has_resource(&self, name: &str) -> bool {
        self.resources.contains_key(name)
    }

    fn has_name(&self, name: &str) -> bool {
        is_pseudo_parameter(name) || self.template.parameters().contains_key(name) || self.has_resource(name)
    }

    fn has_condition(&self, name: &str) -> bool {
        self.conditions.is_some_and(|section| section.contains_key(name))
    }

    fn has_mapping(&self, name: &str) -> bool {
        self.mappings.is_some_and(|section| section.contains_key(name))
    }

    fn is_conditional(&self, at: usize) -> bool {
        let resource = self.resources.get_index(at).and_then(|(name, ())| self.template.resource(name));
        resource.is_some_and(|resource| resource.condition().is_some())
    }

    fn needs(&mut self, at: usize, needed: &str) {
        if let (Some(needed), Some(list)) = (self.resources.get_index_of(needed), self.needed.get_mut(at))
            && !list.contains(&needed)
        {
            list.push(needed);
        }
    }

    fn circles(&mut self) {
        let conditional: Vec<bool> = (0..self.needed.len()).map(|at| self.is_conditional(at)).collect();
        let stays = |at: usize| !conditional.get(at).copied().unwrap_or_default();
        for (at, needed) in self.needed.iter_mut().enumerate() {
            needed.retain(|needed| stays(at) && stays(*needed));
        }
        if let Err(circle) = order(&self.needed) {
            let names = circle.into_iter().filter_map(|at| self.resources.get_index(at));
            let cycle = Cycle { resources: names.map(|(name, ())| (*name).to_owned()).collect() };
            self.problems.push(cycle.to_problem());
        }
    }

    fn conditions(&mut self) {
        for (name, body) in self.template.section("Conditions") {
            let mut path = vec![Step::Key("Conditions"), Step::Key(name)];
            self.value(body, &mut path, "Conditions", None);
        }
    }

    fn resource(&mut self, at: usize, resource: &Resource<'template>) {
        let mut path = vec![Step::Key("Resources"), Step::Key(resource.name)];
        self.condition_attribute(resource.condition(), &mut path, "Resources");
        let in_list = resource.attribute("DependsOn").is_some_and(Value::is_array);
        path.push(Step::Key("DependsOn"));
        for (index, name) in resource.depends_on().enumerate() {
            self.needs(at, name);
            if !self.has_resource(name) {
                path.extend(in_list.then_some(Step::Index(index)));
                let problem = Problem::unresolved(name, "Resources", to_pointer(&path));
                let known = self.template.resources().map(|resource| resource.name);
                self.report(problem, name, known);
                path.truncate(3);
            }
        }
        path.pop();
        for attribute in EVALUATED_ATTRIBUTES {
            if let Some(value) = resource.attribute(attribute) {
                path.push(Step::Key(attribute));
                self.value(value, &mut path, "Resources", Some(at));
                path.pop();
            }
        }
    }

    fn outputs(&mut self) {
        for output in self.template.outputs() {
            let mut path = vec![Step::Key("Outputs"), Step::Key(output.name)];
            self.condition_attribute(output.condition(), &mut path, "Outputs");
            for attribute in ["Value", "Export"] {
                if let Some(value) = output.body.get(attribute) {
                    path.push(Step::Key(attribute));
                    self.value(value, &mut path, "Outputs", None);
                    path.pop();
                }
            }
        }
    }

    fn condition_attribute(
        &mut self,
        condition: Option<&'template str>,
        path: &mut Path<'template>,
        block: &'static str,
    ) {
        let Some(name) = condition.filter(|name| !self.has_condition(name)) else { return };
        path.push(Step::Key("Condition"));
        let message = format!(
            "Template format error: Unresolved condition dependency {name} in the {block} block of the template"
        );
        let known = self.template.section("Conditions").map(|(name, _)| name);
        self.report(Problem::new(UNRESOLVED, message, to_pointer(path)), name, known);
        path.pop();
    }

    /// Looks at every reference of a value, which may be a part of the resource with a number.
    fn value(
        &mut self,
        value: &'template Value,
        path: &mut Path<'template>,
        block: &'static str,
        resource: Option<usize>,
    ) {
        references(value, path, &|_| None, &mut |reference, at| {
            if let (Some(resource), Reference::Name(name) | Reference::Attribute(name, _)) = (resource, reference)
                && !at.contains(&Step::Key("Fn::If"))
            {
                self.needs(resource, name);
            }
            self.reference(reference, at, block);
        });
    }

    fn reference(&mut self, reference: Reference<'_>, path: &[Step<'_>], block: &'static str) {
        let in_conditions = block == "Conditions";
        match reference {
            Reference::Name(name) if in_conditions && self.has_resource(name) => {
                let message = format!(
                    "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the \
                     Conditions block of the template"
                );
                self.refuse(UNRESOLVED, path, message);
            }
            Reference::Name(name) if !self.has_name(name) => {
                let resources = self.template.resources().map(|resource| resource.name);
                let resources = resources.filter(|_| !in_conditions);
                let parameters = self.template.parameters().keys().map(String::as_str);
                let known = resources.chain(parameters).chain(PSEUDO_PARAMETERS);
                self.report(Problem::unresolved(name, block, to_pointer(path)), name, known);
            }
            Reference::Attribute(..) if in_conditions => {
                let message = "Template error: Fn::GetAtt cannot be used in the Conditions block of the template";
                self.refuse(FUNCTION, path, message);
            }
            Reference::Attribute(name, attribute) if !self.has_resource(name) => {
                let in_call = path.last() == Some(&Step::Key("Fn::GetAtt"));
                let message = match attribute.filter(|_| !in_call) {
                    Some(attribute) => format!(
                        "Template error: instance of Fn::Sub references invalid resource attribute {name}.{attribute}"
                    ),
                    None => format!("Template error: instance of Fn::GetAtt references undefined resource {name}"),
                };
                let pointer = if in_call { first_item(path) } else { to_pointer(path) };
                let known = self.template.resources().map(|resource| resource.name);
                self.report(Problem::new(UNRESOLVED, message, pointer), name, known);
            }
            Reference::Condition(name) if !self.has_condition(name) => {
                let function = match path.last() {
                    Some(Step::Key(key)) => key,
                    Some(Step::Index(_)) | None => "Condition",
                };
                let message = format!("Template error: unresolved condition dependency {name} in {function}");
                let pointer = if function == "Fn::If" { first_item(path) } else { to_pointer(path) };
                let known = self.template.section("Conditions").map(|(name, _)| name);
                self.report(Problem::new(UNRESOLVED, message, pointer), name, known);
            }
            Reference::Mapping(name) if !self.has_mapping(name) => {
                let message = format!(
                    "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                );
                let known = self.template.section("Mappings").map(|(name, _)| name);
                self.report(Problem::new(UNRESOLVED, message, first_item(path)), name, known);
            }
            Reference::Name(_) | Reference::Attribute(..) | Reference::Condition(_) | Reference::Mapping(_) => {}
        }
    }

    /// Reports a name that leads nowhere, with the one that may be meant. A template in which hardly anything is right
    /// gets no suggestions: they take time.
    fn report<'known>(&mut self, problem: Problem, name: &str, known: impl Iterator<Item = &'known str>) {
        let known = known.filter(|_| self.problems.len() < SUGGESTIONS_MAX);
        let problem = problem.suggesting(name, known.collect::<Vec<_>>());
        self.problems.push(problem);
    }

    fn refuse(&mut self, code: &'static str, path: &[Step<'_>], message: impl Into<String>) {
        self.problems.push(Problem::new(code, message, to_pointer(path)));
    }
}

/// Returns the pointer of a list's first item.
fn first_item(path: &[Step<'_>]) -> String {
    to_pointer(path) + "/0"
}
