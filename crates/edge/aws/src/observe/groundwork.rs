//! Reads the administration role, the artifact buckets and which regions are off.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_account::types::RegionOptStatus;
use futures_util::{StreamExt, TryStreamExt, stream};
use stackfleet_base::{AccountId, Region};
use stackfleet_plan::{
    Scope,
    artifacts::bucket_name,
    observed::{AccountState, ObservedBucket, ObservedOrganization, ObservedRole},
};

use super::CONCURRENCY;
use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Regions that every account has from its first day (AWS General Reference, 2026); all others must be switched on.
const ALWAYS_ON: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

pub(super) async fn administration_role(aws: &Aws, scope: &Scope) -> Result<Option<ObservedRole>, Failure> {
    let Some(name) = &scope.administration_role else { return Ok(None) };
    let get = || aws.iam.get_role().role_name(name).send();
    let role = match aws.read(Family::Iam, "iam", "GetRole", get).await {
        Ok(answer) => answer.role,
        Err(failure) if failure.is("NoSuchEntity") => None,
        Err(failure) => return Err(failure),
    };
    let Some(role) = role else { return Ok(None) };
    let Ok(arn) = role.arn().parse() else { return Ok(None) };
    let list = || aws.iam.list_role_policies().role_name(name).send();
    let names = aws.read(Family::Iam, "iam", "ListRolePolicies", list).await?.policy_names;
    let mut inline = BTreeMap::new();
    for policy in names {
        let get = || aws.iam.get_role_policy().role_name(name).policy_name(&policy).send();
        let answer = aws.read(Family::Iam, "iam", "GetRolePolicy", get).await?;
        inline.insert(policy, decoded(&answer.policy_document));
    }
    let trust = decoded(role.assume_role_policy_document().unwrap_or_default());
    Ok(Some(ObservedRole { arn, trust, inline }))
}

/// IAM hands policy documents out percent-encoded (IAM API Reference, `GetRole`).
pub(super) fn decoded(document: &str) -> String {
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let escaped = (*byte == b'%').then(|| tail.get(..2)).flatten();
        let value =
            escaped.and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) async fn buckets(aws: &Aws, scope: &Scope) -> Result<BTreeMap<Region, ObservedBucket>, Failure> {
    if scope.artifacts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found: Vec<Option<(Region, ObservedBucket)>> = stream::iter(&scope.regions)
        .map(|region| async move {
            Ok::<_, Failure>(bucket(aws, scope, region).await?.map(|found| (region.clone(), found)))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn bucket(aws: &Aws, scope: &Scope, region: &Region) -> Result<Option<ObservedBucket>, Failure> {
    let client = aws.s3(region);
    let name = bucket_name(aws.account(), region);
    let head = || client.head_bucket().bucket(&name).send();
    match aws.read(Family::Plenty, "s3", "HeadBucket", head).await {
        Ok(_) => {}
        Err(failure) if failure.is("NotFound") || failure.is("NoSuchBucket") => return Ok(None),
        Err(failure) => return Err(failure),
    }
    let get = || client.get_bucket_policy().bucket(&name).send();
    let policy = match aws.read(Family::Plenty, "s3", "GetBucketPolicy", get).await {
        Ok(answer) => answer.policy,
        Err(failure) if failure.is("NoSuchBucketPolicy") => None,
        Err(failure) => return Err(failure),
    };
    let mut artifacts = BTreeSet::new();
    for key in &scope.artifacts {
        let head = || client.head_object().bucket(&name).key(key).send();
        match aws.read(Family::Plenty, "s3", "HeadObject", head).await {
            Ok(_) => {
                artifacts.insert(key.clone());
            }
            Err(failure) if failure.is("NotFound") || failure.is("NoSuchKey") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(ObservedBucket { name, policy, artifacts }))
}

/// Asks only about targeted regions that can be off at all, so an organization that uses the usual ones costs no call.
pub(super) async fn regions_off(
    aws: &Aws,
    scope: &Scope,
    organization: Option<&ObservedOrganization>,
) -> Result<BTreeMap<AccountId, BTreeSet<Region>>, Failure> {
    let optional: BTreeSet<&Region> =
        scope.regions.iter().filter(|region| !ALWAYS_ON.contains(&region.as_str())).collect();
    if optional.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut accounts = vec![aws.account().clone()];
    let members = organization.iter().flat_map(|found| &found.accounts);
    let usable = members.filter(|(id, account)| account.state == AccountState::Active && *id != aws.account());
    accounts.extend(usable.map(|(id, _)| id.clone()));
    let optional = &optional;
    let found: Vec<(AccountId, BTreeSet<Region>)> = stream::iter(accounts)
        .map(|account| async move { Ok::<_, Failure>((account.clone(), off(aws, &account, optional).await?)) })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(found.into_iter().filter(|(_, regions)| !regions.is_empty()).collect())
}

async fn off(aws: &Aws, account: &AccountId, optional: &BTreeSet<&Region>) -> Result<BTreeSet<Region>, Failure> {
    let member = (account != aws.account()).then(|| account.to_string());
    let mut on = BTreeSet::new();
    let mut token = None;
    loop {
        let list = || {
            let call = aws.account_client.list_regions().set_account_id(member.clone()).max_results(50);
            call.set_next_token(token.clone()).send()
        };
        let page = aws.read(Family::Account, "account", "ListRegions", list).await?;
        let usable = [RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
        let names =
            page.regions().iter().filter(|region| region.region_opt_status().is_some_and(|s| usable.contains(s)));
        on.extend(names.filter_map(|region| region.region_name().map(str::to_owned)));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(optional.iter().filter(|region| !on.contains(region.as_str())).map(|region| (*region).clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_documents_are_decoded_and_plain_ones_left_alone() {
        assert_eq!(decoded("%7B%22Version%22%3A%222012-10-17%22%7D"), r#"{"Version":"2012-10-17"}"#);
        assert_eq!(decoded(r#"{"a": "100%"}"#), r#"{"a": "100%"}"#);
        assert_eq!(decoded("%zz%"), "%zz%");
    }
}
