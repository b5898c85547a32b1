//! Builds code artifacts reproducibly: the same files give the same bytes on every machine and on every day.
//!
//! Nothing is built here in the compiler's sense: a folder becomes a ZIP archive as Lambda takes it. Uploading is
//! `stackfleet-aws`'s work; which folders are artifacts is `stackfleet-plan`'s knowledge.

pub mod folder;
pub mod zip;

pub use folder::Folder;
pub use zip::{Artifact, PackError, pack};
