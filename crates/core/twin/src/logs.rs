//! CloudWatch Logs: log groups with retention and tags. No events are kept: nothing in the twin writes any.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_api::logs as api;
use stackfleet_api::{
    Error,
    logs::{
        CreateLogGroupInput, DeleteLogGroupInput, DeleteRetentionPolicyInput, DescribeLogGroupsInput,
        DescribeLogGroupsOutput, InvalidParameterException, ListTagsForResourceInput, ListTagsForResourceOutput,
        LogGroup, LogGroupClass, PutRetentionPolicyInput, ResourceAlreadyExistsException, ResourceNotFoundException,
        TagResourceInput, UntagResourceInput,
    },
};
use stackfleet_base::{AccountId, Region, Timestamp};

use crate::{Call, cloudformation::pairs, pages, service::service};

/// Days for which events can be kept.
const RETENTIONS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// All log groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LogStore {
    #[serde(with = "pairs")]
    groups: BTreeMap<(AccountId, Region), BTreeMap<String, Group>>,
}

/// A log group.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Group {
    created: Timestamp,
    retention_days: Option<i32>,
    infrequent: bool,
    kms_key: Option<String>,
    tags: BTreeMap<String, String>,
}

/// Returns the ARN of a log group as policies name it, without the trailing `:*`.
pub(crate) fn arn(call: &Call, name: &str) -> String {
    format!("arn:{}:logs:{}:{}:log-group:{name}", call.region.partition().as_str(), call.region, call.account())
}

/// Returns the name in an ARN of a log group, with or without the trailing `:*`.
pub(crate) fn name_in(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

fn missing() -> Error {
    ResourceNotFoundException::error("The specified log group does not exist.")
}

impl LogStore {
    fn group(&mut self, call: &Call, name: &str) -> Result<&mut Group, Error> {
        let place = (call.account().clone(), call.region.clone());
        self.groups.get_mut(&place).and_then(|groups| groups.get_mut(name)).ok_or_else(missing)
    }

    /// Makes a log group.
    pub(crate) fn create(&mut self, call: &Call, now: Timestamp, input: CreateLogGroupInput) -> Result<(), Error> {
        let groups = self.groups.entry((call.account().clone(), call.region.clone())).or_default();
        if groups.contains_key(&input.log_group_name) {
            return Err(ResourceAlreadyExistsException::error("The specified log group already exists"));
        }
        let group = Group {
            created: now,
            retention_days: None,
            infrequent: input.log_group_class == Some(LogGroupClass::InfrequentAccess),
            kms_key: input.kms_key_id,
            tags: input.tags.unwrap_or_default(),
        };
        groups.insert(input.log_group_name, group);
        Ok(())
    }

    /// Deletes a log group.
    pub(crate) fn delete(&mut self, call: &Call, input: &DeleteLogGroupInput) -> Result<(), Error> {
        let place = (call.account().clone(), call.region.clone());
        let groups = self.groups.get_mut(&place).ok_or_else(missing)?;
        groups.remove(&input.log_group_name).map(|_| ()).ok_or_else(missing)
    }

    /// Lists log groups.
    pub(crate) fn describe(
        &self,
        call: &Call,
        input: &DescribeLogGroupsInput,
    ) -> Result<DescribeLogGroupsOutput, Error> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
            return Err(InvalidParameterException::error(message));
        }
        let after = match input.next_token.as_deref() {
            None => None,
            Some(token) => Some(
                pages::open("log-groups", token)
                    .ok_or_else(|| InvalidParameterException::error("The specified nextToken is invalid."))?,
            ),
        };
        let wanted = |name: &str| {
            let prefix = input.log_group_name_prefix.as_deref();
            let pattern = input.log_group_name_pattern.as_deref().map(str::to_lowercase);
            prefix.is_none_or(|prefix| name.starts_with(prefix))
                && pattern.is_none_or(|pattern| name.to_lowercase().contains(&pattern))
        };
        let groups = self.groups.get(&(call.account().clone(), call.region.clone()));
        let found = groups.into_iter().flatten().filter(|(name, _)| wanted(name));
        let rows = found.map(|(name, group)| (name.clone(), row(call, name, group)));
        let max = usize::try_from(input.limit.unwrap_or(50)).unwrap_or(50);
        let (log_groups, last) = pages::page(rows, after.as_deref(), max);
        let next_token = last.map(|last| pages::seal("log-groups", &last));
        Ok(DescribeLogGroupsOutput { log_groups: Some(log_groups), next_token })
    }

    /// Sets how long events are kept.
    pub(crate) fn put_retention(&mut self, call: &Call, input: &PutRetentionPolicyInput) -> Result<(), Error> {
        if !RETENTIONS.contains(&input.retention_in_days) {
            let allowed: Vec<String> = RETENTIONS.iter().map(ToString::to_string).collect();
            return Err(InvalidParameterException::error(format!(
                "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: Member must \
                 satisfy enum value set: [{}]",
                input.retention_in_days,
                allowed.join(", ")
            )));
        }
        self.group(call, &input.log_group_name)?.retention_days = Some(input.retention_in_days);
        Ok(())
    }

    /// Keeps events for ever.
    pub(crate) fn delete_retention(&mut self, call: &Call, input: &DeleteRetentionPolicyInput) -> Result<(), Error> {
        self.group(call, &input.log_group_name)?.retention_days = None;
        Ok(())
    }

    /// Returns a group's tags, for authorization; of a group that does not exist none.
    pub(crate) fn tags_of(&self, call: &Call, name: &str) -> Vec<(String, String)> {
        let place = (call.account().clone(), call.region.clone());
        let group = self.groups.get(&place).and_then(|groups| groups.get(name));
        group.map(|group| group.tags.clone()).into_iter().flatten().collect()
    }

    /// Sets tags.
    pub(crate) fn tag(&mut self, call: &Call, input: TagResourceInput) -> Result<(), Error> {
        let name = name_in(&input.resource_arn).ok_or_else(missing)?;
        self.group(call, name)?.tags.extend(input.tags);
        Ok(())
    }

    /// Removes tags.
    pub(crate) fn untag(&mut self, call: &Call, input: &UntagResourceInput) -> Result<(), Error> {
        let name = name_in(&input.resource_arn).ok_or_else(missing)?;
        self.group(call, name)?.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    }

    /// Returns tags.
    pub(crate) fn tags(
        &mut self,
        call: &Call,
        input: &ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput, Error> {
        let name = name_in(&input.resource_arn).ok_or_else(missing)?;
        Ok(ListTagsForResourceOutput { tags: Some(self.group(call, name)?.tags.clone()) })
    }
}

fn row(call: &Call, name: &str, group: &Group) -> LogGroup {
    let arn = arn(call, name);
    let class = if group.infrequent { LogGroupClass::InfrequentAccess } else { LogGroupClass::Standard };
    LogGroup {
        log_group_name: Some(name.to_owned()),
        creation_time: Some(group.created.as_millis()),
        retention_in_days: group.retention_days,
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: Some(0),
        kms_key_id: group.kms_key.clone(),
        log_group_class: Some(class),
        log_group_arn: Some(arn),
        ..LogGroup::default()
    }
}

service! {
    api::Logs, api;
    create_log_group: CreateLogGroupInput -> CreateLogGroupOutput = op::create_log_group;
    delete_log_group: DeleteLogGroupInput -> DeleteLogGroupOutput = op::delete_log_group;
    describe_log_groups: DescribeLogGroupsInput -> DescribeLogGroupsOutput = op::describe_log_groups;
    put_retention_policy: PutRetentionPolicyInput -> PutRetentionPolicyOutput = op::put_retention_policy;
    delete_retention_policy: DeleteRetentionPolicyInput -> DeleteRetentionPolicyOutput = op::delete_retention_policy;
    tag_resource: TagResourceInput -> TagResourceOutput = op::tag_resource;
    untag_resource: UntagResourceInput -> UntagResourceOutput = op::untag_resource;
    list_tags_for_resource: ListTagsForResourceInput -> ListTagsForResourceOutput = op::list_tags_for_resource;
}

/// The operations, as the world is asked for them.
mod op {
    use stackfleet_api::{Error, logs as api};

    use crate::{Call, World};

    pub(super) fn create_log_group(
        world: &mut World,
        call: &Call,
        input: api::CreateLogGroupInput,
    ) -> Result<api::CreateLogGroupOutput, Error> {
        let now = world.now;
        world.logs.create(call, now, input).map(|()| api::CreateLogGroupOutput::default())
    }

    pub(super) fn delete_log_group(
        world: &mut World,
        call: &Call,
        input: api::DeleteLogGroupInput,
    ) -> Result<api::DeleteLogGroupOutput, Error> {
        world.logs.delete(call, &input).map(|()| api::DeleteLogGroupOutput::default())
    }

    pub(super) fn describe_log_groups(
        world: &mut World,
        call: &Call,
        input: api::DescribeLogGroupsInput,
    ) -> Result<api::DescribeLogGroupsOutput, Error> {
        world.logs.describe(call, &input)
    }

    pub(super) fn put_retention_policy(
        world: &mut World,
        call: &Call,
        input: api::PutRetentionPolicyInput,
    ) -> Result<api::PutRetentionPolicyOutput, Error> {
        world.logs.put_retention(call, &input).map(|()| api::PutRetentionPolicyOutput::default())
    }

    pub(super) fn delete_retention_policy(
        world: &mut World,
        call: &Call,
        input: api::DeleteRetentionPolicyInput,
    ) -> Result<api::DeleteRetentionPolicyOutput, Error> {
        world.logs.delete_retention(call, &input).map(|()| api::DeleteRetentionPolicyOutput::default())
    }

    pub(super) fn tag_resource(
        world: &mut World,
        call: &Call,
        input: api::TagResourceInput,
    ) -> Result<api::TagResourceOutput, Error> {
        world.logs.tag(call, input).map(|()| api::TagResourceOutput::default())
    }

    pub(super) fn untag_resource(
        world: &mut World,
        call: &Call,
        input: api::UntagResourceInput,
    ) -> Result<api::UntagResourceOutput, Error> {
        world.logs.untag(call, &input).map(|()| api::UntagResourceOutput::default())
    }

    pub(super) fn list_tags_for_resource(
        world: &mut World,
        call: &Call,
        input: api::ListTagsForResourceInput,
    ) -> Result<api::ListTagsForResourceOutput, Error> {
        world.logs.tags(call, &input)
    }
}
