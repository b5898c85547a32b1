//! Authorizers of REST APIs: Cognito user pools and Lambda functions.

use super::{ApiParts, auth};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::{reference, sub_with};
use crate::node::{Map, Node, Text, map};
use crate::properties::should_be;

const AUTH_KEYS: [&str; 9] = [
    "Authorizers",
    "DefaultAuthorizer",
    "InvokeRole",
    "AddDefaultAuthorizerToCorsPreflight",
    "AddApiKeyRequiredToCorsPreflight",
    "ApiKeyRequired",
    "ResourcePolicy",
    "UsagePlan",
    "ApiKeySourceType",
];

pub(crate) fn check_keys(parts: &ApiParts<'_>, auth: &Map) -> Result<()> {
    if auth.keys().all(|key| AUTH_KEYS.contains(&key.as_str())) {
        Ok(())
    } else {
        Err(parts.fault("Invalid value for 'Auth' property"))
    }
}

/// One entry of `Authorizers`.
#[derive(Debug)]
pub(crate) struct Authorizer<'a> {
    pub(crate) name: &'a Text,
    properties: &'a Map,
}

/// All entries of `Authorizers`.
pub(crate) fn read<'a>(parts: &ApiParts<'a>, auth: &'a Map) -> Result<Vec<Authorizer<'a>>> {
    let Some(given) = auth.truthy("Authorizers") else { return Ok(Vec::new()) };
    let Some(given) = given.as_map() else {
        return Err(parts.fault(should_be("Auth.Authorizers", "a map")));
    };
    let mut read = Vec::new();
    for (name, properties) in given.iter() {
        let Some(properties) = properties.as_map() else {
            return Err(parts.fault(should_be(&format!("Auth.Authorizers.{name}"), "a map")));
        };
        read.push(Authorizer { name, properties });
    }
    for authorizer in &read {
        authorizer.validate(parts)?;
    }
    Ok(read)
}

impl Authorizer<'_> {
    fn is_cognito(&self) -> bool {
        self.properties.truthy("UserPoolArn").is_some()
    }

    fn payload_type(&self) -> &str {
        self.properties.str("FunctionPayloadType").unwrap_or("TOKEN")
    }

    fn is_request(&self) -> bool {
        !self.is_cognito() && self.payload_type() == "REQUEST"
    }

    fn identity(&self) -> Option<&Map> {
        self.properties.map("Identity")
    }

    pub(crate) fn scopes(&self) -> Node {
        self.properties.present("AuthorizationScopes").cloned().unwrap_or_else(Node::list)
    }

    fn validate(&self, parts: &ApiParts<'_>) -> Result<()> {
        let name = self.name;
        if let Some(identity) = self.properties.present("Identity")
            && identity.as_map().is_none()
        {
            return Err(parts.fault(if self.is_request() {
                should_be(&format!("Authorizer.{name}.Identity"), "a map")
            } else {
                "Auth.Authorizers.<Authorizer>.Identity must be a dict (LambdaTokenAuthorizationIdentity, \
                 LambdaRequestAuthorizationIdentity or CognitoAuthorizationIdentity)."
                    .to_owned()
            }));
        }
        if !self.is_cognito() && !matches!(self.payload_type(), "TOKEN" | "REQUEST") {
            let kind = self.payload_type();
            return Err(parts.fault(format!("{name} Authorizer has invalid 'FunctionPayloadType': {kind}.")));
        }
        if self.is_request() {
            let missing = self.identity().is_none_or(|identity| {
                ["Headers", "QueryStrings", "StageVariables", "Context"]
                    .iter()
                    .all(|source| identity.truthy(source).is_none())
                    && identity.get("ReauthorizeEvery").is_none_or(|every| every.as_integer() != Some(0))
            });
            if missing {
                return Err(parts.fault(format!(
                    "{name} Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context."
                )));
            }
        }
        if let Some(disable) = self.properties.present("DisableFunctionDefaultPermissions")
            && disable.as_bool().is_none()
        {
            return Err(
                parts.fault(should_be(&format!("Authorizers.{name}.DisableFunctionDefaultPermissions"), "a boolean"))
            );
        }
        Ok(())
    }

    /// The security definition.
    pub(crate) fn definition(&self, context: &Context<'_>, parts: &ApiParts<'_>) -> Result<Node> {
        let mut definition = Map::hashed();
        definition.insert("type", "apiKey");
        definition.insert("name", self.header());
        definition.insert("in", "header");
        let kind = if self.is_cognito() { "cognito_user_pools" } else { "custom" };
        definition.insert("x-amazon-apigateway-authtype", kind);
        let mut settings = Map::hashed();
        if self.is_cognito() {
            settings.insert("type", "cognito_user_pools");
            let pools = match self.properties.get("UserPoolArn") {
                Some(Node::List(pools)) => pools.clone(),
                other => other.into_iter().cloned().collect(),
            };
            settings.insert("providerARNs", pools);
        } else {
            settings.insert("type", self.payload_type().to_lowercase());
            let arn = self.properties.get("FunctionArn").cloned().unwrap_or(Node::Null);
            let uri = context
                .arn("apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations");
            settings.insert("authorizerUri", sub_with(uri, map! {"__FunctionArn__" => arn}));
            if let Some(every) = self.identity().and_then(|identity| identity.present("ReauthorizeEvery")) {
                settings.insert("authorizerResultTtlInSeconds", every);
            }
            if let Some(role) = self.properties.truthy("FunctionInvokeRole")
                && role.as_str() != Some("NONE")
            {
                settings.insert("authorizerCredentials", role);
            }
            if self.is_request()
                && let Some(source) = self.identity_source(parts)?
            {
                settings.insert("identitySource", source);
            }
        }
        if !self.is_request()
            && let Some(expression) = self.identity().and_then(|identity| identity.truthy("ValidationExpression"))
        {
            settings.insert("identityValidationExpression", expression);
        }
        definition.insert("x-amazon-apigateway-authorizer", settings);
        Ok(Node::Map(definition))
    }

    fn header(&self) -> Node {
        if self.is_request() {
            return "Unused".into();
        }
        let header = self.identity().and_then(|identity| identity.truthy("Header"));
        header.cloned().unwrap_or_else(|| "Authorization".into())
    }

    fn identity_source(&self, parts: &ApiParts<'_>) -> Result<Option<Text>> {
        let mut sources = Vec::new();
        let sections = [
            ("Headers", "method.request.header."),
            ("QueryStrings", "method.request.querystring."),
            ("StageVariables", "stageVariables."),
            ("Context", "context."),
        ];
        for (section, prefix) in sections {
            let Some(values) = self.identity().and_then(|identity| identity.truthy(section)) else { continue };
            let path = format!("Auth.Authorizers.{}.Identity.{section}", self.name);
            let Some(values) = values.as_list() else {
                return Err(parts.fault(should_be(&path, "a list")));
            };
            for (index, value) in values.iter().enumerate() {
                let Some(value) = value.as_str() else {
                    return Err(parts.fault(should_be(&format!("{path}[{index}]"), "a string")));
                };
                sources.push(format!("{prefix}{value}"));
            }
        }
        Ok((!sources.is_empty()).then(|| Text::template(sources.join(", "))))
    }
}

/// The security definition of IAM as a default authorizer.
pub(crate) fn iam_definition() -> Map {
    let mut definition = Map::hashed();
    definition.insert("type", "apiKey");
    definition.insert("name", "Authorization");
    definition.insert("in", "header");
    definition.insert("x-amazon-apigateway-authtype", "awsSigv4");
    definition
}

/// Permissions for API Gateway to invoke the authorizers' functions.
pub(crate) fn permissions(context: &Context<'_>, parts: &ApiParts<'_>) -> Result<Vec<Generated>> {
    let Some(auth) = auth(parts)? else { return Ok(Vec::new()) };
    if parts.properties.truthy("DefinitionUri").is_some() {
        return Ok(Vec::new());
    }
    let mut made = Vec::new();
    for authorizer in read(parts, auth)? {
        let Some(function) = authorizer.properties.truthy("FunctionArn").filter(|_| !authorizer.is_cognito()) else {
            continue;
        };
        if authorizer.properties.get("DisableFunctionDefaultPermissions").is_some_and(Node::truthy) {
            continue;
        }
        let id = parts.id.with(&format!("{}AuthorizerPermission", authorizer.name));
        let mut permission = Generated::new(id, "AWS::Lambda::Permission").with_attributes(parts.attributes);
        permission.put("Action", "lambda:InvokeFunction");
        permission.put("FunctionName", function);
        permission.put("Principal", "apigateway.amazonaws.com");
        let arn = context.arn("execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*");
        permission.put("SourceArn", sub_with(arn, map! {"__ApiId__" => reference(parts.id)}));
        made.push(permission);
    }
    Ok(made)
}
