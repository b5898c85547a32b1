//! `policy evaluate`, `policy lint` and `policy diff`: the IAM policy engine at the command line.

mod diff;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::json;
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_permissions::lint_text;
use stackfleet_policy::{
    Origin, Policy, PolicyKind,
    cases::Case,
    lint as lint_policy,
    rollout_check::{RolloutCheck, RolloutOrganization},
};

use crate::{
    console::{Console, Paint},
    diagnostics,
    exit::Exit,
};

pub(crate) use diff::diff;

/// Decides every case of a file; one line of JSON for each.
pub(crate) fn evaluate(console: &Console, path: &Path) -> Result<Exit> {
    let cases: Vec<Case> = read(path)?;
    for case in &cases {
        let answer = case.ready().with_context(|| format!("in {}", path.display()))?.answer();
        console.result(serde_json::to_string(&answer).context("cannot write an answer")?);
    }
    Ok(Exit::Done)
}

/// Tells for every account of an organization whether a rollout would pass, and every statement that refuses.
pub(crate) fn evaluate_rollout(console: &Console, path: &Path) -> Result<Exit> {
    let organization: RolloutOrganization = read(path)?;
    let check = RolloutCheck::new(&organization).with_context(|| format!("in {}", path.display()))?;
    let answer = check.answer().with_context(|| format!("in {}", path.display()))?;
    console.json(&serde_json::to_value(&answer).context("cannot write the answer")?);
    Ok(Exit::Done)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not of the form expected", path.display()))
}

/// Checks policy documents.
pub(crate) fn lint(console: &Console, files: &[PathBuf], kind: PolicyKind) -> Result<Exit> {
    let mut sources = Sources::default();
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.to_string_lossy();
        let file = sources.add(&name, &text);
        let (policy, problems) = Policy::read(kind, &name, &text, Some(Origin { file, offset: 0 }));
        found.extend(problems);
        found.extend(policy.iter().flat_map(lint_policy));
        found.extend(lint_text(file, &text));
    }
    stackfleet_base::diagnostic::sort(&mut found);
    if console.json {
        let listed = diagnostics::values(&sources, &found);
        console.json(&json!({ "schema": "stackfleet/policy-lint/v1", "diagnostics": listed }));
    } else {
        diagnostics::show(console, &sources, &found);
        if found.is_empty() {
            console.result(console.paint_result(Paint::Good, "✓ nothing to say"));
        }
    }
    Ok(if found.iter().any(Diagnostic::is_error) { Exit::Error } else { Exit::Done })
}
