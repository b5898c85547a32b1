//! `Domain` of a REST API: the domain name, its mappings to the API, and its records in Route 53.

use super::ApiParts;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{is_required, should_be};
use crate::python;

/// The hosted zone of all CloudFront distributions.
const CLOUD_FRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// The `Domain` property, completed as the deployment's hash needs it.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) properties: Map,
    id: Text,
    endpoint: String,
}

impl Domain {
    fn is_private(&self) -> bool {
        self.endpoint == "PRIVATE"
    }
}

/// Checks the property and adds what the transform adds to it.
pub(crate) fn prepare(parts: &ApiParts<'_>, given: &Node) -> Result<Domain> {
    let Some(given) = given.as_map() else { return Err(parts.fault(should_be("Domain", "a map"))) };
    let mut properties = given.clone();
    for key in ["DomainName", "CertificateArn"] {
        if properties.present(key).is_none() {
            return Err(parts.fault(is_required(&format!("Domain.{key}"))));
        }
    }
    let endpoint = match properties.present("EndpointConfiguration") {
        None => {
            properties.insert("EndpointConfiguration", "REGIONAL");
            "REGIONAL".to_owned()
        }
        Some(endpoint) => python::display(endpoint),
    };
    if !matches!(endpoint.as_str(), "EDGE" | "REGIONAL" | "PRIVATE") {
        return Err(
            parts.fault("EndpointConfiguration for Custom Domains must be one of ['EDGE', 'REGIONAL', 'PRIVATE'].")
        );
    }
    let suffix = properties.get("DomainName").map(python::id_suffix).unwrap_or_default();
    let prefix = if endpoint == "PRIVATE" { "ApiGatewayDomainNameV2" } else { "ApiGatewayDomainName" };
    let id = Text::from(format!("{prefix}{suffix}"));
    if endpoint != "PRIVATE" {
        properties.insert("ApiDomainName", Node::Text(id.clone()));
    }
    check_mutual_tls(parts, &properties)?;
    if let Some(route) = properties.present("Route53") {
        if route.as_map().is_none() {
            return Err(parts.fault(should_be("Domain.Route53", "a map")));
        }
        if endpoint == "EDGE"
            && let Some(route) = properties.map_mut("Route53")
            && route.truthy("DistributionDomainName").is_none()
        {
            route.insert("DistributionDomainName", get_att(id.clone(), "DistributionDomainName"));
        }
    }
    Ok(Domain { properties, id, endpoint })
}

fn check_mutual_tls(parts: &ApiParts<'_>, properties: &Map) -> Result<()> {
    let Some(tls) = properties.truthy("MutualTlsAuthentication") else { return Ok(()) };
    let Some(tls) = tls.as_map() else {
        return Err(parts.fault(should_be("Domain.MutualTlsAuthentication", "a map")));
    };
    if tls.keys().any(|key| key != "TruststoreUri" && key != "TruststoreVersion") {
        return Err(
            parts.fault("Available Domain.MutualTlsAuthentication fields are ['TruststoreUri', 'TruststoreVersion'].")
        );
    }
    Ok(())
}

/// `TruststoreUri` and `TruststoreVersion` as far as they have values.
pub(crate) fn mutual_tls(properties: &Map) -> Option<Map> {
    let tls = properties.truthy("MutualTlsAuthentication")?.as_map()?;
    let mut made = Map::new();
    for key in ["TruststoreUri", "TruststoreVersion"] {
        made.set(key, tls.truthy(key));
    }
    Some(made)
}

pub(crate) fn resources(
    context: &mut Context<'_>,
    parts: &ApiParts<'_>,
    domain: &Domain,
    stage: &Text,
) -> Result<Vec<Generated>> {
    let properties = &domain.properties;
    if !domain.is_private() && properties.truthy("Policy").is_some() {
        let message = "property Policy not defined for resource of type AWS::ApiGateway::DomainName";
        return Err(Fault::resource(&domain.id, message));
    }
    let mut made = vec![domain_name(parts, domain)];
    let property = if domain.is_private() { "DomainNameV2" } else { "DomainName" };
    context.generations.add(parts.id, property, &domain.id);
    made.extend(base_path_mappings(parts, domain, stage)?);
    if let Some(association) = properties.truthy("AccessAssociation") {
        let Some(association) = association.as_map() else {
            return Err(parts.fault(should_be("Domain.AccessAssociation", "a map")));
        };
        made.push(access_association(parts, domain, association));
    }
    if let Some(Node::Map(route)) = properties.present("Route53") {
        if route.truthy("HostedZoneId").is_none() && route.truthy("HostedZoneName").is_none() {
            return Err(
                parts.fault("HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.")
            );
        }
        if route.present("SeparateRecordSetGroup").is_some_and(|separate| separate.as_bool().is_none()) {
            return Err(parts.fault(should_be("Domain.Route53.SeparateRecordSetGroup", "a boolean")));
        }
        let records = RecordSets {
            attributes: parts.attributes,
            route,
            domain_name: properties.get("DomainName"),
            records: records(domain, route),
            starts_anew: false,
        };
        made.extend(record_set_group(context, records)?);
    }
    Ok(made)
}

fn domain_name(parts: &ApiParts<'_>, domain: &Domain) -> Generated {
    let properties = &domain.properties;
    let kind = if domain.is_private() { "AWS::ApiGateway::DomainNameV2" } else { "AWS::ApiGateway::DomainName" };
    let mut name = Generated::new(domain.id.clone(), kind).with_attributes(parts.attributes);
    name.set("DomainName", properties.get("DomainName"));
    let mut endpoint = map! {"Types" => list![domain.endpoint.as_str()]};
    endpoint.set("IpAddressType", properties.truthy("IpAddressType"));
    name.put("EndpointConfiguration", endpoint);
    let certificate = if domain.endpoint == "REGIONAL" { "RegionalCertificateArn" } else { "CertificateArn" };
    name.set(certificate, properties.get("CertificateArn"));
    name.copy_truthy(properties, &["SecurityPolicy", "EndpointAccessMode", "OwnershipVerificationCertificateArn"]);
    if domain.is_private() {
        name.copy(properties, &["Policy"]);
    }
    if !domain.is_private() {
        name.set("MutualTlsAuthentication", mutual_tls(properties));
    }
    name
}

fn base_path_mappings(parts: &ApiParts<'_>, domain: &Domain, stage: &Text) -> Result<Vec<Generated>> {
    let properties = &domain.properties;
    let mapping = |id: Text, path: Option<Node>| {
        let kind =
            if domain.is_private() { "AWS::ApiGateway::BasePathMappingV2" } else { "AWS::ApiGateway::BasePathMapping" };
        let mut mapping = Generated::new(id, kind).with_attributes(parts.attributes);
        let key = if domain.is_private() { "DomainNameArn" } else { "DomainName" };
        mapping.put(key, reference(&domain.id));
        mapping.put("RestApiId", reference(parts.id));
        mapping.put("Stage", reference(stage));
        mapping.set("BasePath", path);
        mapping
    };
    let paths = match properties.truthy("BasePath") {
        Some(Node::List(paths)) => paths.clone(),
        Some(single @ Node::Text(_)) => vec![single.clone()],
        None | Some(_) => return Ok(vec![mapping(parts.id.with("BasePathMapping"), None)]),
    };
    let normalize = properties.get("NormalizeBasePath").is_none_or(Node::truthy);
    let mut made = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let Some(path) = path.as_text() else {
            return Err(parts.fault(should_be(&format!("Domain.BasePath[{index}]"), "a string")));
        };
        let letters: String = path.chars().filter(|c| c.is_alphanumeric()).collect();
        let id = if letters.is_empty() {
            parts.id.with("BasePathMapping")
        } else {
            parts.id.with(&format!("{letters}BasePathMapping"))
        };
        let shown = if normalize { Node::Text(path.like(letters.clone())) } else { Node::from(path) };
        made.push(mapping(id, Some(shown)));
    }
    Ok(made)
}

fn access_association(parts: &ApiParts<'_>, domain: &Domain, given: &Map) -> Generated {
    let endpoint = given.get("VpcEndpointId").cloned().unwrap_or(Node::Null);
    let suffix = python::id_suffix(&list![endpoint.clone(), domain.id.clone()]);
    let mut association =
        Generated::new(format!("DomainNameAccessAssociation{suffix}"), "AWS::ApiGateway::DomainNameAccessAssociation")
            .with_attributes(parts.attributes);
    association.put("DomainNameArn", reference(&domain.id));
    association.set("AccessAssociationSource", Some(endpoint));
    association.put("AccessAssociationSourceType", "VPCE");
    association
}

fn records(domain: &Domain, route: &Map) -> Vec<Node> {
    let mut alias = Map::new();
    match domain.endpoint.as_str() {
        "REGIONAL" => {
            alias.insert("HostedZoneId", get_att(domain.id.clone(), "RegionalHostedZoneId"));
            alias.insert("DNSName", get_att(domain.id.clone(), "RegionalDomainName"));
        }
        "PRIVATE" => {
            let given = |key: &str| route.get(key).cloned().unwrap_or(Node::Null);
            alias.insert("HostedZoneId", given("VpcEndpointHostedZoneId"));
            alias.insert("DNSName", given("VpcEndpointDomainName"));
        }
        _edge => {
            alias.insert("HostedZoneId", CLOUD_FRONT_ZONE);
            alias.set("DNSName", route.get("DistributionDomainName"));
        }
    }
    alias.set("EvaluateTargetHealth", route.present("EvaluateTargetHealth"));
    record_pair(domain.properties.get("DomainName"), &alias, route)
}

/// The record for IPv4 and, if asked for, the one for IPv6.
pub(crate) fn record_pair(domain_name: Option<&Node>, alias: &Map, route: &Map) -> Vec<Node> {
    let record = |kind: &str| {
        let mut record = Map::new();
        record.set("Name", domain_name);
        record.insert("Type", kind);
        record.set("Region", route.present("Region"));
        record.set("SetIdentifier", route.present("SetIdentifier"));
        record.insert("AliasTarget", alias);
        Node::Map(record)
    };
    let mut records = vec![record("A")];
    if route.truthy("IpV6").is_some() {
        records.push(record("AAAA"));
    }
    records
}

/// Records that go to a hosted zone's group.
#[derive(Debug)]
pub(crate) struct RecordSets<'a> {
    pub(crate) attributes: &'a Map,
    pub(crate) route: &'a Map,
    pub(crate) domain_name: Option<&'a Node>,
    pub(crate) records: Vec<Node>,
    /// Whether records that others put into the group are left out.
    pub(crate) starts_anew: bool,
}

/// The group of a hosted zone, which all domains in the zone share; returned anew each time with all records so far.
pub(crate) fn record_set_group(context: &mut Context<'_>, sets: RecordSets<'_>) -> Result<Option<Generated>> {
    let route = sets.route;
    let zone = route.truthy("HostedZoneId").or_else(|| route.truthy("HostedZoneName"));
    let Some(zone) = zone else { return Ok(None) };
    let separate = route.get("SeparateRecordSetGroup").is_some_and(Node::truthy);
    let suffix = if separate {
        let name = sets.domain_name.cloned().unwrap_or(Node::Null);
        python::id_suffix(&list![zone, name])
    } else {
        python::id_suffix(zone)
    };
    let id = format!("RecordSetGroup{suffix}");
    let group = context.record_set_groups.entry(id.clone()).or_insert_with(|| {
        let mut group = Generated::new(id, "AWS::Route53::RecordSetGroup").with_attributes(sets.attributes);
        group.set("HostedZoneId", route.truthy("HostedZoneId"));
        group.set("HostedZoneName", route.truthy("HostedZoneName"));
        group
    });
    let existing = group.properties.list("RecordSets").filter(|_| !sets.starts_anew);
    let mut all = existing.cloned().unwrap_or_default();
    all.extend(sets.records);
    group.put("RecordSets", all);
    Ok(Some(group.clone()))
}
