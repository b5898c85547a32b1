//! `deploy`: carries a plan out.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use stackfleet_aws::Performer;
use stackfleet_plan::{Observed, Plan, plan as make_plan, retry};
use stackfleet_preflight::Report;
use stackfleet_rollout::{Rollout, Summary};

use crate::{
    arguments::Global,
    checks::{self, Despite},
    console::Console,
    exit::Exit,
    report, screens,
    session::{self, Loaded, Reach},
};

/// Whether somebody has to agree before anything is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Approval {
    /// It was given with the command.
    Given,
    /// This is asked.
    Ask(&'static str),
}

pub(crate) fn run(
    console: &Console,
    global: &Global,
    what: &[String],
    yes: bool,
    retry_failed: bool,
    despite: &Despite,
) -> Result<Exit> {
    let mut loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let saved = match what {
        [file] if !loaded.project.apps.contains_key(file) && Path::new(file).is_file() => Some(read(Path::new(file))?),
        apps => {
            session::choose(&mut loaded, apps)?;
            None
        }
    };
    if let Some(plan) = &saved {
        // The plan speaks of the apps that it was made for.
        let named: Vec<String> =
            loaded.project.apps.keys().filter(|app| plan.cells.iter().any(|cell| cell.app == **app)).cloned().collect();
        if !named.is_empty() {
            session::choose(&mut loaded, &named)?;
        }
    }
    session::block_on(global.twin, async {
        let reach = Reach::connect(global, &loaded.project).await?;
        let observed = reach.observe(&loaded).await?;
        let plan = match saved {
            Some(plan) => {
                if let Some(reason) = stale(&plan, &loaded, &observed) {
                    console.warn(format!("The saved plan is out of date: {reason}. Nothing was changed. Plan again."));
                    return Ok(Exit::Refused);
                }
                plan
            }
            None if retry_failed => retry(&loaded.project, &loaded.artifacts, &observed),
            None => make_plan(&loaded.project, &loaded.artifacts, &observed),
        };
        let approval = if yes { Approval::Given } else { Approval::Ask("Carry this out?") };
        let plan_id = plan.id.clone();
        let report = checks::check(&loaded, &plan, &observed, &reach.aws).await;
        let done = carry_out(console, &loaded, &reach, plan, &observed, (&report, despite), approval).await?;
        reach.close()?;
        let rollout = match done {
            Ok(rollout) => rollout,
            Err(exit) => return Ok(exit),
        };
        let told = Told { command: "deploy", plan: &plan_id, calls: reach.aws.calls(), checks: &report };
        show(console, &loaded, &rollout, &told);
        anyhow::Ok(ending(&rollout.summary()))
    })?
}

fn read(path: &Path) -> Result<Plan> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let plan: Plan = serde_json::from_str(&text).with_context(|| format!("{} is not a plan", path.display()))?;
    if plan.schema != stackfleet_plan::SCHEMA {
        bail!("{} has the form {}; this version reads {}", path.display(), plan.schema, stackfleet_plan::SCHEMA);
    }
    Ok(plan)
}

/// Says why a saved plan may not be carried out any more.
fn stale(plan: &Plan, loaded: &Loaded, observed: &Observed) -> Option<&'static str> {
    if plan.project != loaded.project.digest {
        return Some("the project's files have changed");
    }
    (!plan.is_for(observed)).then_some("the organization or its stack sets have changed")
}

/// Shows a plan, asks where it has to, runs it and shows how it goes.
///
/// The inner error is the exit code where nothing was run: blocked, not approved, or nothing to do is `Exit::Done`.
pub(crate) async fn carry_out(
    console: &Console,
    loaded: &Loaded,
    reach: &Reach,
    plan: Plan,
    observed: &Observed,
    (report, despite): (&Report, &Despite),
    approval: Approval,
) -> Result<Result<Rollout, Exit>> {
    screens::plan::show(console, &loaded.sources, &plan, observed, report, &|line| console.say(line));
    let blocked = plan.blockers().count() + despite.blockers(report);
    if blocked > 0 {
        if console.quiet {
            screens::checks::show(console, &loaded.sources, &plan, report, &|line| console.warn(line));
        }
        console.warn(format!("Blocked by {}. Nothing was changed.", screens::words::number(blocked, "error")));
        if let Some(code) = despite.next(report) {
            console.warn(format!("To go ahead all the same: stackfleet deploy --despite {code}"));
        }
        return Ok(Err(Exit::Refused));
    }
    if let (Approval::Ask(question), false) = (approval, plan.is_empty()) {
        match console.ask(question) {
            Some(true) => {}
            Some(false) => {
                console.warn("Nothing was changed.");
                return Ok(Err(Exit::Approval));
            }
            None => {
                console.warn("Approval is needed and nobody can be asked here: add --yes. Nothing was changed.");
                return Ok(Err(Exit::Approval));
            }
        }
    }
    let performer = Performer::new(reach.aws.clone(), loaded.bytes.clone());
    let rollout = Rollout::start(plan.clone(), observed, reach.clock.now());
    let (events, listener) = tokio::sync::mpsc::unbounded_channel();
    let perform = |step| {
        let performer = performer.clone();
        async move { performer.perform(&step).await }
    };
    let running = stackfleet_drive::run(rollout, perform, reach.clock, events, interrupted());
    let watching = screens::live::follow(console.clone(), plan, listener);
    let (rollout, ()) = tokio::join!(running, watching);
    Ok(Ok(rollout))
}

/// Completes at the first Ctrl-C; a second one ends the process as usual, which is safe too.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the signal ends the process.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
}

/// What is told of a rollout beside the rollout itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) command: &'a str,
    /// The plan's id.
    pub(crate) plan: &'a str,
    /// Calls made to AWS.
    pub(crate) calls: u64,
    /// What was announced.
    pub(crate) checks: &'a Report,
}

/// Shows how a rollout ended, as text or JSON.
pub(crate) fn show(console: &Console, loaded: &Loaded, rollout: &Rollout, told: &Told<'_>) {
    let Told { command, plan, calls, checks: report } = *told;
    let cells = report::rolled_out(rollout);
    let summary = rollout.summary();
    if console.json {
        let mut value = report::value(command, loaded, &cells, summary.duration(), calls);
        value.insert("plan".to_owned(), json!(plan));
        value.insert(
            "steps".to_owned(),
            json!({ "done": summary.done, "failed": summary.refused, "blocked": summary.blocked }),
        );
        let refused = report::refused_steps(rollout).into_iter();
        let refused = refused.map(|(step, cause)| json!({ "step": step, "cause": cause }));
        value.insert("refused".to_owned(), refused.collect());
        value.insert("tiers".to_owned(), tiers(&summary));
        value.insert("checks".to_owned(), checks::value(report, rollout.plan(), &loaded.sources));
        console.json(&Value::Object(value));
    } else {
        screens::summary::show(console, loaded, rollout, &cells, calls);
        // Nobody watched a rehearsal, so every cell is told where they fit on a screen.
        const REHEARSED_CELLS_MAX: usize = 28;
        if console.verbose || (command == "rehearse" && cells.len() <= REHEARSED_CELLS_MAX) {
            screens::summary::show_cells(console, &cells);
        }
    }
}

/// How long each stack took.
fn tiers(summary: &Summary) -> Value {
    let seconds = |millis: u64| std::time::Duration::from_millis(millis).as_secs_f64();
    summary
        .tiers
        .iter()
        .map(|tier| {
            json!({ "app": tier.app, "stack": tier.stack,
                    "duration_s": seconds(tier.duration_ms), "working_s": seconds(tier.working_ms) })
        })
        .collect()
}

/// Returns the exit code for how a rollout ended.
pub(crate) fn ending(summary: &Summary) -> Exit {
    if summary.cancelled {
        Exit::Interrupted
    } else if summary.is_complete() {
        Exit::Done
    } else {
        Exit::Partly
    }
}
