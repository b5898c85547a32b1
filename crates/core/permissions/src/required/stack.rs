//! Values of an evaluated stack as texts in which `*` stands for what only AWS knows.

use serde_json::Value;
use stackfleet_base::Partition;
use stackfleet_catalog::actions;
use stackfleet_template::Evaluated;

use super::{Cell, name, types};

/// References that are followed before a value counts as unknown.
const DEPTH_MAX: usize = 16;

/// An evaluated stack in its place.
#[derive(Clone, Copy)]
pub(crate) struct Stack<'a> {
    pub(crate) evaluated: &'a Evaluated,
    pub(crate) cell: &'a Cell,
    depth: usize,
}

impl<'a> Stack<'a> {
    pub(crate) fn new(evaluated: &'a Evaluated, cell: &'a Cell) -> Self {
        Self { evaluated, cell, depth: 0 }
    }

    /// Returns a value as text.
    pub(crate) fn text(self, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Object(call) if call.len() == 1 && self.depth < DEPTH_MAX => {
                let deeper = Self { depth: self.depth + 1, ..self };
                let known = call.iter().next().and_then(|(function, argument)| deeper.call(function, argument));
                known.unwrap_or_else(|| "*".to_owned())
            }
            Value::Null | Value::Array(_) | Value::Object(_) => "*".to_owned(),
        }
    }

    fn call(self, function: &str, argument: &Value) -> Option<String> {
        match function {
            "Ref" => self.reference(argument.as_str()?),
            "Fn::GetAtt" => {
                let (id, attribute) = match argument.as_array() {
                    Some(parts) => (parts.first()?.as_str()?, parts.get(1)?.as_str()?),
                    None => argument.as_str()?.split_once('.')?,
                };
                // Attributes beside ARNs are not worth the tables that they would take.
                if attribute.ends_with("Arn") { self.arn(id) } else { None }
            }
            "Fn::Join" => {
                let [separator, Value::Array(parts)] = argument.as_array()?.as_slice() else { return None };
                let parts: Vec<String> = parts.iter().map(|part| self.text(part)).collect();
                Some(parts.join(separator.as_str()?))
            }
            _ => None,
        }
    }

    /// Returns what `Ref` gives for a resource.
    fn reference(self, id: &str) -> Option<String> {
        let resource = self.evaluated.resources.get(id)?;
        if name::is_known_by_arn(&resource.type_name) { self.arn(id) } else { Some(self.name(id)) }
    }

    /// Returns the name of a resource: as the template says, or as CloudFormation makes it.
    pub(crate) fn name(self, id: &str) -> String {
        let Some(resource) = self.evaluated.resources.get(id) else { return "*".to_owned() };
        let given = name::property(&resource.type_name).and_then(|property| resource.properties.get(property));
        match given.filter(|value| !value.is_null()) {
            Some(value) => self.text(value),
            None => name::made(&resource.type_name, self.cell.stack_name.as_deref(), id),
        }
    }

    /// Returns the ARN of a resource; `None` when nothing is known of its shape.
    pub(crate) fn arn(self, id: &str) -> Option<String> {
        let resource = self.evaluated.resources.get(id)?;
        types::arn(self, id, resource).or_else(|| super::generic::arn(self, id, resource))
    }

    /// Returns the ARN of a type of resources that a service names, with these variables.
    pub(crate) fn fill(self, service: &str, kind: &str, variables: &[(&str, &str)]) -> String {
        let shapes = actions().service(service).and_then(|service| service.resource(kind));
        let shape = shapes.and_then(|resource| resource.shapes().next());
        let value = |name: &str| match name {
            "Partition" => Some(self.cell.region.partition().as_str()),
            "Region" => Some(self.cell.region.as_str()),
            "Account" => Some(self.cell.account.as_str()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
        };
        shape.map_or_else(|| "*".to_owned(), |shape| shape.fill(value))
    }

    /// Returns the keys that every call of CloudFormation carries.
    pub(crate) fn base_keys(self, service: &str) -> Vec<(String, Vec<String>)> {
        const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
        // IAM is global: its endpoint is in one region of each partition.
        let global = match self.cell.region.partition() {
            Partition::Aws => Some("us-east-1"),
            Partition::AwsCn => Some("cn-north-1"),
            Partition::AwsUsGov => Some("us-gov-west-1"),
            Partition::AwsIso => Some("us-iso-east-1"),
            Partition::AwsIsoB => Some("us-isob-east-1"),
            // Not documented.
            Partition::AwsIsoE | Partition::AwsIsoF | Partition::AwsEusc => None,
        };
        let region = global.filter(|_| service == "iam").unwrap_or(self.cell.region.as_str());
        [
            ("aws:RequestedRegion", region),
            ("aws:ViaAWSService", "true"),
            ("aws:CalledVia", CLOUDFORMATION),
            ("aws:CalledViaFirst", CLOUDFORMATION),
            ("aws:CalledViaLast", CLOUDFORMATION),
        ]
        .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
        .to_vec()
    }
}
