//! What requests ask for, compared with AWS's facts: every operation is asked with every member filled, and each of
//! its asks must be an action that AWS has, on a resource that the action takes, with keys that AWS documents for it.

use std::collections::BTreeSet;

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};
use stackfleet_api::{OperationInfo, Reader, Request, Service, operations_of, organizations};
use stackfleet_base::AccountId;
use stackfleet_catalog::actions;

use super::asks;
use crate::{Call, Principal, World, WorldOptions, authorize::Ask, fidelity, organizations::Organization, s3};

const ACCOUNT: &str = "111111111111";

/// Fills every member of a request with a value such as a client would give.
struct Sample<'a> {
    operation: &'static OperationInfo,
    organization: &'a Organization,
}

impl Sample<'_> {
    fn value(&self, member: &str) -> String {
        let member = member.to_lowercase();
        let organizations = match member.as_str() {
            "policyid" => self.organization.policies.keys().find(|id| !id.contains("AWSAccess")),
            "parentid" | "sourceparentid" | "destinationparentid" | "rootid" => Some(&self.organization.root),
            "organizationalunitid" => self.organization.units.keys().next(),
            _ => None,
        };
        if let Some(id) = organizations {
            return id.clone();
        }
        let text = match (self.operation.service.name, member.as_str()) {
            ("iam" | "sts", "policyarn" | "permissionsboundary" | "arn") => "arn:aws:iam::111111111111:policy/p",
            (_, "rolearn" | "role" | "administrationrolearn") => "arn:aws:iam::111111111111:role/r",
            ("events", "resourcearn") => "arn:aws:events:eu-west-1:111111111111:rule/r",
            ("events", "arn") | ("lambda", "resource") => "arn:aws:lambda:eu-west-1:111111111111:function:f",
            ("events", "eventbusname") => "default",
            ("logs", "resourcearn") => "arn:aws:logs:eu-west-1:111111111111:log-group:g",
            ("sns", "topicarn" | "targetarn" | "resourcearn") => "arn:aws:sns:eu-west-1:111111111111:t",
            ("sns", "subscriptionarn") => "arn:aws:sns:eu-west-1:111111111111:t:11111111-2222-3333-4444-555555555555",
            ("organizations" | "account", "accountid" | "targetid" | "childid" | "resourceid")
            | ("sts", "targetprincipal") => ACCOUNT,
            ("organizations", "policytype" | "filter" | "type") => "SERVICE_CONTROL_POLICY",
            ("events", "eventpattern") => r#"{"source":["x"],"detail-type":["y"]}"#,
            (_, "path" | "pathprefix") => "/",
            (_, "callas") => "SELF",
            (_, name) => name,
        };
        text.to_owned()
    }
}

fn unsupported<T>() -> Result<T, SerdeError> {
    Err(SerdeError::unsupported("no model has it"))
}

impl ShapeDeserializer for Sample<'_> {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        schema.members().iter().try_for_each(|member| consumer(member, self))
    }

    fn read_list(
        &mut self,
        _: &Schema<'_>,
        consumer: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        consumer(self)
    }

    fn read_map(
        &mut self,
        _: &Schema<'_>,
        consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        consumer("key".to_owned(), self)
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        Ok(true)
    }

    fn read_byte(&mut self, _: &Schema<'_>) -> Result<i8, SerdeError> {
        unsupported()
    }

    fn read_short(&mut self, _: &Schema<'_>) -> Result<i16, SerdeError> {
        unsupported()
    }

    fn read_integer(&mut self, _: &Schema<'_>) -> Result<i32, SerdeError> {
        Ok(1)
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        Ok(1)
    }

    fn read_float(&mut self, _: &Schema<'_>) -> Result<f32, SerdeError> {
        unsupported()
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        Ok(1.0)
    }

    fn read_big_integer(&mut self, _: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        unsupported()
    }

    fn read_big_decimal(&mut self, _: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        unsupported()
    }

    fn read_string(&mut self, schema: &Schema<'_>) -> Result<String, SerdeError> {
        Ok(self.value(schema.member_name().unwrap_or_default()))
    }

    fn read_blob(&mut self, _: &Schema<'_>) -> Result<Blob, SerdeError> {
        Ok(Blob::new("x"))
    }

    fn read_timestamp(&mut self, _: &Schema<'_>) -> Result<DateTime, SerdeError> {
        Ok(DateTime::from_secs(1_790_000_000))
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        unsupported()
    }

    fn is_null(&self) -> bool {
        false
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

/// Asks whose resource AWS's denials show, whatever its lists say: seen in messages that users quote.
const SEEN: [(&str, &str); 9] = [
    ("cloudformation:ListStacks", "arn:aws:cloudformation:eu-west-1:111111111111:stack/*/*"),
    ("events:ListRules", "arn:aws:events:eu-west-1:111111111111:rule/*"),
    ("iam:ListPolicies", "policy path /"),
    ("iam:ListRoles", "arn:aws:iam::111111111111:role/"),
    ("iam:ListUsers", "arn:aws:iam::111111111111:user/"),
    ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111111111111:log-group::log-stream:"),
    ("ssm:DescribeParameters", "arn:aws:ssm:eu-west-1:111111111111:*"),
    ("SNS:ListSubscriptions", "arn:aws:sns:eu-west-1:111111111111:*"),
    ("SNS:ListTopics", "arn:aws:sns:eu-west-1:111111111111:*"),
];

/// Returns what AWS's facts have against an ask.
fn complaints(ask: &Ask) -> Vec<String> {
    let Some(action) = actions().action(&ask.action) else { return vec![format!("AWS has no action {}", ask.action)] };
    let mut found = Vec::new();
    let seen = SEEN.contains(&(&*ask.action, ask.resource.as_str()));
    if !seen && !action.accepts(&ask.resource) {
        found.push(format!("{} is asked for on {}", ask.action, ask.resource));
    }
    if ask.resource == "*" && action.resources().any(|resource| resource.is_required()) {
        found.push(format!("{} is asked for on *, and takes {:?}", ask.action, action.resources().collect::<Vec<_>>()));
    }
    // The three actions of AssumeRole are decided with one context, or a trust policy that asks for an external id
    // could not allow tags.
    let of_role = matches!(&*ask.action, "sts:TagSession" | "sts:SetSourceIdentity");
    let known =
        |key: &str| action.knows_key(key) || of_role && actions().action("sts:AssumeRole").unwrap().knows_key(key);
    let unknown = ask.keys.iter().filter(|(key, _)| !known(key));
    found.extend(unknown.map(|(key, _)| format!("{} has no key {key}", ask.action)));
    found
}

/// A world of one account with a unit and a policy.
fn world() -> (World, Call) {
    let account: AccountId = ACCOUNT.parse().unwrap();
    let options = WorldOptions { management_id: Some(account.clone()), organization: true, ..WorldOptions::default() };
    let mut world = World::new(1, options);
    let call = Call::outside(Principal::Root { account }, "eu-west-1".parse().unwrap(), "r".into());
    let parent_id = world.organization.as_ref().unwrap().root.clone();
    let unit = organizations::CreateOrganizationalUnitInput { parent_id, name: "u".to_owned(), tags: None };
    let policy = organizations::CreatePolicyInput {
        content: r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#.to_owned(),
        name: "p".to_owned(),
        type_: organizations::PolicyType::ServiceControlPolicy,
        ..organizations::CreatePolicyInput::default()
    };
    for request in
        [organizations::Request::CreateOrganizationalUnit(unit), organizations::Request::CreatePolicy(policy)]
    {
        world.call(&call, Request::Organizations(request)).unwrap();
    }
    (world, call)
}

/// Returns what all operations of a service ask for, by operation.
fn asked(world: &World, call: &Call, service: Service) -> Vec<(&'static str, Vec<Ask>)> {
    let done: BTreeSet<String> = fidelity::implemented(service).iter().map(|name| name.replace('_', "")).collect();
    let operations = operations_of(service).filter(|operation| done.contains(&operation.name.to_lowercase()));
    let organization = world.organization.as_ref().unwrap();
    let ask = |operation: &'static OperationInfo| {
        let mut sample = Sample { operation, organization };
        let request = (operation.read_request)(&mut sample, &mut Reader::new()).unwrap();
        (operation.name, asks(world, call, &request))
    };
    operations.map(ask).collect()
}

#[test]
fn asks_are_what_aws_documents() {
    let (world, call) = world();
    let mut wrong = BTreeSet::new();
    let mut count = 0;
    for service in Service::ALL {
        for (operation, asks) in asked(&world, &call, *service) {
            count += asks.len();
            wrong.extend(asks.iter().flat_map(complaints).map(|found| format!("{operation}: {found}")));
        }
    }
    assert!(count > 200, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn asks_of_s3_are_what_aws_documents() {
    let (mut world, mut call) = world();
    call.region = "us-east-1".parse().unwrap();
    let bucket = || "bucket".to_owned();
    let create = s3::Request::CreateBucket { bucket: bucket(), location: None, ownership: None };
    world.call_s3(&call, create).unwrap();
    let mut wrong = BTreeSet::new();
    for request in s3_requests() {
        let asks = s3::asks::asks(&world, &call, &request);
        assert!(!asks.is_empty(), "{request:?}");
        wrong.extend(asks.iter().flat_map(complaints));
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// A request of each kind that S3 has, with everything that makes keys.
fn s3_requests() -> Vec<s3::Request> {
    use s3::{Request, Setting, SettingValue};
    let (bucket, key) = (|| "bucket".to_owned(), || "k".to_owned());
    let tags = || vec![("a".to_owned(), "b".to_owned())];
    let (version_id, upload_id) = (Some("v".to_owned()), "u".to_owned());
    let put = || s3::PutObject {
        bucket: bucket(),
        key: key(),
        body: s3::Body(Vec::new().into()),
        headers: s3::Headers {
            storage_class: Some("STANDARD".to_owned()),
            server_side_encryption: Some("aws:kms".to_owned()),
            kms_key_id: Some("key".to_owned()),
            ..s3::Headers::default()
        },
        tags: tags(),
        acl: Some("private".to_owned()),
        if_none_match: true,
        if_match: None,
    };
    let get = |version_id: Option<String>| s3::GetObject {
        bucket: bucket(),
        key: key(),
        version_id,
        range: None,
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
        head: false,
    };
    let list = || s3::ListObjects {
        bucket: bucket(),
        prefix: Some(key()),
        delimiter: Some("/".to_owned()),
        max_keys: Some(1),
        ..s3::ListObjects::default()
    };
    let settings = [
        Setting::Policy,
        Setting::PolicyStatus,
        Setting::Versioning,
        Setting::Encryption,
        Setting::Tagging,
        Setting::PublicAccessBlock,
        Setting::OwnershipControls,
    ];
    let mut requests: Vec<Request> =
        settings.into_iter().map(|setting| Request::GetBucketSetting { bucket: bucket(), setting }).collect();
    requests.extend(settings.into_iter().map(|setting| Request::DeleteBucketSetting { bucket: bucket(), setting }));
    requests.extend([
        Request::ListBuckets { prefix: None },
        Request::CreateBucket { bucket: bucket(), location: None, ownership: Some("BucketOwnerEnforced".to_owned()) },
        Request::DeleteBucket { bucket: bucket() },
        Request::HeadBucket { bucket: bucket() },
        Request::GetBucketLocation { bucket: bucket() },
        Request::PutBucketSetting { bucket: bucket(), value: SettingValue::Policy(String::new()) },
        Request::PutObject(put()),
        Request::CreateMultipartUpload(put()),
        Request::GetObject(get(None)),
        Request::GetObject(get(version_id.clone())),
        Request::CopyObject(s3::CopyObject {
            source_bucket: bucket(),
            source_key: key(),
            source_version_id: None,
            bucket: bucket(),
            key: key(),
            headers: None,
            tags: Some(tags()),
        }),
        Request::DeleteObject { bucket: bucket(), key: key(), version_id: version_id.clone() },
        Request::DeleteObjects { bucket: bucket(), objects: vec![(key(), None)] },
        Request::GetObjectTagging { bucket: bucket(), key: key(), version_id: version_id.clone() },
        Request::PutObjectTagging { bucket: bucket(), key: key(), version_id, tags: tags() },
        Request::ListObjects(list()),
        Request::ListObjectVersions(list()),
        Request::UploadPart {
            bucket: bucket(),
            key: key(),
            upload_id: upload_id.clone(),
            number: 1,
            body: s3::Body(Vec::new().into()),
        },
        Request::CompleteMultipartUpload {
            bucket: bucket(),
            key: key(),
            upload_id: upload_id.clone(),
            parts: Vec::new(),
        },
        Request::AbortMultipartUpload { bucket: bucket(), key: key(), upload_id: upload_id.clone() },
        Request::ListParts { bucket: bucket(), key: key(), upload_id },
        Request::ListMultipartUploads { bucket: bucket(), prefix: None },
    ]);
    requests
}
