//! Authorizers of HTTP APIs: JSON web tokens, Lambda functions, IAM.

use super::HttpApiParts;
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::{reference, sub_with};
use crate::node::{Map, Node, Text, map};
use crate::properties::should_be;

/// One entry of `Authorizers`.
#[derive(Debug)]
pub(crate) struct Authorizer<'a> {
    pub(crate) name: &'a Text,
    properties: &'a Map,
}

/// All entries of `Authorizers`.
pub(crate) fn read<'a>(parts: &HttpApiParts<'a>, auth: &'a Map) -> Result<Vec<Authorizer<'a>>> {
    let Some(given) = auth.truthy("Authorizers") else { return Ok(Vec::new()) };
    let Some(given) = given.as_map() else {
        return Err(parts.fault(should_be("Auth.Authorizers", "a map")));
    };
    let mut read = Vec::new();
    for (name, properties) in given.iter() {
        let Some(properties) = properties.as_map() else {
            return Err(parts.fault(should_be(&format!("Auth.Authorizers.{name}"), "a map")));
        };
        if properties.contains("OpenIdConnectUrl") {
            return Err(parts.fault(format!(
                "'OpenIdConnectUrl' is no longer a supported property for authorizer '{name}'. Please refer to the AWS SAM documentation."
            )));
        }
        let authorizer = Authorizer { name, properties };
        authorizer.validate(parts)?;
        read.push(authorizer);
    }
    Ok(read)
}

impl Authorizer<'_> {
    fn is_jwt(&self) -> bool {
        self.properties.truthy("JwtConfiguration").is_some()
    }

    fn validate(&self, parts: &HttpApiParts<'_>) -> Result<()> {
        let (name, properties) = (self.name, self.properties);
        if self.is_jwt() {
            if properties.present("EnableFunctionDefaultPermissions").is_some() {
                return Err(parts.fault("EnableFunctionDefaultPermissions is only supported for Lambda Authorizer."));
            }
            if properties.get("JwtConfiguration").is_some_and(|jwt| jwt.as_map().is_none()) {
                return Err(parts.fault(should_be("JwtConfiguration", "a map")));
            }
            return Ok(());
        }
        if let Some(enable) = properties.present("EnableFunctionDefaultPermissions")
            && enable.as_bool().is_none()
        {
            return Err(
                parts.fault(should_be(&format!("Authorizers.{name}.EnableFunctionDefaultPermissions"), "a boolean"))
            );
        }
        if properties.present("AuthorizationScopes").is_some() {
            return Err(parts.fault("AuthorizationScopes must be a list."));
        }
        if properties.truthy("Identity").is_some_and(|identity| identity.as_map().is_none()) {
            return Err(parts.fault(should_be(&format!("Auth.Authorizers.{name}.Identity"), "a map")));
        }
        for field in ["AuthorizerPayloadFormatVersion", "FunctionArn"] {
            if properties.truthy(field).is_none() {
                return Err(parts.fault(format!("{name} Lambda Authorizer must define '{field}'.")));
            }
        }
        Ok(())
    }

    pub(crate) fn scopes(&self) -> Node {
        self.properties.present("AuthorizationScopes").cloned().unwrap_or_else(Node::list)
    }

    /// The security scheme.
    pub(crate) fn scheme(&self, context: &Context<'_>) -> Map {
        let properties = self.properties;
        let mut settings = Map::hashed();
        let mut scheme = Map::hashed();
        if self.is_jwt() {
            scheme.insert("type", "oauth2");
            settings.set("jwtConfiguration", properties.get("JwtConfiguration").map(lower_keys));
            settings.set("identitySource", properties.present("IdentitySource"));
            settings.insert("type", "jwt");
            scheme.insert("x-amazon-apigateway-authorizer", settings);
            return scheme;
        }
        scheme.insert("type", "apiKey");
        scheme.insert("name", "Unused");
        scheme.insert("in", "header");
        settings.insert("type", "request");
        let arn = properties.get("FunctionArn").cloned().unwrap_or(Node::Null);
        let uri =
            context.arn("apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations");
        settings.insert("authorizerUri", sub_with(uri, map! {"__FunctionArn__" => arn}));
        settings.set("authorizerCredentials", properties.truthy("FunctionInvokeRole"));
        let identity = properties.map("Identity");
        settings
            .set("authorizerResultTtlInSeconds", identity.and_then(|identity| identity.present("ReauthorizeEvery")));
        let sources = identity.map(identity_sources).unwrap_or_default();
        if !sources.is_empty() {
            settings.insert("identitySource", sources);
        }
        settings.set("authorizerPayloadFormatVersion", properties.present("AuthorizerPayloadFormatVersion"));
        settings.set("enableSimpleResponses", properties.truthy("EnableSimpleResponses"));
        scheme.insert("x-amazon-apigateway-authorizer", settings);
        scheme
    }
}

fn identity_sources(identity: &Map) -> Vec<Node> {
    let sections = [
        ("Headers", "$request.header."),
        ("QueryStrings", "$request.querystring."),
        ("StageVariables", "$stageVariables."),
        ("Context", "$context."),
    ];
    let mut sources = Vec::new();
    for (section, prefix) in sections {
        for value in identity.list(section).into_iter().flatten() {
            sources.push(format!("{prefix}{}", crate::python::display(value)).into());
        }
    }
    sources
}

/// `Issuer` and `issuer` are both accepted.
fn lower_keys(node: &Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let mut lower = Map::hashed();
    for (key, value) in map.iter() {
        let mut letters = key.chars();
        let name: String =
            letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
        lower.insert(key.like(name), value.clone());
    }
    Node::Map(lower)
}

/// Permissions for API Gateway to invoke the functions of authorizers that ask for it.
pub(crate) fn permissions(parts: &HttpApiParts<'_>) -> Result<Vec<Generated>> {
    let Some(Node::Map(auth)) = parts.properties.truthy("Auth") else { return Ok(Vec::new()) };
    let mut made = Vec::new();
    for authorizer in read(parts, auth)? {
        let Some(function) = authorizer.properties.truthy("FunctionArn") else { continue };
        if !authorizer.properties.get("EnableFunctionDefaultPermissions").is_some_and(Node::truthy) {
            continue;
        }
        let id = parts.id.with(&format!("{}AuthorizerPermission", authorizer.name));
        let mut permission = Generated::new(id, "AWS::Lambda::Permission").with_attributes(parts.attributes);
        permission.put("Action", "lambda:InvokeFunction");
        permission.put("FunctionName", function);
        permission.put("Principal", "apigateway.amazonaws.com");
        let arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
        permission.put("SourceArn", sub_with(arn, map! {"__ApiId__" => reference(parts.id)}));
        made.push(permission);
    }
    Ok(made)
}
