//! Everything that can be said of one template without asking AWS.
//!
//! [`template`] reads a file and checks all of it: the language, the SAM transform, the resources against the catalog, and
//! the rules of [`rules`], one to a file. What is known about where the template goes ([`Deployment`]) makes more certain.
//!
//! A mistake is told once, at the characters to change. An error is what AWS would refuse; in doubt it is a warning.
//!
//! ```
//! use stackfleet_validate::{Deployment, template};
//!
//! let text = "
//! Resources:
//!   Queue:
//!     Type: AWS::SQS::Queue
//!     Properties: { VisibilityTimeOut: 60 }
//! ";
//! let file = stackfleet_base::Sources::default().add("queue.yaml", text);
//! let (_, found) = template(file, text, &Deployment::default());
//! assert_eq!(found[0].code, "RES003");
//! assert_eq!(found[0].fix.as_ref().unwrap().edits[0].replacement, "VisibilityTimeout");
//! ```
//!
//! Nothing here reads files or knows a project; that is `stackfleet-project`.

#![warn(missing_docs)]

mod codes;
mod deployment;
mod local_code;
mod narrow;
mod no_transform;
mod resources;
mod rules;
mod subject;
mod trace;
mod transform;

pub use deployment::Deployment;
pub use local_code::local_code;

use stackfleet_base::{Diagnostic, FileId, diagnostic};
use stackfleet_template::Template;

use subject::Subject;

/// Reads a template and tells all that is wrong with it, in the order of the file.
#[must_use]
pub fn template(file: FileId, text: &str, deployment: &Deployment<'_>) -> (Template, Vec<Diagnostic>) {
    let (template, mut found) = read(file, text);
    found.extend(check(&template, text, deployment));
    (template, tidy(found))
}

/// Reads a template and tells what is wrong with it wherever it is deployed, as far as its language goes.
///
/// With [`check`] for each deployment this is [`template`], for whoever deploys one template in several ways.
#[must_use]
pub fn read(file: FileId, text: &str) -> (Template, Vec<Diagnostic>) {
    let (template, mut found) = stackfleet_template::read(file, text);
    if is_readable(&template) {
        found.extend(stackfleet_template::check(&template, text));
    }
    if let Some(error) = no_transform::check(&template, text) {
        found.retain(|diagnostic| !no_transform::may_follow(diagnostic));
        found.push(error);
    }
    drop_unused_but_meant(&mut found);
    narrow::all(&mut found, text);
    (template, tidy(found))
}

/// Tells what is wrong with a template that was read, as it is deployed; [`read`] tells the rest.
#[must_use]
pub fn check(template: &Template, text: &str, deployment: &Deployment<'_>) -> Vec<Diagnostic> {
    if !is_readable(template) || no_transform::check(template, text).is_some() {
        return Vec::new();
    }
    let transform::Transformed { template: transformed, refused, mut found } =
        transform::run(template, text, deployment);
    let subject = Subject { source: template, text, deployed: transformed.as_ref().unwrap_or(template), deployment };
    found.extend(transform::problems(&subject, &refused));
    found.extend(resources::check(&subject));
    for rule in rules::ALL {
        rule(&subject, &mut found);
    }
    narrow::all(&mut found, text);
    drop_repetitions(&mut found, template);
    tidy(found)
}

/// Tells whether there is anything to check: a text that is not well-formed gives an empty template.
fn is_readable(template: &Template) -> bool {
    template.value().get("Resources").is_some()
}

/// What is used nowhere because its name is mistyped where it is used is told there.
fn drop_unused_but_meant(found: &mut Vec<Diagnostic>) {
    let meant = |diagnostic: &Diagnostic| {
        let help = diagnostic.help.as_deref()?.strip_prefix("did you mean ")?;
        (diagnostic.code == codes::UNRESOLVED).then(|| help.trim_end_matches('?').to_owned())
    };
    let meant: Vec<String> = found.iter().filter_map(meant).collect();
    found.retain(|diagnostic| {
        diagnostic.code != codes::UNUSED || !meant.iter().any(|name| diagnostic.message.contains(name.as_str()))
    });
}

/// What is said about a value already is not said again in other words: by the language, then by the catalog, then by
/// the policies in which the value ends.
fn drop_repetitions(found: &mut Vec<Diagnostic>, template: &Template) {
    let rank = |diagnostic: &Diagnostic| match diagnostic.code.get(..3) {
        Some("TPL" | "PRJ") => Some(0),
        Some("RES") => Some(1),
        Some("POL") => Some(2),
        _ => None,
    };
    let language =
        template.problems().iter().filter_map(|problem| template.problem_span(problem)).map(|span| (span, 0));
    let told: Vec<_> = language.chain(found.iter().filter_map(|it| Some((it.span()?, rank(it)?)))).collect();
    found.retain(|later| {
        let (span, rank) = (later.span(), rank(later));
        told.iter().all(|(other, before)| Some(*other) != span || rank.is_none_or(|rank| rank <= *before))
    });
}

fn tidy(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostic::sort(&mut found);
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(found.len());
    for diagnostic in found {
        if !kept.contains(&diagnostic) {
            kept.push(diagnostic);
        }
    }
    kept
}
