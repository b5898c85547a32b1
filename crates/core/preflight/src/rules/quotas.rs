//! More than an account may have by default: failure 36 of README.md, as far as the plan alone goes over it.

use std::collections::BTreeMap;

use stackfleet_base::{AccountId, Region, Severity};
use stackfleet_plan::plan::CellId;

use crate::{
    codes,
    report::{Finding, Report, count_accounts},
    world::World,
};

/// Types with how many of them an account (or, where it says so, an account in one region) may have before the quota
/// is raised: "IAM and AWS STS quotas", "Amazon VPC quotas", "AWS CloudFormation quotas" (2026).
const QUOTAS: [(&str, u32, bool); 8] = [
    ("AWS::IAM::Role", 1_000, false),
    ("AWS::IAM::ManagedPolicy", 1_500, false),
    ("AWS::IAM::InstanceProfile", 1_000, false),
    ("AWS::IAM::Group", 300, false),
    ("AWS::EC2::VPC", 5, true),
    ("AWS::EC2::InternetGateway", 5, true),
    ("AWS::EC2::EIP", 5, true),
    (STACK, 2_000, true),
];

const STACK: &str = "AWS::CloudFormation::Stack";

type Counted<'w> = BTreeMap<(&'w AccountId, Option<&'w Region>), (u32, CellId)>;

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    for (kind, quota, regional) in QUOTAS {
        let counts = counted(world, kind, regional);
        let over: Vec<(u32, CellId)> = counts.into_values().filter(|(count, _)| *count > quota).collect();
        let Some(most) = over.iter().map(|(count, _)| *count).max() else { continue };
        let cells: Vec<CellId> = over.into_iter().map(|(_, cell)| cell).collect();
        let accounts = count_accounts(world.plan, &cells);
        let place = if regional { " and region" } else { "" };
        let message = format!(
            "up to {most} {kind} are planned in each of {accounts}; an account{place} may have {quota} by default"
        );
        let help = "have the quota raised (Service Quotas), or divide what the accounts run";
        report.add(Finding::new(codes::QUOTA, Severity::Warning, message).help(help).cells(cells));
    }
}

/// Counts a type in every account, with the last cell that has some.
fn counted<'w>(world: &'w World<'_>, kind: &str, regional: bool) -> Counted<'w> {
    let mut counts: Counted<'w> = BTreeMap::new();
    for stack in &world.survey.stacks {
        let of_variant: Vec<u32> = stack
            .variants
            .iter()
            .map(|variant| {
                let resources = variant.result.iter().flat_map(|evaluated| evaluated.resources.values());
                let own = resources.filter(|resource| resource.type_name == kind).count();
                u32::try_from(own).unwrap_or(u32::MAX) + u32::from(kind == STACK)
            })
            .collect();
        for cell in &stack.cells {
            let count = of_variant.get(cell.variant).copied().unwrap_or(0);
            let region = stack.variants.get(cell.variant).map(|variant| &variant.site.region).filter(|_| regional);
            if count > 0 {
                let entry = counts.entry((&cell.account, region)).or_insert((0, cell.id));
                *entry = (entry.0.saturating_add(count), cell.id);
            }
        }
    }
    counts
}
