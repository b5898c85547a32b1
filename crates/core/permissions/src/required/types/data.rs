//! Buckets, tables, parameters and keys.

use crate::required::{Calls, Grade, Stack, Step};

/// Properties of a bucket and the action that sets each.
const SETTINGS: [(&str, &str); 13] = [
    ("AccelerateConfiguration", "s3:PutAccelerateConfiguration"),
    ("AnalyticsConfigurations", "s3:PutAnalyticsConfiguration"),
    ("BucketEncryption", "s3:PutEncryptionConfiguration"),
    ("CorsConfiguration", "s3:PutBucketCORS"),
    ("IntelligentTieringConfigurations", "s3:PutIntelligentTieringConfiguration"),
    ("InventoryConfigurations", "s3:PutInventoryConfiguration"),
    ("LifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("LoggingConfiguration", "s3:PutBucketLogging"),
    ("MetricsConfigurations", "s3:PutMetricsConfiguration"),
    ("NotificationConfiguration", "s3:PutBucketNotification"),
    ("OwnershipControls", "s3:PutBucketOwnershipControls"),
    ("PublicAccessBlockConfiguration", "s3:PutBucketPublicAccessBlock"),
    ("VersioningConfiguration", "s3:PutBucketVersioning"),
];

pub(super) fn bucket(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            let region = calls.stack.cell.region.to_string();
            calls.need("s3:CreateBucket", &own).key("s3:locationconstraint", region);
            for (property, action) in SETTINGS {
                calls.given(property, |calls| {
                    calls.need(action, &own);
                });
            }
            calls.given("WebsiteConfiguration", |calls| {
                calls.need("s3:PutBucketWebsite", &own);
            });
            calls.given("ReplicationConfiguration", |calls| {
                calls.need("s3:PutReplicationConfiguration", &own);
            });
            replication_role(calls);
            calls.tagged("s3:CreateBucket", "s3:PutBucketTagging", &own);
        }
        Step::Update => {
            for (property, action) in SETTINGS {
                calls.when_changed(&[property], action, &own);
            }
            calls.when_changed(&["Tags"], "s3:PutBucketTagging", &own);
        }
        Step::Delete => {
            calls.need("s3:DeleteBucket", &own);
        }
    }
}

fn replication_role(calls: &mut Calls<'_>) {
    let role = calls.get("ReplicationConfiguration").and_then(|configuration| configuration.get("Role"));
    let Some(role) = role.map(|role| calls.stack.text(role)) else { return };
    calls.given("ReplicationConfiguration", |calls| calls.pass_role(&role, "s3.amazonaws.com"));
}

pub(super) fn bucket_policy(calls: &mut Calls<'_>, step: Step) {
    let Some(bucket) = calls.text("Bucket") else { return };
    let bucket = calls.stack.fill("s3", "bucket", &[("BucketName", &bucket)]);
    calls.need(if step == Step::Delete { "s3:DeleteBucketPolicy" } else { "s3:PutBucketPolicy" }, &bucket);
}

/// Returns the ARN of a parameter, in which a slash at the front of the name is there once.
pub(super) fn parameter_arn(stack: Stack<'_>, name: &str) -> String {
    let name = name.trim_start_matches('/');
    stack.fill("ssm", "parameter", &[("ParameterNameWithoutLeadingSlash", name)])
}

pub(super) fn parameter(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    if step == Step::Delete {
        calls.need("ssm:DeleteParameter", &own);
        return;
    }
    calls.need("ssm:PutParameter", &own);
    if step == Step::Create {
        calls.tagged("ssm:PutParameter", "ssm:AddTagsToResource", &own);
    } else {
        calls.when_changed(&["Tags"], "ssm:AddTagsToResource", &own);
    }
}

pub(super) fn table(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    // The handler waits until the table is active, changed or gone.
    calls.need("dynamodb:DescribeTable", &own);
    match step {
        Step::Create => {
            calls.need("dynamodb:CreateTable", &own);
            calls.given("TimeToLiveSpecification", |calls| {
                calls.need("dynamodb:UpdateTimeToLive", &own);
            });
            calls.given("PointInTimeRecoverySpecification", |calls| {
                calls.need("dynamodb:UpdateContinuousBackups", &own);
            });
            calls.given("KinesisStreamSpecification", |calls| {
                calls.need("dynamodb:EnableKinesisStreamingDestination", &own);
            });
            calls.given("ResourcePolicy", |calls| {
                calls.add(Grade::ByProperty, "dynamodb:PutResourcePolicy", &own);
            });
            calls.tagged("dynamodb:CreateTable", "dynamodb:TagResource", &own);
        }
        Step::Update => {
            calls.when_changed(&["TimeToLiveSpecification"], "dynamodb:UpdateTimeToLive", &own);
            calls.when_changed(&["PointInTimeRecoverySpecification"], "dynamodb:UpdateContinuousBackups", &own);
            let table = ["BillingMode", "ProvisionedThroughput", "GlobalSecondaryIndexes", "StreamSpecification"];
            calls.when_changed(&table, "dynamodb:UpdateTable", &own);
            calls.when_changed(&["Tags"], "dynamodb:TagResource", &own);
        }
        Step::Delete => {
            calls.need("dynamodb:DeleteTable", &own);
        }
    }
}

pub(super) fn key(calls: &mut Calls<'_>, step: Step) {
    // Its id is AWS's; before it is there, CreateKey takes no resource.
    let own = calls.stack.fill("kms", "key", &[]);
    match step {
        Step::Create => {
            calls.need("kms:CreateKey", "*");
            if calls.text("EnableKeyRotation").as_deref() == Some("true") {
                calls.given("EnableKeyRotation", |calls| {
                    calls.need("kms:EnableKeyRotation", &own);
                });
            }
            calls.tagged("kms:CreateKey", "kms:TagResource", "*");
        }
        Step::Update => {
            calls.when_changed(&["KeyPolicy"], "kms:PutKeyPolicy", &own);
            calls.when_changed(&["Description"], "kms:UpdateKeyDescription", &own);
            calls.when_changed(&["Tags"], "kms:TagResource", &own);
        }
        Step::Delete => {
            calls.need("kms:ScheduleKeyDeletion", &own);
        }
    }
}

/// KMS asks for the alias and for the key.
pub(super) fn alias(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    let action = match step {
        Step::Create => "kms:CreateAlias",
        Step::Update => "kms:UpdateAlias",
        Step::Delete => "kms:DeleteAlias",
    };
    calls.need(action, &own);
    let target = calls.text("TargetKeyId");
    if let Some(key) = target.filter(|key| !key.starts_with("alias/")) {
        let key = if key.starts_with("arn:") { key } else { calls.stack.fill("kms", "key", &[("KeyId", &key)]) };
        calls.need(action, &key);
    }
}

fn own(calls: &Calls<'_>) -> String {
    calls.stack.arn(calls.id).unwrap_or_else(|| "*".to_owned())
}
