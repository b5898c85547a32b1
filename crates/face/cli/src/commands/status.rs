//! `status`: what runs where.

use anyhow::Result;
use serde_json::Value;
use stackfleet_plan::verify;

use crate::{
    arguments::Global,
    console::Console,
    exit::Exit,
    report, screens,
    session::{self, Reach},
};

pub(crate) fn run(console: &Console, global: &Global, apps: &[String]) -> Result<Exit> {
    let mut loaded = match session::load(console, &global.project)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    session::choose(&mut loaded, apps)?;
    session::block_on(global.twin, async {
        let reach = Reach::connect(global, &loaded.project).await?;
        let begin = reach.clock.now();
        let observed = reach.observe(&loaded).await?;
        let verification = verify(&loaded.project, &loaded.artifacts, &observed);
        let cells = report::planned(&verification.cells);
        let took = reach.clock.now().since(begin);
        reach.close()?;
        if console.json {
            console.json(&Value::Object(report::value("status", &loaded, &cells, took, reach.aws.calls())));
        } else if cells.is_empty() {
            console.result(" Nothing is declared for any account.");
        } else {
            screens::matrix::show(console, &loaded, &cells);
            if console.verbose {
                screens::summary::show_cells(console, &cells);
            }
        }
        anyhow::Ok(Exit::Done)
    })?
}
