//! Renders findings as lines: place, severity, code, message, what is marked, help, fix.

use stackfleet_base::{Diagnostic, Severity, Sources};
use stackfleet_validate::{Deployment, template};

/// What is said about a template of which nothing else is known, without notes.
pub(crate) fn findings(text: &str) -> String {
    findings_for(text, &Deployment { acknowledges_capabilities: true, ..Deployment::default() })
}

/// What is said about a template that is deployed in some way, without notes.
pub(crate) fn findings_for(text: &str, deployment: &Deployment<'_>) -> String {
    lines(text, deployment, |found| found.severity != Severity::Note)
}

/// Findings that are wanted, a line each.
pub(crate) fn lines(text: &str, deployment: &Deployment<'_>, wanted: impl Fn(&Diagnostic) -> bool) -> String {
    let mut sources = Sources::default();
    let (_, found) = template(sources.add("t", text), text, deployment);
    let line = |found: &Diagnostic| {
        let span = found.span().unwrap();
        let place = sources.location(span).unwrap();
        let severity = match found.severity {
            Severity::Error => "",
            Severity::Warning => "warning ",
            Severity::Note => "note ",
        };
        let marked = text.get(span.start..span.end).unwrap().split('\n').next().unwrap();
        let mut line =
            format!("{}:{} {severity}{}: {} <{marked}>", place.line, place.column, found.code, found.message);
        if let Some(help) = &found.help {
            line.push_str(&format!("\n    help: {help}"));
        }
        if let Some(fix) = &found.fix {
            line.push_str(&format!("\n    fix: {}", fix.title));
        }
        line
    };
    found.iter().filter(|found| wanted(found)).map(line).collect::<Vec<_>>().join("\n")
}
