//! Which resource must exist before which: order, and circles. [`links()`] tells each reference.

mod links;

use std::collections::{BTreeMap, BTreeSet};

pub use links::{Link, LinkKind, links};

use crate::{
    Problem, Resource, Template,
    intrinsic::{Reference, references},
    pointer::{Step, to_pointer},
    problem::CYCLE,
};

/// The attributes of a resource in which functions count (all but `Type`, `Condition` and `DependsOn`).
pub(crate) const EVALUATED_ATTRIBUTES: [&str; 6] =
    ["Properties", "Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"];

/// The resources of a template and what each needs, by `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    names: Vec<String>,
    index: BTreeMap<String, usize>,
    dependencies: Vec<Vec<usize>>,
}

/// Returns the graph of all resources, whatever the conditions: both branches of every `Fn::If` count.
#[must_use]
pub fn graph(template: &Template) -> Graph {
    Graph::build(template, &|_| true, &|_| None)
}

impl Graph {
    /// Builds the graph of the resources that are `present`, with the branches that `choose` picks.
    pub(crate) fn build(
        template: &Template,
        present: &dyn Fn(&Resource<'_>) -> bool,
        choose: &dyn Fn(&str) -> Option<bool>,
    ) -> Self {
        Self::with_edges(template, present, &|resource| needs(resource, choose))
    }

    fn with_edges<'template>(
        template: &'template Template,
        present: &dyn Fn(&Resource<'_>) -> bool,
        edges: &dyn Fn(&Resource<'template>) -> Vec<&'template str>,
    ) -> Self {
        let resources: Vec<Resource<'_>> = template.resources().filter(|resource| present(resource)).collect();
        let names: Vec<String> = resources.iter().map(|resource| resource.name.to_owned()).collect();
        let index: BTreeMap<String, usize> = names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let of_resource = |resource: &Resource<'template>| {
            let mut needed: Vec<usize> = Vec::new();
            for name in edges(resource) {
                if let Some(at) = index.get(name).filter(|at| !needed.contains(at)) {
                    needed.push(*at);
                }
            }
            needed
        };
        let dependencies = resources.iter().map(of_resource).collect();
        Self { names, index, dependencies }
    }

    /// Returns the resources in the order of the template.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Returns what a resource needs, in the order in which its body names them; nothing for an unknown name.
    pub fn dependencies(&self, logical_id: &str) -> impl Iterator<Item = &str> + use<'_> {
        let needed = self.index.get(logical_id).and_then(|at| self.dependencies.get(*at));
        needed.into_iter().flatten().filter_map(|at| self.name(*at))
    }

    /// Returns what needs a resource, in the order of the template.
    pub fn dependents(&self, logical_id: &str) -> impl Iterator<Item = &str> + use<'_> {
        let wanted = self.index.get(logical_id).copied();
        let needs_it = move |needed: &Vec<usize>| wanted.is_some_and(|at| needed.contains(&at));
        self.dependencies
            .iter()
            .enumerate()
            .filter(move |(_, needed)| needs_it(needed))
            .filter_map(|(at, _)| self.name(at))
    }

    /// Returns the resources so that each comes after what it needs; among equals in the order of the template.
    ///
    /// # Errors
    /// When resources depend on each other in a circle.
    pub fn order(&self) -> Result<Vec<&str>, Cycle> {
        match order(&self.dependencies) {
            Ok(order) => Ok(order.into_iter().filter_map(|at| self.name(at)).collect()),
            Err(circle) => {
                let names = circle.into_iter().filter_map(|at| self.name(at));
                Err(Cycle { resources: names.map(str::to_owned).collect() })
            }
        }
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).map(String::as_str)
    }
}

/// Puts numbers in order so that each comes after those that it needs; among equals the smaller first.
///
/// # Errors
/// The numbers that are in circles, in order.
pub(crate) fn order(dependencies: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<usize> = dependencies.iter().map(Vec::len).collect();
    let dependents = reversed(dependencies);
    let mut ready: BTreeSet<usize> =
        missing.iter().enumerate().filter(|(_, count)| **count == 0).map(|(at, _)| at).collect();
    let mut order = Vec::with_capacity(dependencies.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for dependent in dependents.get(at).into_iter().flatten() {
            if let Some(count) = missing.get_mut(*dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*dependent);
                }
            }
        }
    }
    if order.len() == dependencies.len() {
        return Ok(order);
    }
    let done: BTreeSet<usize> = order.into_iter().collect();
    let left = (0..dependencies.len()).filter(|at| !done.contains(at)).collect();
    Err(circles(left, &dependents))
}

/// Takes away what nothing left over needs, again and again: the rest are circles, and what lies between them.
fn circles(mut left: BTreeSet<usize>, dependents: &[Vec<usize>]) -> Vec<usize> {
    loop {
        let idle = |at: &usize| !dependents.get(*at).into_iter().flatten().any(|dependent| left.contains(dependent));
        let Some(leaf) = left.iter().copied().find(idle) else { break };
        left.remove(&leaf);
    }
    left.into_iter().collect()
}

fn reversed(dependencies: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut dependents = vec![Vec::new(); dependencies.len()];
    for (at, needed) in dependencies.iter().enumerate() {
        for need in needed {
            if let Some(list) = dependents.get_mut(*need) {
                list.push(at);
            }
        }
    }
    dependents
}

/// Resources that depend on each other in a circle, in the order of the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Circular dependency between resources: [{}]", resources.join(", "))]
pub struct Cycle {
    /// Their logical ids.
    pub resources: Vec<String>,
}

impl Cycle {
    /// Returns the same as a problem at the first of the resources.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        let first = self.resources.first().map_or("", String::as_str);
        Problem::new(CYCLE, self.to_string(), to_pointer(&[Step::Key("Resources"), Step::Key(first)]))
    }
}

fn needs<'template>(resource: &Resource<'template>, choose: &dyn Fn(&str) -> Option<bool>) -> Vec<&'template str> {
    let mut needed: Vec<&str> = resource.depends_on().collect();
    for attribute in EVALUATED_ATTRIBUTES {
        let Some(value) = resource.attribute(attribute) else { continue };
        references(value, &mut Vec::new(), choose, &mut |reference, _| match reference {
            Reference::Name(name) | Reference::Attribute(name, _) => needed.push(name),
            Reference::Condition(_) | Reference::Mapping(_) => {}
        });
    }
    needed
}
