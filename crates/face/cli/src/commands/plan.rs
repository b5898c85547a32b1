//! `plan`: what would change, where, and what stands against it.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;
use stackfleet_base::Sources;
use stackfleet_plan::{Plan, plan as make_plan};

use crate::{
    arguments::Global,
    checks,
    console::Console,
    exit::Exit,
    files::write_whole,
    screens,
    session::{self, Reach},
};

pub(crate) fn run(
    console: &Console,
    global: &Global,
    apps: &[String],
    out: Option<&Path>,
    detailed: bool,
) -> Result<Exit> {
    let mut loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    session::choose(&mut loaded, apps)?;
    let (plan, observed, report) = session::block_on(global.twin, async {
        let reach = Reach::connect(global, &loaded.project).await?;
        let observed = reach.observe(&loaded).await?;
        let plan = make_plan(&loaded.project, &loaded.artifacts, &observed);
        let report = checks::check(&loaded, &plan, &observed, &reach.aws).await;
        reach.close()?;
        anyhow::Ok((plan, observed, report))
    })??;
    let document = serde_json::to_value(&plan).context("cannot write the plan")?;
    if let Some(path) = out {
        let text = format!("{document:#}\n");
        write_whole(path, &text)?;
    }
    if console.json {
        let mut document = located(document, &plan, &loaded.sources);
        if let Some(members) = document.as_object_mut() {
            members.insert("checks".to_owned(), checks::value(&report, &plan, &loaded.sources));
        }
        console.json(&document);
    } else {
        screens::plan::show(console, &loaded.sources, &plan, &observed, &report, &|line| console.result(line));
    }
    let blocked = plan.blockers().count() + report.blockers(&BTreeSet::new()).count();
    if blocked > 0 {
        let told = screens::words::number(blocked, "error");
        console.warn(format!("Blocked by {told}. Nothing was changed."));
        return Ok(Exit::Refused);
    }
    Ok(if detailed && !plan.is_empty() { Exit::Pending } else { Exit::Done })
}

/// Names the lines that findings speak of; a saved plan does not, since lines move without anything being changed.
fn located(mut document: Value, plan: &Plan, sources: &Sources) -> Value {
    for (index, finding) in plan.findings.iter().enumerate() {
        let line = finding.span.and_then(|span| sources.location(span));
        if let (Some(line), Some(place)) = (line, document.pointer_mut(&format!("/findings/{index}/place"))) {
            *place = Value::from(line.to_string());
        }
    }
    document
}
