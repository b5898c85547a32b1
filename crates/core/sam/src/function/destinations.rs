//! `EventInvokeConfig`: where the outcome of asynchronous invocations goes.

use super::FunctionParts;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{self, get_att, reference};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::expect_map;
use crate::{python, role};

const KINDS: [&str; 5] = ["SQS", "SNS", "EventBridge", "Lambda", "S3Bucket"];

/// The configuration with queues and topics made for it, and the inline policies that the role needs.
pub(crate) fn event_invoke_config(
    context: &mut Context<'_>,
    parts: &FunctionParts<'_>,
    config: &Map,
    alias: Option<&Text>,
) -> Result<(Vec<Generated>, Vec<Node>)> {
    let id = parts.id.with("EventInvokeConfig");
    let mut resource =
        Generated::new(id.clone(), "AWS::Lambda::EventInvokeConfig").with_attributes(parts.invoke_attributes);
    if let Some(alias) = alias {
        resource.attributes.insert("DependsOn", list![super::version::alias_id(parts.id, alias)]);
    }
    let mut made = Vec::new();
    let mut policies = Vec::new();
    let mut destinations = Map::new();
    if let Some(given) = config.truthy("DestinationConfig") {
        let given = expect_map(parts.id, given, "EventInvokeConfig.DestinationConfig")?;
        for outcome in ["OnSuccess", "OnFailure"] {
            let Some(destination) = given.present(outcome) else { continue };
            let path = format!("EventInvokeConfig.DestinationConfig.{outcome}");
            let destination = expect_map(parts.id, destination, &path)?;
            let written = written_destination(parts, outcome);
            let destination = with_shared(context, destination, written);
            let made_for = destination_for(context, parts, &id.with(outcome), &destination)?;
            if let (Some(written), true) = (written, made_for.resource.is_some()) {
                context.generated_destinations.push((written.clone(), made_for.arn.clone()));
            }
            destinations.insert(outcome, map! {"Destination" => made_for.arn});
            made.extend(made_for.resource);
            policies.extend(made_for.policy);
        }
    }
    resource.put("FunctionName", reference(parts.id));
    resource.put("Qualifier", alias.map_or_else(|| Node::from("$LATEST"), Node::from));
    resource.put("DestinationConfig", destinations);
    resource.copy(config, &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"]);
    made.push(resource);
    Ok((made, policies))
}

/// The destination as the template or its `Globals` say it.
fn written_destination<'a>(parts: &FunctionParts<'a>, outcome: &str) -> Option<&'a Map> {
    parts.properties.map("EventInvokeConfig")?.map("DestinationConfig")?.map(outcome)
}

/// The destination with the queue or topic that was made for another function from the same part of `Globals`.
fn with_shared(context: &Context<'_>, destination: &Map, written: Option<&Map>) -> Map {
    let mut destination = destination.clone();
    let made =
        context.generated_destinations.iter().find(|(other, _)| written.is_some_and(|map| map.is_clone_of(other)));
    if let Some((_, arn)) = made {
        destination.insert("Destination", arn);
    }
    destination
}

struct Destination {
    arn: Node,
    resource: Option<Generated>,
    policy: Option<Node>,
}

fn destination_for(
    context: &mut Context<'_>,
    parts: &FunctionParts<'_>,
    id: &Text,
    given: &Map,
) -> Result<Destination> {
    let kind = python::display(given.get("Type").unwrap_or(&Node::Null));
    if !KINDS.contains(&kind.as_str()) {
        let kinds = python::repr_words(KINDS);
        return Err(Fault::resource(parts.id, format!("'Type: {kind}' must be one of {kinds}")));
    }
    let generates = matches!(kind.as_str(), "SQS" | "SNS");
    let target = given.truthy("Destination");
    let Some(target) = target else {
        if !generates {
            return Err(Fault::resource(parts.id, "Destination is required if Type is not ['SQS', 'SNS']"));
        }
        let (resource, arn) = generate(context, parts, &kind, id);
        let policy = policy(&kind, id, &arn);
        return Ok(Destination { arn, resource: Some(resource), policy });
    };
    let conditional = match intrinsics::if_arguments(target) {
        Some(Err(message)) => {
            return Err(Fault::resource(
                &parts.id.with("EventInvokeConfig"),
                format!("Malformed 'Destination' property: {message}"),
            ));
        }
        Some(Ok((condition, then, otherwise))) if generates => {
            let no_then = intrinsics::is_no_value(then);
            (no_then || intrinsics::is_no_value(otherwise)).then_some((condition, then, otherwise, no_then))
        }
        Some(Ok(_)) | None => None,
    };
    let Some((condition, then, otherwise, no_then)) = conditional else {
        let policy = policy(&kind, id, target);
        return Ok(Destination { arn: target.clone(), resource: None, policy });
    };
    let (mut resource, generated_arn) = generate(context, parts, &kind, id);
    if no_then && intrinsics::is_no_value(otherwise) {
        let policy = policy(&kind, id, &generated_arn);
        return Ok(Destination { arn: generated_arn, resource: Some(resource), policy });
    }
    let (name, given_arn) = if no_then {
        (condition.clone(), otherwise)
    } else {
        (Node::Text(negated(context, &parts.id.with("EventInvokeConfig"), condition)), then)
    };
    let own = combined(context, parts.id, resource.attributes.get("Condition").cloned(), &name);
    resource.attributes.insert("Condition", own);
    let arn = intrinsics::if_(name, generated_arn, given_arn);
    let policy = policy(&kind, id, &arn);
    Ok(Destination { arn, resource: Some(resource), policy })
}

/// Adds the negation of a condition under a name of its own.
fn negated(context: &mut Context<'_>, invoke_config: &str, condition: &Node) -> Text {
    let shown = python::display(condition);
    let name = Text::from(format!("NOT{shown}{}", python::short_hash(invoke_config)));
    context.add_condition(&name, Node::Map(map! {"Fn::Not" => list![map! {"Condition" => condition}]}));
    name
}

/// The condition of the generated resource: the function's own and that of the destination.
fn combined(context: &mut Context<'_>, function: &str, own: Option<Node>, name: &Node) -> Node {
    let Some(own) = own else { return name.clone() };
    let shown = format!("{}AND{}", python::display(&own), python::display(name));
    let both = Text::from(format!("{shown}{}", python::short_hash(function)));
    let wrap = |inner: Node| map! {"Condition" => map! {"Condition" => inner}};
    let condition = map! {"Fn::And" => list![wrap(own), wrap(name.clone())]};
    context.add_condition(&both, Node::Map(condition));
    Node::Text(both)
}

fn generate(context: &mut Context<'_>, parts: &FunctionParts<'_>, kind: &str, id: &Text) -> (Generated, Node) {
    let (suffix, type_name, property) = match kind {
        "SQS" => ("Queue", "AWS::SQS::Queue", "DestinationQueue"),
        _sns => ("Topic", "AWS::SNS::Topic", "DestinationTopic"),
    };
    let resource = Generated::new(id.with(suffix), type_name).with_attributes(parts.attributes);
    context.generations.add(parts.id, property, &resource.id);
    let arn = match kind {
        "SQS" => get_att(resource.id.clone(), "Arn"),
        _sns => reference(&resource.id),
    };
    (resource, arn)
}

fn policy(kind: &str, id: &Text, arn: &Node) -> Option<Node> {
    let simple = |action: &str| {
        let statement = map! {"Effect" => "Allow", "Action" => action, "Resource" => arn};
        map! {"Statement" => list![statement]}
    };
    let (suffix, document) = match kind {
        "SQS" => ("SQSPolicy", simple("sqs:SendMessage")),
        "SNS" => ("SNSPolicy", simple("sns:publish")),
        "EventBridge" => ("EventBridgePolicy", simple("events:PutEvents")),
        "Lambda" => ("LambdaPolicy", simple("lambda:InvokeFunction")),
        "S3Bucket" => {
            let objects = map! {"Fn::Join" => list!["/", list![arn, "*"]]};
            let put = map! {"Effect" => "Allow", "Action" => "s3:PutObject", "Resource" => objects};
            let list_bucket = map! {"Effect" => "Allow", "Action" => "s3:ListBucket", "Resource" => arn};
            ("S3Policy", map! {"Statement" => list![put, list_bucket]})
        }
        _other => return None,
    };
    Some(role::inline(id.with(suffix), Node::Map(document)))
}
