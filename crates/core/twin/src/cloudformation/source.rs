//! Where a template comes from: the request itself, or an object in S3 that is read as the caller.

use std::sync::Arc;

use stackfleet_api::{Error, Service, common};
use stackfleet_base::Region;

use crate::{Call, World, s3};

/// Bytes of a template in a request.
const BODY_MAX: usize = 51_200;
/// Bytes of a template in S3.
const OBJECT_MAX: usize = 1_048_576;
/// The service as callers of other services see it.
pub(crate) const PRINCIPAL: &str = "cloudformation.amazonaws.com";

/// Says what is wrong with a request.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    common::validation(Service::CloudFormation, message)
}

/// Returns the template that a request names; none when it names none.
///
/// # Errors
/// `ValidationError` when it names two, is too long or cannot be read.
pub(crate) fn template(
    world: &mut World,
    call: &Call,
    body: Option<String>,
    url: Option<&String>,
) -> Result<Option<Arc<str>>, Error> {
    match (body, url) {
        (Some(_), Some(_)) => Err(invalid("Specify either TemplateBody or TemplateURL, but not both.")),
        (None, None) => Ok(None),
        (Some(body), None) if body.len() > BODY_MAX => {
            let start: String = body.chars().take(60).collect();
            Err(invalid(format!(
                "1 validation error detected: Value '{start}...' at 'templateBody' failed to satisfy constraint: Member \
                 must have length less than or equal to {BODY_MAX}"
            )))
        }
        (Some(body), None) => Ok(Some(body.into())),
        (None, Some(url)) => fetch(world, call, url).map(Some),
    }
}

fn fetch(world: &mut World, call: &Call, url: &str) -> Result<Arc<str>, Error> {
    let (bucket, key, version_id) = locate(url).ok_or_else(|| invalid("TemplateURL must be a supported URL."))?;
    let refused = |message: &str| {
        invalid(format!(
            "S3 error: {message}\nFor more information check \
             http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ))
    };
    let bytes = read_object(world, call, bucket, key, version_id).map_err(|error| refused(&error.message))?;
    if bytes.len() > OBJECT_MAX {
        return Err(invalid(format!("Template may not exceed {OBJECT_MAX} bytes in size.")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid("Template format error: unsupported structure."))?;
    Ok(text.into())
}

/// Reads an object as the caller through CloudFormation, wherever the bucket lies.
pub(crate) fn read_object(
    world: &mut World,
    call: &Call,
    bucket: String,
    key: String,
    version_id: Option<String>,
) -> Result<Arc<[u8]>, s3::Error> {
    let region: Region =
        world.s3.buckets.get(&bucket).map_or_else(|| call.region.clone(), |found| found.region.clone());
    let request = s3::Request::GetObject(s3::GetObject {
        bucket,
        key,
        version_id,
        range: None,
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
        head: false,
    });
    let answer = world.call_s3(&call.forwarded(PRINCIPAL, &region), request)?;
    let s3::Answer::GetObject(object) = answer else {
        return Err(s3::Error::new(500, "InternalError", format!("BUG: GetObject was answered by {answer:?}")));
    };
    Ok(object.body.0)
}

/// Splits a URL of an object into bucket, key and version; host and path style are known.
fn locate(url: &str) -> Option<(String, String, Option<String>)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
    let host = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com")?;
    let version = query.split('&').find_map(|pair| pair.strip_prefix("versionId=")).map(str::to_owned);
    let at = [".s3.", ".s3-", ".s3"].into_iter().find_map(|mark| match mark {
        ".s3" => host.strip_suffix(".s3").map(str::len),
        mark => host.find(mark),
    });
    let (bucket, key) = match at {
        Some(at) => (host.get(..at)?, path),
        None if host == "s3" || host.starts_with("s3.") || host.starts_with("s3-") => path.split_once('/')?,
        None => return None,
    };
    Some((bucket.to_owned(), decoded(key)?, version)).filter(|(bucket, key, _)| !bucket.is_empty() && !key.is_empty())
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_objects_are_known_in_all_their_forms() {
        let found = |url: &str| locate(url).map(|(bucket, key, version)| format!("{bucket} {key} {version:?}"));
        assert_eq!(found("https://b.s3.eu-west-1.amazonaws.com/a/t.yaml").as_deref(), Some("b a/t.yaml None"));
        assert_eq!(found("https://b.s3.amazonaws.com/t%20x.yaml").as_deref(), Some("b t x.yaml None"));
        assert_eq!(found("https://s3.eu-west-1.amazonaws.com/b/t.yaml").as_deref(), Some("b t.yaml None"));
        assert_eq!(found("https://s3.amazonaws.com/b/t?versionId=7").as_deref(), Some("b t Some(\"7\")"));
        for wrong in ["s3://b/t", "https://example.com/b/t", "https://b.s3.amazonaws.com/", "x"] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }
}
