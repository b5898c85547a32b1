//! Can a stack be deployed in the way it asks for: what StackSets refuse, what is wrong with its template, whether the
//! code that a template points at is there.

use std::collections::BTreeMap;

use stackfleet_base::{Diagnostic, FileError, Files, Region, Span};
use stackfleet_validate::{Deployment, local_code};

use crate::codes;
use crate::model::{App, Stack, TemplateFile, Via};
use crate::templates::place;

/// Checks a stack's template against the way in which it is deployed.
pub(crate) fn check(files: &dyn Files, app: &App, stack: &Stack, several_accounts: bool) -> Vec<Diagnostic> {
    let mut found = stack_set_limits(stack);
    found.extend(missing_code(files, &stack.template));
    found.extend(template(app, stack, several_accounts));
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

/// Checks the template as this stack deploys it.
fn template(app: &App, stack: &Stack, several_accounts: bool) -> Vec<Diagnostic> {
    let regions = if stack.regions.is_empty() { &app.regions } else { &stack.regions };
    let regions: Vec<Region> = regions.iter().map(|region| region.value.clone()).collect();
    let literals =
        stack.parameters.iter().filter_map(|(name, text)| Some((name.clone(), text.value.literal()?.to_owned())));
    let parameters: BTreeMap<String, String> = literals.collect();
    let deployment = Deployment {
        regions: &regions,
        several_accounts,
        parameters: Some(&parameters),
        acknowledges_capabilities: true,
        ..Deployment::default()
    };
    stackfleet_validate::check(&stack.template.template, &stack.template.text, &deployment)
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
