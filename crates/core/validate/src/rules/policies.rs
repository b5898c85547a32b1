//! Policy documents within templates, read as IAM reads them. What functions give is unknown, and nothing is said about it.

mod draft;
mod table;

use serde_json::Value;
use stackfleet_base::{Diagnostic, Edit, Severity, Span};
use stackfleet_permissions::Finding;
use stackfleet_policy::check_draft;

use crate::resources::quoted;
use crate::subject::Subject;
use crate::trace::below;
use table::{Document, documents};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for resource in subject.deployed.resources() {
        let Some(properties) = resource.properties() else { continue };
        let pointer = below(&below("/Resources", resource.name), "Properties");
        for document in documents(resource.type_name(), properties, &pointer) {
            branches(subject, &document, document.value, &document.pointer, found);
        }
    }
}

/// Checks a document, or both that an `Fn::If` chooses from.
fn branches(subject: &Subject<'_>, document: &Document<'_>, value: &Value, pointer: &str, found: &mut Vec<Diagnostic>) {
    match value.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
        Some([_, yes, no]) => {
            for (number, branch) in [(1, yes), (2, no)] {
                branches(subject, document, branch, &format!("{pointer}/Fn::If/{number}"), found);
            }
        }
        _ if value.is_object() => one(subject, document, value, pointer, found),
        _ => {}
    }
}

fn one(subject: &Subject<'_>, document: &Document<'_>, value: &Value, pointer: &str, found: &mut Vec<Diagnostic>) {
    let draft = draft::draft(value, pointer, document.is_statement);
    let place = |pointer: &str, on_key: bool| {
        if on_key { subject.key_span(pointer) } else { subject.value_span(pointer) }
    };
    let told = check_draft(document.kind, &draft, &place);
    // Of what the transform made of its own nobody wants to hear.
    let told = told.into_iter().filter(|diagnostic| diagnostic.span().is_some());
    for mut diagnostic in told.filter(|diagnostic| !document.ignored.contains(&diagnostic.code)) {
        if !document.is_certain {
            diagnostic.severity = diagnostic.severity.max(Severity::Warning);
        }
        found.push(with_fix(subject.text, diagnostic));
    }
    for Finding { diagnostic, replacement } in stackfleet_permissions::lint(&draft, &place) {
        let mended = replacement.and_then(|new| Some((place(&new.place, new.is_key)?, new.text)));
        let diagnostic = match mended {
            Some((span, new)) => replacing(subject.text, diagnostic, span, &new),
            None => diagnostic,
        };
        found.extend(Some(diagnostic).filter(|diagnostic| diagnostic.span().is_some()));
    }
}

/// Offers what is meant for sure: an element's name, an effect in the right case, the version.
fn with_fix(text: &str, diagnostic: Diagnostic) -> Diagnostic {
    let Some(span) = diagnostic.span() else { return diagnostic };
    let written = text.get(span.start..span.end).unwrap_or_default().trim_matches(['"', '\'']);
    let replacement = match diagnostic.code {
        "POL003" => diagnostic.help.as_deref().and_then(|help| help.strip_prefix("write `")?.strip_suffix('`')),
        "POL009" => ["Allow", "Deny"].into_iter().find(|effect| effect.eq_ignore_ascii_case(written)),
        "POL005" => Some("2012-10-17").filter(|_| written.starts_with("20")),
        _ => None,
    };
    let Some(replacement) = replacement.map(str::to_owned) else { return diagnostic };
    replacing(text, diagnostic, span, &replacement)
}

fn replacing(text: &str, diagnostic: Diagnostic, span: Span, new: &str) -> Diagnostic {
    let edit = Edit { span, replacement: quoted(text, span, new) };
    diagnostic.fix(format!("write `{new}`"), vec![edit])
}
