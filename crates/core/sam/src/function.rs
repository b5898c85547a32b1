//! `AWS::Serverless::Function`: the function itself and the order in which its parts are made.

mod code;
mod destinations;
mod model;
mod url;
mod version;

use self::model::{Field, Kind};

pub(crate) use code::{code_location, s3_location};

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::events::{self, EventTarget};
use crate::generated::{self, Generated};
use crate::intrinsics::{self, get_att, may_be_intrinsic, reference};
use crate::node::{Map, Node, Text, list, map};
use crate::policies::Policies;
use crate::properties::{
    Shape, Specification, check, expect_map, expect_text, free, literal, mapping, optional, should_be, text,
};
use crate::role::{self, RoleParts};

const KIND: &str = "AWS::Serverless::Function";

const PROPERTIES: Specification = &[
    optional("FunctionName", Shape::TextOrMap),
    mapping("DeadLetterQueue"),
    text("Role"),
    mapping("AssumeRolePolicyDocument"),
    optional("Policies", Shape::Policies),
    text("PermissionsBoundary"),
    optional("Environment", Shape::Maps),
    optional("Events", Shape::Maps),
    mapping("Tags"),
    optional("PropagateTags", Shape::Boolean),
    optional("Tracing", Shape::TextOrMap),
    mapping("DeploymentPreference"),
    optional("Layers", Shape::TextsOrMaps),
    mapping("EventInvokeConfig"),
    optional("AutoPublishAlias", Shape::Text),
    optional("AutoPublishCodeSha256", Shape::Text),
    literal(optional("AutoPublishAliasAllProperties", Shape::Boolean)),
    mapping("SnapStart"),
    mapping("FunctionUrlConfig"),
    mapping("CapacityProviderConfig"),
    mapping("FunctionScalingConfig"),
    free("VersionDeletionPolicy"),
    mapping("DurableConfig"),
    free("Architectures"),
    free("CodeSigningConfigArn"),
    free("CodeUri"),
    free("Description"),
    free("EphemeralStorage"),
    free("FileSystemConfigs"),
    free("Handler"),
    free("ImageConfig"),
    free("ImageUri"),
    free("InlineCode"),
    free("KmsKeyArn"),
    free("LoggingConfig"),
    free("MemorySize"),
    free("PackageType"),
    free("ProvisionedConcurrencyConfig"),
    free("PublishToLatestPublished"),
    free("RecursiveLoop"),
    free("ReservedConcurrentExecutions"),
    free("RolePath"),
    free("Runtime"),
    free("RuntimeManagementConfig"),
    free("SourceKMSKeyArn"),
    free("TenancyConfig"),
    free("Timeout"),
    free("VersionDescription"),
    free("VpcConfig"),
];

/// Properties that the Lambda function takes over as they are.
const SAME: &[&str] = &[
    "Handler",
    "Runtime",
    "Description",
    "MemorySize",
    "Timeout",
    "VpcConfig",
    "Environment",
    "Layers",
    "KmsKeyArn",
    "ReservedConcurrentExecutions",
    "FileSystemConfigs",
    "ImageConfig",
    "PackageType",
    "Architectures",
    "EphemeralStorage",
    "SnapStart",
    "RuntimeManagementConfig",
    "LoggingConfig",
    "RecursiveLoop",
    "CodeSigningConfigArn",
    "TenancyConfig",
    "DurableConfig",
    "FunctionScalingConfig",
    "PublishToLatestPublished",
];

/// Everything that a function's template resource says, with what was derived from it.
#[derive(Debug)]
pub(crate) struct FunctionParts<'a> {
    pub(crate) id: &'a Text,
    pub(crate) properties: &'a Map,
    /// Attributes for derived resources.
    pub(crate) attributes: &'a Map,
    /// Attributes for the configuration of asynchronous invocations.
    pub(crate) invoke_attributes: &'a Map,
}

/// Makes the CloudFormation resources of a function.
pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let properties = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, properties, PROPERTIES)?;
    let attributes = context.passthrough(resource);
    let main_attributes = generated::main_attributes(resource);
    let mut invoke_attributes = main_attributes.clone();
    invoke_attributes.remove("DependsOn");
    let parts = FunctionParts { id, properties, attributes: &attributes, invoke_attributes: &invoke_attributes };
    events::prepare(context, id, properties)?;
    validate(&parts)?;

    let mut lambda = lambda_function(context, &parts)?;
    lambda.attributes = main_attributes;
    let alias_name = version::alias_name(context, &parts)?;
    let mut made = Vec::new();

    let mut alias = None;
    if let Some(name) = &alias_name {
        let (version, made_alias) = version::version_and_alias(context, &parts, &mut lambda, name)?;
        context.generations.add(id, "Version", &version.id);
        context.generations.add(id, "Alias", &made_alias.id);
        made.push(version);
        alias = Some(made_alias);
    }
    if alias.is_none() && properties.truthy("ProvisionedConcurrencyConfig").is_some() {
        return Err(Fault::resource(
            id,
            "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function",
        ));
    }
    let mut preference = None;
    if let Some(value) = properties.truthy("DeploymentPreference") {
        preference = version::deployment_preference(context, &parts, value, resource.get("Condition"), alias.as_mut())?;
    }
    let alias_id = alias.as_ref().map(|alias| alias.id.clone());
    made.extend(alias);

    let mut invoke_policies = Vec::new();
    if let Some(config) = properties.truthy("EventInvokeConfig") {
        let config = context.resolved(config)?;
        let config = expect_map(id, &config, "EventInvokeConfig")?;
        let (resources, policies) = destinations::event_invoke_config(context, &parts, config, alias_name.as_ref())?;
        made.extend(resources);
        invoke_policies = policies;
    }

    let mut execution_role = execution_role(context, &parts, &mut lambda, invoke_policies)?;

    if let Some(config) = properties.truthy("FunctionUrlConfig") {
        made.extend(url::function_url(&parts, config, alias_name.as_ref())?);
    }

    made.push(lambda);
    let target = EventTarget::function(id.clone(), alias_id);
    let sources = events::expand_function_events(context, &parts, &target, execution_role.as_mut())?;
    made.extend(sources);
    made.extend(execution_role);
    propagate_tags(&parts, &mut made);
    if let Some(preference) = preference {
        context.deployments.add(id, preference, tags_to_propagate(&parts));
    }
    Ok(made)
}

fn tags_to_propagate(parts: &FunctionParts<'_>) -> Option<Map> {
    let on = parts.properties.get("PropagateTags").is_some_and(Node::truthy);
    on.then(|| parts.properties.map("Tags").cloned()).flatten()
}

/// Kinds of generated resources that take tags.
const TAGGED: [&str; 9] = [
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::IoT::TopicRule",
    "AWS::IAM::Role",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::StepFunctions::StateMachine",
    "AWS::Lambda::CapacityProvider",
];

fn propagate_tags(parts: &FunctionParts<'_>, made: &mut [Generated]) {
    let Some(tags) = tags_to_propagate(parts) else { return };
    for resource in made {
        assign_tags(resource, &tags);
    }
}

/// Gives a resource that takes tags these, in place of what it has.
pub(crate) fn assign_tags(resource: &mut Generated, tags: &Map) {
    if TAGGED.contains(&resource.kind.as_str()) && !tags.is_empty() {
        resource.put("Tags", generated::tag_list(Some(tags)));
    }
}

fn validate(parts: &FunctionParts<'_>) -> Result<()> {
    let (id, properties) = (parts.id, parts.properties);
    let both = |one: &str, other: &str| -> Result<()> {
        if properties.present(one).is_some() && properties.present(other).is_some() {
            return Err(Fault::resource(id, format!("Cannot specify '{one}' and '{other}' together.")));
        }
        Ok(())
    };
    both("CapacityProviderConfig", "ProvisionedConcurrencyConfig")?;
    both("CapacityProviderConfig", "VpcConfig")?;
    if let Some(policy) = properties.present("VersionDeletionPolicy")
        && !matches!(policy.as_str(), Some("Delete" | "Retain"))
        && !may_be_intrinsic(policy)
    {
        let message = "Property 'VersionDeletionPolicy' should be a one of the strings: 'Delete' or 'Retain'.";
        return Err(Fault::resource(id, message));
    }
    if let Some(role) = properties.present("Role")
        && role.as_text().is_none()
        && !may_be_intrinsic(role)
    {
        return Err(Fault::resource(id, should_be("Role", "a string")));
    }
    if properties.present("VersionDeletionPolicy").is_some() && properties.truthy("AutoPublishAlias").is_none() {
        return Err(Fault::resource(id, "'VersionDeletionPolicy' requires 'AutoPublishAlias'."));
    }
    if properties.present("FunctionScalingConfig").is_some() && properties.truthy("CapacityProviderConfig").is_none() {
        return Err(Fault::resource(id, "'FunctionScalingConfig' requires 'CapacityProviderConfig'."));
    }
    if properties.truthy("TenancyConfig").is_some() {
        let clash = |what: &str| {
            Fault::resource(id, format!("{what} is not supported for functions enabled with tenancy configuration."))
        };
        if properties.present("FunctionUrlConfig").is_some() {
            return Err(clash("Function URL"));
        }
        if properties.present("ProvisionedConcurrencyConfig").is_some() {
            return Err(clash("Provisioned concurrency"));
        }
        if properties.present("SnapStart").is_some() {
            return Err(clash("SnapStart"));
        }
        for event in properties.map("Events").into_iter().flat_map(Map::values).filter_map(Node::as_map) {
            let kind = event.str("Type").unwrap_or_default();
            if !matches!(kind, "Api" | "HttpApi") {
                return Err(Fault::resource(
                    id,
                    format!(
                        "Event source '{kind}' is not supported for functions enabled with tenancy configuration. Only Api \
                         and HttpApi event sources are supported."
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn lambda_function(context: &Context<'_>, parts: &FunctionParts<'_>) -> Result<Generated> {
    let (id, properties) = (parts.id, parts.properties);
    let mut lambda = Generated::new(id, "AWS::Lambda::Function");
    lambda.copy(properties, SAME);
    lambda.copy_truthy(properties, &["FunctionName"]);
    lambda.put("Code", code::code(id, properties)?);
    if let Some(mode) = tracing(context, properties)? {
        lambda.put("TracingConfig", map! {"Mode" => mode});
    }
    if let Some(queue) = properties.truthy("DeadLetterQueue") {
        let queue = dead_letter_queue(id, queue)?;
        lambda.put("DeadLetterConfig", map! {"TargetArn" => queue.1});
    }
    if let Some(config) = properties.truthy("CapacityProviderConfig") {
        lambda.put("CapacityProviderConfig", capacity_provider_config(id, config)?);
    }
    generated::refuse_reserved_tags(id, &["lambda:createdBy"], properties.map("Tags"))?;
    let tags = tags(context, parts);
    if !tags.is_empty() {
        lambda.put("Tags", tags);
    }
    Ok(lambda)
}

const CAPACITY_PROVIDER_CONFIG: &[Field] = &[
    Field { name: "Arn", required: true, kinds: &[Kind::Map, Kind::Text] },
    Field { name: "PerExecutionEnvironmentMaxConcurrency", required: false, kinds: &[Kind::Map, Kind::Integer] },
    Field {
        name: "ExecutionEnvironmentMemoryGiBPerVCpu",
        required: false,
        kinds: &[Kind::Map, Kind::Integer, Kind::Float],
    },
];

fn capacity_provider_config(id: &Text, config: &Node) -> Result<Node> {
    let config = expect_map(id, config, "CapacityProviderConfig")?;
    let errors = model::errors("CapacityProviderConfig", config, CAPACITY_PROVIDER_CONFIG);
    if let Some(errors) = errors {
        return Err(Fault::resource(id, format!("Invalid CapacityProviderConfig: {errors}")));
    }
    let mut inner = Map::new();
    inner.set("CapacityProviderArn", config.present("Arn").map(model::text));
    inner.set("PerExecutionEnvironmentMaxConcurrency", config.present("PerExecutionEnvironmentMaxConcurrency"));
    let memory = config.present("ExecutionEnvironmentMemoryGiBPerVCpu").map(model::integer);
    inner.set("ExecutionEnvironmentMemoryGiBPerVCpu", memory);
    Ok(Node::Map(map! {"LambdaManagedInstancesCapacityProviderConfig" => inner}))
}

fn tags(context: &Context<'_>, parts: &FunctionParts<'_>) -> Vec<Node> {
    context.tags("lambda:createdBy", parts.properties.map("Tags"))
}

/// (action that the role needs, ARN of the queue or topic)
fn dead_letter_queue<'n>(id: &Text, queue: &'n Node) -> Result<(&'static str, &'n Node)> {
    let queue = expect_map(id, queue, "DeadLetterQueue")?;
    let (Some(kind), Some(arn)) = (queue.truthy("Type"), queue.truthy("TargetArn")) else {
        return Err(Fault::resource(id, "'DeadLetterQueue' requires Type and TargetArn properties to be specified."));
    };
    let kind = expect_text(id, kind, "DeadLetterQueue.Type")?;
    match kind.as_str() {
        "SQS" => Ok(("sqs:SendMessage", arn)),
        "SNS" => Ok(("sns:Publish", arn)),
        _other => Err(Fault::resource(id, "'DeadLetterQueue' requires Type of ['SNS', 'SQS']")),
    }
}

/// Makes the role unless the author gave one, and points the function to it.
fn execution_role(
    context: &mut Context<'_>,
    parts: &FunctionParts<'_>,
    lambda: &mut Generated,
    invoke_policies: Vec<Node>,
) -> Result<Option<Generated>> {
    let (id, properties) = (parts.id, parts.properties);
    let policies = Policies::read(id, properties.get("Policies"))?;
    let role_id = id.with("Role");
    let generated_arn = get_att(role_id.clone(), "Arn");
    let mut attributes = parts.attributes.clone();
    match properties.present("Role") {
        None => lambda.put("Role", generated_arn),
        Some(given) if intrinsics::is_if(given) => {
            if let Some(Err(message)) = intrinsics::if_arguments(given) {
                return Err(Fault::resource(id, format!("Malformed 'Role' property: {message}")));
            }
            let Some((condition, then, otherwise)) = role::generated_branch(given) else {
                lambda.put("Role", given);
                return Ok(None);
            };
            if intrinsics::is_no_value(then) && intrinsics::is_no_value(otherwise) {
                lambda.put("Role", generated_arn);
            } else if intrinsics::is_no_value(then) {
                attributes.insert("Condition", condition);
                lambda.put("Role", intrinsics::if_(condition, generated_arn, otherwise));
            } else {
                let name = Text::from(format!("NOT{}", crate::python::display(condition)));
                context.add_condition(&name, Node::Map(map! {"Fn::Not" => list![map! {"Condition" => condition}]}));
                attributes.insert("Condition", Node::Text(name));
                lambda.put("Role", intrinsics::if_(condition, then, generated_arn));
            }
        }
        Some(given) => {
            lambda.put("Role", given);
            return Ok(None);
        }
    }
    let managed = default_managed_policies(context, properties)?;
    let assume = match properties.present("AssumeRolePolicyDocument") {
        Some(document) => document.clone(),
        None => role::assume_role_policy("lambda.amazonaws.com"),
    };
    let mut role = role::role(
        context,
        RoleParts {
            id: role_id,
            attributes,
            assume_role_policy: assume,
            managed,
            managed_last: None,
            policies: &policies,
            tags: tags(context, parts),
            permissions_boundary: properties.present("PermissionsBoundary").cloned(),
            path: properties.present("RolePath").cloned(),
        },
    );
    let mut inline = invoke_policies;
    if let Some(Node::List(own)) = role.properties.remove("Policies") {
        inline.extend(own);
    }
    if let Some(queue) = properties.truthy("DeadLetterQueue") {
        let (action, arn) = dead_letter_queue(id, queue)?;
        inline.insert(0, role::inline("DeadLetterQueuePolicy", role::allow(action, arn)));
    }
    events::add_inline_policies(&mut role, inline);
    Ok(Some(role))
}

/// `Tracing` unless it is empty or resolves to `Disabled`.
fn tracing<'n>(context: &Context<'_>, properties: &'n Map) -> Result<Option<&'n Node>> {
    let Some(mode) = properties.truthy("Tracing") else { return Ok(None) };
    Ok((context.resolved(mode)?.as_str() != Some("Disabled")).then_some(mode))
}

fn default_managed_policies(context: &Context<'_>, properties: &Map) -> Result<Vec<Node>> {
    let basic = match properties.truthy("DurableConfig") {
        Some(_) => "service-role/AWSLambdaBasicDurableExecutionRolePolicy",
        None => "service-role/AWSLambdaBasicExecutionRole",
    };
    let mut managed = vec![context.aws_policy(basic)];
    if tracing(context, properties)?.is_some() {
        managed.push(context.xray_policy());
    }
    if properties.truthy("VpcConfig").is_some() {
        managed.push(context.aws_policy("service-role/AWSLambdaVPCAccessExecutionRole"));
    }
    Ok(managed)
}

/// The function, or its alias, where something that calls it wants an ARN or a name.
pub(crate) fn invocation_target(id: &Text, alias: Option<&Text>) -> (Node, Node) {
    match alias {
        Some(alias) => (reference(alias), reference(alias)),
        None => (get_att(id, "Arn"), reference(id)),
    }
}
