//! `ScheduleV2`: a schedule of EventBridge Scheduler with a role to call its target.

use super::Event;
use super::dead_letter::{Sender, dead_letter};
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::get_att;
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, literal, mapping, needed, optional, text};
use crate::role;

pub(crate) const PROPERTIES: Specification = &[
    text("PermissionsBoundary"),
    needed(text("ScheduleExpression")),
    mapping("FlexibleTimeWindow"),
    text("Name"),
    text("State"),
    text("Description"),
    text("StartDate"),
    text("EndDate"),
    text("ScheduleExpressionTimezone"),
    text("GroupName"),
    text("KmsKeyArn"),
    text("Input"),
    text("RoleArn"),
    mapping("DeadLetterConfig"),
    mapping("RetryPolicy"),
    literal(optional("OmitName", Shape::Boolean)),
];

const SAME: &[&str] = &[
    "ScheduleExpression",
    "Description",
    "StartDate",
    "EndDate",
    "ScheduleExpressionTimezone",
    "GroupName",
    "KmsKeyArn",
];

/// What a schedule calls.
#[derive(Debug)]
pub(crate) struct ScheduleTarget<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    pub(crate) attributes: &'a Map,
    pub(crate) arn: Node,
    /// The action that the role needs, and the name of the policy's last part.
    pub(crate) action: &'static str,
    pub(crate) policy_suffix: &'static str,
}

pub(crate) fn expand(event: &Event<'_>) -> Result<Vec<Generated>> {
    let target = ScheduleTarget {
        id: &event.id,
        properties: event.properties,
        attributes: event.function.attributes,
        arn: event.target.arn(),
        action: "lambda:InvokeFunction",
        policy_suffix: "LambdaPolicy",
    };
    expand_for(target)
}

/// Makes the schedule and its role.
pub(crate) fn expand_for(target: ScheduleTarget<'_>) -> Result<Vec<Generated>> {
    let ScheduleTarget { id, properties, attributes, .. } = target;
    let mut schedule = Generated::new(id, "AWS::Scheduler::Schedule").with_attributes(attributes);
    schedule.copy(properties, SAME);
    schedule.set("State", properties.truthy("State"));
    let omit_name = properties.get("OmitName").is_some_and(Node::truthy);
    match properties.truthy("Name") {
        Some(_) if omit_name => return Err(Fault::event(id, "Name cannot be set when OmitName is True")),
        Some(name) => schedule.put("Name", name),
        None if omit_name => {}
        None => schedule.put("Name", Node::from(id)),
    }
    schedule.put(
        "FlexibleTimeWindow",
        properties.truthy("FlexibleTimeWindow").cloned().unwrap_or_else(|| Node::Map(map! {"Mode" => "OFF"})),
    );
    let dead_letter = dead_letter(id, properties, Sender::Role, attributes)?;
    let mut schedule_target = Map::new();
    schedule_target.insert("Arn", target.arn.clone());
    let mut made = Vec::new();
    match properties.truthy("RoleArn") {
        Some(role) => schedule_target.insert("RoleArn", role),
        None => {
            let role = role_for(&target, dead_letter.config.as_ref());
            schedule_target.insert("RoleArn", get_att(role.id.clone(), "Arn"));
            made.push(role);
        }
    }
    for key in ["Input", "RetryPolicy"] {
        schedule_target.set(key, properties.present(key));
    }
    schedule_target.set("DeadLetterConfig", dead_letter.config);
    schedule.put("Target", schedule_target);
    made.extend(dead_letter.resources);
    made.insert(0, schedule);
    Ok(made)
}

fn role_for(target: &ScheduleTarget<'_>, dead_letter: Option<&Node>) -> Generated {
    let mut role = Generated::new(target.id.with("Role"), "AWS::IAM::Role").with_attributes(target.attributes);
    role.put("AssumeRolePolicyDocument", role::assume_role_policy("scheduler.amazonaws.com"));
    let policy = |suffix: &str, action: &str, resource: &Node| {
        let statement = map! {"Action" => action, "Effect" => "Allow", "Resource" => resource};
        role::inline(target.id.with(suffix), Node::Map(map! {"Statement" => list![statement]}))
    };
    let mut policies = vec![policy(target.policy_suffix, target.action, &target.arn)];
    if let Some(arn) = dead_letter.and_then(Node::as_map).and_then(|config| config.get("Arn")) {
        policies.push(policy("SQSPolicy", "sqs:SendMessage", arn));
    }
    role.put("Policies", policies);
    role.set("PermissionsBoundary", target.properties.truthy("PermissionsBoundary"));
    role
}
