//! EventBridge: rules on the default bus, schedules and targets. Events that are put fire the rules that match them;
//! schedules are kept and checked, never fired.

mod fire;
mod pattern;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_api::events as api;
use stackfleet_api::{
    Error,
    events::{
        DeleteRuleInput, DescribeRuleInput, DescribeRuleOutput, DisableRuleInput, EnableRuleInput,
        InvalidEventPatternException, LimitExceededException, ListRulesInput, ListRulesOutput,
        ListTagsForResourceInput, ListTagsForResourceOutput, ListTargetsByRuleInput, ListTargetsByRuleOutput,
        PutRuleInput, PutRuleOutput, PutTargetsInput, PutTargetsOutput, RemoveTargetsInput, RemoveTargetsOutput,
        ResourceNotFoundException, Rule, RuleState, Tag, TagResourceInput, Target, UntagResourceInput,
    },
};
use stackfleet_base::{AccountId, Region};

use crate::{Call, cloudformation::pairs, pages, service::service};

/// The bus that every account and region has.
pub(crate) const DEFAULT_BUS: &str = "default";
/// Targets of one rule.
const TARGETS_MAX: usize = 5;

/// All rules.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct EventStore {
    #[serde(with = "pairs")]
    rules: BTreeMap<(AccountId, Region), BTreeMap<String, RuleRecord>>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RuleRecord {
    schedule: Option<String>,
    pattern: Option<String>,
    state: String,
    description: Option<String>,
    role: Option<String>,
    tags: Vec<(String, String)>,
    targets: BTreeMap<String, TargetRecord>,
}

/// A target of a rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TargetRecord {
    arn: String,
    role: Option<String>,
    input: Option<String>,
    input_path: Option<String>,
}

/// Returns a rule's ARN.
pub(crate) fn arn(call: &Call, name: &str) -> String {
    format!("arn:{}:events:{}:{}:rule/{name}", call.region.partition().as_str(), call.region, call.account())
}

/// Returns a bus's ARN.
pub(crate) fn bus_arn(call: &Call, name: &str) -> String {
    format!("arn:{}:events:{}:{}:event-bus/{name}", call.region.partition().as_str(), call.region, call.account())
}

/// Returns the rule's name in an ARN.
pub(crate) fn name_in(arn: &str) -> Option<&str> {
    arn.split_once(":rule/").map(|(_, name)| name)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new("ValidationException", 400, message)
}

fn missing(name: &str) -> Error {
    ResourceNotFoundException::error(format!("Rule {name} does not exist on EventBus default."))
}

/// Refuses buses other than the default one: there is no way to make another here.
fn check_bus(bus: Option<&String>) -> Result<(), Error> {
    let Some(bus) = bus else { return Ok(()) };
    let name = bus.rsplit_once('/').map_or(bus.as_str(), |(_, name)| name);
    if name == DEFAULT_BUS {
        return Ok(());
    }
    Err(ResourceNotFoundException::error(format!("Event bus {name} does not exist.")))
}

/// Tells whether a text is `rate(N unit)` or `cron(six fields)`.
fn is_schedule(text: &str) -> bool {
    let inside = |word: &str| text.strip_prefix(word).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    if let Some(rate) = inside("rate") {
        let Some((count, unit)) = rate.split_once(' ') else { return false };
        let Ok(count) = count.parse::<u32>() else { return false };
        return match unit {
            "minute" | "hour" | "day" => count == 1,
            "minutes" | "hours" | "days" => count > 1,
            _ => false,
        };
    }
    inside("cron").is_some_and(|cron| cron.split_whitespace().count() == 6)
}

impl EventStore {
    fn rule(&self, call: &Call, name: &str) -> Result<&RuleRecord, Error> {
        let place = (call.account().clone(), call.region.clone());
        self.rules.get(&place).and_then(|rules| rules.get(name)).ok_or_else(|| missing(name))
    }

    fn rule_mut(&mut self, call: &Call, name: &str) -> Result<&mut RuleRecord, Error> {
        let place = (call.account().clone(), call.region.clone());
        self.rules.get_mut(&place).and_then(|rules| rules.get_mut(name)).ok_or_else(|| missing(name))
    }

    /// Makes or changes a rule; targets stay.
    pub(crate) fn put(&mut self, call: &Call, input: PutRuleInput) -> Result<PutRuleOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let (schedule, pattern) = (non_empty(input.schedule_expression), non_empty(input.event_pattern));
        if schedule.is_none() && pattern.is_none() {
            return Err(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
        }
        if schedule.as_deref().is_some_and(|schedule| !is_schedule(schedule)) {
            return Err(invalid("Parameter ScheduleExpression is not valid."));
        }
        if let Some(pattern) = &pattern {
            let refused =
                |why| InvalidEventPatternException::error(format!("Event pattern is not valid. Reason: {why}"));
            let read =
                serde_json::from_str::<serde_json::Value>(pattern).map_err(|_| refused("Filter is not an object"))?;
            pattern::check(&read).map_err(refused)?;
        }
        let rules = self.rules.entry((call.account().clone(), call.region.clone())).or_default();
        if !rules.contains_key(&input.name) && rules.len() >= 300 {
            return Err(LimitExceededException::error("The requested resource exceeds the maximum number allowed."));
        }
        let tags = input.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        let before = rules.remove(&input.name);
        let (tags, targets) = match before {
            // Tags given with a change of a rule are ignored, as AWS documents.
            Some(before) => (before.tags, before.targets),
            None => (tags, BTreeMap::new()),
        };
        let rule = RuleRecord {
            schedule,
            pattern,
            state: input.state.unwrap_or(RuleState::Enabled).as_str().to_owned(),
            description: input.description,
            role: input.role_arn,
            tags,
            targets,
        };
        let rule_arn = arn(call, &input.name);
        rules.insert(input.name, rule);
        Ok(PutRuleOutput { rule_arn: Some(rule_arn) })
    }

    /// Describes a rule.
    pub(crate) fn describe(&self, call: &Call, input: &DescribeRuleInput) -> Result<DescribeRuleOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let rule = self.rule(call, &input.name)?;
        Ok(DescribeRuleOutput {
            name: Some(input.name.clone()),
            arn: Some(arn(call, &input.name)),
            event_pattern: rule.pattern.clone(),
            schedule_expression: rule.schedule.clone(),
            state: RuleState::parse(&rule.state),
            description: rule.description.clone(),
            role_arn: rule.role.clone(),
            event_bus_name: Some(DEFAULT_BUS.to_owned()),
            created_by: Some(call.account().to_string()),
            ..DescribeRuleOutput::default()
        })
    }

    /// Deletes a rule without targets; nothing happens where there is none.
    pub(crate) fn delete(&mut self, call: &Call, input: &DeleteRuleInput) -> Result<(), Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let Some(rules) = self.rules.get_mut(&(call.account().clone(), call.region.clone())) else { return Ok(()) };
        if rules.get(&input.name).is_some_and(|rule| !rule.targets.is_empty()) {
            return Err(invalid("Rule can't be deleted since it has targets."));
        }
        rules.remove(&input.name);
        Ok(())
    }

    /// Lists rules.
    pub(crate) fn list(&self, call: &Call, input: &ListRulesInput) -> Result<ListRulesOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let prefix = input.name_prefix.as_deref().unwrap_or_default();
        let rules = self.rules.get(&(call.account().clone(), call.region.clone()));
        let rows = rules.into_iter().flatten().filter(|(name, _)| name.starts_with(prefix)).map(|(name, rule)| {
            let row = Rule {
                name: Some(name.clone()),
                arn: Some(arn(call, name)),
                event_pattern: rule.pattern.clone(),
                state: RuleState::parse(&rule.state),
                description: rule.description.clone(),
                schedule_expression: rule.schedule.clone(),
                role_arn: rule.role.clone(),
                event_bus_name: Some(DEFAULT_BUS.to_owned()),
                ..Rule::default()
            };
            (name.clone(), row)
        });
        let max = usize::try_from(input.limit.unwrap_or(100)).unwrap_or(100);
        let (rules, last) = pages::page(rows, opened("rules", input.next_token.as_deref())?.as_deref(), max);
        Ok(ListRulesOutput { rules: Some(rules), next_token: last.map(|last| pages::seal("rules", &last)) })
    }

    /// Lets a rule fire.
    pub(crate) fn enable(&mut self, call: &Call, input: &EnableRuleInput) -> Result<(), Error> {
        check_bus(input.event_bus_name.as_ref())?;
        self.rule_mut(call, &input.name)?.state = "ENABLED".to_owned();
        Ok(())
    }

    /// Keeps a rule from firing.
    pub(crate) fn disable(&mut self, call: &Call, input: &DisableRuleInput) -> Result<(), Error> {
        check_bus(input.event_bus_name.as_ref())?;
        self.rule_mut(call, &input.name)?.state = "DISABLED".to_owned();
        Ok(())
    }

    /// Adds targets or changes those with the same ids.
    pub(crate) fn put_targets(&mut self, call: &Call, input: PutTargetsInput) -> Result<PutTargetsOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let rule = self.rule_mut(call, &input.rule)?;
        let fresh = input.targets.iter().filter(|target| !rule.targets.contains_key(&target.id)).count();
        if rule.targets.len() + fresh > TARGETS_MAX {
            return Err(LimitExceededException::error("The requested resource exceeds the maximum number allowed."));
        }
        for target in &input.targets {
            if !target.arn.starts_with("arn:") {
                return Err(invalid(format!(
                    "Parameter {} is not valid. Reason: Provided Arn is not in correct format.",
                    target.arn
                )));
            }
            if target.input.is_some() && target.input_path.is_some() {
                return Err(invalid(format!(
                    "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
                    target.id
                )));
            }
        }
        for target in input.targets {
            let record = TargetRecord {
                arn: target.arn,
                role: target.role_arn,
                input: target.input,
                input_path: target.input_path,
            };
            rule.targets.insert(target.id, record);
        }
        Ok(PutTargetsOutput { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
    }

    /// Removes targets.
    pub(crate) fn remove_targets(
        &mut self,
        call: &Call,
        input: &RemoveTargetsInput,
    ) -> Result<RemoveTargetsOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        self.rule_mut(call, &input.rule)?.targets.retain(|id, _| !input.ids.contains(id));
        Ok(RemoveTargetsOutput { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
    }

    /// Lists targets of a rule.
    pub(crate) fn targets(
        &self,
        call: &Call,
        input: &ListTargetsByRuleInput,
    ) -> Result<ListTargetsByRuleOutput, Error> {
        check_bus(input.event_bus_name.as_ref())?;
        let targets = self.rule(call, &input.rule)?.targets.iter();
        let targets = targets.map(|(id, target)| Target {
            id: id.clone(),
            arn: target.arn.clone(),
            role_arn: target.role.clone(),
            input: target.input.clone(),
            input_path: target.input_path.clone(),
            ..Target::default()
        });
        Ok(ListTargetsByRuleOutput { targets: Some(targets.collect()), next_token: None })
    }

    fn tagged(&mut self, call: &Call, arn: &str) -> Result<&mut Vec<(String, String)>, Error> {
        let name = name_in(arn).ok_or_else(|| invalid("Parameter ResourceARN is not valid."))?;
        Ok(&mut self.rule_mut(call, name)?.tags)
    }

    /// Tells whether there is a rule.
    pub(crate) fn exists(&self, call: &Call, name: &str) -> bool {
        self.rule(call, name).is_ok()
    }

    /// Returns a rule's tags, for authorization; of a rule that does not exist none.
    pub(crate) fn tags_of(&self, call: &Call, name: &str) -> &[(String, String)] {
        self.rule(call, name).map_or(&[], |rule| &rule.tags)
    }

    /// Sets tags.
    pub(crate) fn tag(&mut self, call: &Call, input: TagResourceInput) -> Result<(), Error> {
        let tags = self.tagged(call, &input.resource_arn)?;
        for tag in input.tags {
            tags.retain(|(key, _)| *key != tag.key);
            tags.push((tag.key, tag.value));
        }
        Ok(())
    }

    /// Removes tags.
    pub(crate) fn untag(&mut self, call: &Call, input: &UntagResourceInput) -> Result<(), Error> {
        self.tagged(call, &input.resource_arn)?.retain(|(key, _)| !input.tag_keys.contains(key));
        Ok(())
    }

    /// Returns tags.
    pub(crate) fn tags(
        &mut self,
        call: &Call,
        input: &ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput, Error> {
        let tags = self.tagged(call, &input.resource_arn)?;
        let tags = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
        Ok(ListTagsForResourceOutput { tags: Some(tags) })
    }
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn opened(kind: &str, token: Option<&str>) -> Result<Option<String>, Error> {
    let Some(token) = token else { return Ok(None) };
    pages::open(kind, token).map(Some).ok_or_else(|| invalid("Parameter NextToken is not valid."))
}

service! {
    api::Events, api;
    put_events: PutEventsInput -> PutEventsOutput = fire::put_events;
    put_rule: PutRuleInput -> PutRuleOutput = op::put_rule;
    describe_rule: DescribeRuleInput -> DescribeRuleOutput = op::describe_rule;
    delete_rule: DeleteRuleInput -> DeleteRuleOutput = op::delete_rule;
    list_rules: ListRulesInput -> ListRulesOutput = op::list_rules;
    enable_rule: EnableRuleInput -> EnableRuleOutput = op::enable_rule;
    disable_rule: DisableRuleInput -> DisableRuleOutput = op::disable_rule;
    put_targets: PutTargetsInput -> PutTargetsOutput = op::put_targets;
    remove_targets: RemoveTargetsInput -> RemoveTargetsOutput = op::remove_targets;
    list_targets_by_rule: ListTargetsByRuleInput -> ListTargetsByRuleOutput = op::list_targets_by_rule;
    tag_resource: TagResourceInput -> TagResourceOutput = op::tag_resource;
    untag_resource: UntagResourceInput -> UntagResourceOutput = op::untag_resource;
    list_tags_for_resource: ListTagsForResourceInput -> ListTagsForResourceOutput = op::list_tags_for_resource;
}

/// The operations, as the world is asked for them.
mod op {
    use stackfleet_api::{Error, events as api};

    use crate::{Call, World};

    pub(super) fn put_rule(
        world: &mut World,
        call: &Call,
        input: api::PutRuleInput,
    ) -> Result<api::PutRuleOutput, Error> {
        super::fire::check_roles(world, call, &input.name, input.role_arn.iter())?;
        world.rules.put(call, input)
    }

    pub(super) fn describe_rule(
        world: &mut World,
        call: &Call,
        input: api::DescribeRuleInput,
    ) -> Result<api::DescribeRuleOutput, Error> {
        world.rules.describe(call, &input)
    }

    pub(super) fn delete_rule(
        world: &mut World,
        call: &Call,
        input: api::DeleteRuleInput,
    ) -> Result<api::DeleteRuleOutput, Error> {
        world.rules.delete(call, &input).map(|()| api::DeleteRuleOutput::default())
    }

    pub(super) fn list_rules(
        world: &mut World,
        call: &Call,
        input: api::ListRulesInput,
    ) -> Result<api::ListRulesOutput, Error> {
        world.rules.list(call, &input)
    }

    pub(super) fn enable_rule(
        world: &mut World,
        call: &Call,
        input: api::EnableRuleInput,
    ) -> Result<api::EnableRuleOutput, Error> {
        world.rules.enable(call, &input).map(|()| api::EnableRuleOutput::default())
    }

    pub(super) fn disable_rule(
        world: &mut World,
        call: &Call,
        input: api::DisableRuleInput,
    ) -> Result<api::DisableRuleOutput, Error> {
        world.rules.disable(call, &input).map(|()| api::DisableRuleOutput::default())
    }

    pub(super) fn put_targets(
        world: &mut World,
        call: &Call,
        input: api::PutTargetsInput,
    ) -> Result<api::PutTargetsOutput, Error> {
        let roles = input.targets.iter().filter_map(|target| target.role_arn.as_ref());
        super::fire::check_roles(world, call, &input.rule, roles)?;
        world.rules.put_targets(call, input)
    }

    pub(super) fn remove_targets(
        world: &mut World,
        call: &Call,
        input: api::RemoveTargetsInput,
    ) -> Result<api::RemoveTargetsOutput, Error> {
        world.rules.remove_targets(call, &input)
    }

    pub(super) fn list_targets_by_rule(
        world: &mut World,
        call: &Call,
        input: api::ListTargetsByRuleInput,
    ) -> Result<api::ListTargetsByRuleOutput, Error> {
        world.rules.targets(call, &input)
    }

    pub(super) fn tag_resource(
        world: &mut World,
        call: &Call,
        input: api::TagResourceInput,
    ) -> Result<api::TagResourceOutput, Error> {
        world.rules.tag(call, input).map(|()| api::TagResourceOutput::default())
    }

    pub(super) fn untag_resource(
        world: &mut World,
        call: &Call,
        input: api::UntagResourceInput,
    ) -> Result<api::UntagResourceOutput, Error> {
        world.rules.untag(call, &input).map(|()| api::UntagResourceOutput::default())
    }

    pub(super) fn list_tags_for_resource(
        world: &mut World,
        call: &Call,
        input: api::ListTagsForResourceInput,
    ) -> Result<api::ListTagsForResourceOutput, Error> {
        world.rules.tags(call, &input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_rates_and_crons() {
        for good in ["rate(1 day)", "rate(5 minutes)", "cron(0 12 * * ? *)"] {
            assert!(is_schedule(good), "{good}");
        }
        for wrong in ["rate(1 days)", "rate(2 day)", "rate(0 days)", "cron(0 12 * * ?)", "daily", "rate(day)"] {
            assert!(!is_schedule(wrong), "{wrong}");
        }
    }
}
