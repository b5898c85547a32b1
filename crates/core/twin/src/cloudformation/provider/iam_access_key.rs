//! `AWS::IAM::AccessKey`. The secret is an attribute of the resource, as it is in AWS.

use stackfleet_api::{
    Answer, Request,
    iam::{self, CreateAccessKeyInput, DeleteAccessKeyInput, StatusType, UpdateAccessKeyInput},
};

use super::{Fault, Handler, Made, Provider, ask, gone};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::IAM::AccessKey",
    name: None,
    required: &["UserName"],
    mutable: &["Status"],
    create_only: &["Serial", "UserName"],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let user_name = Some(handler.needed("UserName")?);
    let key =
        ask!(handler, Iam, iam::CreateAccessKey(CreateAccessKeyInput { user_name: user_name.clone() }))?.access_key;
    if handler.text("Status").as_deref() == Some("Inactive") {
        let access_key_id = key.access_key_id.clone();
        let input = UpdateAccessKeyInput { user_name, access_key_id, status: StatusType::Inactive };
        ask!(handler, Iam, iam::UpdateAccessKey(input))?;
    }
    Ok(Made::new(key.access_key_id, [("SecretAccessKey", key.secret_access_key)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let status = handler.text("Status").as_deref().and_then(StatusType::parse).unwrap_or(StatusType::Active);
    let access_key_id = handler.id();
    let user_name = Some(handler.needed("UserName")?);
    let input = UpdateAccessKeyInput { user_name, access_key_id: access_key_id.clone(), status };
    ask!(handler, Iam, iam::UpdateAccessKey(input))?;
    // The secret does not change and cannot be read again: attributes that were known stay.
    Ok(Made::new(access_key_id, []))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let input = DeleteAccessKeyInput { user_name: handler.text("UserName"), access_key_id: handler.id() };
    gone(ask!(handler, Iam, iam::DeleteAccessKey(input)).map(drop))
}
