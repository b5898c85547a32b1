//! `validate`: reads and checks everything offline.

use anyhow::Result;
use serde_json::json;
use stackfleet_base::Diagnostic;

use crate::{
    arguments::Global,
    console::{Console, Paint},
    diagnostics,
    exit::Exit,
    screens::words,
    session,
};

pub(crate) fn run(console: &Console, global: &Global) -> Result<Exit> {
    let (project, sources, found) = session::read(&global.project)?;
    let wrong = found.iter().any(Diagnostic::is_error) || project.is_none();
    if console.json {
        console.json(&json!({
            "schema": "stackfleet/validate/v1",
            "valid": !wrong,
            "diagnostics": diagnostics::values(&sources, &found),
        }));
    } else {
        diagnostics::show(console, &sources, &found);
        if let (Some(project), false) = (&project, wrong) {
            let accounts = project.organization.as_ref().map_or(0, |organization| organization.all_accounts().len());
            let stacks: usize = project.apps.values().map(|app| app.stacks.len()).sum();
            let told = format!(
                "✓ {}, {}, {}: no error",
                words::number(project.apps.len(), "app"),
                words::number(stacks, "stack"),
                words::number(accounts, "account"),
            );
            console.result(console.paint_result(Paint::Good, told));
        }
    }
    Ok(if wrong { Exit::Error } else { Exit::Done })
}
