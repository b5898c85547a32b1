//! The same binary against moto, somebody else's idea of AWS. What moto lacks is told; `docs/moto.md` lists it.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{
    sandbox::{Run, Sandbox, run, script},
    served::wait_for,
};

const PROJECT: &str = r#"version: 1
organization:
  management: master@example.com
  regions: [eu-west-1, us-east-1]
  units:
    Workloads:
      accounts:
        Production: { email: aws+prod@source.example, tags: { env: prod } }
        Staging: { email: aws+stg@source.example, tags: { env: staging } }
    Shared:
      accounts:
        Infra: { email: aws+infra@source.example }
apps:
  notices:
    targets: "ou:Workloads ou:Shared"
    regions: [eu-west-1, us-east-1]
    stacks:
      topic:
        template: topic.yaml
        via: stack-set
        # moto has it in every account, since it asks for no role at all.
        role: AWSCloudFormationStackSetExecutionRole
"#;

const TEMPLATE: &str = r#"Resources:
  Notices:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: notices
"#;

struct Moto<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    endpoint: String,
    project: PathBuf,
}

impl<'a> Moto<'a> {
    /// Starts moto beside a project; `None` where it is not installed.
    fn start(sandbox: &'a Sandbox) -> Option<Self> {
        let python = sandbox.python_with("moto.server")?;
        let project = sandbox.path("project");
        fs::create_dir(&project).unwrap();
        fs::write(project.join("stackfleet.yaml"), PROJECT).unwrap();
        fs::write(project.join("topic.yaml"), TEMPLATE).unwrap();
        let ready = sandbox.path("moto.ready");
        let mut command = sandbox.command(python);
        command.arg(script("moto_server.py")).arg(&ready).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        Some(Self { sandbox, child, endpoint: wait_for(&ready), project })
    }

    fn sign_in<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.sandbox.stackfleet(arguments);
        command.arg("--project").arg(&self.project).args(["--endpoint-speed", "1000"]);
        run(self.sign_in(command.args(["--endpoint-url", &self.endpoint])))
    }
}

impl Drop for Moto<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn what_moto_has_works() {
    let sandbox = Sandbox::new();
    let Some(moto) = Moto::start(&sandbox) else { return };
    moto.run(&["plan", "--detailed-exitcode"]).ends(2).says(&["create account 3×", "6 to create"]);
    moto.run(&["deploy", "--yes"]).ends(0).says(&["create the organization", "create unit 2×", "6 current"]);
    moto.run(&["verify"]).ends(0).says(&["all 6 cells are as declared"]);
    moto.run(&["deploy", "--yes"]).ends(0).says(&["No change", "trusted access of stack sets could not be read"]);

    let python = sandbox.python_with("boto3").unwrap();
    let status = moto.run(&["status", "--json"]).ends(0).json();
    let cells = status["cells"].as_array().unwrap();
    let staging = cells.iter().find(|cell| cell["account"]["name"] == "Staging").unwrap();
    let mut delete = sandbox.command(python);
    delete.arg(script("delete_instances.py")).args(["notices-topic", staging["account"]["id"].as_str().unwrap()]);
    run(moto.sign_in(&mut delete)).ends(0);
    moto.run(&["verify"]).ends(3).says(&["Staging", "eu-west-1", "missing"]);
    moto.run(&["verify", "--repair", "--yes"]).ends(0).says(&["Repaired"]);
    moto.run(&["verify"]).ends(0);

    let id = staging["account"]["id"].as_str().unwrap();
    for what in ["user", "group"] {
        let mut make = sandbox.command(sandbox.python_with("boto3").unwrap());
        run(moto.sign_in(make.arg(script("in_account.py")).args([id, what]))).ends(0);
    }
    for action in ["sns:Publish", "dynamodb:Scan", "sqs:ReceiveMessage"] {
        let service = action.split(':').next().unwrap();
        let resource = format!("arn:aws:{service}:eu-west-1:{{account}}:r");
        moto.run(&["check", "Staging", action, &resource, "--as", "ana"])
            .ends(0)
            .says(&["✓ allowed", "identity policy: "]);
    }
    moto.run(&["check", "Staging", "iam:CreateUser", "--as", "user/ana"]).ends(4).says(&["no identity policy allows"]);

    sandbox.replace("project/topic.yaml", "TopicName: notices", "TopicName: notices-2");
    moto.run(&["deploy", "--yes"]).ends(0).says(&["6 update", "6 current"]);
    moto.run(&["plan", "--detailed-exitcode"]).ends(0);
}

/// A service-managed stack set needs what moto lacks: that is said, and nothing else is harmed.
#[test]
fn what_moto_lacks_is_told() {
    let sandbox = Sandbox::new();
    let Some(moto) = Moto::start(&sandbox) else { return };
    sandbox.replace("project/stackfleet.yaml", "        role: AWSCloudFormationStackSetExecutionRole\n", "");
    let run = moto.run(&["deploy", "--yes"]).ends(3);
    let run = run.says(&["could not activate trusted access", "perhaps this endpoint does not have the operation"]);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    moto.run(&["verify"]).ends(3).says(&["Production", "missing"]);
}
