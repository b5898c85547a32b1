//! Requests, answers and errors of S3.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Region, Timestamp};

/// Something asked of S3.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each variant and field is named as in S3's API reference")]
pub enum Request {
    ListBuckets { prefix: Option<String> },
    CreateBucket { bucket: String, location: Option<String>, ownership: Option<String> },
    DeleteBucket { bucket: String },
    HeadBucket { bucket: String },
    GetBucketLocation { bucket: String },
    GetBucketSetting { bucket: String, setting: Setting },
    PutBucketSetting { bucket: String, value: SettingValue },
    DeleteBucketSetting { bucket: String, setting: Setting },
    PutObject(PutObject),
    GetObject(GetObject),
    CopyObject(CopyObject),
    DeleteObject { bucket: String, key: String, version_id: Option<String> },
    DeleteObjects { bucket: String, objects: Vec<(String, Option<String>)> },
    GetObjectTagging { bucket: String, key: String, version_id: Option<String> },
    PutObjectTagging { bucket: String, key: String, version_id: Option<String>, tags: Vec<(String, String)> },
    ListObjects(ListObjects),
    ListObjectVersions(ListObjects),
    CreateMultipartUpload(PutObject),
    UploadPart { bucket: String, key: String, upload_id: String, number: u32, body: Body },
    CompleteMultipartUpload { bucket: String, key: String, upload_id: String, parts: Vec<(u32, String)> },
    AbortMultipartUpload { bucket: String, key: String, upload_id: String },
    ListParts { bucket: String, key: String, upload_id: String },
    ListMultipartUploads { bucket: String, prefix: Option<String> },
}

/// Something that a bucket has once or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub enum Setting {
    Policy,
    PolicyStatus,
    Versioning,
    Encryption,
    Tagging,
    PublicAccessBlock,
    OwnershipControls,
}

/// A [`Setting`] with its value; [`Setting::PolicyStatus`] cannot be put.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub enum SettingValue {
    Policy(String),
    PolicyStatus { is_public: bool },
    Versioning(Versioning),
    Encryption(Encryption),
    Tagging(Vec<(String, String)>),
    PublicAccessBlock(PublicAccessBlock),
    OwnershipControls(String),
}

/// Whether a bucket keeps old versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Versioning {
    /// It never did.
    #[default]
    Off,
    /// It does.
    Enabled,
    /// It did once; what is written now overwrites the version named `null`.
    Suspended,
}

/// How a bucket encrypts what it is given; nothing is really encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key for the two latter.
    pub kms_key_id: Option<String>,
    /// Whether a bucket key is used.
    pub bucket_key: bool,
}

impl Default for Encryption {
    /// What every bucket has since January 2023.
    fn default() -> Self {
        Self { algorithm: "AES256".to_owned(), kms_key_id: None, bucket_key: false }
    }
}

/// What a bucket does against being public; every bucket made since April 2023 starts with all four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

/// An object's bytes; saved as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub Arc<[u8]>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&aws_smithy_types::base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = aws_smithy_types::base64::decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}

/// What goes with an object besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct Headers {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub cache_control: Option<String>,
    pub expires: Option<String>,
    pub storage_class: Option<String>,
    pub server_side_encryption: Option<String>,
    pub kms_key_id: Option<String>,
    /// User metadata, keys in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Checksums as given by the client: (`CRC32`, base64).
    pub checksums: Vec<(String, String)>,
}

/// An object to be written; for a multipart upload the body is empty.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct PutObject {
    pub bucket: String,
    pub key: String,
    pub body: Body,
    pub headers: Headers,
    pub tags: Vec<(String, String)>,
    /// A canned ACL, checked against the bucket's ownership and otherwise without effect.
    pub acl: Option<String>,
    /// Write only if nothing is there (`If-None-Match: *`).
    pub if_none_match: bool,
    /// Write only over this entity tag (`If-Match`).
    pub if_match: Option<String>,
}

/// An object to be read; also for `HeadObject`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct GetObject {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
    pub range: Option<Range>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
    /// Whether only headers are asked for; errors then carry no code but the HTTP status.
    pub head: bool,
}

/// An object to be written from another.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct CopyObject {
    pub source_bucket: String,
    pub source_key: String,
    pub source_version_id: Option<String>,
    pub bucket: String,
    pub key: String,
    /// Headers in place of the source's (`MetadataDirective: REPLACE`).
    pub headers: Option<Headers>,
    /// Tags in place of the source's (`TaggingDirective: REPLACE`).
    pub tags: Option<Vec<(String, String)>>,
}

/// A part of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// `bytes=first-last` or `bytes=first-`.
    From {
        /// The first byte.
        first: u64,
        /// The last byte, included; the object's last when absent.
        last: Option<u64>,
    },
    /// `bytes=-count`: that many bytes at the end.
    Last(u64),
}

/// A page of a listing: of objects (both versions of the call) or of versions.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct ListObjects {
    pub bucket: String,
    pub prefix: Option<String>,
    pub delimiter: Option<String>,
    /// `ContinuationToken` of version 2.
    pub continuation_token: Option<String>,
    /// `StartAfter` of version 2, `Marker` of version 1, `KeyMarker` of versions.
    pub start_after: Option<String>,
    /// `VersionIdMarker` of versions.
    pub version_id_marker: Option<String>,
    /// At most this many; 1,000 when absent or more.
    pub max_keys: Option<i32>,
}

/// What S3 answered.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub enum Answer {
    Done,
    ListBuckets { owner: AccountId, buckets: Vec<BucketEntry> },
    CreateBucket { location: String },
    HeadBucket { region: Region },
    GetBucketLocation { region: Region },
    Setting(SettingValue),
    PutObject(ObjectWritten),
    GetObject(Box<Object>),
    CopyObject { written: ObjectWritten, modified: Timestamp },
    DeleteObject(Deleted),
    DeleteObjects(Vec<(String, Deleted)>),
    Tagging(Vec<(String, String)>),
    ListObjects(ObjectsPage),
    ListObjectVersions(VersionsPage),
    CreateMultipartUpload { upload_id: String },
    UploadPart { etag: String },
    CompleteMultipartUpload { location: String, written: ObjectWritten },
    ListParts(Vec<PartEntry>),
    ListMultipartUploads(Vec<UploadEntry>),
}

/// A bucket in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct BucketEntry {
    pub name: String,
    pub region: Region,
    pub created: Timestamp,
}

/// What became of an object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectWritten {
    /// The entity tag, without quotation marks.
    pub etag: String,
    /// The version, in a bucket that has or had versioning.
    pub version_id: Option<String>,
    /// The algorithm that it is (said to be) encrypted with.
    pub encryption: String,
}

/// An object that was read; `body` is the range asked for, and empty for `HeadObject`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct Object {
    pub body: Body,
    /// First and last byte of the range that was asked for.
    pub range: Option<(u64, u64)>,
    /// The size of the whole object in bytes.
    pub size: u64,
    pub etag: String,
    pub version_id: Option<String>,
    pub modified: Timestamp,
    pub headers: Headers,
    pub encryption: String,
    pub tag_count: usize,
    pub parts: Option<usize>,
}

/// What became of an object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deleted {
    /// The version deleted, or the delete marker made.
    pub version_id: Option<String>,
    /// Whether that version is a delete marker.
    pub delete_marker: bool,
}

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct ObjectsPage {
    pub objects: Vec<ObjectEntry>,
    pub common_prefixes: Vec<String>,
    pub next_continuation_token: Option<String>,
    /// The last key or prefix of a page that is not the last: `NextMarker` of version 1.
    pub next_marker: Option<String>,
    pub max_keys: i32,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct ObjectEntry {
    pub key: String,
    pub etag: String,
    pub size: u64,
    pub modified: Timestamp,
    pub storage_class: String,
}

/// A page of versions and delete markers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct VersionsPage {
    pub versions: Vec<VersionEntry>,
    pub common_prefixes: Vec<String>,
    pub next_key_marker: Option<String>,
    pub next_version_id_marker: Option<String>,
    pub max_keys: i32,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct VersionEntry {
    pub key: String,
    pub version_id: String,
    pub latest: bool,
    pub delete_marker: bool,
    pub etag: String,
    pub size: u64,
    pub modified: Timestamp,
    pub storage_class: String,
}

/// A part in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct PartEntry {
    pub number: u32,
    pub etag: String,
    pub size: u64,
    pub modified: Timestamp,
}

/// A multipart upload in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as in S3's API reference")]
pub struct UploadEntry {
    pub key: String,
    pub upload_id: String,
    pub initiated: Timestamp,
}

/// One version of an object, or a marker that it was deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Absent in a bucket that never had versioning, and for the version that is called `null`.
    pub(crate) id: Option<String>,
    /// Absent for a delete marker.
    pub(crate) body: Option<Body>,
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    pub(crate) headers: Headers,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) parts: Option<usize>,
}

/// A multipart upload under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: Timestamp,
    pub(crate) headers: Headers,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) parts: BTreeMap<u32, (String, Body, Timestamp)>,
}

/// Why S3 did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// The HTTP status.
    pub status: u16,
    /// S3's code, such as `NoSuchBucket`.
    pub code: String,
    /// S3's message.
    pub message: String,
    /// Further elements of the error document by name; `x-amz-...` are headers.
    pub details: Vec<(&'static str, String)>,
}

impl Error {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    pub(crate) fn no_such_bucket(name: &str) -> Self {
        let details = vec![("BucketName", name.to_owned())];
        Self { details, ..Self::new(404, "NoSuchBucket", "The specified bucket does not exist") }
    }

    pub(crate) fn no_such_key(key: &str) -> Self {
        let details = vec![("Key", key.to_owned())];
        Self { details, ..Self::new(404, "NoSuchKey", "The specified key does not exist.") }
    }

    pub(crate) fn no_such_upload(upload_id: &str) -> Self {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                       aborted or completed.";
        Self { details: vec![("UploadId", upload_id.to_owned())], ..Self::new(404, "NoSuchUpload", message) }
    }

    pub(crate) fn precondition_failed(condition: &str) -> Self {
        let message = "At least one of the pre-conditions you specified did not hold";
        Self { details: vec![("Condition", condition.to_owned())], ..Self::new(412, "PreconditionFailed", message) }
    }

    pub(crate) fn invalid_argument(message: &str, name: &str, value: &str) -> Self {
        let details = vec![("ArgumentName", name.to_owned()), ("ArgumentValue", value.to_owned())];
        Self { details, ..Self::new(400, "InvalidArgument", message) }
    }
}

impl Request {
    /// Returns the bucket that is asked for; none for `ListBuckets`.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::ListBuckets { .. } => None,
            Self::CreateBucket { bucket, .. }
            | Self::DeleteBucket { bucket }
            | Self::HeadBucket { bucket }
            | Self::GetBucketLocation { bucket }
            | Self::GetBucketSetting { bucket, .. }
            | Self::PutBucketSetting { bucket, .. }
            | Self::DeleteBucketSetting { bucket, .. }
            | Self::DeleteObject { bucket, .. }
            | Self::DeleteObjects { bucket, .. }
            | Self::GetObjectTagging { bucket, .. }
            | Self::PutObjectTagging { bucket, .. }
            | Self::UploadPart { bucket, .. }
            | Self::CompleteMultipartUpload { bucket, .. }
            | Self::AbortMultipartUpload { bucket, .. }
            | Self::ListParts { bucket, .. }
            | Self::ListMultipartUploads { bucket, .. } => Some(bucket),
            Self::PutObject(put) | Self::CreateMultipartUpload(put) => Some(&put.bucket),
            Self::GetObject(get) => Some(&get.bucket),
            Self::CopyObject(copy) => Some(&copy.bucket),
            Self::ListObjects(list) | Self::ListObjectVersions(list) => Some(&list.bucket),
        }
    }
}

impl SettingValue {
    /// Returns which setting this is a value of.
    #[must_use]
    pub const fn setting(&self) -> Setting {
        match self {
            Self::Policy(_) => Setting::Policy,
            Self::PolicyStatus { .. } => Setting::PolicyStatus,
            Self::Versioning(_) => Setting::Versioning,
            Self::Encryption(_) => Setting::Encryption,
            Self::Tagging(_) => Setting::Tagging,
            Self::PublicAccessBlock(_) => Setting::PublicAccessBlock,
            Self::OwnershipControls(_) => Setting::OwnershipControls,
        }
    }
}
