//! Where a function's code comes from: `InlineCode`, `CodeUri`, `ImageUri`; the same forms serve layers and definitions.

use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, map};

/// Checks that the properties fit the package type.
pub(crate) fn validate_package(id: &Text, properties: &Map) -> Result<()> {
    let has = |key: &str| properties.truthy(key).is_some();
    let package = properties.str("PackageType");
    match package {
        Some("Image") => {
            if has("Handler") || has("Runtime") || has("Layers") {
                return Err(Fault::resource(
                    id,
                    "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`.",
                ));
            }
            Ok(())
        }
        None | Some("Zip") => {
            if package.is_none() && (has("ImageUri") || has("ImageConfig")) && !has("CodeUri") && !has("InlineCode") {
                return Ok(());
            }
            if properties.present("PackageType").is_none() || package.is_some() {
                if !has("Runtime") || !has("Handler") {
                    return Err(Fault::resource(
                        id,
                        "Runtime and Handler needs to be present when PackageType is of type `Zip`",
                    ));
                }
                if has("ImageUri") || has("ImageConfig") {
                    return Err(Fault::resource(
                        id,
                        "ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`",
                    ));
                }
            }
            Ok(())
        }
        Some(_other) => Ok(()),
    }
}

/// The `Code` property of the Lambda function.
pub(crate) fn code(id: &Text, properties: &Map) -> Result<Node> {
    let key_arn = properties.present("SourceKMSKeyArn");
    if let Some(inline) = properties.present("InlineCode") {
        return Ok(Node::Map(map! {"ZipFile" => inline}));
    }
    if let Some(uri) = properties.present("CodeUri").filter(|uri| uri.as_str() != Some("")) {
        if uri.as_str().is_some_and(|uri| uri.contains("{{resolve:")) {
            return Err(Fault::resource(
                id,
                "Unsupported dynamic reference detected in 'CodeUri'. Please consider using alternative 'FunctionCode' \
                 object format.",
            ));
        }
        let mut code = s3_location(id, "CodeUri", uri)?.into_map("S3Bucket", "S3Key", "S3ObjectVersion");
        code.set("SourceKMSKeyArn", key_arn);
        return Ok(Node::Map(code));
    }
    if let Some(uri) = properties.present("ImageUri") {
        return Ok(Node::Map(map! {"ImageUri" => uri}));
    }
    if properties.str("PackageType") == Some("Image") {
        return Err(Fault::resource(id, "'ImageUri' must be set."));
    }
    Err(Fault::resource(id, "Only one of 'InlineCode' or 'CodeUri' can be set."))
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

fn parse_s3_uri(uri: &Text) -> Option<S3Location> {
    let rest = uri.strip_prefix("s3://")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, key) = path.split_once('/')?;
    let key = key.trim_matches('/');
    if bucket.is_empty() || key.is_empty() {
        return None;
    }
    let mut version = None;
    for pair in query.split('&') {
        if let Some(value) = pair.strip_prefix("versionId=")
            && !value.is_empty()
        {
            version = Some(Node::Text(uri.like(value)));
        }
    }
    Some(S3Location { bucket: Node::Text(uri.like(bucket)), key: Node::Text(uri.like(key)), version })
}
