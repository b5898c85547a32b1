//! What the catalog says about the resources of a stack's template, in the regions that the stack goes to.

use stackfleet_base::{Diagnostic, Edit, Region, Span};
use stackfleet_catalog::{catalog, check::Problem};
use stackfleet_template::Template;

use crate::deployable::local_code;
use crate::model::{App, Stack, TemplateFile};
use crate::templates::place;

/// Checks the resources as they are written.
pub(crate) fn check(app: &App, stack: &Stack) -> Vec<Diagnostic> {
    let file = &stack.template;
    // A template of the wrong form was told already.
    if !file.template.problems().is_empty() {
        return Vec::new();
    }
    let packed = local_code(&file.template);
    let problems = stackfleet_catalog::check::template(catalog(), file.template.value(), &regions(app, stack));
    // A path to code in the project is replaced before the template is sent.
    let problems = problems.into_iter().filter(|problem| packed.iter().all(|(pointer, _)| *pointer != problem.pointer));
    problems.map(|problem| told(file, &problem)).collect()
}

/// Checks what the SAM transform made of its own resources; the others were checked as they are written.
pub(crate) fn check_transformed(app: &App, stack: &Stack, transformed: &Template) -> Vec<Diagnostic> {
    let file = &stack.template;
    let problems = stackfleet_catalog::check::template(catalog(), transformed.value(), &regions(app, stack));
    let made = |problem: &&Problem| {
        let name = problem.pointer.strip_prefix("/Resources/").and_then(|rest| rest.split('/').next());
        let written = name.map(|name| file.template.resource(name).map(|resource| resource.type_name()));
        written.is_some_and(|kind| kind.is_none_or(|kind| kind.starts_with("AWS::Serverless::")))
    };
    problems.iter().filter(made).map(|problem| told_above(file, problem)).collect()
}

fn regions(app: &App, stack: &Stack) -> Vec<Region> {
    let regions = if stack.regions.is_empty() { &app.regions } else { &stack.regions };
    regions.iter().map(|region| region.value.clone()).collect()
}

fn told(file: &TemplateFile, problem: &Problem) -> Diagnostic {
    let key = file.template.key_span(&problem.pointer).filter(|_| problem.on_key);
    let told = diagnostic(problem, key.unwrap_or_else(|| place(file, &problem.pointer)));
    match (key, &problem.replacement) {
        (Some(span), Some(replacement)) => told
            .fix(format!("write `{replacement}`"), vec![Edit { span, replacement: quoted(file, span, replacement) }]),
        _ => told,
    }
}

/// Tells of a problem at the nearest place that is written.
fn told_above(file: &TemplateFile, problem: &Problem) -> Diagnostic {
    let mut pointer = problem.pointer.as_str();
    while !pointer.is_empty() && file.template.value().pointer(pointer).is_none() {
        pointer = pointer.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if pointer.len() == problem.pointer.len() {
        return diagnostic(problem, place(file, pointer));
    }
    let origin = origin(&file.template, &problem.pointer).filter(|_| pointer.matches('/').count() < 2);
    let pointer = origin.as_deref().unwrap_or(pointer);
    let span = file.template.key_span(pointer).unwrap_or_else(|| place(file, pointer));
    diagnostic(problem, span).help(format!("this is about `{}` after the SAM transform", problem.pointer))
}

/// Finds the resource that one of the transform's was made for: its logical id begins the other's.
fn origin(template: &Template, pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("/Resources/")?.split('/').next()?;
    let names = template.resources().map(|resource| resource.name).filter(|written| name.starts_with(written));
    names.max_by_key(|written| written.len()).map(|written| format!("/Resources/{written}"))
}

fn diagnostic(problem: &Problem, span: Span) -> Diagnostic {
    let told = Diagnostic::error(problem.code, problem.message.clone()).at(span, "");
    Diagnostic { severity: problem.severity, help: problem.help.clone(), ..told }
}

/// Writes a key in the quotes of the one that it replaces.
fn quoted(file: &TemplateFile, span: Span, replacement: &str) -> String {
    let written = file.text.get(span.start..span.end).unwrap_or_default();
    match written.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{replacement}{quote}"),
        _ => replacement.to_owned(),
    }
}
