//! `AWS::Serverless::CapacityProvider`: instances for functions, with the role that runs them.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::{self, Generated};
use crate::intrinsics::get_att;
use crate::node::{Map, Node, Text, list, map};
use crate::properties::{Shape, Specification, check, free, is_required, optional, required, should_be};
use crate::role;

const KIND: &str = "AWS::Serverless::CapacityProvider";

const PROPERTIES: Specification = &[
    free("CapacityProviderName"),
    required("VpcConfig", Shape::Map),
    free("OperatorRole"),
    free("Tags"),
    optional("PropagateTags", Shape::Boolean),
    optional("InstanceRequirements", Shape::Map),
    optional("ScalingConfig", Shape::Map),
    free("KmsKeyArn"),
];

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let tags = match properties.present("Tags") {
        None => None,
        Some(Node::Map(tags)) => Some(tags),
        Some(_other) => return Err(Fault::resource(id, should_be("Tags", "a map"))),
    };
    let attributes = context.passthrough(resource);
    let mut provider = Generated::new(id, "AWS::Lambda::CapacityProvider");
    provider.attributes = generated::main_attributes(resource);
    provider.copy(properties, &["CapacityProviderName", "KmsKeyArn"]);
    provider.put("VpcConfig", vpc(id, properties)?);
    let mut all_tags = generated::tag_list(tags);
    all_tags.push(generated::tag("lambda:createdBy", "SAM"));
    provider.put("Tags", all_tags);
    provider.set("InstanceRequirements", instance_requirements(id, properties)?);
    provider.set("CapacityProviderScalingConfig", scaling(properties));
    let mut made = Vec::new();
    let role = match properties.present("OperatorRole") {
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

fn vpc(id: &Text, properties: &Map) -> Result<Map> {
    let mut vpc = Map::new();
    let given = properties.map("VpcConfig");
    let Some(subnets) = given.and_then(|given| given.present("SubnetIds")) else {
        return Err(Fault::resource(id, is_required("VpcConfig.SubnetIds")));
    };
    vpc.insert("SubnetIds", subnets);
    vpc.set("SecurityGroupIds", given.and_then(|given| given.present("SecurityGroupIds")));
    Ok(vpc)
}

fn instance_requirements(id: &Text, properties: &Map) -> Result<Option<Map>> {
    let Some(given) = properties.map("InstanceRequirements") else { return Ok(None) };
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
    let given = properties.map("ScalingConfig")?;
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
