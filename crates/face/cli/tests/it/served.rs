//! A twin served by the program itself, for the length of a test.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::sandbox::{Run, Sandbox, run};

/// How much faster than real time the world runs where nobody looks at clocks: a rollout takes about a second.
pub(crate) const FAST: u32 = 1_000;

/// A served twin; it ends with this value.
pub(crate) struct Served<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    ready: Value,
    log: PathBuf,
    speed: u32,
}

impl<'a> Served<'a> {
    /// Serves the world that is kept in `state`, or a new one.
    pub(crate) fn start(sandbox: &'a Sandbox, state: &str, speed: u32) -> Self {
        let (ready, state) = (sandbox.path(&format!("{state}.ready")), sandbox.path(state));
        let log = ready.with_extension("log");
        drop(fs::remove_file(&ready));
        let speed_text = speed.to_string();
        let child = sandbox
            .stackfleet(&["twin", "serve", "--port", "0", "--management-email", "root@source.example"])
            .args(["--speed", &speed_text])
            .arg("--ready-file")
            .arg(&ready)
            .arg("--state")
            .arg(&state)
            .arg("--log")
            .arg(&log)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ready = wait_for(&ready);
        Self { sandbox, child, ready: serde_json::from_str(&ready).unwrap(), log, speed }
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.ready["endpoint_url"].as_str().unwrap()
    }

    /// The file in which the twin told how it is reached.
    pub(crate) fn ready_file(&self) -> PathBuf {
        self.log.with_extension("ready")
    }

    /// Tells a program where the twin is and with which keys it is reached.
    pub(crate) fn sign_in<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let text = |member: &str| self.ready[member].as_str().unwrap();
        command
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", text("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", text("secret_access_key"))
            .env("AWS_REGION", text("region"))
            .env("AWS_DEFAULT_REGION", text("region"))
    }

    /// Prepares the program under test with a project and this twin.
    pub(crate) fn command(&self, project: &Path, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.stackfleet(arguments);
        command.arg("--project").arg(project).args(["--endpoint-url", self.endpoint()]);
        command.args(["--endpoint-speed", &self.speed.to_string()]);
        self.sign_in(&mut command);
        command
    }

    /// Runs the program under test with a project and this twin.
    pub(crate) fn run(&self, project: &Path, arguments: &[&str]) -> Run {
        run(&mut self.command(project, arguments))
    }

    /// Runs the AWS CLI and reads what it prints.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Value {
        self.aws_as(arguments, &[])
    }

    /// Runs the AWS CLI with other keys.
    pub(crate) fn aws_as(&self, arguments: &[&str], keys: &[(&str, &str)]) -> Value {
        let mut command = self.sandbox.command("aws");
        self.sign_in(&mut command).args(arguments).args(["--output", "json"]).envs(keys.iter().copied());
        let done = run(&mut command).ends(0);
        if done.out.trim().is_empty() { Value::Null } else { done.json() }
    }

    /// Returns the operations called so far, and whether each asks for a change.
    pub(crate) fn calls(&self) -> Vec<(String, bool)> {
        let log = fs::read_to_string(&self.log).unwrap();
        // The last line may be on its way.
        let log = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let call = |line: &str| {
            let told: Value = serde_json::from_str(line).unwrap();
            (told["operation"].as_str().unwrap().to_owned(), told["mutating"].as_bool().unwrap())
        };
        log.lines().map(call).collect()
    }

    /// Returns how often each call came that asks for a change.
    pub(crate) fn mutating(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for (operation, _) in self.calls().into_iter().filter(|(_, mutating)| *mutating) {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }

    /// Ends it as Ctrl-C would, so that the world is saved.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until a file is there, at most as long as a loaded machine may take to start a program.
pub(crate) fn wait_for(path: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        assert!(Instant::now() < deadline, "{} never came", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}
