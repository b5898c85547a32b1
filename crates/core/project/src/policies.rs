//! Reads service control policies that the project names.

use std::sync::Arc;

use stackfleet_base::{Diagnostic, Span};
use stackfleet_permissions::lint_text;
use stackfleet_policy::{Attachment, Origin, Policy, PolicyKind, check_size};

use crate::codes;
use crate::model::{PolicyFile, Spanned};
use crate::reading::Reading;

/// Reads a policy once; `None` when it cannot be used.
pub(crate) fn read(reading: &mut Reading<'_>, path: &str, span: Span) -> Option<PolicyFile> {
    if let Some(known) = reading.policies.get(path) {
        return known.clone().map(|policy| PolicyFile { path: Spanned { value: path.to_owned(), span }, ..policy });
    }
    let policy = read_file(reading, path, span);
    reading.policies.insert(path.to_owned(), policy.clone());
    policy
}

fn read_file(reading: &mut Reading<'_>, path: &str, span: Span) -> Option<PolicyFile> {
    let (file, text) = reading.file(path, span)?;
    let file_name = path.rsplit('/').next().unwrap_or(path);
    let name = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem).to_owned();
    let origin = Some(Origin { file, offset: 0 });
    let (policy, problems) = Policy::read(PolicyKind::ServiceControl, &name, &text, origin);
    reading.found.extend(problems);
    policy?;
    reading.found.extend(lint_text(file, &text));
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    let content = value.to_string();
    // It is sent without white space.
    reading.found.extend(check_size(Attachment::ServiceControl, &content, origin));
    check_name(reading, path, &name, span);
    Some(PolicyFile { name, path: Spanned { value: path.to_owned(), span }, file, content: Arc::from(content) })
}

/// A policy is found by its name: two files must not share one.
fn check_name(reading: &mut Reading<'_>, path: &str, name: &str, span: Span) {
    let other = reading.policies.values().flatten().find(|policy| policy.name == name);
    if let Some(other) = other {
        let message = format!("`{path}` and `{}` would both be the policy `{name}`", other.path.value);
        let error = Diagnostic::error(codes::DUPLICATE, message).at(span, "").at(other.path.span, "the other one");
        reading.tell(error.help("rename one of the files"));
    }
}
