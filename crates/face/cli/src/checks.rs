//! Checks before a rollout: asked in one place, told as values to programs. Screens are in [`crate::screens::checks`].

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stackfleet_aws::Aws;
use stackfleet_base::{Severity, Sources};
use stackfleet_plan::{Observed, Plan, names, plan::CellId};
use stackfleet_preflight::{Finding, Input, Refusal, Report};

use crate::session::Loaded;

/// Errors in spite of which a plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Despite {
    /// Those with these codes.
    Codes(BTreeSet<String>),
    /// All of them.
    Everything,
}

impl Despite {
    /// Returns how many errors block all the same.
    pub(crate) fn blockers(&self, report: &Report) -> usize {
        match self {
            Self::Codes(codes) => report.blockers(codes).count(),
            Self::Everything => 0,
        }
    }

    /// Returns a code that blocks, when nothing else does.
    pub(crate) fn next<'r>(&'r self, report: &'r Report) -> Option<&'static str> {
        let Self::Codes(codes) = self else { return None };
        report.blockers(codes).map(|finding| finding.code).next()
    }
}

/// Asks all rules, and whether names that new stacks give are taken already.
pub(crate) async fn check(loaded: &Loaded, plan: &Plan, observed: &Observed, aws: &Aws) -> Report {
    let mut report = rules(loaded, plan, observed);
    let names = report.names();
    let calls = names::calls(&names, aws.account());
    if calls > names::CALLS_MAX {
        report.leave_names(plan, calls);
    } else if calls > 0 {
        report.look_up(plan, &stackfleet_aws::standings(aws, &names).await);
    }
    report
}

/// Asks all rules.
fn rules(loaded: &Loaded, plan: &Plan, observed: &Observed) -> Report {
    stackfleet_preflight::check(&Input {
        project: &loaded.project,
        sources: &loaded.sources,
        artifacts: &loaded.artifacts,
        plan,
        observed,
    })
}

/// Returns a report as JSON.
pub(crate) fn value(report: &Report, plan: &Plan, sources: &Sources) -> Value {
    let finding = |finding: &Finding| {
        let place = finding.span.and_then(|span| sources.location(span));
        json!({
            "code": finding.code,
            "severity": word(finding.severity),
            "message": finding.message,
            "cause": finding.cause,
            "place": place.map(|place| place.to_string()),
            "help": finding.help,
            "cells": finding.cells.len(),
            "accounts": finding.accounts(plan),
            "refusals": finding.refusals.iter().map(|refusal| refused(refusal, plan)).collect::<Vec<_>>(),
        })
    };
    json!({ "passes": report.passes, "findings": report.findings.iter().map(finding).collect::<Vec<_>>() })
}

fn refused(refusal: &Refusal, plan: &Plan) -> Value {
    let cell = |id: &CellId| {
        let cell = plan.cells.get(id.index())?;
        Some(json!({ "account": { "id": cell.account.id, "name": cell.account.name }, "region": cell.region }))
    };
    json!({
        "app": refusal.app,
        "stack": refusal.stack,
        "resource": refusal.resource,
        "action": refusal.action,
        "cells": refusal.cells.iter().filter_map(cell).collect::<Vec<_>>(),
    })
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
