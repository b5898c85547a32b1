//! `SelfManagedKafka`: a mapping from a Kafka cluster of one's own.

use super::{Event, pull};
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::is_intrinsic;
use crate::node::{Map, Node, map};
use crate::properties::expect_map;
use crate::role;

pub(super) const SOURCE: pull::Source =
    pull::Source { arn_property: None, extra: &[], starting_position_required: false, consumer_group: true };

const AUTH: [&str; 4] = ["SASL_SCRAM_256_AUTH", "SASL_SCRAM_512_AUTH", "BASIC_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH"];

pub(crate) fn expand(event: &Event<'_>, role: Option<&mut Generated>) -> Result<Vec<Generated>> {
    let properties = event.properties;
    let mut mapping = pull::event_source_mapping(event, &SOURCE)?;
    let statements = statements(event)?;
    let servers = properties.get("KafkaBootstrapServers").cloned().unwrap_or(Node::Null);
    mapping.put("SelfManagedEventSource", map! {"Endpoints" => map! {"KafkaBootstrapServers" => servers}});
    let mut config = Map::new();
    for key in ["ConsumerGroupId", "SchemaRegistryConfig"] {
        config.set(key, properties.truthy(key));
    }
    if !config.is_empty() {
        mapping.put("SelfManagedKafkaEventSourceConfig", config);
    }
    let mut policies: Vec<Node> = pull::on_failure(event, &mut mapping)?.into_iter().collect();
    let document = map! {"Version" => "2012-10-17", "Statement" => statements};
    policies.push(role::inline("SelfManagedKafkaExecutionRolePolicy", Node::Map(document)));
    pull::link(role, None, policies);
    Ok(vec![mapping])
}

fn statements(event: &Event<'_>) -> Result<Vec<Node>> {
    let properties = event.properties;
    if properties.truthy("KafkaBootstrapServers").is_none() {
        return Err(event.fault("No KafkaBootstrapServers provided for self managed kafka as an event source"));
    }
    match properties.truthy("Topics") {
        None => return Err(event.fault("No Topics provided for self managed kafka as an event source")),
        Some(Node::List(topics)) if topics.len() != 1 => {
            return Err(event.fault("Topics for self managed kafka only supports single configuration entry."));
        }
        Some(_one) => {}
    }
    let Some(configurations) = properties.truthy("SourceAccessConfigurations") else {
        return Err(event.fault("No SourceAccessConfigurations for self managed kafka event provided."));
    };
    let Node::List(configurations) = configurations else {
        return Err(event.fault("SourceAccessConfigurations for self managed kafka event should be a list."));
    };
    let access = read_access(event, configurations)?;
    let mut statements = Vec::new();
    if let Some(secret) = access.secret {
        statements.push(pull::allow_statement(&["secretsmanager:GetSecretValue"], secret));
    }
    if access.has_root_certificate {
        // Observed: the secret of the other mechanism, also where there is none; the certificate's own address is not used.
        let secret = access.secret.cloned().unwrap_or(Node::Null);
        statements.push(pull::allow_statement(&["secretsmanager:GetSecretValue"], secret));
    }
    if access.has_subnet {
        statements.push(pull::allow_statement(pull::NETWORK, "*"));
    }
    statements.extend(pull::secret_key_statement(event)?);
    statements.extend(pull::schema_registry_statements(event)?);
    Ok(statements)
}

#[derive(Default)]
struct Access<'a> {
    secret: Option<&'a Node>,
    has_root_certificate: bool,
    has_subnet: bool,
    has_group: bool,
}

fn read_access<'a>(event: &Event<'_>, configurations: &'a [Node]) -> Result<Access<'a>> {
    let mut access = Access::default();
    for configuration in configurations {
        let configuration = expect_map(event.name, configuration, "SourceAccessConfigurations")?;
        let kind = configuration.str("Type").unwrap_or_default();
        let is_auth = AUTH.contains(&kind);
        match kind {
            "VPC_SUBNET" => access.has_subnet = true,
            "VPC_SECURITY_GROUP" => access.has_group = true,
            "SERVER_ROOT_CA_CERTIFICATE" => access.has_root_certificate = true,
            _auth if is_auth => {}
            _other => {
                return Err(
                    event.fault("Invalid SourceAccessConfigurations Type provided for self managed kafka event.")
                );
            }
        }
        if is_auth && access.secret.is_some() {
            return Err(event.fault(
                "Multiple auth mechanism properties specified in SourceAccessConfigurations for self managed kafka event.",
            ));
        }
        let what = if is_auth { "auth mechanism" } else { kind };
        let place = "URI property specified in SourceAccessConfigurations for self managed kafka event.";
        let Some(uri) = configuration.truthy("URI") else {
            return Err(event.fault(format!("No {what} {place}")));
        };
        if uri.as_text().is_none() && !is_intrinsic(uri) {
            return Err(event.fault(format!("Wrong Type for {what} {place}")));
        }
        if is_auth {
            access.secret = Some(uri);
        }
    }
    if access.has_subnet != access.has_group {
        return Err(event.fault(
            "VPC_SUBNET and VPC_SECURITY_GROUP in SourceAccessConfigurations for SelfManagedKafka must be both provided.",
        ));
    }
    Ok(access)
}
