//! What stands against a plan: the plan's own findings and what was checked beforehand, what blocks first.

use stackfleet_base::{Severity, Sources, Span};
use stackfleet_plan::{Plan, plan::Finding};
use stackfleet_preflight::{Finding as Check, Report};

use crate::{
    console::{Console, Paint},
    screens::words,
};

/// Prints everything.
pub(crate) fn show(console: &Console, sources: &Sources, plan: &Plan, report: &Report, print: &dyn Fn(String)) {
    if plan.findings.is_empty() && report.findings.is_empty() && report.passes.is_empty() {
        return;
    }
    print(" Checks".to_owned());
    for pass in &report.passes {
        print(format!("   {} {pass}", console.paint(Paint::Good, "✓")));
    }
    let (blocking, others): (Vec<&Finding>, Vec<&Finding>) = plan.findings.iter().partition(|finding| finding.blocks);
    blocking.into_iter().for_each(|finding| of_plan(console, sources, finding, print));
    let errors = |check: &&Check| check.severity == Severity::Error;
    report.findings.iter().filter(errors).for_each(|check| of_check(console, sources, plan, check, print));
    others.into_iter().for_each(|finding| of_plan(console, sources, finding, print));
    report.findings.iter().filter(|check| !errors(check)).for_each(|check| {
        of_check(console, sources, plan, check, print);
    });
    print(String::new());
}

/// Prints what was announced to fail, before it is told what failed.
pub(crate) fn announce(console: &Console, sources: &Sources, plan: &Plan, report: &Report, print: &dyn Fn(String)) {
    let errors: Vec<&Check> = report.findings.iter().filter(|check| check.severity == Severity::Error).collect();
    if errors.is_empty() {
        return;
    }
    print(" Announced before the run".to_owned());
    errors.into_iter().for_each(|check| of_check(console, sources, plan, check, print));
    print(String::new());
}

fn of_plan(console: &Console, sources: &Sources, finding: &Finding, print: &dyn Fn(String)) {
    let sign = if finding.blocks { console.paint(Paint::Bad, "✗") } else { console.paint(Paint::Odd, "!") };
    print(format!("   {sign} {} [{}]", finding.message, finding.code));
    if let Some(place) = place(sources, finding.span).as_ref().or(finding.place.as_ref()) {
        print(format!("       {place}"));
    }
    if let Some(help) = &finding.help {
        print(console.paint(Paint::Faint, format!("       {help}")));
    }
}

fn of_check(console: &Console, sources: &Sources, plan: &Plan, check: &Check, print: &dyn Fn(String)) {
    let sign = match check.severity {
        Severity::Error => console.paint(Paint::Bad, "✗"),
        Severity::Warning | Severity::Note => console.paint(Paint::Odd, "!"),
    };
    print(format!("   {sign} {} [{}]", check.message, check.code));
    let place = place(sources, check.span);
    match (check.cause.as_deref(), place.as_deref()) {
        (Some(cause), Some(place)) => print(format!("       {cause:<53} {place}")),
        (Some(told), None) | (None, Some(told)) => print(format!("       {told}")),
        (None, None) => {}
    }
    let names: Vec<String> = check.accounts(plan).into_iter().map(str::to_owned).collect();
    if names.len() > 1 && (check.severity == Severity::Error || console.verbose) {
        print(format!("       in {}", words::names(&names, console.verbose)));
    }
    if let Some(help) = &check.help {
        print(console.paint(Paint::Faint, format!("       {help}")));
    }
}

fn place(sources: &Sources, span: Option<Span>) -> Option<String> {
    span.and_then(|span| sources.location(span)).map(|place| format!("{}:{}", place.path, place.line))
}
