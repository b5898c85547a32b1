//! The shapes of rules and of creation and update policies, and what only language extensions allow.

use serde_json::{Map, Value};

use crate::{
    Problem, Resource, Template,
    pointer::{Path, Step, to_pointer},
    problem::{FUNCTION, STRUCTURE, UNKNOWN_MEMBER},
    template::LANGUAGE_EXTENSIONS,
};

/// Says what is against the rules ("Rules section syntax reference" of the user guide).
pub(super) fn rules(template: &Template) -> Vec<Problem> {
    let mut found = Vec::new();
    for (name, rule) in template.section("Rules") {
        let path = [Step::Key("Rules"), Step::Key(name)];
        let mut refuse = |below: &[Step<'_>], message: &str| {
            let pointer = to_pointer(&[&path, below].concat());
            found.push(Problem::new(STRUCTURE, format!("the rule `{name}` {message}"), pointer));
        };
        let Some(assertions) = rule.get("Assertions").and_then(Value::as_array).filter(|all| !all.is_empty()) else {
            refuse(&[], "has no list of assertions");
            continue;
        };
        for (index, assertion) in assertions.iter().enumerate() {
            if assertion.get("Assert").is_none() {
                refuse(&[Step::Key("Assertions"), Step::Index(index)], "has an assertion without `Assert`");
            }
        }
    }
    found
}

const CREATION: [&str; 3] = ["AutoScalingCreationPolicy", "ResourceSignal", "StartFleet"];
const UPDATE: [&str; 6] = [
    "AutoScalingReplacingUpdate",
    "AutoScalingRollingUpdate",
    "AutoScalingScheduledAction",
    "CodeDeployLambdaAliasUpdate",
    "EnableVersionUpgrade",
    "UseOnlineResharding",
];
const MEMBERS: [(&str, &[&str]); 8] = [
    ("AutoScalingCreationPolicy", &["MinSuccessfulInstancesPercent"]),
    ("AutoScalingReplacingUpdate", &["WillReplace"]),
    (
        "AutoScalingRollingUpdate",
        &[
            "MaxBatchSize",
            "MinActiveInstancesPercent",
            "MinInstancesInService",
            "MinSuccessfulInstancesPercent",
            "PauseTime",
            "SuspendProcesses",
            "WaitOnResourceSignals",
        ],
    ),
    ("AutoScalingScheduledAction", &["IgnoreUnmodifiedGroupSizeProperties"]),
    (
        "CodeDeployLambdaAliasUpdate",
        &["AfterAllowTrafficHook", "ApplicationName", "BeforeAllowTrafficHook", "DeploymentGroupName"],
    ),
    ("ResourceSignal", &["Count", "Timeout"]),
    ("StartFleet", &[]),
    ("EnableVersionUpgrade", &[]),
];

/// Says which members of creation and update policies do not exist, and which times cannot be read ("CreationPolicy
/// attribute" and "UpdatePolicy attribute" of the template reference).
pub(super) fn policies(template: &Template) -> Vec<Problem> {
    let mut found = Vec::new();
    for resource in template.resources() {
        for (attribute, known) in [("CreationPolicy", CREATION.as_slice()), ("UpdatePolicy", UPDATE.as_slice())] {
            policy(&resource, attribute, known, &mut found);
        }
    }
    found
}

fn policy(resource: &Resource<'_>, attribute: &str, known: &[&str], found: &mut Vec<Problem>) {
    let Some(policy) = resource.attribute(attribute).and_then(Value::as_object) else { return };
    let path = [Step::Key("Resources"), Step::Key(resource.name), Step::Key(attribute)];
    unknown_members(policy, attribute, known, &path, found);
    for (name, members) in policy {
        let Some((_, known)) = MEMBERS.iter().find(|(of, _)| of == name) else { continue };
        let path = [path.as_slice(), &[Step::Key(name)]].concat();
        let Some(members) = members.as_object() else { continue };
        unknown_members(members, name, known, &path, found);
        for (key, value) in members.iter().filter(|(key, _)| matches!(key.as_str(), "Timeout" | "PauseTime")) {
            let Some(text) = value.as_str().filter(|text| !is_duration(text)) else { continue };
            let message = format!("`{text}` is no duration");
            let problem = Problem::new(STRUCTURE, message, to_pointer(&[path.as_slice(), &[Step::Key(key)]].concat()));
            found.push(problem.help("write it as ISO 8601 does: `PT15M`, `PT1H30M`"));
        }
    }
}

fn unknown_members(
    members: &Map<String, Value>,
    of: &str,
    known: &[&str],
    path: &[Step<'_>],
    found: &mut Vec<Problem>,
) {
    let is_known = |key: &str| known.contains(&key) || key.starts_with("Fn::") || key == "Ref";
    for key in members.keys().filter(|key| !is_known(key) && !known.is_empty()) {
        let message = format!("`{of}` has no member `{key}`");
        let problem = Problem::new(UNKNOWN_MEMBER, message, to_pointer(&[path, &[Step::Key(key)]].concat()));
        found.push(problem.suggesting(key, known.iter().copied()));
    }
}

/// `PT1H30M5S`
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("PT").filter(|rest| !rest.is_empty()) else { return false };
    let mut units = "HMS".chars();
    let mut digits = 0;
    for character in rest.chars() {
        if character.is_ascii_digit() {
            digits += 1;
        } else if digits > 0 && units.any(|unit| unit == character) {
            digits = 0;
        } else {
            return false;
        }
    }
    digits == 0
}

/// Says where a template uses what only `AWS::LanguageExtensions` allows, without declaring it. Templates with other
/// macros may get it from these.
pub(super) fn undeclared_extensions(template: &Template) -> Vec<Problem> {
    let mut found = Vec::new();
    let value = template.value();
    if template.transforms().is_empty() && !crate::include::has_macro(value) {
        for section in ["Conditions", "Resources", "Outputs"] {
            if let Some(members) = value.get(section) {
                extensions(members, &mut vec![Step::Key(section)], &mut found);
            }
        }
    }
    found
}

fn extensions<'value>(value: &'value Value, path: &mut Path<'value>, found: &mut Vec<Problem>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                extensions(item, path, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            let is_call = object.len() == 1;
            for (key, member) in object {
                path.push(Step::Key(key));
                if is_extension(key, member, is_call, path.len()) {
                    let message = format!("{key} needs the transform {LANGUAGE_EXTENSIONS}");
                    let help = format!("write `Transform: {LANGUAGE_EXTENSIONS}` at the top level of the template");
                    found.push(Problem::new(FUNCTION, message, to_pointer(path)).help(help).about_key(key));
                }
                extensions(member, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_extension(key: &str, member: &Value, is_call: bool, depth: usize) -> bool {
    match key {
        "Fn::Length" | "Fn::ToJsonString" => is_call,
        "Fn::FindInMap" => is_call && member.get(3).is_some_and(|extra| extra.get("DefaultValue").is_some()),
        "DeletionPolicy" | "UpdateReplacePolicy" => depth == 3 && member.is_object(),
        _ => key.starts_with("Fn::ForEach::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_body;

    fn show(problems: Vec<Problem>) -> String {
        let line = |found: Problem| format!("{} {} {}", found.pointer, found.message, found.help.unwrap_or_default());
        problems.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn shapes_are_checked() {
        let text = "
Rules:
  Good: {RuleCondition: {'Fn::Equals': [a, b]}, Assertions: [{Assert: {'Fn::Equals': [a, b]}, AssertDescription: x}]}
  Empty: {Assertions: []}
  Bad: {Assertions: [{Assertion: 1}]}
Resources:
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    CreationPolicy: {ResourceSignal: {Count: 1, Timeout: 15M}, AutoScalingCreationPolicy: {MinSuccessfulInstancesPercent: 50}}
    UpdatePolicy:
      AutoScalingRolingUpdate: {MinInstancesInService: 1}
      AutoScalingRollingUpdate: {PauseTime: PT1H5M, WaitOnResourceSignal: true}
";
        let template = read_body(text).unwrap();
        let mut found = rules(&template);
        found.extend(policies(&template));
        insta::assert_snapshot!(show(found), @"
        /Rules/Empty the rule `Empty` has no list of assertions 
        /Rules/Bad/Assertions/0 the rule `Bad` has an assertion without `Assert` 
        /Resources/Group/CreationPolicy/ResourceSignal/Timeout `15M` is no duration write it as ISO 8601 does: `PT15M`, `PT1H30M`
        /Resources/Group/UpdatePolicy/AutoScalingRolingUpdate `UpdatePolicy` has no member `AutoScalingRolingUpdate` did you mean `AutoScalingRollingUpdate`?
        /Resources/Group/UpdatePolicy/AutoScalingRollingUpdate/WaitOnResourceSignal `AutoScalingRollingUpdate` has no member `WaitOnResourceSignal` did you mean `WaitOnResourceSignals`?
        ");
    }

    #[test]
    fn extensions_must_be_declared() {
        let text = "
Resources:
  A:
    Type: T
    DeletionPolicy: {Ref: P}
    Properties:
      a: {'Fn::Length': [1]}
      b: {'Fn::FindInMap': [M, a, b, {DefaultValue: 1}]}
      c: {'Fn::ToJsonString': {a: 1}}
  'Fn::ForEach::X': [I, [a], {'B${I}': {Type: T}}]
";
        let told = |text: &str| undeclared_extensions(&Template::new(read_value(text)));
        insta::assert_snapshot!(show(told(text)), @"
        /Resources/A/DeletionPolicy DeletionPolicy needs the transform AWS::LanguageExtensions write `Transform: AWS::LanguageExtensions` at the top level of the template
        /Resources/A/Properties/a/Fn::Length Fn::Length needs the transform AWS::LanguageExtensions write `Transform: AWS::LanguageExtensions` at the top level of the template
        /Resources/A/Properties/b/Fn::FindInMap Fn::FindInMap needs the transform AWS::LanguageExtensions write `Transform: AWS::LanguageExtensions` at the top level of the template
        /Resources/A/Properties/c/Fn::ToJsonString Fn::ToJsonString needs the transform AWS::LanguageExtensions write `Transform: AWS::LanguageExtensions` at the top level of the template
        /Resources/Fn::ForEach::X Fn::ForEach::X needs the transform AWS::LanguageExtensions write `Transform: AWS::LanguageExtensions` at the top level of the template
        ");
        assert!(told(&format!("Transform: AWS::LanguageExtensions{text}")).is_empty());
        assert!(told(&format!("Transform: Mine{text}")).is_empty());
    }

    fn read_value(text: &str) -> Value {
        crate::read(stackfleet_base::Sources::default().add("t", text), text).0.value().clone()
    }
}
