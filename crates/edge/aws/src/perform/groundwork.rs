//! Steps in the management account that come before stack sets: the administration role, buckets, artifacts.

use std::sync::Arc;

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use stackfleet_base::Region;
use stackfleet_rollout::Fact;

use super::unmade;
use crate::{connect::Aws, failure::Failure, limiter::Family};

/// Name of the inline policy of the administration role.
const ROLE_POLICY: &str = "AssumeExecutionRoles";

pub(super) async fn put_role(aws: &Aws, name: &str, trust: &str, policy: &str) -> Result<Fact, Failure> {
    let call = aws.iam.create_role().role_name(name).assume_role_policy_document(trust);
    let call = call.description("Lets stack sets assume execution roles in member accounts").send();
    match aws.once(Family::Iam, "iam", "CreateRole", call).await {
        Ok(_) => {}
        Err(failure) if failure.is("EntityAlreadyExists") => {
            let call = aws.iam.update_assume_role_policy().role_name(name).policy_document(trust).send();
            aws.once(Family::Iam, "iam", "UpdateAssumeRolePolicy", call).await?;
        }
        Err(failure) => return Err(failure),
    }
    let call = aws.iam.put_role_policy().role_name(name).policy_name(ROLE_POLICY).policy_document(policy).send();
    aws.once(Family::Iam, "iam", "PutRolePolicy", call).await?;
    Ok(Fact::Nothing)
}

pub(super) async fn put_bucket(
    aws: &Aws,
    region: &Region,
    bucket: &str,
    policy: &str,
    exists: bool,
) -> Result<Fact, Failure> {
    let client = aws.s3(region);
    if !exists {
        // us-east-1 is the one region that must not be named (S3 API Reference, CreateBucket).
        let place = (region.as_str() != "us-east-1").then(|| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let call = client.create_bucket().bucket(bucket).set_create_bucket_configuration(place).send();
        match aws.once(Family::Plenty, "s3", "CreateBucket", call).await {
            Ok(_) => {}
            Err(failure) if failure.is("BucketAlreadyOwnedByYou") => {}
            Err(failure) => return Err(failure),
        }
    }
    let call = client.put_bucket_policy().bucket(bucket).policy(policy).send();
    aws.once(Family::Plenty, "s3", "PutBucketPolicy", call).await?;
    Ok(Fact::Nothing)
}

pub(super) async fn upload(
    aws: &Aws,
    region: &Region,
    bucket: &str,
    key: &str,
    bytes: Option<&Arc<[u8]>>,
) -> Result<Fact, Failure> {
    let Some(bytes) = bytes else {
        let message = format!("the artifact for `{key}` was not packed; plan again");
        return Err(unmade(aws, "s3", "PutObject", message));
    };
    let body = ByteStream::from(bytes.to_vec());
    let call = aws.s3(region).put_object().bucket(bucket).key(key).body(body).send();
    aws.once(Family::Plenty, "s3", "PutObject", call).await?;
    Ok(Fact::Nothing)
}
