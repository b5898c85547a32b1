//! Do the parameters of a stack fit its template?

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::suggest::nearest;
use stackfleet_base::{Diagnostic, Span};
use stackfleet_organization::Account;

use crate::check::example_of;
use crate::codes;
use crate::model::{App, Project, Spanned, Stack, Text};

/// Checks a stack's parameters in the accounts that it goes to.
pub(crate) fn check(project: &Project, app: &App, stack: &Stack, accounts: &[&Account]) -> Vec<Diagnostic> {
    let mut found = undeclared(stack);
    found.extend(missing(project, stack, accounts));
    found.extend(values(project, app, stack, accounts));
    found
}

fn undeclared(stack: &Stack) -> Vec<Diagnostic> {
    let declared = stack.template.template.parameters();
    let unknown = stack.parameters.iter().filter(|(name, _)| !declared.contains_key(*name));
    let tell = |(name, value): (&String, &Spanned<Text>)| {
        let message = format!("`{}` has no parameter `{name}`", stack.template.path.value);
        let help = match nearest(name, declared.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if declared.is_empty() => "the template has no parameters".to_owned(),
            None => format!("parameters are {}", declared.keys().cloned().collect::<Vec<_>>().join(", ")),
        };
        Diagnostic::error(codes::UNKNOWN_PARAMETER, message).at(value.span, "").help(help)
    };
    unknown.map(tell).collect()
}

/// A parameter without default needs a value in every account.
fn missing(project: &Project, stack: &Stack, accounts: &[&Account]) -> Vec<Diagnostic> {
    let template = &stack.template.template;
    let mut found = Vec::new();
    for (name, _) in template.parameters().iter().filter(|(_, parameter)| parameter.default.is_none()) {
        if stack.parameters.contains_key(name) {
            continue;
        }
        let without = accounts.iter().filter(|account| project.parameter(stack, name, account).is_none());
        let without: Vec<&str> = without.map(|account| account.name.as_str()).collect();
        let anywhere = project.environments.values().any(|environment| environment.parameters.contains_key(name));
        if without.is_empty() && (anywhere || !accounts.is_empty()) {
            continue;
        }
        let place = if anywhere { format!(" in {}", listed(&without)) } else { String::new() };
        let message = format!("the parameter `{name}` of the stack `{}` has no value{place}", stack.name.value);
        let mut error = Diagnostic::error(codes::MISSING_PARAMETER, message).at(stack.name.span, "");
        if let Some(span) = template.key_span(&format!("/Parameters/{name}")) {
            error = error.at(span, "declared here, without a default");
        }
        let help =
            format!("set it under `parameters:` of the stack, or give it a `Default` in {}", stack.template.path.value);
        found.push(error.help(help));
    }
    found
}

/// The first names, and how many more there are.
pub(crate) fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(5) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Values must keep what the template demands; each is told once, with the first account in which it occurs.
fn values(project: &Project, app: &App, stack: &Stack, accounts: &[&Account]) -> Vec<Diagnostic> {
    let mut told: BTreeMap<(Span, String), Diagnostic> = BTreeMap::new();
    for (name, parameter) in stack.template.template.parameters() {
        for account in accounts {
            let Some(given) = given(project, stack, name, account) else { continue };
            let Some(value) = given.value.render(|found| example_of(project, app, found, account)) else { continue };
            let Err(why) = parameter.check(name, &value) else { continue };
            let message = format!("`{value}` is not a value for the parameter `{name}`: {}", why.trim_end_matches('.'));
            let error = Diagnostic::error(codes::PARAMETER_VALUE, message).at(given.span, "");
            let error = match stack.template.template.key_span(&format!("/Parameters/{name}")) {
                Some(declared) => error.at(declared, "declared here"),
                None => error,
            };
            told.entry((given.span, value)).or_insert_with(|| match given.value.literal() {
                Some(_) => error,
                None => error.help(format!("this is its value in `{}`", account.name)),
            });
        }
    }
    told.into_values().collect()
}

fn given<'a>(project: &'a Project, stack: &'a Stack, name: &str, account: &Account) -> Option<&'a Spanned<Text>> {
    stack.parameters.get(name).or_else(|| {
        let mut environments = project.environments.values();
        environments.find(|entry| entry.targets.named(account, None).included)?.parameters.get(name)
    })
}

/// Tells parameters of environments that no template declares.
pub(crate) fn unused(project: &Project) -> Vec<Diagnostic> {
    let stacks = project.apps.values().flat_map(|app| app.stacks.values());
    let declared: BTreeSet<&str> =
        stacks.flat_map(|stack| stack.template.template.parameters().keys().map(String::as_str)).collect();
    let mut found = Vec::new();
    for environment in project.environments.values() {
        for (name, value) in environment.parameters.iter().filter(|(name, _)| !declared.contains(name.as_str())) {
            let message = format!("no template has a parameter `{name}`");
            let warning = Diagnostic::warning(codes::UNKNOWN_PARAMETER, message).at(value.span, "");
            found.push(match nearest(name, declared.iter().copied()) {
                Some(meant) => warning.help(format!("did you mean `{meant}`?")),
                None => warning.help("remove it, or declare it in a template"),
            });
        }
    }
    found
}
