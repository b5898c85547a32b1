//! Words that every crate shares: accounts, regions, ARNs, times, digests, places in files and diagnostics.
//!
//! Nothing here decides anything about AWS; the types only refuse values that cannot be what they claim. Reading
//! files is an argument ([`Files`]), as time is ([`Timestamp`]).

pub mod diagnostic;
pub mod digest;
pub mod name;
pub mod source;
pub mod suggest;
pub mod time;

pub use diagnostic::{Diagnostic, Edit, Fix, Label, Severity};
pub use digest::Digest;
pub use name::{AccountId, Arn, NameError, Partition, Region};
pub use source::{FileError, FileId, Files, Location, SourceFile, Sources, Span};
pub use time::Timestamp;
