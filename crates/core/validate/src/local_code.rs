//! Code that lies beside a template: packed and uploaded before the template is sent, and then another value.

use serde_json::Value;
use stackfleet_template::Template;

/// Properties that may name a local folder or file, by resource type, with their path in `Properties`.
const CODE: [(&str, &str); 8] = [
    ("AWS::Serverless::Function", "CodeUri"),
    ("AWS::Serverless::LayerVersion", "ContentUri"),
    ("AWS::Serverless::Api", "DefinitionUri"),
    ("AWS::Serverless::HttpApi", "DefinitionUri"),
    ("AWS::Serverless::StateMachine", "DefinitionUri"),
    ("AWS::Serverless::Application", "Location"),
    ("AWS::Lambda::Function", "Code"),
    ("AWS::Lambda::LayerVersion", "Content"),
];

/// Returns pointers to code that lies beside a template, with the paths as written.
#[must_use]
pub fn local_code(template: &Template) -> Vec<(String, &str)> {
    let own = template.resources().filter_map(|resource| {
        let (_, property) = CODE.iter().find(|(type_name, _)| *type_name == resource.type_name())?;
        let path = resource.properties()?.get(*property)?.as_str()?;
        Some((format!("/Resources/{}/Properties/{property}", resource.name), path))
    });
    let global = template.value().pointer("/Globals/Function/CodeUri").and_then(Value::as_str);
    let global = global.map(|path| ("/Globals/Function/CodeUri".to_owned(), path));
    own.chain(global).filter(|(_, path)| !path.contains("://")).collect()
}
