//! `AWS::Logs::LogGroup`.

use stackfleet_api::{
    Answer, Request,
    logs::{
        self, CreateLogGroupInput, DeleteLogGroupInput, DeleteRetentionPolicyInput, DescribeLogGroupsInput,
        LogGroupClass, PutRetentionPolicyInput, TagResourceInput, UntagResourceInput,
    },
};

use super::{Fault, Handler, Made, Provider, ask, gone, unsupported};
use crate::logs::arn;

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::Logs::LogGroup",
    name: Some("LogGroupName"),
    required: &[],
    mutable: &["KmsKeyId", "RetentionInDays", "Tags"],
    create_only: &["LogGroupClass", "LogGroupName"],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.name_or_made("LogGroupName", 512);
    let tags = handler.wanted_tags();
    let input = CreateLogGroupInput {
        log_group_name: name.clone(),
        kms_key_id: handler.text("KmsKeyId"),
        tags: (!tags.is_empty()).then_some(tags),
        log_group_class: handler.text("LogGroupClass").as_deref().and_then(LogGroupClass::parse),
        ..CreateLogGroupInput::default()
    };
    ask!(handler, Logs, logs::CreateLogGroup(input))?;
    retain(handler, &name)?;
    read(handler, &name)
}

fn retain(handler: &mut Handler<'_>, name: &str) -> Result<(), Fault> {
    let Some(retention_in_days) = handler.number("RetentionInDays")? else { return Ok(()) };
    let input = PutRetentionPolicyInput { log_group_name: name.to_owned(), retention_in_days };
    ask!(handler, Logs, logs::PutRetentionPolicy(input)).map(drop)
}

fn read(handler: &mut Handler<'_>, name: &str) -> Result<Made, Fault> {
    let prefix = Some(name.to_owned());
    let input = DescribeLogGroupsInput { log_group_name_prefix: prefix, ..DescribeLogGroupsInput::default() };
    let groups = ask!(handler, Logs, logs::DescribeLogGroups(input))?.log_groups.unwrap_or_default();
    let arn =
        groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(name)).and_then(|group| group.arn);
    Ok(Made::new(name, [("Arn", arn.unwrap_or_default())]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.id();
    if handler.differs("KmsKeyId") {
        return Err(unsupported("A change of KmsKeyId of AWS::Logs::LogGroup"));
    }
    if handler.differs("RetentionInDays") {
        if handler.get("RetentionInDays").is_none() {
            let input = DeleteRetentionPolicyInput { log_group_name: name.clone() };
            ask!(handler, Logs, logs::DeleteRetentionPolicy(input))?;
        } else {
            retain(handler, &name)?;
        }
    }
    let (tags, tag_keys) = handler.tag_changes();
    let resource_arn = arn(handler.call, &name);
    if !tag_keys.is_empty() {
        let input = UntagResourceInput { resource_arn: resource_arn.clone(), tag_keys };
        ask!(handler, Logs, logs::UntagResource(input))?;
    }
    if !tags.is_empty() {
        ask!(handler, Logs, logs::TagResource(TagResourceInput { resource_arn, tags }))?;
    }
    read(handler, &name)
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let input = DeleteLogGroupInput { log_group_name: handler.id() };
    gone(ask!(handler, Logs, logs::DeleteLogGroup(input)).map(drop))
}
