//! The rules, one file each. To add one: write the file, name it here, give its code a line in `codes.rs` and in
//! `docs/diagnostics.md`.

mod attachments;
pub(crate) mod existing;
mod first_failure;
mod moves;
mod names;
mod newcomers;
mod permission;
mod quotas;
mod stuck;

use crate::{report::Report, world::World};

/// Looks at one thing and says what it found.
pub(crate) type Rule = fn(&World<'_>, &mut Report);

/// All rules, in the order in which they are asked.
pub(crate) const ALL: [Rule; 9] = [
    permission::check,
    names::check,
    existing::check,
    attachments::check,
    moves::check,
    stuck::check,
    newcomers::check,
    quotas::check,
    first_failure::check,
];
