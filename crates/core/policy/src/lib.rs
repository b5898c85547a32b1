//! The IAM language: parse, evaluate over all layers, explain.
