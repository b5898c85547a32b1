//! `AWS::IAM::ManagedPolicy`: a policy of the account, attached to roles and users. A change makes a new version.

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    iam::{
        self, AttachRolePolicyInput, AttachUserPolicyInput, CreatePolicyInput, CreatePolicyVersionInput,
        DeletePolicyInput, DeletePolicyVersionInput, DetachRolePolicyInput, DetachUserPolicyInput,
        ListPolicyVersionsInput, PolicyVersion,
    },
};

use super::{Fault, Handler, Made, Provider, ask, gone, iam_role::api_tags, missing, texts_of, unsupported};

/// Versions that a policy may have.
const VERSIONS_MAX: usize = 5;

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::IAM::ManagedPolicy",
    name: Some("ManagedPolicyName"),
    required: &["PolicyDocument"],
    mutable: &["Groups", "PolicyDocument", "Roles", "Users", "Tags"],
    create_only: &["Description", "ManagedPolicyName", "Path"],
    create_seconds: 16,
    update_seconds: 14,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    if handler.get("Groups").is_some() {
        return Err(unsupported("Groups of AWS::IAM::ManagedPolicy"));
    }
    let tags = api_tags(handler.wanted_tags());
    let input = CreatePolicyInput {
        policy_name: handler.name_or_made("ManagedPolicyName", 128),
        path: handler.text("Path"),
        policy_document: handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?,
        description: handler.text("Description"),
        tags: (!tags.is_empty()).then_some(tags),
    };
    let policy = ask!(handler, Iam, iam::CreatePolicy(input))?.policy.unwrap_or_default();
    let arn = policy.arn.unwrap_or_default();
    for (kind, holder) in holders(handler.properties) {
        attach(handler, kind, holder, arn.clone())?;
    }
    Ok(Made::new(arn.clone(), [("PolicyArn", arn), ("PolicyId", policy.policy_id.unwrap_or_default())]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let arn = handler.id();
    let (set, removed) = handler.tag_changes();
    if !set.is_empty() || !removed.is_empty() {
        return Err(unsupported("A change of tags of AWS::IAM::ManagedPolicy"));
    }
    if handler.differs("PolicyDocument") {
        let versions = other_versions(handler, &arn)?;
        if versions.len() + 1 >= VERSIONS_MAX
            && let Some(oldest) = versions.into_iter().next_back().and_then(|version| version.version_id)
        {
            let input = DeletePolicyVersionInput { policy_arn: arn.clone(), version_id: oldest };
            ask!(handler, Iam, iam::DeletePolicyVersion(input))?;
        }
        let policy_document = handler.document("PolicyDocument").ok_or_else(|| missing("PolicyDocument"))?;
        let input = CreatePolicyVersionInput { policy_arn: arn.clone(), policy_document, set_as_default: Some(true) };
        ask!(handler, Iam, iam::CreatePolicyVersion(input))?;
    }
    let previous = handler.previous.cloned().unwrap_or(Value::Null);
    let (before, after) = (holders(&previous), holders(handler.properties));
    for (kind, holder) in after.difference(&before) {
        attach(handler, kind, holder.clone(), arn.clone())?;
    }
    for (kind, holder) in before.difference(&after) {
        detach(handler, kind, holder.clone(), arn.clone())?;
    }
    Ok(Made::new(arn.clone(), [("PolicyArn", arn)]))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let arn = handler.id();
    for (kind, holder) in holders(handler.properties) {
        detach(handler, kind, holder, arn.clone())?;
    }
    let versions = match other_versions(handler, &arn) {
        Err(fault) if fault.is_missing() => return Ok(()),
        other => other?,
    };
    for version_id in versions.into_iter().filter_map(|version| version.version_id) {
        let input = DeletePolicyVersionInput { policy_arn: arn.clone(), version_id };
        ask!(handler, Iam, iam::DeletePolicyVersion(input))?;
    }
    gone(ask!(handler, Iam, iam::DeletePolicy(DeletePolicyInput { policy_arn: arn })).map(drop))
}

/// Returns the versions besides the default one, newest first.
fn other_versions(handler: &mut Handler<'_>, arn: &str) -> Result<Vec<PolicyVersion>, Fault> {
    let input = ListPolicyVersionsInput { policy_arn: arn.to_owned(), ..ListPolicyVersionsInput::default() };
    let mut versions = ask!(handler, Iam, iam::ListPolicyVersions(input))?.versions.unwrap_or_default();
    versions.retain(|version| version.is_default_version != Some(true));
    Ok(versions)
}

fn holders(properties: &Value) -> BTreeSet<(&'static str, String)> {
    let of = |kind: &'static str| texts_of(properties, kind).into_iter().map(move |holder| (kind, holder));
    of("Roles").chain(of("Users")).collect()
}

fn attach(handler: &mut Handler<'_>, kind: &str, holder: String, policy_arn: String) -> Result<(), Fault> {
    if kind == "Roles" {
        ask!(handler, Iam, iam::AttachRolePolicy(AttachRolePolicyInput { role_name: holder, policy_arn })).map(drop)
    } else {
        ask!(handler, Iam, iam::AttachUserPolicy(AttachUserPolicyInput { user_name: holder, policy_arn })).map(drop)
    }
}

fn detach(handler: &mut Handler<'_>, kind: &str, holder: String, policy_arn: String) -> Result<(), Fault> {
    gone(if kind == "Roles" {
        ask!(handler, Iam, iam::DetachRolePolicy(DetachRolePolicyInput { role_name: holder, policy_arn })).map(drop)
    } else {
        ask!(handler, Iam, iam::DetachUserPolicy(DetachUserPolicyInput { user_name: holder, policy_arn })).map(drop)
    })
}
