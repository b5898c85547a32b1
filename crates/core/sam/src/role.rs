//! Execution roles, as functions and state machines get them.

use crate::context::Context;
use crate::generated::Generated;
use crate::intrinsics;
use crate::node::{Map, Node, Text, list, map};
use crate::policies::Policies;

/// A trust policy for one service principal.
pub(crate) fn assume_role_policy(service: &str) -> Node {
    let statement = map! {
        "Action" => list!["sts:AssumeRole"],
        "Effect" => "Allow",
        "Principal" => map! {"Service" => list![service]},
    };
    Node::Map(map! {"Version" => "2012-10-17", "Statement" => list![statement]})
}

/// A policy document with one statement that allows one action.
pub(crate) fn allow(action: impl Into<Node>, resource: impl Into<Node>) -> Node {
    let statement = map! {"Action" => action, "Effect" => "Allow", "Resource" => resource};
    Node::Map(map! {"Version" => "2012-10-17", "Statement" => list![statement]})
}

/// An inline policy of a role.
pub(crate) fn inline(name: impl Into<Text>, document: Node) -> Node {
    Node::Map(map! {"PolicyName" => Node::Text(name.into()), "PolicyDocument" => document})
}

/// The parts of an execution role that differ between its owners.
#[derive(Debug)]
pub(crate) struct RoleParts<'a> {
    pub(crate) id: Text,
    pub(crate) attributes: Map,
    pub(crate) assume_role_policy: Node,
    /// Managed policies before the author's own.
    pub(crate) managed: Vec<Node>,
    /// A managed policy after them.
    pub(crate) managed_last: Option<Node>,
    pub(crate) policies: &'a Policies,
    pub(crate) tags: Vec<Node>,
    pub(crate) permissions_boundary: Option<Node>,
    pub(crate) path: Option<Node>,
}

/// An `AWS::IAM::Role` of managed and inline policies.
pub(crate) fn role(context: &Context<'_>, parts: RoleParts<'_>) -> Generated {
    let mut role = Generated::new(parts.id, "AWS::IAM::Role").with_attributes(&parts.attributes);
    let mut managed = parts.managed;
    let mut documents = Vec::new();
    parts.policies.add_to(context, &role.id, &mut managed, &mut documents);
    managed.extend(parts.managed_last);
    let mut distinct: Vec<Node> = Vec::with_capacity(managed.len());
    for arn in managed {
        if !distinct.contains(&arn) {
            distinct.push(arn);
        }
    }
    role.put("AssumeRolePolicyDocument", parts.assume_role_policy);
    if !distinct.is_empty() {
        role.put("ManagedPolicyArns", distinct);
    }
    if !documents.is_empty() {
        role.put("Policies", documents);
    }
    role.set("PermissionsBoundary", parts.permissions_boundary);
    role.set("Path", parts.path);
    if !parts.tags.is_empty() {
        role.put("Tags", parts.tags);
    }
    role
}

/// Whether a `Role` property leaves one branch of an `Fn::If` to a generated role: (condition, then, otherwise).
pub(crate) fn generated_branch(role: &Node) -> Option<(&Node, &Node, &Node)> {
    let (condition, then, otherwise) = intrinsics::if_arguments(role)?.ok()?;
    (intrinsics::is_no_value(then) || intrinsics::is_no_value(otherwise)).then_some((condition, then, otherwise))
}
