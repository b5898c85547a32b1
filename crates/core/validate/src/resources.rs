//! What the catalog says about the resources, in the regions that the template goes to.

use stackfleet_base::{Diagnostic, Edit, Span};
use stackfleet_catalog::{catalog, check::Problem};

use crate::local_code;
use crate::subject::Subject;

/// Checks the resources, and of those that the SAM transform made what is written in the template.
pub(crate) fn check(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let problems = stackfleet_catalog::check::template(catalog(), subject.deployed.value(), subject.deployment.regions);
    let packed = local_code(subject.source);
    // A path to code beside the template is replaced before the template is sent.
    let problems = problems.into_iter().filter(|problem| packed.iter().all(|(pointer, _)| *pointer != problem.pointer));
    problems.filter_map(|problem| told(subject, &problem)).collect()
}

fn told(subject: &Subject<'_>, problem: &Problem) -> Option<Diagnostic> {
    let span = if problem.on_key { subject.key_span(&problem.pointer) } else { subject.value_span(&problem.pointer) }?;
    let told = Diagnostic::error(problem.code, problem.message.clone()).at(span, "");
    let told = Diagnostic { severity: problem.severity, help: problem.help.clone(), ..told };
    // A value is only replaced where nothing but its case is wrong.
    let replacement = problem.replacement.as_ref().filter(|replacement| {
        let written = subject.value(&problem.pointer).and_then(|value| value.as_str());
        problem.on_key || written.is_some_and(|written| written.eq_ignore_ascii_case(replacement))
    });
    Some(match replacement {
        Some(replacement) => told.fix(
            format!("write `{replacement}`"),
            vec![Edit { span, replacement: quoted(subject.text, span, replacement) }],
        ),
        None => told,
    })
}

/// Writes a text in the quotes of the one that it replaces.
pub(crate) fn quoted(text: &str, span: Span, replacement: &str) -> String {
    match text.get(span.start..span.end).unwrap_or_default().chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{replacement}{quote}"),
        _ => replacement.to_owned(),
    }
}
