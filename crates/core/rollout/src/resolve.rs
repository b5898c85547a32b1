//! Puts ids where the plan could only say names.
//!
//! A plan made before an account, a unit or the organization existed speaks of them by name; by the time a step is
//! asked, the steps before it have taught the rollout their ids.

use stackfleet_base::AccountId;
use stackfleet_plan::{
    Observed, Plan,
    plan::{AccountFilter, AccountRef, Action, PolicyTarget, Targets, placeholder},
};

use crate::step::Directory;

/// Returns what is known before anything was asked.
pub(crate) fn directory(plan: &Plan, observed: &Observed) -> Directory {
    let mut directory = Directory { management: Some(observed.caller.account.clone()), ..Directory::default() };
    if let Some(organization) = &observed.organization {
        directory.management = Some(organization.management.clone());
        directory.organization = Some(organization.id.clone());
        directory.root = Some(organization.root.clone());
        directory.units = organization.units.iter().map(|(path, unit)| (path.clone(), unit.id.clone())).collect();
        directory.policies = organization.policies.iter().map(|(name, seen)| (name.clone(), seen.id.clone())).collect();
        let accounts = organization.accounts.iter();
        directory.accounts = accounts.map(|(id, account)| (account.name.clone(), id.clone())).collect();
    }
    // The plan's names win: an account may be called otherwise in the project than in AWS.
    for cell in &plan.cells {
        if let Some(id) = &cell.account.id {
            directory.accounts.insert(cell.account.name.clone(), id.clone());
        }
    }
    directory
}

/// Returns the action with every id and placeholder filled in, or what is not known.
pub(crate) fn action(action: &Action, directory: &Directory) -> Result<Action, String> {
    let mut action = action.clone();
    match &mut action {
        Action::MoveAccount { account, .. } | Action::TagAccount { account, .. } => {
            resolve_account(account, directory)?
        }
        Action::AttachPolicy { target, .. } | Action::DetachPolicy { target, .. } => match target {
            PolicyTarget::Account(account) => resolve_account(account, directory)?,
            PolicyTarget::Root | PolicyTarget::Unit(_) => {}
        },
        Action::CreatePolicy { content, .. } | Action::UpdatePolicy { content, .. } => {
            resolve_text(content, directory)?
        }
        Action::PutAdministrationRole { trust, policy, .. } => {
            resolve_text(trust, directory)?;
            resolve_text(policy, directory)?;
        }
        Action::PutBucket { bucket, policy, .. } => {
            resolve_text(bucket, directory)?;
            resolve_text(policy, directory)?;
        }
        Action::UploadArtifact { bucket, .. } => resolve_text(bucket, directory)?,
        Action::CreateStackSet { definition, .. } => resolve_definition(definition, directory)?,
        Action::UpdateStackSet { definition, targets, .. } => {
            resolve_definition(definition, directory)?;
            resolve_targets(targets, directory)?;
        }
        Action::CreateInstances { targets, overrides, .. } | Action::UpdateInstances { targets, overrides, .. } => {
            resolve_targets(targets, directory)?;
            overrides.values_mut().try_for_each(|value| resolve_text(value, directory))?;
        }
        Action::CreateOrganization
        | Action::EnableServiceControlPolicies
        | Action::ActivateStackSetsAccess
        | Action::CreateUnit { .. }
        | Action::CreateAccount { .. }
        | Action::SetAutoDeployment { .. }
        | Action::FollowOperation { .. } => {}
    }
    Ok(action)
}

/// Returns the id of an account, when it is known.
pub(crate) fn account_id<'a>(account: &'a AccountRef, directory: &'a Directory) -> Option<&'a AccountId> {
    account.id.as_ref().or_else(|| directory.accounts.get(&account.name))
}

fn resolve_account(account: &mut AccountRef, directory: &Directory) -> Result<(), String> {
    let id = account_id(account, directory).cloned();
    account.id = Some(id.ok_or_else(|| format!("the id of account `{}` is not known", account.name))?);
    Ok(())
}

fn resolve_targets(targets: &mut Targets, directory: &Directory) -> Result<(), String> {
    targets.accounts.iter_mut().try_for_each(|account| resolve_account(account, directory))?;
    match targets.units.as_mut().map(|units| &mut units.filter) {
        Some(AccountFilter::Difference(accounts)) => {
            accounts.iter_mut().try_for_each(|account| resolve_account(account, directory))
        }
        Some(AccountFilter::None | AccountFilter::Intersection) | None => Ok(()),
    }
}

fn resolve_definition(
    definition: &mut stackfleet_plan::observed::Definition,
    directory: &Directory,
) -> Result<(), String> {
    use stackfleet_plan::observed::PermissionModel;
    resolve_text(&mut definition.template, directory)?;
    definition.parameters.values_mut().flatten().try_for_each(|value| resolve_text(value, directory))?;
    definition.tags.values_mut().try_for_each(|value| resolve_text(value, directory))?;
    match &mut definition.model {
        PermissionModel::SelfManaged { administration_role, .. } => resolve_text(administration_role, directory),
        PermissionModel::ServiceManaged { .. } => Ok(()),
    }
}

fn resolve_text(text: &mut String, directory: &Directory) -> Result<(), String> {
    let known = [
        (placeholder::MANAGEMENT, directory.management.as_ref().map(AccountId::as_str)),
        (placeholder::ORGANIZATION, directory.organization.as_deref()),
    ];
    for (mark, value) in known {
        if text.contains(mark) {
            *text = text.replace(mark, value.ok_or_else(|| format!("the value of {mark} is not known"))?);
        }
    }
    while let Some(start) = text.find(placeholder::ACCOUNT) {
        let after = start + placeholder::ACCOUNT.len();
        let end = text.get(after..).and_then(|rest| rest.find('}')).map(|length| after + length);
        let end = end.ok_or_else(|| format!("`{text}` has an unfinished placeholder"))?;
        let name = text.get(after..end).unwrap_or_default();
        let id = directory.accounts.get(name).ok_or_else(|| format!("the id of account `{name}` is not known"))?;
        text.replace_range(start..=end, id.as_str());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_give_way_to_ids_and_unknown_ones_are_named() {
        let mut directory = Directory { organization: Some("o-abc".to_owned()), ..Directory::default() };
        directory.accounts.insert("Dev".to_owned(), "111122223333".parse().unwrap());
        let mut text = format!("{} and {}", placeholder::account("Dev"), placeholder::ORGANIZATION);
        resolve_text(&mut text, &directory).unwrap();
        assert_eq!(text, "111122223333 and o-abc");
        let mut unknown = placeholder::account("Prod");
        assert_eq!(resolve_text(&mut unknown, &directory).unwrap_err(), "the id of account `Prod` is not known");
    }
}
