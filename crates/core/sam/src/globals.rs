//! The `Globals` section: checked, then merged into the resources of the template.

use crate::error::{Fault, Result};
use crate::intrinsics::is_intrinsic;
use crate::node::{Map, Node};
use crate::python::repr_words;

const SECTIONS: &[(&str, &[&str])] = &[
    (
        "Function",
        &[
            "Handler",
            "Runtime",
            "CodeUri",
            "DeadLetterQueue",
            "Description",
            "MemorySize",
            "Timeout",
            "VpcConfig",
            "Environment",
            "Tags",
            "PropagateTags",
            "Tracing",
            "KmsKeyArn",
            "AutoPublishAlias",
            "AutoPublishAliasAllProperties",
            "Layers",
            "DeploymentPreference",
            "RolePath",
            "PermissionsBoundary",
            "ReservedConcurrentExecutions",
            "ProvisionedConcurrencyConfig",
            "AssumeRolePolicyDocument",
            "EventInvokeConfig",
            "FileSystemConfigs",
            "CodeSigningConfigArn",
            "Architectures",
            "SnapStart",
            "EphemeralStorage",
            "FunctionUrlConfig",
            "RuntimeManagementConfig",
            "LoggingConfig",
            "RecursiveLoop",
            "SourceKMSKeyArn",
            "TenancyConfig",
            "DurableConfig",
            "CapacityProviderConfig",
            "FunctionScalingConfig",
            "PublishToLatestPublished",
            "VersionDeletionPolicy",
        ],
    ),
    (
        "Api",
        &[
            "Auth",
            "Name",
            "DefinitionUri",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "MergeDefinitions",
            "Variables",
            "EndpointConfiguration",
            "MethodSettings",
            "BinaryMediaTypes",
            "MinimumCompressionSize",
            "Cors",
            "GatewayResponses",
            "AccessLogSetting",
            "CanarySetting",
            "TracingEnabled",
            "OpenApiVersion",
            "Domain",
            "AlwaysDeploy",
            "PropagateTags",
            "SecurityPolicy",
            "EndpointAccessMode",
        ],
    ),
    (
        "HttpApi",
        &[
            "Auth",
            "AccessLogSettings",
            "StageVariables",
            "Tags",
            "CorsConfiguration",
            "DefaultRouteSettings",
            "Domain",
            "RouteSettings",
            "FailOnWarnings",
            "PropagateTags",
        ],
    ),
    (
        "WebSocketApi",
        &[
            "AccessLogSettings",
            "ApiKeySelectionExpression",
            "DefaultRouteSettings",
            "DisableExecuteApiEndpoint",
            "DisableSchemaValidation",
            "Domain",
            "FailOnWarnings",
            "IpAddressType",
            "PropagateTags",
            "RouteSelectionExpression",
            "RouteSettings",
            "StageVariables",
            "Tags",
        ],
    ),
    ("SimpleTable", &["SSESpecification"]),
    ("StateMachine", &["PropagateTags"]),
    ("LayerVersion", &["PublishLambdaVersion"]),
    (
        "CapacityProvider",
        &["VpcConfig", "OperatorRole", "Tags", "InstanceRequirements", "ScalingConfig", "KmsKeyArn", "PropagateTags"],
    ),
];

const PREFIX: &str = "AWS::Serverless::";

fn invalid(message: &str) -> Fault {
    Fault::Whole(format!("'Globals' section is invalid. {message}"))
}

/// Takes the section out of the template and merges it into resources.
///
/// # Errors
/// A fault for a section that is not as documented, which ends the transform.
pub(crate) fn merge(globals: Option<&Node>, resources: &mut Map) -> Result<()> {
    let empty = Map::new();
    let globals = match globals {
        None => &empty,
        Some(Node::Map(globals)) => globals,
        Some(_other) => return Err(invalid("It must be a non-empty dictionary")),
    };
    check(globals)?;
    for (id, resource) in resources.iter_mut() {
        let Some(resource) = resource.as_map_mut() else { continue };
        let Some(section) = resource.str("Type").and_then(|kind| kind.strip_prefix(PREFIX)) else { continue };
        let Some(Node::Map(global)) = globals.get(section) else { continue };
        let global = without_ignored(id, global, resource.get("IgnoreGlobals"))?;
        let local = match resource.get("Properties") {
            Some(Node::Map(_)) => resource.remove("Properties").unwrap_or(Node::Null),
            Some(Node::Null) | None => Node::Map(if global.is_hashed() { Map::hashed() } else { Map::new() }),
            Some(_other) => continue,
        };
        let merged = merge_nodes(&Node::Map(global), local);
        resource.insert("Properties", merged);
    }
    Ok(())
}

fn check(globals: &Map) -> Result<()> {
    for (section, properties) in globals.iter() {
        let Some((_, known)) = SECTIONS.iter().find(|(name, _)| *name == section.as_str()) else {
            let mut names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            let names = repr_words(names);
            return Err(invalid(&format!(
                "'{section}' is not supported. Must be one of the following values - {names}"
            )));
        };
        let Node::Map(properties) = properties else {
            return Err(invalid("Value of ${section} must be a dictionary"));
        };
        for name in properties.keys() {
            if !known.contains(&name.as_str()) {
                let known = repr_words(known.iter().copied());
                return Err(invalid(&format!(
                    "'{name}' is not a supported property of '{section}'. Must be one of the following values - {known}"
                )));
            }
        }
    }
    Ok(())
}

fn without_ignored(id: &str, global: &Map, ignored: Option<&Node>) -> Result<Map> {
    let mut kept = global.clone();
    match ignored.filter(|ignored| ignored.truthy()) {
        None => {}
        Some(Node::Text(text)) if text == "*" => kept = Map::new(),
        Some(Node::List(names)) => {
            for name in names {
                let Some(text) = name.as_str().filter(|text| kept.contains(text)) else {
                    let name = crate::python::display(name);
                    return Err(Fault::Resource(
                        id.to_owned(),
                        format!("Resource {id} has invalid resource attribute 'IgnoreGlobals' on item '{name}'."),
                    ));
                };
                kept.remove(text);
            }
        }
        Some(_other) => {
            return Err(Fault::Resource(
                id.to_owned(),
                format!("Resource {id} has invalid resource attribute 'IgnoreGlobals'."),
            ));
        }
    }
    Ok(kept)
}

/// Maps are merged key by key, lists joined, of anything else the local value wins.
fn merge_nodes(global: &Node, local: Node) -> Node {
    if is_intrinsic(global) || is_intrinsic(&local) {
        return local;
    }
    match (global, local) {
        (Node::Map(global), Node::Map(local)) => {
            let mut merged = global.clone();
            for (key, value) in local.iter() {
                let value = match global.get(key) {
                    Some(other) => merge_nodes(other, value.clone()),
                    None => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Node::Map(merged)
        }
        (Node::List(global), Node::List(local)) => {
            let mut merged = global.clone();
            merged.extend(local);
            Node::List(merged)
        }
        (_, local) => local,
    }
}
