//! Multipart uploads: parts gathered until they are made into one object.

use std::collections::BTreeMap;

use super::{Answer, Body, Bucket, Context, Error, PartEntry, PutObject, S3, Upload, UploadEntry, Version};
use crate::md5::{md5, md5_hex};

/// The least size of every part but the last.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;

impl S3 {
    pub(super) fn create_upload(&mut self, context: &mut Context<'_>, put: PutObject) -> Result<Answer, Error> {
        let bucket = self.find_mut(&put.bucket)?;
        bucket.check_put(&put)?;
        let upload_id = context.ids.draw("s3-upload", &[&put.bucket, &put.key]).mixed(56).replace(['+', '/'], "_");
        let upload = Upload {
            key: put.key,
            initiated: context.now,
            headers: put.headers,
            tags: put.tags,
            parts: BTreeMap::new(),
        };
        bucket.uploads.insert(upload_id.clone(), upload);
        Ok(Answer::CreateMultipartUpload { upload_id })
    }
}

impl Bucket {
    pub(super) fn upload_part(
        &mut self,
        now: stackfleet_base::Timestamp,
        key: &str,
        upload_id: &str,
        number: u32,
        body: Body,
    ) -> Result<Answer, Error> {
        if !(1..=10_000).contains(&number) {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(Error::invalid_argument(message, "partNumber", &number.to_string()));
        }
        let upload = self.uploads.get_mut(upload_id).filter(|upload| upload.key == key);
        let upload = upload.ok_or_else(|| Error::no_such_upload(upload_id))?;
        let etag = md5_hex(&body.0);
        upload.parts.insert(number, (etag.clone(), body, now));
        Ok(Answer::UploadPart { etag })
    }

    pub(super) fn complete_upload(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        key: &str,
        upload_id: &str,
        parts: &[(u32, String)],
    ) -> Result<Answer, Error> {
        let upload = self.upload(key, upload_id)?;
        if parts.is_empty() {
            return Err(Error::new(400, "InvalidRequest", "You must specify at least one part"));
        }
        if !parts.iter().zip(parts.iter().skip(1)).all(|((one, _), (next, _))| one < next) {
            let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(Error::new(400, "InvalidPartOrder", message));
        }
        let (mut bytes, mut digests) = (Vec::new(), Vec::new());
        for (index, (number, etag)) in parts.iter().enumerate() {
            let found = upload.parts.get(number).filter(|(real, ..)| real == etag.trim_matches('"'));
            let (_, body, _) = found.ok_or_else(|| invalid_part(upload_id, *number, etag))?;
            if body.0.len() < PART_BYTES_MIN && index + 1 < parts.len() {
                let message = "Your proposed upload is smaller than the minimum allowed size";
                return Err(Error::new(400, "EntityTooSmall", message));
            }
            bytes.extend_from_slice(&body.0);
            digests.extend_from_slice(&md5(&body.0));
        }
        let version = Version {
            id: None,
            body: Some(Body(bytes.into())),
            etag: format!("{}-{}", md5_hex(&digests), parts.len()),
            modified: context.now,
            headers: upload.headers.clone(),
            tags: upload.tags.clone(),
            parts: Some(parts.len()),
        };
        self.uploads.remove(upload_id);
        let written = self.write(context, name, key.to_owned(), version);
        let location = format!("https://{name}.s3.{}.amazonaws.com/{key}", self.region);
        Ok(Answer::CompleteMultipartUpload { location, written })
    }

    pub(super) fn abort_upload(&mut self, key: &str, upload_id: &str) -> Result<Answer, Error> {
        self.upload(key, upload_id)?;
        self.uploads.remove(upload_id);
        Ok(Answer::Done)
    }

    pub(super) fn list_parts(&self, key: &str, upload_id: &str) -> Result<Answer, Error> {
        let parts = self.upload(key, upload_id)?.parts.iter().map(|(number, (etag, body, modified))| PartEntry {
            number: *number,
            etag: etag.clone(),
            size: body.0.len() as u64,
            modified: *modified,
        });
        Ok(Answer::ListParts(parts.collect()))
    }

    pub(super) fn list_uploads(&self, prefix: &str) -> Answer {
        let found = self.uploads.iter().filter(|(_, upload)| upload.key.starts_with(prefix));
        let mut entries: Vec<UploadEntry> = found
            .map(|(upload_id, upload)| UploadEntry {
                key: upload.key.clone(),
                upload_id: upload_id.clone(),
                initiated: upload.initiated,
            })
            .collect();
        entries.sort_by(|a, b| (&a.key, a.initiated).cmp(&(&b.key, b.initiated)));
        Answer::ListMultipartUploads(entries)
    }

    fn upload(&self, key: &str, upload_id: &str) -> Result<&Upload, Error> {
        let upload = self.uploads.get(upload_id).filter(|upload| upload.key == key);
        upload.ok_or_else(|| Error::no_such_upload(upload_id))
    }
}

fn invalid_part(upload_id: &str, number: u32, etag: &str) -> Error {
    let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or \
                   the specified entity tag may not match the part's entity tag.";
    let details =
        vec![("UploadId", upload_id.to_owned()), ("PartNumber", number.to_string()), ("ETag", etag.to_owned())];
    Error { details, ..Error::new(400, "InvalidPart", message) }
}
