//! AWS Signature Version 4 as a server sees it: reads the signature of a request, makes the one that the secret key
//! gives, compares.
//!
//! Chunks of streamed bodies are checked in `chunked`. Who a key belongs to is the backend's matter.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use http::request::Parts;
use sha2::{Digest, Sha256};
use stackfleet_base::Timestamp;

/// How far a request's time may be off (AWS: five minutes; S3 allows fifteen).
const SKEW_MS: i64 = 5 * 60 * 1000;
const SKEW_S3_MS: i64 = 15 * 60 * 1000;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The signature that a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) access_key_id: String,
    /// `20261121`.
    date: String,
    pub(crate) region: String,
    /// The service's name in signatures.
    pub(crate) service: String,
    /// `20261121T232500Z`.
    pub(crate) time: String,
    signed_headers: Vec<String>,
    pub(crate) signature: String,
    pub(crate) session_token: Option<String>,
    /// For how long a presigned URL is good, in seconds.
    expires_seconds: Option<i64>,
}

/// Why a request was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not signed.
    Unsigned,
    /// Nobody has the access key.
    UnknownKey,
    /// The session token is not the key's.
    WrongToken,
    /// The session has ended.
    SessionEnded,
    /// The header or the query cannot be understood.
    Incomplete(String),
    /// The time is off, or a presigned URL is too old.
    Expired(String),
    /// Another signature was expected.
    Mismatch,
    /// The body has another digest than the header says.
    BodyDigest,
}

impl Signature {
    /// Reads the signature from the header `Authorization` or a presigned query; `None` for unsigned requests.
    pub(crate) fn read(parts: &Parts) -> Result<Option<Signature>, Refusal> {
        if let Some(header) = header(&parts.headers, "authorization") {
            return read_header(&header, &parts.headers).map(Some);
        }
        let query = query_pairs(parts.uri.query().unwrap_or_default());
        let find = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        match find("X-Amz-Signature") {
            Some(signature) => read_query(signature, &find).map(Some),
            None => Ok(None),
        }
    }

    /// Says whether the signature came in the URL.
    pub(crate) fn is_presigned(&self) -> bool {
        self.expires_seconds.is_some()
    }

    /// Refuses a time that is too far from `now`.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let time = parse_time(&self.time).ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'"))?;
        let off = now.as_millis() - time.as_millis();
        if !self.time.starts_with(&self.date) {
            return Err(incomplete(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            ));
        }
        if let Some(expires) = self.expires_seconds {
            return if off > expires * 1000 || off < -SKEW_S3_MS {
                Err(Refusal::Expired("Request has expired".into()))
            } else {
                Ok(())
            };
        }
        let skew = if self.service == "s3" { SKEW_S3_MS } else { SKEW_MS };
        if off > skew {
            let oldest = format_time(Timestamp::from_millis(now.as_millis() - skew));
            let message = format!(
                "Signature expired: {} is now earlier than {oldest} ({} - {} min.)",
                self.time,
                format_time(now),
                skew / 60_000
            );
            return Err(Refusal::Expired(message));
        }
        if off < -skew {
            let latest = format_time(Timestamp::from_millis(now.as_millis() + skew));
            let message = format!(
                "Signature not yet current: {} is still later than {latest} ({} + {} min.)",
                self.time,
                format_time(now),
                skew / 60_000
            );
            return Err(Refusal::Expired(message));
        }
        Ok(())
    }

    /// Compares the signature with the one that `secret` gives for this request.
    pub(crate) fn verify(&self, parts: &Parts, body: &[u8], secret: &str) -> Result<(), Refusal> {
        let payload = self.payload_digest(parts, body)?;
        let canonical = self.canonical_request(parts, &payload);
        let to_sign = format!("{ALGORITHM}\n{}\n{}\n{}", self.time, self.scope(), hex_digest(canonical.as_bytes()));
        let expected = calculate_signature(self.key(secret), to_sign.as_bytes());
        if same(&expected, &self.signature) { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    /// Returns the signing key for `secret`.
    pub(crate) fn key(&self, secret: &str) -> impl AsRef<[u8]> + use<> {
        let millis = parse_time(&self.time).map_or(0, Timestamp::as_millis);
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        generate_signing_key(secret, time, &self.region, &self.service)
    }

    /// Returns the credential scope: `20261121/eu-west-1/sts/aws4_request`.
    pub(crate) fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    /// Returns what stands for the body in the signature, after comparing it with the body.
    fn payload_digest(&self, parts: &Parts, body: &[u8]) -> Result<String, Refusal> {
        match header(&parts.headers, "x-amz-content-sha256") {
            Some(declared) if declared.len() == 64 && declared.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                if same(&declared, &hex_digest(body)) { Ok(declared) } else { Err(Refusal::BodyDigest) }
            }
            Some(declared) => Ok(declared),
            None if self.is_presigned() && self.service == "s3" => Ok("UNSIGNED-PAYLOAD".into()),
            None => Ok(hex_digest(body)),
        }
    }

    fn canonical_request(&self, parts: &Parts, payload: &str) -> String {
        // S3 signs the path as it is sent; all others encode it once more.
        let path = match parts.uri.path() {
            "" => "/".to_owned(),
            path if self.service == "s3" => encode(&decode(path), "/"),
            path => encode(path.as_bytes(), "/"),
        };
        let mut pairs: Vec<(String, String)> = query_pairs(parts.uri.query().unwrap_or_default())
            .into_iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (encode(name.as_bytes(), ""), encode(value.as_bytes(), "")))
            .collect();
        pairs.sort();
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut out = format!("{}\n{path}\n{}\n", parts.method, query.join("&"));
        for name in &self.signed_headers {
            // Infallible: writing to a string.
            let _ = writeln!(out, "{name}:{}", header(&parts.headers, name).unwrap_or_default());
        }
        let _ = write!(out, "\n{}\n{payload}", self.signed_headers.join(";"));
        out
    }
}

fn read_header(text: &str, headers: &HeaderMap) -> Result<Signature, Refusal> {
    let fields = text.strip_prefix(ALGORITHM).ok_or_else(|| {
        incomplete(format!("Unsupported AWS 'algorithm': '{}'.", text.split(' ').next().unwrap_or_default()))
    })?;
    let field = |name: &str| {
        fields.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let need = |name: &str| {
        field(name).ok_or_else(|| {
            incomplete(format!("Authorization header requires '{name}' parameter. Authorization={ALGORITHM}"))
        })
    };
    let time = header(headers, "x-amz-date").or_else(|| header(headers, "date")).ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    })?;
    let signature = from_credential(&need("Credential")?, time, &need("SignedHeaders")?, need("Signature")?)?;
    Ok(Signature { session_token: header(headers, "x-amz-security-token"), ..signature })
}

fn read_query(signature: String, find: &dyn Fn(&str) -> Option<String>) -> Result<Signature, Refusal> {
    let need = |name: &str| {
        find(name).ok_or_else(|| incomplete(format!("AWS query-string parameters must include '{name}'.")))
    };
    if need("X-Amz-Algorithm")? != ALGORITHM {
        return Err(incomplete("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
    }
    let expires = need("X-Amz-Expires")?.parse().map_err(|_| incomplete("X-Amz-Expires should be a number"))?;
    let read =
        from_credential(&need("X-Amz-Credential")?, need("X-Amz-Date")?, &need("X-Amz-SignedHeaders")?, signature)?;
    Ok(Signature { session_token: find("X-Amz-Security-Token"), expires_seconds: Some(expires), ..read })
}

fn from_credential(
    credential: &str,
    time: String,
    signed_headers: &str,
    signature: String,
) -> Result<Signature, Refusal> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = parts.as_slice() else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        )));
    };
    let mut signed_headers: Vec<String> = signed_headers.split(';').map(str::to_lowercase).collect();
    signed_headers.sort();
    if !signed_headers.iter().any(|name| name == "host") {
        return Err(incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    Ok(Signature {
        access_key_id: (*access_key_id).into(),
        date: (*date).into(),
        region: (*region).into(),
        service: (*service).into(),
        time,
        signed_headers,
        signature,
        session_token: None,
        expires_seconds: None,
    })
}

fn incomplete(message: impl Into<String>) -> Refusal {
    Refusal::Incomplete(message.into())
}

/// Returns a header as signatures see it: values joined with commas, runs of blanks made one.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
        })
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Splits and decodes a query string. A plus sign is a plus sign here: clients encode blanks as `%20`.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let text = |part: &str| String::from_utf8_lossy(&decode(part)).into_owned();
            (text(name), text(value))
        })
        .collect()
}

/// Undoes percent encoding; what is no encoding stays.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let decoded = (byte == b'%')
            .then(|| bytes.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(byte));
        index += if decoded.is_some() { 3 } else { 1 };
    }
    out
}

/// Percent-encodes everything but unreserved characters and those in `keep`.
fn encode(bytes: &[u8], keep: &str) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Infallible: writing to a string.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Returns the SHA-256 digest in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Compares in a time that does not depend on where the texts differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Reads `20261121T232500Z`.
fn parse_time(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let month = time::Month::try_from(number(4..6)?).ok()?;
    let date = time::Date::from_calendar_date(text.get(..4)?.parse().ok()?, month, number(6..8)?).ok()?;
    let at = date.with_hms(number(9..11)?, number(11..13)?, number(13..15)?).ok()?.assume_utc();
    Some(Timestamp::from_millis(at.unix_timestamp() * 1000))
}

fn format_time(at: Timestamp) -> String {
    let time =
        time::OffsetDateTime::from_unix_timestamp(at.as_millis() / 1000).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = time.to_calendar_date();
    format!("{year:04}{:02}{day:02}T{:02}{:02}{:02}Z", u8::from(month), time.hour(), time.minute(), time.second())
}
