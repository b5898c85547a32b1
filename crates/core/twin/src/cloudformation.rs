//! CloudFormation: stacks and both kinds of stack sets.

pub mod scheduler;
mod targeting;
