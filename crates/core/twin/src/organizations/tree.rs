//! The organization itself, its root and its units.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_api::{Error, organizations as api};

use super::{Organization, TypeStatus, Unit, accounts, policies, refusal, tags};
use crate::{call::Call, pages, world::World};

/// Levels of units under the root.
const DEPTH_MAX: usize = 5;
const UNITS_MAX: usize = 2000;

pub(super) fn create_organization(
    world: &mut World,
    call: &Call,
    input: api::CreateOrganizationInput,
) -> Result<api::CreateOrganizationOutput, Error> {
    if world.organization.as_ref().is_some_and(|organization| organization.accounts.contains_key(call.account())) {
        let message = "The provided account is already a member of an organization.";
        return Err(api::AlreadyInOrganizationException::error(message));
    }
    if world.organization.is_some() {
        let message = "The twin holds one organization, and another account founded it.";
        return Err(refusal::constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", message));
    }
    let billing_only = input.feature_set.is_some_and(|set| set.as_str() == "CONSOLIDATED_BILLING");
    world.found_organization(call.account().clone(), billing_only);
    let organization = world.organization.as_ref().map(shown);
    Ok(api::CreateOrganizationOutput { organization })
}

impl World {
    /// Makes the organization with `management` as its first account.
    pub(crate) fn found_organization(&mut self, management: stackfleet_base::AccountId, billing_only: bool) {
        let draw = self.ids.draw("organization", &[management.as_str()]);
        let root = format!("r-{}", self.ids.draw("root", &[management.as_str()]).lower(4));
        let owner = self.accounts.get(&management);
        let (name, email) = owner.map(|owner| (owner.name.clone(), owner.email.clone())).unwrap_or_default();
        let mut organization = Organization {
            id: format!("o-{}", draw.lower(10)),
            root: root.clone(),
            management: management.clone(),
            management_email: email.clone(),
            billing_only,
            policy_types: BTreeMap::new(),
            units: BTreeMap::new(),
            accounts: BTreeMap::new(),
            children: BTreeMap::from([(root.clone(), BTreeSet::new())]),
            policies: policies::built_in(),
            attached: BTreeMap::new(),
            creations: BTreeMap::new(),
            trusted: BTreeMap::new(),
            delegated: BTreeMap::new(),
            root_tags: Vec::new(),
            root_features: BTreeSet::new(),
            compiled: super::Paths::default(),
        };
        let joined = self.now;
        organization.place(management.clone(), accounts::member(name, email, root, joined, true));
        self.organization = Some(organization);
        self.create_service_linked_role(&management, "organizations.amazonaws.com", "AWSServiceRoleForOrganizations");
    }
}

pub(super) fn delete_organization(
    world: &mut World,
    call: &Call,
    _: api::DeleteOrganizationInput,
) -> Result<api::DeleteOrganizationOutput, Error> {
    let organization = world.organization_write(call)?;
    if organization.accounts.len() > 1 || !organization.units.is_empty() {
        let message =
            "To delete an organization you must first remove all member accounts, organizational units, and policies.";
        return Err(api::OrganizationNotEmptyException::error(message));
    }
    world.organization = None;
    Ok(api::DeleteOrganizationOutput::default())
}

pub(super) fn describe_organization(
    world: &mut World,
    call: &Call,
    _: api::DescribeOrganizationInput,
) -> Result<api::DescribeOrganizationOutput, Error> {
    // Every member may ask this, unlike all else.
    let organization = world.organization.as_ref().filter(|found| found.accounts.contains_key(call.account()));
    let organization = organization.ok_or_else(refusal::not_in_use)?;
    Ok(api::DescribeOrganizationOutput { organization: Some(shown(organization)) })
}

fn shown(organization: &Organization) -> api::Organization {
    let features = if organization.billing_only { "CONSOLIDATED_BILLING" } else { "ALL" };
    // Only service control policies are listed here, whatever is enabled: the reference tells clients to ask ListRoots.
    let scp = api::PolicyTypeSummary {
        type_: api::PolicyType::parse(super::SCP),
        status: api::PolicyTypeStatus::parse("ENABLED"),
    };
    api::Organization {
        id: Some(organization.id.clone()),
        arn: Some(organization.arn(&format!("organization/{}", organization.id))),
        feature_set: api::OrganizationFeatureSet::parse(features),
        master_account_arn: Some(organization.account_arn(&organization.management)),
        master_account_id: Some(organization.management.to_string()),
        master_account_email: Some(organization.management_email.clone()),
        available_policy_types: Some(if organization.billing_only { Vec::new() } else { vec![scp] }),
    }
}

pub(super) fn list_roots(
    world: &mut World,
    call: &Call,
    _: api::ListRootsInput,
) -> Result<api::ListRootsOutput, Error> {
    let organization = world.organization_read(call)?;
    Ok(api::ListRootsOutput { roots: Some(vec![shown_root(organization)]), next_token: None })
}

pub(super) fn shown_root(organization: &Organization) -> api::Root {
    let types = organization.policy_types.iter().map(|(kind, status)| api::PolicyTypeSummary {
        type_: api::PolicyType::parse(kind),
        status: api::PolicyTypeStatus::parse(match status {
            TypeStatus::Enabled => "ENABLED",
            TypeStatus::PendingEnable => "PENDING_ENABLE",
            TypeStatus::PendingDisable => "PENDING_DISABLE",
        }),
    });
    api::Root {
        id: Some(organization.root.clone()),
        arn: Some(organization.node_arn(&organization.root)),
        name: Some("Root".to_owned()),
        policy_types: Some(types.collect()),
    }
}

pub(super) fn create_unit(
    world: &mut World,
    call: &Call,
    input: api::CreateOrganizationalUnitInput,
) -> Result<api::CreateOrganizationalUnitOutput, Error> {
    let organization = world.organization_write(call)?;
    if !organization.is_parent(&input.parent_id) {
        return Err(refusal::parent_not_found());
    }
    check_sibling(organization, &input.parent_id, &input.name)?;
    if organization.upward(&input.parent_id).len() > DEPTH_MAX {
        let message = "You have exceeded the maximum depth of an organization's tree.";
        return Err(refusal::constraint("OU_DEPTH_LIMIT_EXCEEDED", message));
    }
    if organization.units.len() >= UNITS_MAX {
        let message = "You have exceeded the number of organizational units that you can have in an organization.";
        return Err(refusal::constraint("OU_NUMBER_LIMIT_EXCEEDED", message));
    }
    let tags = tags::merged(&[], input.tags.unwrap_or_default())?;
    let suffix = organization.root.trim_start_matches("r-").to_owned();
    let (parent, name) = (input.parent_id, input.name);
    let id = format!("ou-{suffix}-{}", world.ids.draw("unit", &[&parent, &name]).lower(8));
    let organization = world.organization_write(call)?;
    organization.children.entry(parent.clone()).or_default().insert(id.clone());
    organization.units.insert(id.clone(), Unit { name, parent, tags });
    policies::attach_defaults(organization, &id);
    Ok(api::CreateOrganizationalUnitOutput { organizational_unit: shown_unit(organization, &id) })
}

/// Refuses a second unit of the same name under the same parent; case counts.
fn check_sibling(organization: &Organization, parent: &str, name: &str) -> Result<(), Error> {
    let mut siblings = organization.children.get(parent).into_iter().flatten();
    if siblings.any(|id| organization.units.get(id).is_some_and(|unit| unit.name == name)) {
        return Err(api::DuplicateOrganizationalUnitException::error("An OU with the same name already exists."));
    }
    Ok(())
}

fn shown_unit(organization: &Organization, id: &str) -> Option<api::OrganizationalUnit> {
    let unit = organization.units.get(id)?;
    Some(api::OrganizationalUnit {
        id: Some(id.to_owned()),
        arn: Some(organization.node_arn(id)),
        name: Some(unit.name.clone()),
        path: Some(unit_path(organization, id)),
    })
}

fn unit_path(organization: &Organization, id: &str) -> String {
    let mut nodes = organization.upward(id);
    nodes.push(&organization.id);
    nodes.reverse();
    nodes.join("/") + "/"
}

pub(super) fn describe_unit(
    world: &mut World,
    call: &Call,
    input: api::DescribeOrganizationalUnitInput,
) -> Result<api::DescribeOrganizationalUnitOutput, Error> {
    let organization = world.organization_read(call)?;
    let unit = shown_unit(organization, &input.organizational_unit_id).ok_or_else(refusal::unit_not_found)?;
    Ok(api::DescribeOrganizationalUnitOutput { organizational_unit: Some(unit) })
}

pub(super) fn update_unit(
    world: &mut World,
    call: &Call,
    input: api::UpdateOrganizationalUnitInput,
) -> Result<api::UpdateOrganizationalUnitOutput, Error> {
    let organization = world.organization_write(call)?;
    let id = input.organizational_unit_id;
    let unit = organization.units.get(&id).ok_or_else(refusal::unit_not_found)?;
    if let Some(name) = input.name.filter(|name| *name != unit.name) {
        check_sibling(organization, &unit.parent, &name)?;
        if let Some(unit) = organization.units.get_mut(&id) {
            unit.name = name;
        }
    }
    Ok(api::UpdateOrganizationalUnitOutput { organizational_unit: shown_unit(organization, &id) })
}

pub(super) fn delete_unit(
    world: &mut World,
    call: &Call,
    input: api::DeleteOrganizationalUnitInput,
) -> Result<api::DeleteOrganizationalUnitOutput, Error> {
    let organization = world.organization_write(call)?;
    let id = input.organizational_unit_id;
    let unit = organization.units.get(&id).ok_or_else(refusal::unit_not_found)?;
    if organization.children.get(&id).is_some_and(|children| !children.is_empty()) {
        let message = "The specified organizational unit (OU) isn't empty. Move all accounts to another root or to \
                       other OUs, remove all child OUs, and try the operation again.";
        return Err(api::OrganizationalUnitNotEmptyException::error(message));
    }
    let parent = unit.parent.clone();
    organization.units.remove(&id);
    organization.children.remove(&id);
    organization.attached.remove(&id);
    if let Some(siblings) = organization.children.get_mut(&parent) {
        siblings.remove(&id);
    }
    Ok(api::DeleteOrganizationalUnitOutput::default())
}

pub(super) fn list_units(
    world: &mut World,
    call: &Call,
    input: api::ListOrganizationalUnitsForParentInput,
) -> Result<api::ListOrganizationalUnitsForParentOutput, Error> {
    let organization = world.organization_read(call)?;
    if !organization.is_parent(&input.parent_id) {
        return Err(refusal::parent_not_found());
    }
    let children = organization.children.get(&input.parent_id).into_iter().flatten();
    let units = children.filter_map(|id| Some((id.clone(), shown_unit(organization, id)?)));
    let (units, next_token) = list("units", units, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListOrganizationalUnitsForParentOutput { organizational_units: Some(units), next_token })
}

pub(super) fn list_children(
    world: &mut World,
    call: &Call,
    input: api::ListChildrenInput,
) -> Result<api::ListChildrenOutput, Error> {
    let organization = world.organization_read(call)?;
    if !organization.is_parent(&input.parent_id) {
        return Err(refusal::parent_not_found());
    }
    let units = input.child_type.as_str() == "ORGANIZATIONAL_UNIT";
    let children = organization.children.get(&input.parent_id).into_iter().flatten();
    let children = children.filter(|id| organization.units.contains_key(*id) == units).map(|id| {
        let child = api::Child { id: Some(id.clone()), type_: Some(input.child_type) };
        (id.clone(), child)
    });
    let (children, next_token) = list("children", children, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListChildrenOutput { children: Some(children), next_token })
}

pub(super) fn list_parents(
    world: &mut World,
    call: &Call,
    input: api::ListParentsInput,
) -> Result<api::ListParentsOutput, Error> {
    let organization = world.organization_read(call)?;
    let unit = organization.units.get(&input.child_id).map(|unit| &unit.parent);
    let parent = unit.or_else(|| organization.account(&input.child_id).map(|(_, member)| &member.parent));
    let parent =
        parent.ok_or_else(|| api::ChildNotFoundException::error("You specified a child that doesn't exist."))?;
    let kind = if *parent == organization.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
    let parent = api::Parent { id: Some(parent.clone()), type_: api::ParentType::parse(kind) };
    Ok(api::ListParentsOutput { parents: Some(vec![parent]), next_token: None })
}

/// A page of a list of Organizations: at most 20 items.
pub(super) fn list<Item>(
    kind: &str,
    items: impl Iterator<Item = (String, Item)>,
    token: Option<&str>,
    max: Option<i32>,
) -> Result<(Vec<Item>, Option<String>), Error> {
    let after = token.map(|token| pages::open(kind, token).ok_or_else(refusal::invalid_token)).transpose()?;
    let max = usize::try_from(max.unwrap_or(20)).unwrap_or(20).clamp(1, 20);
    let (page, last) = pages::page(items, after.as_deref(), max);
    Ok((page, last.map(|last| pages::seal(kind, &last))))
}
