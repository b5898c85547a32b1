//! The SAM transform, as it will be run, and its refusals with places.

use serde_json::Value;
use stackfleet_base::{Diagnostic, Span};
use stackfleet_sam::{Environment, SamError, SamErrorKind};
use stackfleet_template::{Problem, Template};

use crate::subject::Subject;
use crate::{Deployment, codes, local_code, trace};

/// Where the partition does not matter, templates are transformed as for this region.
const REGION: &str = "us-east-1";

/// Transforms a SAM template, with a stand-in for the place of code that lies beside it.
pub(crate) fn run(template: &Template, text: &str, deployment: &Deployment<'_>) -> (Option<Template>, Vec<Diagnostic>) {
    // A template of the wrong form was told already.
    if !template.is_serverless() || !template.problems().is_empty() {
        return (None, Vec::new());
    }
    let mut document = template.value().clone();
    for (pointer, _) in local_code(template) {
        if let Some(code) = document.pointer_mut(&pointer) {
            *code = Value::from("s3://stackfleet/code");
        }
    }
    let region = deployment.regions.first().map_or(REGION, |region| region.as_str());
    let mut environment = Environment::in_region(region);
    for (name, value) in deployment.parameters.into_iter().flatten() {
        environment.parameters.insert(name.clone(), Value::from(value.as_str()));
    }
    match stackfleet_sam::transform(&document, &environment) {
        Ok(transformed) => (Some(Template::new(transformed)), Vec::new()),
        Err(errors) => (None, errors.iter().map(|error| refusal(template, text, error)).collect()),
    }
}

fn refusal(template: &Template, text: &str, error: &SamError) -> Diagnostic {
    let span = place(template, text, error);
    let message = error.message.trim_end_matches('.').to_owned();
    let told = match error.kind {
        SamErrorKind::Unsupported => Diagnostic::warning(codes::TRANSFORM, message)
            .help("AWS may transform it; it cannot be rehearsed or expanded here"),
        SamErrorKind::Document | SamErrorKind::Resource | SamErrorKind::Event | SamErrorKind::DuplicateId => {
            Diagnostic::error(codes::TRANSFORM, format!("the SAM transform refuses this: {message}"))
        }
    };
    span.map_or(told.clone(), |span| told.at(span, ""))
}

/// Finds what a refusal speaks of: the property that it names in quotes, else the event or resource, else the document.
fn place(template: &Template, text: &str, error: &SamError) -> Option<Span> {
    let about = error.logical_id.as_deref().and_then(|id| match error.kind {
        SamErrorKind::Event => event(template, id).or_else(|| resource(template, id)),
        SamErrorKind::Document | SamErrorKind::Resource | SamErrorKind::DuplicateId | SamErrorKind::Unsupported => {
            resource(template, id).or_else(|| made_for(template, id))
        }
    });
    let Some(about) = about else {
        // The whole document would be marked: its first line is enough.
        let whole = template.span("")?;
        let line = text.get(whole.start..).and_then(|rest| rest.find('\n')).map_or(whole.end, |at| whole.start + at);
        return Some(Span { end: line.min(whole.end), ..whole });
    };
    let value = template.value().pointer(&about)?;
    let named = names(&error.message).find_map(|name| member(value, name, &about));
    let pointer = named.unwrap_or(about);
    template.key_span(&pointer).or_else(|| template.span(&pointer))
}

fn resource(template: &Template, id: &str) -> Option<String> {
    template.resource(id).map(|resource| format!("/Resources/{}", resource.name))
}

fn event(template: &Template, id: &str) -> Option<String> {
    let mut owners = template
        .resources()
        .filter(|resource| resource.properties().and_then(|properties| properties.get("Events")?.get(id)).is_some());
    owners.next().map(|owner| trace::below(&format!("/Resources/{}/Properties/Events", owner.name), id))
}

/// Finds the resource, or the event of it, that a resource of the transform's own was to be made for: their names begin
/// its logical id.
fn made_for(template: &Template, id: &str) -> Option<String> {
    let maker = trace::maker(template, &format!("/Resources/{id}"))?;
    let name = maker.rsplit('/').next()?;
    let events = format!("{maker}/Properties/Events");
    let of_event = id.strip_prefix(name).filter(|rest| !rest.is_empty()).and_then(|rest| {
        let known = template.value().pointer(&events)?.as_object()?;
        known.keys().filter(|event| rest.starts_with(event.as_str())).max_by_key(|event| event.len())
    });
    Some(of_event.map_or(maker, |event| trace::below(&events, event)))
}

/// Returns the names of properties in a message: what stands in single quotes, or after the word.
fn names(message: &str) -> impl Iterator<Item = &str> {
    let quoted = message.split('\'').skip(1).step_by(2);
    let after = message.split("property ").skip(1).filter_map(|rest| rest.split(' ').next());
    quoted.chain(after).filter(|name| !name.is_empty() && !name.contains(' '))
}

/// Finds a member by its name, or by the names of the way to it with points between, the nearest to the top first.
fn member(value: &Value, name: &str, pointer: &str) -> Option<String> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let members = value.as_object()?;
    if let Some(found) = members.get(first) {
        let here = trace::below(pointer, first);
        return Some(rest.and_then(|rest| member(found, rest, &here)).unwrap_or(here));
    }
    members.iter().find_map(|(key, below)| member(below, name, &trace::below(pointer, key)))
}

/// Circles, and names that lead nowhere, can be told only when the transform has made its resources.
pub(crate) fn problems(subject: &Subject<'_>) -> Vec<Diagnostic> {
    if std::ptr::eq(subject.source, subject.deployed) {
        return Vec::new();
    }
    subject.deployed.problems().iter().map(|problem| after_transform(subject, problem)).collect()
}

fn after_transform(subject: &Subject<'_>, problem: &Problem) -> Diagnostic {
    let about_member = problem.pointer.matches('/').count() <= 2;
    let exact = if about_member { subject.key_span(&problem.pointer) } else { subject.value_span(&problem.pointer) };
    if exact.is_some() {
        return problem.to_diagnostic(exact);
    }
    let maker = trace::maker(subject.source, &problem.pointer).unwrap_or_default();
    let span = subject.source.key_span(&maker).or_else(|| subject.source.span(&maker));
    problem.to_diagnostic(span).help(format!("this is about `{}` after the SAM transform", problem.pointer))
}
