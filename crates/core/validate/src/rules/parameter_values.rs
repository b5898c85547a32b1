//! Values that are given for parameters: is there one for each, is there a parameter for each, is it allowed.

use stackfleet_base::{Diagnostic, suggest::nearest};

use crate::codes::PARAMETER;
use crate::subject::Subject;
use crate::trace::below;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let deployment = subject.deployment;
    if !deployment.has_all_parameters {
        return;
    }
    let declared = subject.source.parameters();
    for (name, parameter) in declared {
        let pointer = below("/Parameters", name);
        match deployment.parameter(name).or(parameter.default.as_deref()) {
            None => {
                let error = Diagnostic::error(PARAMETER, format!("the parameter `{name}` has no value"));
                subject.at_key(found, &pointer, error.help("give it one, or write a `Default`"));
            }
            Some(value) => {
                if let Err(message) = parameter.check(name, value) {
                    let error = Diagnostic::error(PARAMETER, message.trim_end_matches('.'));
                    subject.at_key(found, &pointer, error.help("give another value, or change the constraint"));
                }
            }
        }
    }
    for name in deployment.parameters.into_iter().flat_map(|given| given.keys()) {
        if declared.contains_key(name) {
            continue;
        }
        let known = declared.keys().map(String::as_str);
        let help =
            nearest(name, known).map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
        let error = Diagnostic::error(PARAMETER, format!("the template has no parameter `{name}`")).help(help);
        let span = subject.source.key_span("/Parameters").or_else(|| subject.first_line());
        found.extend(span.map(|span| error.at(span, "")));
    }
}
