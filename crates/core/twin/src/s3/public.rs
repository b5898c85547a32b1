//! What S3 says of a bucket policy as a text: whether it is public, and whether it speaks of another bucket.

use serde_json::Value;

/// Condition keys that tie a policy to somebody in particular, by S3's definition of "public".
const LIMITING: [&str; 12] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceip",
    "aws:userid",
    "s3:dataaccesspointarn",
];

/// Returns whether a statement allows everybody something, with no condition that names somebody.
///
/// S3 also looks at the values (a wildcard in `aws:PrincipalOrgID` does not limit); so does this, for wildcards at the
/// start of a value.
pub(crate) fn is_public(text: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return false };
    statements(&document).any(|statement| {
        let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        allows && everybody(statement.get("Principal")) && !limited(statement.get("Condition"))
    })
}

/// Returns the first resource that is neither `bucket` (an ARN) nor something in it.
pub(super) fn foreign_resource(text: &str, bucket: &str) -> Option<String> {
    let document = serde_json::from_str::<Value>(text).ok()?;
    let mut named = statements(&document).flat_map(|statement| texts(statement.get("Resource")));
    let inside = |resource: &str| {
        let fits = resource.strip_prefix(bucket).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // A wildcard in the bucket's name may still mean this bucket.
        fits || resource.split('/').next().is_some_and(|name| name.contains(['*', '?', '$']))
    };
    named.find(|resource| !inside(resource)).map(ToOwned::to_owned)
}

fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter(),
        Some(single) => std::slice::from_ref(single).iter(),
        None => [].iter(),
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn everybody(principal: Option<&Value>) -> bool {
    match principal {
        Some(Value::String(text)) => text == "*",
        Some(Value::Object(kinds)) => texts(kinds.get("AWS")).contains(&"*"),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => false,
    }
}

fn limited(condition: Option<&Value>) -> bool {
    let Some(Value::Object(operators)) = condition else { return false };
    operators.iter().filter_map(|(operator, keys)| Some((operator, keys.as_object()?))).any(|(operator, keys)| {
        let positive = !operator.contains("Not") && !operator.ends_with("IfExists") && operator != "Null";
        positive
            && keys.iter().any(|(key, values)| {
                let fixed = texts(Some(values)).iter().all(|value| !value.starts_with('*'));
                fixed && LIMITING.contains(&key.to_ascii_lowercase().as_str())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_for_the_organization_is_not_public() {
        let with = |condition: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"{condition}}}}}"#
            )
        };
        assert!(is_public(&with("")));
        assert!(!is_public(&with(r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#)));
        assert!(is_public(&with(r#","Condition":{"StringLike":{"aws:PrincipalOrgID":"*"}}"#)));
        assert!(is_public(&with(r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#)));
    }
}
