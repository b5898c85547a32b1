//! Data sources of GraphQL APIs: tables and functions, with the roles to reach them.

use super::model::as_map;
use super::{GraphParts, connect};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference, sub_with};
use crate::node::{Map, Node, Text, list, map};
use crate::role;
use std::collections::BTreeMap;

/// Logical ids of data sources by the name that functions use.
pub(crate) type DataSources = BTreeMap<String, Text>;

pub(crate) fn expand(
    context: &mut Context<'_>,
    parts: &GraphParts<'_>,
    made: &mut Vec<Generated>,
) -> Result<DataSources> {
    let mut sources = DataSources::new();
    let Some(Node::Map(kinds)) = parts.properties.present("DataSources") else { return Ok(sources) };
    for (kind, entries) in kinds.iter() {
        let entries = as_map(entries).unwrap_or_default();
        for (name, given) in entries.iter() {
            let given = as_map(given).unwrap_or_default();
            let source = match kind.as_str() {
                "DynamoDb" => table(context, parts, name, &given, made)?,
                _lambda => function(context, parts, name, &given, made)?,
            };
            sources.entry(name.to_string()).or_insert(source);
        }
    }
    Ok(sources)
}

fn source(parts: &GraphParts<'_>, name: &Text, suffix: &str, kind: &str, given: &Map) -> Generated {
    let mut source = parts.generated(&format!("{name}{suffix}"), "AWS::AppSync::DataSource");
    source.put("ApiId", parts.api_id());
    source.put("Type", kind);
    source.put("Name", given.present("Name").cloned().unwrap_or_else(|| Node::from(name)));
    source.set("Description", given.present("Description"));
    source
}

/// The given role, or one made for the source.
fn service_role(parts: &GraphParts<'_>, source: &mut Generated, given: &Map) -> Option<Generated> {
    if let Some(role) = given.present("ServiceRoleArn") {
        source.put("ServiceRoleArn", role);
        return None;
    }
    let mut role = Generated::new(source.id.with("Role"), "AWS::IAM::Role").with_attributes(parts.attributes);
    role.put("AssumeRolePolicyDocument", role::assume_role_policy("appsync.amazonaws.com"));
    source.put("ServiceRoleArn", get_att(role.id.clone(), "Arn"));
    Some(role)
}

fn table(
    context: &mut Context<'_>,
    parts: &GraphParts<'_>,
    name: &Text,
    given: &Map,
    made: &mut Vec<Generated>,
) -> Result<Text> {
    let mut resource = source(parts, name, "DynamoDBDataSource", "AMAZON_DYNAMODB", given);
    let region = given.present("Region").cloned().unwrap_or_else(|| reference("AWS::Region"));
    let mut config = map! {"AwsRegion" => region.clone()};
    for key in ["TableName", "UseCallerCredentials", "Versioned"] {
        config.set(key, given.present(key));
    }
    config.set("DeltaSyncConfig", given.present("DeltaSync"));
    resource.put("DynamoDBConfig", config);
    let id = resource.id.clone();
    if let Some(role) = service_role(parts, &mut resource, given) {
        let arn = given.present("TableArn").cloned().unwrap_or_else(|| {
            let table = given.present("TableName").cloned().unwrap_or(Node::Null);
            sub_with(
                "arn:${AWS::Partition}:dynamodb:${__Region__}:${AWS::AccountId}:table/${__TableName__}",
                map! {"__TableName__" => table, "__Region__" => region},
            )
        });
        let permissions = given.present("Permissions").cloned().unwrap_or_else(|| list!["Read", "Write"]);
        let from = map! {"Type" => "AWS::AppSync::DataSource", "RoleName" => reference(&role.id)};
        let to = map! {"Type" => "AWS::DynamoDB::Table", "Arn" => arn};
        made.extend(connect(context, &id.with("ToTableConnector"), from, to, permissions)?);
        made.push(role);
    }
    made.push(resource);
    Ok(id)
}

fn function(
    context: &mut Context<'_>,
    parts: &GraphParts<'_>,
    name: &Text,
    given: &Map,
    made: &mut Vec<Generated>,
) -> Result<Text> {
    let mut resource = source(parts, name, "LambdaDataSource", "AWS_LAMBDA", given);
    let arn = given.present("FunctionArn").cloned().unwrap_or(Node::Null);
    resource.put("LambdaConfig", map! {"LambdaFunctionArn" => arn.clone()});
    let id = resource.id.clone();
    if let Some(role) = service_role(parts, &mut resource, given) {
        let from = map! {"Type" => "AWS::AppSync::DataSource", "RoleName" => reference(&role.id)};
        let to = map! {"Type" => "AWS::Lambda::Function", "Arn" => arn};
        made.extend(connect(context, &id.with("ToLambdaConnector"), from, to, list!["Write"])?);
        made.push(role);
    }
    made.push(resource);
    Ok(id)
}
