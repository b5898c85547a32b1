//! `AWS::IAM::User` with inline and managed policies. Groups and passwords are not known to the twin.

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    iam::{
        self, AttachUserPolicyInput, CreateUserInput, DeleteUserInput, DeleteUserPolicyInput, DetachUserPolicyInput,
        GetUserInput, ListAttachedUserPoliciesInput, ListUserPoliciesInput, PutUserPolicyInput, User,
    },
};

use super::{
    Fault, Handler, Made, Provider, ask, gone,
    iam_role::{api_tags, inline},
    texts_of, unsupported,
};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::IAM::User",
    name: Some("UserName"),
    required: &[],
    mutable: &["Groups", "LoginProfile", "ManagedPolicyArns", "Path", "PermissionsBoundary", "Policies", "Tags"],
    create_only: &["UserName"],
    create_seconds: 20,
    update_seconds: 18,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn refuse_unknown(handler: &Handler<'_>) -> Result<(), Fault> {
    match ["Groups", "LoginProfile"].into_iter().find(|name| handler.get(name).is_some()) {
        Some(name) => Err(unsupported(&format!("{name} of AWS::IAM::User"))),
        None => Ok(()),
    }
}

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    refuse_unknown(handler)?;
    let name = handler.name_or_made("UserName", 64);
    let tags = api_tags(handler.wanted_tags());
    let input = CreateUserInput {
        path: handler.text("Path"),
        user_name: name.clone(),
        permissions_boundary: handler.text("PermissionsBoundary"),
        tags: (!tags.is_empty()).then_some(tags),
    };
    let user = ask!(handler, Iam, iam::CreateUser(input))?.user.unwrap_or_default();
    for (policy, document) in inline(handler.properties)? {
        put(handler, &name, policy, document)?;
    }
    for arn in handler.texts("ManagedPolicyArns") {
        attach(handler, &name, arn)?;
    }
    Ok(made(user))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    refuse_unknown(handler)?;
    let name = handler.id();
    let (set, removed) = handler.tag_changes();
    let changed = ["Path", "PermissionsBoundary"].into_iter().find(|name| handler.differs(name));
    if changed.is_some() || !set.is_empty() || !removed.is_empty() {
        return Err(unsupported(&format!("A change of {} of AWS::IAM::User", changed.unwrap_or("Tags"))));
    }
    let previous = handler.previous.cloned().unwrap_or(Value::Null);
    let (before, after) = (inline(&previous)?, inline(handler.properties)?);
    for (policy, document) in &after {
        if before.get(policy) != Some(document) {
            put(handler, &name, policy.clone(), document.clone())?;
        }
    }
    for policy_name in before.into_keys().filter(|policy| !after.contains_key(policy)) {
        let input = DeleteUserPolicyInput { user_name: name.clone(), policy_name };
        gone(ask!(handler, Iam, iam::DeleteUserPolicy(input)).map(drop))?;
    }
    let before: BTreeSet<String> = texts_of(&previous, "ManagedPolicyArns").into_iter().collect();
    let after: BTreeSet<String> = handler.texts("ManagedPolicyArns").into_iter().collect();
    for arn in after.difference(&before) {
        attach(handler, &name, arn.clone())?;
    }
    for arn in before.difference(&after) {
        detach(handler, &name, arn.clone())?;
    }
    let input = GetUserInput { user_name: Some(name) };
    Ok(made(ask!(handler, Iam, iam::GetUser(input))?.user))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let name = handler.id();
    let input = ListAttachedUserPoliciesInput { user_name: name.clone(), ..ListAttachedUserPoliciesInput::default() };
    let attached = match ask!(handler, Iam, iam::ListAttachedUserPolicies(input)) {
        Err(fault) if fault.is_missing() => return Ok(()),
        other => other?.attached_policies.unwrap_or_default(),
    };
    for arn in attached.into_iter().filter_map(|policy| policy.policy_arn) {
        detach(handler, &name, arn)?;
    }
    let input = ListUserPoliciesInput { user_name: name.clone(), ..ListUserPoliciesInput::default() };
    for policy_name in ask!(handler, Iam, iam::ListUserPolicies(input))?.policy_names {
        let input = DeleteUserPolicyInput { user_name: name.clone(), policy_name };
        gone(ask!(handler, Iam, iam::DeleteUserPolicy(input)).map(drop))?;
    }
    gone(ask!(handler, Iam, iam::DeleteUser(DeleteUserInput { user_name: name })).map(drop))
}

fn put(handler: &mut Handler<'_>, user: &str, policy_name: String, policy_document: String) -> Result<(), Fault> {
    let input = PutUserPolicyInput { user_name: user.to_owned(), policy_name, policy_document };
    ask!(handler, Iam, iam::PutUserPolicy(input)).map(drop)
}

fn attach(handler: &mut Handler<'_>, user: &str, policy_arn: String) -> Result<(), Fault> {
    let input = AttachUserPolicyInput { user_name: user.to_owned(), policy_arn };
    ask!(handler, Iam, iam::AttachUserPolicy(input)).map(drop)
}

fn detach(handler: &mut Handler<'_>, user: &str, policy_arn: String) -> Result<(), Fault> {
    let input = DetachUserPolicyInput { user_name: user.to_owned(), policy_arn };
    gone(ask!(handler, Iam, iam::DetachUserPolicy(input)).map(drop))
}

fn made(user: User) -> Made {
    Made::new(user.user_name, [("Arn", user.arn)])
}
