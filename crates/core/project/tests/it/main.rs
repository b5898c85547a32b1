//! Whole projects in, diagnostics and values out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod broken;
mod documented;
mod example;
mod values;

use std::collections::BTreeMap;

use stackfleet_base::{Diagnostic, Files, Severity, Sources};
use stackfleet_project::Project;

/// Several files in one text, each after a line `//- path`.
fn files(text: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for part in text.split("//- ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        files.insert(path.trim().to_owned(), content.to_owned());
    }
    files
}

fn load(files: &dyn Files) -> (Option<Project>, String) {
    let (project, sources, found) = stackfleet_project::load(files);
    let told: Vec<String> = found.iter().map(|diagnostic| render(&sources, diagnostic)).collect();
    (project, told.join("\n"))
}

/// Everything that is wrong with a project in a text.
fn problems(text: &str) -> String {
    load(&files(text)).1
}

/// A project without problems.
fn project(text: &str) -> Project {
    let (project, problems) = load(&files(text));
    assert_eq!(problems, "");
    project.unwrap()
}

/// `path:line:column: severity[code]: message`, then other places and the help, indented.
fn render(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let place = |span| sources.location(span).unwrap().to_string();
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let at = diagnostic.span().map_or_else(String::new, |span| format!("{}: ", place(span)));
    let mut text = format!("{at}{severity}[{}]: {}", diagnostic.code, diagnostic.message);
    for label in diagnostic.labels.iter().skip(1) {
        text.push_str(&format!("\n    {}: {}", place(label.span), label.text));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("\n    help: {help}"));
    }
    text
}
