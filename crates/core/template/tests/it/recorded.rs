//! What AWS answered in change sets, against evaluation: each property that AWS knew before deployment has the value
//! that it gave, each that it did not know is unknown here, too.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;
use stackfleet_template::{Inputs, Nothing, Template, evaluate, is_known};

const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

fn recordings() -> Option<Vec<(String, Value)>> {
    let Ok(root) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return None;
    };
    let entries = std::fs::read_dir(PathBuf::from(root).join("aws-recordings/changesets")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
    };
    Some(paths.into_iter().map(read).collect())
}

/// Recordings have ids, names and places replaced; the same is done to our values.
fn normalised(text: &str, recording: &Value) -> String {
    let mut text = text.to_owned();
    for transformer in recording["transformers"].as_array().unwrap() {
        let settings = &transformer[1];
        if let (Some(from), Some(to)) = (settings["regex"].as_str(), settings["replacement"].as_str())
            && !from.starts_with("(?:")
        {
            text = text.replace(from, to);
        }
    }
    text
}

/// Compares a value with what AWS showed; says where they differ.
fn differs(ours: &Value, aws: &Value, path: &str, recording: &Value, found: &mut Vec<String>) {
    match (ours, aws) {
        (_, Value::String(text)) if text.contains(UNKNOWN) => {
            if is_known(ours) {
                found.push(format!("{path}: {ours} is not known to AWS"));
            }
        }
        (Value::Object(ours), Value::Object(aws)) => {
            for key in ours.keys().chain(aws.keys().filter(|key| !ours.contains_key(*key))) {
                let none = Value::Null;
                let (ours, aws) = (ours.get(key).unwrap_or(&none), aws.get(key).unwrap_or(&none));
                differs(ours, aws, &format!("{path}/{key}"), recording, found);
            }
        }
        (Value::Array(ours), Value::Array(aws)) if ours.len() == aws.len() => {
            for (index, (ours, aws)) in ours.iter().zip(aws).enumerate() {
                differs(ours, aws, &format!("{path}/{index}"), recording, found);
            }
        }
        _ => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let ours = normalised(&text(ours), recording);
            if ours != text(aws) {
                found.push(format!("{path}: {ours} and not {aws}"));
            }
        }
    }
}

#[test]
fn evaluation_gives_what_aws_showed_in_change_sets() {
    let Some(recordings) = recordings() else { return };
    let (mut compared, mut skipped, mut found) = (0, 0, Vec::new());
    for (name, recording) in &recordings {
        let template = Template::new(recording["template_1"].clone());
        let given = recording["parameters_1"].as_object().unwrap();
        let parameters: BTreeMap<String, String> =
            given.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let inputs = Inputs {
            parameters,
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            stack_name: Some("<stack-name:1>".to_owned()),
            stack_id: None,
            notification_arns: Vec::new(),
        };
        // Templates with macros need these run first.
        let Ok(evaluated) = evaluate(&template, &inputs, &Nothing) else {
            assert!(template.has_open_transforms(), "{name} {:?}", evaluate(&template, &inputs, &Nothing));
            skipped += 1;
            continue;
        };
        let changes = recording["recorded"]["describe-change-set-1-prop-values"]["Changes"].as_array();
        for change in changes.into_iter().flatten() {
            let change = &change["ResourceChange"];
            let Some(context) = change["AfterContext"].as_object() else { continue };
            let id = change["LogicalResourceId"].as_str().unwrap();
            let ours = Value::Object(evaluated.resources[id].properties.clone());
            differs(&ours, &context["Properties"], &format!("{name} {id}"), recording, &mut found);
            compared += 1;
        }
    }
    eprintln!("{compared} resources compared, {skipped} templates with macros");
    assert!(found.is_empty(), "{found:#?}");
}
