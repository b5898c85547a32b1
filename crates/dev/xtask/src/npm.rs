//! Packages of npm: installs a pinned package with npm, which compares it with the digest that is given.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A package with its version and the digest of its archive, as a lock file names them.
pub(crate) struct Pin {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// `sha512-` and the digest in base64.
    pub(crate) integrity: &'static str,
}

/// The folder of an installed package, and the temporary one around it.
pub(crate) struct Installed {
    pub(crate) folder: PathBuf,
    _around: TempDir,
}

/// Installs the package into a temporary folder. Nothing of it runs.
pub(crate) fn install(pin: &Pin) -> anyhow::Result<Installed> {
    let around = tempfile::tempdir()?;
    let write = |name: &str, content: Value| std::fs::write(around.path().join(name), content.to_string());
    let place = format!("node_modules/{}", pin.name);
    let root = json!({ "name": "facts", "version": "1.0.0", "dependencies": { pin.name: pin.version } });
    let package = json!({ "version": pin.version, "integrity": pin.integrity });
    write(
        "package-lock.json",
        json!({ "name": "facts", "version": "1.0.0", "lockfileVersion": 3, "packages": { "": root, &place: package } }),
    )?;
    write("package.json", root)?;
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(around.path())
        .stdout(std::process::Stdio::null())
        .status()
        .context("cannot start npm")?;
    ensure!(status.success(), "npm could not install {} {}", pin.name, pin.version);
    Ok(Installed { folder: around.path().join(place), _around: around })
}

/// Tells whether the folder holds this version of the package.
pub(crate) fn check(pin: &Pin, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("package.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let package: Value = serde_json::from_str(&text)?;
    let is = |field: &str, wanted: &str| package.get(field).and_then(Value::as_str) == Some(wanted);
    ensure!(
        is("name", pin.name) && is("version", pin.version),
        "{} is not {} {}",
        folder.display(),
        pin.name,
        pin.version
    );
    Ok(())
}
