//! Account Management: which regions an account has enabled.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use stackfleet_api::{Error, account as api};
use stackfleet_base::{AccountId, Region};

use crate::{call::Call, pages, service::service, world::World};

/// Regions that every account has.
pub(crate) const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Regions that must be enabled. Source: "Enable or disable AWS Regions in your account", copy of the second half of
/// 2026.
pub(crate) const OPT_IN_REGIONS: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// How long enabling takes: "minutes to hours" by the documents; disabling is as long.
const CHANGING: Duration = Duration::from_secs(300);
/// Requests of one account that may be under way.
const CHANGES_AT_ONCE: usize = 6;

/// Opt-in regions of an account that are or were enabled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Regions {
    opted: BTreeMap<String, OptStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum OptStatus {
    Enabled,
    Enabling,
    Disabling,
}

/// A region has been enabled or disabled for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    account: AccountId,
    region: String,
}

impl Regions {
    /// Returns whether the region may be called. While it is being disabled it no longer may.
    pub(crate) fn is_enabled(&self, region: &Region) -> bool {
        DEFAULT_REGIONS.contains(&region.as_str()) || self.opted.get(region.as_str()) == Some(&OptStatus::Enabled)
    }

    fn status(&self, region: &str) -> Option<&'static str> {
        if DEFAULT_REGIONS.contains(&region) {
            return Some("ENABLED_BY_DEFAULT");
        }
        OPT_IN_REGIONS.contains(&region).then(|| match self.opted.get(region) {
            Some(OptStatus::Enabled) => "ENABLED",
            Some(OptStatus::Enabling) => "ENABLING",
            Some(OptStatus::Disabling) => "DISABLING",
            None => "DISABLED",
        })
    }
}

impl World {
    pub(crate) fn run_account(&mut self, event: Event) {
        let Some(account) = self.accounts.get_mut(&event.account) else { return };
        match account.regions.opted.get(&event.region) {
            Some(OptStatus::Enabling) => {
                account.regions.opted.insert(event.region, OptStatus::Enabled);
            }
            Some(OptStatus::Disabling) => {
                account.regions.opted.remove(&event.region);
            }
            Some(OptStatus::Enabled) | None => {}
        }
    }

    /// Returns the account that a call means: the caller's, or a member's if the management account asks and account
    /// management is trusted in the organization.
    fn meant(&self, call: &Call, given: Option<&str>) -> Result<AccountId, Error> {
        let denied = || {
            let message = "User is not authorized to perform this operation on the specified account";
            api::AccessDeniedException::error(message)
        };
        let Some(given) = given else { return Ok(call.account().clone()) };
        let organization = self.organization.as_ref().ok_or_else(denied)?;
        let (account, _) = organization.account(given).ok_or_else(denied)?;
        if *account == organization.management {
            let message = "The management account can't be specified as an AccountId in Organizations.";
            return Err(api::ValidationException::error(message));
        }
        let trusted = organization.trusts("account.amazonaws.com");
        let delegated = organization.is_delegated(call.account(), "account.amazonaws.com");
        if trusted && (*call.account() == organization.management || delegated) {
            return Ok(account.clone());
        }
        Err(denied())
    }

    fn change_region(&mut self, account: &AccountId, region: &str, enable: bool) -> Result<(), Error> {
        let due = self.now + CHANGING;
        let regions = &mut self.account_mut(account)?.regions;
        let status = regions.status(region).ok_or_else(|| unknown_region(region))?;
        let next = match (status, enable) {
            ("ENABLED_BY_DEFAULT", false) => {
                let message = format!("Region {region} is enabled by default and can't be disabled.");
                return Err(api::ValidationException::error(message));
            }
            ("ENABLED" | "ENABLING" | "ENABLED_BY_DEFAULT", true) | ("DISABLED" | "DISABLING", false) => return Ok(()),
            ("DISABLING", true) | ("ENABLING", false) => {
                let message = format!("Region {region} is being changed; try again when it is done.");
                return Err(api::ConflictException::error(message));
            }
            (_, true) => OptStatus::Enabling,
            (_, false) => OptStatus::Disabling,
        };
        let under_way = regions.opted.values().filter(|status| **status != OptStatus::Enabled).count();
        if under_way >= CHANGES_AT_ONCE {
            let message = "Too many region opt requests are in progress.";
            return Err(api::TooManyRequestsException::error(message));
        }
        regions.opted.insert(region.to_owned(), next);
        self.queue.push(due, Event { account: account.clone(), region: region.to_owned() }.into());
        Ok(())
    }
}

fn unknown_region(region: &str) -> Error {
    api::ValidationException::error(format!("The region {region} does not exist."))
}

fn list(world: &mut World, call: &Call, input: api::ListRegionsInput) -> Result<api::ListRegionsOutput, Error> {
    let account = world.meant(call, input.account_id.as_deref())?;
    let regions = &world.account(&account)?.regions;
    let mut names: Vec<&str> = DEFAULT_REGIONS.into_iter().chain(OPT_IN_REGIONS).collect();
    names.sort_unstable();
    let wanted = input.region_opt_status_contains.unwrap_or_default();
    let shown = names.into_iter().map(|name| {
        let status = regions.status(name).and_then(api::RegionOptStatus::parse);
        (name.to_owned(), api::Region { region_name: Some(name.to_owned()), region_opt_status: status })
    });
    let shown = shown.filter(|(_, region)| {
        wanted.is_empty() || region.region_opt_status.is_some_and(|status| wanted.contains(&status))
    });
    let after = input.next_token.as_deref().map(|token| {
        pages::open("regions", token).ok_or_else(|| api::ValidationException::error("The NextToken is not valid."))
    });
    let max = usize::try_from(input.max_results.unwrap_or(50)).unwrap_or(50).clamp(1, 50);
    let (page, last) = pages::page(shown, after.transpose()?.as_deref(), max);
    Ok(api::ListRegionsOutput { regions: Some(page), next_token: last.map(|last| pages::seal("regions", &last)) })
}

fn status(
    world: &mut World,
    call: &Call,
    input: api::GetRegionOptStatusInput,
) -> Result<api::GetRegionOptStatusOutput, Error> {
    let account = world.meant(call, input.account_id.as_deref())?;
    let status = world.account(&account)?.regions.status(&input.region_name);
    let status = status.ok_or_else(|| unknown_region(&input.region_name))?;
    Ok(api::GetRegionOptStatusOutput {
        region_name: Some(input.region_name),
        region_opt_status: api::RegionOptStatus::parse(status),
    })
}

fn enable(world: &mut World, call: &Call, input: api::EnableRegionInput) -> Result<api::EnableRegionOutput, Error> {
    let account = world.meant(call, input.account_id.as_deref())?;
    world.change_region(&account, &input.region_name, true)?;
    Ok(api::EnableRegionOutput::default())
}

fn disable(world: &mut World, call: &Call, input: api::DisableRegionInput) -> Result<api::DisableRegionOutput, Error> {
    let account = world.meant(call, input.account_id.as_deref())?;
    world.change_region(&account, &input.region_name, false)?;
    Ok(api::DisableRegionOutput::default())
}

service! {
    api::Account, api;
    disable_region: DisableRegionInput -> DisableRegionOutput = disable;
    enable_region: EnableRegionInput -> EnableRegionOutput = enable;
    get_region_opt_status: GetRegionOptStatusInput -> GetRegionOptStatusOutput = status;
    list_regions: ListRegionsInput -> ListRegionsOutput = list;
}
