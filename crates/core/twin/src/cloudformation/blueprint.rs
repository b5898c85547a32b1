//! Templates made ready: read, transformed where they must be, and looked through once for many stacks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use stackfleet_base::{Digest, Region};
use stackfleet_sam::{Environment, SamError};
use stackfleet_template::{Problem, Template};

/// The transform that the twin knows.
pub(crate) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";
/// The transform that needs no expansion here unless templates use `Fn::ForEach`.
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// Types that need `CAPABILITY_IAM`, with the property whose presence makes that `CAPABILITY_NAMED_IAM`.
const IAM_TYPES: [(&str, &str); 8] = [
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// A template ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Blueprint {
    /// The template after its transforms.
    pub(crate) template: Template,
    /// The transforms that it names.
    pub(crate) transforms: Vec<String>,
}

/// Blueprints that were made, by template and by what else they depend on. Not saved with the world: they are made
/// again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blueprints {
    read: BTreeMap<Digest, Result<Arc<Template>, Problem>>,
    ready: BTreeMap<(Digest, Digest), Result<Arc<Blueprint>, String>>,
}

impl Blueprints {
    /// Reads a template.
    ///
    /// # Errors
    /// The message of AWS's `ValidationError`.
    pub(crate) fn read(&mut self, digest: Digest, text: &str) -> Result<Arc<Template>, String> {
        let known = self.read.entry(digest).or_insert_with(|| stackfleet_template::read_body(text).map(Arc::new));
        known.clone().map_err(|problem| problem.message)
    }

    /// Makes a template ready for a region and parameter values.
    ///
    /// # Errors
    /// The message of AWS's `ValidationError`.
    pub(crate) fn ready(
        &mut self,
        digest: Digest,
        text: &str,
        region: &Region,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Arc<Blueprint>, String> {
        let template = self.read(digest, text)?;
        // Only a transform looks at where it runs and at values of parameters.
        let place = if template.has_open_transforms() {
            let values = parameters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
            Digest::of_parts([region.as_str()].into_iter().chain(values))
        } else {
            Digest::of("")
        };
        let make = || transform(&template, region, parameters).map(Arc::new);
        self.ready.entry((digest, place)).or_insert_with(make).clone()
    }
}

fn transform(template: &Template, region: &Region, parameters: &BTreeMap<String, String>) -> Result<Blueprint, String> {
    let transforms: Vec<String> = template.transforms().into_iter().map(str::to_owned).collect();
    if let Some(unknown) = transforms.iter().find(|name| !matches!(name.as_str(), SERVERLESS | LANGUAGE_EXTENSIONS)) {
        return Err(format!("No transform named {unknown} found."));
    }
    if !template.has_open_transforms() {
        return Ok(Blueprint { template: template.clone(), transforms });
    }
    if !transforms.iter().any(|name| name == SERVERLESS) {
        return Err("Fn::Transform and Fn::ForEach are unsupported by the twin".to_owned());
    }
    let mut environment = Environment::in_region(region.as_str());
    environment.parameters =
        parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let failed = |errors: Vec<SamError>| format!("Transform {SERVERLESS} failed with: {}", SamError::summary(&errors));
    let mut value = stackfleet_sam::transform(template.value(), &environment).map_err(failed)?;
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("Transform");
    }
    let template = Template::new(value);
    match template.problems().first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(Blueprint { template, transforms }),
    }
}

/// Returns the types of a template's resources.
pub(crate) fn types(template: &Template) -> BTreeSet<String> {
    template.resources().map(|resource| resource.type_name().to_owned()).collect()
}

/// Returns the capability that a template's IAM resources need, with the types that need it.
pub(crate) fn iam_capability(template: &Template) -> Option<(&'static str, Vec<String>)> {
    let mut found = BTreeSet::new();
    let mut named = false;
    for resource in template.resources() {
        let Some((kind, name)) = IAM_TYPES.iter().find(|(kind, _)| *kind == resource.type_name()) else { continue };
        found.insert((*kind).to_owned());
        named |= !name.is_empty() && resource.properties().is_some_and(|properties| properties.contains_key(*name));
    }
    let capability = if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    (!found.is_empty()).then(|| (capability, found.into_iter().collect()))
}

/// Returns what must be acknowledged and was not, in AWS's order.
pub(crate) fn missing_capabilities(
    template: &Template,
    blueprint: Option<&Blueprint>,
    given: &[String],
) -> Vec<&'static str> {
    let given = |capability: &str| given.iter().any(|given| given == capability);
    let mut missing = Vec::new();
    match iam_capability(blueprint.map_or(template, |blueprint| &blueprint.template)) {
        Some(("CAPABILITY_IAM", _)) if !given("CAPABILITY_IAM") && !given("CAPABILITY_NAMED_IAM") => {
            missing.push("CAPABILITY_IAM");
        }
        Some(("CAPABILITY_NAMED_IAM", _)) if !given("CAPABILITY_NAMED_IAM") => missing.push("CAPABILITY_NAMED_IAM"),
        Some(_) | None => {}
    }
    if (!template.transforms().is_empty() || template.has_open_transforms()) && !given("CAPABILITY_AUTO_EXPAND") {
        missing.push("CAPABILITY_AUTO_EXPAND");
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_follow_what_a_template_holds() {
        let read = |text: &str| stackfleet_template::read_body(text).unwrap();
        let plain = read("Resources: { R: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } } }");
        assert_eq!(missing_capabilities(&plain, None, &[]), ["CAPABILITY_IAM"]);
        assert!(missing_capabilities(&plain, None, &["CAPABILITY_NAMED_IAM".to_owned()]).is_empty());
        let named = read("Resources: { R: { Type: AWS::IAM::Role, Properties: { RoleName: x } } }");
        assert_eq!(missing_capabilities(&named, None, &["CAPABILITY_IAM".to_owned()]), ["CAPABILITY_NAMED_IAM"]);
        let sam = read("Transform: AWS::Serverless-2016-10-31\nResources: { F: { Type: AWS::Serverless::Function } }");
        assert_eq!(missing_capabilities(&sam, None, &[]), ["CAPABILITY_AUTO_EXPAND"]);
    }

    #[test]
    fn a_serverless_template_is_expanded_once_for_each_region_and_set_of_values() {
        let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { Runtime: python3.13, Handler: a.b, InlineCode: x }
";
        let mut blueprints = Blueprints::default();
        let region: Region = "eu-west-1".parse().unwrap();
        let none = BTreeMap::new();
        let first = blueprints.ready(Digest::of(text), text, &region, &none).unwrap();
        let again = blueprints.ready(Digest::of(text), text, &region, &none).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(types(&first.template).into_iter().collect::<Vec<_>>(), ["AWS::IAM::Role", "AWS::Lambda::Function"]);
    }

    #[test]
    fn unknown_macros_are_refused() {
        let text = "Transform: Mine\nResources: { F: { Type: AWS::SNS::Topic } }";
        let region: Region = "eu-west-1".parse().unwrap();
        let refused = Blueprints::default().ready(Digest::of(text), text, &region, &BTreeMap::new());
        assert_eq!(refused.unwrap_err(), "No transform named Mine found.");
    }
}
