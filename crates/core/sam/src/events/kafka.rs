//! `SelfManagedKafka`: a mapping from a Kafka cluster of one's own.

use super::{Event, pull};
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::is_intrinsic;
use crate::node::{Map, Node, map};
use crate::{python, role};

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
        config.set(key, properties.present(key));
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
        // One more of the same for the certificate: observed, the certificate's own address is not used.
        if access.has_root_certificate {
            statements.push(pull::allow_statement(&["secretsmanager:GetSecretValue"], secret));
        }
    }
    if access.has_network {
        statements.push(pull::allow_statement(pull::NETWORK, "*"));
    }
    statements.extend(pull::secret_key_statement(event)?);
    statements.extend(pull::schema_registry_statements(event)?);
    Ok(statements)
}

struct Access<'a> {
    secret: Option<&'a Node>,
    has_root_certificate: bool,
    has_network: bool,
}

fn read_access<'a>(event: &Event<'_>, configurations: &'a [Node]) -> Result<Access<'a>> {
    let mut access = Access { secret: None, has_root_certificate: false, has_network: false };
    let (mut subnets, mut groups, mut mechanisms) = (false, false, 0);
    for configuration in configurations.iter().filter_map(Node::as_map) {
        let uri = configuration.truthy("URI");
        match configuration.present("Type") {
            Some(kind) if is_intrinsic(kind) => {}
            Some(Node::Text(kind)) => {
                match kind.as_str() {
                    "VPC_SUBNET" => subnets = true,
                    "VPC_SECURITY_GROUP" => groups = true,
                    "SERVER_ROOT_CA_CERTIFICATE" => access.has_root_certificate = true,
                    auth if AUTH.contains(&auth) => {
                        mechanisms += 1;
                        access.secret = uri;
                    }
                    _other => return Err(unknown(event)),
                }
                if uri.is_none() {
                    return Err(event.fault(format!("No {kind} URI property specified in SourceAccessConfigurations.")));
                }
            }
            Some(_) | None => return Err(unknown(event)),
        }
    }
    if subnets != groups {
        return Err(event.fault(
            "VPC_SUBNET and VPC_SECURITY_GROUP in SourceAccessConfigurations for SelfManagedKafka must be both provided.",
        ));
    }
    if mechanisms > 1 {
        return Err(event.fault(
            "Multiple auth mechanism properties specified in SourceAccessConfigurations for self managed kafka event.",
        ));
    }
    access.has_network = subnets;
    Ok(access)
}

fn unknown(event: &Event<'_>) -> crate::error::Fault {
    let mut known: Vec<&str> = AUTH.to_vec();
    known.extend(["VPC_SUBNET", "VPC_SECURITY_GROUP", "SERVER_ROOT_CA_CERTIFICATE"]);
    event.fault(format!(
        "Invalid property Type specified in SourceAccessConfigurations. The supported values are: {}.",
        python::repr_words(known)
    ))
}
