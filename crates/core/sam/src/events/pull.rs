//! Event source mappings: what all pulled sources (queues, streams, brokers) share.

use super::{Event, add_distinct};
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::may_be_intrinsic;
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Property, Shape, free, mapping, optional, required, should_be, text};
use crate::role;

/// Properties that all pulled sources take.
const COMMON: &[Property] = &[
    optional("BatchSize", Shape::Integer),
    free("StartingPosition"),
    free("StartingPositionTimestamp"),
    optional("Enabled", Shape::Boolean),
    optional("MaximumBatchingWindowInSeconds", Shape::Integer),
    optional("MaximumRetryAttempts", Shape::Integer),
    optional("BisectBatchOnFunctionError", Shape::Boolean),
    optional("MaximumRecordAgeInSeconds", Shape::Integer),
    mapping("DestinationConfig"),
    optional("ParallelizationFactor", Shape::Integer),
    optional("Topics", Shape::List),
    optional("Queues", Shape::List),
    optional("SourceAccessConfigurations", Shape::List),
    text("SecretsManagerKmsKeyId"),
    optional("TumblingWindowInSeconds", Shape::Integer),
    optional("FunctionResponseTypes", Shape::List),
    optional("KafkaBootstrapServers", Shape::List),
    mapping("FilterCriteria"),
    free("KmsKeyArn"),
    text("ConsumerGroupId"),
    mapping("ScalingConfig"),
    mapping("ProvisionedPollerConfig"),
    mapping("SchemaRegistryConfig"),
    optional("BisectBatchOnFunctionError", Shape::Boolean),
    mapping("MetricsConfig"),
    mapping("LoggingConfig"),
];

/// Properties that the mapping takes over as they are.
const SAME: &[&str] = &[
    "StartingPosition",
    "StartingPositionTimestamp",
    "BatchSize",
    "Enabled",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "ParallelizationFactor",
    "Topics",
    "Queues",
    "SourceAccessConfigurations",
    "TumblingWindowInSeconds",
    "FunctionResponseTypes",
    "FilterCriteria",
    "KmsKeyArn",
    "ScalingConfig",
    "ProvisionedPollerConfig",
    "MetricsConfig",
    "LoggingConfig",
];

/// What differs between pulled sources.
#[derive(Debug)]
pub(crate) struct Source {
    /// The property that names the source, if the source has an ARN.
    pub(crate) arn_property: Option<&'static str>,
    /// Properties of this kind only.
    pub(crate) extra: &'static [Property],
    pub(crate) starting_position_required: bool,
    pub(crate) consumer_group: bool,
}

impl Source {
    /// All properties that the source takes.
    pub(super) fn specification(&self) -> Vec<Property> {
        let mut all: Vec<Property> = COMMON.to_vec();
        if self.starting_position_required {
            all.push(required("StartingPosition", Shape::Any));
        }
        all.extend_from_slice(self.extra);
        if let Some(name) = self.arn_property {
            all.push(required(name, Shape::Any));
        }
        all
    }
}

/// Makes the mapping.
pub(crate) fn event_source_mapping(event: &Event<'_>, source: &Source) -> Result<Generated> {
    let properties = event.properties;
    if !source.consumer_group && properties.present("ConsumerGroupId").is_some() {
        return Err(
            event.fault_by_id(format!("Property ConsumerGroupId not defined for resource of type {}.", event.kind))
        );
    }
    if let Some(criteria) = properties.truthy("FilterCriteria") {
        check_filters(event, criteria)?;
    }
    let mut mapping = event.generated(event.id.clone(), "AWS::Lambda::EventSourceMapping");
    mapping.put("FunctionName", event.target.name());
    mapping.set("EventSourceArn", source.arn_property.and_then(|name| properties.present(name)));
    mapping.copy(properties, SAME);
    Ok(mapping)
}

fn check_filters(event: &Event<'_>, criteria: &Node) -> Result<()> {
    let wrong = || event.fault(String::from("FilterCriteria field has a wrong format"));
    if may_be_intrinsic(criteria) && !criteria.as_map().is_some_and(|map| map.contains("Filters")) {
        return if criteria
            .as_map()
            .and_then(Map::single)
            .is_some_and(|(key, _)| key.starts_with("Fn::") || key == "Ref")
        {
            Ok(())
        } else {
            Err(wrong())
        };
    }
    let Some(filters) = criteria.as_map().and_then(|map| map.get("Filters")) else { return Err(wrong()) };
    if filters.as_list().is_none() && !may_be_intrinsic(filters) {
        return Err(wrong());
    }
    Ok(())
}

/// Sets `DestinationConfig` and gives the inline policy that the role needs to write there.
pub(crate) fn on_failure(event: &Event<'_>, mapping: &mut Generated) -> Result<Option<Node>> {
    let Some(config) = event.properties.truthy("DestinationConfig").and_then(Node::as_map) else { return Ok(None) };
    let Some(on_failure) = config.present("OnFailure").and_then(Node::as_map) else {
        return Err(event.fault_by_id(should_be("DestinationConfig.OnFailure", "a map")));
    };
    let destination = on_failure.present("Destination");
    let mut kept = Map::new();
    for (key, value) in on_failure.iter() {
        if key != "Type" {
            kept.insert(key.clone(), value.clone());
        }
    }
    mapping.put("DestinationConfig", map! {"OnFailure" => kept});
    let Some(kind) = on_failure.present("Type") else { return Ok(None) };
    let arn = destination.cloned().unwrap_or(Node::Null);
    let (suffix, document) = match kind.as_str() {
        Some("SQS") => ("SQSPolicy", statement("sqs:SendMessage", &arn)),
        Some("SNS") => ("SNSPolicy", statement("sns:publish", &arn)),
        Some("S3") => {
            let objects = map! {"Fn::Join" => list!["/", list![arn.clone(), "*"]]};
            let put = map! {"Effect" => "Allow", "Action" => "s3:PutObject", "Resource" => objects};
            let list_bucket = map! {"Effect" => "Allow", "Action" => "s3:ListBucket", "Resource" => arn};
            ("S3Policy", map! {"Statement" => list![put, list_bucket]})
        }
        Some("Kafka") => return Ok(None),
        Some(_) | None => {
            return Err(event.fault_by_id("The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'"));
        }
    };
    Ok(Some(role::inline(event.id.with(suffix), Node::Map(document))))
}

fn statement(action: &str, resource: &Node) -> Map {
    map! {"Statement" => list![map! {"Effect" => "Allow", "Action" => action, "Resource" => resource}]}
}

/// Adds to the role what reading the source and writing failures takes.
pub(crate) fn link(role: Option<&mut Generated>, managed: Option<Node>, policies: Vec<Node>) {
    let Some(role) = role else { return };
    if let Some(arn) = managed {
        add_managed_policy(role, arn);
    }
    for policy in policies {
        add_distinct(role, "Policies", policy);
    }
}

pub(crate) fn add_managed_policy(role: &mut Generated, arn: Node) {
    add_distinct(role, "ManagedPolicyArns", arn);
}

/// The id under which all schemas of a registry are found: the ARN's registry part.
pub(crate) fn allow_statement(actions: &[&str], resource: impl Into<Node>) -> Node {
    let actions: Vec<Node> = actions.iter().map(|action| Node::from(*action)).collect();
    Node::Map(map! {"Effect" => "Allow", "Action" => actions, "Resource" => resource})
}

/// Actions that a source inside a VPC needs.
pub(crate) const NETWORK: &[&str] = &[
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
];

/// The statement that lets a secret be decrypted with the key of `SecretsManagerKmsKeyId`.
pub(crate) fn secret_key_statement(event: &Event<'_>) -> Result<Option<Node>> {
    let Some(key) = event.properties.truthy("SecretsManagerKmsKeyId") else { return Ok(None) };
    let Some(key) = key.as_text() else {
        return Err(event.fault(should_be("SecretsManagerKmsKeyId", "a string")));
    };
    let arn = Text::from(format!("arn:${{AWS::Partition}}:kms:${{AWS::Region}}:${{AWS::AccountId}}:key/{key}"));
    let statement = map! {"Effect" => "Allow", "Action" => "kms:Decrypt", "Resource" => crate::intrinsics::sub(arn)};
    Ok(Some(Node::Map(statement)))
}

/// The statements that a schema registry takes.
///
/// # Errors
/// A fault for a required field that is missing.
pub(crate) fn schema_registry_statements(event: &Event<'_>) -> Result<Vec<Node>> {
    let Some(config) = event.properties.truthy("SchemaRegistryConfig").and_then(Node::as_map) else {
        return Ok(Vec::new());
    };
    for field in ["SchemaRegistryURI", "EventRecordFormat", "SchemaValidationConfigs"] {
        if !config.contains(field) {
            return Err(event.fault(format!("Missing required field {field} in SchemaRegistryConfig")));
        }
    }
    if !matches!(config.str("EventRecordFormat"), Some("JSON" | "SOURCE")) {
        return Err(event.fault("EventRecordFormat in SchemaRegistryConfig must be either 'JSON' or 'SOURCE'"));
    }
    if config.list("SchemaValidationConfigs").is_none() {
        return Err(event.fault("SchemaValidationConfigs must be a list"));
    }
    check_access(event, config)?;
    let mut statements = Vec::new();
    for access in config.list("AccessConfigs").into_iter().flatten().filter_map(Node::as_map) {
        if let Some(uri) = access.present("URI") {
            statements.push(allow_statement(&["secretsmanager:GetSecretValue"], uri));
        }
    }
    let Some(uri) = config.present("SchemaRegistryURI") else { return Ok(statements) };
    if let Some(registry) = glue_registry(uri) {
        statements.push(allow_statement(&["glue:GetRegistry"], uri));
        let schemas = format!("arn:${{AWS::Partition}}:glue:${{AWS::Region}}:${{AWS::AccountId}}:schema/{registry}/*");
        statements.push(allow_statement(&["glue:GetSchemaVersion"], list![crate::intrinsics::sub(schemas)]));
    }
    Ok(statements)
}

fn check_access(event: &Event<'_>, config: &Map) -> Result<()> {
    let Some(access) = config.truthy("AccessConfigs") else { return Ok(()) };
    let Some(access) = access.as_list() else {
        return Err(event.fault("AccessConfigs in SchemaRegistryConfig must be a list"));
    };
    let whole = |one: &Node| one.as_map().is_some_and(|one| one.contains("Type") && one.contains("URI"));
    if access.iter().all(whole) {
        Ok(())
    } else {
        Err(event.fault("Each AccessConfig must be a dict with 'Type' and 'URI' fields"))
    }
}

/// The name of the registry if the address is the ARN of one in Glue.
fn glue_registry(uri: &Node) -> Option<&str> {
    let text = crate::intrinsics::argument(uri, "Fn::Sub").unwrap_or(uri).as_str()?;
    let (before, name) = text.split_once(":registry/")?;
    before.contains(":glue:").then_some(name)
}
