//! Which bucket the name of a host stands for: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.localhost:4566`.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// S3's own host names, and buckets below `localhost`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let found = VirtualHost::new(name);
        Ok(match bucket_of(name) {
            Some(bucket) => found.with_bucket(bucket),
            None => found,
        })
    }
}

fn bucket_of(name: &str) -> Option<&str> {
    if let Some(bucket) = name.strip_suffix(".localhost") {
        return Some(bucket);
    }
    let front = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazonaws.com.cn"))?;
    // Bucket names may hold dots, and even `.s3.`: the last one is the service's.
    let at = front.rmatch_indices(".s3").map(|(at, _)| at).find(|at| {
        let after = front.get(at + 3..).unwrap_or_default();
        after.is_empty() || after.starts_with(['.', '-'])
    })?;
    front.get(..at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_found_in_host_names() {
        for (host, bucket) in [
            ("s3.amazonaws.com", None),
            ("s3.eu-west-1.amazonaws.com", None),
            ("localhost", None),
            ("twin.example", None),
            ("logs.localhost", Some("logs")),
            ("logs.s3.amazonaws.com", Some("logs")),
            ("my.logs.s3.eu-west-1.amazonaws.com", Some("my.logs")),
            ("logs.s3-eu-west-1.amazonaws.com", Some("logs")),
            ("logs.s3.dualstack.eu-west-1.amazonaws.com", Some("logs")),
            ("a.s3.b.s3.cn-north-1.amazonaws.com.cn", Some("a.s3.b")),
        ] {
            assert_eq!(bucket_of(host), bucket, "{host}");
        }
    }
}
