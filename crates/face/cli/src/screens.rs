//! What people see. Every screen is text made from values, so that tests can compare it.

pub(crate) mod checks;
pub(crate) mod difference;
pub(crate) mod exposure;
pub(crate) mod graph;
pub(crate) mod live;
pub(crate) mod matrix;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod summary;
pub(crate) mod words;
