//! `Auth.UsagePlan`: a usage plan with a key, of one API or shared by several.

use super::{ApiParts, auth};
use crate::context::Context;
use crate::error::Result;
use crate::generated::Generated;
use crate::intrinsics::reference;
use crate::node::{Map, Node, Text, list, map};

const KEYS: [&str; 6] = ["CreateUsagePlan", "Description", "Quota", "Tags", "Throttle", "UsagePlanName"];

/// What the APIs that share one plan have put into it so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedUsagePlan {
    depends_on: Vec<Node>,
    api_stages: Vec<Node>,
    stage_keys: Vec<Node>,
    conditions: Vec<Node>,
    has_unconditional: bool,
    deletion_policies: Vec<Node>,
    replace_policies: Vec<Node>,
}

pub(crate) fn resources(context: &mut Context<'_>, parts: &ApiParts<'_>, stage: &Text) -> Result<Vec<Generated>> {
    let Some(plan) = auth(parts)?.and_then(|auth| auth.truthy("UsagePlan")) else { return Ok(Vec::new()) };
    let Some(plan) = plan.as_map() else {
        return Err(parts.fault("'UsagePlan' must be a dictionary"));
    };
    if plan.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Err(parts.fault("Invalid property for 'UsagePlan'"));
    }
    let Some(created) = plan.present("CreateUsagePlan") else {
        return Err(parts.fault("'CreateUsagePlan' is a required field for UsagePlan."));
    };
    let created = context.resolved(created)?;
    let stage_of =
        |key: &str, stage_key: &str| Node::Map(map! {key => reference(parts.id), stage_key => reference(stage)});
    let api_stage = stage_of("ApiId", "Stage");
    let stage_key = stage_of("RestApiId", "StageName");
    let made = match created.as_str() {
        Some("NONE") => return Ok(Vec::new()),
        Some("PER_API") => {
            let depends = list![parts.id];
            let attributes = parts.attributes.clone();
            plan_resources(&parts.id.with(""), plan, &attributes, depends, list![api_stage], list![stage_key])
        }
        Some("SHARED") => {
            let shared = &mut context.shared_usage_plan;
            shared.add(parts, api_stage, stage_key);
            let shared = shared.clone();
            let attributes = shared.attributes(context);
            plan_resources(
                &"Serverless".into(),
                plan,
                &attributes,
                Node::List(shared.depends_on),
                Node::List(shared.api_stages),
                Node::List(shared.stage_keys),
            )
        }
        Some(_) | None => {
            return Err(parts.fault("'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE']."));
        }
    };
    for (property, resource) in ["UsagePlan", "ApiKey", "UsagePlanKey"].into_iter().zip(&made) {
        context.generations.add(parts.id, property, &resource.id);
    }
    Ok(made)
}

impl SharedUsagePlan {
    fn add(&mut self, parts: &ApiParts<'_>, api_stage: Node, stage_key: Node) {
        self.depends_on.push(parts.id.into());
        self.api_stages.push(api_stage);
        self.stage_keys.push(stage_key);
        match parts.attributes.get("Condition") {
            Some(condition) => {
                if !self.conditions.contains(condition) {
                    self.conditions.push(condition.clone());
                }
            }
            None => self.has_unconditional = true,
        }
        self.deletion_policies.extend(parts.attributes.get("DeletionPolicy").cloned());
        self.replace_policies.extend(parts.attributes.get("UpdateReplacePolicy").cloned());
    }

    fn attributes(&self, context: &mut Context<'_>) -> Map {
        let mut attributes = Map::new();
        if !self.has_unconditional {
            let condition = match self.conditions.as_slice() {
                [single] => single.clone(),
                several => {
                    let entries: Vec<Node> = several.iter().map(|name| Node::Map(map! {"Condition" => name})).collect();
                    context.conditions.insert("SharedUsagePlanCondition", map! {"Fn::Or" => entries});
                    "SharedUsagePlanCondition".into()
                }
            };
            attributes.insert("Condition", condition);
        }
        let strongest = |policies: &[Node]| {
            ["Retain", "Snapshot", "Delete"]
                .into_iter()
                .find(|wanted| policies.iter().any(|policy| policy.as_str() == Some(wanted)))
        };
        attributes.set("DeletionPolicy", strongest(&self.deletion_policies));
        attributes.set("UpdateReplacePolicy", strongest(&self.replace_policies));
        attributes
    }
}

fn plan_resources(
    prefix: &Text,
    properties: &Map,
    attributes: &Map,
    depends_on: Node,
    api_stages: Node,
    stage_keys: Node,
) -> Vec<Generated> {
    let mut plan = Generated::new(prefix.with("UsagePlan"), "AWS::ApiGateway::UsagePlan").with_attributes(attributes);
    plan.attributes.insert("DependsOn", depends_on);
    plan.put("ApiStages", api_stages);
    plan.copy(properties, &["UsagePlanName", "Description", "Quota", "Tags", "Throttle"]);
    let mut key = Generated::new(prefix.with("ApiKey"), "AWS::ApiGateway::ApiKey").with_attributes(attributes);
    key.attributes.insert("DependsOn", list![plan.id.clone()]);
    key.put("Enabled", true);
    key.put("StageKeys", stage_keys);
    let mut plan_key =
        Generated::new(prefix.with("UsagePlanKey"), "AWS::ApiGateway::UsagePlanKey").with_attributes(attributes);
    plan_key.attributes.insert("DependsOn", list![key.id.clone()]);
    plan_key.put("KeyId", reference(&key.id));
    plan_key.put("KeyType", "API_KEY");
    plan_key.put("UsagePlanId", reference(&plan.id));
    vec![plan, key, plan_key]
}
