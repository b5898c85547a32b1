//! The template as it is sent: local code replaced by where the artifact lies; and the capabilities it needs.

use serde_json::{Value, json};
use stackfleet_base::AccountId;
use stackfleet_template::Template;

use crate::artifacts::Artifact;

/// A place that the template does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template has no {place}")]
pub struct NoSuchPlace {
    /// The place, as a JSON pointer.
    pub place: String,
}

/// Returns the template's text with every local code reference replaced by the artifact's bucket and key; all else stays
/// as written.
///
/// # Errors
/// When an artifact belongs to a place that the template does not have.
pub fn package<'a>(
    text: &str,
    template: &Template,
    artifacts: impl IntoIterator<Item = &'a Artifact>,
    management: &AccountId,
) -> Result<String, NoSuchPlace> {
    let mut edits = Vec::new();
    for artifact in artifacts {
        let pointer = pointer(&artifact.place);
        let no_place = || NoSuchPlace { place: pointer.clone() };
        template.value().pointer(&pointer).ok_or_else(no_place)?;
        let span = template.span(&pointer).ok_or_else(no_place)?;
        let location = location(template, artifact, management).to_string();
        edits.push((span.start, span.end, location));
    }
    edits.sort();
    let mut packaged = text.to_owned();
    for (start, end, location) in edits.into_iter().rev() {
        // JSON is YAML, so the flow mapping fits a template in either language.
        let written = packaged.get(start..end).unwrap_or_default();
        let kept = written.len() - written.trim_end().len();
        packaged.replace_range(start..end.saturating_sub(kept), &location);
    }
    Ok(packaged)
}

fn pointer(place: &[String]) -> String {
    place.iter().fold(String::new(), |pointer, key| pointer + "/" + &key.replace('~', "~0").replace('/', "~1"))
}

/// One template serves all regions, and Lambda takes code only from a bucket of its own region: the name is completed
/// in the target.
fn location(template: &Template, artifact: &Artifact, management: &AccountId) -> Value {
    let bucket = json!({"Fn::Sub": format!("stackfleet-artifacts-{management}-${{AWS::Region}}")});
    let resource = artifact.place.get(1).and_then(|name| template.resource(name));
    let plain_lambda = resource.is_some_and(|resource| resource.type_name().starts_with("AWS::Lambda::"));
    if plain_lambda {
        json!({"S3Bucket": bucket, "S3Key": artifact.key()})
    } else {
        json!({"Bucket": bucket, "Key": artifact.key()})
    }
}

/// IAM types that need an acknowledgement, with the property that gives a name of the user's choice
/// ("Acknowledging IAM resources in CloudFormation templates").
const IAM_TYPES: [(&str, Option<&str>); 9] = [
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
    ("AWS::CloudFormation::Stack", None),
];

/// Returns the capabilities that a template needs, what its transforms will add included.
#[must_use]
pub fn capabilities(template: &Template) -> std::collections::BTreeSet<String> {
    let (mut iam, mut named) = (false, false);
    for resource in template.resources() {
        let known = IAM_TYPES.iter().find(|(name, _)| *name == resource.type_name());
        if let Some((_, property)) = known {
            iam = true;
            let has = |property| resource.properties().is_some_and(|properties| properties.contains_key(property));
            named |= property.is_some_and(has) || resource.type_name() == "AWS::CloudFormation::Stack";
        }
        // SAM makes roles for functions, state machines and the schedules that start them.
        iam |= resource.type_name().starts_with("AWS::Serverless::");
    }
    let macros = template.has_open_transforms() || !template.transforms().is_empty();
    let nested = template.resources().any(|resource| resource.type_name() == "AWS::CloudFormation::Stack");
    let mut needed = std::collections::BTreeSet::new();
    if named {
        needed.insert("CAPABILITY_NAMED_IAM".to_owned());
    } else if iam {
        needed.insert("CAPABILITY_IAM".to_owned());
    }
    if macros || nested {
        needed.insert("CAPABILITY_AUTO_EXPAND".to_owned());
    }
    needed
}
