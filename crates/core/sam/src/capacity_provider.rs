//! `AWS::Serverless::CapacityProvider`: instances for functions, with the role that runs them.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::{self, Generated};
use crate::intrinsics::get_att;
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, mapping, needed, optional};
use crate::role;

const KIND: &str = "AWS::Serverless::CapacityProvider";

const PROPERTIES: Specification = &[
    optional("CapacityProviderName", Shape::TextOrMap),
    needed(mapping("VpcConfig")),
    optional("OperatorRole", Shape::TextOrMap),
    mapping("Tags"),
    optional("PropagateTags", Shape::Boolean),
    mapping("InstanceRequirements"),
    mapping("ScalingConfig"),
    optional("KmsKeyArn", Shape::TextOrMap),
];

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let wrong: Vec<String> = MODELS.iter().flat_map(|model| model.complaints(properties)).collect();
    if !wrong.is_empty() {
        return Err(Fault::resource(id, wrong.join(" ")));
    }
    let tags = properties.map("Tags");
    let attributes = context.passthrough(resource);
    let mut provider = Generated::new(id, "AWS::Lambda::CapacityProvider");
    provider.attributes = generated::main_attributes(resource);
    provider.copy(properties, &["CapacityProviderName", "KmsKeyArn"]);
    provider.put("VpcConfig", vpc(properties));
    let mut all_tags = generated::tag_list(tags);
    all_tags.push(generated::tag("lambda:createdBy", "SAM"));
    provider.put("Tags", all_tags);
    provider.set("InstanceRequirements", instance_requirements(id, properties)?);
    provider.set("CapacityProviderScalingConfig", scaling(properties));
    let mut made = Vec::new();
    let role = match properties.truthy("OperatorRole") {
        Some(role) => role.clone(),
        None => {
            let propagated = properties.get("PropagateTags").is_some_and(Node::truthy).then_some(tags).flatten();
            let role = operator_role(context, id, &attributes, propagated);
            let arn = get_att(role.id.clone(), "Arn");
            made.push(role);
            arn
        }
    };
    provider.put("PermissionsConfig", map! {"CapacityProviderOperatorRoleArn" => role});
    made.insert(0, provider);
    Ok(made)
}

/// A map of lists or of numbers within the properties.
struct Model {
    name: &'static str,
    /// Names of the fields, whether they must be there, and the word for what they hold.
    fields: &'static [(&'static str, bool, &'static str)],
}

const MODELS: [Model; 3] = [
    Model { name: "VpcConfig", fields: &[("SubnetIds", true, "list"), ("SecurityGroupIds", false, "list")] },
    Model {
        name: "InstanceRequirements",
        fields: &[("Architectures", false, "list"), ("AllowedTypes", false, "list"), ("ExcludedTypes", false, "list")],
    },
    Model {
        name: "ScalingConfig",
        fields: &[("MaxVCpuCount", false, "integer"), ("AverageCPUUtilization", false, "number")],
    },
];

impl Model {
    /// Everything that is wrong, in AWS's words.
    fn complaints(&self, properties: &Map) -> Vec<String> {
        let Some(given) = properties.map(self.name) else { return Vec::new() };
        let path = |field: &str| format!("Property '{}.{field}'", self.name);
        let mut all = Vec::new();
        for (field, needed, kind) in self.fields {
            match given.get(field) {
                None if *needed => all.push(format!("{} is required.", path(field))),
                None => {}
                Some(Node::Null) if *needed => all.push(format!("{} none is not an allowed value.", path(field))),
                Some(Node::Null) => {}
                Some(value) if holds(value, kind) => {}
                Some(_wrong) => all.push(format!("{} value must be dictionary or {kind}.", path(field))),
            }
        }
        let unknown = given.keys().filter(|key| self.fields.iter().all(|(field, ..)| *field != key.as_str()));
        all.extend(unknown.map(|key| format!("{} is an invalid property.", path(key))));
        all
    }
}

fn holds(value: &Node, kind: &str) -> bool {
    match value {
        Node::Map(_) => true,
        Node::List(_) => kind == "list",
        Node::Number(_) | Node::Bool(_) => kind != "list",
        Node::Text(text) if kind == "integer" => text.trim().parse::<i64>().is_ok(),
        Node::Text(text) if kind == "number" => text.trim().parse::<f64>().is_ok(),
        Node::Text(_) | Node::Null => false,
    }
}

fn vpc(properties: &Map) -> Map {
    let mut vpc = Map::new();
    for key in ["SubnetIds", "SecurityGroupIds"] {
        vpc.set(key, properties.map("VpcConfig").and_then(|given| given.present(key)).map(dictionary_first));
    }
    vpc
}

/// AWS reads a list, where a map may stand too, as a map first: an empty list comes out as an empty map (observed).
fn dictionary_first(value: &Node) -> Node {
    if value.as_list().is_some_and(Vec::is_empty) { Node::Map(Map::new()) } else { value.clone() }
}

fn instance_requirements(id: &Text, properties: &Map) -> Result<Option<Map>> {
    let Some(given) = properties.truthy("InstanceRequirements").and_then(Node::as_map) else { return Ok(None) };
    if given.present("AllowedTypes").is_some() && given.present("ExcludedTypes").is_some() {
        return Err(Fault::resource(
            id,
            "Cannot specify 'InstanceRequirements.AllowedTypes' and 'InstanceRequirements.ExcludedTypes' together.",
        ));
    }
    let mut made = Map::new();
    made.set("Architectures", given.present("Architectures"));
    made.set("AllowedInstanceTypes", given.present("AllowedTypes"));
    made.set("ExcludedInstanceTypes", given.present("ExcludedTypes"));
    Ok(Some(made))
}

fn scaling(properties: &Map) -> Option<Map> {
    let given = properties.truthy("ScalingConfig")?.as_map()?;
    let mut made = Map::new();
    made.set("MaxVCpuCount", given.present("MaxVCpuCount"));
    if let Some(utilization) = given.present("AverageCPUUtilization") {
        made.insert("ScalingMode", "Manual");
        made.insert(
            "ScalingPolicies",
            list![map! {
                "PredefinedMetricType" => "LambdaCapacityProviderAverageCPUUtilization",
                "TargetValue" => utilization,
            }],
        );
    } else {
        made.insert("ScalingMode", "Auto");
    }
    Some(made)
}

fn operator_role(context: &Context<'_>, id: &Text, attributes: &Map, tags: Option<&Map>) -> Generated {
    let mut role = Generated::new(id.with("OperatorRole"), "AWS::IAM::Role").with_attributes(attributes);
    role.put("AssumeRolePolicyDocument", role::assume_role_policy("lambda.amazonaws.com"));
    role.put("ManagedPolicyArns", list![context.aws_policy("AWSLambdaManagedEC2ResourceOperator")]);
    role.put("Tags", context.tags("lambda:createdBy", tags));
    role
}
