//! `AWS::Serverless::WebSocketApi`: a WebSocket API with routes to functions, stage, domain and authorizer.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::http_api::{domain, marked_tags};
use crate::intrinsics::{is_intrinsic, reference, sub, sub_with};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, expect_map, free, mapping, needed, optional, should_be, text};

const KIND: &str = "AWS::Serverless::WebSocketApi";
const MARKER: &str = "websocketapi:createdBy";

const PROPERTIES: Specification = &[
    free("AccessLogSettings"),
    text("ApiKeySelectionExpression"),
    mapping("Auth"),
    free("DefaultRouteSettings"),
    text("Description"),
    optional("DisableExecuteApiEndpoint", Shape::Boolean),
    optional("DisableSchemaValidation", Shape::Boolean),
    mapping("Domain"),
    text("IpAddressType"),
    text("Name"),
    optional("PropagateTags", Shape::Boolean),
    needed(text("RouteSelectionExpression")),
    needed(mapping("Routes")),
    free("RouteSettings"),
    optional("StageName", Shape::TextOrMap),
    mapping("StageVariables"),
    mapping("Tags"),
];

struct Parts<'a> {
    id: &'a Text,
    properties: &'a Map,
    attributes: &'a Map,
    stage: Node,
}

impl Parts<'_> {
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::resource(self.id, message)
    }
}

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let given = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, given, PROPERTIES)?;
    let mut properties = given.clone();
    for key in ["Domain", "Auth", "Routes"] {
        if let Some(value) = properties.get_mut(key) {
            context.resolve(value)?;
        }
    }
    // Observed: of all attributes only `DependsOn` is kept, and that for the API alone.
    let attributes = Map::new();
    let stage_name = properties.present("StageName").cloned().unwrap_or_else(|| "default".into());
    let parts = Parts { id, properties: &properties, attributes: &attributes, stage: stage_name };
    validate(&parts)?;
    let tags = marked_tags(MARKER, properties.map("Tags"));
    let propagates = properties.get("PropagateTags").is_some_and(Node::truthy);
    let stage_tags = if propagates { tags.clone() } else { marked_tags(MARKER, None) };

    let mut api = Generated::new(id, "AWS::ApiGatewayV2::Api");
    api.attributes.set("DependsOn", resource.get("DependsOn"));
    api.copy(
        &properties,
        &[
            "ApiKeySelectionExpression",
            "Description",
            "DisableExecuteApiEndpoint",
            "DisableSchemaValidation",
            "IpAddressType",
            "RouteSelectionExpression",
        ],
    );
    api.put("Name", properties.present("Name").cloned().unwrap_or_else(|| Node::from(id)));
    api.put("ProtocolType", "WEBSOCKET");
    api.put("Tags", tags.clone());

    let mut stage = stage(&parts, &stage_tags);
    context.generations.add(id, "Stage", &stage.id);
    let stage_id = stage.id.clone();
    let routes = routes(&parts)?;
    if properties.truthy("RouteSettings").is_some() {
        // Settings name routes, so these must be there first.
        let ids = routes.iter().filter(|resource| resource.kind == "AWS::ApiGatewayV2::Route");
        stage.attributes.insert("DependsOn", ids.map(|route| Node::from(&route.id)).collect::<Vec<Node>>());
    }
    let mut made = vec![api, stage];
    made.extend(routes);
    if let Some(Node::Map(given)) = properties.present("Domain") {
        if given.truthy("MutualTlsAuthentication").is_some() {
            return Err(parts.fault("Mutual TLS domain name association is not supported for Websocket APIs."));
        }
        let request = domain::DomainRequest {
            id,
            attributes: &attributes,
            given,
            stage: &stage_id,
            tags: Some(stage_tags),
            shares_record_sets: false,
        };
        made.extend(domain::resources(context, &request)?);
    }
    Ok(made)
}

fn validate(parts: &Parts<'_>) -> Result<()> {
    let properties = parts.properties;
    for key in ["AccessLogSettings", "DefaultRouteSettings", "RouteSettings"] {
        if properties.present(key).is_some_and(|settings| settings.as_map().is_none()) {
            return Err(parts.fault(should_be(key, "a map")));
        }
    }
    if parts.stage.as_str() == Some("$default") {
        return Err(parts.fault("Stages cannot be named $default for WebSocket APIs."));
    }
    if let Some(kind) = properties.present("IpAddressType")
        && !is_intrinsic(kind)
        && !matches!(kind.as_str(), Some("ipv4" | "dualstack"))
    {
        return Err(parts.fault("IpAddressType must be 'ipv4' or 'dualstack'."));
    }
    let routes = properties.map("Routes");
    if routes.is_none_or(Map::is_empty) {
        return Err(parts.fault("WebSocket API must have at least one route."));
    }
    validate_auth(parts, routes.is_some_and(|routes| routes.contains("$connect")))
}

fn validate_auth(parts: &Parts<'_>, has_connect: bool) -> Result<()> {
    let Some(Node::Map(auth)) = parts.properties.truthy("Auth") else { return Ok(()) };
    let has_others = auth.iter().any(|(key, value)| key != "AuthType" && !value.is_null());
    match auth.truthy("AuthType").map(|kind| crate::python::display(kind).to_uppercase()).as_deref() {
        None if has_others => {
            return Err(parts.fault("AuthType must be specified for additional auth configurations."));
        }
        None => {}
        Some("NONE") if has_others => {
            return Err(parts.fault("No additional configurations supported for AuthType NONE."));
        }
        Some("AWS_IAM") if has_others => {
            return Err(parts.fault("No additional configurations supported for AuthType AWS_IAM."));
        }
        Some("CUSTOM") if auth.truthy("AuthArn").is_none() => {
            return Err(parts.fault("AuthArn must be specified if AuthType is CUSTOM."));
        }
        Some("NONE" | "CUSTOM" | "AWS_IAM") => {}
        Some(_other) => return Err(parts.fault("AuthType is not one of AWS_IAM, CUSTOM or NONE.")),
    }
    if !has_connect {
        return Err(parts.fault("Authorization is only available if there is a $connect route."));
    }
    Ok(())
}

fn stage(parts: &Parts<'_>, tags: &Map) -> Generated {
    let id = match parts.stage.as_str() {
        Some("default") => parts.id.with("DefaultStage"),
        // Observed: a name that makes no id is refused.
        Some(text) => parts.id.with(&format!("{text}Stage")),
        None => parts.id.with("Stage"),
    };
    let mut stage = Generated::new(id, "AWS::ApiGatewayV2::Stage").with_attributes(parts.attributes);
    stage.put("ApiId", reference(parts.id));
    stage.put("StageName", parts.stage.clone());
    stage.copy(parts.properties, &["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"]);
    stage.put("Tags", tags);
    stage.put("AutoDeploy", true);
    stage
}

fn routes(parts: &Parts<'_>) -> Result<Vec<Generated>> {
    let mut made = Vec::new();
    for (key, route) in parts.properties.map("Routes").into_iter().flat_map(Map::iter) {
        let name = route_name(parts, key)?;
        let route = expect_map(parts.id, route, &format!("Routes.{key}"))?;
        made.extend(route_resources(parts, key, &name, route)?);
    }
    Ok(made)
}

/// The part of ids that stands for a route: observed, that its name begins with its only capital letter.
fn route_name(parts: &Parts<'_>, key: &str) -> Result<String> {
    let name = match key {
        "$connect" | "$disconnect" | "$default" => key.trim_start_matches('$'),
        other => other,
    };
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if name.chars().all(char::is_alphanumeric) => {
            Ok(first.to_uppercase().chain(letters.as_str().to_lowercase().chars()).collect())
        }
        Some(_) | None => Err(parts.fault(format!(
            "Route key '{key}' must be alphanumeric. Only $connect, $disconnect, and $default special routes are supported."
        ))),
    }
}

fn route_resources(parts: &Parts<'_>, key: &Text, name: &str, given: &Map) -> Result<Vec<Generated>> {
    let Some(function) = given.present("FunctionArn") else {
        return Err(parts.fault("Route must have associated function."));
    };
    let is_connect = key == "$connect";
    if !is_connect && given.present("RequestParameters").is_some() {
        return Err(parts.fault("Request parameters are only supported for the $connect route in WebSocket APIs."));
    }
    let new = |suffix: &str, kind: &str| {
        Generated::new(parts.id.with(&format!("{name}{suffix}")), kind).with_attributes(parts.attributes)
    };
    let uri = |variable: &str, arn: &Node| {
        let text = format!(
            "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{variable}}}/invocations"
        );
        sub_with(text, map! {variable => arn})
    };
    let mut integration = new("Integration", "AWS::ApiGatewayV2::Integration");
    integration.put("ApiId", reference(parts.id));
    integration.put("IntegrationType", "AWS_PROXY");
    integration.put("IntegrationUri", uri("FunctionArn", function));
    integration.set("TimeoutInMillis", given.present("IntegrationTimeout"));

    let mut route = new("Route", "AWS::ApiGatewayV2::Route");
    route.put("ApiId", reference(parts.id));
    route.put("RouteKey", Node::from(key));
    route.put("Target", map! {"Fn::Join" => list!["/", list!["integrations", reference(&integration.id)]]});
    route.copy(
        given,
        &[
            "ApiKeyRequired",
            "ModelSelectionExpression",
            "OperationName",
            "RequestModels",
            "RouteResponseSelectionExpression",
        ],
    );
    route.set("RequestParameters", given.truthy("RequestParameters"));
    let mut made = Vec::new();
    if is_connect && let Some(Node::Map(auth)) = parts.properties.truthy("Auth") {
        route.set("AuthorizationType", auth.present("AuthType"));
        if let Some(arn) = auth.truthy("AuthArn") {
            let mut authorizer = new("Authorizer", "AWS::ApiGatewayV2::Authorizer");
            authorizer.put("ApiId", reference(parts.id));
            authorizer.put("AuthorizerType", "REQUEST");
            authorizer.put("AuthorizerUri", uri("AuthArn", arn));
            authorizer.set("AuthorizerCredentialsArn", auth.present("InvokeRole"));
            authorizer.set("IdentitySource", auth.present("IdentitySource"));
            let fallback = Node::from(&authorizer.id);
            authorizer.put("Name", auth.truthy("Name").cloned().unwrap_or(fallback));
            route.put("AuthorizerId", reference(&authorizer.id));
            if auth.truthy("InvokeRole").is_none() {
                let id = parts.id.with("AuthorizerPermission");
                let mut permission = Generated::new(id, "AWS::Lambda::Permission").with_attributes(parts.attributes);
                permission.put("Action", "lambda:InvokeFunction");
                permission.put("FunctionName", arn);
                permission.put("Principal", "apigateway.amazonaws.com");
                let source =
                    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
                permission.put("SourceArn", sub_with(source, map! {"__ApiId__" => reference(parts.id)}));
                made.push(permission);
            }
            made.push(authorizer);
        }
    }
    made.push(permission(parts, new("Permission", "AWS::Lambda::Permission"), function, key));
    made.push(integration);
    made.push(route);
    Ok(made)
}

fn permission(parts: &Parts<'_>, mut permission: Generated, function: &Node, key: &str) -> Generated {
    permission.put("Action", "lambda:InvokeFunction");
    permission.put("FunctionName", function);
    permission.put("Principal", "apigateway.amazonaws.com");
    let stage = parts.stage.as_str().unwrap_or("${__StageName__}");
    let arn = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{}.ApiId}}/{stage}/{key}",
        parts.id
    );
    let source = match &parts.stage {
        Node::Text(_) => sub(arn),
        name => sub_with(arn, map! {"__StageName__" => name}),
    };
    permission.put("SourceArn", source);
    permission
}
