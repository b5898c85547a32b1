//! One end of a connector: a resource of the template by its id, or properties given by hand.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::intrinsics::{self, argument, target};
use crate::node::{Map, Node, Text};
use crate::tables;

/// What is known about one end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    pub(crate) id: Option<Text>,
    pub(crate) kind: String,
    /// The type as the template says it, before SAM types became CloudFormation's.
    pub(crate) written_kind: String,
    pub(crate) arn: Option<Node>,
    pub(crate) role: Option<Node>,
    pub(crate) queue_url: Option<Node>,
    resource_id: Option<Node>,
    name: Option<Node>,
    qualifier: Option<Node>,
}

impl Reference {
    /// Reads one end; `other` is the end that a rule's role is looked up for.
    pub(crate) fn read(
        context: &Context<'_>,
        owner: &Text,
        given: &Node,
        other: Option<&Reference>,
    ) -> Result<Reference> {
        let fault = |message: String| Fault::resource(owner, message);
        let empty = Map::new();
        let given = given.as_map().unwrap_or(&empty);
        let Some(id) = given.truthy("Id") else {
            return by_hand(owner, given);
        };
        if given.keys().any(|key| key != "Id" && key != "Qualifier") {
            return Err(fault(
                "Must provide 'Id' (with optional 'Qualifier') or a supported combination of other properties."
                    .to_owned(),
            ));
        }
        let Some(id) = id.as_text().filter(|id| !id.is_empty()) else {
            return Err(fault("'Id' is missing or not a string.".to_owned()));
        };
        let Some(resource) = context.resource(id) else {
            return Err(fault(format!("Unable to find resource with logical ID '{id}'.")));
        };
        let Some(kind) = resource.str("Type") else {
            return Err(fault("'Type' is missing or not a string.".to_owned()));
        };
        let mut reference = Reference {
            id: Some(id.clone()),
            kind: kind.to_owned(),
            written_kind: context.written_kinds.get(id.as_str()).cloned().unwrap_or_else(|| kind.to_owned()),
            ..Reference::default()
        };
        reference.read_outputs(id, resource, other);
        if let Some(qualifier) = given.present("Qualifier") {
            reference.qualifier = Some(qualifier.clone());
        }
        Ok(reference)
    }

    fn read_outputs(&mut self, id: &Text, resource: &Map, other: Option<&Reference>) {
        let Some(facts) = tables::connector_resource(&self.kind) else { return };
        let Some(facts) = facts.as_map() else { return };
        let outputs = facts.map("Outputs");
        let output = |name: &str| {
            let mut value = outputs?.get(name)?.clone();
            fill_id(&mut value, id);
            Some(value)
        };
        self.arn = output("Arn");
        self.queue_url = output("Url");
        self.resource_id = output("Id");
        self.name = output("Name");
        self.qualifier = output("Qualifier");
        let properties = resource.map("Properties");
        self.role = match facts.map("Inputs").and_then(|inputs| inputs.get("Role")) {
            Some(Node::Text(property)) => {
                properties.and_then(|properties| properties.get(property)).and_then(role_name)
            }
            Some(_function) => properties.and_then(|properties| rule_role(properties, other?)),
            None => None,
        };
    }

    /// A property as profiles name it.
    pub(crate) fn property(&self, name: &str) -> Option<Node> {
        match name {
            "Arn" => self.arn.clone(),
            "QueueUrl" => self.queue_url.clone(),
            "ResourceId" => self.resource_id.clone(),
            "Name" => self.name.clone(),
            "Qualifier" => self.qualifier.clone(),
            _other => None,
        }
    }
}

fn by_hand(owner: &Text, given: &Map) -> Result<Reference> {
    if given.is_empty() {
        let message = "Must provide 'Id' (with optional 'Qualifier') or a supported combination of other properties.";
        return Err(Fault::resource(owner, message));
    }
    let Some(kind) = given.str("Type") else {
        return Err(Fault::resource(owner, "'Type' is missing or not a string."));
    };
    let value = |key: &str| given.present(key).cloned();
    let real_kind = match kind {
        "AWS::Serverless::Function" => "AWS::Lambda::Function",
        "AWS::Serverless::SimpleTable" => "AWS::DynamoDB::Table",
        "AWS::Serverless::StateMachine" => "AWS::StepFunctions::StateMachine",
        "AWS::Serverless::Api" => "AWS::ApiGateway::RestApi",
        "AWS::Serverless::HttpApi" => "AWS::ApiGatewayV2::Api",
        other => other,
    };
    Ok(Reference {
        id: None,
        kind: real_kind.to_owned(),
        written_kind: real_kind.to_owned(),
        arn: value("Arn"),
        role: value("RoleName"),
        queue_url: value("QueueUrl"),
        resource_id: value("ResourceId"),
        name: value("Name"),
        qualifier: value("Qualifier"),
    })
}

fn fill_id(node: &mut Node, id: &Text) {
    match node {
        Node::Text(text) if text == "%{logicalId}" => *text = id.clone(),
        Node::List(items) => items.iter_mut().for_each(|item| fill_id(item, id)),
        Node::Map(entries) => entries.values_mut().for_each(|value| fill_id(value, id)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// The name of a role that is given by its ARN.
fn role_name(role: &Node) -> Option<Node> {
    if let Some(attribute) = argument(role, "Fn::GetAtt") {
        let id = match attribute.as_text() {
            Some(dotted) => dotted.like(dotted.split_once('.')?.0),
            None => target(role)?.clone(),
        };
        return Some(intrinsics::reference(&id));
    }
    argument(role, "Ref").map(|_| role.clone())
}

/// The role of the rule's target that is the other end.
fn rule_role(properties: &Map, other: &Reference) -> Option<Node> {
    let targets = properties.list("Targets")?;
    let matching = targets.iter().filter_map(Node::as_map).find(|candidate| {
        let arn = candidate.get("Arn");
        arn == other.arn.as_ref() || arn.and_then(target).is_some_and(|id| Some(id) == other.id.as_ref())
    })?;
    matching.get("RoleArn").and_then(role_name)
}
