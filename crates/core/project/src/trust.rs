//! Whether the role that a stack is deployed with lets itself be assumed by the administration role.
//!
//! A self-managed stack set is created without complaint over roles that do not trust, and fails in every account
//! (documentation of StackSets, "Grant self-managed permissions"); here it is seen before anything is done. Accounts
//! are compared as far as the project knows them: `${management.id}` is the management account, the account of the
//! stack is the target, and a number that is written out may be either.

use serde_json::Value;
use stackfleet_base::Diagnostic;
use stackfleet_template::Template;

use crate::codes;
use crate::known::{self, Lookup, ROLE};
use crate::lookup::ADMINISTRATION_ROLE;
use crate::model::{App, Project, Reference, Stack, Text, TextPart};
use crate::templates::place;

/// Checks the role of a stack where another stack of the app brings it.
pub(crate) fn check(project: &Project, app: &App, user: &Stack) -> Option<Diagnostic> {
    let role = user.role.as_ref()?;
    let [TextPart::Reference(Reference::Output { stack, output })] = role.value.parts.as_slice() else { return None };
    let stack = app.stacks.get(stack)?;
    let template = &stack.template.template;
    let resource = known::output_resource(template, output)?;
    if template.resource(resource)?.type_name() != ROLE {
        return None;
    }
    let lookup = |name: &str| project.known_parameter(stack, name);
    if trusts(template, resource, &lookup) {
        return None;
    }
    let pointer = format!("/Resources/{resource}/Properties/AssumeRolePolicyDocument");
    let message = format!(
        "the role `{resource}` does not trust `{ADMINISTRATION_ROLE}` of the management account, by which `{}` would be deployed",
        user.name.value
    );
    let help = format!(
        "allow `sts:AssumeRole` to the principal `arn:aws:iam::<management account>:role/{ADMINISTRATION_ROLE}`"
    );
    let error = Diagnostic::error(codes::ROLE_TRUST, message).at(place(&stack.template, &pointer), "");
    Some(error.at(role.span, "the role is used here").help(help))
}

fn trusts(template: &Template, resource: &str, lookup: Lookup<'_>) -> bool {
    let document = template.resource(resource).and_then(|role| role.properties()?.get("AssumeRolePolicyDocument"));
    let Some(statements) = document.and_then(|document| document.get("Statement")) else { return false };
    let applies = |statement: &&Value| {
        let action = statement.get("Action").is_some_and(|action| any(action, &|action| covers_assume_role(action)));
        let principal = match statement.get("Principal") {
            Some(Value::String(everyone)) => everyone == "*",
            Some(principal) => principal
                .get("AWS")
                .is_some_and(|principal| any(principal, &|principal| is_administration(template, principal, lookup))),
            None => false,
        };
        action && principal
    };
    let statements = statements.as_array().map_or_else(|| std::slice::from_ref(statements), Vec::as_slice);
    let effect = |statement: &&Value, effect: &str| statement.get("Effect").and_then(Value::as_str) == Some(effect);
    let denied = statements
        .iter()
        .filter(|statement| effect(statement, "Deny") && statement.get("Condition").is_none())
        .any(|statement| applies(&statement));
    !denied && statements.iter().filter(|statement| effect(statement, "Allow")).any(|statement| applies(&statement))
}

/// Tells whether one of a value's items, or the value itself, is right.
fn any(value: &Value, right: &dyn Fn(&Value) -> bool) -> bool {
    value.as_array().map_or_else(|| right(value), |items| items.iter().any(right))
}

/// A function decides in the account; it has the benefit of the doubt.
fn covers_assume_role(action: &Value) -> bool {
    action
        .as_str()
        .is_none_or(|action| matches!(action.to_lowercase().as_str(), "*" | "sts:*" | "sts:assume*" | "sts:assumerole"))
}

/// Tells whether a principal is, or may be, the administration role or its whole account.
fn is_administration(template: &Template, principal: &Value, lookup: Lookup<'_>) -> bool {
    let Ok(principal) = known::value(template, principal, lookup) else { return true };
    let Some(text) = as_pattern(&principal) else { return true };
    if text == "*" || text == MANAGEMENT {
        return true;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return is_account(&text) };
    let name_fits = *resource == "root" || resource.strip_prefix("role/").is_some_and(is_administration_name);
    name_fits && (*account == MANAGEMENT || is_account(account))
}

/// Stands for the management account's id.
const MANAGEMENT: &str = "{management}";

/// The role may lie under a path.
fn is_administration_name(path: &str) -> bool {
    path.rsplit('/').next() == Some(ADMINISTRATION_ROLE)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes a text with signs for accounts; `None` when something else is not known.
fn as_pattern(text: &Text) -> Option<String> {
    text.render(|reference| match reference {
        Reference::ManagementId => Some(MANAGEMENT.to_owned()),
        Reference::AccountId => Some("{target}".to_owned()),
        Reference::OrganizationId
        | Reference::Environment
        | Reference::AccountName
        | Reference::AccountTag(_)
        | Reference::Output { .. } => None,
    })
}
