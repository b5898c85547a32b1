//! `AWS::Serverless::GraphQLApi`: an AppSync API with schema, authorizers, data sources, functions and resolvers.

mod data_sources;
mod model;
mod resolvers;

use crate::connector;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::{self, Generated};
use crate::intrinsics::{get_att, may_be_intrinsic, reference, sub};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, free, literal, mapping, needed, optional, text};
use crate::role;

const KIND: &str = "AWS::Serverless::GraphQLApi";

const PROPERTIES: Specification = &[
    mapping("Tags"),
    needed(mapping("Auth")),
    literal(text("SchemaInline")),
    free("Name"),
    free("XrayEnabled"),
    literal(text("SchemaUri")),
    optional("Logging", Shape::MapOrBoolean),
    mapping("DataSources"),
    mapping("Functions"),
    mapping("Resolvers"),
    mapping("ApiKeys"),
    mapping("DomainName"),
    mapping("Cache"),
    free("Visibility"),
    free("OwnerContact"),
    free("IntrospectionConfig"),
    free("QueryDepthLimit"),
    free("ResolverCountLimit"),
];

/// A GraphQL API being expanded.
#[derive(Debug)]
pub(crate) struct GraphParts<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    /// Attributes for derived resources.
    pub(crate) attributes: &'a Map,
}

impl GraphParts<'_> {
    /// The API's own id as other AppSync resources want it.
    pub(crate) fn api_id(&self) -> Node {
        get_att(self.id, "ApiId")
    }
    pub(crate) fn generated(&self, suffix: &str, kind: &str) -> Generated {
        Generated::new(self.id.with(suffix), kind).with_attributes(self.attributes)
    }
}

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    // Observed: unlike elsewhere, a property that is not known is let pass.
    let mut known = properties.clone();
    for name in properties.keys().filter(|name| PROPERTIES.iter().all(|property| property.name != name.as_str())) {
        known.remove(name);
    }
    check(id, KIND, &known, PROPERTIES)?;
    if let Some(path) = model::first_wrong(properties) {
        return Err(Fault::resource(id, format!("Property '{path}' is invalid.")));
    }
    let attributes = generated::main_attributes(resource);
    let parts = GraphParts { id, properties, attributes: &attributes };
    let schema = schema(&parts)?;
    let mut api = Generated::new(id, "AWS::AppSync::GraphQLApi");
    api.attributes = attributes.clone();
    api.put("Name", properties.truthy("Name").cloned().unwrap_or_else(|| Node::from(id)));
    api.copy(properties, &["XrayEnabled"]);
    api.copy_truthy(
        properties,
        &["Visibility", "OwnerContact", "IntrospectionConfig", "QueryDepthLimit", "ResolverCountLimit"],
    );
    let mut tags = generated::tag_list(properties.map("Tags"));
    tags.push(generated::tag("graphqlapi:createdBy", "SAM"));
    api.put("Tags", tags);
    let authorizers = add_auth(&parts, &mut api)?;
    let mut made = vec![schema];
    made.extend(add_logging(&parts, &mut api)?);
    made.push(api);
    for (index, function) in authorizers.into_iter().enumerate() {
        let source = map! {"Type" => "AWS::AppSync::GraphQLApi", "ResourceId" => parts.api_id()};
        let destination = map! {"Type" => "AWS::Lambda::Function", "Arn" => function};
        let connector_id = id.with(&format!("ToLambdaAuthConnector{}", index + 1));
        made.extend(connect(context, &connector_id, source, destination, list!["Write"])?);
    }
    made.extend(caches_and_names(&parts)?);
    let sources = data_sources::expand(context, &parts, &mut made)?;
    resolvers::expand(&parts, &sources, &mut made)?;
    Ok(made)
}

/// A connector between properties given by hand.
pub(crate) fn connect(
    context: &mut Context<'_>,
    id: &Text,
    source: Map,
    destination: Map,
    permissions: Node,
) -> Result<Vec<Generated>> {
    let mut resource = Map::new();
    let properties = map! {"Source" => source, "Destination" => destination, "Permissions" => permissions};
    resource.insert("Properties", properties);
    connector::expand(context, id, &resource)
}

fn schema(parts: &GraphParts<'_>) -> Result<Generated> {
    let mut schema = parts.generated("Schema", "AWS::AppSync::GraphQLSchema");
    schema.put("ApiId", parts.api_id());
    match (parts.properties.truthy("SchemaInline"), parts.properties.truthy("SchemaUri")) {
        (Some(_), Some(_)) => {
            return Err(Fault::resource(
                parts.id,
                "Both 'SchemaInline' and 'SchemaUri' cannot be defined at the same time.",
            ));
        }
        (None, None) => {
            return Err(Fault::resource(parts.id, "One of 'SchemaInline' or 'SchemaUri' must be set."));
        }
        (Some(inline), None) => schema.put("Definition", inline),
        (None, Some(uri)) => schema.put("DefinitionS3Location", uri),
    }
    Ok(schema)
}

const AUTH_TYPES: [(&str, &str, &str); 5] = [
    ("AWS_IAM", "", ""),
    ("API_KEY", "", ""),
    ("AWS_LAMBDA", "LambdaAuthorizer", "LambdaAuthorizerConfig"),
    ("OPENID_CONNECT", "OpenIDConnect", "OpenIDConnectConfig"),
    ("AMAZON_COGNITO_USER_POOLS", "UserPool", "UserPoolConfig"),
];

/// Sets the authentication of the API; returns the functions that authorize.
fn add_auth(parts: &GraphParts<'_>, api: &mut Generated) -> Result<Vec<Node>> {
    let id = parts.id;
    let Some(Node::Map(auth)) = parts.properties.get("Auth") else { return Ok(Vec::new()) };
    let mut functions = Vec::new();
    if let Some(Node::List(additional)) = auth.present("Additional") {
        let mut providers = Vec::new();
        for provider in additional.iter().filter_map(Node::as_map) {
            providers.push(Node::Map(provider_config(id, provider, true, &mut functions)?));
        }
        let own = provider_config(id, auth, false, &mut Vec::new())?;
        api.properties.update(&own);
        api.put("AdditionalAuthenticationProviders", providers);
        let mut all = Vec::new();
        provider_config(id, auth, false, &mut all)?;
        all.extend(functions);
        return Ok(all);
    }
    let own = provider_config(id, auth, false, &mut functions)?;
    api.properties.update(&own);
    Ok(functions)
}

fn provider_config(id: &Text, auth: &Map, is_additional: bool, functions: &mut Vec<Node>) -> Result<Map> {
    let kind = auth.str("Type").unwrap_or_default();
    let given: Vec<&(&str, &str, &str)> =
        AUTH_TYPES.iter().filter(|(_, property, _)| !property.is_empty() && auth.present(property).is_some()).collect();
    if given.len() > 1 {
        return Err(Fault::resource(id, "'Auth' has more than one authentication configuration defined."));
    }
    let mut config = Map::new();
    config.insert("AuthenticationType", kind);
    let Some((_, property, target)) = AUTH_TYPES.iter().find(|(known, ..)| *known == kind) else { return Ok(config) };
    if property.is_empty() {
        return Ok(config);
    }
    let Some(settings) = auth.present(property) else {
        return Err(Fault::resource(id, format!("'{property}' must be defined if type is '{kind}'.")));
    };
    let mut settings = settings.clone();
    if kind == "AWS_LAMBDA"
        && let Some(uri) = settings.as_map().and_then(|settings| settings.get("AuthorizerUri"))
    {
        functions.push(uri.clone());
    }
    if kind == "AMAZON_COGNITO_USER_POOLS"
        && let Some(settings) = settings.as_map_mut()
    {
        if is_additional {
            settings.remove("DefaultAction");
        }
        if settings.present("AwsRegion").is_none() {
            settings.insert("AwsRegion", reference("AWS::Region"));
        }
    }
    config.insert(*target, settings);
    Ok(config)
}

/// Sets up logging; returns the role that writes logs if none is given.
fn add_logging(parts: &GraphParts<'_>, api: &mut Generated) -> Result<Option<Generated>> {
    let given = match parts.properties.present("Logging") {
        None | Some(Node::Bool(true)) => None,
        Some(Node::Bool(false)) => return Ok(None),
        Some(logging) => logging.as_map(),
    };
    let mut config = Map::new();
    config.insert(
        "FieldLogLevel",
        given.and_then(|given| given.present("FieldLogLevel")).cloned().unwrap_or_else(|| "ALL".into()),
    );
    config.set("ExcludeVerboseContent", given.and_then(|given| given.present("ExcludeVerboseContent")));
    let mut made = None;
    match given.and_then(|given| given.present("CloudWatchLogsRoleArn")) {
        Some(role) => config.insert("CloudWatchLogsRoleArn", role),
        None => {
            let mut role = parts.generated("CloudWatchRole", "AWS::IAM::Role");
            role.put("AssumeRolePolicyDocument", role::assume_role_policy("appsync.amazonaws.com"));
            let policy = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs";
            role.put("ManagedPolicyArns", list![sub(policy)]);
            config.insert("CloudWatchLogsRoleArn", get_att(role.id.clone(), "Arn"));
            made = Some(role);
        }
    }
    api.put("LogConfig", config);
    Ok(made)
}

/// API keys, cache, domain name.
fn caches_and_names(parts: &GraphParts<'_>) -> Result<Vec<Generated>> {
    let mut made = Vec::new();
    let properties = parts.properties;
    for (name, key) in properties.map("ApiKeys").into_iter().flat_map(Map::iter) {
        let key = model::as_map(key).unwrap_or_default();
        let mut resource = parts.generated(name, "AWS::AppSync::ApiKey");
        resource.put("ApiId", parts.api_id());
        resource.copy(&key, &["ApiKeyId", "Description"]);
        resource.set("Expires", key.present("ExpiresOn"));
        made.push(resource);
    }
    if let Some(Node::Map(cache)) = properties.present("Cache") {
        let mut resource = parts.generated("ApiCache", "AWS::AppSync::ApiCache");
        resource.put("ApiId", parts.api_id());
        resource
            .copy(cache, &["ApiCachingBehavior", "AtRestEncryptionEnabled", "TransitEncryptionEnabled", "Ttl", "Type"]);
        made.push(resource);
    }
    if let Some(Node::Map(domain)) = properties.present("DomainName") {
        let mut name = parts.generated("DomainName", "AWS::AppSync::DomainName");
        name.copy(domain, &["CertificateArn", "DomainName", "Description"]);
        let mut association = parts.generated("DomainNameApiAssociation", "AWS::AppSync::DomainNameApiAssociation");
        association.put("ApiId", parts.api_id());
        association.put("DomainName", reference(&name.id));
        made.push(name);
        made.push(association);
    }
    Ok(made)
}

/// `{Name, Version}` as AppSync names it.
pub(crate) fn runtime(given: &Node) -> Node {
    let Some(runtime) = given.as_map().filter(|_| !may_be_intrinsic(given)) else { return given.clone() };
    let mut made = Map::new();
    made.set("Name", runtime.present("Name"));
    made.set("RuntimeVersion", runtime.present("Version"));
    Node::Map(made)
}
