//! `policy diff`: who gains or loses what when one policy becomes another.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use stackfleet_base::{AccountId, Diagnostic, Sources};
use stackfleet_catalog::{actions, actions::Service};
use stackfleet_permissions::known_actions;
use stackfleet_plan::plan::AccountRef;
use stackfleet_policy::{
    Origin, Policy, PolicyKind, PolicySet,
    difference::{Affected, Difference, KnownAction, Says, difference},
    rollout_check::{self, RolloutOrganization, Use},
};
use stackfleet_preflight::exposure::{self, Exposure, exposure, policies};

use crate::{
    arguments::{Global, PolicyDiff},
    commands::check::{look_at_organization, with_input},
    console::Console,
    diagnostics,
    exit::Exit,
    input,
    screens::exposure::{self as screen, Documents},
};

/// Compares two documents, by themselves or for an organization.
pub(crate) fn diff(console: &Console, global: &Global, options: &PolicyDiff) -> Result<Exit> {
    if input::is_stdin(&options.before) && input::is_stdin(&options.after) {
        bail!("only one of the documents can come from standard input");
    }
    let texts = (input::read(&options.before)?, input::read(&options.after)?);
    let comparison = match &options.org {
        None => by_themselves(console, options, texts)?,
        Some(Some(file)) => in_file(console, options, texts, file)?,
        Some(None) => in_project(console, global, options, texts)?,
    };
    let Some((documents, found, organization)) = comparison else { return Ok(Exit::Error) };
    let changes = match &organization {
        None => !found.changes.is_empty(),
        Some((_, exposure)) => !exposure.affected.is_empty(),
    };
    if console.json {
        console.json(&value(&documents, &found, organization.as_ref()));
    } else {
        screen::show(
            console,
            &documents,
            &found,
            organization.as_ref().map(|(name, exposure)| (name.as_str(), exposure)),
        );
    }
    Ok(if changes && options.detailed_exitcode { Exit::Pending } else { Exit::Done })
}

/// What was compared: documents, what they say by themselves, and for whom in an organization that changes something.
type Comparison = Option<(Documents, Difference<Says>, Option<(String, Exposure)>)>;

fn by_themselves(console: &Console, options: &PolicyDiff, texts: (String, String)) -> Result<Comparison> {
    Ok(documents(console, options, options.kind.kind(), texts).map(|documents| {
        let found = compare(&documents).0;
        (documents, found, None)
    }))
}

/// Compares two documents by themselves; returns the actions to which they say different things, too.
fn compare(documents: &Documents) -> (Difference<Says>, Vec<KnownAction>) {
    let mut actions = known_actions(documents.partition);
    let found = difference(&documents.before, &documents.after, &actions);
    let changed: BTreeSet<&str> = found.changes.iter().flat_map(|change| &change.actions).map(String::as_str).collect();
    actions.retain(|action| changed.contains(action.name.as_str()));
    (found, actions)
}

/// Reads both documents; `None` when one is malformed, which is said.
fn documents(
    console: &Console,
    options: &PolicyDiff,
    kind: PolicyKind,
    (before, after): (String, String),
) -> Option<Documents> {
    let mut sources = Sources::default();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut read = |path: &Path, text: &str| {
        let name = input::name(path);
        let file = sources.add(&name, text);
        let (policy, found) = Policy::read(kind, &name, text, Some(Origin { file, offset: 0 }));
        problems.extend(found.into_iter().filter(Diagnostic::is_error));
        policy
    };
    let (old, new) = (read(&options.before, &before), read(&options.after, &after));
    diagnostics::show(console, &sources, &problems);
    let (old, new) = (old?, new?);
    let partition =
        ["aws-cn", "aws-us-gov"].into_iter().find(|name| after.contains(&format!("arn:{name}:"))).unwrap_or("aws");
    let entries = old.statements().iter().chain(new.statements()).flat_map(|one| one.action_entries()).collect();
    let actions = actions().services().flat_map(Service::actions).map(|action| action.to_string()).collect();
    Some(Documents { sources, actions, before: PolicySet::of(old), after: PolicySet::of(new), partition, entries })
}

/// Returns the policy's name in an organization: as given, as a file is called, or as says the same.
fn name_in<'n>(options: &PolicyDiff, texts: &(String, String), names: &[(&'n str, &'n str)]) -> Result<&'n str> {
    let listed = || names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &options.name {
        let found = names.iter().find(|(name, _)| name == wanted);
        return found
            .map(|(name, _)| *name)
            .with_context(|| format!("the organization has no policy `{wanted}`; it has {}", listed()));
    }
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let called = [&options.after, &options.before].into_iter().filter_map(|path| stem(path));
    for called in called {
        if let Some((name, _)) = names.iter().find(|(name, _)| *name == called) {
            return Ok(name);
        }
    }
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let same = |text: &str, content: &str| parsed(text).is_some_and(|one| Some(one) == parsed(content));
    let found = names.iter().find(|(_, content)| same(&texts.0, content) || same(&texts.1, content));
    found.map(|(name, _)| *name).with_context(|| {
        format!(
            "no policy of the organization is called as one of the files; say with --name which it is: {}",
            listed()
        )
    })
}

/// Compares for the execution roles of an organization that a file describes.
fn in_file(console: &Console, options: &PolicyDiff, texts: (String, String), file: &Path) -> Result<Comparison> {
    let organization: RolloutOrganization = super::read(file)?;
    let contents: Vec<(String, String)> =
        organization.policies().map(|(name, document)| (name.to_owned(), document.to_string())).collect();
    let names: Vec<(&str, &str)> = contents.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let name = name_in(options, &texts, &names)?;
    let uses = organization.uses(name);
    let kind = match uses.first() {
        Some(Use::ServiceControl) => PolicyKind::ServiceControl,
        Some(Use::ResourceControl) => PolicyKind::ResourceControl,
        Some(Use::Boundary) => PolicyKind::Boundary,
        Some(Use::Identity) => PolicyKind::Identity,
        None => bail!("`{name}` is attached nowhere in {}: nobody gains or loses by it", file.display()),
    };
    // Policies of roles are compared by themselves for any account; those of the organization have no such sign.
    const ANY: &str = "111122223333";
    let is_of_roles = matches!(kind, PolicyKind::Identity | PolicyKind::Boundary);
    let anywhere = |text: &String| if is_of_roles { text.replace("{acct}", ANY) } else { text.clone() };
    let anywhere = (anywhere(&texts.0), anywhere(&texts.1));
    let Some(documents) = documents(console, options, kind, anywhere) else { return Ok(None) };
    let (found, changed) = compare(&documents);
    let parse = |text: &str| serde_json::from_str::<Value>(text).context("a policy is no JSON");
    let (before, after) = (parse(&texts.0)?, parse(&texts.1)?);
    let replacement = rollout_check::Replacement { name, before: &before, after: &after };
    let affected = organization.difference(replacement, &changed).with_context(|| format!("in {}", file.display()))?;
    let account = |id: AccountId| AccountRef { name: id.to_string(), id: Some(id) };
    let exposure = Exposure {
        nodes: organization.nodes(name).map(str::to_owned).collect(),
        bound: organization.bound(name).map(|id| account(id.clone())).collect(),
        affected: affected
            .into_iter()
            .map(|found| Affected {
                who: found.who,
                accounts: found.accounts.into_iter().map(account).collect(),
                difference: found.difference,
            })
            .collect(),
    };
    Ok(Some((documents, found, Some((name.to_owned(), exposure)))))
}

/// Compares for the project's organization, looked at where it can be reached.
fn in_project(console: &Console, global: &Global, options: &PolicyDiff, texts: (String, String)) -> Result<Comparison> {
    let (loaded, observed) = match look_at_organization(console, global)? {
        Ok(looked) => looked,
        Err(_) => return Ok(None),
    };
    with_input(&loaded, &observed, |input| -> Result<Comparison> {
        let known = policies(input);
        let names: Vec<(&str, &str)> = known.iter().map(|(name, _, text)| (name.as_str(), text.as_str())).collect();
        let name = name_in(options, &texts, &names)?;
        let is_resource_control = known.iter().any(|(known, is_rcp, _)| known == name && *is_rcp);
        let kind = if is_resource_control { PolicyKind::ResourceControl } else { PolicyKind::ServiceControl };
        let Some(documents) = documents(console, options, kind, texts.clone()) else { return Ok(None) };
        let (found, changed) = compare(&documents);
        let replacement = exposure::Replacement { name, is_resource_control, before: &texts.0, after: &texts.1 };
        let exposure = exposure(input, &replacement, &changed);
        Ok(Some((documents, found, Some((name.to_owned(), exposure)))))
    })
}

fn value(documents: &Documents, found: &Difference<Says>, organization: Option<&(String, Exposure)>) -> Value {
    let mut document = json!({
        "schema": "stackfleet/policy-diff/v1",
        "changes": found.changes.iter().map(|change| documents.value(change, screen::says)).collect::<Vec<_>>(),
        "incomplete": found.incomplete,
    });
    let Some((name, exposure)) = organization else { return document };
    let account = |account: &AccountRef| json!({ "id": account.id, "name": account.name });
    let affected: Vec<Value> = exposure
        .affected
        .iter()
        .map(|affected| {
            json!({
                "who": affected.who,
                "accounts": affected.accounts.iter().map(account).collect::<Vec<_>>(),
                "changes": affected.difference.changes.iter()
                    .map(|change| documents.value(change, screen::access)).collect::<Vec<_>>(),
                "incomplete": affected.difference.incomplete,
            })
        })
        .collect();
    if let Value::Object(members) = &mut document {
        let organization = json!({
            "policy": name,
            "attached-to": exposure.nodes,
            "accounts": exposure.bound.iter().map(account).collect::<Vec<_>>(),
            "affected": affected,
        });
        members.insert("organization".to_owned(), organization);
    }
    document
}
