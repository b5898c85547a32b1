//! What is wrong or doubtful in a template beyond its shape: secrets in outputs, names that nothing uses, quotas.
//!
//! What [`crate::read`] says already is not repeated here.

mod dynamic;
mod shapes;

use std::collections::BTreeSet;

use serde_json::Value;
use stackfleet_base::{Diagnostic, Severity, diagnostic};

use crate::{
    Problem, Scope, Template,
    graph::{EVALUATED_ATTRIBUTES, graph},
    intrinsic::{Reference, references},
    pinpoint,
    pointer::{Step, to_pointer},
    problem::{CYCLE, QUOTA},
    template::{BODY_BYTES_MAX, URL_BYTES_MAX},
};

/// An output shows a secret.
const SECRET_OUTPUT: &str = "TPL020";
/// A parameter, mapping or condition is used nowhere.
const UNUSED: &str = "TPL021";
/// The template is too large to be sent in a request.
const LARGE: &str = "TPL022";
/// A dynamic reference cannot be resolved.
const DYNAMIC: &str = "TPL024";
/// A parameter's default is none of its allowed values.
const DEFAULT: &str = "TPL025";
/// A secret parameter has a default that anyone can read in the template.
const SECRET_DEFAULT: &str = "TPL023";

/// Checks a template that was read from a file; `text` is what it was read from.
///
/// ```
/// let text = "
/// Resources:
///   Key: { Type: AWS::IAM::AccessKey, Properties: { UserName: deploy } }
/// Outputs:
///   Secret: { Value: !GetAtt Key.SecretAccessKey }
/// ";
/// let file = stackfleet_base::Sources::default().add("keys.yaml", text);
/// let (template, _) = stackfleet_template::read(file, text);
/// let found = stackfleet_template::check(&template, text);
/// assert!(found[0].is_error() && found[0].message.contains("the secret access key of `Key`"));
/// ```
#[must_use]
pub fn check(template: &Template, text: &str) -> Vec<Diagnostic> {
    let mut checker = Checker { template, found: Vec::new(), problems: Vec::new(), used: Used::default() };
    checker.secrets_in_outputs();
    checker.secret_defaults();
    checker.circles();
    if !template.has_open_transforms() {
        checker.unused();
        checker.functions();
    }
    checker.defaults();
    checker.dynamic_references();
    checker.problems.extend(shapes::rules(template));
    checker.problems.extend(shapes::undeclared_extensions(template));
    checker.size(text);
    let Checker { mut found, problems, .. } = checker;
    found.extend(pinpoint::diagnostics(template, &problems, text));
    let doubtful = pinpoint::diagnostics(template, &shapes::policies(template), text);
    found.extend(doubtful.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found }));
    diagnostic::sort(&mut found);
    found
}

#[derive(Default)]
struct Used<'template> {
    names: BTreeSet<&'template str>,
    conditions: BTreeSet<&'template str>,
    mappings: BTreeSet<&'template str>,
    /// A mapping is named by a function: any may be meant.
    any_mapping: bool,
}

struct Checker<'template> {
    template: &'template Template,
    found: Vec<Diagnostic>,
    problems: Vec<Problem>,
    used: Used<'template>,
}

impl<'template> Checker<'template> {
    fn report(&mut self, found: Diagnostic, path: &[Step<'_>]) {
        let span = self.template.span(&to_pointer(path));
        self.found.push(match span {
            Some(span) => found.at(span, ""),
            None => found,
        });
    }

    fn report_key(&mut self, found: Diagnostic, path: &[Step<'_>]) {
        let pointer = to_pointer(path);
        let span = self.template.key_span(&pointer).or_else(|| self.template.span(&pointer));
        self.found.push(match span {
            Some(span) => found.at(span, ""),
            None => found,
        });
    }

    fn secrets_in_outputs(&mut self) {
        for output in self.template.outputs() {
            let Some(value) = output.value() else { continue };
            let mut path = vec![Step::Key("Outputs"), Step::Key(output.name), Step::Key("Value")];
            let mut secrets = Vec::new();
            references(value, &mut path, &|_| None, &mut |reference, at| {
                secrets.extend(self.secret(reference).map(|secret| (secret, at.to_vec())));
            });
            let text = value.to_string();
            if text.contains("{{resolve:secretsmanager:") || text.contains("{{resolve:ssm-secure:") {
                secrets.push(("the value of a secret store".to_owned(), path.clone()));
            }
            for (secret, at) in secrets {
                let message =
                    format!("the output `{}` shows {secret} to everyone who may describe the stack", output.name);
                let error = Diagnostic::error(SECRET_OUTPUT, message)
                    .help("remove the output; put the secret into Secrets Manager or an encrypted SSM parameter");
                self.report(error, &at);
            }
        }
    }

    fn secret(&self, reference: Reference<'_>) -> Option<String> {
        match reference {
            Reference::Attribute(name, Some("SecretAccessKey")) => {
                let resource = self.template.resource(name)?;
                let is_key = resource.type_name() == "AWS::IAM::AccessKey";
                is_key.then(|| format!("the secret access key of `{name}`"))
            }
            Reference::Name(name) => {
                let parameter = self.template.parameters().get(name)?;
                parameter.no_echo.then(|| format!("the NoEcho parameter `{name}`"))
            }
            Reference::Attribute(..) | Reference::Condition(_) | Reference::Mapping(_) => None,
        }
    }

    fn secret_defaults(&mut self) {
        for (name, parameter) in self.template.parameters() {
            if parameter.no_echo && parameter.default.as_deref().is_some_and(|value| !value.is_empty()) {
                let message = format!("the NoEcho parameter `{name}` has a default that stands in the template");
                let path = [Step::Key("Parameters"), Step::Key(name), Step::Key("Default")];
                self.report(Diagnostic::warning(SECRET_DEFAULT, message).help("remove the default"), &path);
            }
        }
    }

    /// Functions with wrong arguments, whatever the parameters are.
    fn functions(&mut self) {
        for problem in Scope::open(self.template).function_problems(self.template) {
            let known = self.template.problems().iter().any(|known| known.message == problem.message);
            if !known {
                self.problems.push(problem);
            }
        }
    }

    /// Circles that a condition may open; the others were found when the template was read.
    fn circles(&mut self) {
        let Err(cycle) = graph(self.template).order() else { return };
        let known = self.template.problems().iter().any(|problem| problem.code == CYCLE);
        if !known && !self.template.has_open_transforms() {
            let first = cycle.resources.first().map_or("", String::as_str);
            let message = format!("{cycle}, unless conditions rule it out");
            self.report_key(Diagnostic::warning(CYCLE, message), &[Step::Key("Resources"), Step::Key(first)]);
        }
    }

    fn unused(&mut self) {
        self.collect_used();
        let parameters: Vec<&str> = self.template.parameters().keys().map(String::as_str).collect();
        let conditions: Vec<&str> = self.template.section("Conditions").map(|(name, _)| name).collect();
        let mappings: Vec<&str> = self.template.section("Mappings").map(|(name, _)| name).collect();
        for name in parameters.into_iter().filter(|name| !self.used.names.contains(name)).collect::<Vec<_>>() {
            let warning = Diagnostic::warning(UNUSED, format!("the parameter `{name}` is used nowhere"));
            self.report_key(warning, &[Step::Key("Parameters"), Step::Key(name)]);
        }
        for name in conditions.into_iter().filter(|name| !self.used.conditions.contains(name)).collect::<Vec<_>>() {
            let warning = Diagnostic::warning(UNUSED, format!("the condition `{name}` is used nowhere"));
            self.report_key(warning, &[Step::Key("Conditions"), Step::Key(name)]);
        }
        let unused = |name: &&str| !self.used.any_mapping && !self.used.mappings.contains(name);
        for name in mappings.into_iter().filter(unused).collect::<Vec<_>>() {
            let warning = Diagnostic::warning(UNUSED, format!("the mapping `{name}` is used nowhere"));
            self.report_key(warning, &[Step::Key("Mappings"), Step::Key(name)]);
        }
    }

    fn collect_used(&mut self) {
        for (_, body) in self.template.section("Conditions") {
            self.collect(body);
        }
        // Rules name parameters in their own functions, too.
        for (_, body) in self.template.section("Rules") {
            self.collect(body);
            self.collect_texts(body);
        }
        for resource in self.template.resources() {
            self.used.conditions.extend(resource.condition());
            for attribute in EVALUATED_ATTRIBUTES {
                resource.attribute(attribute).into_iter().for_each(|value| self.collect(value));
            }
        }
        for output in self.template.outputs() {
            self.used.conditions.extend(output.condition());
            output.body.values().for_each(|value| self.collect(value));
        }
    }

    fn collect(&mut self, value: &'template Value) {
        let used = &mut self.used;
        references(value, &mut Vec::new(), &|_| None, &mut |reference, _| match reference {
            Reference::Name(name) => drop(used.names.insert(name)),
            Reference::Condition(name) => drop(used.conditions.insert(name)),
            Reference::Mapping(name) => drop(used.mappings.insert(name)),
            Reference::Attribute(..) => {}
        });
        self.used.any_mapping |= has_computed_mapping(value);
    }

    fn collect_texts(&mut self, value: &'template Value) {
        match value {
            Value::String(text) => drop(self.used.names.insert(text)),
            Value::Array(items) => items.iter().for_each(|item| self.collect_texts(item)),
            Value::Object(object) => object.values().for_each(|member| self.collect_texts(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Defaults that no stack could take.
    fn defaults(&mut self) {
        for (name, parameter) in self.template.parameters() {
            let Some(Err(message)) = parameter.default.as_deref().map(|value| parameter.check(name, value)) else {
                continue;
            };
            let message = format!("the default is not allowed: {}", message.trim_end_matches('.'));
            let warning = Diagnostic::warning(DEFAULT, message).help("change the default, or the constraint");
            self.report(warning, &[Step::Key("Parameters"), Step::Key(name), Step::Key("Default")]);
        }
    }

    fn dynamic_references(&mut self) {
        let found = dynamic::find(self.template);
        if let Some(beyond) = found.get(dynamic::REFERENCES_MAX) {
            let message = format!(
                "the template has {} dynamic references, CloudFormation resolves at most {}",
                found.len(),
                dynamic::REFERENCES_MAX
            );
            self.report(Diagnostic::error(QUOTA, message).help("divide the template"), &beyond.path);
        }
        for dynamic::Found { path, reference, wrong } in found {
            let Some((message, help)) = wrong else { continue };
            let message = format!("`{reference}` cannot be resolved: {message}");
            self.report(Diagnostic::warning(DYNAMIC, message).help(help), &path);
        }
    }

    fn size(&mut self, text: &str) {
        if text.len() > URL_BYTES_MAX {
            let message = format!(
                "the template has {} bytes, CloudFormation takes at most {URL_BYTES_MAX}, also from S3",
                text.len()
            );
            let help = "divide it into nested stacks, or take out what is said twice";
            return self.report(Diagnostic::error(QUOTA, message).help(help), &[]);
        }
        if text.len() > BODY_BYTES_MAX {
            let message = format!(
                "the template has {} bytes; more than {BODY_BYTES_MAX} cannot be sent in a request and go through S3",
                text.len()
            );
            self.report(Diagnostic::note(LARGE, message), &[]);
        }
    }
}

fn has_computed_mapping(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_computed_mapping),
        Value::Object(object) => object.iter().any(|(key, member)| {
            let computed = key == "Fn::FindInMap" && member.get(0).is_some_and(Value::is_object);
            computed || has_computed_mapping(member)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use stackfleet_base::Sources;

    use super::*;
    use crate::read;

    fn findings(text: &str) -> String {
        let mut sources = Sources::default();
        let (template, found) = read(sources.add("t", text), text);
        assert!(found.is_empty(), "{found:?}");
        let line = |found: &Diagnostic| {
            let span = found.span().unwrap();
            format!("{:?} {} {} <{}>", found.severity, found.code, found.message, &text[span.start..span.end])
        };
        check(&template, text).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn secrets_unused_names_and_possible_circles_are_found() {
        let text = "
Parameters:
  Used: {Type: String}
  Unused: {Type: String}
  Password: {Type: String, NoEcho: true, Default: hunter2}
Mappings:
  M: {a: {b: c}}
Conditions:
  C: !Equals [!Ref Used, x]
  D: !Condition C
Resources:
  User: {Type: AWS::IAM::User, Condition: C, DependsOn: Key}
  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
Outputs:
  Id: {Value: !Ref Key}
  Secret: {Value: !Sub 'x${Key.SecretAccessKey}'}
  Echo: {Value: !Join ['', [!Ref Password]]}
  Stored: {Value: '{{resolve:secretsmanager:a}}'}
";
        insta::assert_snapshot!(findings(text), @"
        Warning TPL021 the parameter `Unused` is used nowhere <Unused>
        Warning TPL023 the NoEcho parameter `Password` has a default that stands in the template <hunter2>
        Warning TPL021 the mapping `M` is used nowhere <M>
        Warning TPL021 the condition `D` is used nowhere <D>
        Warning TPL005 Circular dependency between resources: [User, Key], unless conditions rule it out <User>
        Error TPL020 the output `Secret` shows the secret access key of `Key` to everyone who may describe the stack <'x${Key.SecretAccessKey}'>
        Error TPL020 the output `Echo` shows the NoEcho parameter `Password` to everyone who may describe the stack <Password>
        Error TPL020 the output `Stored` shows the value of a secret store to everyone who may describe the stack <'{{resolve:secretsmanager:a}}'>
        ");
    }

    #[test]
    fn wrong_arguments_are_found_without_parameter_values() {
        let text = "
Parameters: {Env: {Type: String}, List: {Type: CommaDelimitedList}}
Mappings: {M: {a: {b: c}}}
Conditions:
  C: !Equals [!Ref Env]
  D: !And [!Condition C]
Resources:
  A:
    Type: T
    Condition: D
    Properties:
      fine: !Join [',', !If [C, !Ref List, [a, !Ref AWS::NoValue]]]
      wrong: !Join [!Ref Env, !Ref List]
      branch: !If [C, !Select [x], !FindInMap [M, x, b]]
      name: !Foo x
Outputs:
  O: {Value: !Select [0, !Split [',', !Ref Env]]}
  L: {Value: [a]}
"
        .replace("!Foo x", "{'Fn::Foo': 1}");
        insta::assert_snapshot!(findings(&text), @"
        Error TPL004 Template error: every Fn::Equals object requires a list of 2 string parameters <[!Ref Env]>
        Error TPL004 Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters <[!Condition C]>
        Error TPL004 Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined <[!Ref Env, !Ref List]>
        Error TPL004 Template error: Fn::Select requires a list argument with two elements: an integer index and a list <[x]>
        Error TPL007 Template error: Unable to get mapping for M::x::b <[M, x, b]>
        Error TPL004 Template error: Encountered unsupported function: Fn::Foo Supported functions are: [Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr] <Fn::Foo>
        Error TPL007 Template format error: The Value field of every Outputs member must evaluate to a String <L>
        ");
    }
}
