//! `template graph`, `template diff` and `policy least`: templates without a project.

mod diff;
mod graph;
mod least;
mod reading;

pub(super) use diff::diff;
pub(super) use graph::graph;
pub(super) use least::least;
