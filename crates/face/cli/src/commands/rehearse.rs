//! `rehearse`: the whole rollout against the simulated AWS, in virtual time.

use std::path::Path;

use anyhow::Result;
use stackfleet_plan::{plan as make_plan, verify};

use crate::{
    arguments::Global,
    checks::{self, Despite},
    commands::deploy::{self, Approval, Told},
    console::{Console, Paint},
    exit::Exit,
    report, screens,
    session::{self, Reach},
    twin::Twin,
};

pub(crate) fn run(console: &Console, global: &Global, folder: Option<&Path>, seed: u64) -> Result<Exit> {
    let folder = folder.unwrap_or(&global.project);
    let loaded = match session::load(console, folder)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    session::block_on(true, async {
        let email = loaded.project.organization.as_ref().map(|organization| organization.management.value.as_str());
        let twin = Twin::open(seed, email, global.twin_state.as_deref())?;
        let reach = Reach::through(twin, &loaded.project).await?;
        let observed = reach.observe(&loaded).await?;
        let plan = make_plan(&loaded.project, &loaded.artifacts, &observed);
        let plan_id = plan.id.clone();
        // Virtual time leaves nothing to watch: what happened is told at the end, and what failed as it fails.
        let watching = Console { live: false, quiet: console.quiet || !console.verbose, ..console.clone() };
        // A rehearsal runs whatever is announced: it shows what comes of it.
        let report = checks::check(&loaded, &plan, &observed, &reach.aws).await;
        let checks = (&report, &Despite::Everything);
        let rollout =
            match deploy::carry_out(&watching, &loaded, &reach, plan, &observed, checks, Approval::Given).await? {
                Ok(rollout) => rollout,
                Err(exit) => return Ok(exit),
            };
        let calls = reach.aws.calls();
        // What the rollout says of itself is compared with what the simulated AWS shows.
        let afterwards = reach.observe(&loaded).await?;
        let proof = report::planned(&verify(&loaded.project, &loaded.artifacts, &afterwards).cells);
        reach.close()?;
        if !console.json && !console.verbose {
            screens::checks::announce(console, &loaded.sources, rollout.plan(), &report, &|line| console.result(line));
        }
        deploy::show(console, &loaded, &rollout, &Told { command: "rehearse", plan: &plan_id, calls, checks: &report });
        let exit = deploy::ending(&rollout.summary());
        if exit == Exit::Done && !report::as_declared(&proof) {
            console.warn(console.paint(Paint::Bad, "✗ the rollout ended well, but not every cell is as declared:"));
            screens::summary::show_cells(console, &proof);
            return Ok(Exit::Partly);
        }
        anyhow::Ok(exit)
    })?
}
