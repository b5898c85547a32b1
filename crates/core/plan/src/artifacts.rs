//! Code that a template takes from the project's folder: what was packed, where it is put, who may read it.
//!
//! The packing itself is `stackfleet-pack`'s. Lambda takes code only from a bucket of the function's own region, while
//! a stack set has one template for all of them; so there is a bucket in each region, its name ends in the region, and
//! the template says `${AWS::Region}`.

use serde_json::json;
use stackfleet_base::{AccountId, Digest, Region};

/// All artifacts of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Artifacts {
    /// One entry for each place in a template; the same artifact may serve several.
    pub entries: Vec<Artifact>,
}

/// An artifact and the one place in a template that refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// Keys from the top of the template to the local path: `Resources`, `Finder`, `Properties`, `CodeUri`.
    pub place: Vec<String>,
    /// Digest of the packed bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

impl Artifact {
    /// Returns the key under which it is stored in every artifact bucket.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}.zip", self.app, self.stack, self.digest)
    }
}

impl Artifacts {
    /// Returns the artifacts of one stack.
    pub fn of<'a>(&'a self, app: &'a str, stack: &'a str) -> impl Iterator<Item = &'a Artifact> {
        self.entries.iter().filter(move |artifact| artifact.app == app && artifact.stack == stack)
    }
}

/// Returns the name of the artifact bucket of a region.
#[must_use]
pub fn bucket_name(management: &AccountId, region: &Region) -> String {
    format!("stackfleet-artifacts-{management}-{region}")
}

/// Returns the policy of an artifact bucket: everybody in the organization may read, nobody else.
///
/// `organization` is the organization's id or its placeholder.
#[must_use]
pub fn bucket_policy(bucket: &str, region: &Region, organization: &str) -> String {
    let arn = format!("arn:{}:s3:::{bucket}", region.partition().as_str());
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OrganizationReads",
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [arn, format!("{arn}/*")],
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}}
            }
        ]
    })
    .to_string()
}
