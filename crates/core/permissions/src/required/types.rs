//! Types of which it is written down what their handlers call.
//!
//! Certain is what AWS documents, or what failing deployments show, and what nothing but the properties decides. Calls that
//! handlers make only to look are left to the lists, unless failing deployments show them.

mod compute;
mod data;
mod iam;
mod messages;

use stackfleet_template::EvaluatedResource;

use super::{Calls, Stack, Step};

/// The calls of one type.
type Add = fn(&mut Calls<'_>, Step);

/// Returns what adds the calls of a type.
fn entry(kind: &str) -> Option<Add> {
    Some(match kind {
        "AWS::IAM::Role" => iam::role,
        "AWS::IAM::User" => iam::user,
        "AWS::IAM::Policy" => iam::inline_policy,
        "AWS::IAM::ManagedPolicy" => iam::managed_policy,
        "AWS::IAM::AccessKey" => iam::access_key,
        "AWS::Lambda::Function" => compute::function,
        "AWS::Lambda::Permission" => compute::permission,
        "AWS::Lambda::EventSourceMapping" => compute::event_source_mapping,
        "AWS::Lambda::LayerVersion" => compute::layer_version,
        "AWS::Events::Rule" => compute::rule,
        "AWS::Scheduler::Schedule" => compute::schedule,
        "AWS::StepFunctions::StateMachine" => compute::state_machine,
        "AWS::Logs::LogGroup" => messages::log_group,
        "AWS::SNS::Topic" => messages::topic,
        "AWS::SNS::TopicPolicy" => messages::topic_policy,
        "AWS::SNS::Subscription" => messages::subscription,
        "AWS::SQS::Queue" => messages::queue,
        "AWS::SQS::QueuePolicy" => messages::queue_policy,
        "AWS::CloudWatch::Alarm" => messages::alarm,
        "AWS::SSM::Parameter" => data::parameter,
        "AWS::S3::Bucket" => data::bucket,
        "AWS::S3::BucketPolicy" => data::bucket_policy,
        "AWS::DynamoDB::Table" => data::table,
        "AWS::KMS::Key" => data::key,
        "AWS::KMS::Alias" => data::alias,
        _ => return None,
    })
}

/// Tells whether the type is one of these.
pub(super) fn is_known(kind: &str) -> bool {
    entry(kind).is_some()
}

/// Adds the calls for a resource, if its type is one of these.
pub(super) fn add(calls: &mut Calls<'_>) {
    if let Some(add) = entry(calls.kind) {
        add(calls, calls.step);
    }
}

/// Returns the ARN of a resource whose type needs more than its name.
pub(super) fn arn(stack: Stack<'_>, id: &str, resource: &EvaluatedResource) -> Option<String> {
    let text =
        |name: &str| resource.properties.get(name).filter(|value| !value.is_null()).map(|value| stack.text(value));
    let name = stack.name(id);
    Some(match resource.type_name.as_str() {
        "AWS::IAM::Role" => iam::arn(stack, "role", text("Path"), &name),
        "AWS::IAM::User" => iam::arn(stack, "user", text("Path"), &name),
        "AWS::IAM::ManagedPolicy" => iam::arn(stack, "policy", text("Path"), &name),
        "AWS::SSM::Parameter" => data::parameter_arn(stack, &name),
        "AWS::Scheduler::Schedule" => {
            let group = text("GroupName").unwrap_or_else(|| "default".to_owned());
            stack.fill("scheduler", "schedule", &[("GroupName", &group), ("ScheduleName", &name)])
        }
        "AWS::Events::Rule" => compute::rule_arn(stack, text("EventBusName"), &name),
        "AWS::KMS::Alias" => stack.fill("kms", "alias", &[("Alias", name.trim_start_matches("alias/"))]),
        "AWS::StepFunctions::StateMachine" => stack.fill("states", "statemachine", &[("StateMachineName", &name)]),
        "AWS::CloudWatch::Alarm" => stack.fill("cloudwatch", "alarm", &[("AlarmName", &name)]),
        "AWS::Lambda::LayerVersion" => stack.fill("lambda", "layerVersion", &[("LayerName", &name)]),
        _ => return None,
    })
}
