//! What a method calls, and what it takes: Lambda integrations, request models, parameters, validators.

use super::{INTEGRATION, Swagger};
use crate::error::Result;
use crate::intrinsics;
use crate::node::{Map, Node, Text};

/// The Lambda integration of one method.
#[derive(Debug)]
pub(crate) struct LambdaIntegration<'a> {
    pub(crate) uri: Node,
    pub(crate) condition: Option<&'a Node>,
    pub(crate) credentials: Option<Node>,
    /// More members of the integration, after the usual ones.
    pub(crate) extra: Vec<(&'static str, Node)>,
}

impl Swagger {
    pub(crate) fn add_lambda_integration(
        &mut self,
        path: &Text,
        method: &Text,
        integration: &LambdaIntegration<'_>,
    ) -> Result<()> {
        self.add_path(path, method)?;
        for item in self.path_variants(path)? {
            let mut made = Map::hashed();
            made.insert("type", "aws_proxy");
            made.insert("httpMethod", "POST");
            made.insert("uri", intrinsics::under_condition(integration.condition, integration.uri.clone()));
            made.set("credentials", integration.credentials.clone());
            for (name, value) in &integration.extra {
                made.insert(*name, value.clone());
            }
            let mut definition = match item.get(method) {
                Some(Node::Map(existing)) if !existing.contains("Fn::If") => existing.clone(),
                Some(_) | None => Map::hashed(),
            };
            definition.insert(INTEGRATION, made);
            definition.insert("responses", Map::hashed());
            item.insert(method.clone(), intrinsics::under_condition(integration.condition, Node::Map(definition)));
        }
        Ok(())
    }

    /// Requires a body of a model.
    pub(crate) fn add_request_model(
        &mut self,
        path: &str,
        method: &str,
        model: &Text,
        required: Option<&Node>,
        is_version_3: bool,
    ) -> Result<()> {
        let name = model.like(model.to_lowercase());
        self.each_definition(path, method, |definition| {
            let mut schema = Map::hashed();
            if !is_version_3 {
                schema.insert("$ref", format!("#/definitions/{name}"));
                let mut parameter = Map::hashed();
                parameter.insert("in", "body");
                parameter.insert("name", name.clone());
                parameter.insert("schema", schema);
                parameter.set("required", required);
                add_parameters(definition, vec![Node::Map(parameter)]);
            } else {
                schema.insert("$ref", format!("#/components/schemas/{name}"));
                let mut media = Map::hashed();
                media.insert("schema", schema);
                let mut content = Map::hashed();
                content.insert("application/json", media);
                let mut body = Map::hashed();
                body.insert("content", content);
                body.set("required", required);
                definition.insert("requestBody", body);
            }
            Ok(())
        })
    }

    /// Takes parameters (`method.request.<place>.<name>`), some of them as cache keys.
    pub(crate) fn add_request_parameters(
        &mut self,
        path: &str,
        method: &str,
        parameters: &[RequestParameter],
    ) -> Result<()> {
        let is_version_2 = self.document.truthy("swagger").is_some();
        self.each_definition(path, method, |definition| {
            let mut made = Vec::new();
            let mut cache_keys = Vec::new();
            for parameter in parameters {
                let mut entry = Map::hashed();
                entry.insert("in", parameter.place.clone());
                entry.insert("name", parameter.name.clone());
                entry.insert("required", parameter.required.clone());
                if is_version_2 {
                    entry.insert("type", "string");
                } else {
                    let mut schema = Map::hashed();
                    schema.insert("type", "string");
                    entry.insert("schema", schema);
                }
                made.push(Node::Map(entry));
                if parameter.caching {
                    cache_keys.push(Node::Text(parameter.whole.clone()));
                }
            }
            add_parameters(definition, made);
            if !cache_keys.is_empty()
                && let Some(integration) = definition.map_mut(INTEGRATION)
            {
                integration.insert("cacheKeyParameters", cache_keys);
            }
            Ok(())
        })
    }

    /// Validates body or parameters of one method; validators are shared by name.
    pub(crate) fn add_validator(&mut self, path: &str, method: &str, body: bool, parameters: bool) -> Result<()> {
        let name = match (body, parameters) {
            (true, true) => "body-and-params",
            (true, false) => "body-only",
            (false, true) => "params-only",
            (false, false) => "no-validation",
        };
        let mut validator = Map::hashed();
        validator.insert("validateRequestBody", body);
        validator.insert("validateRequestParameters", parameters);
        if let Some(validators) = self.document.map_or_insert("x-amazon-apigateway-request-validators", Map::hashed)
            && !validators.contains(name)
        {
            validators.insert(name, validator);
        }
        self.each_definition(path, method, |definition| {
            definition.insert("x-amazon-apigateway-request-validator", name);
            Ok(())
        })
    }
}

/// One request parameter.
#[derive(Clone, Debug)]
pub(crate) struct RequestParameter {
    pub(crate) whole: Text,
    pub(crate) place: Text,
    pub(crate) name: Text,
    pub(crate) required: Node,
    pub(crate) caching: bool,
}

fn add_parameters(definition: &mut Map, made: Vec<Node>) {
    match definition.get_mut("parameters").and_then(Node::as_list_mut) {
        Some(list) => list.extend(made),
        None => definition.insert("parameters", made),
    }
}
