//! Reads `${...}` in texts.

use stackfleet_base::suggest::nearest;
use stackfleet_base::{Diagnostic, Span};

use crate::codes;
use crate::model::{Reference, Text, TextPart};

/// References that are whole names, for "did you mean".
pub(crate) const NAMES: [&str; 6] =
    ["management.id", "organization.id", "env", "account.id", "account.name", "account.tags.KEY"];

/// First parts of references, which no stack may be called.
pub(crate) const RESERVED: [&str; 8] =
    ["account", "accounts", "env", "management", "organization", "region", "secret", "parameter"];

/// Reads a text. Whether a stack has the output that is referred to is checked when all stacks are known.
///
/// `$${` stands for `${` itself. `span` is the place of the whole text; columns inside are told where the text was
/// written without escapes.
pub(crate) fn read(text: &str, span: Span, problems: &mut Vec<Diagnostic>) -> Text {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let before = rest.get(..at).unwrap_or_default();
        if let Some(kept) = before.strip_suffix('$') {
            literal.push_str(kept);
            literal.push_str("${");
            rest = rest.get(at + 2..).unwrap_or_default();
            continue;
        }
        literal.push_str(before);
        let from_here = rest.get(at..).unwrap_or_default();
        let Some(end) = from_here.find('}') else {
            let place = part_span(span, text, from_here, from_here.len());
            let error = Diagnostic::error(codes::REFERENCE, "this `${` is never closed");
            problems.push(error.at(place, "").help("add the `}`, or write `$${` for the characters themselves"));
            literal.push_str(from_here);
            rest = "";
            break;
        };
        let name = from_here.get(2..end).unwrap_or_default();
        match reference(name) {
            Ok(reference) => {
                if !literal.is_empty() {
                    parts.push(TextPart::Literal(std::mem::take(&mut literal)));
                }
                parts.push(TextPart::Reference(reference));
            }
            Err(problem) => problems.push(problem.at(part_span(span, text, from_here, end + 1), "")),
        }
        rest = from_here.get(end + 1..).unwrap_or_default();
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(TextPart::Literal(literal));
    }
    Text { parts }
}

/// The place of a part of a text, where bytes can be counted.
fn part_span(span: Span, text: &str, from_here: &str, length: usize) -> Span {
    let offset = match (span.end - span.start).checked_sub(text.len()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return span,
    };
    let start = span.start + offset + (text.len() - from_here.len());
    Span { start, end: start + length, ..span }
}

fn reference(name: &str) -> Result<Reference, Box<Diagnostic>> {
    match name.trim() {
        "management.id" => return Ok(Reference::ManagementId),
        "organization.id" => return Ok(Reference::OrganizationId),
        "env" => return Ok(Reference::Environment),
        "account.id" => return Ok(Reference::AccountId),
        "account.name" => return Ok(Reference::AccountName),
        "region" => {
            let error = Diagnostic::error(codes::NOT_SUPPORTED, "`${region}` is not supported by this release");
            return Err(Box::new(error.help("use `!Ref AWS::Region` in the template")));
        }
        "management.name" => {
            let error =
                Diagnostic::error(codes::NOT_SUPPORTED, "`${management.name}` is not supported by this release");
            return Err(Box::new(error.help("use `${management.id}`, or write the name")));
        }
        _ => {}
    }
    if let Some(secret) = name.strip_prefix("secret:") {
        let message = format!("`${{secret:{secret}}}` is not supported by this release");
        let help =
            format!("let the template read it: `{{{{resolve:secretsmanager:{}}}}}`", secret.trim_start_matches('/'));
        return Err(Box::new(Diagnostic::error(codes::NOT_SUPPORTED, message).help(help)));
    }
    if let Some(tag) = name.strip_prefix("account.tags.").filter(|tag| !tag.is_empty()) {
        return Ok(Reference::AccountTag(tag.to_owned()));
    }
    match name.split_once('.') {
        Some((stack, output)) if !RESERVED.contains(&stack) && !stack.is_empty() && !output.is_empty() => {
            Ok(Reference::Output { stack: stack.to_owned(), output: output.to_owned() })
        }
        _ => {
            let error = Diagnostic::error(codes::REFERENCE, format!("`${{{name}}}` refers to nothing"));
            Err(Box::new(match nearest(name, NAMES) {
                Some(meant) => error.help(format!("did you mean `${{{meant}}}`?")),
                None => error.help(format!(
                    "there are {} and `${{STACK.OUTPUT}}`",
                    NAMES.map(|name| format!("`${{{name}}}`")).join(", ")
                )),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stackfleet_base::Sources;

    fn parsed(text: &str) -> (Text, Vec<String>) {
        let file = Sources::default().add("t", text);
        let mut problems = Vec::new();
        let read = read(text, Span { file, start: 0, end: text.len() }, &mut problems);
        let told = problems.iter().map(|problem| {
            let span = problem.span().unwrap();
            format!(
                "{}..{} {} ({})",
                span.start,
                span.end,
                problem.message,
                problem.help.as_deref().unwrap_or_default()
            )
        });
        (read, told.collect())
    }

    #[test]
    fn literals_and_references_alternate() {
        let (text, problems) = parsed("arn:${management.id}:${role.Name}$${x}${account.tags.env}");
        assert_eq!(problems, Vec::<String>::new());
        let output = Reference::Output { stack: "role".into(), output: "Name".into() };
        assert_eq!(
            text.parts,
            [
                TextPart::Literal("arn:".into()),
                TextPart::Reference(Reference::ManagementId),
                TextPart::Literal(":".into()),
                TextPart::Reference(output),
                TextPart::Literal("${x}".into()),
                TextPart::Reference(Reference::AccountTag("env".into())),
            ]
        );
        assert_eq!(parsed("").0.literal(), Some(""));
        assert_eq!(parsed("plain $5").0.literal(), Some("plain $5"));
    }

    #[test]
    fn what_cannot_be_looked_up_is_told() {
        insta::assert_snapshot!(
            ["a ${managment}", "${secret:/alerts/slack}", "${region}", "${x", "${}", "${account.size}"]
                .map(|text| parsed(text).1.join("; "))
                .join("\n"),
            @r"
        2..14 `${managment}` refers to nothing (there are `${management.id}`, `${organization.id}`, `${env}`, `${account.id}`, `${account.name}`, `${account.tags.KEY}` and `${STACK.OUTPUT}`)
        0..23 `${secret:/alerts/slack}` is not supported by this release (let the template read it: `{{resolve:secretsmanager:alerts/slack}}`)
        0..9 `${region}` is not supported by this release (use `!Ref AWS::Region` in the template)
        0..3 this `${` is never closed (add the `}`, or write `$${` for the characters themselves)
        0..3 `${}` refers to nothing (there are `${management.id}`, `${organization.id}`, `${env}`, `${account.id}`, `${account.name}`, `${account.tags.KEY}` and `${STACK.OUTPUT}`)
        0..15 `${account.size}` refers to nothing (did you mean `${account.id}`?)
        "
        );
    }
}
