//! The SAM transform, as it will be run, and its refusals with places.

use serde_json::Value;
use stackfleet_base::{Diagnostic, Span};
use stackfleet_sam::{Environment, SamError, SamErrorKind};
use stackfleet_template::{Problem, Template};

use crate::subject::{Subject, first_line};
use crate::{Deployment, codes, local_code, trace};

/// Where the partition does not matter, templates are transformed as for this region.
const REGION: &str = "us-east-1";

/// What the transform gives.
#[derive(Debug, Default)]
pub(crate) struct Transformed {
    /// The template that CloudFormation gets; without the resources that the transform refuses. `None` where there is no
    /// transform, or nothing comes out of it.
    pub(crate) template: Option<Template>,
    /// The resources that it refuses.
    pub(crate) refused: Vec<String>,
    /// Why.
    pub(crate) found: Vec<Diagnostic>,
}

/// Transforms a SAM template, with a stand-in for the place of code that lies beside it.
///
/// AWS's transform ends at refusals that it meets early. To tell of others, too, it is run again without the refused
/// resources until nothing else is refused.
pub(crate) fn run(template: &Template, text: &str, deployment: &Deployment<'_>) -> Transformed {
    let mut result = Transformed::default();
    // A template of the wrong form was told already.
    if !template.is_serverless() || !template.problems().is_empty() {
        return result;
    }
    let mut document = document(template);
    let environment = environment(deployment);
    loop {
        let errors = match stackfleet_sam::transform(&document, &environment) {
            Ok(transformed) => {
                result.template = Some(Template::new(transformed));
                return result;
            }
            Err(errors) => errors,
        };
        // What speaks of a resource that was taken out follows from that.
        let follows = |error: &&SamError| result.refused.iter().any(|id| mentions(&error.message, id));
        let own: Vec<&SamError> = errors.iter().filter(|error| !follows(error)).collect();
        result.found.extend(own.iter().map(|error| refusal(template, text, error)));
        let culprits: Vec<String> = errors.iter().filter_map(|error| owner(template, error)).collect();
        let resources = document.get_mut("Resources").and_then(Value::as_object_mut);
        let Some(resources) = resources.filter(|_| culprits.len() == errors.len()) else { return result };
        let before = resources.len();
        resources.retain(|id, _| !culprits.contains(id));
        if resources.len() == before || resources.is_empty() {
            return result;
        }
        result.refused.extend(culprits);
    }
}

fn document(template: &Template) -> Value {
    let mut document = template.value().clone();
    for (pointer, _) in local_code(template) {
        if let Some(code) = document.pointer_mut(&pointer) {
            *code = Value::from("s3://stackfleet/code");
        }
    }
    document
}

fn environment(deployment: &Deployment<'_>) -> Environment {
    let region = deployment.regions.first().map_or(REGION, |region| region.as_str());
    let mut environment = Environment::in_region(region);
    for (name, value) in deployment.parameters.into_iter().flatten() {
        environment.parameters.insert(name.clone(), Value::from(value.as_str()));
    }
    environment
}

fn mentions(message: &str, id: &str) -> bool {
    message.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == id)
}

/// Returns the resource that an error is about.
fn owner(template: &Template, error: &SamError) -> Option<String> {
    let place = place(template, error)?;
    place.strip_prefix("/Resources/")?.split('/').next().map(str::to_owned)
}

fn refusal(template: &Template, text: &str, error: &SamError) -> Diagnostic {
    let pointer = place(template, error);
    let span = pointer.as_deref().and_then(|pointer| key_or_value(template, pointer));
    let span = span.or_else(|| first_line(template, text));
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

fn key_or_value(template: &Template, pointer: &str) -> Option<Span> {
    template.key_span(pointer).or_else(|| template.span(pointer))
}

/// Finds what a refusal speaks of: the property that it names, else the event or resource; `None` for the document.
fn place(template: &Template, error: &SamError) -> Option<String> {
    let id = error.logical_id.as_deref()?;
    let resource = template.resource(id).map(|resource| format!("/Resources/{}", resource.name));
    let about = match error.kind {
        SamErrorKind::Event => event(template, id).or(resource),
        SamErrorKind::Document | SamErrorKind::Resource | SamErrorKind::DuplicateId | SamErrorKind::Unsupported => {
            resource.map(|resource| its_event(template, &resource, &error.message)).or_else(|| made_for(template, id))
        }
    }?;
    let value = template.value().pointer(&about)?;
    Some(names(&error.message).find_map(|name| member(value, name, &about)).unwrap_or(about))
}

/// Finds an event by its name alone.
fn event(template: &Template, id: &str) -> Option<String> {
    let mut owners = template
        .resources()
        .filter(|resource| resource.properties().and_then(|properties| properties.get("Events")?.get(id)).is_some());
    owners.next().map(|owner| trace::below(&format!("/Resources/{}/Properties/Events", owner.name), id))
}

/// Returns the event of a resource that the message names, else the resource.
fn its_event(template: &Template, resource: &str, message: &str) -> String {
    let named = message.split_once("Event with id [").and_then(|(_, rest)| rest.split_once(']'));
    let event = named.map(|(id, _)| trace::below(&format!("{resource}/Properties/Events"), id));
    event.filter(|event| template.value().pointer(event).is_some()).unwrap_or_else(|| resource.to_owned())
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
pub(crate) fn problems(subject: &Subject<'_>, refused: &[String]) -> Vec<Diagnostic> {
    if !subject.is_transformed() {
        return Vec::new();
    }
    let follows = |problem: &&Problem| refused.iter().any(|id| problem.message.contains(id.as_str()));
    let problems: Vec<&Problem> = subject.deployed.problems().iter().filter(|problem| !follows(problem)).collect();
    let exact = |problem: &Problem| subject.origin(&problem.pointer).is_some();
    let told: Vec<&str> = problems.iter().filter(|it| exact(it)).map(|it| it.message.as_str()).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for problem in problems {
        let diagnostic = after_transform(subject, problem);
        let is_exact = exact(problem);
        // What is wrong at a written place is often wrong again in what was generated of it, and there more than once.
        let same = |other: &Diagnostic| other.code == diagnostic.code && other.labels == diagnostic.labels;
        let again = told.contains(&problem.message.as_str()) || found.iter().any(same);
        if is_exact || !again {
            found.push(diagnostic);
        }
    }
    found
}

fn after_transform(subject: &Subject<'_>, problem: &Problem) -> Diagnostic {
    let about_member = problem.pointer.matches('/').count() <= 2;
    let exact = if about_member { subject.key_span(&problem.pointer) } else { subject.value_span(&problem.pointer) };
    if exact.is_some() {
        return problem.to_diagnostic(exact);
    }
    let maker = trace::maker(subject.source, &problem.pointer).unwrap_or_default();
    let span = key_or_value(subject.source, &maker);
    problem.to_diagnostic(span).help(format!("this is about `{}` after the SAM transform", problem.pointer))
}
