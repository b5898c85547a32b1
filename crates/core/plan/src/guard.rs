//! The policy that denies every region the organization does not use.

use serde_json::{Value, json};
use stackfleet_base::Region;

/// The policy's name in the organization.
pub const NAME: &str = "stackfleet-regions";

/// What people read beside it.
pub const DESCRIPTION: &str = "Denies regions that stackfleet.yaml does not list under organization.regions.";

/// Services without regions: their calls count as made in us-east-1 (or another single region), so denying that region
/// must spare them. Single actions of regional services are spared where consoles and clients need them anywhere.
const GLOBAL: [&str; 47] = [
    "account:*",
    "artifact:*",
    "aws-marketplace-management:*",
    "aws-marketplace:*",
    "aws-portal:*",
    "billing:*",
    "billingconductor:*",
    "budgets:*",
    "ce:*",
    "chatbot:*",
    "cloudfront:*",
    "consolidatedbilling:*",
    "consoleapp:*",
    "cur:*",
    "directconnect:Describe*",
    "ec2:DescribeRegions",
    "ec2:DescribeTransitGateways",
    "ec2:DescribeVpnGateways",
    "ecr-public:*",
    "fms:*",
    "freetier:*",
    "globalaccelerator:*",
    "health:*",
    "iam:*",
    "invoicing:*",
    "networkmanager:*",
    "notifications:*",
    "organizations:*",
    "payments:*",
    "pricing:*",
    "purchase-orders:*",
    "route53:*",
    "route53domains:*",
    "route53-recovery-control-config:*",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock",
    "savingsplans:*",
    "shield:*",
    "sts:*",
    "support:*",
    "supportplans:*",
    "tax:*",
    "trustedadvisor:*",
    "waf:*",
    "wafv2:*",
    "wellarchitected:*",
];

/// Returns the policy, JSON.
///
/// It binds every principal of every member account, also the roles with which stacks are made: a stack in a region
/// that is not listed is refused.
#[must_use]
pub fn policy<'a>(regions: impl IntoIterator<Item = &'a Region>) -> String {
    let regions: Vec<&str> = regions.into_iter().map(Region::as_str).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OnlyRegionsInUse",
            "Effect": "Deny",
            "NotAction": GLOBAL.as_slice(),
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": regions}}
        }]
    })
    .to_string()
}

/// Tells whether two policies say the same, whatever their white space and the order of members.
pub(crate) fn same_json(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        (_, _) => one == other,
    }
}
