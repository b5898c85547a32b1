//! What AWS says about resource types: their properties, the permissions that their handlers need, their regions; and
//! about IAM actions.
//!
//! The facts lie in the binary, compressed service by service; [`catalog()`] gives them. Looking one up decompresses the
//! part that holds it, once. Facts are those of public CloudFormation schemas, collected at [`Catalog::collected`]:
//! AWS may know more by the time of use.
//!
//! [`actions()`] gives the same for IAM actions: levels, resources, condition keys.
//!
//! [`check::template`] compares the resources of a template with them.
//!
//! ```
//! use stackfleet_catalog::{Handler, Replacement, catalog};
//!
//! let function = catalog().resource("AWS::Lambda::Function").unwrap();
//! assert_eq!(function.required().collect::<Vec<_>>(), ["Code", "Role"]);
//! assert_eq!(function.property("/Timeout").unwrap().range().min, Some(1.0));
//! assert_eq!(function.replacement("/FunctionName"), Replacement::Always);
//! assert!(function.is_read_only("/Arn"));
//! let create = function.handler(Handler::Create).unwrap();
//! assert!(create.permissions().any(|action| action == "lambda:CreateFunction"));
//! assert_eq!(catalog().suggest("AWS::Lambda::Functon"), Some("AWS::Lambda::Function"));
//! ```
//!
//! Nothing here reads files, and no template: values and JSON pointers come in.

#![warn(missing_docs)]

pub mod actions;
pub mod check;
pub mod format;

mod catalog;
mod path;
mod resource;
mod schema;
mod texts;

pub use actions::actions;
pub use catalog::{Availability, Catalog, catalog};
pub use format::{Kinds, Stateful};
pub use path::PropertyPath;
pub use resource::{Handler, HandlerView, LifecycleView, Replacement, ResourceType, TaggingView};
pub use schema::{Bounds, Scalar, Schema};
