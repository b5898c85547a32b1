//! Functions and pipeline resolvers of GraphQL APIs.

use super::data_sources::DataSources;
use super::model::as_map;
use super::{GraphParts, runtime};
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, is_intrinsic};
use crate::node::{Map, Node, Text, list, map};
use std::collections::BTreeMap;

/// The code of a resolver that hands on what its functions return.
const PASS_THROUGH: &str = "\nexport function request(ctx) {\n    return {};\n}\n\nexport function response(ctx) {\n    return ctx.prev.result;\n}\n";

pub(crate) fn expand(parts: &GraphParts<'_>, sources: &DataSources, made: &mut Vec<Generated>) -> Result<()> {
    let functions = functions(parts, sources, made)?;
    for (type_name, resolvers) in parts.properties.map("Resolvers").into_iter().flat_map(Map::iter) {
        let resolvers = as_map(resolvers).unwrap_or_default();
        for (name, given) in resolvers.iter() {
            let given = as_map(given).unwrap_or_default();
            made.push(resolver(parts, type_name, name, &given, &functions)?);
        }
    }
    Ok(())
}

/// Makes the functions; returns how a pipeline refers to each.
fn functions(
    parts: &GraphParts<'_>,
    sources: &DataSources,
    made: &mut Vec<Generated>,
) -> Result<BTreeMap<String, Node>> {
    let mut references = BTreeMap::new();
    let mut none_source = None;
    for (name, given) in parts.properties.map("Functions").into_iter().flat_map(Map::iter) {
        let given = &as_map(given).unwrap_or_default();
        if let Some(id) = given.truthy("Id") {
            if given.len() > 1 {
                return Err(Fault::resource(name, "'Id' cannot be defined with other properties in Function."));
            }
            references.insert(name.to_string(), id.clone());
            continue;
        }
        let code = code(name, given)?;
        let source = data_source(parts, name, given, sources, &mut none_source)?;
        let mut function = parts.generated(name, "AWS::AppSync::FunctionConfiguration");
        function.put("ApiId", parts.api_id());
        function.put("Name", given.present("Name").cloned().unwrap_or_else(|| Node::from(name)));
        function.put("DataSourceName", source);
        function.put(code.0, code.1);
        let Some(given_runtime) = given.present("Runtime") else {
            return Err(Fault::resource(name, format!("'Runtime' must be defined as a property in {name}.")));
        };
        function.put("Runtime", runtime(given_runtime));
        function.copy(given, &["Description", "MaxBatchSize"]);
        function.set("SyncConfig", given.present("Sync"));
        references.insert(name.to_string(), get_att(function.id.clone(), "FunctionId"));
        made.push(function);
    }
    made.extend(none_source);
    Ok(references)
}

fn data_source(
    parts: &GraphParts<'_>,
    name: &Text,
    given: &Map,
    sources: &DataSources,
    none_source: &mut Option<Generated>,
) -> Result<Node> {
    let Some(source) = given.truthy("DataSource") else {
        return Err(Fault::resource(name, "'DataSource' must be set."));
    };
    if is_intrinsic(source) {
        return Ok(source.clone());
    }
    let shown = crate::python::display(source);
    if shown.eq_ignore_ascii_case("none") {
        let made = none_source.get_or_insert_with(|| {
            let mut made = parts.generated("NoneDataSource", "AWS::AppSync::DataSource");
            made.put("ApiId", parts.api_id());
            let id = Node::from(&made.id);
            made.put("Name", id);
            made.put("Type", "NONE");
            made
        });
        return Ok(get_att(made.id.clone(), "Name"));
    }
    match sources.get(&shown) {
        Some(id) => Ok(get_att(id.clone(), "Name")),
        None => Err(Fault::resource(
            name,
            format!(
                "Either define DataSource '{shown}' in 'DataSources' or use intrinsic function like GetAtt, ImportValue, Sub or \
                 another one to reference a DataSource defined outside of this GraphQLApi resource."
            ),
        )),
    }
}

/// The property that holds the code, and the code.
fn code<'g>(name: &Text, given: &'g Map) -> Result<(&'static str, &'g Node)> {
    match (given.truthy("InlineCode"), given.truthy("CodeUri")) {
        (Some(_), Some(_)) => {
            Err(Fault::resource(name, "Both 'InlineCode' and 'CodeUri' cannot be defined at the same time."))
        }
        (None, None) => Err(Fault::resource(name, "One of 'InlineCode' or 'CodeUri' must be set.")),
        (Some(inline), None) => Ok(("Code", inline)),
        (None, Some(uri)) => Ok(("CodeS3Location", uri)),
    }
}

fn resolver(
    parts: &GraphParts<'_>,
    type_name: &Text,
    name: &Text,
    given: &Map,
    functions: &BTreeMap<String, Node>,
) -> Result<Generated> {
    let Some(pipeline) = given.truthy("Pipeline").and_then(Node::as_list) else {
        return Err(Fault::resource(
            name,
            format!(
                "Resolver '{name}' must have Pipeline defined. Unit resolvers are not supported. If you need a Unit resolver \
                 you can use AppSync resource."
            ),
        ));
    };
    let mut resolver = parts.generated(&format!("{type_name}{name}"), "AWS::AppSync::Resolver");
    resolver.attributes.insert("DependsOn", list![parts.id.with("Schema")]);
    resolver.put("ApiId", parts.api_id());
    resolver.put("TypeName", Node::from(type_name));
    resolver.put("FieldName", given.present("FieldName").cloned().unwrap_or_else(|| Node::from(name)));
    resolver.put("Kind", "PIPELINE");
    let mut steps = Vec::new();
    for step in pipeline {
        let shown = crate::python::display(step);
        match functions.get(&shown) {
            Some(reference) => steps.push(reference.clone()),
            None => return Err(Fault::resource(name, format!("Function '{shown}' does not exist."))),
        }
    }
    resolver.put("PipelineConfig", map! {"Functions" => steps});
    if given.present("InlineCode").is_some() || given.present("CodeUri").is_some() {
        let code = code(name, given)?;
        resolver.put(code.0, code.1);
        let Some(given_runtime) = given.present("Runtime") else {
            return Err(Fault::resource(name, format!("'Runtime' must be defined as a property in {name}.")));
        };
        resolver.put("Runtime", runtime(given_runtime));
    } else {
        resolver.put("Code", PASS_THROUGH);
        resolver.put("Runtime", map! {"Name" => "APPSYNC_JS", "RuntimeVersion" => "1.0.0"});
    }
    resolver.set("CachingConfig", given.present("Caching"));
    resolver.copy(given, &["MaxBatchSize"]);
    resolver.set("SyncConfig", given.present("Sync"));
    Ok(resolver)
}
