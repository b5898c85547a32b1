//! What the calls for a resource need to be allowed: asked of whoever knows the handlers of AWS.

use stackfleet_base::{AccountId, Region};
use stackfleet_template::Evaluated;

/// What CloudFormation does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Removes it.
    Delete,
}

/// Where a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The account; may be a number that stands for any account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The stack's name.
    pub stack_name: String,
    /// Tags of the stack, which its resources inherit.
    pub tags: Vec<(String, String)>,
}

/// A permission that a resource needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Such as `lambda:TagResource`.
    pub action: String,
    /// ARN of what it is wanted on; parts that AWS makes up are `*`. `*` for an action without resource.
    pub on: String,
    /// Whether the resource cannot be made without it, given its properties.
    pub certain: bool,
    /// Context keys that are known of the call.
    pub keys: Vec<(String, Vec<String>)>,
}

/// Knows which permissions resources need.
pub trait Requirements {
    /// Returns what an operation on a resource of an evaluated stack needs.
    fn of(&self, stack: &Evaluated, logical_id: &str, site: &Site, operation: Operation) -> Vec<Requirement>;
}
