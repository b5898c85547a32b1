//! `template graph` and `template diff`: templates without a project.

mod diff;
mod graph;
mod reading;

pub(super) use diff::diff;
pub(super) use graph::graph;
