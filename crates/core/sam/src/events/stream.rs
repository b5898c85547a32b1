//! `Kinesis` and `DynamoDB`: a mapping from a stream.

use super::{Event, pull};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;

pub(super) const SOURCE: pull::Source =
    pull::Source { arn_property: Some("Stream"), extra: &[], starting_position_required: true, consumer_group: false };

pub(crate) fn expand(context: &Context<'_>, event: &Event<'_>, role: Option<&mut Generated>) -> Result<Vec<Generated>> {
    let mut mapping = pull::event_source_mapping(event, &SOURCE)?;
    let failure = pull::on_failure(event, &mut mapping)?;
    let policy = match event.kind {
        "Kinesis" => "service-role/AWSLambdaKinesisExecutionRole",
        _dynamo => "service-role/AWSLambdaDynamoDBExecutionRole",
    };
    pull::link(role, Some(context.aws_policy(policy)), failure.into_iter().collect());
    Ok(vec![mapping])
}
