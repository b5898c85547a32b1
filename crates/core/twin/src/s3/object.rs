//! Objects: writing, reading, copying, deleting, with versions.

use std::sync::Arc;

use super::{
    Answer, Body, Bucket, Context, CopyObject, Deleted, Error, GetObject, Object, ObjectWritten, PutObject, Range, S3,
    Version, Versioning, bucket::check_tags,
};
use crate::md5::md5_hex;

impl S3 {
    pub(super) fn put_object(&mut self, context: &mut Context<'_>, put: PutObject) -> Result<Answer, Error> {
        let bucket = self.find_mut(&put.bucket)?;
        bucket.check_put(&put)?;
        let etag = md5_hex(&put.body.0);
        let version = Version {
            id: None,
            body: Some(put.body),
            etag,
            modified: context.now,
            headers: put.headers,
            tags: put.tags,
            parts: None,
        };
        Ok(Answer::PutObject(bucket.write(context, &put.bucket, put.key, version)))
    }

    pub(super) fn get_object(&self, get: GetObject) -> Result<Answer, Error> {
        let bucket = self.find(&get.bucket)?;
        let version = bucket.version(&get.key, get.version_id.as_deref())?;
        check_conditions(version, &get)?;
        let whole = version.body.clone().unwrap_or_else(|| Body(Arc::from([])));
        let size = whole.0.len() as u64;
        let range = get.range.map(|range| bounds(range, size)).transpose()?;
        let body = match range {
            _ if get.head => Body(Arc::from([])),
            None => whole,
            Some((first, last)) => {
                let from = usize::try_from(first).unwrap_or(usize::MAX);
                let to = usize::try_from(last).unwrap_or(usize::MAX).saturating_add(1);
                Body(whole.0.get(from..to).unwrap_or_default().into())
            }
        };
        Ok(Answer::GetObject(Box::new(Object {
            body,
            range,
            size,
            etag: version.etag.clone(),
            version_id: bucket.shown_version(version),
            modified: version.modified,
            headers: version.headers.clone(),
            encryption: bucket.encryption_of(version),
            tag_count: version.tags.len(),
            parts: version.parts,
        })))
    }

    pub(super) fn copy_object(&mut self, context: &mut Context<'_>, copy: CopyObject) -> Result<Answer, Error> {
        let same = copy.source_bucket == copy.bucket && copy.source_key == copy.key;
        if same && copy.headers.is_none() && copy.source_version_id.is_none() {
            let message = "This copy request is illegal because it is trying to copy an object to itself without \
                           changing the object's metadata, storage class, website redirect location or encryption \
                           attributes.";
            return Err(Error::new(400, "InvalidRequest", message));
        }
        let source =
            self.find(&copy.source_bucket)?.version(&copy.source_key, copy.source_version_id.as_deref())?.clone();
        let version = Version {
            id: None,
            headers: copy.headers.unwrap_or(source.headers),
            tags: copy.tags.unwrap_or(source.tags),
            etag: source.body.as_ref().map(|body| md5_hex(&body.0)).unwrap_or_default(),
            body: source.body,
            modified: context.now,
            parts: None,
        };
        let written = self.find_mut(&copy.bucket)?.write(context, &copy.bucket, copy.key, version);
        Ok(Answer::CopyObject { written, modified: context.now })
    }
}

impl Bucket {
    /// Checks what a write depends on, and what goes with it.
    pub(super) fn check_put(&self, put: &PutObject) -> Result<(), Error> {
        if put.key.is_empty() || put.key.len() > 1024 {
            let details = vec![("MaxSizeAllowed", "1024".to_owned()), ("Size", put.key.len().to_string())];
            return Err(Error { details, ..Error::new(400, "KeyTooLongError", "Your key is too long") });
        }
        check_tags(&put.tags, 10)?;
        let owner_only = self.ownership.as_deref() == Some("BucketOwnerEnforced");
        if owner_only && put.acl.as_deref().is_some_and(|acl| acl != "bucket-owner-full-control") {
            let message = "The bucket does not allow ACLs";
            return Err(Error::new(400, "AccessControlListNotSupported", message));
        }
        let present = self.version(&put.key, None).ok();
        if put.if_none_match && present.is_some() {
            return Err(Error::precondition_failed("If-None-Match"));
        }
        match (&put.if_match, present) {
            (Some(_), None) => Err(Error::no_such_key(&put.key)),
            (Some(etag), Some(version)) if !etag_matches(etag, &version.etag) => {
                Err(Error::precondition_failed("If-Match"))
            }
            (Some(_), Some(_)) | (None, _) => Ok(()),
        }
    }

    /// Puts a version on top of a key, replacing what the bucket does not keep.
    pub(super) fn write(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        key: String,
        mut version: Version,
    ) -> ObjectWritten {
        version.id = match self.versioning {
            Versioning::Enabled => Some(context.ids.draw("s3-version", &[name, &key]).of(VERSION_ALPHABET, 32)),
            Versioning::Off | Versioning::Suspended => None,
        };
        let written = ObjectWritten {
            etag: version.etag.clone(),
            version_id: self.shown_version(&version),
            encryption: self.encryption_of(&version),
        };
        let versions = self.objects.entry(key).or_default();
        if version.id.is_none() {
            versions.retain(|old| old.id.is_some());
        }
        versions.push(version);
        written
    }

    /// Deletes a version for good, or hides the key behind a delete marker, or removes it.
    pub(super) fn delete_object(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Deleted {
        if let Some(wanted) = version_id {
            let Some(versions) = self.objects.get_mut(key) else {
                return Deleted { version_id: Some(wanted.to_owned()), delete_marker: false };
            };
            let found = versions.iter().position(|version| version.id.as_deref().unwrap_or("null") == wanted);
            let removed = found.map(|index| versions.remove(index));
            if versions.is_empty() {
                self.objects.remove(key);
            }
            let delete_marker = removed.is_some_and(|version| version.body.is_none());
            return Deleted { version_id: Some(wanted.to_owned()), delete_marker };
        }
        if self.versioning == Versioning::Off {
            self.objects.remove(key);
            return Deleted::default();
        }
        let marker = Version {
            id: None,
            body: None,
            etag: String::new(),
            modified: context.now,
            headers: super::Headers::default(),
            tags: Vec::new(),
            parts: None,
        };
        let written = self.write(context, name, key.to_owned(), marker);
        Deleted { version_id: written.version_id, delete_marker: true }
    }

    pub(super) fn version(&self, key: &str, version_id: Option<&str>) -> Result<&Version, Error> {
        let versions = self.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let Some(wanted) = version_id else {
            let latest = versions.last().filter(|version| version.body.is_some());
            return latest.ok_or_else(|| Error::no_such_key(key));
        };
        let found = versions.iter().find(|version| version.id.as_deref().unwrap_or("null") == wanted);
        let found = found.ok_or_else(|| no_such_version(key, wanted))?;
        if found.body.is_none() {
            let message = "The specified method is not allowed against this resource.";
            return Err(Error::new(405, "MethodNotAllowed", message));
        }
        Ok(found)
    }

    pub(super) fn version_mut(&mut self, key: &str, version_id: Option<&str>) -> Result<&mut Version, Error> {
        let id = self.version(key, version_id)?.id.clone();
        let versions = self.objects.get_mut(key).map(Vec::as_mut_slice).unwrap_or_default();
        versions.iter_mut().find(|version| version.id == id).ok_or_else(|| Error::no_such_key(key))
    }

    /// Returns the version id as answers show it: not at all where there never was versioning.
    pub(super) fn shown_version(&self, version: &Version) -> Option<String> {
        let shown = version.id.clone().unwrap_or_else(|| "null".to_owned());
        (self.versioning != Versioning::Off).then_some(shown)
    }

    fn encryption_of(&self, version: &Version) -> String {
        version.headers.server_side_encryption.clone().unwrap_or_else(|| self.encryption.algorithm.clone())
    }
}

const VERSION_ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

fn no_such_version(key: &str, version_id: &str) -> Error {
    let details = vec![("Key", key.to_owned()), ("VersionId", version_id.to_owned())];
    Error { details, ..Error::new(404, "NoSuchVersion", "The specified version does not exist.") }
}

fn etag_matches(condition: &str, etag: &str) -> bool {
    condition.split(',').map(|one| one.trim().trim_matches('"')).any(|one| one == "*" || one == etag)
}

/// Checks conditions in the order of RFC 9110, section 13.2.2. Times count by whole seconds, as headers carry them.
fn check_conditions(version: &Version, get: &GetObject) -> Result<(), Error> {
    let seconds = |moment: stackfleet_base::Timestamp| moment.as_millis().div_euclid(1000);
    if let Some(condition) = &get.if_match {
        if !etag_matches(condition, &version.etag) {
            return Err(Error::precondition_failed("If-Match"));
        }
    } else if get.if_unmodified_since.is_some_and(|since| seconds(version.modified) > seconds(since)) {
        return Err(Error::precondition_failed("If-Unmodified-Since"));
    }
    let unchanged = match &get.if_none_match {
        Some(condition) => etag_matches(condition, &version.etag),
        None => get.if_modified_since.is_some_and(|since| seconds(version.modified) <= seconds(since)),
    };
    if unchanged { Err(Error::new(304, "NotModified", "Not Modified")) } else { Ok(()) }
}

/// Returns the first and last byte that a range means in `size` bytes.
fn bounds(range: Range, size: u64) -> Result<(u64, u64), Error> {
    let unsatisfiable = || {
        let details = vec![("ActualObjectSize", size.to_string())];
        Error { details, ..Error::new(416, "InvalidRange", "The requested range is not satisfiable") }
    };
    let end = size.checked_sub(1).ok_or_else(unsatisfiable)?;
    match range {
        Range::From { first, .. } if first > end => Err(unsatisfiable()),
        Range::From { first, last } => Ok((first, last.unwrap_or(end).min(end))),
        Range::Last(0) => Err(unsatisfiable()),
        Range::Last(count) => Ok((size.saturating_sub(count), end)),
    }
}
