//! Outputs that show a parameter which is a secret by its name; what is certain the template's own checks tell.

use stackfleet_base::Diagnostic;
use stackfleet_template::Template;

use crate::codes::SECRET_OUTPUT;
use crate::subject::Subject;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for output in subject.deployed.outputs() {
        let parameter = output.value().and_then(|value| value.get("Ref")?.as_str());
        let Some(parameter) = parameter.filter(|name| looks_secret(subject.deployed, name)) else { continue };
        let message =
            format!("the output `{}` shows the parameter `{parameter}`, which looks like a secret", output.name);
        let warning = Diagnostic::warning(SECRET_OUTPUT, message)
            .help("remove the output, or mark the parameter `NoEcho` if it is one");
        subject.at_value(found, &format!("/Outputs/{}/Value", output.name), warning);
    }
}

fn looks_secret(template: &Template, name: &str) -> bool {
    let lower = name.to_lowercase();
    let telling = ["password", "passwd", "secret", "token", "apikey", "privatekey", "credential"];
    template.parameters().get(name).is_some_and(|parameter| !parameter.no_echo)
        && telling.iter().any(|word| lower.contains(word))
        && !["arn", "name", "id"].iter().any(|end| lower.ends_with(end))
}
