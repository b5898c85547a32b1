//! The rules of IAM once more, written plainly, and random worlds to try them in.
//!
//! `core/policy` compiles documents, indexes statements and shares paths, so that a decision takes a microsecond. Here
//! the same rules are read from the documents themselves, statement by statement, without any preparation and without a
//! line of that crate: [`evaluate`] is what the other is compared with (`tests/it`). Where the two disagree one of them
//! misreads the documentation of IAM.
//!
//! * [`Asked`] is a request, [`Documents`] are the policies in force.
//! * [`evaluate`] tells what the rules say.
//! * [`Dice`] and [`world`] make documents and requests of few words, so that they often speak of the same things.

#![warn(missing_docs)]

mod asked;
mod condition;
mod dice;
mod evaluate;
mod maybe;
mod pattern;
mod principal;
mod statement;
pub mod world;

pub use asked::{Asked, Caller, Documents, Known, ResourceDocument};
pub use dice::Dice;
pub use evaluate::{Answer, Part, evaluate};
pub use maybe::Maybe;
