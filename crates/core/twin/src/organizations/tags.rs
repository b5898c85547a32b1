//! Tags of roots, units, accounts and policies.

use stackfleet_api::{Error, organizations as api};

use super::{Organization, refusal};
use crate::{call::Call, world::World};

/// Returns `old` with `added` over it, within the limits of Organizations.
pub(super) fn merged(old: &[(String, String)], added: Vec<api::Tag>) -> Result<Vec<(String, String)>, Error> {
    let mut tags = old.to_vec();
    for tag in added {
        if tag.key.starts_with("aws:") {
            let message = "You specified a tag key with an invalid prefix: aws:.";
            return Err(refusal::invalid_input("INVALID_SYSTEM_TAGS_PARAMETER", message));
        }
        match tags.iter_mut().find(|(key, _)| *key == tag.key) {
            Some((_, value)) => *value = tag.value,
            None => tags.push((tag.key, tag.value)),
        }
    }
    if tags.len() > 50 {
        let message = "You have exceeded the number of tags allowed on this resource.";
        return Err(refusal::constraint("MAX_TAG_LIMIT_EXCEEDED", message));
    }
    Ok(tags)
}

impl Organization {
    fn tags_of(&mut self, id: &str) -> Result<&mut Vec<(String, String)>, Error> {
        if id == self.root {
            return Ok(&mut self.root_tags);
        }
        let tags = if let Some(unit) = self.units.get_mut(id) {
            Some(&mut unit.tags)
        } else if let Some(member) = self.accounts.get_mut(id) {
            Some(&mut member.tags)
        } else {
            self.policies.get_mut(id).map(|policy| &mut policy.tags)
        };
        tags.ok_or_else(refusal::target_not_found)
    }
}

pub(super) fn tag(
    world: &mut World,
    call: &Call,
    input: api::TagResourceInput,
) -> Result<api::TagResourceOutput, Error> {
    let tags = world.organization_write(call)?.tags_of(&input.resource_id)?;
    *tags = merged(tags, input.tags)?;
    Ok(api::TagResourceOutput::default())
}

pub(super) fn untag(
    world: &mut World,
    call: &Call,
    input: api::UntagResourceInput,
) -> Result<api::UntagResourceOutput, Error> {
    let tags = world.organization_write(call)?.tags_of(&input.resource_id)?;
    tags.retain(|(key, _)| !input.tag_keys.contains(key));
    Ok(api::UntagResourceOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListTagsForResourceInput,
) -> Result<api::ListTagsForResourceOutput, Error> {
    world.organization_read(call)?;
    let organization = world.organization.as_mut().ok_or_else(refusal::not_in_use)?;
    let tags = organization.tags_of(&input.resource_id)?.iter();
    let tags = tags.map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect();
    Ok(api::ListTagsForResourceOutput { tags: Some(tags), next_token: None })
}
