//! Where a function's code comes from: `InlineCode`, `CodeUri`, `ImageUri`; the same forms serve layers and definitions.

use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, map};
use crate::python;

/// The `Code` property of the Lambda function, which must fit the package type.
///
/// # Errors
/// A fault for code that is missing or of a wrong form, and for properties that the package type excludes.
pub(crate) fn code(id: &Text, properties: &Map) -> Result<Node> {
    let fault = |message: &str| Fault::resource(id, message);
    let has = |key: &str| properties.truthy(key).is_some();
    match properties.truthy("PackageType").map(python::display).as_deref() {
        None | Some("Zip") => {
            let code = zip_code(id, properties)?;
            if !has("Runtime") || !has("Handler") {
                return Err(fault("Runtime and Handler needs to be present when PackageType is of type `Zip`"));
            }
            if has("ImageConfig") {
                return Err(fault("ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`"));
            }
            Ok(code)
        }
        Some("Image") => {
            let Some(uri) = properties.present("ImageUri") else { return Err(fault("'ImageUri' must be set.")) };
            if !uri.truthy() || (uri.as_text().is_none() && uri.as_map().is_none()) {
                return Err(fault("'ImageUri' requires that a image hosted at a registry be specified."));
            }
            if has("Handler") || has("Runtime") || has("Layers") {
                return Err(fault("Runtime, Handler, Layers cannot be present when PackageType is of type `Image`"));
            }
            Ok(Node::Map(map! {"ImageUri" => uri}))
        }
        Some(other) => Err(fault(&format!("invalid 'PackageType' : {other}"))),
    }
}

fn zip_code(id: &Text, properties: &Map) -> Result<Node> {
    let mut code = match (properties.present("InlineCode"), properties.present("CodeUri")) {
        (Some(inline), _) => map! {"ZipFile" => inline},
        (None, Some(uri)) => code_location(id, "CodeUri", uri)?,
        (None, None) => return Err(Fault::resource(id, "Only one of 'InlineCode' or 'CodeUri' can be set.")),
    };
    code.set("SourceKMSKeyArn", properties.truthy("SourceKMSKeyArn"));
    Ok(Node::Map(code))
}

/// The location of a function's or layer's code.
///
/// # Errors
/// Besides those of [`s3_location`], a dynamic reference with a path: its slashes would be taken for those of the address.
pub(crate) fn code_location(id: &Text, name: &str, uri: &Node) -> Result<Map> {
    if uri.as_str().is_some_and(has_path_in_dynamic_reference) {
        return Err(Fault::resource(
            id,
            format!(
                "Unsupported dynamic reference detected in '{name}'. Please consider using alternative 'FunctionCode' object \
                 format."
            ),
        ));
    }
    Ok(s3_location(id, name, uri)?.into_map("S3Bucket", "S3Key", "S3ObjectVersion"))
}

/// Whether there is a `{{resolve:service:name/with/slashes}}`.
fn has_path_in_dynamic_reference(uri: &str) -> bool {
    uri.split("{{resolve:").skip(1).filter_map(|rest| rest.split_once("}}")).any(|(reference, _)| {
        reference.split_once(':').is_some_and(|(service, name)| !service.contains('/') && name.contains('/'))
    })
}

/// An object in S3.
#[derive(Debug)]
pub(crate) struct S3Location {
    bucket: Node,
    key: Node,
    version: Option<Node>,
}

impl S3Location {
    pub(crate) fn into_map(self, bucket: &str, key: &str, version: &str) -> Map {
        let mut location = Map::new();
        location.insert(bucket, self.bucket);
        location.insert(key, self.key);
        location.set(version, self.version);
        location
    }
}

/// Reads `s3://bucket/key?versionId=v` or `{Bucket, Key, Version}`.
pub(crate) fn s3_location(id: &Text, name: &str, value: &Node) -> Result<S3Location> {
    match value {
        Node::Map(parts) => {
            let (Some(bucket), Some(key)) = (parts.truthy("Bucket"), parts.truthy("Key")) else {
                return Err(Fault::resource(id, format!("'{name}' requires Bucket and Key properties to be specified.")));
            };
            Ok(S3Location { bucket: bucket.clone(), key: key.clone(), version: parts.present("Version").cloned() })
        }
        Node::Text(uri) => parse_s3_uri(uri).ok_or_else(|| {
            Fault::resource(
                id,
                format!(
                    "'{name}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter."
                ),
            )
        }),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => {
            Err(Fault::resource(id, format!("'{name}' must be of type dict or string.")))
        }
    }
}

/// Reads the address as URLs are read: what follows `#` is no part of it, and one version counts, two do not.
fn parse_s3_uri(uri: &Text) -> Option<S3Location> {
    let (scheme, rest) = uri.trim_start().split_once("://")?;
    if !scheme.eq_ignore_ascii_case("s3") {
        return None;
    }
    let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, key) = path.split_once('/')?;
    let key = key.trim_start_matches('/');
    if bucket.is_empty() || key.is_empty() {
        return None;
    }
    let mut versions =
        query.split('&').filter_map(|pair| pair.strip_prefix("versionId=")).filter(|version| !version.is_empty());
    let version = versions.next().filter(|_| versions.next().is_none());
    let version = version.map(|version| Node::Text(uri.like(version)));
    Some(S3Location { bucket: Node::Text(uri.like(bucket)), key: Node::Text(uri.like(key)), version })
}
