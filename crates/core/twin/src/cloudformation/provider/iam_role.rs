//! `AWS::IAM::Role`: the role, its inline policies and the managed policies attached to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    iam::{
        self, AttachRolePolicyInput, CreateRoleInput, DeleteRoleInput, DeleteRolePolicyInput, DetachRolePolicyInput,
        GetRoleInput, ListAttachedRolePoliciesInput, ListRolePoliciesInput, PutRolePolicyInput, Role, Tag,
        TagRoleInput, UntagRoleInput, UpdateAssumeRolePolicyInput, UpdateRoleInput,
    },
};

use super::{Fault, Handler, Made, Provider, ask, document, gone, missing, text, texts_of, unsupported};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::IAM::Role",
    name: Some("RoleName"),
    required: &["AssumeRolePolicyDocument"],
    mutable: &[
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "Policies",
        "Tags",
    ],
    create_only: &["Path", "RoleName"],
    create_seconds: 17,
    update_seconds: 14,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.name_or_made("RoleName", 64);
    let tags = api_tags(handler.wanted_tags());
    let input = CreateRoleInput {
        path: handler.text("Path"),
        role_name: name.clone(),
        assume_role_policy_document: handler
            .document("AssumeRolePolicyDocument")
            .ok_or_else(|| missing("AssumeRolePolicyDocument"))?,
        description: handler.text("Description"),
        max_session_duration: handler.number("MaxSessionDuration")?,
        permissions_boundary: handler.text("PermissionsBoundary"),
        tags: (!tags.is_empty()).then_some(tags),
    };
    let role = ask!(handler, Iam, iam::CreateRole(input))?.role;
    for (policy, document) in inline(handler.properties)? {
        put(handler, &name, policy, document)?;
    }
    for arn in handler.texts("ManagedPolicyArns") {
        attach(handler, &name, arn)?;
    }
    Ok(made(role))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.id();
    if handler.differs("PermissionsBoundary") {
        return Err(unsupported("A change of PermissionsBoundary of AWS::IAM::Role"));
    }
    if handler.differs("AssumeRolePolicyDocument") {
        let policy_document =
            handler.document("AssumeRolePolicyDocument").ok_or_else(|| missing("AssumeRolePolicyDocument"))?;
        let input = UpdateAssumeRolePolicyInput { role_name: name.clone(), policy_document };
        ask!(handler, Iam, iam::UpdateAssumeRolePolicy(input))?;
    }
    if handler.differs("Description") || handler.differs("MaxSessionDuration") {
        let input = UpdateRoleInput {
            role_name: name.clone(),
            description: Some(handler.text("Description").unwrap_or_default()),
            max_session_duration: Some(handler.number("MaxSessionDuration")?.unwrap_or(3_600)),
        };
        ask!(handler, Iam, iam::UpdateRole(input))?;
    }
    update_policies(handler, &name)?;
    let (set, gone) = handler.tag_changes();
    if !gone.is_empty() {
        let input = UntagRoleInput { role_name: name.clone(), tag_keys: gone };
        ask!(handler, Iam, iam::UntagRole(input))?;
    }
    if !set.is_empty() {
        let input = TagRoleInput { role_name: name.clone(), tags: api_tags(set) };
        ask!(handler, Iam, iam::TagRole(input))?;
    }
    let role = ask!(handler, Iam, iam::GetRole(GetRoleInput { role_name: name }))?.role;
    Ok(made(role))
}

fn update_policies(handler: &mut Handler<'_>, name: &str) -> Result<(), Fault> {
    let previous = handler.previous.cloned().unwrap_or(Value::Null);
    let (before, after) = (inline(&previous)?, inline(handler.properties)?);
    for (policy, document) in &after {
        if before.get(policy) != Some(document) {
            put(handler, name, policy.clone(), document.clone())?;
        }
    }
    for policy in before.into_keys().filter(|policy| !after.contains_key(policy)) {
        let input = DeleteRolePolicyInput { role_name: name.to_owned(), policy_name: policy };
        gone(ask!(handler, Iam, iam::DeleteRolePolicy(input)).map(drop))?;
    }
    let before: BTreeSet<String> = texts_of(&previous, "ManagedPolicyArns").into_iter().collect();
    let after: BTreeSet<String> = handler.texts("ManagedPolicyArns").into_iter().collect();
    for arn in after.difference(&before) {
        attach(handler, name, arn.clone())?;
    }
    for arn in before.difference(&after) {
        detach(handler, name, arn.clone())?;
    }
    Ok(())
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let name = handler.id();
    let input = ListAttachedRolePoliciesInput { role_name: name.clone(), ..ListAttachedRolePoliciesInput::default() };
    let attached = match ask!(handler, Iam, iam::ListAttachedRolePolicies(input)) {
        Err(fault) if fault.is_missing() => return Ok(()),
        other => other?.attached_policies.unwrap_or_default(),
    };
    for arn in attached.into_iter().filter_map(|policy| policy.policy_arn) {
        detach(handler, &name, arn)?;
    }
    let input = ListRolePoliciesInput { role_name: name.clone(), ..ListRolePoliciesInput::default() };
    for policy in ask!(handler, Iam, iam::ListRolePolicies(input))?.policy_names {
        let input = DeleteRolePolicyInput { role_name: name.clone(), policy_name: policy };
        gone(ask!(handler, Iam, iam::DeleteRolePolicy(input)).map(drop))?;
    }
    gone(ask!(handler, Iam, iam::DeleteRole(DeleteRoleInput { role_name: name })).map(drop))
}

fn put(handler: &mut Handler<'_>, role: &str, policy_name: String, policy_document: String) -> Result<(), Fault> {
    let input = PutRolePolicyInput { role_name: role.to_owned(), policy_name, policy_document };
    ask!(handler, Iam, iam::PutRolePolicy(input)).map(drop)
}

fn attach(handler: &mut Handler<'_>, role: &str, policy_arn: String) -> Result<(), Fault> {
    let input = AttachRolePolicyInput { role_name: role.to_owned(), policy_arn };
    ask!(handler, Iam, iam::AttachRolePolicy(input)).map(drop)
}

fn detach(handler: &mut Handler<'_>, role: &str, policy_arn: String) -> Result<(), Fault> {
    let input = DetachRolePolicyInput { role_name: role.to_owned(), policy_arn };
    gone(ask!(handler, Iam, iam::DetachRolePolicy(input)).map(drop))
}

/// Reads `Policies`: documents by name.
pub(super) fn inline(properties: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let items = properties.get("Policies").and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| {
            let name = item.get("PolicyName").and_then(text).ok_or_else(|| missing("PolicyName"))?;
            let body = item.get("PolicyDocument").map(document).ok_or_else(|| missing("PolicyDocument"))?;
            Ok((name, body))
        })
        .collect()
}

pub(super) fn api_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn made(role: Role) -> Made {
    Made::new(role.role_name, [("Arn", role.arn), ("RoleId", role.role_id)])
}
