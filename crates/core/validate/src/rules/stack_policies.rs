//! `CreationPolicy`, `UpdatePolicy` and snapshots at resources whose types do not heed them (user guide, "Resource
//! attribute reference"). Warnings: AWS adds types to these lists.

use serde_json::Value;
use stackfleet_base::Diagnostic;
use stackfleet_catalog::catalog;

use crate::codes::USELESS_POLICY;
use crate::subject::Subject;

const CREATION: [&str; 4] = [
    "AWS::AppStream::Fleet",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudFormation::WaitCondition",
    "AWS::EC2::Instance",
];

const UPDATE: [&str; 6] = [
    "AWS::AppStream::Fleet",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Elasticsearch::Domain",
    "AWS::Lambda::Alias",
    "AWS::OpenSearchService::Domain",
];

const SNAPSHOT: [&str; 9] = [
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::CloudFormation::Stack",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for resource in subject.source.resources() {
        let kind = resource.type_name();
        // What a macro or another extension makes of its own types is not known.
        if catalog().resource(kind).is_none() {
            continue;
        }
        for (attribute, types) in [("CreationPolicy", CREATION.as_slice()), ("UpdatePolicy", UPDATE.as_slice())] {
            if resource.attribute(attribute).is_some() && !types.contains(&kind) {
                let message = format!("CloudFormation heeds no `{attribute}` of `{kind}`");
                let warning = Diagnostic::warning(USELESS_POLICY, message).help("remove it");
                found.extend(key(subject, resource.name, attribute).map(|span| warning.at(span, "")));
            }
        }
        for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
            let snapshot = resource.attribute(attribute).and_then(Value::as_str) == Some("Snapshot");
            if snapshot && !SNAPSHOT.contains(&kind) {
                let message = format!("CloudFormation makes no snapshots of `{kind}`");
                let warning = Diagnostic::warning(USELESS_POLICY, message).help("write `Retain` or `Delete`");
                let span = subject.source.span(&format!("/Resources/{}/{attribute}", resource.name));
                found.extend(span.map(|span| warning.at(span, "")));
            }
        }
    }
}

fn key(subject: &Subject<'_>, resource: &str, attribute: &str) -> Option<stackfleet_base::Span> {
    subject.source.key_span(&format!("/Resources/{resource}/{attribute}"))
}
