//! `AlexaSkill`: a permission, restricted to one skill if given.

use super::Event;
use crate::error::Result;
use crate::generated::Generated;
use crate::properties::{Shape, Specification, optional};

pub(super) const PROPERTIES: Specification = &[optional("SkillId", Shape::Text)];

pub(crate) fn expand(event: &Event<'_>) -> Result<Vec<Generated>> {
    let mut permission = event.permission("alexa-appkit.amazon.com");
    permission.set("EventSourceToken", event.properties.truthy("SkillId"));
    Ok(vec![permission])
}
