//! Shows diagnostics: with the lines they speak of for people, as values for programs.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle};
use serde_json::{Value, json};
use stackfleet_base::{Diagnostic, Label, Severity, Sources, Span};

use crate::console::Console;

/// Prints all, and a line that counts them.
pub(crate) fn show(console: &Console, sources: &Sources, diagnostics: &[Diagnostic]) {
    let plain = if console.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = plain.decor_style(DecorStyle::Ascii).term_width(console.width);
    for diagnostic in diagnostics {
        console.warn(render(&renderer, sources, diagnostic));
        console.warn("");
    }
    if !diagnostics.is_empty() {
        console.warn(count(diagnostics));
    }
}

/// `2 errors, 1 warning`.
pub(crate) fn count(diagnostics: &[Diagnostic]) -> String {
    let number = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let named = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let parts: Vec<String> = named
        .iter()
        .map(|(severity, name)| (number(*severity), name))
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}{}", if number == 1 { "" } else { "s" }))
        .collect();
    parts.join(", ")
}

/// Returns them as JSON.
pub(crate) fn values(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<Value> {
    let value = |diagnostic: &Diagnostic| {
        let place = |span: Span| place(sources, span);
        let labels: Vec<Value> =
            diagnostic.labels.iter().map(|label| json!({ "place": place(label.span), "text": label.text })).collect();
        json!({
            "code": diagnostic.code,
            "severity": word(diagnostic.severity),
            "message": diagnostic.message,
            "place": diagnostic.span().and_then(place),
            "labels": labels,
            "help": diagnostic.help,
            "fix": diagnostic.fix.as_ref().map(|fix| json!({
                "title": fix.title,
                "edits": fix.edits.iter().map(|edit| {
                    json!({ "place": place(edit.span), "replacement": edit.replacement })
                }).collect::<Vec<_>>(),
            })),
        })
    };
    diagnostics.iter().map(value).collect()
}

/// A range: lines and columns from 1, columns in characters, the end behind the last; and the same in bytes from 0.
fn place(sources: &Sources, span: Span) -> Option<Value> {
    let start = sources.location(span)?;
    let end = sources.location(Span { start: span.end, ..span })?;
    Some(json!({
        "path": &*start.path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "bytes": [span.start, span.end],
    }))
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn render(renderer: &Renderer, sources: &Sources, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut main =
        level.primary_title(diagnostic.message.as_str()).id(diagnostic.code).elements(snippets(sources, diagnostic));
    if let Some(help) = &diagnostic.help {
        main = main.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![main];
    groups.extend(fix(sources, diagnostic));
    renderer.render(&groups)
}

/// One snippet for each file, in the order of the labels.
fn snippets<'a>(
    sources: &'a Sources,
    diagnostic: &'a Diagnostic,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<(stackfleet_base::FileId, Vec<&Label>)> = Vec::new();
    for label in &diagnostic.labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.file, vec![label])),
        }
    }
    let main = diagnostic.labels.first();
    let snippet = |(file, labels): (stackfleet_base::FileId, Vec<&'a Label>)| {
        let file = sources.get(file)?;
        let annotations = labels.into_iter().map(|label| {
            let kind = if Some(label) == main { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(inside(&file.text, label.span));
            if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
        });
        Some(Snippet::source(&*file.text).path(&*file.path).annotations(annotations))
    };
    files.into_iter().filter_map(snippet).collect()
}

fn fix<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Option<Group<'a>> {
    let fix = diagnostic.fix.as_ref()?;
    let file = sources.get(fix.edits.first()?.span.file)?;
    let patches = fix.edits.iter().map(|edit| Patch::new(inside(&file.text, edit.span), edit.replacement.as_str()));
    let snippet = Snippet::source(&*file.text).path(&*file.path).patches(patches);
    Some(Level::HELP.secondary_title(fix.title.as_str()).element(snippet))
}

/// Renderers take no range that leaves the text.
fn inside(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = span.start.min(text.len());
    start..span.end.clamp(start, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_its_line_and_what_to_do() {
        let mut sources = Sources::default();
        let file = sources.add("stackfleet.yaml", "apps:\n  a:\n    targets: \"ou:Wrklds\"\n");
        let diagnostic = Diagnostic::error("PRJ003", "there is no unit `Wrklds`")
            .at(Span { file, start: 28, end: 34 }, "named here")
            .help("did you mean `Workloads`?");
        let text = render(&Renderer::plain().decor_style(DecorStyle::Ascii), &sources, &diagnostic);
        insta::assert_snapshot!(text, @r#"
        error[PRJ003]: there is no unit `Wrklds`
         --> stackfleet.yaml:3:18
          |
        3 |     targets: "ou:Wrklds"
          |                  ^^^^^^ named here
          |
          = help: did you mean `Workloads`?
        "#);
        assert_eq!(count(&[diagnostic.clone(), diagnostic]), "2 errors");
    }
}
