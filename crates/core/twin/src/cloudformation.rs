//! CloudFormation: stacks and both kinds of stack sets.

pub mod pairs;
pub mod scheduler;
pub mod targeting;
pub mod walk;
