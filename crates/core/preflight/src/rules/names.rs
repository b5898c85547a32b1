//! Names that are given out twice: failures 25 and 26 of README.md, as far as the project alone tells. What exists in
//! accounts besides is asked in [`super::existing`].
//!
//! Unconditional names of IAM resources in one stack for several regions are told by the plan (`PLAN025`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stackfleet_base::{AccountId, Region, Severity, Span};
use stackfleet_permissions::Cell as Site;
use stackfleet_plan::plan::{CellId, Change};
use stackfleet_template::EvaluatedResource;

use crate::{
    codes,
    report::{Finding, Report, count_accounts, listed},
    survey::Stack,
    world::World,
};

/// Where a name must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everywhere,
    Account,
    Region,
}

/// Types that refuse a name which is taken, with the property that gives the name (user guides of the services).
const NAMED: [(&str, &str, Scope); 14] = [
    ("AWS::DynamoDB::Table", "TableName", Scope::Region),
    ("AWS::ECR::Repository", "RepositoryName", Scope::Region),
    ("AWS::IAM::Group", "GroupName", Scope::Account),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName", Scope::Account),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", Scope::Account),
    ("AWS::IAM::Role", "RoleName", Scope::Account),
    ("AWS::IAM::User", "UserName", Scope::Account),
    ("AWS::Lambda::Function", "FunctionName", Scope::Region),
    ("AWS::Logs::LogGroup", "LogGroupName", Scope::Region),
    ("AWS::S3::Bucket", "BucketName", Scope::Everywhere),
    ("AWS::SNS::Topic", "TopicName", Scope::Region),
    ("AWS::SSM::Parameter", "Name", Scope::Region),
    ("AWS::SecretsManager::Secret", "Name", Scope::Region),
    ("AWS::StepFunctions::StateMachine", "StateMachineName", Scope::Region),
];

/// A resource of a stack, by the stack's number and its logical id.
type Made = (usize, String);

/// Where a name is unique, the type, the name.
type Key<'w> = (Option<&'w AccountId>, Option<&'w Region>, &'static str, String);

/// A name that clashes, and the cells that take names in the same way.
type Clash = (String, Vec<CellId>);

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let mut takers: BTreeMap<Key<'_>, Vec<(Made, CellId, Change)>> = BTreeMap::new();
    let makers = makers(world);
    for (index, stack) in world.survey.stacks.iter().enumerate() {
        for cell in &stack.cells {
            let Some(variant) = stack.variants.get(cell.variant) else { continue };
            let Ok(evaluated) = &variant.result else { continue };
            for (logical_id, resource) in &evaluated.resources {
                let Some((kind, property, scope)) = named(&resource.type_name) else { continue };
                let Some(name) = resource.properties.get(property).and_then(Value::as_str) else { continue };
                let only = makers.get(kind).is_none_or(|makers| makers.len() < 2);
                if only && is_told_apart(stack, scope, name, &variant.site) {
                    continue;
                }
                let name = name.replace(variant.site.account.as_str(), cell.account.as_str());
                let (account, region) = match scope {
                    Scope::Everywhere => (None, None),
                    Scope::Account => (Some(&cell.account), None),
                    Scope::Region => (Some(&cell.account), Some(&variant.site.region)),
                };
                let made = (index, logical_id.clone());
                takers.entry((account, region, kind, name)).or_default().push((made, cell.id, cell.change));
            }
        }
    }
    let mut clashes: BTreeMap<(&str, BTreeSet<Made>), Clash> = BTreeMap::new();
    for ((.., kind, name), takers) in takers {
        let new = takers.iter().any(|(.., change)| *change == Change::Create);
        if takers.len() < 2 || !new || is_told_by_plan(world, kind, &takers) {
            continue;
        }
        let made: BTreeSet<Made> = takers.iter().map(|(made, ..)| made.clone()).collect();
        let clash = clashes.entry((kind, made)).or_insert_with(|| (name, Vec::new()));
        clash.1.extend(takers.iter().map(|(_, cell, _)| *cell));
    }
    for ((kind, made), (name, cells)) in clashes {
        report.add(finding(world, kind, &made, &name, cells));
    }
}

/// Returns type and name of what must have a name of its own and is given one.
pub(super) fn given(resource: &EvaluatedResource) -> Option<(&'static str, &str)> {
    let (kind, property, _) = named(&resource.type_name)?;
    Some((kind, resource.properties.get(property)?.as_str()?))
}

fn named(kind: &str) -> Option<(&'static str, &'static str, Scope)> {
    NAMED.iter().find(|(own, ..)| *own == kind).copied()
}

/// Which resources have a name of their own, by type: where only one has, it can clash with nothing but itself.
fn makers<'w>(world: &'w World<'_>) -> BTreeMap<&'static str, BTreeSet<(usize, &'w str)>> {
    let mut makers: BTreeMap<&'static str, BTreeSet<(usize, &str)>> = BTreeMap::new();
    for (index, stack) in world.survey.stacks.iter().enumerate() {
        for evaluated in stack.variants.iter().filter_map(|variant| variant.result.as_ref().ok()) {
            for (logical_id, resource) in &evaluated.resources {
                let Some((kind, property, _)) = named(&resource.type_name) else { continue };
                if resource.properties.get(property).is_some_and(Value::is_string) {
                    makers.entry(kind).or_default().insert((index, logical_id));
                }
            }
        }
    }
    makers
}

/// Tells whether a name differs wherever it has to, so that the resource cannot clash with itself.
fn is_told_apart(stack: &Stack<'_>, scope: Scope, name: &str, site: &Site) -> bool {
    let one_region = stack.variants.iter().all(|variant| variant.site.region == site.region);
    let by_region = one_region || name.contains(site.region.as_str());
    match scope {
        Scope::Region => true,
        Scope::Account => by_region,
        Scope::Everywhere => by_region && (stack.cells.len() < 2 || name.contains(site.account.as_str())),
    }
}

/// Tells whether it is one resource of IAM without condition.
fn is_told_by_plan(world: &World<'_>, kind: &str, takers: &[(Made, CellId, Change)]) -> bool {
    let made: BTreeSet<&Made> = takers.iter().map(|(made, ..)| made).collect();
    let mut made = made.into_iter();
    let (Some((stack, logical_id)), None) = (made.next(), made.next()) else { return false };
    let declared = world.survey.stacks.get(*stack).and_then(|stack| stack.declared);
    let written = declared.and_then(|declared| declared.template.template.resource(logical_id));
    kind.starts_with("AWS::IAM::") && written.is_some_and(|resource| resource.condition().is_none())
}

fn finding(world: &World<'_>, kind: &str, made: &BTreeSet<Made>, name: &str, cells: Vec<CellId>) -> Finding {
    let told: Vec<String> = made
        .iter()
        .map(|(stack, logical_id)| {
            let stack = world.survey.stacks.get(*stack).map_or("", |stack| stack.wanted.stack.as_str());
            format!("{logical_id} of stack {stack}")
        })
        .collect();
    let told = listed(&told.iter().map(String::as_str).collect::<Vec<_>>());
    let span: Option<Span> = made.iter().find_map(|(stack, logical_id)| {
        let template = &world.survey.stacks.get(*stack)?.declared?.template.template;
        let (_, property, _) = named(kind)?;
        template.span(&format!("/Resources/{logical_id}/Properties/{property}"))
    });
    let accounts = count_accounts(world.plan, &cells);
    let twice = if made.len() == 1 { "more than once" } else { "each" };
    let message = format!("{told} would make the {kind} `{name}` {twice}, in {accounts}: only the first can");
    let help = "add `${AWS::AccountId}`, `${AWS::Region}` or the stack's purpose to the name, or leave the name to AWS";
    Finding::new(codes::NAME_TAKEN, Severity::Error, message).at(span).help(help).cells(cells)
}
