//! `AWS::CloudFormation::WaitConditionHandle`: a URL that nothing listens at; it makes templates without resources valid.

use super::{Fault, Handler, Made, Provider};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::CloudFormation::WaitConditionHandle",
    name: None,
    required: &[],
    mutable: &[],
    create_only: &[],
    create_seconds: 1,
    update_seconds: 1,
    delete_seconds: 1,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let region = &handler.call.region;
    let key = handler.world.ids.draw("wait-handle", &[handler.stack_id, handler.logical]).hex(32);
    let stack = handler.stack_id.replace(':', "%3A").replace('/', "%2F");
    let host = format!("cloudformation-waitcondition-{region}.s3.{region}.{}", region.partition().url_suffix());
    Ok(Made::new(format!("https://{host}/{stack}/{}?X-Amz-Signature={key}", handler.logical), []))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    Ok(Made::new(handler.id(), []))
}

fn delete(_: &mut Handler<'_>) -> Result<(), Fault> {
    Ok(())
}
