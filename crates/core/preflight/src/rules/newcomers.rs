//! What accounts that join later meet: failure 20 of README.md.
//!
//! Automatic deployment starts all sets that cover a new account at once, unless they are told to wait for each other
//! (`DependsOn`, which this release does not set).

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_base::Severity;
use stackfleet_plan::observed::PermissionModel;

use crate::{
    codes,
    report::{Finding, Report},
    survey::Stack,
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let follows = |stack: &&Stack<'_>| {
        matches!(stack.wanted.definition.model, PermissionModel::ServiceManaged { auto_deploy: true, .. })
    };
    let following: Vec<&Stack<'_>> = world.survey.stacks.iter().filter(follows).collect();
    for user in &following {
        let imports = imports(user);
        for maker in following.iter().filter(|maker| maker.wanted.set != user.wanted.set) {
            let exports = exports(maker);
            let Some(shared) = imports.intersection(&exports).next() else { continue };
            let (user_name, maker_name) = (&user.wanted.stack, &maker.wanted.stack);
            let message = format!(
                "in accounts that join, stack {user_name} may come before stack {maker_name}, whose export `{shared}` it \
                 imports, and fail"
            );
            let help =
                "put both into one template, or run `stackfleet deploy --retry failed` when accounts have joined";
            let span = user.declared.map(|declared| declared.name.span);
            let finding = Finding::new(codes::NEWCOMERS_RACE, Severity::Warning, message);
            report.add(finding.at(span).help(help).cells(user.cells.iter().map(|cell| cell.id)));
        }
    }
}

fn exports(stack: &Stack<'_>) -> BTreeSet<String> {
    let evaluated = stack.variants.iter().filter_map(|variant| variant.result.as_ref().ok());
    let names =
        evaluated.flat_map(|evaluated| evaluated.outputs.values()).filter_map(|output| output.export_name.as_ref());
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn imports(stack: &Stack<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for evaluated in stack.variants.iter().filter_map(|variant| variant.result.as_ref().ok()) {
        for resource in evaluated.resources.values() {
            resource.properties.values().for_each(|value| collect(value, &mut found));
        }
        evaluated.outputs.values().for_each(|output| collect(&output.value, &mut found));
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            found.extend(members.get("Fn::ImportValue").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
