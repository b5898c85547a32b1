//! CloudFormation documents: read with places, evaluate, compare, check and edit.
//!
//! - [`yaml`] reads YAML and JSON into a tree in which every node knows its place; project files use it, too.
//! - [`read`] and [`read_body`] make a [`Template`] of a text, [`Template::new`] of a value.
//! - [`evaluate`] computes it for one stack, [`Scope`] resource by resource; [`graph`] says in which order.
//! - [`expand_includes`] puts snippets in their places, [`expand_language_extensions`] unrolls `Fn::ForEach`; the SAM
//!   transform is another crate's.
//! - [`difference`] compares two results; [`check`], [`capabilities`] look at the template itself.
//! - [`Template::set`] gives the edit that changes one value in the text; [`apply_edits`] carries edits out.
//!
//! Nothing here reads files or knows resource types beyond what the template language itself names.
//!
//! ```
//! use std::collections::BTreeMap;
//! use stackfleet_template::{Inputs, Nothing, Unknown, evaluate, graph, read_body, unknowns};
//!
//! let template = read_body("
//! Parameters:
//!   Days: { Type: Number, MaxValue: 30 }
//! Resources:
//!   Watcher:
//!     Type: AWS::Lambda::Function
//!     Properties:
//!       Role: !GetAtt Role.Arn
//!       Environment: { Variables: { DAYS: !Ref Days, WHERE: !Sub '${AWS::Region}/${AWS::AccountId}' } }
//!   Role: { Type: AWS::IAM::Role }
//! ").unwrap();
//! let inputs = Inputs {
//!     parameters: BTreeMap::from([("Days".to_owned(), "7".to_owned())]),
//!     account: "111122223333".parse().unwrap(),
//!     region: "eu-west-1".parse().unwrap(),
//!     stack_name: Some("watch".to_owned()),
//!     stack_id: None,
//!     notification_arns: Vec::new(),
//! };
//! let evaluated = evaluate(&template, &inputs, &Nothing).unwrap();
//! let properties = &evaluated.resources["Watcher"].properties;
//! assert_eq!(properties["Environment"]["Variables"]["WHERE"], "eu-west-1/111122223333");
//! assert_eq!(unknowns(&properties["Role"]), [Unknown::Attribute("Role".into(), "Arn".into())]);
//! assert_eq!(graph(&template).order().unwrap(), ["Role", "Watcher"]);
//! ```
#![warn(missing_docs)]

pub mod yaml;

mod capability;
mod check;
mod difference;
mod document;
mod edit;
mod evaluate;
mod graph;
mod include;
mod intrinsic;
mod language_extensions;
mod names;
mod parameter;
mod pinpoint;
mod pointer;
mod problem;
mod template;

pub use capability::{Capability, CapabilityNeed, capabilities, insufficient_capabilities};
pub use check::check;
pub use difference::{Difference, ResourceChange, ResourceDifference, ValueDifference, declarations, difference};
pub use edit::apply_edits;
pub use evaluate::{
    Answer, Evaluated, EvaluatedOutput, EvaluatedResource, Inputs, Lookup, Nothing, ParameterValue, Scope, Unknown,
    evaluate, is_known, unknowns,
};
pub use graph::{Cycle, Graph, Link, LinkKind, graph, links};
pub use include::expand_includes;
pub use language_extensions::expand_language_extensions;
pub use parameter::{Parameter, ParameterKind};
pub use problem::{Problem, refusal};
pub use template::{BODY_BYTES_MAX, Output, RESOURCES_MAX, Resource, Template, URL_BYTES_MAX, read, read_body};
