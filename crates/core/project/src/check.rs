//! Checks that need the whole project: do names lead somewhere, do parameters fit, can the roles be entered.

use std::collections::BTreeMap;

use stackfleet_base::suggest::nearest;
use stackfleet_base::{Diagnostic, Files, Region, Span};
use stackfleet_organization::{Account, Expression, Term};

use crate::codes;
use crate::lookup::NotKnown;
use crate::model::{App, Organization, Project, Reference, Spanned, Stack, Text};
use crate::{deployable, parameters, trust};

/// Returns everything that is wrong between the parts of a project.
pub(crate) fn check(project: &Project, files: &dyn Files) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let tree = project.organization.as_ref().map(Organization::tree);
    if let (Some(organization), Some(tree)) = (&project.organization, &tree) {
        let regions: Vec<Region> = organization.regions.iter().map(|region| region.value.clone()).collect();
        for expression in expressions(project) {
            found.extend(expression.check(tree, &regions));
        }
        found.extend(required_tags(organization));
    }
    for app in project.apps.values() {
        let accounts = tree.as_ref().map(|tree| app.targets.select(tree)).unwrap_or_default();
        if tree.is_some() && accounts.is_empty() && app.targets.is_sound() {
            let message = format!("the targets of `{}` select no account", app.name.value);
            let help = "look why with `stackfleet targets explain ACCOUNT`";
            found.push(Diagnostic::warning(codes::NO_TARGET, message).at(app.targets.span(), "").help(help));
        }
        for stack in app.stacks.values() {
            found.extend(deployable::check(files, app, stack, accounts.len() > 1));
            found.extend(outputs(project, app, stack));
            found.extend(trust::check(project, app, stack));
            found.extend(reach(app, stack));
            found.extend(environments(project, app, stack, &accounts));
            found.extend(parameters::check(project, app, stack, &accounts));
        }
    }
    found.extend(parameters::unused(project));
    found
}

fn expressions(project: &Project) -> impl Iterator<Item = &Expression> {
    let environments = project.environments.values().map(|environment| &environment.targets);
    let apps = project
        .apps
        .values()
        .flat_map(|app| std::iter::once(&app.targets).chain(app.rollout.waves.iter().map(|wave| &wave.targets)));
    environments.chain(apps)
}

/// Accounts that lack the same tags are told together.
fn required_tags(organization: &Organization) -> Vec<Diagnostic> {
    let mut lacking: BTreeMap<String, Vec<&Spanned<String>>> = BTreeMap::new();
    for account in organization.all_accounts() {
        let required = organization.required_tags.iter();
        let missing = required.filter(|tag| !account.tags.contains_key(&tag.value));
        let missing: Vec<String> = missing.map(|tag| format!("`{}`", tag.value)).collect();
        if !missing.is_empty() {
            lacking.entry(missing.join(", ")).or_default().push(&account.name);
        }
    }
    let tell = |(tags, accounts): (String, Vec<&Spanned<String>>)| {
        let names: Vec<&str> = accounts.iter().map(|name| name.value.as_str()).collect();
        let message = match names.as_slice() {
            [only] => format!("the account `{only}` lacks the required tags {tags}"),
            several => {
                format!("{} accounts lack the required tags {tags}: {}", several.len(), parameters::listed(several))
            }
        };
        let warning = Diagnostic::warning(codes::MISSING_TAG, message);
        let warning = accounts.first().map_or_else(|| warning.clone(), |name| warning.clone().at(name.span, ""));
        warning.help("add them under `tags:` of each account")
    };
    lacking.into_iter().map(tell).collect()
}

/// Every text of a stack that may refer to something.
pub(crate) fn texts(stack: &Stack) -> impl Iterator<Item = &Spanned<Text>> {
    stack.parameters.values().chain(stack.role.as_ref())
}

/// `${STACK.OUTPUT}`: there must be such a stack and such an output, and its value must be known beforehand.
fn outputs(project: &Project, app: &App, stack: &Stack) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for text in texts(stack) {
        for reference in text.value.references() {
            if let Reference::Output { stack: other, output } = reference {
                found.extend(output_problem(project, app, other, output, text.span));
            }
        }
    }
    found.extend(role_name(project, app, stack));
    found
}

fn output_problem(project: &Project, app: &App, stack: &str, output: &str, span: Span) -> Option<Diagnostic> {
    let Some(target) = app.stacks.get(stack) else {
        let message = format!("`${{{stack}.{output}}}`: the app `{}` has no stack `{stack}`", app.name.value);
        let written = format!("{stack}.{output}");
        let help = match (nearest(stack, app.stacks.keys().map(String::as_str)), nearest(&written, crate::text::NAMES))
        {
            (Some(meant), _) => format!("did you mean `${{{meant}.{output}}}`?"),
            (None, Some(meant)) => format!("did you mean `${{{meant}}}`?"),
            (None, None) => format!("stacks are {}", app.stacks.keys().cloned().collect::<Vec<_>>().join(", ")),
        };
        return Some(Diagnostic::error(codes::REFERENCE, message).at(span, "").help(help));
    };
    let template = &target.template.template;
    if !template.outputs().any(|known| known.name == output) {
        let message = format!("`${{{stack}.{output}}}`: `{}` has no output `{output}`", target.template.path.value);
        let names: Vec<&str> = template.outputs().map(|output| output.name).collect();
        let help = match nearest(output, names.iter().copied()) {
            Some(meant) => format!("did you mean `${{{stack}.{meant}}}`?"),
            None if names.is_empty() => "the template has no outputs".to_owned(),
            None => format!("outputs are {}", names.join(", ")),
        };
        return Some(Diagnostic::error(codes::REFERENCE, message).at(span, "").help(help));
    }
    let why = match project.output(app, stack, output) {
        // Circles are told where stacks are brought into order.
        Ok(_) | Err(NotKnown::Circle(_)) => return None,
        Err(why @ NotKnown::Because(_)) => why,
    };
    let message = format!("`${{{stack}.{output}}}` cannot be known before it is deployed: {why}");
    let place = crate::templates::place(&target.template, &format!("/Outputs/{output}/Value"));
    let error = Diagnostic::error(codes::REFERENCE, message).at(span, "").at(place, "the output");
    Some(error.help("give the resource a name, and let the output be that name"))
}

/// The execution role is a name: StackSets looks for it in each account.
fn role_name(project: &Project, app: &App, stack: &Stack) -> Option<Diagnostic> {
    let role = stack.role.as_ref()?;
    let name = role.value.render(|reference| match reference {
        Reference::Output { stack, output } => {
            project.output(app, stack, output).ok()?.render(|_| Some("123456789012".to_owned()))
        }
        Reference::ManagementId
        | Reference::OrganizationId
        | Reference::Environment
        | Reference::AccountId
        | Reference::AccountName
        | Reference::AccountTag(_) => Some("x".to_owned()),
    })?;
    let formed = (1..=64).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter));
    (!formed).then(|| {
        let message = format!("`role` must be the name of a role, and is `{name}`");
        let help = "use an output that is `!Ref` of the role; StackSets finds the role by name in each account";
        Diagnostic::error(codes::BAD_VALUE, message).at(role.span, "").help(help)
    })
}

/// Auto-deployment knows units only: it ignores account filters (documentation of StackSets, automatic deployments).
fn reach(app: &App, stack: &Stack) -> Option<Diagnostic> {
    if !stack.auto_deploy || !app.targets.is_sound() {
        return None;
    }
    // An exclusion of an account by name concerns no newcomer; all else that is not a unit may.
    let text = app.targets.text();
    let narrowing = app.targets.terms().into_iter().find(|(term, span)| match term {
        Term::All | Term::Unit(_) => text.contains('&'),
        Term::AccountName(_) | Term::AccountId(_) => !is_excluded(text, app.targets.span(), *span),
        Term::Tag(..) | Term::Name(_) | Term::State(_) | Term::Region(_) => true,
    });
    let (_, span) = narrowing?;
    let message =
        format!("accounts that join the units later get `{}` whether the targets name them or not", stack.name.value);
    let warning = Diagnostic::warning(codes::AUTO_DEPLOY_REACH, message).at(span, "auto-deployment ignores this");
    Some(warning.help("target whole units (`ou:NAME`), or remove `auto-deploy` and run `deploy` when accounts join"))
}

fn is_excluded(text: &str, whole: Span, term: Span) -> bool {
    term.start.checked_sub(whole.start).is_some_and(|_| {
        let quote = (whole.end - whole.start).saturating_sub(text.len()) / 2;
        let start = term.start.saturating_sub(whole.start + quote);
        text.get(start..).is_some_and(|rest| rest.starts_with('!'))
    })
}

/// `${env}`: every account that is reached must have an environment.
fn environments(project: &Project, app: &App, stack: &Stack, accounts: &[&Account]) -> Option<Diagnostic> {
    let text = texts(stack).find(|text| text.value.references().any(|found| *found == Reference::Environment))?;
    let without = accounts.iter().filter(|account| project.environment_of(account).is_none());
    let without: Vec<&str> = without.map(|account| account.name.as_str()).collect();
    if without.is_empty() {
        return None;
    }
    let message = format!("`${{env}}` has no value in {}", parameters::listed(&without));
    let mut error = Diagnostic::error(codes::NO_ENVIRONMENT, message).at(text.span, "");
    let organization = project.organization.as_ref();
    let places: BTreeMap<&str, Span> = organization
        .map(|organization| organization.all_accounts())
        .unwrap_or_default()
        .into_iter()
        .map(|account| (account.name.value.as_str(), account.name.span))
        .collect();
    for span in without.iter().filter_map(|name| places.get(name)).take(5) {
        error = error.at(*span, "in no environment");
    }
    let help = format!(
        "give the account the tag `env`, name it in an entry of `environments:`, or leave it out of the targets of `{}`",
        app.name.value
    );
    Some(error.help(help))
}

/// Ids that a declared tree does not know, in the form that they will have.
pub(crate) fn example_of(project: &Project, app: &App, reference: &Reference, account: &Account) -> Option<String> {
    match reference {
        Reference::ManagementId | Reference::AccountId => Some("123456789012".to_owned()),
        Reference::OrganizationId => Some("o-exampleorg".to_owned()),
        Reference::Environment => project.environment_of(account).map(str::to_owned),
        Reference::AccountName => Some(account.name.clone()),
        Reference::AccountTag(tag) => account.tags.get(tag).cloned(),
        Reference::Output { stack, output } => {
            let text = project.output(app, stack, output).ok()?;
            text.render(|inner| match inner {
                Reference::Output { .. } => None,
                Reference::ManagementId
                | Reference::OrganizationId
                | Reference::Environment
                | Reference::AccountId
                | Reference::AccountName
                | Reference::AccountTag(_) => example_of(project, app, inner, account),
            })
        }
    }
}
