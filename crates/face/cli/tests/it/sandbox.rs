//! A folder and an environment of its own for each test, and the programs that run in it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder that is also the home.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Checks how it ended; returns itself.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Reads standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }

    /// Checks that both streams together say all of these.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            let said = self.out.contains(text) || self.err.contains(text);
            assert!(said, "`{text}` is not said\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        }
        self
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Copies the example into the folder `below`.
    pub(crate) fn example(&self, below: &str) -> PathBuf {
        let target = self.path(below);
        copy(&example(), &target);
        target
    }

    /// Replaces a text in a file; it has to be there.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Prepares a program with nothing of the environment but where programs are found.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Prepares the program under test.
    pub(crate) fn stackfleet(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_stackfleet"));
        command.args(arguments);
        command
    }

    /// Runs the program under test.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(&mut self.stackfleet(arguments))
    }

    /// Returns the interpreter if it has this module; says that the test is skipped if not.
    pub(crate) fn python_with(&self, module: &str) -> Option<String> {
        let python = std::env::var("STACKFLEET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = self.command(&python);
        let there = command.args(["-c", &format!("import {module}")]).stdout(Stdio::null()).stderr(Stdio::null());
        let there = there.status().is_ok_and(|status| status.success());
        if !there {
            eprintln!("SKIPPED: {python} has no {module} (STACKFLEET_PYTHON names an interpreter)");
        }
        there.then_some(python)
    }

    /// Tells whether a program can be run; says that the test is skipped if not.
    pub(crate) fn has(&self, program: &str) -> bool {
        let mut command = self.command(program);
        let there = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        let there = there.status().is_ok_and(|status| status.success());
        if !there {
            eprintln!("SKIPPED: there is no `{program}`");
        }
        there
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The example that the README speaks of.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/source")
}

/// A script beside the tests.
pub(crate) fn script(name: &str) -> String {
    format!("{}/tests/scripts/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
