//! `AWS::IAM::Policy`: one inline policy put into roles and users. Groups are not known to the twin.

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    iam::{self, DeleteRolePolicyInput, DeleteUserPolicyInput, PutRolePolicyInput, PutUserPolicyInput},
};

use super::{Fault, Handler, Made, Provider, ask, gone, missing, text, texts_of, unsupported};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::IAM::Policy",
    name: None,
    required: &["PolicyName", "PolicyDocument"],
    mutable: &["Groups", "PolicyDocument", "PolicyName", "Roles", "Users"],
    create_only: &[],
    create_seconds: 15,
    update_seconds: 14,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let physical = handler.made_name(128);
    put_all(handler)?;
    Ok(Made::new(physical, []))
}

fn put_all(handler: &mut Handler<'_>) -> Result<(), Fault> {
    if handler.get("Groups").is_some() {
        return Err(unsupported("Groups of AWS::IAM::Policy"));
    }
    let name = handler.needed("PolicyName")?;
    let document = handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?;
    let (roles, users) = (handler.texts("Roles"), handler.texts("Users"));
    if roles.is_empty() && users.is_empty() {
        return Err(Fault::Wrong("At least one of [Groups,Roles,Users] must be non-empty.".to_owned()));
    }
    for role_name in roles {
        let (policy_name, policy_document) = (name.clone(), document.clone());
        let input = PutRolePolicyInput { role_name, policy_name, policy_document };
        ask!(handler, Iam, iam::PutRolePolicy(input))?;
    }
    for user_name in users {
        let (policy_name, policy_document) = (name.clone(), document.clone());
        let input = PutUserPolicyInput { user_name, policy_name, policy_document };
        ask!(handler, Iam, iam::PutUserPolicy(input))?;
    }
    Ok(())
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    put_all(handler)?;
    let previous = handler.previous.cloned().unwrap_or(Value::Null);
    let after = holders(handler.properties);
    for (kind, holder, policy) in holders(&previous).difference(&after) {
        remove(handler, kind, holder.clone(), policy.clone())?;
    }
    Ok(Made::new(handler.id(), []))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    for (kind, holder, policy) in holders(handler.properties) {
        remove(handler, kind, holder, policy)?;
    }
    Ok(())
}

/// Returns (kind of holder, its name, the policy's name) for all that hold the policy.
fn holders(properties: &Value) -> BTreeSet<(&'static str, String, String)> {
    let policy = properties.get("PolicyName").and_then(text).unwrap_or_default();
    let of = |kind: &'static str| {
        let policy = policy.clone();
        texts_of(properties, kind).into_iter().map(move |holder| (kind, holder, policy.clone()))
    };
    of("Roles").chain(of("Users")).collect()
}

fn remove(handler: &mut Handler<'_>, kind: &str, holder: String, policy_name: String) -> Result<(), Fault> {
    gone(if kind == "Roles" {
        let input = DeleteRolePolicyInput { role_name: holder, policy_name };
        ask!(handler, Iam, iam::DeleteRolePolicy(input)).map(drop)
    } else {
        let input = DeleteUserPolicyInput { user_name: holder, policy_name };
        ask!(handler, Iam, iam::DeleteUserPolicy(input)).map(drop)
    })
}
