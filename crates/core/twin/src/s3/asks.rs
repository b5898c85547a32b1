//! What requests of S3 ask for, and how S3 says no.

use super::{
    Bucket, Error, Headers, ListObjects, PutObject, Request, Setting, SettingValue, bucket::METHOD_NOT_ALLOWED,
};
use crate::{
    authorize::{self, Ask},
    call::Call,
    world::World,
};

/// Decides a request. A bucket that does not exist is left to the operation to say.
pub(crate) fn check(world: &mut World, call: &Call, request: &Request) -> Result<(), Error> {
    let asks = asks(world, call, request);
    decide(world, call, &asks)
}

/// Refuses everybody outside of the bucket's account what S3 leaves to it alone, whatever policies allow: its policy.
pub(crate) fn check_owner(world: &World, call: &Call, request: &Request) -> Result<(), Error> {
    let owner = request.bucket().and_then(|name| world.s3.buckets.get(name)).map(|bucket| &bucket.owner);
    if on_policy(request) && owner.is_some_and(|owner| owner != call.account()) {
        return Err(Error::new(405, "MethodNotAllowed", METHOD_NOT_ALLOWED));
    }
    Ok(())
}

/// Tells whether a request reads, puts or deletes a bucket's policy.
const fn on_policy(request: &Request) -> bool {
    matches!(
        request,
        Request::GetBucketSetting { setting: Setting::Policy, .. }
            | Request::DeleteBucketSetting { setting: Setting::Policy, .. }
            | Request::PutBucketSetting { value: SettingValue::Policy(_), .. }
    )
}

/// Decides whether the caller may list a bucket: others are not told that a key is missing.
pub(crate) fn check_list(world: &mut World, call: &Call, bucket: &str) -> Result<(), Error> {
    let ask = place(world, bucket).map(|place| place.bucket_ask("s3:ListBucket"));
    decide(world, call, &Vec::from_iter(ask))
}

/// Returns the bucket of a request whose "no such key" would tell what the bucket holds.
pub(crate) fn hides_missing(request: &Request) -> Option<String> {
    match request {
        Request::GetObject(get) => Some(get.bucket.clone()),
        Request::CopyObject(copy) => Some(copy.source_bucket.clone()),
        Request::GetObjectTagging { bucket, .. } => Some(bucket.clone()),
        Request::ListBuckets { .. }
        | Request::CreateBucket { .. }
        | Request::DeleteBucket { .. }
        | Request::HeadBucket { .. }
        | Request::GetBucketLocation { .. }
        | Request::GetBucketSetting { .. }
        | Request::PutBucketSetting { .. }
        | Request::DeleteBucketSetting { .. }
        | Request::PutObject(_)
        | Request::DeleteObject { .. }
        | Request::DeleteObjects { .. }
        | Request::PutObjectTagging { .. }
        | Request::ListObjects(_)
        | Request::ListObjectVersions(_)
        | Request::CreateMultipartUpload(_)
        | Request::UploadPart { .. }
        | Request::CompleteMultipartUpload { .. }
        | Request::AbortMultipartUpload { .. }
        | Request::ListParts { .. }
        | Request::ListMultipartUploads { .. } => None,
    }
}

/// S3 names the reason to callers of the bucket's account and organization, and to strangers only `Access Denied`.
fn decide(world: &mut World, call: &Call, asks: &[Ask]) -> Result<(), Error> {
    let Err(denial) = authorize::check(world, call, asks) else { return Ok(()) };
    let known = asks.iter().all(|ask| {
        let owner = ask.owner.as_ref().unwrap_or_else(|| call.account());
        let together = world.organization.as_ref().is_some_and(|organization| {
            organization.accounts.contains_key(owner) && organization.accounts.contains_key(call.account())
        });
        owner == call.account() || together
    });
    let message = if known { quoted(&denial) } else { "Access Denied".to_owned() };
    Err(Error::new(403, "AccessDenied", message))
}

/// The action on all buckets of an account.
const LIST_BUCKETS: &str = "s3:ListAllMyBuckets";

/// S3 puts the resource in quotation marks, other services do not; where there is none it says nothing of it.
fn quoted(denial: &str) -> String {
    let Some((before, after)) = denial.split_once(" on resource: ") else { return denial.to_owned() };
    // A key may hold blanks; the reason begins with one of two phrases.
    let cut = [" with an explicit deny ", " because no "].iter().filter_map(|phrase| after.rfind(phrase)).max();
    let (resource, reason) = after.split_at(cut.unwrap_or(after.len()));
    if before.ends_with(LIST_BUCKETS) {
        return format!("{before}{reason}");
    }
    format!("{before} on resource: \"{resource}\"{reason}")
}

/// A bucket that exists, with its name.
struct Place<'a> {
    name: &'a str,
    bucket: &'a Bucket,
}

fn place<'a>(world: &'a World, name: &'a str) -> Option<Place<'a>> {
    world.s3.buckets.get(name).map(|bucket| Place { name, bucket })
}

impl Place<'_> {
    fn ask(&self, action: &'static str, resource: String) -> Ask {
        let policy = self.bucket.policy.as_ref().map(crate::document::Document::set);
        // Its own key beside the common one; and the front door takes signatures of this version only.
        let ask = Ask::new(action, resource).key("s3:ResourceAccount", self.bucket.owner.as_str());
        ask.key("s3:signatureversion", "AWS4-HMAC-SHA256").owned(&self.bucket.owner, policy)
    }

    fn bucket_ask(&self, action: &'static str) -> Ask {
        self.ask(action, format!("arn:aws:s3:::{}", self.name))
    }

    fn object_ask(&self, action: &'static str, key: &str) -> Ask {
        self.ask(action, format!("arn:aws:s3:::{}/{key}", self.name))
    }

    fn existing(&self, action: &'static str, key: &str) -> Ask {
        let latest = self.bucket.objects.get(key).and_then(|versions| versions.last());
        let tags = latest.map(|version| version.tags.as_slice()).unwrap_or_default();
        tags.iter().fold(self.object_ask(action, key), |ask, (name, value)| {
            ask.key(&format!("s3:ExistingObjectTag/{name}"), value.as_str())
        })
    }
}

pub(crate) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let bucket = request.bucket().unwrap_or_default();
    if let Request::CreateBucket { location, ownership, .. } = request {
        let region = location.as_deref().unwrap_or(call.region.as_str());
        let ask = Ask::new("s3:CreateBucket", format!("arn:aws:s3:::{bucket}"));
        let ask = ask.key("s3:locationconstraint", region).key_of("s3:x-amz-object-ownership", ownership.as_ref());
        return vec![ask.key("s3:ResourceAccount", call.account().as_str())];
    }
    if matches!(request, Request::ListBuckets { .. }) {
        return vec![Ask::new(LIST_BUCKETS, "*")];
    }
    let Some(place) = place(world, bucket) else { return Vec::new() };
    if on_policy(request) && call.principal.is_root() && *call.account() == place.bucket.owner {
        // So that nobody is locked out for ever, a bucket's policy says nothing to the root user about itself
        // (S3 API reference, PutBucketPolicy). The organization's policies still do.
        return place.asks(world, request).into_iter().map(|ask| Ask { policy: None, ..ask }).collect();
    }
    place.asks(world, request)
}

impl Place<'_> {
    fn asks(&self, world: &World, request: &Request) -> Vec<Ask> {
        match request {
            Request::ListBuckets { .. } | Request::CreateBucket { .. } => Vec::new(),
            Request::DeleteBucket { .. } => vec![self.bucket_ask("s3:DeleteBucket")],
            Request::HeadBucket { .. } => vec![self.bucket_ask("s3:ListBucket")],
            Request::GetBucketLocation { .. } => vec![self.bucket_ask("s3:GetBucketLocation")],
            Request::GetBucketSetting { setting, .. } => vec![self.bucket_ask(get_action(*setting))],
            Request::PutBucketSetting { value, .. } => vec![self.bucket_ask(put_action(value.setting()))],
            Request::DeleteBucketSetting { setting: Setting::Policy, .. } => {
                vec![self.bucket_ask("s3:DeleteBucketPolicy")]
            }
            Request::DeleteBucketSetting { setting, .. } => vec![self.bucket_ask(put_action(*setting))],
            Request::PutObject(put) | Request::CreateMultipartUpload(put) => put_asks(self, put),
            Request::GetObject(get) => {
                let action = if get.version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
                vec![versioned(self.existing(action, &get.key), get.version_id.as_deref())]
            }
            Request::CopyObject(copy) => {
                let from = place(world, &copy.source_bucket);
                let read = from.map(|from| {
                    let action = if copy.source_version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
                    from.existing(action, &copy.source_key)
                });
                let source = format!("{}/{}", copy.source_bucket, copy.source_key);
                let write = self.object_ask("s3:PutObject", &copy.key).key("s3:x-amz-copy-source", source);
                read.into_iter().chain([write]).collect()
            }
            Request::DeleteObject { key, version_id, .. } => vec![delete_ask(self, key, version_id.as_deref())],
            Request::DeleteObjects { objects, .. } => {
                objects.iter().map(|(key, version)| delete_ask(self, key, version.as_deref())).collect()
            }
            Request::GetObjectTagging { key, version_id, .. } => {
                let action = if version_id.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
                vec![versioned(self.existing(action, key), version_id.as_deref())]
            }
            Request::PutObjectTagging { key, version_id, tags, .. } => {
                let action = if version_id.is_some() { "s3:PutObjectVersionTagging" } else { "s3:PutObjectTagging" };
                vec![request_tags(versioned(self.existing(action, key), version_id.as_deref()), tags)]
            }
            Request::ListObjects(list) => vec![listed(self.bucket_ask("s3:ListBucket"), list)],
            Request::ListObjectVersions(list) => vec![listed(self.bucket_ask("s3:ListBucketVersions"), list)],
            Request::UploadPart { key, .. } | Request::CompleteMultipartUpload { key, .. } => {
                vec![self.object_ask("s3:PutObject", key)]
            }
            Request::AbortMultipartUpload { key, .. } => vec![self.object_ask("s3:AbortMultipartUpload", key)],
            Request::ListParts { key, .. } => vec![self.object_ask("s3:ListMultipartUploadParts", key)],
            Request::ListMultipartUploads { .. } => vec![self.bucket_ask("s3:ListBucketMultipartUploads")],
        }
    }
}

fn put_asks(place: &Place<'_>, put: &PutObject) -> Vec<Ask> {
    let ask = encrypted(place.object_ask("s3:PutObject", &put.key), &put.headers);
    let ask = ask.key_of("s3:x-amz-acl", put.acl.as_ref()).key_of("s3:if-match", put.if_match.as_ref());
    let ask = ask.key_of("s3:if-none-match", put.if_none_match.then_some("*"));
    if put.tags.is_empty() {
        return vec![ask];
    }
    vec![request_tags(ask, &put.tags), request_tags(place.object_ask("s3:PutObjectTagging", &put.key), &put.tags)]
}

fn encrypted(ask: Ask, headers: &Headers) -> Ask {
    let keys = [
        ("s3:x-amz-server-side-encryption", &headers.server_side_encryption),
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", &headers.kms_key_id),
        ("s3:x-amz-storage-class", &headers.storage_class),
    ];
    keys.into_iter().fold(ask, |ask, (name, value)| ask.key_of(name, value.as_ref()))
}

fn request_tags(ask: Ask, tags: &[(String, String)]) -> Ask {
    let ask = tags.iter().fold(ask, |ask, (key, value)| ask.key(&format!("s3:RequestObjectTag/{key}"), value.as_str()));
    if tags.is_empty() {
        ask
    } else {
        ask.keys("s3:RequestObjectTagKeys", tags.iter().map(|(key, _)| key.clone()).collect())
    }
}

fn delete_ask(place: &Place<'_>, key: &str, version_id: Option<&str>) -> Ask {
    let action = if version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    versioned(place.existing(action, key), version_id)
}

fn versioned(ask: Ask, version_id: Option<&str>) -> Ask {
    ask.key_of("s3:VersionId", version_id)
}

fn listed(ask: Ask, list: &ListObjects) -> Ask {
    let keys = [
        ("s3:prefix", list.prefix.clone()),
        ("s3:delimiter", list.delimiter.clone()),
        ("s3:max-keys", list.max_keys.map(|max| max.to_string())),
    ];
    keys.into_iter().fold(ask, |ask, (name, value)| ask.key_of(name, value.as_ref()))
}

const fn get_action(setting: Setting) -> &'static str {
    match setting {
        Setting::Policy => "s3:GetBucketPolicy",
        Setting::PolicyStatus => "s3:GetBucketPolicyStatus",
        Setting::Versioning => "s3:GetBucketVersioning",
        Setting::Encryption => "s3:GetEncryptionConfiguration",
        Setting::Tagging => "s3:GetBucketTagging",
        Setting::PublicAccessBlock => "s3:GetBucketPublicAccessBlock",
        Setting::OwnershipControls => "s3:GetBucketOwnershipControls",
    }
}

/// The action for putting and, but for policies, for deleting.
const fn put_action(setting: Setting) -> &'static str {
    match setting {
        Setting::Policy | Setting::PolicyStatus => "s3:PutBucketPolicy",
        Setting::Versioning => "s3:PutBucketVersioning",
        Setting::Encryption => "s3:PutEncryptionConfiguration",
        Setting::Tagging => "s3:PutBucketTagging",
        Setting::PublicAccessBlock => "s3:PutBucketPublicAccessBlock",
        Setting::OwnershipControls => "s3:PutBucketOwnershipControls",
    }
}
