//! Deployment and stage of a REST API. A deployment is a snapshot: its logical id changes whenever the API does.

use super::ApiParts;
use super::domain::Domain;
use crate::context::Context;
use crate::error::Result;
use crate::generated::{self, Generated};
use crate::intrinsics::reference;
use crate::node::{Node, Text};
use crate::python;

pub(crate) fn deployment(
    context: &Context<'_>,
    parts: &ApiParts<'_>,
    rest_api: &mut Generated,
    domain: Option<&Domain>,
) -> Result<Generated> {
    let prefix = parts.id.with("Deployment");
    let properties = parts.properties;
    let hash = if properties.get("AlwaysDeploy").is_some_and(Node::truthy) {
        let Some(now_s) = context.environment.unix_time_s else {
            return Err(parts.fault("AlwaysDeploy needs the time, which was not given."));
        };
        python::full_hash(&now_s.to_string())
    } else {
        let empty = Node::Null;
        let body =
            rest_api.properties.truthy("Body").or_else(|| rest_api.properties.get("BodyS3Location")).unwrap_or(&empty);
        let mut text = python::repr_2(body);
        if let Some(version) = properties.truthy("OpenApiVersion") {
            text.push_str("||");
            text.push_str(&python::display(version));
        }
        if let Some(domain) = domain {
            text.push_str("||");
            text.push_str(&python::json_spaced(&Node::Map(domain.properties.clone())));
        }
        if let Some(names) = context.function_names.get(parts.id.as_str()) {
            text.push_str("||");
            text.push_str(names);
        }
        python::full_hash(&text)
    };
    let short = hash.get(..10).unwrap_or(&hash);
    let mut deployment =
        Generated::new(prefix.with(short), "AWS::ApiGateway::Deployment").with_attributes(parts.attributes);
    deployment.put("Description", format!("RestApi deployment id: {hash}"));
    deployment.put("RestApiId", reference(parts.id));
    if properties.truthy("OpenApiVersion").is_none() {
        deployment.put("StageName", "Stage");
    }
    Ok(deployment)
}

pub(crate) fn stage(parts: &ApiParts<'_>, deployment: &Generated) -> Generated {
    let properties = parts.properties;
    let mut stage = Generated::new(stage_id(parts), "AWS::ApiGateway::Stage").with_attributes(parts.attributes);
    stage.put("RestApiId", reference(parts.id));
    stage.put("DeploymentId", reference(&deployment.id));
    stage.copy(
        properties,
        &[
            "StageName",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "Variables",
            "MethodSettings",
            "AccessLogSetting",
            "CanarySetting",
            "TracingEnabled",
        ],
    );
    if let Some(Node::Map(tags)) = properties.present("Tags") {
        stage.put("Tags", generated::tag_list(Some(tags)));
    }
    stage
}

/// The stage's name is part of the id as it is if it can be, else by its hash; not if it is an intrinsic.
fn stage_id(parts: &ApiParts<'_>) -> Text {
    match parts.properties.get("StageName") {
        Some(Node::Text(name)) if name.chars().all(char::is_alphanumeric) => parts.id.with(&format!("{name}Stage")),
        Some(Node::Text(name)) => parts.id.with(&format!("Stage{}", python::short_hash(name))),
        Some(_) | None => parts.id.with("Stage"),
    }
}
