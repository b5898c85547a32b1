//! Parameters that look like secrets and whose values everyone who may describe the stack can read.

use stackfleet_base::Diagnostic;
use stackfleet_template::Parameter;

use super::secret_words::is_secret;
use crate::codes::PLAIN_SECRET;
use crate::subject::Subject;
use crate::trace::below;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (name, parameter) in subject.source.parameters() {
        if parameter.no_echo || !is_secret(name) || !holds_text(parameter) {
            continue;
        }
        let message =
            format!("the parameter `{name}` looks like a secret, and everyone who may describe the stack can read it");
        let help = "add `NoEcho: true`; or take the value from a secret store with `{{resolve:secretsmanager:...}}`";
        subject.at_key(found, &below("/Parameters", name), Diagnostic::warning(PLAIN_SECRET, message).help(help));
    }
}

/// What is looked up, listed or a switch is no secret.
fn holds_text(parameter: &Parameter) -> bool {
    let switch = |value: &str| {
        ["true", "false", "yes", "no", "enabled", "disabled"].iter().any(|it| value.eq_ignore_ascii_case(it))
    };
    parameter.type_name == "String"
        && parameter.allowed_values.is_empty()
        && parameter.default.as_deref().is_none_or(|value| {
            !switch(value) && !value.contains("{{resolve:") && !value.starts_with("arn:") && !value.starts_with('/')
        })
}
