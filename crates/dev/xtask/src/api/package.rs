//! The PyPI package botocore: reads the models of the listed services from it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context;
use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::Selection;
use super::model::Model;
use crate::wheel;

/// Returns the model of each listed service.
pub(super) fn read_models(selection: &Selection, wheel: Option<&Path>) -> anyhow::Result<BTreeMap<String, Model>> {
    let mut archive = wheel::open("botocore", &selection.botocore, wheel)?;
    selection.services.keys().map(|service| Ok((service.clone(), read_model(&mut archive, service)?))).collect()
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
