//! Compares the resources of a template with what AWS says about their types.
//!
//! A template comes in as a value with functions in long form; problems name their places by JSON pointers, so that
//! whoever has the text can show them. What a function gives is not known before deployment: nothing is said about it but
//! where its kind alone is wrong; the branches of `Fn::If` are checked both.
//!
//! An **error** is what CloudFormation or the service refuses: a property that does not exist, one that is missing, a value of a
//! wrong kind. What AWS might have changed since the facts were collected, and what schemas are known to get wrong
//! (patterns, lengths, combinations), is a **warning**.

mod attributes;
mod checker;
mod function;
mod object;
mod pattern;
mod place;
mod value;

use serde_json::{Map, Value};
use stackfleet_base::{Region, Severity, suggest};

use crate::catalog::{Availability, Catalog};
use crate::resource::ResourceType;
use checker::{Checker, Found};
use place::Place;

/// A type that does not exist.
const UNKNOWN_TYPE: &str = "RES001";
/// A type that a region does not have.
const NOT_IN_REGION: &str = "RES002";
/// A property that does not exist.
const UNKNOWN_PROPERTY: &str = "RES003";
/// A property that must be there is missing.
const MISSING: &str = "RES004";
/// A value of a wrong kind.
const WRONG_KIND: &str = "RES005";
/// A value that is not among the possible ones.
const NOT_LISTED: &str = "RES006";
/// Too small, too large, too few, too many.
const OUT_OF_BOUNDS: &str = "RES007";
/// A text that does not have the form it should.
const PATTERN: &str = "RES008";
/// A property that only AWS sets.
const READ_ONLY: &str = "RES009";
/// Properties that do not go together, or not without each other.
const COMBINATION: &str = "RES010";
/// Members of a list that should differ.
const DUPLICATE: &str = "RES011";
/// An attribute that resources of the type do not have.
const NO_ATTRIBUTE: &str = "RES012";
/// A type that AWS winds down.
const WOUND_DOWN: &str = "RES013";

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code such as `RES003`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// A JSON pointer into the template.
    pub pointer: String,
    /// Whether the member's key is to blame rather than its value.
    pub on_key: bool,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// What to write instead of the key or the text, where that is likely.
    pub replacement: Option<String>,
}

/// Transforms that leave resources of other types as they are.
const HARMLESS_TRANSFORMS: [&str; 3] =
    ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::CodeDeployBlueGreen"];

/// Checks all resources of a template, as it will be deployed to `regions`.
///
/// Nothing is said about a template that a macro may change, nor about types that are not AWS's or are the SAM
/// transform's.
#[must_use]
pub fn template(catalog: &Catalog<'_>, template: &Value, regions: &[Region]) -> Vec<Problem> {
    if transforms(template).any(|name| !name.is_some_and(|name| HARMLESS_TRANSFORMS.contains(&name))) {
        return Vec::new();
    }
    let mut checker = Checker::default();
    let Some(resources) = template.get("Resources").and_then(Value::as_object) else { return Vec::new() };
    let top = Place::root("Resources");
    for (name, resource) in resources {
        if let Some(resource) = resource.as_object() {
            self::resource(&mut checker, catalog, resource, &top.key(name), regions);
        }
    }
    attributes::check(&mut checker, catalog, template, resources);
    checker.found
}

/// Returns the names of transforms; `None` for what is no name.
fn transforms(template: &Value) -> impl Iterator<Item = Option<&str>> {
    let transform = template.get("Transform");
    let list = match transform.and_then(Value::as_array) {
        Some(list) => list.as_slice(),
        None => transform.map_or(&[][..], std::slice::from_ref),
    };
    list.iter().map(Value::as_str)
}

fn resource(
    checker: &mut Checker,
    catalog: &Catalog<'_>,
    resource: &Map<String, Value>,
    place: &Place<'_>,
    regions: &[Region],
) {
    let Some(name) = resource.get("Type").and_then(Value::as_str) else { return };
    let Some(kind) = known(catalog, name) else {
        unknown_type(checker, catalog, name, &place.key("Type"));
        return;
    };
    availability(checker, kind, &place.key("Type"), regions);
    lifecycle(checker, kind, &place.key("Type"));
    match resource.get("Properties") {
        None => checker.properties(kind, None, place),
        // What is no mapping the template's own checks tell.
        Some(properties) if properties.is_object() => {
            checker.properties(kind, properties.as_object(), &place.key("Properties"));
        }
        Some(_) => {}
    }
}

fn lifecycle(checker: &mut Checker, kind: ResourceType<'_>, place: &Place<'_>) {
    let Some(lifecycle) = kind.lifecycle() else { return };
    let name = kind.name();
    let (before, since) =
        lifecycle.date.map(|date| (format!(" on {date}"), format!(" since {date}"))).unwrap_or_default();
    let found = match lifecycle.status {
        "maintenance" => Found::note(WOUND_DOWN, format!("`{name}` is only for accounts that use it already{since}")),
        "sunset" => Found::warning(WOUND_DOWN, format!("AWS ends `{name}`{before}")),
        _ => Found::warning(WOUND_DOWN, format!("AWS has ended `{name}`{before}")),
    };
    checker.report(place, found.help("look in AWS's documentation for what succeeds it"));
}

/// Finds the type that a template's resource is of; custom resources have a name of their own.
fn known<'catalog>(catalog: &'catalog Catalog<'_>, name: &str) -> Option<ResourceType<'catalog>> {
    catalog.resource(if name.starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { name })
}

fn unknown_type(checker: &mut Checker, catalog: &Catalog<'_>, name: &str, place: &Place<'_>) {
    if !name.starts_with("AWS::") || name.starts_with("AWS::Serverless::") || name.ends_with("::MODULE") {
        return;
    }
    let message = format!("there is no resource type `{name}`");
    match catalog.suggest(name) {
        Some(near) if is_slip(name, near) => {
            let found = Found::error(UNKNOWN_TYPE, message).help(format!("did you mean `{near}`?")).replacement(near);
            checker.report(place, found);
        }
        // AWS may have added it since.
        _ => checker.report(place, Found::warning(UNKNOWN_TYPE, message).help("mind the spelling")),
    }
}

/// Tells whether a word is surely a mistyped form of a known one, not one that AWS has added: those differ in more
/// letters, or in a number.
fn is_slip(word: &str, known: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    known.len() > 3 && digits(word) == digits(known) && suggest::distance(word, known) <= 2
}

fn availability(checker: &mut Checker, kind: ResourceType<'_>, place: &Place<'_>, regions: &[Region]) {
    let missing = regions.iter().filter(|region| kind.available_in(region) == Availability::Missing);
    let missing: Vec<&str> = missing.map(Region::as_str).collect();
    if !missing.is_empty() {
        let message = format!("CloudFormation has no `{}` in {}", kind.name(), missing.join(", "));
        checker.report(
            place,
            Found::warning(NOT_IN_REGION, message).help("leave these regions out, or do without it there"),
        );
    }
}
