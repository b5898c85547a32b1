//! `targets`: which accounts and regions an app goes to, and why.
//!
//! Answers come from the project file alone, so that they can be had without being signed in; accounts that AWS has
//! suspended meanwhile are shown by `plan` and `status`.

use anyhow::{Result, bail};
use serde_json::json;
use stackfleet_base::Region;
use stackfleet_organization::{
    target::Expression,
    tree::{Account, Tree},
};
use stackfleet_project::{Project, model::App};

use crate::{
    arguments::Global,
    console::{Console, Paint},
    exit::Exit,
    session,
};

/// Lists accounts that are in, with their regions, and accounts that are out.
pub(crate) fn list(console: &Console, global: &Global, app: Option<&str>) -> Result<Exit> {
    let (project, tree) = match read(console, global)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let apps = chosen(&project, app)?;
    let mut listed = Vec::new();
    for app in apps {
        let name = &app.name.value;
        if !console.json {
            console.result(format!(" {name}   {}", app.targets.text()));
        }
        for account in &tree.accounts {
            let regions = regions(app, account);
            let verdict = app.targets.explain(account, None);
            let included = !regions.is_empty();
            let told: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
            if console.json {
                listed.push(json!({
                    "app": name,
                    "account": { "id": account.id, "name": account.name },
                    "unit": account.unit,
                    "included": included,
                    "regions": told,
                    "reason": verdict.reason.to_string(),
                }));
            } else {
                let sign = if included { console.paint_result(Paint::Good, "+") } else { "·".to_owned() };
                let text = if included { told.join(", ") } else { verdict.reason.to_string() };
                console.result(format!("   {sign} {:<22} {:<24} {text}", account.name, unit(account)));
            }
        }
    }
    if console.json {
        console.json(&json!({ "schema": "stackfleet/targets/v1", "targets": listed }));
    }
    Ok(Exit::Done)
}

/// Tells why one account is in or out, app by app, with the place of the deciding term.
pub(crate) fn explain(console: &Console, global: &Global, account: &str) -> Result<Exit> {
    let (_, sources, _) = session::read(&global.project)?;
    let (project, tree) = match read(console, global)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let Some(found) = tree.account(account) else {
        let names = tree.accounts.iter().map(|account| account.name.as_str());
        let near = stackfleet_base::suggest::nearest(account, names);
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        bail!("there is no account `{account}` in the project{hint}");
    };
    let mut listed = Vec::new();
    if !console.json {
        let environment = project.environment_of(found).unwrap_or("none");
        console.result(format!(" {}   unit {}   environment {environment}", found.name, unit(found)));
    }
    for app in project.apps.values() {
        let verdict = app.targets.explain(found, None);
        let place = span(&verdict.reason).and_then(|span| sources.location(span));
        let told = place.as_ref().map(|place| format!("   {place}")).unwrap_or_default();
        let regions: Vec<&str> = regions(app, found).iter().map(|region| region.as_str()).collect();
        if console.json {
            listed.push(json!({
                "app": app.name.value,
                "included": !regions.is_empty(),
                "regions": regions,
                "reason": verdict.reason.to_string(),
                "place": place.map(|place| place.to_string()),
            }));
        } else {
            let sign = if regions.is_empty() { "·".to_owned() } else { console.paint_result(Paint::Good, "+") };
            console.result(format!("   {sign} {:<24} {}{told}", app.name.value, verdict.reason));
            if !regions.is_empty() {
                console.result(format!("     {}", regions.join(", ")));
            }
        }
    }
    if console.json {
        let account = json!({ "id": found.id, "name": found.name });
        console.json(&json!({ "schema": "stackfleet/targets/v1", "account": account, "apps": listed }));
    }
    Ok(Exit::Done)
}

fn read(console: &Console, global: &Global) -> Result<Result<(Project, Tree), Exit>> {
    let loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(Err(exit)),
    };
    let Some(organization) = &loaded.project.organization else {
        bail!("the project has no `organization:`, so its accounts are known only to AWS; see `stackfleet plan`");
    };
    let tree = organization.tree();
    Ok(Ok((loaded.project, tree)))
}

fn chosen<'a>(project: &'a Project, app: Option<&str>) -> Result<Vec<&'a App>> {
    match app {
        None => Ok(project.apps.values().collect()),
        Some(name) => match project.apps.get(name) {
            Some(app) => Ok(vec![app]),
            None => bail!(session::no_app(project, name)),
        },
    }
}

fn regions<'a>(app: &'a App, account: &Account) -> Vec<&'a Region> {
    let wanted = |region: &&Region| included(&app.targets, account, region);
    app.regions.iter().map(|region| &region.value).filter(wanted).collect()
}

fn included(targets: &Expression, account: &Account, region: &Region) -> bool {
    targets.explain(account, Some(region)).included
}

fn unit(account: &Account) -> &str {
    if account.unit.is_empty() { "(root)" } else { &account.unit }
}

fn span(reason: &stackfleet_organization::target::Reason) -> Option<stackfleet_base::Span> {
    use stackfleet_organization::target::Reason;
    match reason {
        Reason::Matched { span, .. } | Reason::Excluded { span, .. } => Some(*span),
        Reason::NotNamed { .. } | Reason::State(_) | Reason::Management => None,
    }
}
