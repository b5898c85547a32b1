//! `AWS::Serverless::Api`: a REST API with its deployment, stage, domain, authorizers and usage plan.

mod authorizers;
mod definition;
mod deployment;
pub(crate) mod domain;
pub(crate) mod usage_plan;

pub(crate) use definition::{merge_definitions, version_3};

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::function::{assign_tags, s3_location};
use crate::generated::{self, Generated};
use crate::implicit_api::MANAGED;
use crate::intrinsics::may_be_intrinsic;
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{
    Shape, Specification, check, expect_map, free, literal, mapping, optional, required, should_be, text,
};
use crate::swagger;

const KIND: &str = "AWS::Serverless::Api";

const PROPERTIES: Specification = &[
    free(MANAGED),
    optional("Name", Shape::TextOrMap),
    required("StageName", Shape::TextOrMap),
    mapping("Tags"),
    optional("PropagateTags", Shape::Boolean),
    free("DefinitionBody"),
    optional("DefinitionUri", Shape::TextOrMap),
    literal(optional("MergeDefinitions", Shape::Boolean)),
    optional("CacheClusterEnabled", Shape::Boolean),
    text("CacheClusterSize"),
    mapping("Variables"),
    optional("EndpointConfiguration", Shape::TextOrMap),
    optional("MethodSettings", Shape::List),
    optional("BinaryMediaTypes", Shape::List),
    optional("MinimumCompressionSize", Shape::Integer),
    optional("Cors", Shape::TextOrMap),
    mapping("Auth"),
    mapping("GatewayResponses"),
    mapping("AccessLogSetting"),
    mapping("CanarySetting"),
    optional("TracingEnabled", Shape::Boolean),
    free("OpenApiVersion"),
    mapping("Models"),
    free("Domain"),
    optional("FailOnWarnings", Shape::Boolean),
    text("Description"),
    text("Mode"),
    optional("DisableExecuteApiEndpoint", Shape::Boolean),
    text("ApiKeySourceType"),
    literal(optional("AlwaysDeploy", Shape::Boolean)),
    optional("Policy", Shape::TextOrMap),
    text("SecurityPolicy"),
    text("EndpointAccessMode"),
];

/// A REST API being expanded.
#[derive(Debug)]
pub(crate) struct ApiParts<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    /// Attributes for derived resources.
    pub(crate) attributes: &'a Map,
}

impl ApiParts<'_> {
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
    resolve(context, &mut properties)?;
    let mut parts = ApiParts { id, properties: &properties, attributes: &attributes };
    validate(&parts)?;

    let mut domain = match properties.present("Domain") {
        None => None,
        Some(domain) => Some(domain::prepare(&parts, domain)?),
    };
    let mut rest_api = rest_api(context, &parts, resource)?;
    let deployment = deployment::deployment(context, &parts, &mut rest_api, domain.as_ref())?;
    let stage = deployment::stage(&parts, &deployment);
    context.generations.add(id, "Stage", &stage.id);
    context.generations.add(id, "Deployment", &deployment.id);
    let stage_id = stage.id.clone();
    let mut made = vec![rest_api, deployment, stage];
    if let Some(domain) = &mut domain {
        made.extend(domain::resources(context, &parts, domain, &stage_id)?);
    }
    made.extend(authorizers::permissions(context, &parts)?);
    made.extend(usage_plan::resources(context, &parts, &stage_id)?);
    parts.properties = &properties;
    propagate_tags(&parts, &mut made);
    Ok(made)
}

fn propagate_tags(parts: &ApiParts<'_>, made: &mut [Generated]) {
    let on = parts.properties.get("PropagateTags").is_some_and(Node::truthy);
    let Some(tags) = parts.properties.map("Tags").filter(|_| on) else { return };
    for resource in made {
        match resource.kind.as_str() {
            "AWS::ApiGateway::DomainName"
            | "AWS::ApiGateway::DomainNameV2"
            | "AWS::ApiGateway::DomainNameAccessAssociation"
            | "AWS::ApiGateway::RestApi"
            | "AWS::ApiGateway::Stage"
            | "AWS::ApiGateway::UsagePlan"
            | "AWS::ApiGateway::ApiKey" => resource.put("Tags", generated::tag_list(Some(tags))),
            _other => assign_tags(resource, tags),
        }
    }
}

/// Replaces parameters where AWS's transform does.
fn resolve(context: &Context<'_>, properties: &mut Map) -> Result<()> {
    for key in ["Domain", "OpenApiVersion", "BinaryMediaTypes", "Auth"] {
        if let Some(value) = properties.get_mut(key) {
            context.resolve(value)?;
        }
    }
    Ok(())
}

fn validate(parts: &ApiParts<'_>) -> Result<()> {
    let properties = parts.properties;
    if properties.str("StageName").is_some_and(str::is_empty) {
        return Err(parts.fault("StageName cannot be empty."));
    }
    if let Some(body) = properties.truthy("DefinitionBody")
        && body.as_map().is_none()
    {
        return Err(parts.fault(should_be("DefinitionBody", "a map")));
    }
    let has_uri = properties.truthy("DefinitionUri").is_some();
    if has_uri && properties.truthy("MergeDefinitions").is_some() {
        return Err(parts.fault("Cannot set 'MergeDefinitions' to True when using `DefinitionUri`."));
    }
    if has_uri && properties.truthy("DefinitionBody").is_some() {
        return Err(parts.fault("Specify either 'DefinitionUri' or 'DefinitionBody' property and not both."));
    }
    match properties.present("OpenApiVersion") {
        None => {}
        Some(version) if version.as_str() == Some("") => {}
        Some(version @ Node::Text(_)) if swagger::is_version_3(version) || version.as_str() == Some("2.0") => {}
        // A number with a fraction reads like a version.
        Some(version @ Node::Number(_))
            if swagger::is_version_3(version) && properties.get(MANAGED).is_some_and(Node::truthy) => {}
        Some(version) if version.as_text().is_some() || may_be_intrinsic(version) => {
            return Err(parts.fault("The OpenApiVersion value must be of the format '3.0.0'."));
        }
        Some(_other) => return Err(parts.fault(should_be("OpenApiVersion", "a string"))),
    }
    Ok(())
}

fn rest_api(context: &mut Context<'_>, parts: &ApiParts<'_>, resource: &Map) -> Result<Generated> {
    let properties = parts.properties;
    let mut api = Generated::new(parts.id, "AWS::ApiGateway::RestApi");
    api.attributes = generated::main_attributes(resource);
    api.copy(properties, &["MinimumCompressionSize"]);
    api.copy_truthy(
        properties,
        &[
            "Name",
            "Mode",
            "ApiKeySourceType",
            "FailOnWarnings",
            "Policy",
            "Description",
            "SecurityPolicy",
            "EndpointAccessMode",
        ],
    );
    endpoint_configuration(context, parts, &mut api)?;
    if let Some(uri) = properties.truthy("DefinitionUri") {
        definition::refuse_with_uri(parts)?;
        let location = s3_location(parts.id, "DefinitionUri", uri)?.into_map("Bucket", "Key", "Version");
        let mut hashed = Map::hashed();
        for (key, value) in location.iter() {
            hashed.insert(key.clone(), value.clone());
        }
        api.put("BodyS3Location", hashed);
    } else if let Some(body) = properties.truthy("DefinitionBody") {
        api.put("Body", definition::finished(context, parts, body)?);
    }
    api.set("BinaryMediaTypes", properties.present("BinaryMediaTypes"));
    Ok(api)
}

fn endpoint_configuration(context: &Context<'_>, parts: &ApiParts<'_>, api: &mut Generated) -> Result<()> {
    let Some(given) = parts.properties.truthy("EndpointConfiguration") else {
        if context.partition != "aws" {
            api.put("EndpointConfiguration", map! {"Types" => list!["REGIONAL"]});
            api.put("Parameters", map! {"endpointConfigurationTypes" => "REGIONAL"});
        }
        return Ok(());
    };
    // Anything of one key counts as an intrinsic function: observed.
    let configuration = given.as_map().filter(|map| map.contains("Type") || !may_be_intrinsic(given));
    let Some(configuration) = configuration else {
        api.put("EndpointConfiguration", map! {"Types" => list![given]});
        api.put("Parameters", map! {"endpointConfigurationTypes" => given});
        return Ok(());
    };
    if configuration.present("VPCEndpointIds").is_some() && configuration.present("VpcEndpointIds").is_some() {
        return Err(
            parts.fault("'VPCEndpointIds' and 'VpcEndpointIds' cannot be used together in EndpointConfiguration.")
        );
    }
    let mut made = Map::new();
    if let Some(kind) = configuration.present("Type") {
        made.insert("Types", list![kind]);
        api.put("Parameters", map! {"endpointConfigurationTypes" => kind});
    }
    made.set(
        "VpcEndpointIds",
        configuration.present("VPCEndpointIds").or_else(|| configuration.present("VpcEndpointIds")),
    );
    made.set("IpAddressType", configuration.present("IpAddressType"));
    api.put("EndpointConfiguration", made);
    Ok(())
}

/// The `Auth` property as a map.
pub(crate) fn auth<'p>(parts: &ApiParts<'p>) -> Result<Option<&'p Map>> {
    match parts.properties.present("Auth") {
        None => Ok(None),
        Some(auth) => expect_map(parts.id, auth, "Auth").map(Some),
    }
}
