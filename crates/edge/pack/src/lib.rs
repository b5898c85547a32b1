//! Builds code artifacts reproducibly.
