//! `AWS::Serverless::HttpApi`: an HTTP API with its stage, domain and authorizers.

mod authorizers;
mod definition;
pub(crate) mod domain;

pub(crate) use definition::{is_editable, not_open_api};

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::function::s3_location;
use crate::generated::{self, Generated};
use crate::implicit_api::MANAGED;
use crate::intrinsics::reference;
use crate::node::{Map, Node, Text};
use crate::properties::{Shape, Specification, check, free, mapping, optional, should_be, text};

const KIND: &str = "AWS::Serverless::HttpApi";

const PROPERTIES: Specification = &[
    free(MANAGED),
    free("Name"),
    optional("StageName", Shape::TextOrMap),
    mapping("Tags"),
    optional("PropagateTags", Shape::Boolean),
    mapping("DefinitionBody"),
    optional("DefinitionUri", Shape::TextOrMap),
    mapping("StageVariables"),
    optional("CorsConfiguration", Shape::MapOrBoolean),
    mapping("AccessLogSettings"),
    mapping("DefaultRouteSettings"),
    mapping("Auth"),
    free("RouteSettings"),
    mapping("Domain"),
    optional("FailOnWarnings", Shape::Boolean),
    text("Description"),
    optional("DisableExecuteApiEndpoint", Shape::Boolean),
];

/// An HTTP API being expanded.
#[derive(Debug)]
pub(crate) struct HttpApiParts<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    /// Attributes for derived resources.
    pub(crate) attributes: &'a Map,
}

impl HttpApiParts<'_> {
    pub(crate) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::resource(self.id, message)
    }
}

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let given = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, given, PROPERTIES)?;
    let attributes = context.passthrough(resource);
    let mut properties = given.clone();
    for key in ["CorsConfiguration", "Domain"] {
        if let Some(value) = properties.get_mut(key) {
            context.resolve(value)?;
        }
    }
    let parts = HttpApiParts { id, properties: &properties, attributes: &attributes };
    let has_uri = properties.truthy("DefinitionUri").is_some();
    if has_uri && properties.truthy("DefinitionBody").is_some() {
        return Err(parts.fault("Specify either 'DefinitionUri' or 'DefinitionBody' property and not both."));
    }
    if properties.present("RouteSettings").is_some_and(|settings| settings.as_map().is_none()) {
        return Err(parts.fault(should_be("RouteSettings", "a map")));
    }
    let is_editable = !has_uri && properties.truthy("DefinitionBody").is_some_and(is_editable);
    let tags = is_editable.then(|| marked_tags("httpapi:createdBy", properties.map("Tags")));

    let mut api = Generated::new(id, "AWS::ApiGatewayV2::Api");
    api.attributes = generated::main_attributes(resource);
    api.copy_truthy(&properties, &["FailOnWarnings"]);
    if let Some(uri) = properties.truthy("DefinitionUri") {
        definition::refuse_with_uri(&parts)?;
        api.put("BodyS3Location", s3_location(id, "DefinitionUri", uri)?.into_map("Bucket", "Key", "Version"));
    } else if let Some(body) = properties.truthy("DefinitionBody") {
        api.put("Body", definition::finished(context, &parts, body, tags.as_ref())?);
    }
    let stage = stage(&parts, tags.as_ref());
    context.generations.add(id, "Stage", &stage.id);
    let stage_id = stage.id.clone();
    let mut made = vec![api, stage];
    if let Some(Node::Map(given)) = properties.present("Domain") {
        let request = domain::DomainRequest {
            id,
            attributes: &attributes,
            given,
            stage: &stage_id,
            tags: Some(marked_tags("httpapi:createdBy", properties.map("Tags"))),
            shares_record_sets: true,
        };
        made.extend(domain::resources(context, &request)?);
    }
    made.extend(authorizers::permissions(&parts)?);
    Ok(made)
}

/// The author's tags with the one that marks what the transform made, as a map in the author's kind of order.
pub(crate) fn marked_tags(marker: &str, tags: Option<&Map>) -> Map {
    let mut all = tags.cloned().unwrap_or_default();
    if !all.contains(marker) {
        all.insert(marker, "SAM");
    }
    all
}

fn stage(parts: &HttpApiParts<'_>, tags: Option<&Map>) -> Generated {
    let properties = parts.properties;
    let name = properties.truthy("StageName").cloned().unwrap_or_else(|| "$default".into());
    let id = match name.as_str() {
        Some("$default") => parts.id.with("ApiGatewayDefaultStage"),
        Some(text) if text.chars().all(char::is_alphanumeric) => parts.id.with(&format!("{text}Stage")),
        Some(text) => parts.id.with(&format!("Stage{}", crate::python::short_hash(text))),
        None => parts.id.with("Stage"),
    };
    let mut stage = Generated::new(id, "AWS::ApiGatewayV2::Stage").with_attributes(parts.attributes);
    stage.put("ApiId", reference(parts.id));
    stage.put("StageName", name);
    stage.copy(properties, &["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"]);
    stage.set("Tags", tags);
    stage.put("AutoDeploy", true);
    stage
}
