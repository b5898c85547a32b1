//! Names that must be defined: every reference of a template is looked up without knowing any value.

use serde_json::Value;
use stackfleet_base::suggest::nearest;

use crate::{
    Problem, Resource, Template,
    graph::{EVALUATED_ATTRIBUTES, Graph},
    intrinsic::{PSEUDO_PARAMETERS, Reference, is_pseudo_parameter, references},
    pointer::{Path, Step, to_pointer},
    problem::{FUNCTION, UNRESOLVED},
};

/// Returns the references that lead nowhere, and circles that no condition can open.
pub(crate) fn problems(template: &Template) -> Vec<Problem> {
    let mut checker = Checker { template, problems: Vec::new() };
    checker.conditions();
    for resource in template.resources() {
        checker.resource(&resource);
    }
    checker.outputs();
    let mut problems = checker.problems;
    if let Err(cycle) = Graph::unconditional(template).order() {
        problems.push(cycle.to_problem());
    }
    problems
}

fn suggesting<'known>(problem: Problem, name: &str, known: impl Iterator<Item = &'known str>) -> Problem {
    match nearest(name, known) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

struct Checker<'template> {
    template: &'template Template,
    problems: Vec<Problem>,
}

impl<'template> Checker<'template> {
    fn has_resource(&self, name: &str) -> bool {
        self.template.resource(name).is_some()
    }

    fn has_member(&self, section: &str, name: &str) -> bool {
        self.template.value().get(section).and_then(|section| section.get(name)).is_some()
    }

    fn has_name(&self, name: &str) -> bool {
        is_pseudo_parameter(name) || self.template.parameters().contains_key(name) || self.has_resource(name)
    }

    fn conditions(&mut self) {
        for (name, body) in self.template.section("Conditions") {
            let mut path = vec![Step::Key("Conditions"), Step::Key(name)];
            self.value(body, &mut path, "Conditions");
        }
    }

    fn resource(&mut self, resource: &Resource<'template>) {
        let mut path = vec![Step::Key("Resources"), Step::Key(resource.name)];
        self.condition_attribute(resource.condition(), &mut path, "Resources");
        for name in resource.depends_on() {
            if !self.has_resource(name) {
                path.push(Step::Key("DependsOn"));
                let problem = Problem::unresolved(name, "Resources", to_pointer(&path));
                let known = self.template.resources().map(|resource| resource.name);
                self.problems.push(suggesting(problem, name, known));
                path.pop();
            }
        }
        for attribute in EVALUATED_ATTRIBUTES {
            if let Some(value) = resource.attribute(attribute) {
                path.push(Step::Key(attribute));
                self.value(value, &mut path, "Resources");
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
                    self.value(value, &mut path, "Outputs");
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
        let Some(name) = condition.filter(|name| !self.has_member("Conditions", name)) else { return };
        path.push(Step::Key("Condition"));
        let message = format!(
            "Template format error: Unresolved condition dependency {name} in the {block} block of the template"
        );
        let known = self.template.section("Conditions").map(|(name, _)| name);
        self.problems.push(suggesting(Problem::new(UNRESOLVED, message, to_pointer(path)), name, known));
        path.pop();
    }

    fn value(&mut self, value: &'template Value, path: &mut Path<'template>, block: &'static str) {
        let mut found = Vec::new();
        references(value, path, &|_| None, &mut |reference, at| found.push((reference, at.to_vec())));
        for (reference, at) in found {
            self.reference(reference, &at, block);
        }
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
                let known = self.template.resources().map(|resource| resource.name);
                let parameters = self.template.parameters().keys().map(String::as_str);
                let known = known.chain(parameters).chain(PSEUDO_PARAMETERS);
                self.problems.push(suggesting(Problem::unresolved(name, block, to_pointer(path)), name, known));
            }
            Reference::Attribute(..) if in_conditions => {
                let message = "Template error: Fn::GetAtt cannot be used in the Conditions block of the template";
                self.refuse(FUNCTION, path, message);
            }
            Reference::Attribute(name, attribute) if !self.has_resource(name) => {
                let in_sub = path.contains(&Step::Key("Fn::Sub"));
                let message = match attribute.filter(|_| in_sub) {
                    Some(attribute) => format!(
                        "Template error: instance of Fn::Sub references invalid resource attribute {name}.{attribute}"
                    ),
                    None => format!("Template error: instance of Fn::GetAtt references undefined resource {name}"),
                };
                let known = self.template.resources().map(|resource| resource.name);
                self.problems.push(suggesting(Problem::new(UNRESOLVED, message, to_pointer(path)), name, known));
            }
            Reference::Condition(name) if !self.has_member("Conditions", name) => {
                let function = match path.last() {
                    Some(Step::Key(key)) => key,
                    Some(Step::Index(_)) | None => "Condition",
                };
                let message = format!("Template error: unresolved condition dependency {name} in {function}");
                let known = self.template.section("Conditions").map(|(name, _)| name);
                self.problems.push(suggesting(Problem::new(UNRESOLVED, message, to_pointer(path)), name, known));
            }
            Reference::Mapping(name) if !self.has_member("Mappings", name) => {
                let message = format!(
                    "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                );
                let known = self.template.section("Mappings").map(|(name, _)| name);
                self.problems.push(suggesting(Problem::new(UNRESOLVED, message, to_pointer(path)), name, known));
            }
            Reference::Name(_) | Reference::Attribute(..) | Reference::Condition(_) | Reference::Mapping(_) => {}
        }
    }

    fn refuse(&mut self, code: &'static str, path: &[Step<'_>], message: impl Into<String>) {
        self.problems.push(Problem::new(code, message, to_pointer(path)));
    }
}
