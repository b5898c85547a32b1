//! `AWS::Serverless::SimpleTable`: a DynamoDB table with one key.

use crate::error::{Fault, Result};
use crate::generated::{self, Generated};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, expect_map, free, is_required, mapping, optional};

const KIND: &str = "AWS::Serverless::SimpleTable";

const PROPERTIES: Specification = &[
    free("PointInTimeRecoverySpecification"),
    optional("PrimaryKey", Shape::TextsByName),
    optional("ProvisionedThroughput", Shape::Map),
    optional("TableName", Shape::TextOrMap),
    mapping("Tags"),
    mapping("SSESpecification"),
];

pub(crate) fn expand(id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let mut table = Generated::new(id, "AWS::DynamoDB::Table");
    table.attributes = generated::main_attributes(resource);
    let (name, kind) = match properties.truthy("PrimaryKey") {
        None => (Node::from("id"), "S"),
        Some(key) => primary_key(id, key)?,
    };
    table.put("AttributeDefinitions", list![map! {"AttributeName" => &name, "AttributeType" => kind}]);
    table.put("KeySchema", list![map! {"AttributeName" => name, "KeyType" => "HASH"}]);
    match properties.truthy("ProvisionedThroughput") {
        Some(throughput) => table.put("ProvisionedThroughput", throughput),
        None => table.put("BillingMode", "PAY_PER_REQUEST"),
    }
    table.copy_truthy(properties, &["SSESpecification", "TableName", "PointInTimeRecoverySpecification"]);
    if let Some(Node::Map(tags)) = properties.truthy("Tags") {
        table.put("Tags", generated::tag_list(Some(tags)));
    }
    Ok(vec![table])
}

fn primary_key(id: &Text, key: &Node) -> Result<(Node, &'static str)> {
    let key = expect_map(id, key, "PrimaryKey")?;
    let field = |field: &str| {
        key.present(field).ok_or_else(|| Fault::resource(id, is_required(&format!("PrimaryKey.{field}"))))
    };
    let name = field("Name")?;
    let kind = field("Type")?;
    match kind.as_str() {
        Some("String") => Ok((name.clone(), "S")),
        Some("Number") => Ok((name.clone(), "N")),
        Some("Binary") => Ok((name.clone(), "B")),
        Some(_) | None => Err(Fault::resource(id, format!("Invalid 'Type' \"{}\".", crate::python::display(kind)))),
    }
}
