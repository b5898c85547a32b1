//! The PyPI package: downloads the pinned wheel with pip and reads the models of the listed services from it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::Selection;
use super::model::Model;

/// Returns the model of each listed service.
pub(super) fn read_models(selection: &Selection, wheel: Option<&Path>) -> anyhow::Result<BTreeMap<String, Model>> {
    let folder = tempfile::tempdir()?;
    let wheel = match wheel {
        Some(wheel) => wheel.to_owned(),
        None => download(&selection.botocore, folder.path())?,
    };
    let mut archive = ZipArchive::new(File::open(&wheel)?).context("the wheel is not a zip archive")?;
    selection.services.keys().map(|service| Ok((service.clone(), read_model(&mut archive, service)?))).collect()
}

fn download(version: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(folder)
        .arg(format!("botocore=={version}"))
        .status()
        .context("cannot start python3 (pip downloads the models)")?;
    ensure!(status.success(), "pip could not download botocore {version}");
    let wheel = std::fs::read_dir(folder)?.next().context("pip downloaded nothing")??;
    Ok(wheel.path())
}

/// Reads the newest version of a service's model.
fn read_model(archive: &mut ZipArchive<File>, service: &str) -> anyhow::Result<Model> {
    let prefix = format!("botocore/data/{service}/");
    let name = archive
        .file_names()
        .filter_map(Result::ok)
        .filter(|name| name.starts_with(&prefix) && name.ends_with("/service-2.json.gz"))
        .max()
        .with_context(|| format!("the package has no model of {service}"))?
        .into_owned();
    let mut text = String::new();
    GzDecoder::new(archive.by_name(&name)?).read_to_string(&mut text)?;
    serde_json::from_str(&text).with_context(|| format!("{name} is not as expected"))
}
