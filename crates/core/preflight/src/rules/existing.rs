//! Names that somebody has already: failure 25 of README.md.
//!
//! The names that new stacks give are collected here; whether they are taken has to be asked ([`Report::names`]) and is
//! then told ([`Report::look_up`]). Of stacks that are there nothing is asked: most names are their own.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_base::{AccountId, Region, Severity, Span};
use stackfleet_plan::{
    Plan,
    names::{CALLS_MAX, GivenName, NamedKind, Standing, Standings},
    observed::{AccountState, Cell as Place},
    plan::{CellId, Change},
};
use stackfleet_template::EvaluatedResource;

use crate::{
    codes,
    report::{Finding, NameUse, Report, count_accounts},
    survey::Stack,
    world::World,
};

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let mut uses: BTreeMap<(GivenName, usize, String), Vec<CellId>> = BTreeMap::new();
    for (index, stack) in world.survey.stacks.iter().enumerate() {
        let set = world.observed.stack_sets.get(&stack.wanted.set);
        // What an operation is making meanwhile would seem to be somebody else's.
        if set.is_some_and(|set| !set.running.is_empty()) {
            continue;
        }
        let has_instance = |account: &AccountId, region: &Region| {
            let place = Place { account: account.clone(), region: region.clone() };
            set.is_some_and(|set| set.instances.contains_key(&place))
        };
        for cell in stack.cells.iter().filter(|cell| cell.change == Change::Create) {
            // In an account that is yet to be made nothing can be taken.
            let seen = world.observed.organization.as_ref().and_then(|seen| seen.accounts.get(&cell.account));
            let (true, Some(variant)) =
                (seen.is_some_and(|seen| seen.state == AccountState::Active), stack.variants.get(cell.variant))
            else {
                continue;
            };
            let Ok(evaluated) = &variant.result else { continue };
            if has_instance(&cell.account, &variant.site.region) {
                continue;
            }
            for (logical_id, resource) in &evaluated.resources {
                let Some((kind, name)) = given(resource) else { continue };
                let name = name.replace(variant.site.account.as_str(), cell.account.as_str());
                // IAM is the same in all regions.
                let region = match kind {
                    NamedKind::Bucket => variant.site.region.clone(),
                    NamedKind::Role | NamedKind::User | NamedKind::ManagedPolicy => world.observed.home.clone(),
                };
                let given = GivenName { account: cell.account.clone(), kind, name, region };
                uses.entry((given, index, logical_id.clone())).or_default().push(cell.id);
            }
        }
    }
    report.uses = uses
        .into_iter()
        .filter_map(|((given, index, logical_id), cells)| {
            let stack = world.survey.stacks.get(index)?;
            let span = span(stack, &logical_id, given.kind);
            Some(NameUse { given, stack: stack.wanted.stack.clone(), logical_id, span, cells })
        })
        .collect();
}

fn given(resource: &EvaluatedResource) -> Option<(NamedKind, String)> {
    let text = |property: &str| resource.properties.get(property).and_then(Value::as_str);
    let kind = match resource.type_name.as_str() {
        "AWS::IAM::Role" => NamedKind::Role,
        "AWS::IAM::User" => NamedKind::User,
        "AWS::IAM::ManagedPolicy" => NamedKind::ManagedPolicy,
        "AWS::S3::Bucket" => NamedKind::Bucket,
        _ => return None,
    };
    let name = text(property(kind))?;
    let path = match kind {
        NamedKind::ManagedPolicy => text("Path").unwrap_or("/"),
        NamedKind::Role | NamedKind::User | NamedKind::Bucket => "",
    };
    Some((kind, format!("{path}{name}")))
}

const fn property(kind: NamedKind) -> &'static str {
    match kind {
        NamedKind::Role => "RoleName",
        NamedKind::User => "UserName",
        NamedKind::ManagedPolicy => "ManagedPolicyName",
        NamedKind::Bucket => "BucketName",
    }
}

const fn type_name(kind: NamedKind) -> &'static str {
    match kind {
        NamedKind::Role => "AWS::IAM::Role",
        NamedKind::User => "AWS::IAM::User",
        NamedKind::ManagedPolicy => "AWS::IAM::ManagedPolicy",
        NamedKind::Bucket => "AWS::S3::Bucket",
    }
}

fn span(stack: &Stack<'_>, logical_id: &str, kind: NamedKind) -> Option<Span> {
    let template = &stack.declared?.template.template;
    template.span(&format!("/Resources/{logical_id}/Properties/{}", property(kind)))
}

/// Stack, logical id, type, and whether the name is taken for certain.
type Cause<'r> = (&'r str, &'r str, NamedKind, bool);

/// Tells what came of looking names up.
pub(crate) fn tell(report: &mut Report, plan: &Plan, standings: &Standings) {
    let mut taken: BTreeMap<Cause<'_>, (&NameUse, Vec<CellId>)> = BTreeMap::new();
    let mut unknown: BTreeMap<&str, Vec<CellId>> = BTreeMap::new();
    for used in &report.uses {
        let certain = match standings.names.get(&used.given) {
            Some(Standing::Free) | None => continue,
            Some(Standing::Taken) => true,
            Some(Standing::Barred) => false,
            Some(Standing::Unknown(why)) => {
                unknown.entry(why).or_default().extend(&used.cells);
                continue;
            }
        };
        let key = (used.stack.as_str(), used.logical_id.as_str(), used.given.kind, certain);
        taken.entry(key).or_insert_with(|| (used, Vec::new())).1.extend(&used.cells);
    }
    let mut findings: Vec<Finding> = taken
        .into_iter()
        .map(|((.., certain), (used, cells))| of_taken(plan, used, certain, cells))
        .chain(unknown.into_iter().map(|(why, cells)| not_asked(plan, why, cells)))
        .collect();
    // One reason is told for all: it is the same, or nearly.
    let closed = report
        .uses
        .iter()
        .filter(|used| used.given.kind != NamedKind::Bucket && standings.closed.contains_key(&used.given.account));
    let cells: Vec<CellId> = closed.flat_map(|used| used.cells.iter().copied()).collect();
    if let (Some(why), false) = (standings.closed.values().next(), cells.is_empty()) {
        findings.push(not_asked(plan, why, cells));
    }
    findings.into_iter().for_each(|finding| report.add(finding));
    report.sort();
}

/// Tells that names are not looked up since that takes too many calls.
pub(crate) fn tell_too_many(report: &mut Report, plan: &Plan, calls: usize) {
    let cells: Vec<CellId> = report.uses.iter().flat_map(|used| used.cells.iter().copied()).collect();
    let why = format!("that takes {calls} calls, and more than {CALLS_MAX} are not made for it");
    report.add(not_asked(plan, &why, cells));
    report.sort();
}

fn of_taken(plan: &Plan, used: &NameUse, certain: bool, cells: Vec<CellId>) -> Finding {
    let NameUse { stack, logical_id, given, span, .. } = used;
    let accounts = count_accounts(plan, &cells);
    let (kind, name) = (type_name(given.kind), &given.name);
    let (severity, told) = match (certain, given.kind) {
        (true, NamedKind::Bucket) => (Severity::Error, "there is one of that name already"),
        (true, _) => (Severity::Error, "it exists there already"),
        (false, _) => (Severity::Warning, "there seems to be one of that name in somebody else's account"),
    };
    let message = format!("{logical_id} of stack {stack} cannot be made as {kind} `{name}` in {accounts}: {told}");
    let help = "give it another name, leave the name to AWS, or remove what is there";
    Finding::new(codes::NAME_EXISTS, severity, message).at(*span).help(help).cells(cells)
}

fn not_asked(plan: &Plan, why: &str, cells: Vec<CellId>) -> Finding {
    let accounts = count_accounts(plan, &cells);
    let message = format!("whether names that new stacks give are taken in {accounts} was not found out");
    Finding::new(codes::NOT_KNOWN, Severity::Note, message).cause(why).cells(cells)
}
