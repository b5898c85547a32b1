//! `AWS::Serverless::Application`: a nested stack, from a template or the Serverless Application Repository.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::{self, Generated};
use crate::intrinsics::is_dynamic_reference;
use crate::node::{Map, Node, Text};
use crate::properties::{Shape, Specification, check, free, mapping, optional, required, should_be};
use crate::python;

const KIND: &str = "AWS::Serverless::Application";

const PROPERTIES: Specification = &[
    required("Location", Shape::TextOrMap),
    free("TemplateUrl"),
    mapping("Parameters"),
    optional("NotificationARNs", Shape::List),
    mapping("Tags"),
    optional("TimeoutInMinutes", Shape::Integer),
];

/// Looks up the template of an application, before anything else of it is checked.
///
/// # Errors
/// A fault for an application that cannot be used.
pub(crate) fn look_up(context: &mut Context<'_>, id: &Text) -> Result<()> {
    let Some(wanted) = location(context, id)? else { return Ok(()) };
    match url(context, id, &wanted)? {
        Some(url) => {
            if let Some(properties) = context.resource_mut(id).and_then(|resource| resource.map_mut("Properties")) {
                properties.insert("TemplateUrl", url);
            }
        }
        None => context.applications_not_ready.push(wanted.id),
    }
    Ok(())
}

/// The fault of all applications whose templates never become ready.
pub(crate) fn not_ready(context: &Context<'_>) -> Option<Fault> {
    let ids = python::repr_words(context.applications_not_ready.iter().map(String::as_str));
    let message = "Timed out waiting for nested stack templates to reach ACTIVE status.".to_owned();
    (!context.applications_not_ready.is_empty()).then_some(Fault::Resource(ids, message))
}

struct Wanted {
    id: String,
    version: String,
}

/// The application that a resource names; `None` for a template of one's own.
fn location(context: &mut Context<'_>, id: &Text) -> Result<Option<Wanted>> {
    let missing = |what: &str| Fault::resource(id, format!("Resource is missing the required [{what}] property."));
    let mut location = match context.resource(id).and_then(|resource| resource.map("Properties")) {
        Some(properties) => match properties.get("Location") {
            None => return Err(missing("Location")),
            Some(Node::Map(_)) => properties.get("Location").cloned().unwrap_or(Node::Null),
            Some(_other) => return Ok(None),
        },
        None => return Err(missing("Location")),
    };
    context.resolve_all(&mut location)?;
    let Node::Map(given) = &location else { return Ok(None) };
    for key in ["ApplicationId", "SemanticVersion"] {
        let Some(value) = given.get(key) else { return Err(missing(key)) };
        if matches!(value, Node::Map(_)) {
            return Err(Fault::resource(
                id,
                format!(
                    "Property '{key}' cannot be resolved. Only FindInMap and Ref intrinsic functions are supported."
                ),
            ));
        }
        if key == "ApplicationId" {
            match value {
                Node::Null => return Err(Fault::resource(id, "Property 'ApplicationId' is required.")),
                Node::Text(text) if text.is_empty() => {
                    return Err(Fault::resource(id, "Property 'ApplicationId' is required."));
                }
                Node::Text(_) if is_dynamic_reference(value) => {
                    return Err(Fault::resource(
                        id,
                        "Serverless Application Repostiory does not support dynamic reference in 'ApplicationId' property.",
                    ));
                }
                Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => {}
            }
        }
        if value.is_null() || value.as_str().is_some_and(str::is_empty) {
            return Err(Fault::resource(id, format!("Property '{key}' cannot be blank.")));
        }
        if value.as_text().is_none() {
            return Err(Fault::resource(id, should_be(&format!("Location.{key}"), "a string")));
        }
    }
    let text = |key: &str| given.str(key).unwrap_or_default().to_owned();
    let wanted = Wanted { id: text("ApplicationId"), version: text("SemanticVersion") };
    if let Some(properties) = context.resource_mut(id).and_then(|resource| resource.map_mut("Properties")) {
        properties.insert("Location", location);
    }
    Ok(Some(wanted))
}

/// Where the application's template is; `None` if it never gets there.
fn url(context: &Context<'_>, id: &Text, wanted: &Wanted) -> Result<Option<String>> {
    let Some(applications) = &context.environment.applications else {
        return Err(Fault::unsupported(id, "An application of the Serverless Application Repository without a lookup"));
    };
    let error = applications.errors.get(&wanted.id).or_else(|| applications.errors.get(&wanted.version));
    if let Some(message) = error {
        return Err(Fault::resource(id, message.clone()));
    }
    if applications.never_ready.contains(&wanted.id) {
        return Ok(None);
    }
    Ok(Some(applications.template_url.clone()))
}

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let mut stack = Generated::new(id, "AWS::CloudFormation::Stack");
    stack.attributes = context.passthrough(resource);
    stack.attributes.set("DependsOn", resource.get("DependsOn"));
    stack.copy(properties, &["Parameters", "NotificationARNs", "TimeoutInMinutes"]);
    let reserved = ["lambda:createdBy", "serverlessrepo:applicationId", "serverlessrepo:semanticVersion"];
    generated::refuse_reserved_tags(id, &reserved, properties.map("Tags"))?;
    let mut tags = context.tags("lambda:createdBy", None);
    match properties.get("Location") {
        Some(Node::Map(location)) => {
            stack.set("TemplateURL", properties.present("TemplateUrl"));
            for (key, property) in [
                ("serverlessrepo:applicationId", "ApplicationId"),
                ("serverlessrepo:semanticVersion", "SemanticVersion"),
            ] {
                if let Some(value) = location.present(property) {
                    tags.push(generated::tag(key, value.clone()));
                }
            }
        }
        location => stack.set("TemplateURL", location),
    }
    tags.extend(generated::tag_list(properties.map("Tags")));
    stack.put("Tags", tags);
    Ok(vec![stack])
}
