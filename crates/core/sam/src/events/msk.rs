//! `MSK`: a mapping from a managed Kafka cluster.

use super::{Event, pull};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::node::{Map, Node, map};
use crate::role;

pub(super) const SOURCE: pull::Source =
    pull::Source { arn_property: Some("Stream"), extra: &[], starting_position_required: true, consumer_group: true };

pub(crate) fn expand(context: &Context<'_>, event: &Event<'_>, role: Option<&mut Generated>) -> Result<Vec<Generated>> {
    let mut mapping = pull::event_source_mapping(event, &SOURCE)?;
    let mut config = Map::new();
    for key in ["ConsumerGroupId", "SchemaRegistryConfig"] {
        config.set(key, event.properties.truthy(key));
    }
    if !config.is_empty() {
        mapping.put("AmazonManagedKafkaEventSourceConfig", config);
    }
    let mut policies: Vec<Node> = pull::on_failure(event, &mut mapping)?.into_iter().collect();
    let mut statements = Vec::new();
    for access in event.properties.list("SourceAccessConfigurations").into_iter().flatten().filter_map(Node::as_map) {
        if access.str("Type") == Some("CLIENT_CERTIFICATE_TLS_AUTH")
            && let Some(uri) = access.truthy("URI")
        {
            statements.push(pull::allow_statement(&["secretsmanager:GetSecretValue"], uri));
        }
    }
    statements.extend(pull::schema_registry_statements(event)?);
    if !statements.is_empty() {
        policies.push(role::inline("MSKExecutionRolePolicy", Node::Map(map! {"Statement" => statements})));
    }
    let policy = context.aws_policy("service-role/AWSLambdaMSKExecutionRole");
    pull::link(role, Some(policy), policies);
    Ok(vec![mapping])
}
