//! The order of work on a stack's resources: each after those it depends on, all others side by side.
//!
//! A walk knows names and edges, nothing of what is done at a node. Deletion walks the same edges backwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

/// A logical resource id.
pub type Logical = Arc<str>;

/// Nodes that wait, run or are done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Waiting nodes with the nodes that must be done before.
    waiting: BTreeMap<Logical, BTreeSet<Logical>>,
    running: BTreeSet<Logical>,
}

impl Walk {
    /// Walks from the dependencies to the dependants. Edges to nodes outside the walk do not count.
    pub fn forward<'a>(edges: impl IntoIterator<Item = (&'a Logical, &'a [Logical])>) -> Self {
        let mut waiting: BTreeMap<Logical, BTreeSet<Logical>> =
            edges.into_iter().map(|(node, needs)| (node.clone(), needs.iter().cloned().collect())).collect();
        let known: BTreeSet<Logical> = waiting.keys().cloned().collect();
        for (node, needs) in &mut waiting {
            needs.retain(|need| known.contains(need) && need != node);
        }
        Self { waiting, running: BTreeSet::new() }
    }

    /// Walks from the dependants to the dependencies.
    pub fn backward<'a>(edges: impl IntoIterator<Item = (&'a Logical, &'a [Logical])>) -> Self {
        let forward = Self::forward(edges);
        let mut waiting: BTreeMap<Logical, BTreeSet<Logical>> =
            forward.waiting.keys().map(|node| (node.clone(), BTreeSet::new())).collect();
        for (node, needs) in forward.waiting {
            for need in needs {
                if let Some(before) = waiting.get_mut(&need) {
                    before.insert(node.clone());
                }
            }
        }
        Self { waiting, running: BTreeSet::new() }
    }

    /// Takes every node that may start now, in order of name.
    pub fn start(&mut self) -> Vec<Logical> {
        let ready: Vec<Logical> =
            self.waiting.iter().filter(|(_, before)| before.is_empty()).map(|(node, _)| node.clone()).collect();
        for node in &ready {
            self.waiting.remove(node);
            self.running.insert(node.clone());
        }
        ready
    }

    /// Notes that a running node is done, so that those behind it may start.
    pub fn done(&mut self, node: &str) {
        self.running.remove(node);
        for before in self.waiting.values_mut() {
            before.remove(node);
        }
    }

    /// Notes that a running node failed: those behind it never start.
    pub fn fail(&mut self, node: &str) {
        self.running.remove(node);
    }

    /// Gives up what waits and what runs; returns what ran.
    pub fn abandon(&mut self) -> BTreeSet<Logical> {
        self.waiting.clear();
        std::mem::take(&mut self.running)
    }

    /// Tells whether this node is being worked on.
    #[must_use]
    pub fn is_running(&self, node: &str) -> bool {
        self.running.contains(node)
    }

    /// Tells whether nothing runs; what still waits then waits for something that failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.running.is_empty() && !self.waiting.values().any(BTreeSet::is_empty)
    }

    /// Returns what waits.
    pub fn waiting(&self) -> impl Iterator<Item = &Logical> {
        self.waiting.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// role <- function <- {permission, rule}; topic alone.
    fn edges() -> Vec<(Logical, Vec<Logical>)> {
        [
            ("Role", vec![]),
            ("Function", vec!["Role", "Role"]),
            ("Permission", vec!["Function", "Rule"]),
            ("Rule", vec!["Function"]),
            ("Topic", vec!["Gone"]),
        ]
        .map(|(node, needs)| (node.into(), needs.into_iter().map(Logical::from).collect()))
        .into()
    }

    fn steps(mut walk: Walk) -> Vec<String> {
        let mut steps = Vec::new();
        loop {
            let started = walk.start();
            if started.is_empty() {
                assert!(walk.is_over());
                return steps;
            }
            steps.push(started.join(" "));
            started.iter().for_each(|node| walk.done(node));
        }
    }

    #[test]
    fn forward_and_backward() {
        let edges = edges();
        let pairs = || edges.iter().map(|(node, needs)| (node, needs.as_slice()));
        assert_eq!(steps(Walk::forward(pairs())), ["Role Topic", "Function", "Rule", "Permission"]);
        assert_eq!(steps(Walk::backward(pairs())), ["Permission Topic", "Rule", "Function", "Role"]);
    }

    #[test]
    fn what_stands_behind_a_failure_never_starts() {
        let edges = edges();
        let mut walk = Walk::forward(edges.iter().map(|(node, needs)| (node, needs.as_slice())));
        walk.start();
        walk.fail("Role");
        walk.done("Topic");
        assert!(walk.start().is_empty() && walk.is_over());
        assert_eq!(walk.waiting().count(), 3);
    }
}
