//! `Domain` of HTTP and WebSocket APIs.

use crate::api::domain::{RecordSets, mutual_tls, record_pair, record_set_group};
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{get_att, reference};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::expect_map;
use crate::python;

/// What an API asks of its domain.
#[derive(Debug)]
pub(crate) struct DomainRequest<'a> {
    pub(crate) id: &'a Text,
    pub(crate) attributes: &'a Map,
    pub(crate) given: &'a Map,
    pub(crate) stage: &'a Text,
    pub(crate) tags: Option<Map>,
    /// Whether all APIs in a hosted zone add to one record set group; WebSocket APIs each replace it: observed.
    pub(crate) shares_record_sets: bool,
}

pub(crate) fn resources(context: &mut Context<'_>, request: &DomainRequest<'_>) -> Result<Vec<Generated>> {
    let DomainRequest { id, attributes, given, .. } = request;
    let fault = |message: String| Fault::resource(id, message);
    for key in ["DomainName", "CertificateArn"] {
        if given.present(key).is_none() {
            return Err(fault(
                "Custom Domains only works if both DomainName and CertificateArn are provided.".to_owned(),
            ));
        }
    }
    let endpoint = match given.present("EndpointConfiguration") {
        None => Node::from("REGIONAL"),
        Some(endpoint) if endpoint.as_str() == Some("REGIONAL") => endpoint.clone(),
        Some(_other) => {
            return Err(fault("EndpointConfiguration for Custom Domains must be one of ['REGIONAL'].".to_owned()));
        }
    };
    let suffix = given.get("DomainName").map(python::id_suffix).unwrap_or_default();
    let domain_id = Text::from(format!("ApiGatewayDomainNameV2{suffix}"));
    let mut configuration = Map::new();
    configuration.set("CertificateArn", given.get("CertificateArn"));
    configuration.insert("EndpointType", endpoint);
    for key in ["SecurityPolicy", "OwnershipVerificationCertificateArn"] {
        configuration.set(key, given.truthy(key));
    }
    let mut domain = Generated::new(domain_id.clone(), "AWS::ApiGatewayV2::DomainName").with_attributes(attributes);
    domain.set("DomainName", given.get("DomainName"));
    domain.put("DomainNameConfigurations", list![configuration]);
    check_mutual_tls(request)?;
    domain.set("MutualTlsAuthentication", mutual_tls(given));
    domain.set("Tags", request.tags.clone());
    context.generations.add(id, "DomainName", &domain_id);
    let mut made = vec![domain];
    made.extend(mappings(request, &domain_id)?);
    made.extend(records(context, request, &domain_id)?);
    Ok(made)
}

fn check_mutual_tls(request: &DomainRequest<'_>) -> Result<()> {
    let Some(tls) = request.given.truthy("MutualTlsAuthentication") else { return Ok(()) };
    let Some(tls) = tls.as_map() else {
        return Err(Fault::resource(
            request.id,
            "MutualTlsAuthentication must be a map with at least one of the following fields ['TruststoreUri', 'TruststoreVersion'].",
        ));
    };
    if tls.keys().any(|key| key != "TruststoreUri" && key != "TruststoreVersion") {
        let mut keys: Vec<&str> = tls.keys().map(Text::as_str).collect();
        keys.sort_unstable();
        return Err(Fault::Resource(
            keys.join(","),
            "Available MutualTlsAuthentication fields are ['TruststoreUri', 'TruststoreVersion'].".to_owned(),
        ));
    }
    Ok(())
}

fn mappings(request: &DomainRequest<'_>, domain_id: &Text) -> Result<Vec<Generated>> {
    let mapping = |id: Text, key: Option<Node>| {
        let mut mapping = Generated::new(id, "AWS::ApiGatewayV2::ApiMapping").with_attributes(request.attributes);
        mapping.put("ApiId", reference(request.id));
        mapping.set("ApiMappingKey", key);
        mapping.put("DomainName", reference(domain_id));
        mapping.put("Stage", reference(request.stage));
        mapping
    };
    let paths = match request.given.truthy("BasePath") {
        Some(Node::List(paths)) => paths.clone(),
        Some(single @ Node::Text(_)) => vec![single.clone()],
        None | Some(_) => return Ok(vec![mapping(request.id.with("ApiMapping"), None)]),
    };
    let mut made = Vec::new();
    for path in &paths {
        let Some(path) = path.as_text() else {
            return Err(Fault::resource(request.id, "Basepath must be a string."));
        };
        if !path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_')) {
            return Err(Fault::resource(request.id, "Invalid Basepath name provided."));
        }
        let letters: String = path.chars().filter(|c| c.is_alphanumeric()).collect();
        let key = path.like(path.trim_matches('/'));
        made.push(mapping(request.id.with(&format!("{letters}ApiMapping")), Some(Node::Text(key))));
    }
    Ok(made)
}

fn records(context: &mut Context<'_>, request: &DomainRequest<'_>, domain_id: &Text) -> Result<Option<Generated>> {
    let Some(route) = request.given.present("Route53") else { return Ok(None) };
    let route = expect_map(request.id, route, "Domain.Route53")?;
    if route.truthy("HostedZoneId").is_none() && route.truthy("HostedZoneName").is_none() {
        return Err(Fault::resource(
            request.id,
            "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.",
        ));
    }
    let mut alias = map! {
        "HostedZoneId" => get_att(domain_id.clone(), "RegionalHostedZoneId"),
        "DNSName" => get_att(domain_id.clone(), "RegionalDomainName"),
    };
    alias.set("EvaluateTargetHealth", route.present("EvaluateTargetHealth"));
    // Only REST APIs can have a group of their own: observed.
    let mut shared = route.clone();
    shared.remove("SeparateRecordSetGroup");
    let sets = RecordSets {
        attributes: request.attributes,
        route: &shared,
        domain_name: request.given.get("DomainName"),
        records: record_pair(request.given.get("DomainName"), &alias, route),
        starts_anew: !request.shares_record_sets,
    };
    record_set_group(context, sets)
}
