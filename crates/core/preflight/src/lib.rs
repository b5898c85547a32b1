//! What will be refused or surprise, told before anything is changed.
//!
//! [`check`] looks at a project, a plan and the world that the plan was made for, and decides with the same engine that
//! AWS's rules were taught to, call by call, what will not be allowed and by which statement. Only what is certain is
//! an error; what depends on something that nobody knows yet is a note that names it.
//!
//! One rule, one file: see `rules`. README.md lists the failures that users of stack sets meet, and where each is
//! checked.

#![warn(missing_docs)]

pub mod access;
mod codes;
mod controls;
pub mod exposure;
mod judge;
mod known;
mod permissions;
mod report;
mod roles;
mod rules;
mod survey;
mod world;

use stackfleet_base::Sources;
use stackfleet_plan::{Artifacts, Observed, Plan, wanted};
use stackfleet_project::Project;

pub use report::{Finding, Refusal, Report};

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its files, for places.
    pub sources: &'a Sources,
    /// Its packed code.
    pub artifacts: &'a Artifacts,
    /// The plan.
    pub plan: &'a Plan,
    /// The world that the plan was made for.
    pub observed: &'a Observed,
}

/// Looks at everything.
#[must_use]
pub fn check(input: &Input<'_>) -> Report {
    let wanted = wanted(input.project, input.artifacts, input.observed);
    let world = world::World::new(input, &wanted);
    let mut report = Report::default();
    for rule in rules::ALL {
        rule(&world, &mut report);
    }
    report.sort();
    report
}
