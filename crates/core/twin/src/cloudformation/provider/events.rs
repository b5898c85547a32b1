//! `AWS::Events::Rule` on the default bus, with its targets.

use serde_json::Value;
use stackfleet_api::{
    Answer, Request,
    events::{
        self, DeleteRuleInput, ListTargetsByRuleInput, PutRuleInput, PutTargetsInput, RemoveTargetsInput, RuleState,
        Tag, TagResourceInput, Target, UntagResourceInput,
    },
};

use super::{Fault, Handler, Made, Provider, ask, document, gone, missing, text, unsupported};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::Events::Rule",
    name: Some("Name"),
    required: &[],
    mutable: &["Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Tags", "Targets"],
    create_only: &["EventBusName", "Name"],
    create_seconds: 3,
    update_seconds: 3,
    delete_seconds: 3,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.name_or_made("Name", 64);
    let tags = api_tags(handler);
    put(handler, &name, Some(tags).filter(|tags| !tags.is_empty()))
}

fn put(handler: &mut Handler<'_>, name: &str, tags: Option<Vec<Tag>>) -> Result<Made, Fault> {
    let input = PutRuleInput {
        name: name.to_owned(),
        schedule_expression: handler.text("ScheduleExpression"),
        event_pattern: handler.get("EventPattern").map(document),
        state: Some(handler.text("State").as_deref().and_then(RuleState::parse).unwrap_or(RuleState::Enabled)),
        description: handler.text("Description"),
        role_arn: handler.text("RoleArn"),
        tags,
        event_bus_name: handler.text("EventBusName"),
    };
    let arn = ask!(handler, Events, events::PutRule(input))?.rule_arn.unwrap_or_default();
    let targets = targets(handler)?;
    if !targets.is_empty() {
        let input = PutTargetsInput { rule: name.to_owned(), targets, ..PutTargetsInput::default() };
        ask!(handler, Events, events::PutTargets(input))?;
    }
    Ok(Made::new(name, [("Arn", arn)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.id();
    let made = put(handler, &name, None)?;
    let wanted: Vec<String> = targets(handler)?.into_iter().map(|target| target.id).collect();
    let input = ListTargetsByRuleInput { rule: name.clone(), ..ListTargetsByRuleInput::default() };
    let present = ask!(handler, Events, events::ListTargetsByRule(input))?.targets.unwrap_or_default();
    let ids: Vec<String> = present.into_iter().map(|target| target.id).filter(|id| !wanted.contains(id)).collect();
    if !ids.is_empty() {
        let input = RemoveTargetsInput { rule: name, ids, ..RemoveTargetsInput::default() };
        ask!(handler, Events, events::RemoveTargets(input))?;
    }
    let (set, tag_keys) = handler.tag_changes();
    let resource_arn = made.attributes.get("Arn").and_then(text).unwrap_or_default();
    if !tag_keys.is_empty() {
        let input = UntagResourceInput { resource_arn: resource_arn.clone(), tag_keys };
        ask!(handler, Events, events::UntagResource(input))?;
    }
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| Tag { key, value }).collect();
        ask!(handler, Events, events::TagResource(TagResourceInput { resource_arn, tags }))?;
    }
    Ok(made)
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let name = handler.id();
    let input = ListTargetsByRuleInput { rule: name.clone(), ..ListTargetsByRuleInput::default() };
    let targets = match ask!(handler, Events, events::ListTargetsByRule(input)) {
        Err(fault) if fault.is_missing() => return Ok(()),
        other => other?.targets.unwrap_or_default(),
    };
    if !targets.is_empty() {
        let ids = targets.into_iter().map(|target| target.id).collect();
        let input = RemoveTargetsInput { rule: name.clone(), ids, ..RemoveTargetsInput::default() };
        ask!(handler, Events, events::RemoveTargets(input))?;
    }
    gone(ask!(handler, Events, events::DeleteRule(DeleteRuleInput { name, ..DeleteRuleInput::default() })).map(drop))
}

fn api_tags(handler: &Handler<'_>) -> Vec<Tag> {
    handler.wanted_tags().into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn targets(handler: &Handler<'_>) -> Result<Vec<Target>, Fault> {
    let items = handler.get("Targets").and_then(Value::as_array);
    items.into_iter().flatten().map(target).collect()
}

fn target(item: &Value) -> Result<Target, Fault> {
    let known = ["Arn", "Id", "Input", "InputPath", "RoleArn"];
    let members = item.as_object().ok_or_else(|| missing("Id"))?;
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(unsupported(&format!("{name} of a target of AWS::Events::Rule")));
    }
    let part = |name: &str| item.get(name).and_then(text);
    Ok(Target {
        id: part("Id").ok_or_else(|| missing("Id"))?,
        arn: part("Arn").ok_or_else(|| missing("Arn"))?,
        role_arn: part("RoleArn"),
        input: part("Input"),
        input_path: part("InputPath"),
        ..Target::default()
    })
}
