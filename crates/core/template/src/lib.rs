//! CloudFormation documents: read with places, evaluate, compare, check and edit.
//!
//! [`yaml`] reads YAML and JSON into a tree in which every node knows its place; project files use it, too.
//!
//! Nothing here reads files or knows resource types beyond what the template language itself names.
#![warn(missing_docs)]

pub mod yaml;
