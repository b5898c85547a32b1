//! Which service and which operation a request is for.

use http::request::Parts;
use stackfleet_api::{OPERATIONS, OperationInfo, Protocol, Service, operation, operations_of};

use crate::query_form::Form;
use crate::sign::{header, query_pairs};

/// Returns the service that signatures name `signing_name`.
pub(crate) fn service_by_signing_name(signing_name: &str) -> Option<Service> {
    Service::ALL.iter().copied().find(|service| service.info().signing_name == signing_name)
}

/// Returns the service of an unsigned request, by what its protocol says; S3 has no such sign.
pub(crate) fn service_of_unsigned(parts: &Parts, body: &[u8]) -> Option<Service> {
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        let prefix = target.split('.').next().unwrap_or_default().to_owned();
        return Service::ALL.iter().copied().find(|service| service.info().target_prefix == prefix);
    }
    let form = form(parts, body);
    if let (Some(action), version) = (form.text("Action"), form.text("Version")) {
        let known = Service::ALL.iter().copied().filter(|service| service.info().protocol == Protocol::Query);
        return known.into_iter().find(|service| {
            version
                .map_or_else(|| operation(*service, action).is_some(), |version| service.info().api_version == version)
        });
    }
    OPERATIONS
        .iter()
        .find(|operation| {
            operation.service.protocol == Protocol::RestJson
                && operation.method == parts.method.as_str()
                && path_matches(operation.uri, parts)
        })
        .map(|operation| operation.service.service)
}

/// Returns the operation that the request names, or the name (or path) that nothing answers to.
pub(crate) fn find_operation(
    service: Service,
    parts: &Parts,
    form: Option<&Form>,
) -> Result<&'static OperationInfo, String> {
    match service.info().protocol {
        Protocol::Query => {
            let action = form.and_then(|form| form.text("Action")).unwrap_or_default();
            operation(service, action).ok_or_else(|| action.to_owned())
        }
        Protocol::Json11 => {
            let target = header(&parts.headers, "x-amz-target").unwrap_or_default();
            // Prefixes differ between clients: what follows the last dot is the operation.
            let name = target.rsplit('.').next().unwrap_or_default();
            operation(service, name).ok_or_else(|| name.to_owned())
        }
        Protocol::RestJson => operations_of(service)
            .filter(|operation| operation.method == parts.method.as_str() && path_matches(operation.uri, parts))
            // A literal segment is closer than a label.
            .min_by_key(|operation| operation.uri.matches('{').count())
            .ok_or_else(|| parts.uri.path().to_owned()),
    }
}

/// Reads the form of AWS Query: the body, or the URL's query.
pub(crate) fn form(parts: &Parts, body: &[u8]) -> Form {
    let typed = header(&parts.headers, "content-type").unwrap_or_default();
    if typed.starts_with("application/x-www-form-urlencoded") && !body.is_empty() {
        return Form::read(&String::from_utf8_lossy(body));
    }
    Form::read(parts.uri.query().unwrap_or_default())
}

fn path_matches(pattern: &str, parts: &Parts) -> bool {
    let (pattern_path, pattern_query) = pattern.split_once('?').unwrap_or((pattern, ""));
    let expected: Vec<&str> = segments(pattern_path).collect();
    let given: Vec<&str> = segments(parts.uri.path()).collect();
    let greedy = expected.last().is_some_and(|last| last.ends_with("+}"));
    let lengths = if greedy { given.len() >= expected.len() } else { given.len() == expected.len() };
    let literals = expected.iter().zip(&given).all(|(expected, given)| expected.starts_with('{') || expected == given);
    let query = query_pairs(parts.uri.query().unwrap_or_default());
    lengths && literals && query_pairs(pattern_query).iter().all(|pair| query.contains(pair))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}
