//! Which properties are policy documents, and how strictly they are read.

use serde_json::{Map, Value};
use stackfleet_policy::PolicyKind::{self, Identity, Resource, ResourceControl, ServiceControl, Trust};

use crate::trace::below;

/// A document in a resource's properties.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) kind: PolicyKind,
    pub(super) value: &'a Value,
    pub(super) pointer: String,
    /// Whether the service is known to refuse what IAM refuses. Otherwise findings are warnings.
    pub(super) is_certain: bool,
    /// Whether only a statement is given, or a list of them.
    pub(super) is_statement: bool,
    /// What the service takes although IAM does not.
    pub(super) ignored: &'static [&'static str],
}

/// Type, property (`*` is each member of a list), kind, whether IAM's rules hold for certain, codes that do not hold.
type Row = (&'static str, &'static str, PolicyKind, bool, &'static [&'static str]);

/// A statement may leave out the principal or the resource, which can be one only.
const IMPLIED: &[&str] = &["POL006"];
/// Resources may be paths of the API instead of ARNs (`execute-api:/stage/GET/`).
const PATHS: &[&str] = &["POL006", "POL011"];

const TABLE: [Row; 37] = [
    ("AWS::ApiGateway::RestApi", "Policy", Resource, false, PATHS),
    ("AWS::Backup::BackupVault", "AccessPolicy", Resource, false, IMPLIED),
    ("AWS::CodeArtifact::Domain", "PermissionsPolicyDocument", Resource, false, IMPLIED),
    ("AWS::CodeArtifact::Repository", "PermissionsPolicyDocument", Resource, false, IMPLIED),
    ("AWS::DynamoDB::Table", "ResourcePolicy/PolicyDocument", Resource, false, IMPLIED),
    ("AWS::EC2::VPCEndpoint", "PolicyDocument", Resource, false, IMPLIED),
    ("AWS::ECR::PublicRepository", "RepositoryPolicyText", Resource, true, &[]),
    ("AWS::ECR::RegistryPolicy", "PolicyText", Resource, true, &[]),
    ("AWS::ECR::Repository", "RepositoryPolicyText", Resource, true, &[]),
    ("AWS::EFS::FileSystem", "FileSystemPolicy", Resource, false, IMPLIED),
    ("AWS::Elasticsearch::Domain", "AccessPolicies", Resource, false, IMPLIED),
    ("AWS::Events::EventBus", "Policy", Resource, false, IMPLIED),
    ("AWS::IAM::Group", "Policies/*/PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::GroupPolicy", "PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::Policy", "PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", Trust, true, &[]),
    ("AWS::IAM::Role", "Policies/*/PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::RolePolicy", "PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::User", "Policies/*/PolicyDocument", Identity, true, &[]),
    ("AWS::IAM::UserPolicy", "PolicyDocument", Identity, true, &[]),
    ("AWS::IoT::Policy", "PolicyDocument", Identity, false, &[]),
    ("AWS::KMS::Key", "KeyPolicy", Resource, true, &[]),
    ("AWS::KMS::ReplicaKey", "KeyPolicy", Resource, true, &[]),
    ("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", Resource, false, IMPLIED),
    ("AWS::MSK::ClusterPolicy", "Policy", Resource, false, IMPLIED),
    ("AWS::OpenSearchService::Domain", "AccessPolicies", Resource, false, IMPLIED),
    ("AWS::Organizations::ResourcePolicy", "Content", Resource, false, IMPLIED),
    ("AWS::S3::AccessPoint", "Policy", Resource, false, IMPLIED),
    ("AWS::S3::BucketPolicy", "PolicyDocument", Resource, true, &[]),
    ("AWS::S3::MultiRegionAccessPointPolicy", "Policy", Resource, false, IMPLIED),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", Resource, true, &[]),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", Resource, true, &[]),
    ("AWS::SSO::PermissionSet", "InlinePolicy", Identity, true, &[]),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", Resource, true, &[]),
    ("AWS::VpcLattice::AuthPolicy", "Policy", Resource, false, PATHS),
    ("AWS::VpcLattice::ResourcePolicy", "Policy", Resource, false, PATHS),
];

/// Finds all policy documents of a resource.
pub(super) fn documents<'a>(kind: &str, properties: &'a Map<String, Value>, pointer: &str) -> Vec<Document<'a>> {
    let mut found = Vec::new();
    for (_, path, kind, is_certain, ignored) in TABLE.iter().filter(|(type_name, ..)| *type_name == kind) {
        follow(properties, path, pointer, &mut |value, pointer| {
            let document =
                Document { kind: *kind, value, pointer, is_certain: *is_certain, is_statement: false, ignored };
            found.push(document);
        });
    }
    match kind {
        "AWS::Events::EventBusPolicy" => found.extend(properties.get("Statement").map(|value| Document {
            is_statement: true,
            ignored: IMPLIED,
            ..guessed(Resource, value, below(pointer, "Statement"))
        })),
        "AWS::Organizations::Policy" => {
            let kind = match properties.get("Type").and_then(Value::as_str) {
                Some("SERVICE_CONTROL_POLICY") => Some(ServiceControl),
                Some("RESOURCE_CONTROL_POLICY") => Some(ResourceControl),
                _ => None,
            };
            let content = kind.zip(properties.get("Content"));
            found.extend(
                content.map(|(kind, value)| Document {
                    is_certain: true,
                    ..guessed(kind, value, below(pointer, "Content"))
                }),
            );
        }
        _ => {}
    }
    if found.is_empty() {
        others(properties, pointer, &mut found);
    }
    found
}

fn guessed(kind: PolicyKind, value: &Value, pointer: String) -> Document<'_> {
    Document { kind, value, pointer, is_certain: false, is_statement: false, ignored: &[] }
}

/// Follows a path through objects and lists.
fn follow<'a>(object: &'a Map<String, Value>, path: &str, pointer: &str, found: &mut dyn FnMut(&'a Value, String)) {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(value) = object.get(first) else { return };
    let here = below(pointer, first);
    match (rest.map(|rest| (rest, rest.strip_prefix("*/"))), value) {
        (None, value) => found(value, here),
        (Some((_, Some(rest))), Value::Array(items)) => {
            for (number, item) in items.iter().enumerate() {
                each(item, rest, &format!("{here}/{number}"), found);
            }
        }
        (Some((rest, None)), Value::Object(members)) => follow(members, rest, &here, found),
        _ => {}
    }
}

/// Follows the path in a member of a list, or in both members that an `Fn::If` chooses from.
fn each<'a>(item: &'a Value, path: &str, pointer: &str, found: &mut dyn FnMut(&'a Value, String)) {
    let Some(members) = item.as_object() else { return };
    match members.get("Fn::If").and_then(Value::as_array) {
        Some(arguments) => {
            for (number, branch) in arguments.iter().enumerate().skip(1) {
                each(branch, path, &format!("{pointer}/Fn::If/{number}"), found);
            }
        }
        None => follow(members, path, pointer, found),
    }
}

/// Finds what is a policy by its property's name, in types that are not in the table.
fn others<'a>(properties: &'a Map<String, Value>, pointer: &str, found: &mut Vec<Document<'a>>) {
    for (name, value) in properties {
        let here = below(pointer, name);
        if name.ends_with("PolicyDocument") && value.get("Statement").is_some() {
            let kind = if names_principals(value) { Resource } else { Identity };
            found.push(Document { ignored: PATHS, ..guessed(kind, value, here) });
            continue;
        }
        match value {
            Value::Object(members) => others(members, &here, found),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    let members = item.as_object();
                    members.into_iter().for_each(|members| others(members, &format!("{here}/{number}"), found));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn names_principals(document: &Value) -> bool {
    let statement = document.get("Statement");
    let many = statement.and_then(Value::as_array).map(Vec::as_slice);
    let all = many.unwrap_or_else(|| statement.map(std::slice::from_ref).unwrap_or_default());
    all.iter().any(|statement| ["Principal", "NotPrincipal"].iter().any(|name| statement.get(*name).is_some()))
}
