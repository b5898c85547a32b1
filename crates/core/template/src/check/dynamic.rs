//! Dynamic references: `{{resolve:ssm:...}}`, `{{resolve:ssm-secure:...}}`, `{{resolve:secretsmanager:...}}`.
//!
//! What cannot be right is warned of, not refused: AWS extends the patterns from time to time. Sources: "Get values stored
//! in other services using dynamic references" of the user guide, and its pages about each service.

use serde_json::Value;

use crate::{
    Template,
    pointer::{Path, Step},
};

/// Most dynamic references of a template (CloudFormation's quota).
pub(super) const REFERENCES_MAX: usize = 60;

const OPEN: &str = "{{resolve:";

/// A dynamic reference and what is wrong with it, if anything.
pub(super) struct Found<'template> {
    /// The text that it stands in.
    pub(super) path: Path<'template>,
    /// As written.
    pub(super) reference: &'template str,
    /// What is wrong, and what to do.
    pub(super) wrong: Option<(String, String)>,
}

/// Finds every dynamic reference of a template, in its order.
pub(super) fn find(template: &Template) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    for (name, section) in template.value().as_object().into_iter().flatten() {
        if name != "Resources" {
            walk(section, &mut vec![Step::Key(name)], None, &mut found);
        }
    }
    for resource in template.resources() {
        let mut path = vec![Step::Key("Resources"), Step::Key(resource.name)];
        for (attribute, value) in resource.body {
            path.push(Step::Key(attribute));
            walk(value, &mut path, Some(resource.type_name()), &mut found);
            path.pop();
        }
    }
    found
}

fn walk<'template>(
    value: &'template Value,
    path: &mut Path<'template>,
    type_name: Option<&str>,
    found: &mut Vec<Found<'template>>,
) {
    match value {
        Value::String(text) => {
            for reference in references(text) {
                let wrong = wrong_form(reference).or_else(|| wrong_place(reference, path, type_name));
                found.push(Found { path: path.clone(), reference, wrong });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                walk(item, path, type_name, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                path.push(Step::Key(key));
                walk(member, path, type_name, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Splits off each reference with its braces; one that is not closed goes to the end of its text.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let begun = rest.get(rest.find(OPEN)?..)?;
        let end = begun.find("}}").map_or(begun.len(), |end| end + 2);
        let (reference, behind) = begun.split_at_checked(end)?;
        rest = behind;
        Some(reference)
    })
}

fn wrong_form(reference: &str) -> Option<(String, String)> {
    let wrong = |message: &str, help: &str| Some((message.to_owned(), help.to_owned()));
    let inner = reference.strip_prefix(OPEN)?;
    let Some(inner) = inner.strip_suffix("}}") else {
        // The end may come from elsewhere: a text put together by a function.
        return None;
    };
    let (service, rest) = inner.split_once(':').unwrap_or((inner, ""));
    match service {
        "ssm" | "ssm-secure" => wrong_parameter(service, rest),
        "secretsmanager" => wrong_secret(rest),
        _ if service.contains("${") => None,
        _ => wrong(
            &format!("`{service}` is no service of dynamic references"),
            "write `ssm`, `ssm-secure` or `secretsmanager`",
        ),
    }
}

/// `name` or `name:version`; a name may be an ARN, or have parts that are put in later.
fn wrong_parameter(service: &str, rest: &str) -> Option<(String, String)> {
    if rest.contains("${") || rest.starts_with("arn:") {
        return None;
    }
    let (name, version) = rest.split_once(':').map_or((rest, None), |(name, version)| (name, Some(version)));
    let well_named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    let form = format!("write `{{{{resolve:{service}:NAME}}}}` or `{{{{resolve:{service}:NAME:VERSION}}}}`");
    if name.is_empty() || !name.bytes().all(well_named) {
        return Some((format!("`{name}` is no name of an SSM parameter"), form));
    }
    let version = version.filter(|version| version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((format!("`{version}` is no version of an SSM parameter: versions are numbers"), form))
}

/// `secret[:SecretString[:key[:stage[:id]]]]`; a secret is named or given by its ARN of seven parts.
fn wrong_secret(rest: &str) -> Option<(String, String)> {
    const FORM: &str =
        "write `{{resolve:secretsmanager:SECRET:SecretString:KEY:STAGE:ID}}`, all behind SECRET optional";
    if rest.contains("${") {
        return None;
    }
    let parts: Vec<&str> = rest.split(':').collect();
    let of_secret = if rest.starts_with("arn:") { 7 } else { 1 };
    let (secret, parts) = parts.split_at_checked(of_secret)?;
    let wrong = |message: String| Some((message, FORM.to_owned()));
    if secret.iter().all(|part| part.is_empty()) {
        return wrong("the secret is not named".to_owned());
    }
    match parts {
        [] => None,
        [kind, ..] if !matches!(*kind, "" | "SecretString") => {
            wrong(format!("`{kind}` stands where only `SecretString` can"))
        }
        [_, _, stage, id] if !stage.is_empty() && !id.is_empty() => {
            wrong(format!("both a stage, `{stage}`, and a version, `{id}`, are given"))
        }
        [_, _, _, _, _, ..] => wrong("there are too many parts".to_owned()),
        _ => None,
    }
}

/// The properties that take `ssm-secure` ("Resources that support dynamic parameter patterns for secure strings").
const SECURE: [(&str, &str); 11] = [
    ("AWS::DirectoryService::MicrosoftAD", "Password"),
    ("AWS::DirectoryService::SimpleAD", "Password"),
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::IAM::User", "LoginProfile/Password"),
    ("AWS::KinesisFirehose::DeliveryStream", "RedshiftDestinationConfiguration/Password"),
    ("AWS::OpsWorks::App", "AppSource/Password"),
    ("AWS::OpsWorks::Stack", "CustomCookbooksSource/Password"),
    ("AWS::OpsWorks::Stack", "RdsDbInstances/DbPassword"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::RDS::DBInstance", "MasterUserPassword"),
    ("AWS::Redshift::Cluster", "MasterUserPassword"),
];

fn wrong_place(reference: &str, path: &[Step<'_>], type_name: Option<&str>) -> Option<(String, String)> {
    let is_secure = reference.starts_with("{{resolve:ssm-secure:");
    let is_secret = is_secure || reference.starts_with("{{resolve:secretsmanager:");
    let in_metadata = match path.first() {
        Some(Step::Key("Resources")) => path.get(2) == Some(&Step::Key("Metadata")),
        first => first == Some(&Step::Key("Metadata")),
    };
    if is_secret && in_metadata {
        let message = "secrets are not resolved in metadata: the reference would stay as it is written";
        return Some((message.to_owned(), "let the software read the secret itself".to_owned()));
    }
    let type_name = type_name?;
    let is_custom = type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource";
    if is_secret && is_custom {
        let message = "secrets are not resolved in properties of custom resources";
        return Some((message.to_owned(), "pass the name, and let the resource read the secret itself".to_owned()));
    }
    let properties = path.get(2).filter(|step| **step == Step::Key("Properties") && is_secure).and(path.get(3..))?;
    let keys = properties.iter().filter_map(|step| match step {
        Step::Key(key) if !key.starts_with("Fn::") && *key != "Ref" => Some(*key),
        Step::Key(_) | Step::Index(_) => None,
    });
    let property = keys.collect::<Vec<_>>().join("/");
    let takes = |(known, path): &(&str, &str)| *known == type_name && *path == property;
    (!SECURE.iter().any(takes)).then(|| {
        let message = format!("CloudFormation resolves no `ssm-secure` in `{property}` of `{type_name}`");
        (message, "put the value into Secrets Manager and write `{{resolve:secretsmanager:...}}`".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_body;

    #[test]
    fn wrong_references_are_found() {
        let text = r#"
Metadata: {M: '{{resolve:secretsmanager:a}}'}
Parameters: {S: {Type: String}, K: {Type: String}, Stage: {Type: String}}
Resources:
  A:
    Type: AWS::RDS::DBInstance
    Properties:
      fine:
        - '{{resolve:ssm:/a/b.c-d:3}} and {{resolve:ssm:a}}'
        - '{{resolve:secretsmanager:s:SecretString:password:AWSCURRENT}}'
        - '{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-AbCdEf:SecretString:k::v1}}'
        - '{{resolve:secretsmanager:s::::}}'
        - !Sub '{{resolve:secretsmanager:${S}:SecretString:${K}}}'
        - !Sub '{{resolve:ssm:/${Stage}/x:1}}'
      MasterUserPassword: !Sub '{{resolve:ssm-secure:/${Stage}/p:1}}'
      wrong:
        - '{{resolve:smm:/a}}'
        - '{{resolve:ssm:}}'
        - '{{resolve:ssm:/a:latest}}'
        - '{{resolve:secretsmanager:}}'
        - '{{resolve:secretsmanager:s:password}}'
        - '{{resolve:secretsmanager:s:SecretString:k:AWSCURRENT:v1}}'
        - '{{resolve:secretsmanager:s:SecretString:k:a::b}}'
        - '{{resolve:ssm-secure:/a:1}}'
  B: {Type: 'Custom::X', Properties: {a: '{{resolve:secretsmanager:s}}'}}
"#;
        let template = read_body(text).unwrap();
        let wrong =
            find(&template).into_iter().filter_map(|found| Some(format!("{} {}", found.reference, found.wrong?.0)));
        insta::assert_snapshot!(wrong.collect::<Vec<_>>().join("\n"), @"
        {{resolve:secretsmanager:a}} secrets are not resolved in metadata: the reference would stay as it is written
        {{resolve:smm:/a}} `smm` is no service of dynamic references
        {{resolve:ssm:}} `` is no name of an SSM parameter
        {{resolve:ssm:/a:latest}} `latest` is no version of an SSM parameter: versions are numbers
        {{resolve:secretsmanager:}} the secret is not named
        {{resolve:secretsmanager:s:password}} `password` stands where only `SecretString` can
        {{resolve:secretsmanager:s:SecretString:k:AWSCURRENT:v1}} both a stage, `AWSCURRENT`, and a version, `v1`, are given
        {{resolve:secretsmanager:s:SecretString:k:a::b}} there are too many parts
        {{resolve:ssm-secure:/a:1}} CloudFormation resolves no `ssm-secure` in `wrong` of `AWS::RDS::DBInstance`
        {{resolve:secretsmanager:s}} secrets are not resolved in properties of custom resources
        ");
    }
}
