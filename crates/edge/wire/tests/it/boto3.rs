//! Every operation there and back with boto3, every member filled; every modelled error of every operation.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use stackfleet_api::{OPERATIONS, OperationInfo, Protocol};
use stackfleet_wire::{Door, RealClock};

use crate::client::{Server, python};
use crate::echo::{Echo, answer_of, error_of};
use crate::values::to_json;

/// The version whose models the types are generated from.
fn pinned() -> String {
    let list: Value = serde_json::from_str(include_str!("../../../../core/api/operations.json")).unwrap();
    list["botocore"].as_str().unwrap().to_owned()
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3/roundtrip.py");

#[test]
fn every_operation_and_every_error_makes_the_round_trip() {
    let pinned = pinned();
    let found = botocore_version();
    if found.as_deref() != Some(&*pinned) {
        // Another version has other members and patterns: what is lost then is not the wire's doing.
        eprintln!("SKIPPED: needs botocore {pinned}, found {found:?} (STACKFLEET_PYTHON names an interpreter)");
        return;
    }
    let (output, received) = run();
    let mut problems = Vec::new();
    let mut calls = received.into_iter().peekable();
    let (mut operations, mut errors) = (0, 0);
    for line in output.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = format!("{}:{}", line["service"].as_str().unwrap(), line["operation"].as_str().unwrap());
        let operation = find(&line);
        if let Some(failure) = line.get("failed") {
            problems.push(format!("{name} {}: {failure}", line["error"]));
            continue;
        }
        let Some(call) = calls.next_if(|call| call.action == name) else {
            problems.push(format!("{name} was refused: {line}"));
            continue;
        };
        if let Some(shape) = line.get("error") {
            errors += 1;
            compare_error(&name, operation, shape.as_str().unwrap(), &line, &mut problems);
            continue;
        }
        operations += 1;
        compare(&format!("{name} input"), &line["sent"], &call.input, &mut problems);
        let answer = answer_of(operation);
        compare(&format!("{name} output"), &to_json(answer.value()), &line["received"], &mut problems);
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert_eq!(operations, OPERATIONS.len());
    assert_eq!(errors, OPERATIONS.iter().map(|operation| operation.errors.len()).sum::<usize>());
}

/// Returns the version of botocore that comes with the interpreter's boto3.
fn botocore_version() -> Option<String> {
    let script = "import boto3, botocore; print(botocore.__version__)";
    let output = Command::new(python()).args(["-c", script]).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Serves an echo, lets the script talk to it, and returns what the script printed and what the echo received.
fn run() -> (String, Vec<crate::echo::Received>) {
    let world = Arc::new(Mutex::new(Echo::default()));
    let door = Door::new(Arc::clone(&world), RealClock::new(RealClock::time_of_day(), 1));
    let server = Server::start(door);
    let mut operations: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut errors: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for operation in OPERATIONS {
        operations.entry(operation.service.name).or_default().push(operation.name);
        let shapes = operation.errors.iter().map(|error| error.shape).collect();
        errors.entry(operation.service.name).or_default().insert(operation.name, shapes);
    }
    let output = Command::new(python())
        .args([SCRIPT, &server.endpoint, &json!(operations).to_string(), &json!(errors).to_string()])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.stop();
    let received = std::mem::take(&mut world.lock().unwrap().received);
    (String::from_utf8(output.stdout).unwrap(), received)
}

fn find(line: &Value) -> &'static OperationInfo {
    OPERATIONS.iter().find(|it| line["service"] == it.service.name && line["operation"] == it.name).unwrap()
}

fn compare_error(name: &str, operation: &'static OperationInfo, shape: &str, line: &Value, problems: &mut Vec<String>) {
    let error = error_of(operation, shape).unwrap();
    let code = if operation.service.protocol == Protocol::Query { error.code } else { error.shape };
    let mut expected = json!({ "status": error.status, "code": code, "class": shape });
    let mut given = json!({ "status": line["status"], "code": line["code"], "class": line["class"] });
    let fields = error.fields.as_ref().map(|fields| to_json(fields.as_ref())).unwrap_or_default();
    // A member that is bound to the header with the error's name is what tells errors apart: `code` above.
    for (field, value) in fields.as_object().unwrap_or(&Map::new()).iter().filter(|(field, _)| *field != "errorType") {
        expected[field] = value.clone();
        given[field] = line["fields"][field].clone();
        if field.eq_ignore_ascii_case("message") {
            expected[field] = json!(error.message);
            given[field] = line["message"].clone();
        }
    }
    compare(&format!("{name} error {shape}"), &expected, &given, problems);
}

/// Notes every place where two values differ.
fn compare(place: &str, expected: &Value, given: &Value, problems: &mut Vec<String>) {
    match (expected, given) {
        (Value::Object(expected), Value::Object(given)) => {
            let names: std::collections::BTreeSet<&String> = expected.keys().chain(given.keys()).collect();
            for name in names {
                let at = format!("{place}.{name}");
                match (expected.get(name), given.get(name)) {
                    (Some(expected), Some(given)) => compare(&at, expected, given, problems),
                    (Some(expected), None) => problems.push(format!("{at}: lost {expected}")),
                    (None, Some(given)) => problems.push(format!("{at}: invented {given}")),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(expected), Value::Array(given)) if expected.len() == given.len() => {
            for (index, (expected, given)) in expected.iter().zip(given).enumerate() {
                compare(&format!("{place}[{index}]"), expected, given, problems);
            }
        }
        _ if expected == given => {}
        _ => problems.push(format!("{place}: {expected} became {given}")),
    }
}
