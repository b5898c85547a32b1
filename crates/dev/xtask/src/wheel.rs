//! Packages of PyPI: downloads a pinned wheel with pip and opens it.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

/// Opens the wheel that is given, or the one of this version.
pub(crate) fn open(package: &str, version: &str, given: Option<&Path>) -> anyhow::Result<ZipArchive<File>> {
    ZipArchive::new(file(package, version, given)?).context("the wheel is not a zip archive")
}

/// As [`open`], and compares the wheel's SHA-256 digest.
pub(crate) fn open_checked(
    package: &str,
    version: &str,
    sha256: &str,
    given: Option<&Path>,
) -> anyhow::Result<ZipArchive<File>> {
    let mut file = file(package, version, given)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    file.rewind()?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(digest == sha256, "the wheel of {package} {version} has the digest {digest}, not {sha256}");
    ZipArchive::new(file).context("the wheel is not a zip archive")
}

fn file(package: &str, version: &str, given: Option<&Path>) -> anyhow::Result<File> {
    match given {
        Some(wheel) => File::open(wheel).with_context(|| format!("cannot read {}", wheel.display())),
        None => download(package, version),
    }
}

fn download(package: &str, version: &str) -> anyhow::Result<File> {
    let folder = tempfile::tempdir()?;
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(folder.path())
        .arg(format!("{package}=={version}"))
        .status()
        .context("cannot start python3 (pip downloads packages)")?;
    ensure!(status.success(), "pip could not download {package} {version}");
    let wheel = std::fs::read_dir(folder.path())?.next().context("pip downloaded nothing")??;
    // The folder is removed on return; the open file stays readable.
    Ok(File::open(wheel.path())?)
}
