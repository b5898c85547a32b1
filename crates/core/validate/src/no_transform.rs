//! SAM's resources in a template that does not ask for the SAM transform: everything else follows from that.

use stackfleet_base::{Diagnostic, Edit, Span};
use stackfleet_template::Template;

use crate::codes::NO_TRANSFORM;

/// The line that is missing.
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Tells of the first resource of SAM's in a template without any transform.
pub(crate) fn check(template: &Template, text: &str) -> Option<Diagnostic> {
    if !template.transforms().is_empty() {
        return None;
    }
    let first = template.resources().find(|resource| resource.type_name().starts_with("AWS::Serverless::"))?;
    let message = format!("`{}` needs the SAM transform, which the template does not ask for", first.type_name());
    let error = Diagnostic::error(NO_TRANSFORM, message).help(format!("add `Transform: {TRANSFORM}`"));
    let error = error.at(template.span(&format!("/Resources/{}/Type", first.name))?, "");
    Some(error.fix(format!("add `Transform: {TRANSFORM}`"), vec![edit(template.span("")?, text)]))
}

/// Tells whether a problem of the template's language may come from the missing transform.
pub(crate) fn may_follow(diagnostic: &Diagnostic) -> bool {
    ["TPL003", "TPL004", "TPL005", "TPL012", "TPL021"].contains(&diagnostic.code)
}

/// Writes it before the first section.
fn edit(whole: Span, text: &str) -> Edit {
    let written = text.get(whole.start..whole.end).unwrap_or_default();
    if written.starts_with('{') {
        let at = whole.start + 1;
        let replacement = format!("\n  \"Transform\": \"{TRANSFORM}\",");
        return Edit { span: Span { start: at, end: at, ..whole }, replacement };
    }
    Edit { span: Span { end: whole.start, ..whole }, replacement: format!("Transform: {TRANSFORM}\n") }
}
