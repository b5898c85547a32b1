//! Which accounts a stack set call means: units, accounts and the account filter.
//!
//! Plain sets. The organization is asked through [`Organization`], so that nothing here knows how it is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stackfleet_base::AccountId;

/// Most units in one call.
pub const UNITS_MAX: usize = 50;

/// `AccountFilterType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountFilter {
    /// All accounts of the units.
    None,
    /// Accounts of the units that are also listed.
    Intersection,
    /// Accounts of the units that are not listed.
    Difference,
    /// Accounts of the units and those listed; not on creation.
    Union,
}

/// `Accounts` or `DeploymentTargets`, as given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Organizational unit or root ids.
    pub units: Vec<String>,
    /// Account ids.
    pub accounts: Vec<AccountId>,
    /// How the two are combined.
    pub filter: Option<AccountFilter>,
}

/// What targeting asks an organization.
pub trait Organization {
    /// Returns the accounts of a unit or root and of everything below it; `None` when there is no such unit.
    fn accounts_below(&self, unit: &str) -> Option<Vec<AccountId>>;
    /// Returns the management account.
    fn management(&self) -> AccountId;
}

/// Accounts, each with the unit that brought it in (none for accounts that were listed alone).
pub type Selected = BTreeMap<AccountId, Option<String>>;

/// Checks what a call for a self-managed set may name.
///
/// # Errors
/// The message of AWS's `ValidationError`.
pub fn check_self_managed(targets: &Targets) -> Result<(), String> {
    if !targets.units.is_empty() || targets.filter.is_some() {
        return Err("StackSets with SELF_MANAGED permission model can only have accounts as target".to_owned());
    }
    if targets.accounts.is_empty() {
        return Err("Either Accounts or DeploymentTargets must be specified".to_owned());
    }
    Ok(())
}

/// Checks what a call for a service-managed set may name.
///
/// # Errors
/// The message of AWS's `ValidationError`.
pub fn check_service_managed(targets: &Targets, creating: bool) -> Result<(), String> {
    let listed = !targets.accounts.is_empty();
    if targets.units.len() > UNITS_MAX {
        return Err(format!(
            "1 validation error detected: Value at 'deploymentTargets.organizationalUnitIds' failed to satisfy \
             constraint: Member must have length less than or equal to {UNITS_MAX}"
        ));
    }
    if targets.units.is_empty() && (creating || !listed) {
        return Err("OrganizationalUnitIds are required".to_owned());
    }
    match targets.filter {
        Some(AccountFilter::Union) if creating => {
            Err("AccountFilterType UNION is not supported for CreateStackInstances operation".to_owned())
        }
        None if creating && listed => Err("AccountFilterType should be specified when both OrganizationalUnitIds and \
                                           Accounts are provided"
            .to_owned()),
        Some(AccountFilter::Intersection | AccountFilter::Difference) if !listed => {
            Err("Accounts should be specified when Account-level Targeting is enabled".to_owned())
        }
        Some(AccountFilter::None) if listed => {
            Err("Accounts should not be specified when AccountFilterType is NONE".to_owned())
        }
        None | Some(_) => Ok(()),
    }
}

/// Selects the accounts of a service-managed call. The management account is never one. An account that several units
/// cover is reported under the unit named first (AWS does not document which).
///
/// # Errors
/// The message of AWS's `ValidationError` when a unit does not exist.
pub fn select(targets: &Targets, organization: &impl Organization) -> Result<Selected, String> {
    let mut covered = Selected::new();
    for unit in &targets.units {
        let accounts =
            organization.accounts_below(unit).ok_or_else(|| format!("Organizational unit {unit} does not exist"))?;
        for account in accounts {
            covered.entry(account).or_insert_with(|| Some(unit.clone()));
        }
    }
    covered.remove(&organization.management());
    let listed: BTreeSet<&AccountId> = targets.accounts.iter().collect();
    match targets.filter {
        Some(AccountFilter::None) => {}
        Some(AccountFilter::Intersection) => covered.retain(|account, _| listed.contains(account)),
        Some(AccountFilter::Difference) => covered.retain(|account, _| !listed.contains(account)),
        Some(AccountFilter::Union) | None => {
            for account in targets.accounts.iter().filter(|account| **account != organization.management()) {
                covered.entry(account.clone()).or_insert(None);
            }
        }
    }
    Ok(covered)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree;

    fn account(number: u64) -> AccountId {
        format!("{number:012}").parse().unwrap()
    }

    impl Organization for Tree {
        fn accounts_below(&self, unit: &str) -> Option<Vec<AccountId>> {
            let numbers: &[u64] = match unit {
                "r-root" => &[1, 2, 3, 4],
                "ou-parent" => &[2, 3],
                "ou-child" => &[3],
                "ou-empty" => &[],
                _ => return None,
            };
            Some(numbers.iter().copied().map(account).collect())
        }
        fn management(&self) -> AccountId {
            account(1)
        }
    }

    fn targets(units: &[&str], accounts: &[u64], filter: Option<AccountFilter>) -> Targets {
        Targets {
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            accounts: accounts.iter().copied().map(account).collect(),
            filter,
        }
    }

    fn selected(units: &[&str], accounts: &[u64], filter: Option<AccountFilter>) -> Vec<u64> {
        let found = select(&targets(units, accounts, filter), &Tree).unwrap();
        found.keys().map(|account| account.as_str().parse().unwrap()).collect()
    }

    #[test]
    fn the_algebra_of_filters() {
        use AccountFilter::{Difference, Intersection, Union};
        assert_eq!(selected(&["r-root"], &[], Some(AccountFilter::None)), [2, 3, 4], "never the management account");
        assert_eq!(selected(&["ou-parent"], &[3, 4], Some(Intersection)), [3]);
        assert_eq!(selected(&["ou-parent"], &[3, 4], Some(Difference)), [2]);
        assert_eq!(selected(&["ou-child"], &[2, 1], Some(Union)), [2, 3]);
        assert_eq!(selected(&["ou-child"], &[2], None), [2, 3], "an absent filter means union");
        assert!(selected(&["ou-empty"], &[], None).is_empty());
        assert!(select(&targets(&["ou-gone"], &[], None), &Tree).is_err());
    }

    #[test]
    fn overlapping_units_report_the_one_named_first() {
        let found = select(&targets(&["ou-child", "ou-parent"], &[], None), &Tree).unwrap();
        assert_eq!(found[&account(3)].as_deref(), Some("ou-child"));
        assert_eq!(found[&account(2)].as_deref(), Some("ou-parent"));
    }

    #[test]
    fn creation_is_stricter_than_update() {
        let check = |units: &[&str], accounts: &[u64], filter, creating| {
            check_service_managed(&targets(units, accounts, filter), creating).is_ok()
        };
        assert!(check(&["ou-child"], &[], None, true));
        assert!(!check(&["ou-child"], &[2], None, true));
        assert!(!check(&["ou-child"], &[2], Some(AccountFilter::Union), true));
        assert!(check(&["ou-child"], &[2], Some(AccountFilter::Union), false));
        assert!(!check(&[], &[2], None, true));
        assert!(check(&[], &[2], None, false));
        assert!(!check(&["ou-child"], &[], Some(AccountFilter::Difference), true));
        assert!(check_self_managed(&targets(&[], &[2], None)).is_ok());
        assert!(check_self_managed(&targets(&["ou-child"], &[], None)).is_err());
        assert!(check_self_managed(&targets(&[], &[], None)).is_err());
    }
}
