//! `AWS::S3::Bucket` with versioning, encryption, ownership, public access block and tags.

use super::{Fault, Handler, Made, Provider, gone, text, unsupported};
use crate::s3::{Encryption, PublicAccessBlock, Request, Setting, SettingValue, Versioning};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::S3::Bucket",
    name: Some("BucketName"),
    required: &[],
    mutable: &[
        "BucketEncryption",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    ],
    create_only: &["BucketName"],
    create_seconds: 22,
    update_seconds: 20,
    delete_seconds: 3,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let bucket = handler.text("BucketName").unwrap_or_else(|| handler.made_name(63).to_lowercase());
    let region = handler.call.region.to_string();
    // The first region is the one without a location constraint.
    let location = (region != "us-east-1").then_some(region);
    handler.ask_s3(Request::CreateBucket { bucket: bucket.clone(), location, ownership: None })?;
    for setting in SETTINGS {
        if let Some(value) = wanted(handler, setting)? {
            handler.ask_s3(Request::PutBucketSetting { bucket: bucket.clone(), value })?;
        }
    }
    Ok(made(handler, bucket))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let bucket = handler.id();
    let (set, removed) = handler.tag_changes();
    for (setting, property) in SETTINGS.into_iter().zip(PROPERTIES) {
        let tags = setting == Setting::Tagging && !(set.is_empty() && removed.is_empty());
        if !tags && !handler.differs(property) {
            continue;
        }
        match wanted(handler, setting)? {
            Some(value) => handler.ask_s3(Request::PutBucketSetting { bucket: bucket.clone(), value })?,
            None if setting == Setting::Versioning => {
                let value = SettingValue::Versioning(Versioning::Suspended);
                handler.ask_s3(Request::PutBucketSetting { bucket: bucket.clone(), value })?
            }
            None => handler.ask_s3(Request::DeleteBucketSetting { bucket: bucket.clone(), setting })?,
        };
    }
    Ok(made(handler, bucket))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    gone(handler.ask_s3(Request::DeleteBucket { bucket: handler.id() }).map(drop))
}

const SETTINGS: [Setting; 5] = [
    Setting::Versioning,
    Setting::Encryption,
    Setting::OwnershipControls,
    Setting::PublicAccessBlock,
    Setting::Tagging,
];
/// The properties of the settings, in the same order.
const PROPERTIES: [&str; 5] =
    ["VersioningConfiguration", "BucketEncryption", "OwnershipControls", "PublicAccessBlockConfiguration", "Tags"];

/// Returns the value that a setting shall have, as far as the template says.
fn wanted(handler: &Handler<'_>, setting: Setting) -> Result<Option<SettingValue>, Fault> {
    let part = |property: &str, path: &str| handler.get(property).and_then(|value| value.pointer(path)).and_then(text);
    Ok(match setting {
        Setting::Versioning => part("VersioningConfiguration", "/Status").map(|status| {
            SettingValue::Versioning(if status == "Enabled" { Versioning::Enabled } else { Versioning::Suspended })
        }),
        Setting::Encryption => {
            let base = "/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault";
            let algorithm = part("BucketEncryption", &format!("{base}/SSEAlgorithm"));
            algorithm.map(|algorithm| {
                SettingValue::Encryption(Encryption {
                    algorithm,
                    kms_key_id: part("BucketEncryption", &format!("{base}/KMSMasterKeyID")),
                    bucket_key: part("BucketEncryption", "/ServerSideEncryptionConfiguration/0/BucketKeyEnabled")
                        .is_some_and(|flag| flag == "true"),
                })
            })
        }
        Setting::OwnershipControls => {
            part("OwnershipControls", "/Rules/0/ObjectOwnership").map(SettingValue::OwnershipControls)
        }
        Setting::PublicAccessBlock => handler.get("PublicAccessBlockConfiguration").map(|config| {
            let flag = |name: &str| config.get(name).and_then(text).is_some_and(|flag| flag == "true");
            SettingValue::PublicAccessBlock(PublicAccessBlock {
                block_public_acls: flag("BlockPublicAcls"),
                ignore_public_acls: flag("IgnorePublicAcls"),
                block_public_policy: flag("BlockPublicPolicy"),
                restrict_public_buckets: flag("RestrictPublicBuckets"),
            })
        }),
        Setting::Tagging => {
            let tags: Vec<(String, String)> = handler.wanted_tags().into_iter().collect();
            (!tags.is_empty()).then_some(SettingValue::Tagging(tags))
        }
        Setting::Policy | Setting::PolicyStatus => return Err(unsupported("A policy as property of a bucket")),
    })
}

fn made(handler: &Handler<'_>, bucket: String) -> Made {
    let region = &handler.call.region;
    let suffix = region.partition().url_suffix();
    Made::new(
        bucket.clone(),
        [
            ("Arn", format!("arn:{}:s3:::{bucket}", region.partition().as_str())),
            ("DomainName", format!("{bucket}.s3.{suffix}")),
            ("RegionalDomainName", format!("{bucket}.s3.{region}.{suffix}")),
            ("DualStackDomainName", format!("{bucket}.s3.dualstack.{region}.{suffix}")),
            ("WebsiteURL", format!("http://{bucket}.s3-website-{region}.{suffix}")),
        ],
    )
}
