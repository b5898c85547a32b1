//! Between the types of `s3s` and the twin's: small values that many operations share.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use s3s::dto::{self, ETag, ETagCondition, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result};
use stackfleet_base::Timestamp;
use stackfleet_twin::s3::{Body, Headers, Range};

use crate::sign::query_pairs;

/// Returns the text of one of `s3s`'s open enumerations.
macro_rules! text {
    ($value:expr) => {
        $value.map(|value| value.as_str().to_owned())
    };
}
pub(crate) use text;

/// Reads a whole body.
pub(crate) async fn body(blob: Option<StreamingBlob>) -> S3Result<Body> {
    let Some(blob) = blob else { return Ok(Body([].into())) };
    let chunks: Vec<Bytes> =
        blob.try_collect().await.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
    Ok(Body(chunks.concat().into()))
}

/// Returns a body for an answer.
pub(crate) fn blob(body: &Body) -> StreamingBlob {
    StreamingBlob::from(s3s::Body::from(Bytes::copy_from_slice(&body.0)))
}

/// Returns a time for an answer.
pub(crate) fn time(at: Timestamp) -> dto::Timestamp {
    let nanos = i128::from(at.as_millis()) * 1_000_000;
    dto::Timestamp::from(
        time::OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(time::OffsetDateTime::UNIX_EPOCH),
    )
}

/// Returns a time from a request.
pub(crate) fn timestamp(at: dto::Timestamp) -> Timestamp {
    let millis = time::OffsetDateTime::from(at).unix_timestamp_nanos() / 1_000_000;
    Timestamp::from_millis(i64::try_from(millis).unwrap_or_default())
}

/// Returns an entity tag for an answer.
#[expect(clippy::unnecessary_wraps, reason = "every answer has it as an optional member")]
pub(crate) fn etag(text: &str) -> Option<ETag> {
    Some(ETag::Strong(text.to_owned()))
}

/// Returns the entity tag of a condition, or `*`.
pub(crate) fn condition(condition: Option<ETagCondition>) -> Option<String> {
    condition.map(|condition| match condition {
        ETagCondition::ETag(etag) => etag.into_value(),
        ETagCondition::Any => "*".into(),
    })
}

/// Returns a range of bytes.
pub(crate) fn range(range: Option<dto::Range>) -> Option<Range> {
    range.map(|range| match range {
        dto::Range::Int { first, last } => Range::From { first, last },
        dto::Range::Suffix { length } => Range::Last(length),
    })
}

/// Returns the tags in the header `x-amz-tagging`, which has the form of a query.
pub(crate) fn header_tags(header: Option<String>) -> Vec<(String, String)> {
    query_pairs(&header.unwrap_or_default().replace('+', "%20"))
}

/// Returns the tags of a request.
pub(crate) fn tags(set: Vec<dto::Tag>) -> Vec<(String, String)> {
    set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

/// Returns the tags for an answer.
pub(crate) fn tag_set(tags: Vec<(String, String)>) -> Vec<dto::Tag> {
    tags.into_iter().map(|(key, value)| dto::Tag { key: Some(key), value: Some(value) }).collect()
}

/// Returns prefixes for an answer; none rather than an empty list.
pub(crate) fn prefixes(prefixes: Vec<String>) -> Option<Vec<dto::CommonPrefix>> {
    (!prefixes.is_empty())
        .then(|| prefixes.into_iter().map(|prefix| dto::CommonPrefix { prefix: Some(prefix) }).collect())
}

/// Percent-encodes a key for a listing with `EncodingType=url`.
pub(crate) fn listed(key: String, encoding: Option<&dto::EncodingType>) -> String {
    if encoding.is_none_or(|encoding| encoding.as_str() != "url") {
        return key;
    }
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.*/".contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' {
            out.push('+');
        } else {
            use std::fmt::Write as _;
            // Infallible: writing to a string.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Collects the headers that are kept with an object, from any input that has them.
macro_rules! object_headers {
    ($input:expr) => {
        Headers {
            content_type: $input.content_type.as_ref().map(ToString::to_string),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $crate::s3_convert::http_date($input.expires.clone()),
            storage_class: $crate::s3_convert::text!($input.storage_class.as_ref()),
            server_side_encryption: $crate::s3_convert::text!($input.server_side_encryption.as_ref()),
            kms_key_id: $input.ssekms_key_id.clone(),
            metadata: $input.metadata.clone().unwrap_or_default().into_iter().collect(),
            checksums: Vec::new(),
        }
    };
}
pub(crate) use object_headers;

/// Returns a time as HTTP writes it.
pub(crate) fn http_date(at: Option<dto::Timestamp>) -> Option<String> {
    let mut text = Vec::new();
    at?.format(dto::TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Reads a time as HTTP writes it.
pub(crate) fn parse_http_date(text: Option<String>) -> Option<dto::Timestamp> {
    dto::Timestamp::parse(dto::TimestampFormat::HttpDate, &text?).ok()
}

/// Returns the checksums that a client gave, by algorithm.
pub(crate) fn checksums<const N: usize>(given: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Returns the checksum of an algorithm.
pub(crate) fn checksum(headers: &Headers, algorithm: &str) -> Option<String> {
    headers.checksums.iter().find(|(name, _)| name == algorithm).map(|(_, value)| value.clone())
}
