//! The template as it is sent: local code replaced by where the artifact lies; and the capabilities it needs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stackfleet_base::AccountId;
use stackfleet_template::{Capability, Template, apply_edits};

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
        edits.push(template.replace(text, &pointer, &location(template, artifact, management)).ok_or_else(no_place)?);
    }
    // Edits of one artifact each never overlap, unless two artifacts name one place.
    apply_edits(text, &edits).ok_or_else(|| NoSuchPlace { place: "place that takes two artifacts".to_owned() })
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

/// Returns the capabilities that a template needs, what its transforms will add included.
#[must_use]
pub fn capabilities(template: &Template) -> BTreeSet<String> {
    let mut needed: BTreeSet<Capability> =
        stackfleet_template::capabilities(template).into_iter().map(|need| need.capability).collect();
    for resource in template.resources() {
        // SAM makes roles for functions, state machines and the schedules that start them.
        if resource.type_name().starts_with("AWS::Serverless::") {
            needed.insert(Capability::Iam);
        }
        // What a nested stack needs is not known here.
        if resource.type_name() == "AWS::CloudFormation::Stack" {
            needed.extend([Capability::NamedIam, Capability::AutoExpand]);
        }
    }
    if template.has_open_transforms() {
        needed.insert(Capability::AutoExpand);
    }
    if needed.contains(&Capability::NamedIam) {
        needed.remove(&Capability::Iam);
    }
    needed.into_iter().map(|capability| capability.as_str().to_owned()).collect()
}
