//! The rules, one to a file: each looks at a template and adds what it finds.
//!
//! To add one: write `rules/NAME.rs` with a function `check`, a code in `codes.rs` with its line in
//! `docs/diagnostics.md`, put the function into [`ALL`], and test it in `tests/it`.

use stackfleet_base::Diagnostic;

use crate::subject::Subject;

mod capabilities;
mod global_names;
mod literal_secrets;
mod parameter_values;
mod policies;
mod region_mappings;
mod retention;
mod secret_outputs;
mod secret_parameters;
mod secret_words;
mod stack_policies;
mod sub_variables;
mod unused_in_serverless;

/// A rule: looks at a template and adds what it finds.
pub(crate) type Rule = fn(&Subject<'_>, &mut Vec<Diagnostic>);

/// All rules.
pub(crate) const ALL: [Rule; 12] = [
    parameter_values::check,
    sub_variables::check,
    unused_in_serverless::check,
    region_mappings::check,
    policies::check,
    global_names::check,
    stack_policies::check,
    retention::check,
    secret_parameters::check,
    literal_secrets::check,
    secret_outputs::check,
    capabilities::check,
];
