//! The operations of S3 that the twin carries out, between `s3s` and the twin's requests. What is not here, `s3s`
//! answers with `NotImplemented`.

use std::sync::{Arc, Mutex, PoisonError};

use http::Extensions;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use stackfleet_twin::s3::{
    self, Answer, Encryption, Headers, ListObjects, PublicAccessBlock, Setting, SettingValue, Versioning,
};

use crate::backend::Backend;
use crate::calls::Calls;
use crate::s3_convert::{
    blob, body, checksum, checksums, condition, etag, header_tags, listed, object_headers, parse_http_date, prefixes,
    range, tag_set, tags, text, time, timestamp,
};
use crate::s3_wire::Visitor;

/// Implements `s3s`'s trait over a world.
pub(crate) struct Operations<B> {
    world: Arc<Mutex<B>>,
    calls: Calls,
}

impl<B: Backend> Operations<B> {
    pub(crate) fn new(world: Arc<Mutex<B>>, calls: Calls) -> Self {
        Operations { world, calls }
    }

    /// Asks the world. Its error is kept as it is with the visitor; what is returned only ends the operation.
    fn ask(&self, extensions: &Extensions, operation: &str, request: s3::Request) -> S3Result<Answer> {
        let visitor = extensions.get::<Visitor<B::Principal>>().ok_or_else(unexpected)?;
        let mutating = !["Get", "List", "Head"].iter().any(|verb| operation.starts_with(verb));
        self.calls.note(format!("s3:{operation}"), mutating);
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.handle_s3(visitor.caller.clone(), request, visitor.now).map_err(|error| {
            *visitor.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            unexpected()
        })
    }

    fn put(&self, extensions: &Extensions, operation: &str, bucket: String, value: SettingValue) -> S3Result<()> {
        self.ask(extensions, operation, s3::Request::PutBucketSetting { bucket, value }).map(drop)
    }

    fn setting(
        &self,
        extensions: &Extensions,
        operation: &str,
        bucket: String,
        setting: Setting,
    ) -> S3Result<SettingValue> {
        let Answer::Setting(value) =
            self.ask(extensions, operation, s3::Request::GetBucketSetting { bucket, setting })?
        else {
            return Err(unexpected());
        };
        Ok(value)
    }

    fn delete(&self, extensions: &Extensions, operation: &str, bucket: String, setting: Setting) -> S3Result<()> {
        self.ask(extensions, operation, s3::Request::DeleteBucketSetting { bucket, setting }).map(drop)
    }

    fn object(&self, extensions: &Extensions, operation: &str, get: s3::GetObject) -> S3Result<Box<s3::Object>> {
        let Answer::GetObject(object) = self.ask(extensions, operation, s3::Request::GetObject(get))? else {
            return Err(unexpected());
        };
        Ok(object)
    }
}

/// The world answered something that does not belong to the request: a fault on this side of the wire.
fn unexpected() -> S3Error {
    S3Error::new(S3ErrorCode::InternalError)
}

fn done<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

fn get_object(input: GetObjectInput, head: bool) -> s3::GetObject {
    s3::GetObject {
        bucket: input.bucket,
        key: input.key,
        version_id: input.version_id,
        range: range(input.range),
        if_match: condition(input.if_match),
        if_none_match: condition(input.if_none_match),
        if_modified_since: input.if_modified_since.map(timestamp),
        if_unmodified_since: input.if_unmodified_since.map(timestamp),
        head,
    }
}

/// Fills what the outputs of `GetObject` and `HeadObject` have in common; checksums are of whole objects only.
macro_rules! object_output {
    ($output:ident, $object:ident, $length:expr, { $($field:ident: $value:expr,)* }) => {{
        let whole = $object.range.is_none();
        let sum = |algorithm: &str| whole.then(|| checksum(&$object.headers, algorithm)).flatten();
        $output {
            accept_ranges: Some("bytes".into()),
            content_length: i64::try_from($length).ok(),
            content_range: $object.range.map(|(first, last)| format!("bytes {first}-{last}/{}", $object.size)),
            content_type: Some($object.headers.content_type.clone().unwrap_or_else(|| "binary/octet-stream".into())),
            content_encoding: $object.headers.content_encoding.clone(),
            content_disposition: $object.headers.content_disposition.clone(),
            content_language: $object.headers.content_language.clone(),
            cache_control: $object.headers.cache_control.clone(),
            expires: parse_http_date($object.headers.expires.clone()),
            e_tag: etag(&$object.etag),
            last_modified: Some(time($object.modified)),
            metadata: Some($object.headers.metadata.clone().into_iter().collect()),
            version_id: $object.version_id.clone(),
            server_side_encryption: Some(ServerSideEncryption::from($object.encryption.clone())),
            ssekms_key_id: $object.headers.kms_key_id.clone(),
            storage_class: $object.headers.storage_class.clone().filter(|class| class != "STANDARD").map(StorageClass::from),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            $($field: $value,)*
            ..$output::default()
        }
    }};
}

/// Returns the entries of a page, keys encoded as the client asked.
fn contents(objects: Vec<s3::ObjectEntry>, encoding: Option<&EncodingType>) -> Option<Vec<Object>> {
    let entry = |entry: s3::ObjectEntry| Object {
        key: Some(listed(entry.key, encoding)),
        e_tag: etag(&entry.etag),
        size: i64::try_from(entry.size).ok(),
        last_modified: Some(time(entry.modified)),
        storage_class: Some(ObjectStorageClass::from(entry.storage_class)),
        ..Object::default()
    };
    (!objects.is_empty()).then(|| objects.into_iter().map(entry).collect())
}

#[async_trait::async_trait]
impl<B: Backend> S3 for Operations<B> {
    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let request = s3::Request::ListBuckets { prefix: req.input.prefix.clone() };
        let Answer::ListBuckets { owner, buckets } = self.ask(&req.extensions, "ListBuckets", request)? else {
            return Err(unexpected());
        };
        let buckets = buckets.into_iter().map(|bucket| Bucket {
            name: Some(bucket.name),
            creation_date: Some(time(bucket.created)),
            bucket_region: Some(bucket.region.to_string()),
        });
        done(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            owner: Some(Owner { id: Some(owner.to_string()), display_name: None }),
            prefix: req.input.prefix,
            continuation_token: None,
        })
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let input = req.input;
        let location = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
        let request = s3::Request::CreateBucket {
            bucket: input.bucket,
            location: text!(location),
            ownership: text!(input.object_ownership),
        };
        let Answer::CreateBucket { location } = self.ask(&req.extensions, "CreateBucket", request)? else {
            return Err(unexpected());
        };
        done(CreateBucketOutput { location: Some(location) })
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.ask(&req.extensions, "DeleteBucket", s3::Request::DeleteBucket { bucket: req.input.bucket })?;
        done(DeleteBucketOutput {})
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let request = s3::Request::HeadBucket { bucket: req.input.bucket };
        let Answer::HeadBucket { region } = self.ask(&req.extensions, "HeadBucket", request)? else {
            return Err(unexpected());
        };
        done(HeadBucketOutput { bucket_region: Some(region.to_string()), ..HeadBucketOutput::default() })
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let request = s3::Request::GetBucketLocation { bucket: req.input.bucket };
        let Answer::GetBucketLocation { region } = self.ask(&req.extensions, "GetBucketLocation", request)? else {
            return Err(unexpected());
        };
        // The oldest region has no location constraint.
        let named = Some(region.to_string()).filter(|name| name != "us-east-1");
        done(GetBucketLocationOutput { location_constraint: named.map(BucketLocationConstraint::from) })
    }

    async fn get_bucket_policy(
        &self,
        req: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        let SettingValue::Policy(policy) =
            self.setting(&req.extensions, "GetBucketPolicy", req.input.bucket, Setting::Policy)?
        else {
            return Err(unexpected());
        };
        done(GetBucketPolicyOutput { policy: Some(policy) })
    }

    async fn put_bucket_policy(
        &self,
        req: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        let value = SettingValue::Policy(req.input.policy);
        self.put(&req.extensions, "PutBucketPolicy", req.input.bucket, value)?;
        done(PutBucketPolicyOutput {})
    }

    async fn delete_bucket_policy(
        &self,
        req: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
        self.delete(&req.extensions, "DeleteBucketPolicy", req.input.bucket, Setting::Policy)?;
        done(DeleteBucketPolicyOutput {})
    }

    async fn get_bucket_policy_status(
        &self,
        req: S3Request<GetBucketPolicyStatusInput>,
    ) -> S3Result<S3Response<GetBucketPolicyStatusOutput>> {
        let SettingValue::PolicyStatus { is_public } =
            self.setting(&req.extensions, "GetBucketPolicyStatus", req.input.bucket, Setting::PolicyStatus)?
        else {
            return Err(unexpected());
        };
        done(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(is_public) }) })
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let SettingValue::Versioning(versioning) =
            self.setting(&req.extensions, "GetBucketVersioning", req.input.bucket, Setting::Versioning)?
        else {
            return Err(unexpected());
        };
        let status = match versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
            Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
        };
        done(GetBucketVersioningOutput { status: status.map(BucketVersioningStatus::from_static), mfa_delete: None })
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let versioning = match text!(req.input.versioning_configuration.status).as_deref() {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => return Err(S3Error::new(S3ErrorCode::IllegalVersioningConfigurationException)),
        };
        let value = SettingValue::Versioning(versioning);
        self.put(&req.extensions, "PutBucketVersioning", req.input.bucket, value)?;
        done(PutBucketVersioningOutput {})
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        let SettingValue::Encryption(encryption) =
            self.setting(&req.extensions, "GetBucketEncryption", req.input.bucket, Setting::Encryption)?
        else {
            return Err(unexpected());
        };
        let rule = ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: encryption.kms_key_id,
                sse_algorithm: ServerSideEncryption::from(encryption.algorithm),
            }),
            bucket_key_enabled: Some(encryption.bucket_key),
        };
        let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
        done(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }

    async fn put_bucket_encryption(
        &self,
        req: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
        let rule = req.input.server_side_encryption_configuration.rules.into_iter().next();
        let rule = rule.ok_or_else(|| S3Error::new(S3ErrorCode::MalformedXML))?;
        let by_default = rule.apply_server_side_encryption_by_default;
        let encryption = Encryption {
            algorithm: by_default.as_ref().map_or_else(|| "AES256".into(), |it| it.sse_algorithm.as_str().to_owned()),
            kms_key_id: by_default.and_then(|it| it.kms_master_key_id),
            bucket_key: rule.bucket_key_enabled.unwrap_or_default(),
        };
        let value = SettingValue::Encryption(encryption);
        self.put(&req.extensions, "PutBucketEncryption", req.input.bucket, value)?;
        done(PutBucketEncryptionOutput {})
    }

    async fn delete_bucket_encryption(
        &self,
        req: S3Request<DeleteBucketEncryptionInput>,
    ) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
        self.delete(&req.extensions, "DeleteBucketEncryption", req.input.bucket, Setting::Encryption)?;
        done(DeleteBucketEncryptionOutput {})
    }

    async fn get_bucket_tagging(
        &self,
        req: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        let SettingValue::Tagging(tags) =
            self.setting(&req.extensions, "GetBucketTagging", req.input.bucket, Setting::Tagging)?
        else {
            return Err(unexpected());
        };
        done(GetBucketTaggingOutput { tag_set: tag_set(tags) })
    }

    async fn put_bucket_tagging(
        &self,
        req: S3Request<PutBucketTaggingInput>,
    ) -> S3Result<S3Response<PutBucketTaggingOutput>> {
        let value = SettingValue::Tagging(tags(req.input.tagging.tag_set));
        self.put(&req.extensions, "PutBucketTagging", req.input.bucket, value)?;
        done(PutBucketTaggingOutput {})
    }

    async fn delete_bucket_tagging(
        &self,
        req: S3Request<DeleteBucketTaggingInput>,
    ) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
        self.delete(&req.extensions, "DeleteBucketTagging", req.input.bucket, Setting::Tagging)?;
        done(DeleteBucketTaggingOutput {})
    }

    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        let SettingValue::PublicAccessBlock(block) =
            self.setting(&req.extensions, "GetPublicAccessBlock", req.input.bucket, Setting::PublicAccessBlock)?
        else {
            return Err(unexpected());
        };
        let configuration = PublicAccessBlockConfiguration {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        };
        done(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
    }

    async fn put_public_access_block(
        &self,
        req: S3Request<PutPublicAccessBlockInput>,
    ) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
        let configuration = req.input.public_access_block_configuration;
        let value = SettingValue::PublicAccessBlock(PublicAccessBlock {
            block_public_acls: configuration.block_public_acls.unwrap_or_default(),
            ignore_public_acls: configuration.ignore_public_acls.unwrap_or_default(),
            block_public_policy: configuration.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: configuration.restrict_public_buckets.unwrap_or_default(),
        });
        self.put(&req.extensions, "PutPublicAccessBlock", req.input.bucket, value)?;
        done(PutPublicAccessBlockOutput {})
    }

    async fn delete_public_access_block(
        &self,
        req: S3Request<DeletePublicAccessBlockInput>,
    ) -> S3Result<S3Response<DeletePublicAccessBlockOutput>> {
        self.delete(&req.extensions, "DeletePublicAccessBlock", req.input.bucket, Setting::PublicAccessBlock)?;
        done(DeletePublicAccessBlockOutput {})
    }

    async fn get_bucket_ownership_controls(
        &self,
        req: S3Request<GetBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<GetBucketOwnershipControlsOutput>> {
        let SettingValue::OwnershipControls(ownership) =
            self.setting(&req.extensions, "GetBucketOwnershipControls", req.input.bucket, Setting::OwnershipControls)?
        else {
            return Err(unexpected());
        };
        let rule = OwnershipControlsRule { object_ownership: ObjectOwnership::from(ownership) };
        let controls = OwnershipControls { rules: vec![rule] };
        done(GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) })
    }

    async fn put_bucket_ownership_controls(
        &self,
        req: S3Request<PutBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<PutBucketOwnershipControlsOutput>> {
        let rule = req.input.ownership_controls.rules.into_iter().next();
        let rule = rule.ok_or_else(|| S3Error::new(S3ErrorCode::MalformedXML))?;
        let value = SettingValue::OwnershipControls(rule.object_ownership.as_str().to_owned());
        self.put(&req.extensions, "PutBucketOwnershipControls", req.input.bucket, value)?;
        done(PutBucketOwnershipControlsOutput {})
    }

    async fn delete_bucket_ownership_controls(
        &self,
        req: S3Request<DeleteBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<DeleteBucketOwnershipControlsOutput>> {
        let operation = "DeleteBucketOwnershipControls";
        self.delete(&req.extensions, operation, req.input.bucket, Setting::OwnershipControls)?;
        done(DeleteBucketOwnershipControlsOutput {})
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let mut headers: Headers = object_headers!(input);
        headers.checksums = checksums([
            ("CRC32", input.checksum_crc32),
            ("CRC32C", input.checksum_crc32c),
            ("CRC64NVME", input.checksum_crc64nvme),
            ("SHA1", input.checksum_sha1),
            ("SHA256", input.checksum_sha256),
        ]);
        let given = headers.clone();
        let put = s3::PutObject {
            bucket: input.bucket,
            key: input.key,
            body: body(input.body).await?,
            headers,
            tags: header_tags(input.tagging),
            acl: text!(input.acl),
            if_none_match: input.if_none_match.is_some(),
            if_match: condition(input.if_match),
        };
        let Answer::PutObject(written) = self.ask(&req.extensions, "PutObject", s3::Request::PutObject(put))? else {
            return Err(unexpected());
        };
        done(PutObjectOutput {
            e_tag: etag(&written.etag),
            version_id: written.version_id,
            server_side_encryption: Some(ServerSideEncryption::from(written.encryption)),
            checksum_crc32: checksum(&given, "CRC32"),
            checksum_crc32c: checksum(&given, "CRC32C"),
            checksum_crc64nvme: checksum(&given, "CRC64NVME"),
            checksum_sha1: checksum(&given, "SHA1"),
            checksum_sha256: checksum(&given, "SHA256"),
            ..PutObjectOutput::default()
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let object = self.object(&req.extensions, "GetObject", get_object(req.input, false))?;
        let length = object.body.0.len();
        done(object_output!(GetObjectOutput, object, length, {
            body: Some(blob(&object.body)),
            tag_count: i32::try_from(object.tag_count).ok().filter(|count| *count > 0),
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let get = GetObjectInput {
            bucket: input.bucket,
            key: input.key,
            version_id: input.version_id,
            range: input.range,
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
            ..GetObjectInput::default()
        };
        let object = self.object(&req.extensions, "HeadObject", get_object(get, true))?;
        let length = object.range.map_or(object.size, |(first, last)| last - first + 1);
        done(object_output!(HeadObjectOutput, object, length, {
            parts_count: object.parts.and_then(|parts| i32::try_from(parts).ok()),
        }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
            return Err(S3Error::new(S3ErrorCode::NotImplemented));
        };
        let replaces = |directive: Option<String>| directive.as_deref() == Some("REPLACE");
        let headers: Headers = object_headers!(input);
        let copy = s3::CopyObject {
            source_bucket: bucket.to_string(),
            source_key: key.to_string(),
            source_version_id: version_id.as_ref().map(ToString::to_string),
            bucket: input.bucket,
            key: input.key,
            headers: replaces(text!(input.metadata_directive)).then_some(headers),
            tags: replaces(text!(input.tagging_directive)).then(|| header_tags(input.tagging)),
        };
        let source_version = copy.source_version_id.clone();
        let Answer::CopyObject { written, modified } =
            self.ask(&req.extensions, "CopyObject", s3::Request::CopyObject(copy))?
        else {
            return Err(unexpected());
        };
        let result = CopyObjectResult {
            e_tag: etag(&written.etag),
            last_modified: Some(time(modified)),
            ..CopyObjectResult::default()
        };
        done(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source_version,
            version_id: written.version_id,
            server_side_encryption: Some(ServerSideEncryption::from(written.encryption)),
            ..CopyObjectOutput::default()
        })
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let DeleteObjectInput { bucket, key, version_id, .. } = req.input;
        let request = s3::Request::DeleteObject { bucket, key, version_id };
        let Answer::DeleteObject(deleted) = self.ask(&req.extensions, "DeleteObject", request)? else {
            return Err(unexpected());
        };
        done(DeleteObjectOutput {
            version_id: deleted.version_id,
            delete_marker: deleted.delete_marker.then_some(true),
            request_charged: None,
        })
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let quiet = req.input.delete.quiet.unwrap_or_default();
        let objects = req.input.delete.objects.into_iter().map(|object| (object.key, object.version_id));
        let request = s3::Request::DeleteObjects { bucket: req.input.bucket, objects: objects.collect() };
        let Answer::DeleteObjects(deleted) = self.ask(&req.extensions, "DeleteObjects", request)? else {
            return Err(unexpected());
        };
        let entry = |(key, deleted): (String, s3::Deleted)| DeletedObject {
            key: Some(key),
            delete_marker: deleted.delete_marker.then_some(true),
            delete_marker_version_id: deleted.version_id.clone().filter(|_| deleted.delete_marker),
            version_id: deleted.version_id.filter(|_| !deleted.delete_marker),
        };
        let deleted = (!quiet).then(|| deleted.into_iter().map(entry).collect());
        done(DeleteObjectsOutput { deleted, errors: None, request_charged: None })
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let GetObjectTaggingInput { bucket, key, version_id, .. } = req.input;
        let request = s3::Request::GetObjectTagging { bucket, key, version_id: version_id.clone() };
        let Answer::Tagging(tags) = self.ask(&req.extensions, "GetObjectTagging", request)? else {
            return Err(unexpected());
        };
        done(GetObjectTaggingOutput { tag_set: tag_set(tags), version_id })
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let PutObjectTaggingInput { bucket, key, version_id, tagging, .. } = req.input;
        let tags = tags(tagging.tag_set);
        let request = s3::Request::PutObjectTagging { bucket, key, version_id: version_id.clone(), tags };
        self.ask(&req.extensions, "PutObjectTagging", request)?;
        done(PutObjectTaggingOutput { version_id })
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        let list = ListObjects {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone(),
            delimiter: input.delimiter.clone(),
            start_after: input.marker.clone(),
            max_keys: input.max_keys,
            ..ListObjects::default()
        };
        let Answer::ListObjects(page) = self.ask(&req.extensions, "ListObjects", s3::Request::ListObjects(list))?
        else {
            return Err(unexpected());
        };
        done(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(input.prefix.unwrap_or_default()),
            marker: Some(input.marker.unwrap_or_default()),
            max_keys: Some(page.max_keys),
            is_truncated: Some(page.next_continuation_token.is_some()),
            next_marker: page.next_marker.filter(|_| input.delimiter.is_some()),
            contents: contents(page.objects, input.encoding_type.as_ref()),
            common_prefixes: prefixes(page.common_prefixes),
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let list = ListObjects {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone(),
            delimiter: input.delimiter.clone(),
            continuation_token: input.continuation_token.clone(),
            start_after: input.start_after.clone(),
            max_keys: input.max_keys,
            ..ListObjects::default()
        };
        let request = s3::Request::ListObjects(list);
        let Answer::ListObjects(page) = self.ask(&req.extensions, "ListObjectsV2", request)? else {
            return Err(unexpected());
        };
        done(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(input.prefix.unwrap_or_default()),
            max_keys: Some(page.max_keys),
            key_count: i32::try_from(page.objects.len() + page.common_prefixes.len()).ok(),
            is_truncated: Some(page.next_continuation_token.is_some()),
            next_continuation_token: page.next_continuation_token,
            contents: contents(page.objects, input.encoding_type.as_ref()),
            common_prefixes: prefixes(page.common_prefixes),
            continuation_token: input.continuation_token,
            delimiter: input.delimiter,
            start_after: input.start_after,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = req.input;
        let list = ListObjects {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone(),
            delimiter: input.delimiter.clone(),
            start_after: input.key_marker.clone(),
            version_id_marker: input.version_id_marker.clone(),
            max_keys: input.max_keys,
            ..ListObjects::default()
        };
        let request = s3::Request::ListObjectVersions(list);
        let Answer::ListObjectVersions(page) = self.ask(&req.extensions, "ListObjectVersions", request)? else {
            return Err(unexpected());
        };
        let encoding = input.encoding_type.as_ref();
        let (markers, versions): (Vec<_>, Vec<_>) = page.versions.into_iter().partition(|entry| entry.delete_marker);
        let version = |entry: s3::VersionEntry| ObjectVersion {
            key: Some(listed(entry.key, encoding)),
            version_id: Some(entry.version_id),
            is_latest: Some(entry.latest),
            e_tag: etag(&entry.etag),
            size: i64::try_from(entry.size).ok(),
            last_modified: Some(time(entry.modified)),
            storage_class: Some(ObjectVersionStorageClass::from(entry.storage_class)),
            ..ObjectVersion::default()
        };
        let marker = |entry: s3::VersionEntry| DeleteMarkerEntry {
            key: Some(listed(entry.key, encoding)),
            version_id: Some(entry.version_id),
            is_latest: Some(entry.latest),
            last_modified: Some(time(entry.modified)),
            owner: None,
        };
        done(ListObjectVersionsOutput {
            versions: (!versions.is_empty()).then(|| versions.into_iter().map(version).collect()),
            delete_markers: (!markers.is_empty()).then(|| markers.into_iter().map(marker).collect()),
            common_prefixes: prefixes(page.common_prefixes),
            is_truncated: Some(page.next_key_marker.is_some()),
            next_key_marker: page.next_key_marker,
            next_version_id_marker: page.next_version_id_marker,
            max_keys: Some(page.max_keys),
            name: Some(input.bucket),
            prefix: Some(input.prefix.unwrap_or_default()),
            key_marker: Some(input.key_marker.unwrap_or_default()),
            version_id_marker: input.version_id_marker,
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        let put = s3::PutObject {
            headers: object_headers!(input),
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            body: body(None).await?,
            tags: header_tags(input.tagging),
            acl: text!(input.acl),
            if_none_match: false,
            if_match: None,
        };
        let request = s3::Request::CreateMultipartUpload(put);
        let Answer::CreateMultipartUpload { upload_id } =
            self.ask(&req.extensions, "CreateMultipartUpload", request)?
        else {
            return Err(unexpected());
        };
        done(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        let number = u32::try_from(input.part_number).map_err(|_| S3Error::new(S3ErrorCode::InvalidArgument))?;
        let request = s3::Request::UploadPart {
            bucket: input.bucket,
            key: input.key,
            upload_id: input.upload_id,
            number,
            body: body(input.body).await?,
        };
        let Answer::UploadPart { etag: tag } = self.ask(&req.extensions, "UploadPart", request)? else {
            return Err(unexpected());
        };
        done(UploadPartOutput {
            e_tag: etag(&tag),
            checksum_crc32: input.checksum_crc32,
            checksum_crc32c: input.checksum_crc32c,
            checksum_crc64nvme: input.checksum_crc64nvme,
            checksum_sha1: input.checksum_sha1,
            checksum_sha256: input.checksum_sha256,
            ..UploadPartOutput::default()
        })
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let CompleteMultipartUploadInput { bucket, key, upload_id, multipart_upload, .. } = req.input;
        let parts = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts = parts.into_iter().filter_map(|part| {
            Some((u32::try_from(part.part_number?).ok()?, part.e_tag.map(ETag::into_value).unwrap_or_default()))
        });
        let request = s3::Request::CompleteMultipartUpload {
            bucket: bucket.clone(),
            key: key.clone(),
            upload_id,
            parts: parts.collect(),
        };
        let Answer::CompleteMultipartUpload { location, written } =
            self.ask(&req.extensions, "CompleteMultipartUpload", request)?
        else {
            return Err(unexpected());
        };
        done(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            location: Some(location),
            e_tag: etag(&written.etag),
            version_id: written.version_id,
            server_side_encryption: Some(ServerSideEncryption::from(written.encryption)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = req.input;
        let request = s3::Request::AbortMultipartUpload { bucket, key, upload_id };
        self.ask(&req.extensions, "AbortMultipartUpload", request)?;
        done(AbortMultipartUploadOutput { request_charged: None })
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let ListPartsInput { bucket, key, upload_id, .. } = req.input;
        let request = s3::Request::ListParts { bucket: bucket.clone(), key: key.clone(), upload_id: upload_id.clone() };
        let Answer::ListParts(parts) = self.ask(&req.extensions, "ListParts", request)? else {
            return Err(unexpected());
        };
        let part = |entry: s3::PartEntry| Part {
            part_number: i32::try_from(entry.number).ok(),
            e_tag: etag(&entry.etag),
            size: i64::try_from(entry.size).ok(),
            last_modified: Some(time(entry.modified)),
            ..Part::default()
        };
        done(ListPartsOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(upload_id),
            is_truncated: Some(false),
            parts: Some(parts.into_iter().map(part).collect()),
            ..ListPartsOutput::default()
        })
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let ListMultipartUploadsInput { bucket, prefix, .. } = req.input;
        let request = s3::Request::ListMultipartUploads { bucket: bucket.clone(), prefix: prefix.clone() };
        let Answer::ListMultipartUploads(uploads) = self.ask(&req.extensions, "ListMultipartUploads", request)? else {
            return Err(unexpected());
        };
        let upload = |entry: s3::UploadEntry| MultipartUpload {
            key: Some(entry.key),
            upload_id: Some(entry.upload_id),
            initiated: Some(time(entry.initiated)),
            ..MultipartUpload::default()
        };
        done(ListMultipartUploadsOutput {
            bucket: Some(bucket),
            prefix,
            is_truncated: Some(false),
            uploads: Some(uploads.into_iter().map(upload).collect()),
            ..ListMultipartUploadsOutput::default()
        })
    }
}
