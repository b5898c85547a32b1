//! The project file, typed, with diagnostics.
//!
//! [`load`] reads `stackfleet.yaml` and every template and policy that it names, and tells everything that is wrong at
//! once, with places. [`model`] is what the file says; [`json_schema`] is the file's form for editors. Nothing here
//! knows what exists in accounts: names are checked against the file alone, resources of templates against the catalog.

#![warn(missing_docs)]

pub mod model;

mod apps;
mod check;
mod codes;
mod deployable;
mod form;
mod known;
mod load;
mod lookup;
mod order;
mod organization;
mod parameters;
mod policies;
mod reading;
mod schema;
mod shape;
mod templates;
mod text;
mod trust;

pub use deployable::LocalCode;
pub use load::{FILE_NAME, load};
pub use lookup::{ADMINISTRATION_ROLE, ENVIRONMENT_TAG, NotKnown};
pub use model::Project;
pub use schema::json_schema;
pub use stackfleet_validate::local_code;
