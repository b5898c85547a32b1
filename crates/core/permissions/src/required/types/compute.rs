//! Functions, and what starts them.

use crate::required::{Calls, Grade, Stack, Step};

pub(super) fn function(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("lambda:CreateFunction", &own);
            // The handler waits until the function is active.
            calls.need("lambda:GetFunction", &own);
            calls.pass_role_in("Role", "lambda.amazonaws.com");
            code(calls, "Code", Grade::Certain);
            given(calls, "ReservedConcurrentExecutions", "lambda:PutFunctionConcurrency", &own);
            layers(calls);
            network(calls);
            calls.tagged("lambda:CreateFunction", "lambda:TagResource", &own);
        }
        Step::Update => {
            calls.need("lambda:GetFunction", &own);
            let is_code = ["Code", "Architectures"];
            calls.when_changed(&is_code, "lambda:UpdateFunctionCode", &own);
            let is_code_known = calls.before.map(|before| before.get("Code") != calls.properties.get("Code"));
            match is_code_known {
                Some(true) => code(calls, "Code", Grade::Certain),
                Some(false) => {}
                None => code(calls, "Code", Grade::ByProperty),
            }
            const ELSEWHERE: [&str; 6] = [
                "Code",
                "Architectures",
                "Tags",
                "ReservedConcurrentExecutions",
                "CodeSigningConfigArn",
                "RecursiveLoop",
            ];
            let mut names: Vec<&str> = calls.properties.keys().map(String::as_str).collect();
            names.extend(calls.before.into_iter().flat_map(|before| before.keys().map(String::as_str)));
            names.retain(|name| !ELSEWHERE.contains(name));
            calls.when_changed(&names, "lambda:UpdateFunctionConfiguration", &own);
            calls.pass_role_in("Role", "lambda.amazonaws.com");
            calls.when_changed(&["Tags"], "lambda:TagResource", &own);
        }
        Step::Delete => {
            calls.need("lambda:DeleteFunction", &own);
        }
    }
}

/// Code in S3 is read with the caller's rights.
fn code(calls: &mut Calls<'_>, property: &str, grade: Grade) {
    let part = |name: &str| Some(calls.stack.text(calls.get(property)?.get(name)?));
    let (Some(bucket), Some(key)) = (part("S3Bucket"), part("S3Key")) else { return };
    let is_version = part("S3ObjectVersion").is_some();
    let object = calls.stack.fill("s3", "object", &[("BucketName", &bucket), ("ObjectName", &key)]);
    calls.given(property, |calls| {
        calls.add(grade, if is_version { "s3:GetObjectVersion" } else { "s3:GetObject" }, &object);
    });
}

fn layers(calls: &mut Calls<'_>) {
    let layers: Vec<String> = calls.items("Layers").iter().map(|layer| calls.stack.text(layer)).collect();
    calls.given("Layers", |calls| {
        for layer in layers {
            calls.add(Grade::ByProperty, "lambda:GetLayerVersion", &layer);
        }
    });
}

fn network(calls: &mut Calls<'_>) {
    calls.given("VpcConfig", |calls| {
        for action in ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"] {
            calls.add(Grade::ByProperty, action, "*");
        }
    });
}

pub(super) fn permission(calls: &mut Calls<'_>, step: Step) {
    let Some(function) = calls.text("FunctionName").map(|name| function_arn(calls.stack, &name)) else { return };
    match step {
        Step::Create => {
            let principal = calls.text("Principal").unwrap_or_default();
            calls.need("lambda:AddPermission", &function).key("lambda:Principal", principal);
        }
        // Every change makes a new one.
        Step::Update => {}
        Step::Delete => {
            calls.need("lambda:RemovePermission", &function);
        }
    }
}

/// Returns the ARN of a function that is named by its name, a part of its ARN, or its ARN.
fn function_arn(stack: Stack<'_>, given: &str) -> String {
    if given.starts_with("arn:") || given == "*" {
        return given.to_owned();
    }
    let name = given.split_once(":function:").map_or(given, |(_, name)| name);
    let name = name.split(':').next().unwrap_or(name);
    stack.fill("lambda", "function", &[("FunctionName", name)])
}

pub(super) fn event_source_mapping(calls: &mut Calls<'_>, step: Step) {
    let function = calls.text("FunctionName").map(|name| function_arn(calls.stack, &name)).unwrap_or_default();
    // Its id is AWS's; before it is there, the action takes no resource.
    let own = calls.stack.fill("lambda", "eventSourceMapping", &[]);
    let (action, arn) = match step {
        Step::Create => ("lambda:CreateEventSourceMapping", "*"),
        Step::Update => ("lambda:UpdateEventSourceMapping", own.as_str()),
        Step::Delete => ("lambda:DeleteEventSourceMapping", own.as_str()),
    };
    calls.need(action, arn).key("lambda:FunctionArn", function);
    // The handler waits until the mapping is ready.
    calls.need("lambda:GetEventSourceMapping", &own);
    if step == Step::Create {
        calls.tagged("lambda:CreateEventSourceMapping", "lambda:TagResource", &own);
    }
}

pub(super) fn layer_version(calls: &mut Calls<'_>, step: Step) {
    let name = calls.stack.name(calls.id);
    match step {
        Step::Create => {
            let layer = calls.stack.fill("lambda", "layer", &[("LayerName", &name)]);
            calls.need("lambda:PublishLayerVersion", &layer);
            code(calls, "Content", Grade::Certain);
        }
        // Every change makes a new one.
        Step::Update => {}
        Step::Delete => {
            let own = own(calls);
            calls.need("lambda:DeleteLayerVersion", &own);
        }
    }
}

pub(super) fn rule_arn(stack: Stack<'_>, bus: Option<String>, name: &str) -> String {
    let bus = bus.as_deref().map_or("default", |bus| bus.rsplit('/').next().unwrap_or(bus));
    if bus == "default" {
        return stack.fill("events", "rule-on-default-event-bus", &[("RuleName", name)]);
    }
    stack.fill("events", "rule-on-custom-event-bus", &[("EventBusName", bus), ("RuleName", name)])
}

pub(super) fn rule(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    let targets = calls.items("Targets").len();
    match step {
        Step::Create => {
            calls.need("events:PutRule", &own);
            calls.pass_role_in("RoleArn", "events.amazonaws.com");
            put_targets(calls, &own);
            calls.tagged("events:PutRule", "events:TagResource", &own);
        }
        Step::Update => {
            calls.need("events:PutRule", &own);
            if targets > 0 {
                put_targets(calls, &own);
            }
            calls.when_changed(&["Tags"], "events:TagResource", &own);
        }
        Step::Delete => {
            calls.need("events:ListTargetsByRule", &own);
            if targets > 0 {
                calls.need("events:RemoveTargets", &own);
            }
            calls.need("events:DeleteRule", &own);
        }
    }
}

fn put_targets(calls: &mut Calls<'_>, own: &str) {
    let part = |name: &str| -> Vec<String> {
        let targets = calls.items("Targets").into_iter().filter_map(|target| target.get(name));
        targets.map(|value| calls.stack.text(value)).collect()
    };
    let (arns, mut roles) = (part("Arn"), part("RoleArn"));
    roles.dedup();
    if arns.is_empty() {
        return;
    }
    calls.given("Targets", |calls| {
        calls.need("events:PutTargets", own).keys.push(("events:TargetArn".to_owned(), arns));
        for role in roles {
            calls.pass_role(&role, "events.amazonaws.com");
        }
    });
}

pub(super) fn schedule(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    let action = match step {
        Step::Create => "scheduler:CreateSchedule",
        Step::Update => "scheduler:UpdateSchedule",
        Step::Delete => "scheduler:DeleteSchedule",
    };
    calls.need(action, &own);
    let role = calls.get("Target").and_then(|target| target.get("RoleArn")).map(|role| calls.stack.text(role));
    if let Some(role) = role.filter(|_| step != Step::Delete) {
        calls.given("Target", |calls| calls.pass_role(&role, "scheduler.amazonaws.com"));
    }
}

pub(super) fn state_machine(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("states:CreateStateMachine", &own);
            calls.pass_role_in("RoleArn", "states.amazonaws.com");
            calls.tagged("states:CreateStateMachine", "states:TagResource", &own);
        }
        Step::Update => {
            calls.when_changed(&["DefinitionString", "RoleArn"], "states:UpdateStateMachine", &own);
            calls.pass_role_in("RoleArn", "states.amazonaws.com");
        }
        Step::Delete => {
            calls.need("states:DeleteStateMachine", &own);
        }
    }
}

fn given(calls: &mut Calls<'_>, property: &str, action: &str, arn: &str) {
    calls.given(property, |calls| {
        calls.need(action, arn);
    });
}

fn own(calls: &Calls<'_>) -> String {
    calls.stack.arn(calls.id).unwrap_or_else(|| "*".to_owned())
}
