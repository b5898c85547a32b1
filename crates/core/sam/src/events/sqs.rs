//! `SQS`: a mapping from a queue.

use super::{Event, pull};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;

pub(super) const SOURCE: pull::Source =
    pull::Source { arn_property: Some("Queue"), extra: &[], starting_position_required: false, consumer_group: false };

pub(crate) fn expand(context: &Context<'_>, event: &Event<'_>, role: Option<&mut Generated>) -> Result<Vec<Generated>> {
    let mut mapping = pull::event_source_mapping(event, &SOURCE)?;
    let failure = pull::on_failure(event, &mut mapping)?;
    let policy = context.aws_policy("service-role/AWSLambdaSQSQueueExecutionRole");
    pull::link(role, Some(policy), failure.into_iter().collect());
    Ok(vec![mapping])
}
