//! What an evaluation is given: a stack's parameters and place, and someone who knows what AWS knows.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_base::{AccountId, Region};

/// A stack's parameters and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Parameter values as a request carries them: text, lists with commas.
    pub parameters: BTreeMap<String, String>,
    /// The account of the stack.
    pub account: AccountId,
    /// The region of the stack; it determines the partition.
    pub region: Region,
    /// The stack's name, where it has one.
    pub stack_name: Option<String>,
    /// The stack's ARN, where it exists.
    pub stack_id: Option<String>,
    /// The topics that are told of the stack's events.
    pub notification_arns: Vec<String>,
}

/// What a [`Lookup`] answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The value.
    Known(Value),
    /// Nobody knows before deployment; the call stays in the result.
    Unknown,
    /// CloudFormation would refuse, in these words.
    Refused(String),
}

/// What only AWS knows. Every method answers [`Answer::Unknown`] unless implemented.
pub trait Lookup {
    /// What `Ref` gives for a resource.
    fn reference(&self, _logical_id: &str) -> Answer {
        Answer::Unknown
    }

    /// What `Fn::GetAtt` gives for an attribute of a resource.
    fn attribute(&self, _logical_id: &str, _attribute: &str) -> Answer {
        Answer::Unknown
    }

    /// The value that is exported under a name in the stack's account and region.
    fn export(&self, _name: &str) -> Answer {
        Answer::Unknown
    }

    /// The value of an SSM parameter, as text; lists with commas.
    fn ssm_parameter(&self, _name: &str) -> Answer {
        Answer::Unknown
    }

    /// The text for a dynamic reference, given without its braces: `resolve:ssm:/a/b:1`.
    fn dynamic_reference(&self, _reference: &str) -> Answer {
        Answer::Unknown
    }

    /// The value of an output of another stack, in the stack's region unless another is given.
    fn stack_output(&self, _stack: &str, _output: &str, _region: Option<&str>) -> Answer {
        Answer::Unknown
    }

    /// The text of the snippet at a location (`s3://bucket/key`) that `AWS::Include` names.
    fn included(&self, _location: &str) -> Answer {
        Answer::Unknown
    }

    /// The names of a region's availability zones, as a list of texts.
    fn availability_zones(&self, _region: &str) -> Answer {
        Answer::Unknown
    }
}

/// A lookup that knows nothing: for looking at templates offline.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Lookup for Nothing {}

/// A parameter's value for one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue {
    /// What was given, or the default. For SSM types this is the name of the SSM parameter.
    pub given: String,
    /// Whether the default was taken.
    pub is_default: bool,
    /// What `Ref` gives: text, a list of texts, or `{"Ref": ...}` while an SSM value is unknown.
    pub value: Value,
    /// The value in SSM, for SSM types, once known.
    pub resolved: Option<String>,
    /// Whether the value is hidden in answers.
    pub no_echo: bool,
}
