//! `AWS::Lambda::Permission`: one statement of a function's resource policy. Every change makes a new one.

use stackfleet_api::{
    Answer, Request,
    lambda::{self, AddPermissionInput, RemovePermissionInput},
};

use super::{Fault, Handler, Made, Provider, ask, gone, unsupported};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::Lambda::Permission",
    name: None,
    required: &["Action", "FunctionName", "Principal"],
    mutable: &[],
    create_only: &[
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    ],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let odd = ["FunctionUrlAuthType", "InvokedViaFunctionUrl"];
    if let Some(name) = odd.into_iter().find(|name| handler.get(name).is_some()) {
        return Err(unsupported(&format!("{name} of AWS::Lambda::Permission")));
    }
    let statement_id = handler.made_name(100);
    let input = AddPermissionInput {
        function_name: handler.needed("FunctionName")?,
        statement_id: statement_id.clone(),
        action: handler.needed("Action")?,
        principal: handler.needed("Principal")?,
        source_arn: handler.text("SourceArn"),
        source_account: handler.text("SourceAccount"),
        event_source_token: handler.text("EventSourceToken"),
        principal_org_id: handler.text("PrincipalOrgID"),
        ..AddPermissionInput::default()
    };
    ask!(handler, Lambda, lambda::AddPermission(input))?;
    Ok(Made::new(statement_id.clone(), [("Id", statement_id)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    Ok(Made::new(handler.id(), []))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let input = RemovePermissionInput {
        function_name: handler.needed("FunctionName")?,
        statement_id: handler.id(),
        ..RemovePermissionInput::default()
    };
    gone(ask!(handler, Lambda, lambda::RemovePermission(input)).map(drop))
}
