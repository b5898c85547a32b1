//! `verify`: compares every cell with what is declared; `--repair` mends exactly those that differ.

use anyhow::Result;
use serde_json::{Value, json};
use stackfleet_plan::{repair as make_repair, verify};

use crate::{
    arguments::Global,
    checks::{self, Despite},
    commands::deploy::{self, Approval},
    console::{Console, Paint},
    exit::Exit,
    report::{self, CellView},
    screens,
    session::{self, Loaded, Reach},
};

pub(crate) fn run(console: &Console, global: &Global, apps: &[String], repair: bool, yes: bool) -> Result<Exit> {
    let mut loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    session::choose(&mut loaded, apps)?;
    session::block_on(global.twin, async {
        let reach = Reach::connect(global, &loaded.project).await?;
        let exit = compare(console, &loaded, &reach, repair, yes).await?;
        reach.close()?;
        anyhow::Ok(exit)
    })?
}

async fn compare(console: &Console, loaded: &Loaded, reach: &Reach, repair: bool, yes: bool) -> Result<Exit> {
    let begin = reach.clock.now();
    let observed = reach.observe(loaded).await?;
    let verification = verify(&loaded.project, &loaded.artifacts, &observed);
    let mut cells = report::planned(&verification.cells);
    let mut repaired: Option<Vec<CellView>> = None;
    if repair && !verification.holds() {
        show(console, loaded, &cells);
        let plan = make_repair(&loaded.project, &loaded.artifacts, &observed);
        let approval = if yes { Approval::Given } else { Approval::Ask("Repair these?") };
        let announced = checks::check(loaded, &plan, &observed, &reach.aws).await;
        // A repair tries exactly the cells that are amiss, and one that is refused stops no other.
        let checks = (&announced, &Despite::Everything);
        match deploy::carry_out(console, loaded, reach, plan, &observed, checks, approval).await? {
            Ok(rollout) => {
                let mended = cells.iter().filter(|cell| !report::as_declared(std::slice::from_ref(cell)));
                repaired = Some(mended.cloned().collect());
                console.say(format!("Repaired in {}.", screens::words::duration(rollout.summary().duration())));
            }
            Err(exit) => return Ok(exit),
        }
        // Proof, not hope: AWS is asked again.
        let observed = reach.observe(loaded).await?;
        cells = report::planned(&verify(&loaded.project, &loaded.artifacts, &observed).cells);
    }
    let took = reach.clock.now().since(begin);
    if console.json {
        let mut value = report::value("verify", loaded, &cells, took, reach.aws.calls());
        if let Some(mended) = &repaired {
            let told = mended.iter().map(|cell| {
                json!({ "app": cell.app, "stack": cell.stack, "region": cell.region,
                        "account": { "id": cell.account.id, "name": cell.account.name } })
            });
            value.insert("repaired".to_owned(), told.collect());
        }
        console.json(&Value::Object(value));
    } else {
        show(console, loaded, &cells);
        if report::as_declared(&cells) {
            let told = format!("✓ all {} are as declared", screens::words::number(cells.len(), "cell"));
            console.result(console.paint_result(Paint::Good, told));
        } else if !repair {
            console.say("stackfleet verify --repair brings exactly these to what is declared");
        }
    }
    Ok(if report::as_declared(&cells) { Exit::Done } else { Exit::Partly })
}

/// Prints the cells that are not as declared, each by account name and region, and why.
fn show(console: &Console, loaded: &Loaded, cells: &[CellView]) {
    if console.json {
        return;
    }
    let wrong: Vec<CellView> =
        cells.iter().filter(|cell| !report::as_declared(std::slice::from_ref(cell))).cloned().collect();
    const LISTED_MAX: usize = 30;
    let listed = if console.verbose { wrong.len() } else { LISTED_MAX.min(wrong.len()) };
    screens::summary::show_cells(console, wrong.get(..listed).unwrap_or_default());
    if listed < wrong.len() {
        console.result(format!("   and {} more; -v shows all", wrong.len() - listed));
    }
    for problem in report::problems_of(&wrong, loaded) {
        if problem.names.iter().any(|name| wrong.get(name.id.index()).is_some_and(|cell| cell.reason.is_some())) {
            screens::matrix::show_problem(console, &problem, &wrong);
        }
    }
}
