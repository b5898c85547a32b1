//! `check` and `who-can`: may somebody of an account do something, by which statement in which file, and who may.
//!
//! With an endpoint, a profile or keys the organization is looked at first, and who is in that account. Without, the
//! answer comes from the project alone, as if everything in it had been deployed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use stackfleet_aws::identities;
use stackfleet_base::Timestamp;
use stackfleet_plan::{
    Observed,
    identities::{Identities, IdentityKind},
    observed::{Caller, Gap},
    plan as make_plan,
};
use stackfleet_policy::Layer;
use stackfleet_preflight::{
    Input,
    access::{Access, Answer, Origin, Question, Says, What, access, account, everybody},
};

use crate::{
    arguments::Global,
    console::{Console, Paint},
    exit::Exit,
    session::{self, Loaded, Reach},
};

/// What is asked at the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) account: &'a str,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
}

/// Answers for one role or user.
pub(crate) fn check(console: &Console, global: &Global, asked: &Asked<'_>, who: Option<&str>) -> Result<Exit> {
    let (loaded, seen) = match look(console, global, asked)? {
        Ok(looked) => looked,
        Err(exit) => return Ok(exit),
    };
    let found = with_input(&loaded, &seen.observed, |input| access(input, &seen.question(asked), who))?;
    if console.json {
        let mut document = json!({ "schema": "stackfleet/check/v1" });
        extend(&mut document, about(&found, asked));
        extend(&mut document, seen.notes());
        extend(&mut document, value(&found, &loaded));
        console.json(&document);
    } else {
        let (paint, sign, word) = verdict(&found.answer);
        let Access { account, name, .. } = &found;
        let head = format!("{sign} {word}   {} on {} in {account} as {name}", asked.action, asked.resource);
        console.result(console.paint_result(paint, head));
        for line in lines(&found, &loaded) {
            console.result(format!("    {line}"));
        }
    }
    Ok(if found.answer == Answer::Refused { Exit::Refused } else { Exit::Done })
}

/// Answers for every role and user that is known in the account.
pub(crate) fn who_can(console: &Console, global: &Global, asked: &Asked<'_>) -> Result<Exit> {
    let (loaded, seen) = match look(console, global, asked)? {
        Ok(looked) => looked,
        Err(exit) => return Ok(exit),
    };
    let found = with_input(&loaded, &seen.observed, |input| everybody(input, &seen.question(asked)))?;
    if console.json {
        let mut document = json!({ "schema": "stackfleet/who-can/v1" });
        if let Some(first) = found.first() {
            extend(&mut document, about(first, asked));
        }
        let principals: Vec<Value> = found.iter().map(|found| value(found, &loaded)).collect();
        extend(&mut document, json!({ "principals": principals }));
        extend(&mut document, seen.notes());
        console.json(&document);
        return Ok(Exit::Done);
    }
    let mut shown = 0;
    for one in found.iter().filter(|one| one.answer != Answer::Refused) {
        let (paint, sign, word) = verdict(&one.answer);
        let of = described(one).map(|of| format!("   {of}")).unwrap_or_default();
        console.result(format!(" {} {:<9} {}{of}", console.paint_result(paint, sign), word, one.name));
        for line in lines(one, &loaded).iter().filter(|line| !line.starts_with("service control")) {
            console.result(format!("     {line}"));
        }
        shown += 1;
    }
    let refused = found.len() - shown;
    if shown == 0 {
        console.result(format!("nobody that is known in {} may {}", asked.account, asked.action));
    }
    if refused > 0 {
        let users = found.iter().any(|one| one.kind == IdentityKind::User);
        let kinds = if users { "roles and users" } else { "roles" };
        console.result(format!(" {refused} of {} known {kinds} may not; `check --as NAME` tells why", found.len()));
    }
    Ok(Exit::Done)
}

/// The world that is asked about.
#[derive(Debug)]
struct Seen {
    observed: Observed,
    /// Who is in the account, where that could be looked up.
    identities: Option<Identities>,
    /// What could not be read of it.
    gaps: Vec<Gap>,
}

impl Seen {
    const fn question<'a>(&'a self, asked: &Asked<'a>) -> Question<'a> {
        let identities = self.identities.as_ref();
        Question { account: asked.account, action: asked.action, resource: asked.resource, identities }
    }

    fn notes(&self) -> Value {
        json!({ "notes": self.gaps.iter().map(told).collect::<Vec<_>>() })
    }
}

fn told(gap: &Gap) -> String {
    format!("{} could not be read: {}", gap.what, gap.why)
}

/// Reads the project and, where AWS or what stands in for it can be reached, the organization.
pub(super) fn look_at_organization(console: &Console, global: &Global) -> Result<Result<(Loaded, Observed), Exit>> {
    Ok(look_at(console, global, None)?.map(|(loaded, seen)| (loaded, seen.observed)))
}

/// Reads the project and, where AWS or what stands in for it can be reached, the organization and the account.
fn look(console: &Console, global: &Global, asked: &Asked<'_>) -> Result<Result<(Loaded, Seen), Exit>> {
    look_at(console, global, Some(asked.account))
}

fn look_at(console: &Console, global: &Global, asked: Option<&str>) -> Result<Result<(Loaded, Seen), Exit>> {
    let loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(Err(exit)),
    };
    let seen = if is_reachable(global) {
        session::block_on(global.twin, async {
            let reach = Reach::connect(global, &loaded.project).await?;
            let observed = reach.observe(&loaded).await?;
            let id = match asked {
                Some(asked) => account(&loaded.project, &observed, asked)?.id,
                None => None,
            };
            let identities = match &id {
                Some(id) => Some(identities(&reach.aws, id).await),
                None => None,
            };
            reach.close()?;
            let gaps = identities.iter().flat_map(|seen| &seen.gaps).cloned().collect();
            anyhow::Ok(Seen { observed, identities, gaps })
        })??
    } else {
        console.say("answered from the project alone, as if all of it were deployed");
        Seen { observed: nothing_seen(&loaded)?, identities: None, gaps: Vec::new() }
    };
    seen.gaps.iter().for_each(|gap| console.warn(format!("note: {}", told(gap))));
    Ok(Ok((loaded, seen)))
}

fn is_reachable(global: &Global) -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let named = ["AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"].iter().any(is_set);
    global.twin || global.endpoint_url.is_some() || global.profile.is_some() || named
}

/// The world before anything was made.
fn nothing_seen(loaded: &Loaded) -> Result<Observed> {
    const NOBODY: &str = "000000000000";
    let home = loaded.project.organization.as_ref().and_then(|organization| organization.home());
    let apps = loaded.project.apps.values().flat_map(|app| app.regions.first()).map(|region| &region.value);
    let home = match home.or(apps.into_iter().next()) {
        Some(region) => region.clone(),
        None => "us-east-1".parse().context("cannot name a region")?,
    };
    Ok(Observed {
        taken_at: Timestamp::default(),
        caller: Caller {
            account: NOBODY.parse().context("cannot name an account")?,
            arn: format!("arn:aws:iam::{NOBODY}:root").parse().context("cannot name a caller")?,
        },
        home,
        organization: None,
        administration_role: None,
        buckets: BTreeMap::new(),
        stack_sets: BTreeMap::new(),
        regions_off: BTreeMap::default(),
        gaps: Vec::new(),
    })
}

pub(super) fn with_input<T, E: Into<anyhow::Error>>(
    loaded: &Loaded,
    observed: &Observed,
    ask: impl FnOnce(&Input<'_>) -> Result<T, E>,
) -> Result<T> {
    let plan = make_plan(&loaded.project, &loaded.artifacts, observed);
    let input = Input {
        project: &loaded.project,
        sources: &loaded.sources,
        artifacts: &loaded.artifacts,
        plan: &plan,
        observed,
    };
    ask(&input).map_err(Into::into)
}

const fn verdict(answer: &Answer) -> (Paint, &'static str, &'static str) {
    match answer {
        Answer::Allowed => (Paint::Good, "✓", "allowed"),
        Answer::Refused => (Paint::Bad, "✗", "refused"),
        Answer::Depends(_) => (Paint::Odd, "!", "depends"),
    }
}

/// Tells what decides: denies and missing allows of a refusal, otherwise what allows and what may still apply.
fn lines(found: &Access, loaded: &Loaded) -> Vec<String> {
    let refused = found.answer == Answer::Refused;
    let denied = found.says.iter().any(|says| says.what == What::Denies);
    let matters = |says: &&Says| match says.what {
        What::Denies => true,
        What::LacksAllow => refused,
        // What allows is told where nothing denies, and may-bes where they decide.
        What::Allows => !refused || !denied && says.layer == Layer::Identity,
        What::MayApply => matches!(found.answer, Answer::Depends(_)),
    };
    let mut told: Vec<String> = found.says.iter().filter(matters).map(|says| line(says, loaded)).collect();
    if let Answer::Depends(on) = &found.answer {
        told.push(format!("depends on {}", on.join(", ")));
    }
    if let Some(today) = &found.today {
        let (.., word) = verdict(today);
        told.push(format!("{word} today, until the project is deployed"));
    }
    let mut seen = BTreeSet::new();
    told.retain(|line| seen.insert(line.clone()));
    told
}

fn line(says: &Says, loaded: &Loaded) -> String {
    let node = says.place.as_ref().map(|place| format!(" on {place}")).unwrap_or_default();
    let verb = match says.what {
        What::Denies => "denies",
        What::Allows => "allows",
        What::MayApply => "may apply",
        What::LacksAllow => return format!("no {}{node} allows it", layer(says.layer)),
    };
    let policy = says.policy.as_deref().unwrap_or_default();
    let statement = statement(says);
    let place = place(says, loaded).map(|place| format!("   {place}")).unwrap_or_default();
    format!("{}{node}: {policy}, {statement}, {verb}{place}", layer(says.layer))
}

fn statement(says: &Says) -> String {
    match (&says.sid, says.statement) {
        (Some(sid), _) => sid.clone(),
        (None, Some(number)) => format!("statement {}", number + 1),
        (None, None) => String::new(),
    }
}

fn place(says: &Says, loaded: &Loaded) -> Option<String> {
    loaded.sources.location(says.span?).map(|place| format!("{}:{}", place.path, place.line))
}

const fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::ResourceControl => "resource control policy",
        Layer::ServiceControl => "service control policy",
        Layer::Resource => "resource policy",
        Layer::Trust => "trust policy",
        Layer::Identity => "identity policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
    }
}

/// Tells what somebody is, where that is not a role of the account.
fn described(found: &Access) -> Option<String> {
    match (&found.origin, found.kind) {
        (Origin::Stack { stack, exists: Some(false) }, _) => Some(format!("stack {stack}, not there yet")),
        (Origin::Stack { stack, .. }, _) => Some(format!("stack {stack}")),
        (Origin::Account | Origin::Presumed, IdentityKind::User) => Some("user".to_owned()),
        (Origin::Account | Origin::Presumed, IdentityKind::Role) => None,
    }
}

fn about(found: &Access, asked: &Asked<'_>) -> Value {
    json!({
        "account": { "id": found.id, "name": found.account },
        "action": asked.action,
        "resource": asked.resource,
    })
}

fn value(found: &Access, loaded: &Loaded) -> Value {
    let (_, _, word) = verdict(&found.answer);
    let depends_on = match &found.answer {
        Answer::Depends(on) => on.as_slice(),
        Answer::Allowed | Answer::Refused => &[],
    };
    let layers: Vec<Value> = found
        .says
        .iter()
        .map(|says| {
            let what = match says.what {
                What::Allows => "allows",
                What::Denies => "denies",
                What::MayApply => "may-apply",
                What::LacksAllow => "lacks-allow",
            };
            json!({
                "layer": says.layer.as_str(),
                "where": says.place,
                "says": what,
                "policy": says.policy,
                "sid": says.sid,
                "statement": says.statement,
                "place": place(says, loaded),
            })
        })
        .collect();
    let (origin, stack, exists) = match &found.origin {
        Origin::Stack { stack, exists } => ("stack", Some(stack), *exists),
        Origin::Account => ("account", None, Some(true)),
        Origin::Presumed => ("presumed", None, None),
    };
    let (kind, role) = match found.kind {
        IdentityKind::Role => ("role", Some(&found.name)),
        IdentityKind::User => ("user", None),
    };
    json!({
        "name": found.name,
        "kind": kind,
        "arn": found.arn,
        "origin": origin,
        "exists": exists,
        "role": role,
        "stack": stack,
        "answer": word,
        "today": found.today.as_ref().map(|today| verdict(today).2),
        "depends-on": depends_on,
        "layers": layers,
    })
}

fn extend(document: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (document, more) {
        members.extend(more);
    }
}
