//! `FunctionUrlConfig`: an HTTPS endpoint of the function.

use super::FunctionParts;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{is_intrinsic, may_be_intrinsic, reference};
use crate::node::{Map, Node, Text};
use crate::properties::{Shape, expect_map};

const CORS: &[(&str, Shape, &str)] = &[
    ("AllowOrigins", Shape::List, "list"),
    ("AllowMethods", Shape::List, "list"),
    ("AllowCredentials", Shape::Boolean, "bool"),
    ("AllowHeaders", Shape::List, "list"),
    ("ExposeHeaders", Shape::List, "list"),
    ("MaxAge", Shape::Integer, "int"),
];

pub(crate) fn function_url(parts: &FunctionParts<'_>, given: &Node, alias: Option<&Text>) -> Result<Vec<Generated>> {
    let id = parts.id;
    let config = expect_map(id, given, "FunctionUrlConfig")?;
    let auth = config.present("AuthType");
    // Observed: a computed configuration passes, and nothing of it comes out.
    let known = is_intrinsic(given)
        || auth.is_some_and(|auth| may_be_intrinsic(auth) || matches!(auth.as_str(), Some("AWS_IAM" | "NONE")));
    if !known {
        return Err(Fault::resource(
            id,
            "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.",
        ));
    }
    validate_cors(id, config)?;
    let mut url = Generated::new(id.with("Url"), "AWS::Lambda::Url").with_attributes(parts.attributes);
    url.set("AuthType", auth);
    url.copy(config, &["Cors", "InvokeMode"]);
    let target = match alias {
        Some(alias) => reference(super::version::alias_id(id, alias)),
        None => reference(id),
    };
    url.put("TargetFunctionArn", target.clone());
    let mut made = Vec::new();
    if auth.and_then(Node::as_str) == Some("NONE") {
        made.push(public_permission(
            parts,
            "UrlPublicPermissions",
            "lambda:InvokeFunctionUrl",
            ("FunctionUrlAuthType", auth.cloned()),
            target.clone(),
        ));
        made.push(public_permission(
            parts,
            "URLInvokeAllowPublicAccess",
            "lambda:InvokeFunction",
            ("InvokedViaFunctionUrl", Some(Node::Bool(true))),
            target,
        ));
    }
    made.insert(0, url);
    Ok(made)
}

fn public_permission(
    parts: &FunctionParts<'_>,
    suffix: &str,
    action: &str,
    extra: (&str, Option<Node>),
    function_name: Node,
) -> Generated {
    let mut permission =
        Generated::new(parts.id.with(suffix), "AWS::Lambda::Permission").with_attributes(parts.attributes);
    permission.put("Action", action);
    permission.put("FunctionName", function_name);
    permission.put("Principal", "*");
    permission.set(extra.0, extra.1);
    permission
}

fn validate_cors(id: &Text, config: &Map) -> Result<()> {
    let Some(cors) = config.present("Cors") else { return Ok(()) };
    if may_be_intrinsic(cors) && !cors.as_map().is_some_and(|map| CORS.iter().any(|(name, ..)| map.contains(name))) {
        return Ok(());
    }
    let Node::Map(cors) = cors else {
        return Err(Fault::resource(
            id,
            "Invalid type for cors attribute of property `FunctionUrlConfig`. Cors attribute must be a dict.",
        ));
    };
    for (name, value) in cors.iter() {
        let Some((_, shape, type_name)) = CORS.iter().find(|(known, ..)| *known == name.as_str()) else {
            return Err(Fault::resource(id, format!("{name} is not a valid property for configuring Cors.")));
        };
        let fits = match shape {
            Shape::List => value.as_list().is_some(),
            Shape::Boolean => value.as_bool().is_some(),
            Shape::Any
            | Shape::Text
            | Shape::Integer
            | Shape::Map
            | Shape::TextOrMap
            | Shape::TextOrTexts
            | Shape::MapOrBoolean
            | Shape::MapOrMaps
            | Shape::Texts
            | Shape::TextsOrMaps
            | Shape::Maps
            | Shape::TextsByName
            | Shape::Policies => value.as_integer().is_some(),
        };
        if !may_be_intrinsic(value) && !fits {
            return Err(Fault::resource(id, format!("{name} must be of type {type_name}.")));
        }
    }
    Ok(())
}
