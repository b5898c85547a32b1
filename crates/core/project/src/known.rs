//! What of a template can be known before it is deployed: texts made of literals, parameters and given names.
//!
//! This serves `${STACK.OUTPUT}` and the check of a role's trust. It is deliberately small: what it does not
//! understand is not known, and says why.

use serde_json::Value;
use stackfleet_template::Template;

use crate::model::{Reference, Text, TextPart};

/// Looks up the value that a parameter of the template will have; `Err` says why it is not known.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Result<Text, String>;

/// Returns an output of a template as a text whose references are those of the project file.
pub(crate) fn output(template: &Template, name: &str, parameter: Lookup<'_>) -> Result<Text, String> {
    let output = template.outputs().find(|output| output.name == name);
    let output = output.ok_or_else(|| format!("there is no output `{name}`"))?;
    if output.condition().is_some() {
        return Err("it exists on a condition".to_owned());
    }
    let value = output.value().ok_or_else(|| "it has no value".to_owned())?;
    Known { template, parameter }.text(value)
}

/// Returns a value of a template as a text.
pub(crate) fn value(template: &Template, value: &Value, parameter: Lookup<'_>) -> Result<Text, String> {
    Known { template, parameter }.text(value)
}

/// Returns the resource whose name or ARN an output is.
pub(crate) fn output_resource<'a>(template: &'a Template, name: &str) -> Option<&'a str> {
    let output = template.outputs().find(|output| output.name == name)?;
    let value = output.value()?;
    if let Some(Value::String(resource)) = value.get("Ref") {
        return Some(resource);
    }
    value.get("Fn::GetAtt")?.as_array()?.first()?.as_str()
}

struct Known<'a> {
    template: &'a Template,
    parameter: Lookup<'a>,
}

impl Known<'_> {
    fn text(&self, value: &Value) -> Result<Text, String> {
        match value {
            Value::String(text) => Ok(literal(text)),
            Value::Number(number) => Ok(literal(&number.to_string())),
            Value::Bool(truth) => Ok(literal(&truth.to_string())),
            Value::Null | Value::Array(_) => Err("it is not text".to_owned()),
            Value::Object(members) => {
                let mut members = members.iter();
                let (Some((function, argument)), None) = (members.next(), members.next()) else {
                    return Err("it is not text".to_owned());
                };
                self.function(function, argument)
            }
        }
    }

    fn function(&self, function: &str, argument: &Value) -> Result<Text, String> {
        match function {
            "Ref" => self.name(argument.as_str().unwrap_or_default()),
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => self.sub(argument),
            "Fn::Join" => self.join(argument),
            other => Err(format!("`{other}` is evaluated only in the account")),
        }
    }

    /// A parameter, a pseudo parameter or a resource that is given a name.
    fn name(&self, name: &str) -> Result<Text, String> {
        match name {
            "AWS::AccountId" => return Ok(reference(Reference::AccountId)),
            // The simulated organization and all regions that are named without a prefix lie in this partition.
            "AWS::Partition" => return Ok(literal("aws")),
            _ if name.starts_with("AWS::") => return Err(format!("`{name}` is known only in the account")),
            _ => {}
        }
        if self.template.parameters().contains_key(name) {
            return (self.parameter)(name);
        }
        let resource = self.template.resource(name).ok_or_else(|| format!("there is no `{name}`"))?;
        let type_name = resource.type_name();
        let property = NAMED.iter().find(|(known, _)| *known == type_name).map(|(_, property)| *property);
        let property = property.ok_or_else(|| format!("what AWS calls `{name}` is known only in the account"))?;
        match resource.properties().and_then(|properties| properties.get(property)) {
            Some(given) => self.text(given),
            None => Err(format!("`{name}` has no `{property}`, so AWS makes up a name in each account")),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Text, String> {
        let part = |index: usize| argument.get(index).and_then(Value::as_str).unwrap_or_default();
        let (resource, attribute) = (part(0), part(1));
        let is_role = self.template.resource(resource).is_some_and(|resource| resource.type_name() == ROLE);
        if !is_role || attribute != "Arn" {
            return Err(format!("`{resource}.{attribute}` is known only in the account"));
        }
        let path = self.template.resource(resource).and_then(|role| role.properties()?.get("Path"));
        let path = path.map_or_else(|| Ok(literal("/")), |path| self.text(path))?;
        let name = self.name(resource)?;
        let account = reference(Reference::AccountId);
        Ok(concatenate([literal("arn:aws:iam::"), account, literal(":role"), path, name]))
    }

    fn sub(&self, argument: &Value) -> Result<Text, String> {
        let text = argument.as_str().or_else(|| argument.get(0)?.as_str()).unwrap_or_default();
        let variables = argument.get(1);
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(literal(before));
            let (name, after) = after.split_once('}').ok_or_else(|| "a `${` is never closed".to_owned())?;
            parts.push(match name.strip_prefix('!') {
                Some(kept) => literal(&format!("${{{kept}}}")),
                None => match (variables.and_then(|variables| variables.get(name)), name.split_once('.')) {
                    (Some(value), _) => self.text(value)?,
                    (None, Some((resource, attribute))) => self.attribute(&serde_json::json!([resource, attribute]))?,
                    (None, None) => self.name(name.trim())?,
                },
            });
            rest = after;
        }
        parts.push(literal(rest));
        Ok(concatenate(parts))
    }

    fn join(&self, argument: &Value) -> Result<Text, String> {
        let separator = argument.get(0).and_then(Value::as_str).unwrap_or_default();
        let items =
            argument.get(1).and_then(Value::as_array).ok_or_else(|| "its list is made in the account".to_owned())?;
        let mut parts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            parts.extend((index > 0).then(|| literal(separator)));
            parts.push(self.text(item)?);
        }
        Ok(concatenate(parts))
    }
}

pub(crate) const ROLE: &str = "AWS::IAM::Role";

/// Resource types whose `Ref` is the name that a property gives (return values in the resource type reference).
const NAMED: [(&str, &str); 8] = [
    (ROLE, "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::SSM::Parameter", "Name"),
];

fn literal(text: &str) -> Text {
    Text::of([TextPart::Literal(text.to_owned())])
}

fn reference(reference: Reference) -> Text {
    Text::of([TextPart::Reference(reference)])
}

fn concatenate(texts: impl IntoIterator<Item = Text>) -> Text {
    Text::of(texts.into_iter().flat_map(|text| text.parts))
}
