//! `AlexaSkill`: a permission, restricted to one skill if given.

use super::Event;
use crate::error::Result;
use crate::generated::Generated;
use crate::properties::{Specification, text};

pub(super) const PROPERTIES: Specification = &[text("SkillId")];

pub(crate) fn expand(event: &Event<'_>) -> Result<Vec<Generated>> {
    let mut permission = event.permission("alexa-appkit.amazon.com");
    permission.set("EventSourceToken", event.properties.present("SkillId"));
    Ok(vec![permission])
}
