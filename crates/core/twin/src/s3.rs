//! S3: buckets and objects, as far as artifacts, policies and templates need them.
//!
//! Requests and answers are written by hand, for S3's protocol reader (in `edge/wire`) brings types of its own, which
//! it maps onto these. Bodies are whole: an object is as large as memory allows. Not here: ACLs, lifecycle,
//! replication, notifications, websites, object lock, customer-provided keys; a front door refuses those as absent.

pub(crate) mod asks;
pub(crate) mod bucket;
pub(crate) mod listing;
pub(crate) mod multipart;
pub(crate) mod object;
pub(crate) mod public;
pub mod types;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Region, Timestamp};

pub use types::*;

use crate::{account::Regions, call::Call, document::Document, ids::Ids};

/// The operations that a front door may map onto [`Request`], by their names in S3's API.
pub const OPERATIONS: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteBucketEncryption",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketTagging",
    "DeleteObject",
    "DeleteObjects",
    "DeletePublicAccessBlock",
    "GetBucketEncryption",
    "GetBucketLocation",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectTagging",
    "GetPublicAccessBlock",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutBucketEncryption",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutObject",
    "PutObjectTagging",
    "PutPublicAccessBlock",
    "UploadPart",
];

/// All buckets of the partition: their names are global.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct S3 {
    pub(crate) buckets: BTreeMap<String, Bucket>,
}

/// A bucket with everything in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) owner: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    pub(crate) policy: Option<Document>,
    pub(crate) versioning: Versioning,
    pub(crate) encryption: Encryption,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) public_access_block: Option<PublicAccessBlock>,
    pub(crate) ownership: Option<String>,
    /// Versions by key, newest last; a key with no version is not kept.
    pub(crate) objects: BTreeMap<String, Vec<Version>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

/// What operations may use besides the buckets.
pub(crate) struct Context<'a> {
    pub(crate) call: &'a Call,
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a mut Ids,
    /// The regions of the caller's account.
    pub(crate) regions: Option<&'a Regions>,
}

impl S3 {
    /// Does what an authorized request asks.
    pub(crate) fn operate(&mut self, context: &mut Context<'_>, request: Request) -> Result<Answer, Error> {
        if let Some(name) = request.bucket().filter(|_| !matches!(request, Request::CreateBucket { .. })) {
            self.find(name)?.reached_from(name, &context.call.region)?;
        }
        match request {
            Request::ListBuckets { prefix } => Ok(self.list_buckets(context.call.account(), prefix.as_deref())),
            Request::CreateBucket { bucket, location, ownership } => {
                self.create_bucket(context, bucket, location, ownership)
            }
            Request::DeleteBucket { bucket } => self.delete_bucket(&bucket),
            Request::HeadBucket { bucket } => {
                self.find(&bucket).map(|found| Answer::HeadBucket { region: found.region.clone() })
            }
            Request::GetBucketLocation { bucket } => {
                self.find(&bucket).map(|found| Answer::GetBucketLocation { region: found.region.clone() })
            }
            Request::GetBucketSetting { bucket, setting } => self.find(&bucket)?.setting(&bucket, setting),
            Request::PutBucketSetting { bucket, value } => {
                let shown = context.call.clone();
                self.find_mut(&bucket)?.put_setting(&bucket, value, &shown)
            }
            Request::DeleteBucketSetting { bucket, setting } => {
                self.find_mut(&bucket)?.delete_setting(setting);
                Ok(Answer::Done)
            }
            Request::PutObject(put) => self.put_object(context, put),
            Request::GetObject(get) => self.get_object(get),
            Request::CopyObject(copy) => self.copy_object(context, copy),
            Request::DeleteObject { bucket, key, version_id } => {
                let deleted = self.find_mut(&bucket)?.delete_object(context, &bucket, &key, version_id.as_deref());
                Ok(Answer::DeleteObject(deleted))
            }
            Request::DeleteObjects { bucket, objects } => {
                let found = self.find_mut(&bucket)?;
                let delete = |(key, version): (String, Option<String>)| {
                    let deleted = found.delete_object(context, &bucket, &key, version.as_deref());
                    (key, deleted)
                };
                Ok(Answer::DeleteObjects(objects.into_iter().map(delete).collect()))
            }
            Request::GetObjectTagging { bucket, key, version_id } => {
                let version = self.find(&bucket)?.version(&key, version_id.as_deref())?;
                Ok(Answer::Tagging(version.tags.clone()))
            }
            Request::PutObjectTagging { bucket, key, version_id, tags } => {
                bucket::check_tags(&tags, 10)?;
                self.find_mut(&bucket)?.version_mut(&key, version_id.as_deref())?.tags = tags;
                Ok(Answer::Done)
            }
            Request::ListObjects(list) => self.find(&list.bucket)?.list_objects(&list),
            Request::ListObjectVersions(list) => self.find(&list.bucket)?.list_versions(&list),
            Request::CreateMultipartUpload(put) => self.create_upload(context, put),
            Request::UploadPart { bucket, key, upload_id, number, body } => {
                self.find_mut(&bucket)?.upload_part(context.now, &key, &upload_id, number, body)
            }
            Request::CompleteMultipartUpload { bucket, key, upload_id, parts } => {
                self.find_mut(&bucket)?.complete_upload(context, &bucket, &key, &upload_id, &parts)
            }
            Request::AbortMultipartUpload { bucket, key, upload_id } => {
                self.find_mut(&bucket)?.abort_upload(&key, &upload_id)
            }
            Request::ListParts { bucket, key, upload_id } => self.find(&bucket)?.list_parts(&key, &upload_id),
            Request::ListMultipartUploads { bucket, prefix } => {
                Ok(self.find(&bucket)?.list_uploads(prefix.as_deref().unwrap_or_default()))
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Result<&Bucket, Error> {
        self.buckets.get(name).ok_or_else(|| Error::no_such_bucket(name))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Result<&mut Bucket, Error> {
        self.buckets.get_mut(name).ok_or_else(|| Error::no_such_bucket(name))
    }
}

impl Bucket {
    /// Refuses an endpoint of another region, as S3 does unless the client asked for the global one by old habit.
    fn reached_from(&self, name: &str, region: &Region) -> Result<(), Error> {
        if self.region == *region {
            return Ok(());
        }
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                       Please send all future requests to this endpoint.";
        let endpoint = format!("{name}.s3.{}.amazonaws.com", self.region);
        let details =
            vec![("Bucket", name.to_owned()), ("Endpoint", endpoint), ("x-amz-bucket-region", self.region.to_string())];
        Err(Error { details, ..Error::new(301, "PermanentRedirect", message) })
    }
}
