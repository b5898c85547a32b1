//! Can a stack be deployed in the way it asks for: what StackSets refuse, what the SAM transform refuses, whether
//! the code that a template points at is there.

use serde_json::Value;
use stackfleet_base::{Diagnostic, FileError, Files, Span};
use stackfleet_sam::{Environment, SamErrorKind};
use stackfleet_template::Template;

use crate::model::{App, Stack, TemplateFile, Via};
use crate::templates::place;
use crate::{codes, resources};

/// Checks a stack's template against the way in which it is deployed.
pub(crate) fn check(files: &dyn Files, app: &App, stack: &Stack) -> Vec<Diagnostic> {
    let mut found = stack_set_limits(stack);
    found.extend(missing_code(files, &stack.template));
    found.extend(transform(app, stack));
    found
}

/// What stack sets do not take (documentation of StackSets, "Considerations when using service-managed permissions";
/// the resource handler of `AWS::CloudFormation::StackSet` refuses the same).
fn stack_set_limits(stack: &Stack) -> Vec<Diagnostic> {
    if stack.via.as_ref().is_some_and(|via| via.value == Via::ChangeSet) {
        return Vec::new();
    }
    let service_managed = stack.role.is_none();
    let template = &stack.template.template;
    let mut found = Vec::new();
    for resource in template.resources() {
        let refused = match resource.type_name() {
            "AWS::CloudFormation::StackSet" => "a stack set cannot hold another stack set",
            "AWS::CloudFormation::Stack" if service_managed => "a service-managed stack set cannot hold nested stacks",
            _ => continue,
        };
        let span = place(&stack.template, &format!("/Resources/{}/Type", resource.name));
        found.push(refusal(stack, refused.to_owned(), span));
    }
    if service_managed {
        // SAM is expanded before it is sent; nobody but CloudFormation can run other macros.
        let macros = template.transforms().into_iter().filter(|name| !name.starts_with("AWS::Serverless"));
        for name in macros {
            let message = format!("a service-managed stack set cannot run the transform `{name}`");
            found.push(refusal(stack, message, place(&stack.template, "/Transform")));
        }
    }
    found
}

fn refusal(stack: &Stack, message: String, span: Span) -> Diagnostic {
    let help = match stack.role {
        None => "name a `role:` (self-managed), or deploy it `via: change-set`",
        Some(_) => "deploy it `via: change-set`",
    };
    Diagnostic::error(codes::DEPLOYMENT, message)
        .at(span, "")
        .at(stack.name.span, format!("deployed by the stack `{}`", stack.name.value))
        .help(help)
}

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

/// Code in the project's folder that a template takes its function or layer from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCode {
    /// Keys from the top of the template: `Resources`, `Finder`, `Properties`, `CodeUri`.
    pub place: Vec<String>,
    /// Where that is written.
    pub span: Span,
    /// The folder or file, relative to the project's folder; `None` where it leads out of it.
    pub path: Option<String>,
    /// Whether it is sent as an archive; a definition or a nested template is sent as it is.
    pub archived: bool,
}

impl TemplateFile {
    /// Returns all code that has to be packed before the template can be sent.
    #[must_use]
    pub fn local_code(&self) -> Vec<LocalCode> {
        let folder = self.path.value.rsplit_once('/').map_or("", |(folder, _)| folder);
        let found = local_code(&self.template).into_iter().map(|(pointer, written)| LocalCode {
            span: place(self, &pointer),
            archived: ["CodeUri", "ContentUri", "Code", "Content"].iter().any(|name| pointer.ends_with(name)),
            // No name in these pointers needs escaping: logical ids are alphanumeric.
            place: pointer.trim_start_matches('/').split('/').map(str::to_owned).collect(),
            path: join(folder, written),
        });
        found.collect()
    }
}

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

/// Paths in a template are relative to the template.
fn missing_code(files: &dyn Files, file: &TemplateFile) -> Vec<Diagnostic> {
    let folder = file.path.value.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (pointer, written) in local_code(&file.template) {
        let path = join(folder, written);
        let there = match &path {
            // The project's own folder.
            Some(path) if path.is_empty() => Ok(()),
            Some(path) => files.list(path).map(drop).or_else(|_| files.read(path).map(drop)),
            None => Err(FileError::Missing(written.to_owned())),
        };
        if there.is_err() {
            let message = format!("there is no code at `{written}`");
            let looked = path.unwrap_or_else(|| "outside the project".to_owned());
            let help = format!("looked for the folder or file `{looked}`; the path is relative to the template");
            found.push(Diagnostic::error(codes::FILE, message).at(place(file, &pointer), "").help(help));
        }
    }
    found
}

/// Joins paths, resolving `.` and `..`; `None` where it leads out of the project.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Runs the SAM transform as it will be run, with a stand-in for the code's place.
fn transform(app: &App, stack: &Stack) -> Vec<Diagnostic> {
    let file = &stack.template;
    // A template of the wrong form was told already.
    if !file.template.is_serverless() || !file.template.problems().is_empty() {
        return Vec::new();
    }
    let mut template = file.template.value().clone();
    for (pointer, _) in local_code(&file.template) {
        if let Some(code) = template.pointer_mut(&pointer) {
            *code = Value::from("s3://stackfleet/code");
        }
    }
    let region = app.regions.first().map_or("us-east-1", |region| region.value.as_str());
    let mut environment = Environment::in_region(region);
    for (name, value) in &stack.parameters {
        if let Some(text) = value.value.literal() {
            environment.parameters.insert(name.clone(), Value::from(text));
        }
    }
    let errors = match stackfleet_sam::transform(&template, &environment) {
        Ok(transformed) => return after_transform(app, stack, transformed),
        Err(errors) => errors,
    };
    let tell = |error: &stackfleet_sam::SamError| {
        let pointer = error.logical_id.as_ref().map_or_else(String::new, |id| format!("/Resources/{id}"));
        let span = file.template.key_span(&pointer).unwrap_or_else(|| place(file, &pointer));
        let message = error.message.trim_end_matches('.').to_owned();
        if error.kind == SamErrorKind::Unsupported {
            let warning = Diagnostic::warning(codes::TRANSFORM, message).at(span, "");
            return warning.help("AWS may transform it; it cannot be rehearsed or expanded here");
        }
        Diagnostic::error(codes::TRANSFORM, format!("the SAM transform refuses this: {message}")).at(span, "")
    };
    errors.iter().map(tell).collect()
}

/// Circles, and names that lead nowhere, can be told only when the transform has made its resources.
fn after_transform(app: &App, stack: &Stack, transformed: Value) -> Vec<Diagnostic> {
    let file = &stack.template;
    let written = &file.template;
    let transformed = Template::new(transformed);
    let tell = |problem: &stackfleet_template::Problem| {
        let mut pointer = problem.pointer.as_str();
        while !pointer.is_empty() && written.value().pointer(pointer).is_none() {
            pointer = pointer.rsplit_once('/').map_or("", |(above, _)| above);
        }
        let span = written.key_span(pointer).filter(|_| pointer.matches('/').count() <= 2);
        let error = problem.to_diagnostic(Some(span.unwrap_or_else(|| place(file, pointer))));
        if pointer.len() < problem.pointer.len() {
            return error.help(format!("this is about `{}` after the SAM transform", problem.pointer));
        }
        error
    };
    let mut found: Vec<Diagnostic> = transformed.problems().iter().map(tell).collect();
    found.extend(resources::check_transformed(app, stack, &transformed));
    found
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_joined_within_the_project() {
        assert_eq!(join("app", "src").as_deref(), Some("app/src"));
        assert_eq!(join("app", "./src/").as_deref(), Some("app/src"));
        assert_eq!(join("app", "../shared").as_deref(), Some("shared"));
        assert_eq!(join("", "."), Some(String::new()));
        assert_eq!(join("app", "../../x"), None);
    }
}
