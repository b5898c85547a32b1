//! Roles, users and policies of IAM.

use serde_json::Value;

use crate::required::{Calls, Stack, Step};

/// Returns the ARN of something with a path.
pub(super) fn arn(stack: Stack<'_>, kind: &str, path: Option<String>, name: &str) -> String {
    let (partition, account) = (stack.cell.region.partition().as_str(), &stack.cell.account);
    format!("arn:{partition}:iam::{account}:{kind}{}{name}", path.as_deref().unwrap_or("/"))
}

/// The names of the actions for roles or users.
struct Holder {
    put: &'static str,
    delete: &'static str,
    attach: &'static str,
    detach: &'static str,
}

const ROLE: Holder = Holder {
    put: "iam:PutRolePolicy",
    delete: "iam:DeleteRolePolicy",
    attach: "iam:AttachRolePolicy",
    detach: "iam:DetachRolePolicy",
};
const USER: Holder = Holder {
    put: "iam:PutUserPolicy",
    delete: "iam:DeleteUserPolicy",
    attach: "iam:AttachUserPolicy",
    detach: "iam:DetachUserPolicy",
};

pub(super) fn role(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("iam:CreateRole", &own);
            policies(calls, &ROLE, &own);
            calls.tagged("iam:CreateRole", "iam:TagRole", &own);
            bounded(calls, &["iam:CreateRole", ROLE.put, ROLE.attach]);
        }
        Step::Update => {
            calls.when_changed(&["AssumeRolePolicyDocument"], "iam:UpdateAssumeRolePolicy", &own);
            calls.when_changed(&["Description", "MaxSessionDuration"], "iam:UpdateRole", &own);
            let boundary = if calls.get("PermissionsBoundary").is_some() { "Put" } else { "Delete" };
            calls.when_changed(&["PermissionsBoundary"], &format!("iam:{boundary}RolePermissionsBoundary"), &own);
            changed_policies(calls, &ROLE, &own);
            calls.when_changed(&["Tags"], "iam:TagRole", &own);
        }
        Step::Delete => {
            for action in ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:DeleteRole"] {
                calls.need(action, &own);
            }
            removed_policies(calls, &ROLE, &own);
        }
    }
}

pub(super) fn user(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("iam:CreateUser", &own);
            policies(calls, &USER, &own);
            calls.given("LoginProfile", |calls| {
                calls.need("iam:CreateLoginProfile", &own);
            });
            for group in calls.items("Groups").iter().map(|group| calls.stack.text(group)).collect::<Vec<_>>() {
                let group = arn(calls.stack, "group", None, &group);
                calls.given("Groups", |calls| {
                    calls.need("iam:AddUserToGroup", &group);
                });
            }
            calls.tagged("iam:CreateUser", "iam:TagUser", &own);
            bounded(calls, &["iam:CreateUser", USER.put, USER.attach]);
        }
        Step::Update => {
            changed_policies(calls, &USER, &own);
            calls.when_changed(&["Tags"], "iam:TagUser", &own);
        }
        Step::Delete => {
            for action in ["iam:ListAttachedUserPolicies", "iam:ListUserPolicies", "iam:DeleteUser"] {
                calls.need(action, &own);
            }
            removed_policies(calls, &USER, &own);
        }
    }
}

/// A policy put into roles, users and groups.
pub(super) fn inline_policy(calls: &mut Calls<'_>, step: Step) {
    let verb = if step == Step::Delete { "Delete" } else { "Put" };
    holders(calls, |kind| format!("iam:{verb}{kind}Policy"), None);
}

pub(super) fn managed_policy(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("iam:CreatePolicy", &own);
            holders(calls, |kind| format!("iam:Attach{kind}Policy"), Some(&own));
            // The schema says that such policies cannot have tags; those of the stack stay away.
        }
        Step::Update => {
            calls.when_changed(&["PolicyDocument"], "iam:ListPolicyVersions", &own);
            calls.when_changed(&["PolicyDocument"], "iam:CreatePolicyVersion", &own);
        }
        Step::Delete => {
            holders(calls, |kind| format!("iam:Detach{kind}Policy"), Some(&own));
            for action in ["iam:ListPolicyVersions", "iam:DeletePolicy"] {
                calls.need(action, &own);
            }
        }
    }
}

pub(super) fn access_key(calls: &mut Calls<'_>, step: Step) {
    let Some(user) = calls.text("UserName") else { return };
    let user = holder(calls.stack, "User", &user);
    let action = match step {
        Step::Create => "iam:CreateAccessKey",
        Step::Update => "iam:UpdateAccessKey",
        Step::Delete => "iam:DeleteAccessKey",
    };
    calls.need(action, &user);
}

fn own(calls: &Calls<'_>) -> String {
    calls.stack.arn(calls.id).unwrap_or_else(|| "*".to_owned())
}

/// Inline policies and attached ones of what is made.
fn policies(calls: &mut Calls<'_>, holder: &Holder, own: &str) {
    let has_inline = !calls.items("Policies").is_empty();
    calls.given("Policies", |calls| {
        if has_inline {
            calls.need(holder.put, own);
        }
    });
    attached(calls, holder.attach, own);
}

fn attached(calls: &mut Calls<'_>, action: &str, own: &str) {
    let policies: Vec<String> =
        calls.items("ManagedPolicyArns").iter().map(|policy| calls.stack.text(policy)).collect();
    calls.given("ManagedPolicyArns", |calls| {
        for policy in policies {
            calls.need(action, own).key("iam:PolicyARN", policy);
        }
    });
}

fn changed_policies(calls: &mut Calls<'_>, holder: &Holder, own: &str) {
    let Some(before) = calls.before else { return };
    let list = |properties: &serde_json::Map<String, Value>, name: &str| -> Vec<Value> {
        properties.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let name = |policy: &Value| policy.get("PolicyName").cloned();
    let (old, new) = (list(before, "Policies"), list(calls.properties, "Policies"));
    if new.iter().any(|policy| !old.contains(policy)) {
        calls.need(holder.put, own);
    }
    if old.iter().any(|policy| !new.iter().any(|kept| name(kept) == name(policy))) {
        calls.need(holder.delete, own);
    }
    let (old, new) = (list(before, "ManagedPolicyArns"), list(calls.properties, "ManagedPolicyArns"));
    for policy in new.iter().filter(|policy| !old.contains(policy)) {
        let policy = calls.stack.text(policy);
        calls.need(holder.attach, own).key("iam:PolicyARN", policy);
    }
    for policy in old.iter().filter(|policy| !new.contains(policy)) {
        let policy = calls.stack.text(policy);
        calls.need(holder.detach, own).key("iam:PolicyARN", policy);
    }
}

fn removed_policies(calls: &mut Calls<'_>, holder: &Holder, own: &str) {
    if !calls.items("Policies").is_empty() {
        calls.given("Policies", |calls| {
            calls.need(holder.delete, own);
        });
    }
    attached(calls, holder.detach, own);
}

/// Gives calls the key of the boundary that the role or user has.
fn bounded(calls: &mut Calls<'_>, actions: &[&str]) {
    let Some(boundary) = calls.text("PermissionsBoundary") else { return };
    for requirement in calls.found.iter_mut().filter(|found| actions.contains(&found.action.as_str())) {
        requirement.key("iam:PermissionsBoundary", boundary.clone());
    }
}

/// Calls for the roles, users and groups that have a policy.
fn holders(calls: &mut Calls<'_>, action: impl Fn(&str) -> String, policy: Option<&str>) {
    for (property, kind) in [("Roles", "Role"), ("Users", "User"), ("Groups", "Group")] {
        let names: Vec<String> = calls.items(property).iter().map(|name| calls.stack.text(name)).collect();
        calls.given(property, |calls| {
            for name in names {
                let holder = holder(calls.stack, kind, &name);
                let requirement = calls.need(&action(kind), &holder);
                if let Some(policy) = policy {
                    requirement.key("iam:PolicyARN", policy);
                }
            }
        });
    }
}

/// Returns the ARN of a role, user or group by its name: one of the stack has its path there, others are of unknown path.
fn holder(stack: Stack<'_>, kind: &str, name: &str) -> String {
    let type_name = format!("AWS::IAM::{kind}");
    let same = |id: &&String| stack.name(id) == name;
    let resources = stack.evaluated.resources.iter().filter(|(_, resource)| resource.type_name == type_name);
    let own = resources.map(|(id, _)| id).find(same).and_then(|id| stack.arn(id));
    own.unwrap_or_else(|| arn(stack, &kind.to_lowercase(), None, name))
}
