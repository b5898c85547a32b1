//! Request rates: a token bucket for each account, region and operation, as AWS publishes them.
//!
//! Sources: "AWS CloudFormation endpoints and quotas", "Quotas and service limits for AWS Organizations" and "IAM and
//! AWS STS quotas", copies of 2026. Where no burst is published it is taken to be the rate (at least one). Rates that
//! Organizations sets for all accounts of an organization together are not modelled: only the management account and
//! delegated administrators may call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_base::Timestamp;

use crate::call::Call;

/// Rate and burst of one or more operations.
struct Rate {
    service: &'static str,
    /// Names of operations, separated by blanks.
    operations: &'static str,
    /// Thousandths of a request that a second brings.
    per_second_milli: u64,
    burst: u64,
    /// Whether the operations draw on one bucket together.
    shared: bool,
}

const fn rate(service: &'static str, operations: &'static str, per_second_milli: u64, burst: u64) -> Rate {
    Rate { service, operations, per_second_milli, burst, shared: false }
}

const RATES: [Rate; 22] = [
    rate(
        "cloudformation",
        "DescribeStacks DescribeStackEvents DescribeStackResources ListStacks ListStackResources ListExports GetTemplate",
        10_000,
        10,
    ),
    rate("cloudformation", "DescribeStackResource", 20_000, 20),
    rate("cloudformation", "DetectStackResourceDrift", 3_000, 3),
    rate("cloudformation", "RegisterType", 500, 1),
    // All other operations of CloudFormation.
    rate("cloudformation", "*", 2_000, 2),
    rate("organizations", "CloseAccount", 50, 1),
    rate("organizations", "CreateAccount CreateGovCloudAccount", 100, 3),
    rate("organizations", "DescribeAccount", 20_000, 30),
    rate(
        "organizations",
        "DescribeCreateAccountStatus DescribeOrganizationalUnit DescribePolicy RemoveAccountFromOrganization",
        2_000,
        2,
    ),
    rate(
        "organizations",
        "LeaveOrganization CreateOrganization DeleteOrganization EnableAllFeatures EnablePolicyType DisablePolicyType",
        1_000,
        1,
    ),
    rate(
        "organizations",
        "CreateOrganizationalUnit DescribeOrganization ListRoots EnableAWSServiceAccess DisableAWSServiceAccess \
         RegisterDelegatedAdministrator DeregisterDelegatedAdministrator AcceptHandshake DescribeHandshake",
        1_000,
        2,
    ),
    rate(
        "organizations",
        "MoveAccount UpdateOrganizationalUnit DeleteOrganizationalUnit CreatePolicy DeletePolicy AttachPolicy \
         DetachPolicy UpdatePolicy CancelHandshake",
        2_000,
        3,
    ),
    rate("organizations", "ListAccounts", 8_000, 12),
    rate("organizations", "ListChildren", 6_000, 10),
    rate(
        "organizations",
        "ListParents ListAccountsForParent ListOrganizationalUnitsForParent ListPolicies ListPoliciesForTarget \
         ListTargetsForPolicy ListDelegatedAdministrators ListCreateAccountStatus",
        5_000,
        8,
    ),
    rate("organizations", "ListTagsForResource", 10_000, 15),
    rate("organizations", "TagResource UntagResource", 4_000, 6),
    rate("organizations", "ListAWSServiceAccessForOrganization ListDelegatedServicesForAccount", 1_000, 3),
    rate("organizations", "InviteAccountToOrganization", 3_000, 5),
    Rate {
        service: "sts",
        operations: "AssumeRole GetCallerIdentity GetSessionToken GetFederationToken DecodeAuthorizationMessage GetAccessKeyInfo",
        per_second_milli: 600_000,
        burst: 600,
        shared: true,
    },
    rate("sso", "*", 20_000, 20),
    rate("identitystore", "*", 20_000, 20),
];

/// The buckets that were drawn from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Throttle {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    /// Millionths of a request.
    tokens: u64,
    at: Timestamp,
}

const REQUEST: u64 = 1_000_000;

impl Throttle {
    /// Draws one request; returns whether there was one to draw.
    pub(crate) fn admit(&mut self, call: &Call, service: &str, operation: &str, now: Timestamp) -> bool {
        let of_service = |rate: &&Rate| rate.service == service;
        let named = |rate: &&Rate| rate.operations.split(' ').any(|name| name == operation || name == "*");
        let Some(rate) = RATES.iter().filter(of_service).find(named) else { return true };
        let family = if rate.shared { "*" } else { operation };
        let key = format!("{}/{}/{service}/{family}", call.account(), call.region);
        let full = rate.burst * REQUEST;
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: full, at: now });
        let elapsed_ms = u64::try_from(now.since(bucket.at).as_millis()).unwrap_or(u64::MAX);
        bucket.tokens = bucket.tokens.saturating_add(elapsed_ms.saturating_mul(rate.per_second_milli)).min(full);
        bucket.at = bucket.at.max(now);
        let admitted = bucket.tokens >= REQUEST;
        if admitted {
            bucket.tokens -= REQUEST;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Principal;

    #[test]
    fn a_burst_is_admitted_and_then_the_rate() {
        let root = Principal::Root { account: "111111111111".parse().unwrap() };
        let call = Call::inside(root, "us-east-1".parse().unwrap(), "r".into());
        let mut throttle = Throttle::default();
        let mut admitted = |operation: &str, millis: i64| {
            throttle.admit(&call, "organizations", operation, Timestamp::from_millis(millis))
        };
        let burst: Vec<bool> = (0..4).map(|_| admitted("MoveAccount", 0)).collect();
        assert_eq!(burst, [true, true, true, false]);
        assert!(admitted("AttachPolicy", 0), "each operation has its own bucket");
        assert!(!admitted("MoveAccount", 499));
        assert!(admitted("MoveAccount", 500));
        assert!(!admitted("MoveAccount", 501));
    }

    #[test]
    fn operations_without_a_published_rate_are_not_held() {
        let root = Principal::Root { account: "111111111111".parse().unwrap() };
        let call = Call::inside(root, "us-east-1".parse().unwrap(), "r".into());
        let mut throttle = Throttle::default();
        assert!((0..1000).all(|_| throttle.admit(&call, "iam", "GetRole", Timestamp::from_millis(0))));
        let drawn = (0..700).filter(|index| {
            let operation = if index % 2 == 0 { "AssumeRole" } else { "GetCallerIdentity" };
            throttle.admit(&call, "sts", operation, Timestamp::from_millis(0))
        });
        assert_eq!(drawn.count(), 600, "STS counts its calls together");
    }
}
