//! The twin through the front door: boto3 asks, the script checks the answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use stackfleet_twin::{World, WorldOptions};
use stackfleet_wire::{Door, RealClock};

use crate::client::{Server, python};

/// Runs a script of `tests/boto3` against a world of its own; returns the calls that were counted.
fn run(script: &str) -> Option<stackfleet_wire::Calls> {
    let there = Command::new(python()).args(["-c", "import boto3"]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: {script} needs boto3 (STACKFLEET_PYTHON names an interpreter)");
        return None;
    }
    let now = RealClock::time_of_day();
    let world = World::new(1, WorldOptions { start: now, ..WorldOptions::default() });
    let (key, secret) = world.administrator_key();
    let (key, secret) = (key.to_owned(), secret.to_owned());
    let door = Door::new(Arc::new(Mutex::new(world)), RealClock::new(now, 200));
    let calls = door.calls().clone();
    let server = Server::start(door);
    let output = Command::new(python())
        .arg(format!("{}/tests/boto3/{script}", env!("CARGO_MANIFEST_DIR")))
        .arg(&server.endpoint)
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .output()
        .unwrap();
    server.stop();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(calls)
}

#[test]
fn buckets_and_objects_with_boto3() {
    if let Some(calls) = run("s3.py") {
        assert!(calls.by_operation().contains_key("s3:CompleteMultipartUpload"), "{:?}", calls.by_operation());
    }
}

#[test]
fn accounts_and_roles_with_boto3() {
    if let Some(calls) = run("accounts.py") {
        assert_eq!(calls.by_operation().get("sts:AssumeRole"), Some(&1));
    }
}

/// Whatever a peer sends that is no HTTP, or no request of AWS: the next one is served.
#[test]
fn bad_requests_end_alone() {
    let now = RealClock::time_of_day();
    let world = World::new(1, WorldOptions { start: now, ..WorldOptions::default() });
    let server = Server::start(Door::new(Arc::new(Mutex::new(world)), RealClock::new(now, 1)));
    let address = server.endpoint.trim_start_matches("http://").to_owned();
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // The peer may have broken off before it read everything: then there is no answer.
        let _ = stream.read_to_string(&mut answer);
        answer.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(ask("\u{1}\u{2} garbage\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    let close = "Host: x\r\nConnection: close";
    assert_eq!(ask(&format!("GET /no-such HTTP/1.1\r\n{close}\r\n\r\n")), "HTTP/1.1 403 Forbidden");
    let signed = "Authorization: AWS4-HMAC-SHA256 nonsense";
    assert_eq!(ask(&format!("GET / HTTP/1.1\r\n{close}\r\n{signed}\r\n\r\n")), "HTTP/1.1 400 Bad Request");
    let target = "X-Amz-Target: AWSOrganizationsV20161128.ListRoots\r\nContent-Length: 2";
    assert_eq!(ask(&format!("POST / HTTP/1.1\r\n{close}\r\n{target}\r\n\r\n{{}}")), "HTTP/1.1 400 Bad Request");
    server.stop();
}

#[test]
fn whoever_waits_to_send_and_is_refused_starts_anew() {
    let now = RealClock::time_of_day();
    let world = World::new(1, WorldOptions { start: now, ..WorldOptions::default() });
    let server = Server::start(Door::new(Arc::new(Mutex::new(world)), RealClock::new(now, 1)));
    let mut stream = TcpStream::connect(server.endpoint.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    server.stop();
}
