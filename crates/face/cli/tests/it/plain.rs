//! Commands that need no world, and what is said when something is wrong.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    sandbox::{Sandbox, example, run},
    served::{FAST, Served},
};

#[test]
fn help_and_version() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]).ends(0).says(&["rehearse", "deploy", "verify", "Exit codes", "130"]);
    assert!(help.err.is_empty());
    let version = sandbox.run(&["--version"]).ends(0);
    assert_eq!(version.out, format!("stackfleet {}\n", env!("CARGO_PKG_VERSION")));
    sandbox.run(&["twin", "serve", "--help"]).ends(0).says(&["--ready-file", "--speed", "--log"]);
    sandbox.run(&["completions", "bash"]).ends(0).says(&["_stackfleet()"]);
}

#[test]
fn wrong_usage_is_64() {
    let sandbox = Sandbox::new();
    for arguments in [&["deplyo"][..], &["plan", "--nonsense"], &["--twin", "--endpoint-url", "http://x", "plan"], &[]]
    {
        let run = sandbox.run(arguments).ends(64);
        assert!(run.out.is_empty() && run.err.contains("Usage"), "{run:?}");
    }
    sandbox.run(&["deplyo"]).ends(64).says(&["similar subcommand", "deploy"]);
}

#[test]
fn a_folder_without_a_project() {
    let sandbox = Sandbox::new();
    for arguments in
        [&["validate"][..], &["plan"], &["deploy", "--yes"], &["status"], &["verify"], &["targets"], &["rehearse"]]
    {
        sandbox.run(arguments).ends(1).says(&["there is no stackfleet.yaml in .", "stackfleet init", "--project"]);
    }
}

#[test]
fn the_starter_is_valid_and_can_be_rehearsed() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", "first"]).ends(0).says(&["first/stackfleet.yaml", "Next: stackfleet rehearse first"]);
    sandbox.run(&["init", "first"]).ends(1).says(&["first/stackfleet.yaml is there already"]);
    sandbox.run(&["validate", "--project", "first"]).ends(0).says(&["no error"]);
    sandbox.run(&["rehearse", "first"]).ends(0).says(&["current"]);
}

#[test]
fn validation_as_json() {
    let sandbox = Sandbox::new();
    let project = sandbox.example("project");
    let project = project.to_str().unwrap();
    let valid = sandbox.run(&["validate", "--json", "--project", project]).ends(0).json();
    assert_eq!(valid["schema"], "stackfleet/validate/v1");
    assert_eq!(valid["valid"], true);
    sandbox.replace("project/stackfleet.yaml", "ou:Sandbox !account:SensitiveData", "ou:Sndbox !account:SensitivData");
    let wrong = sandbox.run(&["validate", "--json", "--project", project]).ends(1).json();
    assert_eq!(wrong["valid"], false);
    let diagnostics = wrong["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 2, "every problem is told at once: {diagnostics:?}");
    for diagnostic in diagnostics {
        assert_eq!(diagnostic["place"]["path"], "stackfleet.yaml");
        assert_eq!(diagnostic["place"]["line"], 52);
        assert!(diagnostic["help"].as_str().unwrap().starts_with("did you mean"), "{diagnostic}");
    }
}

#[test]
fn targets_and_why() {
    let sandbox = Sandbox::new();
    let project = example();
    let project = project.to_str().unwrap();
    let listed = sandbox.run(&["targets", "key-rotation", "--project", project]).ends(0);
    let listed = listed.says(&["Production", "eu-west-1", "SensitiveData", "excluded by `!account:SensitiveData`"]);
    assert_eq!(listed.out.lines().filter(|line| line.contains(" + ")).count(), 12, "{}", listed.out);
    let explained = ["targets", "explain", "SensitiveData", "--project", project];
    sandbox.run(&explained).ends(0).says(&["key-rotation", "!account:SensitiveData", "stackfleet.yaml:52:"]);
    let value = sandbox.run(&["targets", "--json", "--project", project]).ends(0).json();
    let included = value["targets"].as_array().unwrap().iter().filter(|target| target["included"] == true).count();
    assert_eq!(included, 12);
    sandbox.run(&["targets", "explain", "Stging", "--project", project]).ends(1).says(&["did you mean `Staging`?"]);
    sandbox
        .run(&["plan", "key-rotatoin", "--twin", "--project", project])
        .ends(1)
        .says(&["did you mean `key-rotation`?"]);
}

#[test]
fn the_transform_alone() {
    let sandbox = Sandbox::new();
    let template = example().join("app/template.yaml");
    let template = template.to_str().unwrap();
    let translate = ["sam", "translate", template, "--region", "eu-west-1"];
    sandbox.run(&translate).ends(1).says(&["StaleKeysFunction", "template.yaml:67:7", "--code-uri s3://"]);
    let translated = [&translate[..], &["--code-uri", "s3://artifacts/code.zip"]].concat();
    let translated = sandbox.run(&translated).ends(0).json();
    let kinds: Vec<&str> = translated["Resources"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|resource| resource["Type"].as_str())
        .collect();
    for kind in ["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Events::Rule", "AWS::Lambda::Permission"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(translated.get("Transform").is_none());

    let wrong = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Task:\n    Type: AWS::Serverless::Function\n    \
                 Properties:\n      Handler: task.run\n      Runtime: python3.13\n";
    fs::write(sandbox.path("wrong.yaml"), wrong).unwrap();
    sandbox.run(&["sam", "translate", "wrong.yaml"]).ends(1).says(&["Task", "wrong.yaml:3"]);
    sandbox.run(&["sam", "translate", "wrong.yaml", template, "--code-uri", "s3://a/b", "--out-dir", "out"]).ends(1);
    assert!(fs::read_to_string(sandbox.path("out/wrong.error.txt")).unwrap().contains("Task"));
    assert!(fs::read_to_string(sandbox.path("out/template.json")).unwrap().contains("AWS::Lambda::Function"));
}

#[test]
fn plans_against_the_embedded_twin() {
    let sandbox = Sandbox::new();
    let project = example();
    let project = project.to_str().unwrap();
    let plan = sandbox.run(&["plan", "--twin", "--project", project]).ends(0).says(&[
        "create account 13×",
        "key-rotation/execution-role",
        "key-rotation/app",
        "12 create",
        "SensitiveData",
        "24 to create, 0 to update, 0 unchanged, 0 to remove",
    ]);
    assert!(plan.out.lines().count() <= 40, "{}", plan.out);
    sandbox.run(&["plan", "--twin", "--detailed-exitcode", "--project", project]).ends(2);
    let value = sandbox.run(&["plan", "--twin", "--json", "--project", project]).ends(0).json();
    assert_eq!(value["schema"], "stackfleet/plan/v1");
    assert_eq!(value["cells"].as_array().unwrap().len(), 24);
}

#[test]
fn a_world_can_be_kept_between_commands() {
    let sandbox = Sandbox::new();
    let project = example();
    let run = |arguments: &[&str]| {
        sandbox.run(
            &[arguments, &["--twin", "--twin-state", "world.json", "--project", project.to_str().unwrap()]].concat(),
        )
    };
    run(&["deploy", "--yes", "--quiet"]).ends(0).says(&["24 current"]);
    run(&["status"]).ends(0).says(&["Workloads", "Shared", "Sandbox", "key-rotation/app"]);
    run(&["verify"]).ends(0).says(&["all 24 cells are as declared"]);
    let status = run(&["status", "--json"]).ends(0).json();
    assert_eq!(status["schema"], "stackfleet/status/v1");
}

#[test]
fn nobody_can_be_asked() {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "world", FAST);
    twin.run(&project, &["deploy"]).ends(5).says(&["add --yes", "Nothing was changed"]);
    assert!(twin.mutating().is_empty(), "{:?}", twin.mutating());
}

#[test]
fn narrow_terminals_get_narrow_tables() {
    let sandbox = Sandbox::new();
    let project = example();
    let project = project.to_str().unwrap();
    let rehearse = |columns: &str| {
        let mut command = sandbox.stackfleet(&["rehearse", project]);
        run(command.env("COLUMNS", columns)).ends(0).out
    };
    assert!(rehearse("100").contains("Sandbox     Shared  Workloads"));
    let narrow = rehearse("40");
    assert!(narrow.contains("   Workloads: 3\n"), "{narrow}");
}

#[test]
fn an_endpoint_where_nobody_listens() {
    let sandbox = Sandbox::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let project = example();
    let start = Instant::now();
    let mut command = sandbox.stackfleet(&["plan", "--endpoint-url", &url, "--project", project.to_str().unwrap()]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    run(&mut command).ends(1).says(&["nothing answers at", &url, "stackfleet twin serve", "Connection refused"]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn nobody_is_signed_in() {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "world", FAST);
    let plan = ["plan", "--endpoint-url", twin.endpoint(), "--project", project.to_str().unwrap()];
    sandbox.run(&plan).ends(1).says(&["AWS_ACCESS_KEY_ID", "--profile"]);
    let mut command = sandbox.stackfleet(&plan);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    run(&mut command).ends(1).says(&["InvalidClientTokenId"]);
}
