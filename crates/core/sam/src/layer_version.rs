//! `AWS::Serverless::LayerVersion`: a layer whose logical id changes with what it says.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::function::code_location;
use crate::generated::Generated;
use crate::intrinsics::may_be_intrinsic;
use crate::node::{Map, Node, Text, map};
use crate::properties::{Shape, Specification, check, free, optional, required, should_be, text};
use crate::python;

const KIND: &str = "AWS::Serverless::LayerVersion";

const PROPERTIES: Specification = &[
    optional("LayerName", Shape::TextOrMap),
    text("Description"),
    optional("PublishLambdaVersion", Shape::Boolean),
    required("ContentUri", Shape::TextOrMap),
    optional("CompatibleArchitectures", Shape::List),
    optional("CompatibleRuntimes", Shape::List),
    text("LicenseInfo"),
    free("RetentionPolicy"),
];

pub(crate) fn expand(context: &mut Context<'_>, id: &Text, resource: &Map) -> Result<Vec<Generated>> {
    let empty = Map::new();
    let given = resource.map("Properties").unwrap_or(&empty);
    check(id, KIND, given, PROPERTIES)?;
    // Texts that the id depends on are resolved in place, so they come out resolved.
    let mut properties = Map::new();
    for (key, value) in given.iter() {
        properties.set(key.clone(), (!value.is_null()).then_some(value));
    }
    for key in ["LayerName", "Description", "RetentionPolicy", "LicenseInfo"] {
        let Some(value) = properties.get_mut(key) else { continue };
        if matches!(value, Node::Map(_)) {
            let mut resolved = value.clone();
            context.resolve_all(&mut resolved)?;
            if resolved.as_list().is_none() {
                *value = resolved;
            }
        }
    }
    let retention = retention(id, properties.present("RetentionPolicy"))?;
    let mut hashed = map! {"Type" => KIND, "Properties" => properties.clone()};
    for key in ["Condition", "DependsOn", "UpdatePolicy"] {
        hashed.set(key, resource.get(key));
    }
    let hashed = map! {id.clone() => hashed};
    let new_id = id.with(&python::id_suffix(&Node::Map(hashed)));
    context.renames.insert(id.to_string(), new_id.clone());

    let mut layer = Generated::new(new_id, "AWS::Lambda::LayerVersion");
    for key in ["Condition", "DependsOn", "UpdateReplacePolicy"] {
        layer.attributes.set(key, resource.get(key));
    }
    let policy = retention.or_else(|| resource.get("DeletionPolicy").cloned()).unwrap_or_else(|| "Retain".into());
    layer.attributes.insert("DeletionPolicy", policy);
    layer.put("LayerName", properties.truthy("LayerName").cloned().unwrap_or_else(|| Node::from(id)));
    if let Some(uri) = properties.present("ContentUri") {
        layer.put("Content", code_location(&layer.id.clone(), "ContentUri", uri)?);
    }
    check_architectures(&layer.id, properties.present("CompatibleArchitectures"))?;
    layer.copy(&properties, &["CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo"]);
    Ok(vec![layer])
}

fn check_architectures(id: &Text, given: Option<&Node>) -> Result<()> {
    let known = |one: &Node| may_be_intrinsic(one) || matches!(one.as_str(), Some("x86_64" | "arm64"));
    match given.and_then(Node::as_list) {
        Some(architectures) if !architectures.iter().all(known) => {
            Err(Fault::resource(id, "CompatibleArchitectures needs to be a list of 'x86_64' or 'arm64'"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The deletion policy that `RetentionPolicy` asks for.
fn retention(id: &Text, policy: Option<&Node>) -> Result<Option<Node>> {
    let Some(policy) = policy else { return Ok(None) };
    let wrong = "'RetentionPolicy' must be one of the following options: ['Retain', 'Delete'].";
    if may_be_intrinsic(policy) {
        return Err(Fault::resource(
            id,
            "'RetentionPolicy' does not accept intrinsic functions, please use one of the following options: ['Retain', \
             'Delete']",
        ));
    }
    let Some(policy) = policy.as_str() else {
        return Err(Fault::resource(id, should_be("RetentionPolicy", "a string")));
    };
    match Some(policy.to_lowercase()).as_deref() {
        Some("retain") => Ok(Some("Retain".into())),
        Some("delete") => Ok(Some("Delete".into())),
        Some(_) | None => Err(Fault::resource(id, wrong)),
    }
}
