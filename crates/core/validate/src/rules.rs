//! The rules, one to a file: each looks at a template and adds what it finds.
//!
//! To add one: write `rules/NAME.rs` with a function `check`, a code in `codes.rs` with its line in
//! `docs/diagnostics.md`, and put the function into [`ALL`].

use stackfleet_base::Diagnostic;

use crate::subject::Subject;

mod secret_outputs;

/// A rule: looks at a template and adds what it finds.
pub(crate) type Rule = fn(&Subject<'_>, &mut Vec<Diagnostic>);

/// All rules.
pub(crate) const ALL: [Rule; 1] = [secret_outputs::check];
