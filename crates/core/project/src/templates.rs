//! Reads templates that stacks name, and looks for what must not be in them.

use std::sync::Arc;

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
        let well_formed = !problems.iter().any(Diagnostic::is_error);
        reading.found.extend(problems);
        if well_formed {
            reading.found.extend(stackfleet_template::check(&template, &text));
            reading.found.extend(doubtful_outputs(&template));
        }
        TemplateFile { path: path.clone(), file, text, template: Arc::new(template) }
    });
    reading.templates.insert(path.value, read.clone());
    read
}

/// Warns of outputs that show a parameter which is a secret by its name; what is certain the template's checks tell.
fn doubtful_outputs(template: &Template) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for output in template.outputs() {
        let parameter = output.value().and_then(|value| value.get("Ref")?.as_str());
        let Some(parameter) = parameter.filter(|name| looks_secret(template, name)) else { continue };
        let message =
            format!("the output `{}` shows the parameter `{parameter}`, which looks like a secret", output.name);
        let warning = Diagnostic::warning(codes::SECRET_OUTPUT, message);
        let help = "remove the output, or mark the parameter `NoEcho` if it is one";
        let span = template.span(&format!("/Outputs/{}/Value", output.name));
        found.push(span.map_or_else(|| warning.clone(), |span| warning.clone().at(span, "")).help(help));
    }
    found
}

fn looks_secret(template: &Template, name: &str) -> bool {
    let lower = name.to_lowercase();
    let telling = ["password", "passwd", "secret", "token", "apikey", "privatekey", "credential"];
    template.parameters().get(name).is_some_and(|parameter| !parameter.no_echo)
        && telling.iter().any(|word| lower.contains(word))
        && !["arn", "name", "id"].iter().any(|end| lower.ends_with(end))
}

/// Returns the place of a part of a template, or of the template's beginning.
pub(crate) fn place(file: &TemplateFile, pointer: &str) -> Span {
    file.template.span(pointer).unwrap_or(Span { file: file.file, start: 0, end: 0 })
}
