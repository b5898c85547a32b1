//! Reads templates that stacks name.

use std::sync::Arc;

use stackfleet_base::Span;

use crate::model::{Spanned, TemplateFile};
use crate::reading::Reading;

/// Reads a template once, however many stacks name it; `None` when there is no such file.
pub(crate) fn read(reading: &mut Reading<'_>, path: Spanned<String>) -> Option<TemplateFile> {
    if let Some(known) = reading.templates.get(&path.value) {
        return known.clone().map(|template| TemplateFile { path, ..template });
    }
    let read = reading.file(&path.value, path.span).map(|(file, text)| {
        let (template, problems) = stackfleet_validate::read(file, &text);
        reading.found.extend(problems);
        TemplateFile { path: path.clone(), file, text, template: Arc::new(template) }
    });
    reading.templates.insert(path.value, read.clone());
    read
}

/// Returns the place of a part of a template, or of the template's beginning.
pub(crate) fn place(file: &TemplateFile, pointer: &str) -> Span {
    file.template.span(pointer).unwrap_or(Span { file: file.file, start: 0, end: 0 })
}
