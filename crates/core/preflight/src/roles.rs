//! As whom the calls of a stack are made: the roles that stacks of the project make, and those that only AWS knows.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use stackfleet_base::{AccountId, Span};
use stackfleet_plan::observed::PermissionModel;
use stackfleet_policy::{Policy, PolicyKind, PolicySet};
use stackfleet_template::{Evaluated, EvaluatedResource, is_known};

use crate::survey::{Stack, Survey};

/// A role as a stack makes it.
#[derive(Debug)]
pub(crate) struct Role {
    /// The stack that makes it, as an index into the survey.
    pub(crate) stack: usize,
    /// `/path/name`, as ARNs have it after `role`.
    pub(crate) path_and_name: String,
    pub(crate) trust: Option<PolicySet>,
    pub(crate) identity: PolicySet,
    /// Why there may be grants that nobody knows here.
    pub(crate) open: Option<String>,
    pub(crate) boundary: Option<Boundary>,
    pub(crate) tags: Vec<(String, String)>,
    /// Where its policies are written.
    pub(crate) span: Option<Span>,
    pub(crate) trust_span: Option<Span>,
}

/// A permissions boundary.
#[derive(Debug)]
pub(crate) enum Boundary {
    Known(PolicySet),
    /// Its ARN.
    Unknown(String),
}

/// Roles of one name, by account.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    roles: Vec<Role>,
    /// Which role an account gets, and in which cell of its stack it is made.
    by_account: BTreeMap<AccountId, (usize, usize)>,
}

impl Roles {
    /// Finds what the project's stacks make under a name.
    pub(crate) fn named(name: &str, survey: &Survey<'_>) -> Self {
        let mut found = Self::default();
        for (index, stack) in survey.stacks.iter().enumerate() {
            let made: Vec<Option<usize>> = stack
                .variants
                .iter()
                .map(|variant| {
                    let evaluated = variant.result.as_ref().ok()?;
                    let (logical_id, resource) = find(evaluated, name)?;
                    let role = role(stack, index, evaluated, logical_id, resource, name);
                    found.roles.push(role);
                    Some(found.roles.len() - 1)
                })
                .collect();
            for (position, cell) in stack.cells.iter().enumerate() {
                if let Some(role) = made.get(cell.variant).copied().flatten() {
                    found.by_account.entry(cell.account.clone()).or_insert((role, position));
                }
            }
        }
        found.note_additions(name, survey);
        found
    }

    /// Tells whether no stack makes such a role anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Returns the role of an account with its number and the cell of its stack that makes it.
    pub(crate) fn of(&self, account: &AccountId) -> Option<(usize, &Role, usize)> {
        let (number, cell) = self.by_account.get(account)?;
        Some((*number, self.roles.get(*number)?, *cell))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Role> {
        self.roles.iter()
    }

    /// Policies of other stacks that name the role may grant more than its own template shows.
    fn note_additions(&mut self, name: &str, survey: &Survey<'_>) {
        for (index, stack) in survey.stacks.iter().enumerate() {
            let adds = |evaluated: &Evaluated| {
                evaluated.resources.values().any(|resource| {
                    let roles = resource.properties.get("Roles").and_then(Value::as_array);
                    let named = roles.into_iter().flatten().chain(resource.properties.get("RoleName"));
                    resource.type_name.starts_with("AWS::IAM::")
                        && resource.type_name.ends_with("Policy")
                        && named.into_iter().any(|role| role == name)
                })
            };
            if stack.variants.iter().filter_map(|variant| variant.result.as_ref().ok()).any(adds) {
                let told = format!("policies that stack {} attaches to it", stack.wanted.stack);
                for role in self.roles.iter_mut().filter(|role| role.stack != index) {
                    role.open.get_or_insert_with(|| told.clone());
                }
            }
        }
    }
}

/// A role that a stack makes in an account.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) stack: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The app and the logical id, of a role whose name CloudFormation makes.
    pub(crate) generated: Option<(String, String)>,
    /// The account's id in the role's documents: one that stands for all that are alike.
    pub(crate) id: AccountId,
}

/// Returns every role that stacks make in an account.
pub(crate) fn made_in(survey: &Survey<'_>, account: &AccountId) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    for (index, stack) in survey.stacks.iter().enumerate() {
        for cell in stack.cells.iter().filter(|cell| cell.account == *account) {
            let Some(variant) = stack.variants.get(cell.variant) else { continue };
            let Ok(evaluated) = &variant.result else { continue };
            for (id, resource) in &evaluated.resources {
                // A name that CloudFormation makes begins with those of stack and resource.
                let given = resource.properties.get("RoleName").and_then(Value::as_str);
                let name = given.map_or_else(|| format!("{}-{id}-*", stack.wanted.set), str::to_owned);
                if resource.type_name == "AWS::IAM::Role" && !made.iter().any(|known| known.name == name) {
                    let role = role(stack, index, evaluated, id, resource, &name);
                    let generated = given.is_none().then(|| (stack.wanted.app.clone(), id.clone()));
                    let id = variant.site.account.clone();
                    made.push(Made { stack: stack.wanted.stack.clone(), name, role, generated, id });
                }
            }
        }
    }
    made
}

fn find<'e>(evaluated: &'e Evaluated, name: &str) -> Option<(&'e str, &'e EvaluatedResource)> {
    let mut resources = evaluated.resources.iter();
    let is = |resource: &EvaluatedResource| {
        resource.type_name == "AWS::IAM::Role" && resource.properties.get("RoleName").is_some_and(|own| own == name)
    };
    resources.find(|(_, resource)| is(resource)).map(|(id, resource)| (id.as_str(), resource))
}

fn role(
    stack: &Stack<'_>,
    index: usize,
    evaluated: &Evaluated,
    logical_id: &str,
    resource: &EvaluatedResource,
    name: &str,
) -> Role {
    let properties = &resource.properties;
    let path = properties.get("Path").and_then(Value::as_str).unwrap_or("/");
    let (identity, open) = identity(evaluated, logical_id, resource, name);
    let span = |property: &str| {
        let template = &stack.declared?.template.template;
        template.span(&format!("/Resources/{logical_id}/Properties/{property}"))
    };
    let trust = properties.get("AssumeRolePolicyDocument").filter(|document| is_known(document));
    let mut tags: Vec<(String, String)> =
        stack.wanted.definition.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
        tags.extend(part("Key").zip(part("Value")));
    }
    Role {
        stack: index,
        path_and_name: format!("{path}{name}"),
        trust: trust.and_then(|document| set(PolicyKind::Trust, name, document)),
        identity,
        open,
        boundary: properties.get("PermissionsBoundary").map(|arn| boundary(evaluated, arn)),
        tags,
        span: span("Policies"),
        trust_span: span("AssumeRolePolicyDocument"),
    }
}

fn set(kind: PolicyKind, name: &str, document: &Value) -> Option<PolicySet> {
    Policy::from_value(kind, name, document).0.map(PolicySet::of)
}

/// Returns the policies that grant, and why there may be more.
fn identity(
    evaluated: &Evaluated,
    logical_id: &str,
    resource: &EvaluatedResource,
    role: &str,
) -> (PolicySet, Option<String>) {
    let (mut policies, mut open) = (Vec::new(), None);
    let mut add = |name: &str, document: Option<&Value>, open: &mut Option<String>| {
        let known = document.filter(|document| is_known(document));
        match known.and_then(|document| Policy::from_value(PolicyKind::Identity, name, document).0) {
            Some(policy) => policies.push(Arc::new(policy)),
            None => *open = Some(format!("policy {name}, which is complete only once it is deployed")),
        }
    };
    let inline = resource.properties.get("Policies").and_then(Value::as_array);
    for policy in inline.into_iter().flatten() {
        let name = policy.get("PolicyName").and_then(Value::as_str).unwrap_or(role);
        add(name, policy.get("PolicyDocument"), &mut open);
    }
    let attached = resource.properties.get("ManagedPolicyArns").and_then(Value::as_array);
    for arn in attached.into_iter().flatten() {
        match managed(evaluated, arn) {
            Managed::Written(name, document) => add(name, Some(document), &mut open),
            Managed::OfAws(name, document) => {
                add(name, serde_json::from_str(document).ok().as_ref(), &mut open);
            }
            Managed::Unknown(arn) => open = Some(format!("the managed policy {arn}")),
        }
    }
    for (own, other) in &evaluated.resources {
        let document = other.properties.get("PolicyDocument");
        if matches!(other.type_name.as_str(), "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" | "AWS::IAM::ManagedPolicy")
            && attaches(other, logical_id, role)
        {
            add(own, document, &mut open);
        }
    }
    (PolicySet::new(policies), open)
}

/// Tells whether a policy resource is attached to a role.
fn attaches(policy: &EvaluatedResource, logical_id: &str, role: &str) -> bool {
    let roles = policy.properties.get("Roles").and_then(Value::as_array);
    let is = |value: &Value| value == role || value.get("Ref").is_some_and(|id| id == logical_id);
    roles.into_iter().flatten().chain(policy.properties.get("RoleName")).any(is)
}

enum Managed<'e> {
    /// By the same template.
    Written(&'e str, &'e Value),
    OfAws(&'static str, &'static str),
    Unknown(String),
}

fn managed<'e>(evaluated: &'e Evaluated, arn: &'e Value) -> Managed<'e> {
    if let Some(id) = arn.get("Ref").and_then(Value::as_str) {
        let resource = evaluated.resources.get(id).filter(|found| found.type_name == "AWS::IAM::ManagedPolicy");
        if let Some(document) = resource.and_then(|resource| resource.properties.get("PolicyDocument")) {
            return Managed::Written(id, document);
        }
    }
    let text = arn.as_str().map_or_else(|| arn.to_string(), str::to_owned);
    let known = text.rsplit_once(":iam::aws:policy/").and_then(|(_, name)| OF_AWS.iter().find(|(own, _)| *own == name));
    known.map_or(Managed::Unknown(text), |(name, document)| Managed::OfAws(name, document))
}

fn boundary(evaluated: &Evaluated, arn: &Value) -> Boundary {
    let (name, document) = match managed(evaluated, arn) {
        Managed::Written(name, document) => (name, document.clone()),
        Managed::OfAws(name, document) => (name, serde_json::from_str(document).unwrap_or_default()),
        Managed::Unknown(arn) => return Boundary::Unknown(arn),
    };
    let known = is_known(&document).then(|| set(PolicyKind::Boundary, name, &document)).flatten();
    known.map_or_else(|| Boundary::Unknown(name.to_owned()), Boundary::Known)
}

/// Managed policies of AWS that deployment roles have, as the AWS Managed Policy Reference Guide shows them (2026).
const OF_AWS: [(&str, &str); 2] = [
    ("AdministratorAccess", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#),
    (
        "PowerUserAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
];

/// Returns the name of the role that a self-managed set's stacks run as.
pub(crate) fn execution_role<'s>(stack: &'s Stack<'_>) -> Option<&'s str> {
    match &stack.wanted.definition.model {
        PermissionModel::SelfManaged { execution_role, .. } => Some(execution_role),
        PermissionModel::ServiceManaged { .. } => None,
    }
}
