//! `policy diff` and `policy lint`: who gains or loses what, and what is wrong with a document.

use insta::assert_snapshot;
use serde_json::Value;

use crate::sandbox::{Sandbox, example};

const BEFORE: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "NoUsers", "Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateAccessKey"], "Resource": "*" },
    {
      "Sid": "Regions",
      "Effect": "Deny",
      "NotAction": ["iam:*", "sts:*", "organizations:*"],
      "Resource": "*",
      "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1"] } }
    }
  ]
}
"#;

const AFTER: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "NoUsers", "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*" },
    {
      "Sid": "NoTags",
      "Effect": "Deny",
      "Action": ["lambda:TagResource", "lambda:Untag*"],
      "Resource": "arn:aws:lambda:*:*:function:prod-*"
    },
    {
      "Sid": "Regions",
      "Effect": "Deny",
      "NotAction": ["iam:*", "sts:*", "organizations:*"],
      "Resource": "*",
      "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } }
    }
  ]
}
"#;

fn write(sandbox: &Sandbox, file: &str, text: &str) {
    std::fs::write(sandbox.path(file), text).unwrap();
}

#[test]
fn documents_are_compared_by_what_they_say_to_every_action() {
    let sandbox = Sandbox::new();
    write(&sandbox, "before.json", BEFORE);
    write(&sandbox, "after.json", AFTER);
    let told = sandbox.run(&["policy", "diff", "before.json", "after.json"]).ends(0);
    assert_snapshot!(told.out);
    sandbox.run(&["policy", "diff", "before.json", "after.json", "--detailed-exitcode"]).ends(2);
    sandbox
        .run(&["policy", "diff", "after.json", "after.json", "--detailed-exitcode"])
        .ends(0)
        .says(&["No difference: the documents say the same to every request."]);
    let found = sandbox.run(&["policy", "diff", "before.json", "after.json", "--json"]).ends(0).json();
    assert_eq!(found["schema"], "stackfleet/policy-diff/v1");
    let keys = found["changes"].as_array().unwrap().iter().find(|change| change["actions"][0] == "iam:CreateAccessKey");
    let keys = keys.unwrap();
    assert_eq!((&keys["before"], &keys["after"]), (&Value::from("denies"), &Value::from("nothing")));
    assert_eq!(keys["cases"][0]["statements"][0], "was before.json:4 (NoUsers)");
}

#[test]
fn the_project_s_organization_tells_for_whom_something_changes() {
    let sandbox = Sandbox::new();
    let project = example();
    let project = project.to_str().unwrap();
    let policy = std::fs::read_to_string(format!("{project}/policies/lockdown.json")).unwrap();
    write(&sandbox, "lockdown.json", &policy);
    write(&sandbox, "after.json", &policy.replace("ec2:CreateNatGateway", "sns:CreateTopic"));
    let asked = ["policy", "diff", "lockdown.json", "after.json", "--project", project, "--org"];
    let told = sandbox.run(&asked).ends(0);
    assert_snapshot!(told.out);
    let found = sandbox.run(&[&asked[..], &["--json"]].concat()).ends(0).json();
    assert_eq!(found["organization"]["accounts"][0]["name"], "SensitiveData", "{found:#}");
    sandbox
        .run(&["policy", "diff", "after.json", "after.json", "--project", project, "--org", "--name", "lockdown"])
        .ends(0)
        .says(&["Nothing changes: the documents say the same to every request."]);
    sandbox
        .run(&["policy", "diff", "after.json", "after.json", "--project", project, "--org", "--name", "lookdown"])
        .ends(1)
        .says(&["has no policy `lookdown`", "lockdown, protect-baseline"]);
}

#[test]
fn an_organization_in_a_file_tells_for_whom_something_changes() {
    let sandbox = Sandbox::new();
    let policy = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let guard = policy(r#"{"Sid":"NoQueues","Effect":"Deny","Action":"sqs:*","Resource":"*"}"#);
    write(&sandbox, "Guard.json", &guard);
    write(
        &sandbox,
        "wider.json",
        &policy(r#"{"Effect":"Deny","Action":["sqs:*","sns:*"],"Resource":"arn:aws:*:*:*:*"}"#),
    );
    let role = |own: &str| {
        format!(
            r#"{{"name":"deployer","trust":{},"identityPolicies":["{own}"]}}"#,
            policy(r#"{"Effect":"Allow","Principal":{"AWS":"900000000001"},"Action":"sts:AssumeRole"}"#)
        )
    };
    let organization = format!(
        r#"{{"orgId":"o-1","management":"900000000000","adminAccount":"900000000001","region":"eu-west-1",
        "adminRole":"arn:aws:iam::900000000001:role/admin","adminRolePolicies":[],
        "policies":{{"Full":{full},"Guard":{guard},"Sns":{sns},"Unused":{full}}},
        "ous":{{"root":{{"parent":null,"scps":["Full"]}},"work":{{"parent":"root","scps":["Full","Guard"]}}}},
        "accounts":[{{"id":"111111111111","ou":"work","executionRole":{admin}}},
                    {{"id":"222222222222","ou":"work","executionRole":{topics}}},
                    {{"id":"333333333333","ou":"root","executionRole":{admin}}}],
        "artifactBucket":null,"contextForCloudFormationCalls":{{}},"required":[]}}"#,
        full = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#),
        sns = policy(r#"{"Effect":"Allow","Action":"sns:*","Resource":"*"}"#),
        admin = role("Full"),
        topics = role("Sns"),
    );
    write(&sandbox, "org.json", &organization);
    let told = sandbox.run(&["policy", "diff", "Guard.json", "wider.json", "--org", "org.json"]).ends(0);
    assert_snapshot!(told.out);
    sandbox
        .run(&["policy", "diff", "Guard.json", "wider.json", "--org", "org.json", "--name", "Unused"])
        .ends(1)
        .says(&["`Unused` is attached nowhere"]);
}

#[test]
fn a_document_that_aws_would_not_take_is_not_compared() {
    let sandbox = Sandbox::new();
    write(&sandbox, "before.json", BEFORE);
    write(
        &sandbox,
        "after.json",
        &AFTER.replace("\"Effect\": \"Deny\", \"Action\": \"iam", "\"Effect\": \"Forbid\", \"Action\": \"iam"),
    );
    sandbox.run(&["policy", "diff", "before.json", "after.json"]).ends(1).says(&["after.json:4"]);
    sandbox.run(&["policy", "diff", "before.json", "nowhere.json"]).ends(1).says(&["there is no file nowhere.json"]);
    sandbox.run(&["policy", "diff", "-", "-"]).ends(1).says(&["only one of the documents"]);
    sandbox.run(&["policy", "diff", "before.json"]).ends(64);
}

#[test]
fn lint_tells_how_much_room_is_left_and_writes_without_white_space() {
    let sandbox = Sandbox::new();
    write(&sandbox, "guard.json", BEFORE);
    sandbox
        .run(&["policy", "lint", "guard.json"])
        .ends(0)
        .says(&[" guard.json: 390 of 10240 characters (3 %); 304 with --minify", "✓ nothing to say"]);
    let short = sandbox.run(&["policy", "lint", "guard.json", "--minify"]).ends(0);
    assert_eq!(short.out.trim_end().len(), 304, "{}", short.out);
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&short.out), parsed(BEFORE));
    let found = sandbox.run(&["policy", "lint", "guard.json", "--json"]).ends(0).json();
    assert_eq!(found["sizes"][0]["allowed"], 10_240);
    // AWS's API counts white space in service control policies.
    let wide = BEFORE.replace("  \"Version\"", &format!("{}\"Version\"", " ".repeat(10_000)));
    write(&sandbox, "wide.json", &wide);
    sandbox.run(&["policy", "lint", "wide.json"]).ends(1).says(&["minify it: without white space it has 304"]);
    sandbox.run(&["policy", "lint", "wide.json", "--minify"]).ends(0);
}
