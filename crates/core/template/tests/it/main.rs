//! Real templates: every one is read without a false error, evaluates where its parameters have values, and can be edited
//! at every scalar. The files are found by `STACKFLEET_CONFORMANCE`; without it the tests say that they were skipped.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may panic, print and read files"
)]

mod printed;
mod random;
mod recorded;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde_json::Value;
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_template::{
    Inputs, Nothing, ParameterKind, Template, apply_edits, check, evaluate, graph, insufficient_capabilities, read,
};

fn templates() -> Option<Vec<(String, String)>> {
    let Ok(root) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return None;
    };
    let entries = std::fs::read_dir(PathBuf::from(root).join("templates")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_template =
        |path: &PathBuf| path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    Some(paths.into_iter().filter(is_template).map(read).collect())
}

/// Why CloudFormation, too, refuses a file.
const REALLY_WRONG: [(&str, &str); 14] = [
    ("AutoScaling__AutoScalingRollingUpdates.json:342", "null as the argument of Fn::GetAZs"),
    ("AutoScaling__AutoScalingScheduledAction.json:372", "null as the argument of Fn::GetAZs"),
    ("CloudFormation__MacrosExamples__Count__event.json:1", "an event for a macro, not a template"),
    ("CloudFormation__MacrosExamples__Count__event_bad.json:1", "an event for a macro, not a template"),
    ("Config__Config.json:60", "null as the argument of Fn::GetAZs"),
    ("DMS__DMSAuroraToS3FullLoadAndOngoingReplication.json:100", "null as the argument of Fn::GetAZs"),
    ("ElasticLoadBalancing__ELBStickinessSample.json:139", "null as the argument of Fn::GetAZs"),
    ("ElasticLoadBalancing__ELBWithLockedDownAutoScaledInstances.json:148", "null as the argument of Fn::GetAZs"),
    ("Solutions__CloudFormationEndpointSignals__cfn-endpoint-creationpolicy-no-igw.json:88", "null for Fn::GetAZs"),
    ("Solutions__CloudFormationEndpointSignals__cfn-endpoint-creationpolicy.json:128", "null for Fn::GetAZs"),
    ("Solutions__CloudFormationEndpointSignals__cfn-endpoint-waitcondition.json:165", "null for Fn::GetAZs"),
    ("Solutions__Gitea__Gitea-pkg.json:182", "null as the argument of Fn::GetAZs"),
    ("Solutions__VSCode__VSCodeServer-pkg.json:182", "null as the argument of Fn::GetAZs"),
    ("VPC__VPC_With_Managed_NAT_And_Private_Subnet.json:73", "null as the argument of Fn::GetAZs"),
];

#[test]
fn real_templates_have_no_false_errors() {
    let Some(templates) = templates() else { return };
    let mut sources = Sources::default();
    let mut first_errors = BTreeMap::new();
    for (name, text) in &templates {
        let (template, mut found) = read(sources.add(name, text), text);
        found.extend(check(&template, text));
        for error in found.iter().filter(|found| found.is_error()) {
            let place = sources.location(error.span().unwrap()).unwrap();
            first_errors.entry(name).or_insert_with(|| (format!("{name}:{}", place.line), error.message.clone()));
        }
    }
    let known: BTreeSet<&str> = REALLY_WRONG.iter().map(|(place, _)| *place).collect();
    let surprising: Vec<_> = first_errors.values().filter(|(place, _)| !known.contains(place.as_str())).collect();
    eprintln!("{} files read, {} of them really wrong", templates.len(), first_errors.len());
    assert!(surprising.is_empty(), "{surprising:#?}");
}

fn sample(template: &Template) -> BTreeMap<String, String> {
    let needed = template.parameters().iter().filter(|(_, parameter)| parameter.default.is_none());
    let value = |parameter: &stackfleet_template::Parameter| match (parameter.allowed_values.first(), parameter.kind) {
        (Some(allowed), _) => allowed.clone(),
        (None, Some(ParameterKind::Number | ParameterKind::NumberList)) => {
            parameter.value_min.unwrap_or(1.0).to_string()
        }
        (None, _) => "sample".to_owned(),
    };
    needed.map(|(name, parameter)| (name.clone(), value(parameter))).collect()
}

#[test]
fn real_templates_are_evaluated_for_two_places() {
    let Some(templates) = templates() else { return };
    let mut sources = Sources::default();
    let (mut evaluated, mut refused) = (0, Vec::new());
    for (name, text) in &templates {
        let (template, diagnostics) = read(sources.add(name, text), text);
        let _ = insufficient_capabilities(&template, &[], false);
        if diagnostics.iter().any(Diagnostic::is_error) || template.has_open_transforms() {
            continue;
        }
        assert!(graph(&template).order().is_ok(), "{name}");
        for (account, region) in [("111122223333", "us-east-1"), ("444455556666", "eu-west-1")] {
            let inputs = Inputs {
                parameters: sample(&template),
                account: account.parse().unwrap(),
                region: region.parse().unwrap(),
                stack_name: Some("sample".to_owned()),
                stack_id: None,
                notification_arns: Vec::new(),
            };
            match evaluate(&template, &inputs, &Nothing) {
                Ok(_) => evaluated += 1,
                // Sample values do not meet every pattern, mappings do not hold every region.
                Err(problems) => refused.extend(problems.into_iter().map(|problem| (name, region, problem))),
            }
        }
    }
    for (name, region, problem) in &refused {
        let expected = ["TPL006", "TPL007", "TPL010"].contains(&problem.code);
        assert!(expected, "{name} {region} {problem:?}");
    }
    eprintln!("{evaluated} evaluations");
    // May only rise.
    assert!(evaluated >= 240, "{evaluated}");
}

/// Collects the pointers of all texts and numbers.
fn scalars(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| scalars(item, &format!("{pointer}/{index}"), found));
        }
        Value::Object(object) => {
            for (key, member) in object {
                scalars(member, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(pointer.to_owned()),
    }
}

#[test]
fn real_templates_can_be_edited_anywhere() {
    let Some(templates) = templates() else { return };
    let mut edited = 0;
    for (name, text) in &templates {
        let (template, _) = read(Sources::default().add(name, text), text);
        let mut pointers = Vec::new();
        scalars(template.value(), "", &mut pointers);
        // Every seventh keeps the test short.
        for pointer in pointers.iter().step_by(7) {
            let Some(edit) = template.replace(text, pointer, &Value::from("re: placed")) else { continue };
            let changed = apply_edits(text, &[edit]).unwrap();
            let mut expected = template.value().clone();
            *expected.pointer_mut(pointer).unwrap() = Value::from("re: placed");
            let (again, _) = read(Sources::default().add(name, &changed), &changed);
            assert!(again.value() == &expected, "{name} {pointer}");
            edited += 1;
        }
    }
    eprintln!("{edited} edits");
}
