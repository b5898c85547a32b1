//! AWS's own test templates with AWS's own results. The files are found by `STACKFLEET_CONFORMANCE`; without it the test
//! says that it was skipped. The counts may only grow.
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test may read files and print")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Number, Value};
use stackfleet_base::Sources;
use stackfleet_sam::{Applications, Environment, SamError, transform};

/// Partition, region, templates with AWS's result, and those with its order of lists too.
const SUCCESSES: [(&str, &str, usize, usize); 3] = [
    ("aws", "ap-southeast-1", 426, 426),
    ("aws-cn", "cn-north-1", 426, 426),
    ("aws-us-gov", "us-gov-west-1", 426, 426),
];

/// Wrong templates: refused, refused for the same resources and events, and in the same words.
const ERRORS: (usize, usize, usize) = (235, 234, 234);

fn folder() -> Option<PathBuf> {
    let Ok(root) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return None;
    };
    Some(PathBuf::from(root).join("sam"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn template(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let source = Sources::default().add(&path.to_string_lossy(), &text);
    stackfleet_template::read(source, &text).0.value().clone()
}

fn environment(region: &str) -> Environment {
    let refused = ["no-access", "non-existent", "invalid-semver"];
    let mut environment = Environment::in_region(region);
    environment.parameters.insert("param1".into(), "value1".into());
    environment.parameters.insert("param2".into(), "value2".into());
    environment.applications = Some(Applications {
        template_url: "https://awsserverlessrepo-changesets-xxx.s3.amazonaws.com/signed-url".into(),
        errors: refused.iter().map(|id| ((*id).to_owned(), format!("Cannot access application: {id}."))).collect(),
        never_ready: vec!["preparing-never-ready".into()],
    });
    environment
}

/// A value in which 100 and 100.0 are the same.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
            Value::Number(whole.map_or(number, |whole| Number::from(whole as i64)))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(entries) => {
            let sorted: BTreeMap<String, Value> = entries.into_iter().map(|(key, value)| (key, plain(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// A value in which the order of lists has no meaning.
fn unordered(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(unordered).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, unordered(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Sorts the lists whose order AWS's transform leaves to chance.
fn settle(mut value: Value, paths: Option<&Value>) -> Value {
    for path in paths.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if let Some(Value::Array(items)) = value.pointer_mut(path) {
            items.sort_by_cached_key(Value::to_string);
        }
    }
    value
}

#[test]
fn templates_become_what_aws_makes_of_them() {
    let Some(root) = folder() else { return };
    let unstable: Map<String, Value> = json(&root.join("unstable_list_paths.json")).as_object().unwrap().clone();
    let inputs: BTreeMap<String, Value> =
        files(&root.join("success/input")).iter().map(|path| (name(path).to_owned(), template(path))).collect();
    let mut short = Vec::new();
    for (partition, region, same_min, ordered_min) in SUCCESSES {
        let environment = environment(region);
        let (mut all, mut same, mut ordered) = (0, 0, 0);
        for path in files(&root.join("success/output").join(partition)) {
            let case = name(&path);
            all += 1;
            let Ok(made) = transform(&inputs[case], &environment) else {
                eprintln!("{partition}/{case} is refused");
                continue;
            };
            let (made, wanted) = (plain(made), plain(json(&path)));
            if unordered(made.clone()) == unordered(wanted.clone()) {
                same += 1;
            } else {
                eprintln!("{partition}/{case} differs");
            }
            let override_path = root.join("success/output_ordered").join(partition).join(path.file_name().unwrap());
            let wanted = if override_path.exists() { plain(json(&override_path)) } else { wanted };
            if settle(made, unstable.get(case)) == settle(wanted, unstable.get(case)) {
                ordered += 1;
            }
        }
        eprintln!("{partition}: {same} of {all} as AWS, {ordered} in its order");
        if same < same_min || ordered < ordered_min {
            short.push(partition);
        }
    }
    assert!(short.is_empty(), "fewer than before: {short:?}");
}

/// The ids of resources and events that a message names.
fn named(message: &str) -> BTreeSet<&str> {
    let starts = ["Resource with id [", "Event with id ["];
    let after = starts.iter().flat_map(|start| message.split(start).skip(1));
    after.filter_map(|rest| rest.split_once(']')).map(|(id, _)| id).collect()
}

#[test]
fn wrong_templates_are_refused_as_aws_refuses_them() {
    let Some(root) = folder() else { return };
    let environment = environment("ap-southeast-1");
    let inputs: BTreeMap<String, PathBuf> =
        files(&root.join("error/input")).into_iter().map(|path| (name(&path).to_owned(), path)).collect();
    let (mut all, mut refused, mut same_ids, mut same_words) = (0, 0, 0, 0);
    for path in files(&root.join("error/output")) {
        let case = name(&path);
        let wanted = json(&path);
        let wanted = wanted["errorMessage"].as_str().unwrap();
        all += 1;
        let Err(errors) = transform(&template(&inputs[case]), &environment) else {
            eprintln!("{case} is accepted");
            continue;
        };
        let made = SamError::summary(&errors);
        refused += 1;
        same_ids += usize::from(named(&made) == named(wanted));
        if made == wanted {
            same_words += 1;
        } else {
            eprintln!("{case}\n  AWS says {wanted}\n  we say   {made}");
        }
    }
    eprintln!("{refused} of {all} refused, {same_ids} for the same ids, {same_words} in the same words");
    let made = (refused, same_ids, same_words);
    assert!(refused >= ERRORS.0 && same_ids >= ERRORS.1 && same_words >= ERRORS.2, "fewer than {ERRORS:?}: {made:?}");
}

/// Reasons in the wrong templates, and those of them that are placed at a property or event.
const PLACED: (usize, usize) = (385, 337);

#[test]
fn every_reason_has_a_place_in_its_resource() {
    let Some(root) = folder() else { return };
    let environment = environment("ap-southeast-1");
    let (mut all, mut at_property) = (0, 0);
    for path in files(&root.join("error/input")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let source = Sources::default().add(&path.to_string_lossy(), &text);
        let (template, _) = stackfleet_template::read(source, &text);
        let Err(errors) = transform(template.value(), &environment) else { continue };
        for error in errors {
            let place = &error.pointer;
            eprintln!("{}: {place}\n    {error}", name(&path));
            assert!(template.key_span(place).or_else(|| template.span(place)).is_some(), "{place}: {error}");
            let resource = error.logical_id.as_ref().map(|id| format!("/Resources/{id}"));
            if let Some(resource) = resource.filter(|resource| template.value().pointer(resource).is_some()) {
                let rest = place.strip_prefix(&resource);
                assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{place}: {error}");
            }
            all += 1;
            at_property += usize::from(place.matches('/').count() > 2 || place.starts_with("/Globals/"));
        }
    }
    eprintln!("{all} reasons, {at_property} at a property or event");
    assert!(all >= PLACED.0 && at_property >= PLACED.1, "fewer than {PLACED:?}: {:?}", (all, at_property));
}

#[test]
fn metadata_is_passed_on_where_that_is_asked_for() {
    let Some(root) = folder() else { return };
    let special = root.join("special");
    let input = template(&special.join("input/translate_convert_metadata.yaml"));
    for (passes, wanted) in [(true, "translate_convert_metadata"), (false, "translate_convert_no_metadata")] {
        let environment = Environment { passthrough_metadata: passes, ..environment("ap-southeast-1") };
        let made = transform(&input, &environment).unwrap();
        let wanted = json(&special.join("output/aws").join(format!("{wanted}.json")));
        assert_eq!(plain(made), plain(wanted), "passes on: {passes}");
    }
}

#[test]
fn always_deploy_names_deployments_by_the_time() {
    let Some(root) = folder() else { return };
    let special = root.join("special");
    let input = template(&special.join("input/translate_always_deploy.yaml"));
    let wanted = json(&special.join("output/aws/translate_always_deploy.json"));
    for now_s in [13, 42] {
        let environment = Environment { unix_time_s: Some(now_s), ..environment("ap-southeast-1") };
        let made = transform(&input, &environment).unwrap();
        let deployments: Vec<&String> = made["Resources"].as_object().unwrap().keys().collect();
        let deployments: Vec<&&String> = deployments.iter().filter(|id| id.starts_with("MyApiDeployment")).collect();
        assert_eq!(serde_json::to_value(deployments).unwrap(), wanted[now_s.to_string()], "at {now_s}");
    }
}

/// Replaces the `n`th value, counted depth first, by `by`; returns how many values were passed.
fn damage(value: &mut Value, n: usize, by: &Value) -> usize {
    if n == 0 {
        *value = by.clone();
        return 1;
    }
    let mut passed = 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(entries) => entries.values_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for child in children {
        if passed > n {
            break;
        }
        passed += damage(child, n - passed, by);
    }
    passed
}

#[test]
fn no_damage_to_a_template_is_worse_than_a_refusal() {
    let Some(root) = folder() else { return };
    let environment = environment("ap-southeast-1");
    let replacements =
        [Value::Null, Value::from(true), Value::from(7), Value::from(""), Value::from("é"), Value::Array(Vec::new())];
    let mut tried = 0;
    for (number, path) in files(&root.join("success/input")).iter().enumerate() {
        let input = template(path);
        let size = damage(&mut input.clone(), usize::MAX, &Value::Null);
        for (step, by) in replacements.iter().enumerate() {
            // Spread over the template without a pattern that its structure could share.
            let place = 1 + (number * 31 + step * 7919) % size.max(2);
            let mut damaged = input.clone();
            damage(&mut damaged, place, by);
            drop(transform(&damaged, &environment));
            tried += 1;
        }
    }
    eprintln!("{tried} damaged templates survived");
}
