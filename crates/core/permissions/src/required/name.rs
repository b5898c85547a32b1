//! Names of resources: which property has it, and what CloudFormation makes where it is not set.

use stackfleet_catalog::catalog;

/// Letters of a stack's name that stay when a name must be shortened, at least.
const STACK_NAME_KEPT: usize = 20;

/// Returns the property that names resources of a type.
pub(crate) fn property(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::SQS::Queue" => return Some("QueueName"),
        "AWS::SNS::Topic" => return Some("TopicName"),
        "AWS::IAM::ManagedPolicy" => return Some("ManagedPolicyName"),
        "AWS::Events::Rule" => return Some("Name"),
        "AWS::StepFunctions::StateMachine" => return Some("StateMachineName"),
        "AWS::Lambda::LayerVersion" => return Some("LayerName"),
        _ => {}
    }
    let resource = catalog().resource(kind)?;
    let mut identifier = resource.primary_identifier();
    let (first, second) = (identifier.next()?, identifier.next());
    let name = first.steps().next().filter(|_| second.is_none())?;
    (!resource.is_read_only(name)).then_some(name)
}

/// Tells whether `Ref` gives the ARN.
pub(crate) fn is_known_by_arn(kind: &str) -> bool {
    let Some(resource) = catalog().resource(kind) else { return false };
    let mut identifier = resource.primary_identifier();
    // `Ref` of a rule gives its name, although the schema identifies it by its ARN.
    kind != "AWS::Events::Rule"
        && identifier.next().and_then(|path| path.steps().next()).is_some_and(|name| name.ends_with("Arn"))
        && identifier.next().is_none()
}

/// Returns the name that CloudFormation makes: `STACK-LOGICAL-RANDOM`, shortened in a way that AWS does not tell.
pub(crate) fn made(kind: &str, stack: Option<&str>, id: &str) -> String {
    let Some(stack) = stack else { return "*".to_owned() };
    let length_max = match kind {
        "AWS::S3::Bucket" => 63,
        "AWS::Lambda::Function" | "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::Events::Rule" => 64,
        "AWS::SQS::Queue" => 80,
        "AWS::IAM::ManagedPolicy" => 128,
        "AWS::SNS::Topic" | "AWS::DynamoDB::Table" => 255,
        "AWS::Logs::LogGroup" => 512,
        "AWS::SSM::Parameter" => return "CFN-*".to_owned(),
        // Other types have their own ways.
        _ => return "*".to_owned(),
    };
    const RANDOM: usize = "--ABCDEFGHIJKL".len();
    let name = if stack.len() + id.len() + RANDOM <= length_max {
        format!("{stack}-{id}-*")
    } else {
        format!("{}*", stack.get(..STACK_NAME_KEPT).unwrap_or(stack))
    };
    if kind == "AWS::S3::Bucket" { name.to_lowercase() } else { name }
}
