//! Requests, answers, errors and schemas of the AWS operations that the twin implements.
//!
//! The types are generated from AWS's API models by `cargo xtask api` (see `operations.json` beside the
//! manifest for what is covered); this crate speaks of *what* is said, never of *how*: protocols and HTTP are
//! `stackfleet-wire`'s matter, and what an operation does is `stackfleet-twin`'s.
//!
//! # The shape of it
//! * One module per service ([`cloudformation`], [`iam`], ...): a struct per shape, with `<Operation>Input` and
//!   `<Operation>Output` for each operation. Required members are plain, others `Option`; lists are `Vec`, maps
//!   `BTreeMap`, times [`DateTime`], blobs [`Blob`]. Enumerations have `as_str` and `parse`.
//! * Each service module has a trait named after it ([`cloudformation::CloudFormation`]) with one method per
//!   operation, `fn create_stack(&mut self, call: &Self::Call, input: CreateStackInput)
//!   -> Result<CreateStackOutput, Error>`. A method that is left out answers as AWS answers an unknown action.
//! * [`Request`] and [`Answer`] hold any service's input and output; [`dispatch`] calls the right method.
//! * A modelled error is a struct, too: `NoSuchEntityException::error("the role ... cannot be found")` makes an
//!   [`Error`] of it, with the code and the HTTP status that AWS uses. Errors that models leave out (validation,
//!   throttling, access denied, ...) are in [`common`], spelt as each service spells them.
//! * [`OPERATIONS`] lists everything that a front door needs: protocol, names, schemas, readers.
//! * Reading a shape also validates it ([`Reader`]): all violations are reported at once, in AWS's words.
#![warn(missing_docs)]

pub mod common;
mod constraint;
mod describe;
mod error;
mod operation;
mod reader;
mod shape;

mod generated;

pub use aws_smithy_types::{Blob, DateTime};
pub use constraint::{Constraint, Pattern, unchecked_patterns};
pub use error::{Error, ErrorFields, Fault};
pub use generated::*;
pub use operation::{ErrorInfo, OperationInfo, Protocol, ServiceInfo, operation, operations_of};
pub use reader::{Demand, Reader, Violation};
pub use shape::{Enumeration, Shape, Structure};

#[cfg(test)]
mod tests;
