//! Reads templates that stacks name, and looks for what must not be in them.

use std::sync::Arc;

use serde_json::Value;
use stackfleet_base::{Diagnostic, Span};
use stackfleet_template::Template;

use crate::codes;
use crate::model::{Spanned, TemplateFile};
use crate::reading::Reading;

/// Reads a template once, however many stacks name it; `None` when there is no such file.
pub(crate) fn read(reading: &mut Reading<'_>, path: Spanned<String>) -> Option<TemplateFile> {
    if let Some(known) = reading.templates.get(&path.value) {
        return known.clone().map(|template| TemplateFile { path, ..template });
    }
    let read = reading.file(&path.value, path.span).map(|(file, text)| {
        let (template, problems) = stackfleet_template::read(file, &text);
        reading.found.extend(circle(&template, &problems));
        reading.found.extend(problems);
        reading.found.extend(secrets(&template));
        TemplateFile { path: path.clone(), file, text, template: Arc::new(template) }
    });
    reading.templates.insert(path.value, read.clone());
    read
}

/// Tells resources that depend on each other in a circle, where reading the template has not told already.
fn circle(template: &Template, problems: &[Diagnostic]) -> Option<Diagnostic> {
    let cycle = stackfleet_template::graph(template).order().err()?.to_problem();
    let told = problems.iter().any(|problem| problem.code == cycle.code);
    (!told).then(|| {
        let error = cycle.to_diagnostic(template.problem_span(&cycle));
        error.help("let one of them refer to a name that is given, or move what joins them into a resource of its own")
    })
}

/// Tells outputs that show a secret: outputs are readable by everyone who may describe the stack.
fn secrets(template: &Template) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for output in template.outputs() {
        let Some(value) = output.value() else { continue };
        let Some((what, certain)) = secret_in(template, value) else { continue };
        let message = format!("the output `{}` shows {what}", output.name);
        let diagnostic = if certain {
            Diagnostic::error(codes::SECRET_OUTPUT, message)
        } else {
            Diagnostic::warning(codes::SECRET_OUTPUT, message)
        };
        let help = "remove the output; let its reader take the value from Secrets Manager";
        let pointer = format!("/Outputs/{}/Value", output.name);
        let span = template.span(&pointer);
        let diagnostic = diagnostic.help(help);
        found.push(match span {
            Some(span) => diagnostic.at(span, ""),
            None => diagnostic,
        });
    }
    found
}

/// Returns which secret a value holds, and whether that is certain.
fn secret_in(template: &Template, value: &Value) -> Option<(String, bool)> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) => secret_text(text),
        Value::Array(items) => strongest(items.iter().filter_map(|item| secret_in(template, item))),
        Value::Object(members) => strongest(members.iter().filter_map(|(name, member)| match name.as_str() {
            "Ref" => secret_parameter(template, member.as_str()?),
            "Fn::GetAtt" => secret_attribute(template, member),
            "Fn::Sub" => secret_in_sub(template, member),
            _ => secret_in(template, member),
        })),
    }
}

fn strongest(found: impl Iterator<Item = (String, bool)>) -> Option<(String, bool)> {
    found.max_by_key(|(_, certain)| *certain)
}

fn secret_text(text: &str) -> Option<(String, bool)> {
    let dynamic = ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"].iter().any(|start| text.contains(start));
    dynamic.then(|| ("a value from a secret store".to_owned(), true))
}

fn secret_parameter(template: &Template, name: &str) -> Option<(String, bool)> {
    let parameter = template.parameters().get(name)?;
    if parameter.no_echo {
        return Some((format!("the parameter `{name}`, which is `NoEcho`"), true));
    }
    let lower = name.to_lowercase();
    let telling = ["password", "passwd", "secret", "token", "apikey", "privatekey", "credential"];
    let doubtful = telling.iter().any(|word| lower.contains(word))
        && !["arn", "name", "id"].iter().any(|end| lower.ends_with(end));
    doubtful.then(|| (format!("the parameter `{name}`, which looks like a secret"), false))
}

fn secret_attribute(template: &Template, argument: &Value) -> Option<(String, bool)> {
    let (resource, attribute) = match argument {
        Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1)?.as_str()?),
        Value::String(text) => text.split_once('.')?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let type_name = template.resource(resource)?.type_name();
    let secret = type_name == "AWS::IAM::AccessKey" && attribute == "SecretAccessKey";
    secret.then(|| (format!("the secret access key of `{resource}`"), true))
}

fn secret_in_sub(template: &Template, argument: &Value) -> Option<(String, bool)> {
    let (text, variables) = match argument {
        Value::String(text) => (text.as_str(), None),
        Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1).and_then(Value::as_object)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let named = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let own = named.filter(|name| !name.starts_with('!')).filter_map(|name| {
        if let Some(value) = variables.and_then(|variables| variables.get(name)) {
            return secret_in(template, value);
        }
        secret_parameter(template, name).or_else(|| secret_attribute(template, &Value::from(name)))
    });
    strongest(secret_text(text).into_iter().chain(own))
}

/// Returns the place of a part of a template, or of the template's beginning.
pub(crate) fn place(file: &TemplateFile, pointer: &str) -> Span {
    file.template.span(pointer).unwrap_or(Span { file: file.file, start: 0, end: 0 })
}
