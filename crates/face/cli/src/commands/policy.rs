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
    Attachment, Origin, Policy, PolicyKind,
    cases::Case,
    check_size, lint as lint_policy, minify,
    rollout_check::{RolloutCheck, RolloutOrganization},
};

use crate::{
    console::{Console, Paint},
    diagnostics,
    exit::Exit,
    input,
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

/// Checks policy documents, and tells how much of what AWS allows they take; or writes them without white space.
pub(crate) fn lint(console: &Console, files: &[PathBuf], kind: PolicyKind, minified: bool) -> Result<Exit> {
    let mut sources = Sources::default();
    let (mut found, mut sizes, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        let text = input::read(path)?;
        let name = input::name(path);
        let file = sources.add(&name, &text);
        let origin = Some(Origin { file, offset: 0 });
        let (policy, problems) = Policy::read(kind, &name, &text, origin);
        found.extend(problems);
        found.extend(policy.iter().flat_map(lint_policy));
        found.extend(lint_text(file, &text));
        let short = minify(&text);
        if let Some(attachment) = policy.as_ref().and_then(Attachment::of) {
            let counted = if minified { short.as_deref().unwrap_or(&text) } else { &text };
            found.extend(check_size(attachment, counted, origin));
            sizes.push(Size::of(name, attachment, &text, short.as_deref()));
        }
        written.extend(short);
    }
    stackfleet_base::diagnostic::sort(&mut found);
    if console.json {
        let listed = diagnostics::values(&sources, &found);
        let sizes: Vec<_> = sizes.iter().map(Size::value).collect();
        console.json(&json!({ "schema": "stackfleet/policy-lint/v1", "diagnostics": listed, "sizes": sizes }));
    } else {
        diagnostics::show(console, &sources, &found);
        if minified {
            written.iter().for_each(|text| console.result(text));
        } else {
            sizes.iter().for_each(|size| console.result(size.line()));
            if found.is_empty() {
                console.result(console.paint_result(Paint::Good, "✓ nothing to say"));
            }
        }
    }
    Ok(if found.iter().any(Diagnostic::is_error) { Exit::Error } else { Exit::Done })
}

/// How much of what AWS allows a document takes.
struct Size {
    name: String,
    characters: usize,
    minified: usize,
    allowed: usize,
}

impl Size {
    fn of(name: String, attachment: Attachment, text: &str, minified: Option<&str>) -> Self {
        let minified = attachment.measure(minified.unwrap_or(text));
        Self { name, characters: attachment.measure(text), minified, allowed: attachment.characters_max() }
    }

    fn line(&self) -> String {
        let Self { name, characters, minified, allowed } = self;
        let percent = characters.saturating_mul(100) / allowed;
        let short = if minified < characters { format!("; {minified} with --minify") } else { String::new() };
        format!(" {name}: {characters} of {allowed} characters ({percent} %){short}")
    }

    fn value(&self) -> serde_json::Value {
        json!({
            "file": self.name,
            "characters": self.characters,
            "minified": self.minified,
            "allowed": self.allowed,
        })
    }
}
