//! From single cells to the targets of operations: exact cross products, and units that cover accounts.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::Region;
use stackfleet_organization::tree::ancestors;

use crate::{
    plan::{AccountFilter, AccountRef, Targets, UnitTargets},
    population::{Population, reference},
};

/// Units that one request may name (`OrganizationalUnitIds`, at most 50).
const UNITS_MAX: usize = 50;

/// An account with its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) account: AccountRef,
    pub(crate) unit: String,
}

/// Splits cells into as few sets of accounts x regions as have no cell more: one for each set of regions that some
/// account needs.
pub(crate) fn rectangles(cells: &[(Spot, Region)]) -> Vec<(Vec<Spot>, Vec<Region>)> {
    let mut order = Vec::new();
    let mut regions_of: BTreeMap<&Spot, BTreeSet<&Region>> = BTreeMap::new();
    for (spot, region) in cells {
        let known = regions_of.entry(spot).or_insert_with(|| {
            order.push(spot);
            BTreeSet::new()
        });
        known.insert(region);
    }
    let mut rectangles: Vec<(BTreeSet<&Region>, Vec<Spot>)> = Vec::new();
    for spot in order {
        let Some(regions) = regions_of.get(spot) else { continue };
        match rectangles.iter_mut().find(|(known, _)| known == regions) {
            Some((_, spots)) => spots.push(spot.clone()),
            None => rectangles.push((regions.clone(), vec![spot.clone()])),
        }
    }
    let owned = |(regions, spots): (BTreeSet<&Region>, Vec<Spot>)| (spots, regions.into_iter().cloned().collect());
    rectangles.into_iter().map(owned).collect()
}

/// Returns targets by account, for a self-managed set.
pub(crate) fn by_account(spots: &[Spot], regions: &[Region]) -> Targets {
    let accounts = spots.iter().map(|spot| spot.account.clone()).collect();
    Targets { accounts, regions: regions.to_vec(), units: None }
}

/// Returns targets by unit, for a service-managed set.
///
/// `covered` are the units whose reachable accounts are all wanted by the app, topmost first: naming those makes later
/// accounts of the unit follow. Accounts elsewhere are reached through their own unit. The filter narrows the units
/// to exactly the accounts of this operation; more units than a request may name are split into several targets.
pub(crate) fn by_unit(
    spots: &[Spot],
    regions: &[Region],
    population: &Population,
    covered: &BTreeSet<String>,
) -> Vec<Targets> {
    let mut by_unit: BTreeMap<String, Vec<&Spot>> = BTreeMap::new();
    for spot in spots {
        let whole = std::iter::once("").chain(ancestors(&spot.unit)).find(|path| covered.contains(*path));
        by_unit.entry(whole.unwrap_or(&spot.unit).to_owned()).or_default().push(spot);
    }
    let units: Vec<(String, Vec<&Spot>)> = by_unit.into_iter().collect();
    let parts = units.chunks(UNITS_MAX).map(|part| {
        let chosen: Vec<&Spot> = part.iter().flat_map(|(_, spots)| spots.iter().copied()).collect();
        let units: Vec<String> = part.iter().map(|(unit, _)| unit.clone()).collect();
        let reached: BTreeSet<AccountRef> =
            units.iter().flat_map(|unit| population.reachable(unit)).map(reference).collect();
        let exact = reached.len() == chosen.len();
        let filter = if exact { AccountFilter::None } else { AccountFilter::Intersection };
        let accounts = spots.iter().filter(|spot| chosen.contains(spot)).map(|spot| spot.account.clone()).collect();
        Targets { accounts, regions: regions.to_vec(), units: Some(UnitTargets { units, filter }) }
    });
    parts.collect()
}

/// Returns the units, the root as the empty path among them, whose reachable accounts are all in `accounts`; units
/// without accounts are left out.
pub(crate) fn covered_units(population: &Population, accounts: &BTreeSet<&AccountRef>) -> BTreeSet<String> {
    let mut paths: BTreeSet<&str> = BTreeSet::from([""]);
    paths.extend(population.reachable("").flat_map(|account| ancestors(&account.unit)));
    let covered = paths.into_iter().filter(|path| {
        let mut reached = population.reachable(path).peekable();
        reached.peek().is_some() && reached.all(|account| accounts.contains(&reference(account)))
    });
    covered.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_cover_every_cell_and_no_other() {
        let spot = |name: &str| Spot { account: AccountRef { name: name.to_owned(), id: None }, unit: String::new() };
        let (ireland, virginia): (Region, Region) = ("eu-west-1".parse().unwrap(), "us-east-1".parse().unwrap());
        let cells = [
            (spot("a"), ireland.clone()),
            (spot("b"), virginia.clone()),
            (spot("a"), virginia.clone()),
            (spot("c"), ireland.clone()),
            (spot("c"), virginia.clone()),
        ];
        let found = rectangles(&cells);
        assert_eq!(
            found,
            [(vec![spot("a"), spot("c")], vec![ireland, virginia.clone()]), (vec![spot("b")], vec![virginia]),]
        );
    }
}
