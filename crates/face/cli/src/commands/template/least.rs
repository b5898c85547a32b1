//! `policy least`: the smallest policy for the role that deploys a template.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_permissions::{Cell as Place, Grade, Operation, Requirement, least as policy_of, required};

use super::reading::{Cell, read};
use crate::{arguments::PolicyLeast, console::Console, diagnostics, exit::Exit};

/// The bucket of code that lies beside the template, until it is uploaded somewhere.
const LOCAL: &str = ":s3:::local/";

/// Prints the policy, or what it allows and why.
pub(crate) fn least(console: &Console, options: &PolicyLeast) -> Result<Exit> {
    let mut sources = Sources::default();
    let written = read(&mut sources, &options.file)?;
    let mut found = written.found;
    found.retain(Diagnostic::is_error);
    let evaluated = if found.is_empty() { Cell::new(&options.cell)?.evaluated(&written.template) } else { Err(found) };
    let evaluated = match evaluated {
        Ok(evaluated) => evaluated,
        Err(found) => {
            diagnostics::show(console, &sources, &found);
            return Ok(Exit::Error);
        }
    };
    let place = Place {
        account: options.cell.account.clone(),
        region: options.cell.region.clone(),
        stack_name: options.stack_name.clone(),
        tags: Vec::new(),
    };
    let operations = [Operation::Create, Operation::Update { previous: None }, Operation::Delete];
    let mut needed: Vec<Requirement> =
        operations.into_iter().flat_map(|operation| required(&evaluated, &place, operation)).collect();
    for requirement in &mut needed {
        if let Some((before, _)) = requirement.arn.split_once(LOCAL) {
            requirement.arn = format!("{before}:s3:::*/*");
        }
    }
    show(console, &needed, options.explain)
}

fn show(console: &Console, needed: &[Requirement], explain: bool) -> Result<Exit> {
    let wanted: Vec<&Requirement> = needed.iter().filter(|requirement| requirement.grade != Grade::Possible).collect();
    let policy = policy_of(wanted.iter().copied());
    if console.json {
        let listed: Vec<Value> = needed.iter().map(value).collect();
        console.json(&json!({ "schema": "stackfleet/policy-least/v1", "policy": policy, "requirements": listed }));
    } else if explain {
        let width = |text: fn(&Requirement) -> &str| wanted.iter().map(|found| text(found).len()).max().unwrap_or(0);
        let (resource, action) = (width(|found| &found.resource), width(|found| &found.action));
        for found in wanted {
            let grade = found.grade.as_str();
            console.result(format!(
                "{:resource$}  {grade:11}  {:action$}  {}  ({})",
                found.resource, found.action, found.arn, found.because
            ));
        }
    } else {
        let text = stackfleet_policy::pretty(&policy.to_string()).context("BUG: the policy is JSON")?;
        console.result(text.trim_end());
    }
    Ok(Exit::Done)
}

fn value(found: &Requirement) -> Value {
    let keys: BTreeMap<&str, &[String]> =
        found.keys.iter().map(|(key, values)| (key.as_str(), values.as_slice())).collect();
    json!({
        "resource": found.resource,
        "action": found.action,
        "arn": found.arn,
        "grade": found.grade.as_str(),
        "because": found.because,
        "pointer": found.pointer,
        "keys": keys,
    })
}
