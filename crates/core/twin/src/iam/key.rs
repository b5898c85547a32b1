//! Access keys of users.

use stackfleet_api::{Error, iam as api};
use stackfleet_base::AccountId;

use super::{Key, check, page, refusal, role, user};
use crate::{call::Call, time::date_time, world::World};

impl World {
    /// Makes an access key for a user and returns its id and secret; none when there is no such user.
    pub(crate) fn make_key(&mut self, account: &AccountId, user: &str) -> Option<(String, String)> {
        let draw = self.ids.draw("access-key", &[account.as_str(), user]);
        let (id, secret) = (format!("AKIA{}", draw.upper(16)), draw.mixed(40));
        let created = self.now;
        let user = self.accounts.get_mut(account)?.iam.user_mut(user)?;
        let name = user.name.to_string();
        user.keys.insert(id.clone(), Key { secret: secret.clone(), active: true, created, last_used: None });
        self.keys.insert(id.clone(), (account.clone(), name));
        Some((id, secret))
    }

    fn own_key(&mut self, call: &Call, name: &str, id: &str) -> Result<&mut Key, Error> {
        let user = self.account_mut(call.account())?.iam.own_user(name)?;
        user.keys.get_mut(id).ok_or_else(|| refusal::no_key(id))
    }
}

fn status(active: bool) -> Option<api::StatusType> {
    api::StatusType::parse(if active { "Active" } else { "Inactive" })
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateAccessKeyInput,
) -> Result<api::CreateAccessKeyOutput, Error> {
    let name = user::named_or_caller(input.user_name, call)?;
    let user = world.account_mut(call.account())?.iam.own_user(&name)?;
    if user.keys.len() >= check::KEYS_MAX {
        return Err(refusal::limit("AccessKeysPerUser", check::KEYS_MAX));
    }
    let (access_key_id, secret_access_key) =
        world.make_key(call.account(), &name).ok_or_else(|| refusal::no_user(&name))?;
    let access_key = api::AccessKey {
        user_name: name,
        access_key_id,
        status: status(true).unwrap_or_default(),
        secret_access_key,
        create_date: Some(date_time(role::whole_seconds(world.now))),
    };
    Ok(api::CreateAccessKeyOutput { access_key })
}

pub(super) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdateAccessKeyInput,
) -> Result<api::UpdateAccessKeyOutput, Error> {
    let name = user::named_or_caller(input.user_name, call)?;
    world.own_key(call, &name, &input.access_key_id)?.active = input.status.as_str() == "Active";
    Ok(api::UpdateAccessKeyOutput::default())
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeleteAccessKeyInput,
) -> Result<api::DeleteAccessKeyOutput, Error> {
    let name = user::named_or_caller(input.user_name, call)?;
    world.own_key(call, &name, &input.access_key_id)?;
    world.account_mut(call.account())?.iam.own_user(&name)?.keys.remove(&input.access_key_id);
    world.keys.remove(&input.access_key_id);
    Ok(api::DeleteAccessKeyOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListAccessKeysInput,
) -> Result<api::ListAccessKeysOutput, Error> {
    if input.user_name.is_none() && call.principal.is_root() {
        // The twin's root users have no keys: AWS gives new member accounts none either.
        return Ok(api::ListAccessKeysOutput { is_truncated: Some(false), ..api::ListAccessKeysOutput::default() });
    }
    let name = user::named_or_caller(input.user_name, call)?;
    let user = world.account(call.account())?.iam.user(&name).ok_or_else(|| refusal::no_user(&name))?;
    let keys = user.keys.iter().map(|(id, key)| {
        let shown = api::AccessKeyMetadata {
            user_name: Some(user.name.to_string()),
            access_key_id: Some(id.clone()),
            status: status(key.active),
            create_date: Some(date_time(role::whole_seconds(key.created))),
        };
        (id.clone(), shown)
    });
    let page = page("access-keys", keys, input.marker.as_deref(), input.max_items)?;
    Ok(api::ListAccessKeysOutput {
        access_key_metadata: page.items,
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

pub(super) fn last_used(
    world: &mut World,
    call: &Call,
    input: api::GetAccessKeyLastUsedInput,
) -> Result<api::GetAccessKeyLastUsedOutput, Error> {
    let id = input.access_key_id;
    let (account, name) = world.keys.get(&id).ok_or_else(|| refusal::no_key(&id))?;
    // IAM answers this for keys of the caller's account only, and says no more of others.
    let user = world.account(account)?.iam.user(name).filter(|_| account == call.account());
    let user = user.ok_or_else(|| refusal::no_key(&id))?;
    let used = user.keys.get(&id).and_then(|key| key.last_used.as_ref());
    // A key that was never used has the words N/A.
    let access_key_last_used = Some(match used {
        Some(used) => api::AccessKeyLastUsed {
            last_used_date: Some(date_time(role::whole_seconds(used.at))),
            service_name: used.service.clone(),
            region: used.region.to_string(),
        },
        None => {
            api::AccessKeyLastUsed { last_used_date: None, service_name: "N/A".to_owned(), region: "N/A".to_owned() }
        }
    });
    Ok(api::GetAccessKeyLastUsedOutput { user_name: Some(user.name.to_string()), access_key_last_used })
}
