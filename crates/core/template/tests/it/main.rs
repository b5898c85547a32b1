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
use stackfleet_base::Sources;
use stackfleet_template::{
    Inputs, Nothing, Template, apply_edits, check, evaluate, graph, insufficient_capabilities, read,
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

/// Values of which at least one is to a parameter's taste.
const SAMPLES: [&str; 19] = [
    "sample",
    "10.0.0.0/16",
    "203.0.113.7/32",
    "example.com",
    "ops@example.com",
    "vpc-0123456789abcdef0",
    "subnet-0123456789abcdef0",
    "sg-0123456789abcdef0",
    "ami-0123456789abcdef0",
    "Passw0rd1",
    "arn:aws:iam::111122223333:role/sample",
    "111122223333",
    "5",
    "Z0123456789",
    "10.1.1.1",
    "10.1.1.1,10.1.1.2",
    "d-0123456789",
    "pcx-0123456789abcdef0",
    "rtb-0123456789abcdef0",
];

fn sample(template: &Template) -> BTreeMap<String, String> {
    let needed = template.parameters().iter().filter(|(_, parameter)| parameter.default.is_none());
    let value = |name: &str, parameter: &stackfleet_template::Parameter| {
        let least = parameter.value_min.map(|least| least.to_string());
        let own = parameter.allowed_values.iter().map(String::as_str).chain(least.as_deref());
        let suits = |value: &&str| parameter.check(name, value).is_ok();
        own.chain(SAMPLES).find(suits).unwrap_or_default().to_owned()
    };
    needed.map(|(name, parameter)| (name.clone(), value(name, parameter))).collect()
}

/// The files that do not expand, each with a part of what is said: `FILE: REASON`.
const NOT_EXPANDED: &str = include_str!("not_expanded.txt");

#[test]
fn every_real_template_is_expanded_for_two_accounts_and_regions_or_listed() {
    let Some(templates) = templates() else { return };
    let listed: BTreeMap<&str, &str> =
        NOT_EXPANDED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": ")).collect();
    let (mut expanded, mut surprising) = (0, Vec::new());
    for (name, text) in &templates {
        let (template, diagnostics) = read(Sources::default().add(name, text), text);
        let _ = insufficient_capabilities(&template, &[], false);
        let mut refused = BTreeSet::new();
        for account in ["111122223333", "444455556666"] {
            for region in ["us-east-1", "us-west-2"] {
                let inputs = Inputs {
                    parameters: sample(&template),
                    account: account.parse().unwrap(),
                    region: region.parse().unwrap(),
                    stack_name: Some("sample".to_owned()),
                    stack_id: None,
                    notification_arns: Vec::new(),
                };
                let unreadable = diagnostics.iter().find(|found| found.is_error() && found.code.starts_with("YML"));
                match (unreadable, evaluate(&template, &inputs, &Nothing)) {
                    (Some(found), _) => drop(refused.insert(found.message.clone())),
                    (None, Ok(_)) => expanded += 1,
                    (None, Err(problems)) => refused.extend(problems.into_iter().map(|problem| problem.message)),
                }
            }
        }
        match (listed.get(name.as_str()), refused.is_empty()) {
            (None, true) => assert!(graph(&template).order().is_ok(), "{name}"),
            (Some(reason), false) if refused.iter().any(|message| message.contains(reason)) => {}
            (reason, _) => surprising.push(format!("{name}: {refused:?}, listed: {reason:?}")),
        }
    }
    eprintln!("{} files, {expanded} expansions, {} files listed", templates.len(), listed.len());
    assert!(surprising.is_empty(), "{}", surprising.join("\n"));
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
