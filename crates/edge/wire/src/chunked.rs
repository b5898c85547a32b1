//! Bodies in `aws-chunked` form: chunks with a signature each, trailers, or neither signed.

use aws_sigv4::sign::v4::calculate_signature;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::sign::{Refusal, Signature, header, hex_digest, same};

/// How the chunks of a body are signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunks {
    Signed { trailer: bool },
    Unsigned,
}

/// Takes the chunks of a body apart, checks them and puts the whole into its place; trailers become headers.
/// A body in any other form is returned as it is.
pub(crate) fn decode(parts: &mut Parts, body: Bytes, signature: &Signature, secret: &str) -> Result<Bytes, Refusal> {
    let chunks = match header(&parts.headers, "x-amz-content-sha256").as_deref() {
        Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") => Chunks::Signed { trailer: false },
        Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") => Chunks::Signed { trailer: true },
        Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => Chunks::Unsigned,
        _ => return Ok(body),
    };
    let mut chain = Chain { signature, secret, previous: signature.signature.clone() };
    let mut rest = body;
    let mut whole = BytesMut::new();
    loop {
        let line = take_line(&mut rest)?;
        let (size, extension) = line.split_once(';').unwrap_or((&line, ""));
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| broken())?;
        if size > rest.len() {
            return Err(broken());
        }
        let data = rest.split_to(size);
        if chunks != Chunks::Unsigned {
            chain.check(
                "AWS4-HMAC-SHA256-PAYLOAD",
                &format!("{}\n{}", hex_digest(b""), hex_digest(&data)),
                extension.trim().strip_prefix("chunk-signature=").unwrap_or_default(),
            )?;
        }
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&data);
        if !take_line(&mut rest)?.is_empty() {
            return Err(broken());
        }
    }
    let trailers = read_trailers(rest)?;
    if let Chunks::Signed { trailer: true } = chunks {
        check_trailers(&mut chain, &trailers)?;
    }
    for (name, value) in trailers {
        if name != "x-amz-trailer-signature"
            && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        {
            parts.headers.insert(name, value);
        }
    }
    restore_headers(parts, whole.len());
    Ok(whole.freeze())
}

/// The signatures of chunks, each made over the one before it.
struct Chain<'a> {
    signature: &'a Signature,
    secret: &'a str,
    previous: String,
}

impl Chain<'_> {
    fn check(&mut self, algorithm: &str, digests: &str, given: &str) -> Result<(), Refusal> {
        let to_sign =
            format!("{algorithm}\n{}\n{}\n{}\n{digests}", self.signature.time, self.signature.scope(), self.previous);
        let expected = calculate_signature(self.signature.key(self.secret), to_sign.as_bytes());
        if !same(&expected, given) {
            return Err(Refusal::Mismatch);
        }
        self.previous = expected;
        Ok(())
    }
}

fn check_trailers(chain: &mut Chain<'_>, trailers: &[(String, String)]) -> Result<(), Refusal> {
    let mut signed: Vec<String> = trailers
        .iter()
        .filter(|(name, _)| name != "x-amz-trailer-signature")
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    signed.sort();
    let given = trailers.iter().find(|(name, _)| name == "x-amz-trailer-signature").map(|(_, value)| value.as_str());
    chain.check("AWS4-HMAC-SHA256-TRAILER", &hex_digest(signed.concat().as_bytes()), given.unwrap_or_default())
}

fn read_trailers(mut rest: Bytes) -> Result<Vec<(String, String)>, Refusal> {
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let line = take_line(&mut rest)?;
        if let Some((name, value)) = line.split_once(':') {
            trailers.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(trailers)
}

/// Makes the headers say what the body is after its chunks are gone.
fn restore_headers(parts: &mut Parts, length: usize) {
    let encodings = header(&parts.headers, "content-encoding").unwrap_or_default();
    let left: Vec<&str> =
        encodings.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "aws-chunked").collect();
    match HeaderValue::try_from(left.join(",")) {
        Ok(value) if !left.is_empty() => {
            parts.headers.insert(CONTENT_ENCODING, value);
        }
        Ok(_) | Err(_) => {
            parts.headers.remove(CONTENT_ENCODING);
        }
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    for name in ["x-amz-decoded-content-length", "x-amz-trailer", "transfer-encoding"] {
        parts.headers.remove(name);
    }
}

fn take_line(rest: &mut Bytes) -> Result<String, Refusal> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or_else(broken)?;
    let line = rest.split_to(end);
    let _ = rest.split_to(2);
    String::from_utf8(line.to_vec()).map_err(|_| broken())
}

fn broken() -> Refusal {
    Refusal::Incomplete("the chunks of the body cannot be read".into())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn request(kind: &str) -> Parts {
        let request = Request::builder()
            .method("PUT")
            .uri("/examplebucket/chunkObject.txt")
            .header("host", "s3.amazonaws.com")
            .header("content-encoding", "aws-chunked,gzip")
            .header("x-amz-date", "20130524T000000Z")
            .header("x-amz-decoded-content-length", "66560")
            .header("x-amz-content-sha256", kind)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            );
        request.body(()).unwrap().into_parts().0
    }

    /// The example of "Signature calculations for the Authorization header: transferring payload in multiple chunks"
    /// in S3's API reference.
    fn example() -> Vec<u8> {
        let chunk = |size: usize, signature: &str| {
            let mut chunk = format!("{size:x};chunk-signature={signature}\r\n").into_bytes();
            chunk.extend(std::iter::repeat_n(b'a', size));
            chunk.extend(b"\r\n");
            chunk
        };
        [
            chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ]
        .concat()
    }

    fn read(kind: &str, body: Vec<u8>) -> Result<(Parts, Bytes), Refusal> {
        let mut parts = request(kind);
        let signature = Signature::read(&parts)?.unwrap();
        let body = decode(&mut parts, Bytes::from(body), &signature, SECRET)?;
        Ok((parts, body))
    }

    #[test]
    fn chunks_with_good_signatures_become_one_body() {
        let (parts, body) = read("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", example()).unwrap();
        assert_eq!(body, vec![b'a'; 66_560]);
        assert_eq!(parts.headers["content-encoding"], "gzip");
        assert_eq!(parts.headers["content-length"], "66560");
    }

    #[test]
    fn a_changed_missing_or_broken_chunk_is_noticed() {
        let mut changed = example();
        changed[70_000 - 4_000] = b'b';
        assert_eq!(read("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", changed).unwrap_err(), Refusal::Mismatch);
        let last = example().split_off(example().len() - 1024 - 2 - 86 - 4);
        assert!(read("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", last).is_err());
        for broken in ["", "zz\r\n", "5\r\nab", "ffffffffffffffff\r\n"] {
            assert!(read("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", broken.into()).is_err(), "{broken}");
        }
    }

    #[test]
    fn trailers_become_headers() {
        let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let (parts, body) = read("STREAMING-UNSIGNED-PAYLOAD-TRAILER", body.into()).unwrap();
        assert_eq!(body, "hello");
        assert_eq!(parts.headers["x-amz-checksum-crc32"], "NhCmhg==");
        let unsigned = "0;chunk-signature=00\r\n\r\n";
        let read = read("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", unsigned.into());
        assert_eq!(read.unwrap_err(), Refusal::Mismatch);
    }
}
