//! What the transform needs to know besides the template: where it runs and what AWS would look up.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where a template is transformed, with which parameter values, and the answers to lookups that AWS would make.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The region, for example `eu-west-1`; the partition follows from it.
    pub region: String,
    /// Values of template parameters; the template's defaults serve for the others.
    pub parameters: Map<String, Value>,
    /// Managed policies by name that the embedded tables do not know, for example the organization's own: name -> ARN.
    pub managed_policies: BTreeMap<String, String>,
    /// The Serverless Application Repository; without it a template with `ApplicationId` is refused.
    pub applications: Option<Applications>,
    /// Whether `Metadata` of a resource is copied to all resources made of it.
    pub passthrough_metadata: bool,
    /// Seconds since 1970 for `AlwaysDeploy`; without it a template with that property is refused.
    pub unix_time_s: Option<u64>,
}

/// What the Serverless Application Repository would answer.
#[derive(Clone, Debug, Default)]
pub struct Applications {
    /// Where the templates of applications are, as `CreateCloudFormationTemplate` answers it.
    pub template_url: String,
    /// Applications that cannot be used: application id (or semantic version) -> message.
    pub errors: BTreeMap<String, String>,
    /// Applications whose template never becomes active.
    pub never_ready: Vec<String>,
}

impl Environment {
    /// An environment in `region` without parameter values or lookups.
    #[must_use]
    pub fn in_region(region: impl Into<String>) -> Environment {
        Environment { region: region.into(), ..Environment::default() }
    }

    /// The partition that the region belongs to, as AWS's transform derives it from the name's beginning.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        let region = self.region.to_ascii_lowercase();
        const PREFIXES: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-iso-", "aws-iso"),
            ("us-isob", "aws-iso-b"),
            ("us-gov", "aws-us-gov"),
            ("eu-isoe", "aws-iso-e"),
            ("us-isof", "aws-iso-f"),
            ("eusc-", "aws-eusc"),
        ];
        PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
    }
}
