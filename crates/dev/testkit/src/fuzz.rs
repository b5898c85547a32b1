//! What fuzzing feeds: one function for each target, from bytes to nothing. A function panics when something that must
//! always hold does not.
//!
//! The programs in `fuzz/` at the top of the repository call these with what the fuzzer thinks of, the test of this
//! crate with everything in `fuzz/corpus`. Bytes that are no UTF-8 are nobody's input: readers are given text.

mod choices;
mod evaluate;
mod json;
mod policy;
mod sam;
mod template;
mod yaml;

use stackfleet_base::{Diagnostic, Sources, Span};

/// Takes one input.
pub type Entry = fn(&[u8]);

/// The targets by name; the name is also that of the folder below `fuzz/corpus`.
pub const TARGETS: [(&str, Entry); 6] = [
    ("yaml", yaml::run),
    ("json", json::run),
    ("template", template::run),
    ("sam", sam::run),
    ("policy", policy::run),
    ("evaluate", evaluate::run),
];

/// Runs one input through a target; `false` when there is no such target.
pub fn run(target: &str, data: &[u8]) -> bool {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    found.inspect(|(_, entry)| entry(data)).is_some()
}

/// Registers a text so that places in it can be asked for.
fn sources(text: &str) -> (Sources, stackfleet_base::FileId) {
    let mut sources = Sources::default();
    let file = sources.add("input", text);
    (sources, file)
}

/// A place must be cut out of the text without splitting a character.
fn check_span(span: Span, text: &str) {
    assert!(text.get(span.start..span.end).is_some(), "BUG: {span:?} is not within the text of {} bytes", text.len());
}

fn check_diagnostics(found: &[Diagnostic], text: &str) {
    for diagnostic in found {
        assert!(!diagnostic.message.is_empty(), "BUG: a finding without words: {diagnostic:?}");
        diagnostic.labels.iter().for_each(|label| check_span(label.span, text));
        if let Some(fix) = &diagnostic.fix {
            let fixed = stackfleet_template::apply_edits(text, &fix.edits);
            assert!(fixed.is_some(), "BUG: a fix that cannot be applied: {diagnostic:?}");
        }
    }
}
