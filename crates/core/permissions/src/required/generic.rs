//! What AWS's lists say of a type: everything that its handlers may call.

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_catalog::actions::{Action, ArnShape};
use stackfleet_catalog::{Handler, ResourceType, actions, catalog};
use stackfleet_template::EvaluatedResource;

use super::{Calls, Grade, Stack, Step, types};

/// Adds what the lists name and nothing else has added.
pub(super) fn add(calls: &mut Calls<'_>) {
    let Some(kind) = catalog().resource(calls.kind) else { return };
    let handler = match calls.step {
        Step::Create => Handler::Create,
        Step::Update => Handler::Update,
        Step::Delete => Handler::Delete,
    };
    let Some(handler) = kind.handler(handler) else { return };
    let known: BTreeSet<String> =
        calls.found.iter().map(|requirement| requirement.action.to_ascii_lowercase()).collect();
    let tagging: BTreeSet<&str> = kind.tagging().into_iter().flat_map(|tagging| tagging.permissions()).collect();
    let own = calls.stack.arn(calls.id);
    let has_tags = !calls.tags().is_empty();
    // Some entries are not actions (`s3:REST.PUT.OBJECT`).
    for action in handler.permissions().filter_map(|name| actions().action(name)) {
        let name = action.to_string();
        if known.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        if name == "iam:PassRole" {
            pass_roles(calls);
            continue;
        }
        let is_tagging = tagging.iter().any(|tagging| tagging.eq_ignore_ascii_case(&name))
            && !["Untag", "Remove", "List", "Delete"].iter().any(|verb| action.name().starts_with(verb));
        let grade = match (is_essential(calls, action), is_tagging) {
            (true, _) => Grade::Certain,
            (false, true) if has_tags && calls.step == Step::Create => Grade::ByProperty,
            (false, true) if !has_tags && calls.step == Step::Create => continue,
            (false, _) => Grade::Possible,
        };
        calls.add(grade, &name, &target(action, own.as_deref()));
    }
}

/// Tells whether the action is the one that makes or deletes such a resource, by its name: `CreateTable` of a
/// `Table`. For types that are written down here, everything certain is.
fn is_essential(calls: &Calls<'_>, action: Action<'_>) -> bool {
    let Some(short) = calls.kind.rsplit("::").next().filter(|_| !types::is_known(calls.kind)) else { return false };
    let verb = match calls.step {
        Step::Create => "Create",
        Step::Delete => "Delete",
        Step::Update => return false,
    };
    action.name().strip_prefix(verb).is_some_and(|rest| rest.eq_ignore_ascii_case(short))
}

/// Returns on what a call is made: the resource itself where the action takes it.
fn target(action: Action<'_>, own: Option<&str>) -> String {
    own.filter(|own| *own != "*" && action.accepts(own)).unwrap_or("*").to_owned()
}

/// Roles in properties that are called so: each may be handed to the service.
fn pass_roles(calls: &mut Calls<'_>) {
    let mut roles = Vec::new();
    for (name, value) in calls.properties {
        collect(calls.stack, name, name, value, &mut roles);
    }
    for (property, role) in roles {
        calls.reason = Some(property);
        calls.add(Grade::ByProperty, "iam:PassRole", &role);
        calls.reason = None;
    }
}

fn collect(stack: Stack<'_>, property: &str, name: &str, value: &Value, roles: &mut Vec<(String, String)>) {
    let is_role = name.ends_with("Role") || name.ends_with("RoleArn") || name.ends_with("RoleARN");
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(stack, property, name, item, roles)),
        Value::Object(members) if !is_role => {
            members.iter().for_each(|(name, value)| collect(stack, property, name, value, roles));
        }
        Value::Object(_) | Value::String(_) if is_role => {
            let text = stack.text(value);
            if text.contains(":role/") || text == "*" {
                roles.push((property.to_owned(), text));
            }
        }
        Value::Object(_) | Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the ARN of a resource of a type that nothing else is known of: the shape of what `CreateX` takes.
pub(super) fn arn(stack: Stack<'_>, id: &str, resource: &EvaluatedResource) -> Option<String> {
    let kind = catalog().resource(&resource.type_name)?;
    let shape = shape(kind)?;
    let open = |name: &&str| !matches!(*name, "Partition" | "Region" | "Account");
    let is_single = shape.variables().filter(open).count() == 1;
    let named = shape.variables().filter(open).map(|name| {
        let property = resource.properties.get(name).filter(|value| !value.is_null());
        let value = match property {
            Some(value) => stack.text(value),
            None if is_single => stack.name(id),
            None => "*".to_owned(),
        };
        (name, value)
    });
    let named: Vec<(&str, String)> = named.collect();
    Some(shape.fill(|name| match name {
        "Partition" => Some(stack.cell.region.partition().as_str()),
        "Region" => Some(stack.cell.region.as_str()),
        "Account" => Some(stack.cell.account.as_str()),
        _ => named.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()),
    }))
}

fn shape(kind: ResourceType<'static>) -> Option<ArnShape<'static>> {
    let short = kind.name().rsplit("::").next()?;
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_ascii_lowercase();
    let makes = |name: &str| {
        let rest = name.split_once(':').map_or("", |(_, name)| name);
        ["Create", "Put", "Publish"]
            .iter()
            .any(|verb| rest.strip_prefix(verb).is_some_and(|rest| rest.eq_ignore_ascii_case(short)))
    };
    let name = kind.handler(Handler::Create)?.permissions().find(|name| makes(name))?;
    let action = actions().action(name)?;
    let named = action.resources().find(|resource| plain(resource.shapes().name()) == plain(short));
    let only = || {
        let mut all = action.resources();
        all.next().filter(|_| all.next().is_none())
    };
    named.or_else(only)?.shapes().shapes().next()
}
