//! Packages of PyPI: downloads a pinned wheel with pip and opens it.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use zip::ZipArchive;

/// Opens the wheel that is given, or the one of this version.
pub(crate) fn open(package: &str, version: &str, given: Option<&Path>) -> anyhow::Result<ZipArchive<File>> {
    let file = match given {
        Some(wheel) => File::open(wheel).with_context(|| format!("cannot read {}", wheel.display()))?,
        None => download(package, version)?,
    };
    ZipArchive::new(file).context("the wheel is not a zip archive")
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
