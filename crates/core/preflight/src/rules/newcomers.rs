//! What accounts that join later meet: failures 18 and 20 of README.md.
//!
//! Automatic deployment gives them the set's parameter values, whatever accounts of their unit have instead
//! ([`Stack::newcomers`]).
//!
//! Automatic deployment starts all sets that cover a new account at once, unless they are told to wait for each other
//! (`DependsOn`, which this release does not set).

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_base::Severity;
use stackfleet_plan::observed::PermissionModel;
use stackfleet_template::Evaluated;

use crate::{
    codes,
    report::{Finding, Report, listed},
    survey::{Opaque, Stack},
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let follows = |stack: &&Stack<'_>| {
        matches!(stack.wanted.definition.model, PermissionModel::ServiceManaged { auto_deploy: true, .. })
    };
    let following: Vec<&Stack<'_>> = world.survey.stacks.iter().filter(follows).collect();
    following.iter().filter_map(|stack| without_overrides(stack)).for_each(|finding| report.add(finding));
    for user in &following {
        let imports = imports(user);
        for maker in following.iter().filter(|maker| maker.wanted.set != user.wanted.set) {
            let exports = exports(maker);
            let shared = match imports.intersection(&exports).next() {
                Some(export) => format!("whose export `{export}` it imports"),
                None => match shared_name(maker, user) {
                    Some((kind, name)) => format!("whose {kind} `{name}` it names"),
                    None => continue,
                },
            };
            let (user_name, maker_name) = (&user.wanted.stack, &maker.wanted.stack);
            let message = format!(
                "in accounts that join, stack {user_name} may come before stack {maker_name}, {shared}, and fail"
            );
            let help =
                "put both into one template, or run `stackfleet deploy --retry failed` when accounts have joined";
            let span = user.declared.map(|declared| declared.name.span);
            let finding = Finding::new(codes::NEWCOMERS_RACE, Severity::Warning, message);
            report.add(finding.at(span).help(help).cells(user.cells.iter().map(|cell| cell.id)));
        }
    }
}

/// Tells how a stack without the values that accounts have of their own is not what they have.
fn without_overrides(stack: &Stack<'_>) -> Option<Finding> {
    let told = stack.newcomers.iter().find_map(|newcomer| {
        let evaluated = match &newcomer.result {
            Ok(evaluated) => evaluated,
            Err(Opaque::Refused(why)) => return Some(format!("CloudFormation would refuse it: {why}")),
            Err(Opaque::Unknown(_)) => return None,
        };
        let own: BTreeSet<&str> = evaluated.resources.keys().map(String::as_str).collect();
        let same_place = stack.variants.iter().filter(|variant| variant.site.region == newcomer.site.region);
        let others: Vec<BTreeSet<&str>> = same_place
            .filter_map(|variant| variant.result.as_ref().ok())
            .map(|evaluated| evaluated.resources.keys().map(String::as_str).collect())
            .collect();
        let all = others.iter().cloned().reduce(|all, other| &all & &other)?;
        let some = others.iter().fold(BTreeSet::new(), |some, other| &some | other);
        let (lacks, has): (Vec<&str>, Vec<&str>) =
            ((&all - &own).into_iter().collect(), (&own - &some).into_iter().collect());
        let lacks = (!lacks.is_empty()).then(|| format!("without {}", listed(&lacks)));
        let has = (!has.is_empty()).then(|| format!("with {}, which no other has", listed(&has)));
        let parts: Vec<String> = lacks.into_iter().chain(has).collect();
        (!parts.is_empty()).then(|| format!("it is {}", parts.join(" and ")))
    })?;
    let message =
        format!("accounts that join get stack {} with the set's own parameter values: {told}", stack.wanted.stack);
    let help = "give the parameters defaults that suit an account that joins, or leave `auto-deploy` off";
    let span = stack.declared.map(|declared| declared.name.span);
    let finding = Finding::new(codes::NEWCOMER_DIFFERS, Severity::Warning, message);
    Some(finding.at(span).help(help).cells(stack.cells.iter().map(|cell| cell.id)))
}

/// Returns a name that one stack gives and another, which does not give it, uses.
fn shared_name(maker: &Stack<'_>, user: &Stack<'_>) -> Option<(&'static str, String)> {
    let given = given_names(maker);
    let own = given_names(user);
    let used: Vec<&Value> = evaluated(user)
        .flat_map(|evaluated| evaluated.resources.values())
        .flat_map(|resource| resource.properties.values())
        .collect();
    given.into_iter().find(|(kind, name)| {
        !own.contains(&(*kind, name.clone())) && used.iter().any(|value| names_it(value, kind, name))
    })
}

fn given_names(stack: &Stack<'_>) -> BTreeSet<(&'static str, String)> {
    evaluated(stack)
        .flat_map(|evaluated| evaluated.resources.values())
        .filter_map(super::names::given)
        .map(|(kind, name)| (kind, name.to_owned()))
        .collect()
}

/// Tells whether a value has the ARN of a thing of this type and name; a name alone may mean anything.
fn names_it(value: &Value, kind: &str, name: &str) -> bool {
    match value {
        Value::String(text) => {
            let service = kind.split("::").nth(1).unwrap_or_default();
            let mut parts = text.splitn(6, ':');
            let is_arn = parts.next() == Some("arn");
            let of_service = parts.nth(1).is_some_and(|found| found.eq_ignore_ascii_case(service));
            let resource = parts.nth(2).unwrap_or_default();
            is_arn && of_service && resource.split([':', '/']).any(|part| part == name)
        }
        Value::Array(items) => items.iter().any(|item| names_it(item, kind, name)),
        // A policy may speak of what is not there yet.
        Value::Object(members) => {
            let mut members = members.iter().filter(|(key, _)| !matches!(key.as_str(), "Resource" | "NotResource"));
            members.any(|(_, member)| names_it(member, kind, name))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn evaluated<'s>(stack: &'s Stack<'_>) -> impl Iterator<Item = &'s Evaluated> {
    stack.variants.iter().filter_map(|variant| variant.result.as_ref().ok())
}

fn exports(stack: &Stack<'_>) -> BTreeSet<String> {
    let names = evaluated(stack)
        .flat_map(|evaluated| evaluated.outputs.values())
        .filter_map(|output| output.export_name.as_ref());
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn imports(stack: &Stack<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for evaluated in evaluated(stack) {
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
