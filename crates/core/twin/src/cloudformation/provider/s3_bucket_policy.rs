//! `AWS::S3::BucketPolicy`.

use super::{Fault, Handler, Made, Provider, gone, missing};
use crate::s3::{Request, Setting, SettingValue};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::S3::BucketPolicy",
    name: None,
    required: &["Bucket", "PolicyDocument"],
    mutable: &["PolicyDocument"],
    create_only: &["Bucket"],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let bucket = handler.needed("Bucket")?;
    put(handler, bucket.clone())?;
    Ok(Made::new(bucket, []))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let bucket = handler.id();
    put(handler, bucket.clone())?;
    Ok(Made::new(bucket, []))
}

fn put(handler: &mut Handler<'_>, bucket: String) -> Result<(), Fault> {
    let policy = handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?;
    handler.ask_s3(Request::PutBucketSetting { bucket, value: SettingValue::Policy(policy) }).map(drop)
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    gone(handler.ask_s3(Request::DeleteBucketSetting { bucket: handler.id(), setting: Setting::Policy }).map(drop))
}
