//! Templates from outside: none that AWS takes gets an error, and every finding was looked at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stackfleet_base::{Region, Severity, Sources};
use stackfleet_catalog::{Replacement, catalog, check};

/// Returns the folder, or says that it is not there.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test finds its data and says when it does not")]
fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var("STACKFLEET_CONFORMANCE");
    if root.is_err() {
        println!("skipped: STACKFLEET_CONFORMANCE is not set");
    }
    root.ok().map(|root| Path::new(&root).join(name))
}

#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
fn files(folder: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = files
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// `tests/findings.tsv` lists file, severity, code, pointer and what was found out about each.
#[test]
fn every_finding_in_public_templates_has_a_verdict() {
    let Some(folder) = folder("templates") else { return };
    let regions: Vec<Region> = ["eu-west-1", "us-east-1"].map(|region| region.parse().unwrap()).into();
    let mut found = BTreeSet::new();
    let mut resources = 0;
    for (name, text) in files(&folder) {
        let (template, _) = stackfleet_template::read(Sources::default().add("", ""), &text);
        resources += template.resources().count();
        for problem in check::template(catalog(), template.value(), &regions) {
            found.insert(format!("{name}\t{:?}\t{}\t{}", problem.severity, problem.code, problem.pointer));
        }
    }
    assert!(resources > 1_200, "only {resources} resources were read");
    let listed: BTreeSet<String> = include_str!("../findings.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (finding, verdict) = line.rsplit_once('\t').unwrap();
            assert!(verdict.starts_with("real: "), "{line}");
            finding.to_owned()
        })
        .collect();
    let new: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not listed: {new:#?}\nlisted, but not found: {gone:#?}");
}

/// The other side of having no false error: what is wrong is found.
#[test]
fn a_mistyped_property_is_found_wherever_it_is() {
    let Some(folder) = folder("templates") else { return };
    let (mut tried, mut missed) = (0, Vec::new());
    for (name, text) in files(&folder).into_iter().filter(|(name, _)| name.ends_with(".yaml")) {
        let (template, _) = stackfleet_template::read(Sources::default().add("", ""), &text);
        if check::template(catalog(), template.value(), &[]).iter().any(|problem| problem.severity == Severity::Error) {
            continue;
        }
        for resource in template.resources() {
            let names = resource.properties().into_iter().flat_map(|properties| properties.keys());
            // Types that are not in the catalog, and custom resources, can have any property.
            let known = catalog().resource(resource.type_name()).is_some_and(|kind| kind.schema().is_closed());
            for property in names.filter(|_| known) {
                let mut body = template.resource(resource.name).unwrap().properties().unwrap().clone();
                let value = body.shift_remove(property).unwrap();
                let mistyped = format!("{property}x");
                body.insert(mistyped.clone(), value);
                let wrong = json!({ "Resources": { "X": { "Type": resource.type_name(), "Properties": body } } });
                let found = check::template(catalog(), &wrong, &[]);
                let pointer = format!("/Resources/X/Properties/{mistyped}");
                tried += 1;
                if !found.iter().any(|problem| problem.code == "RES003" && problem.pointer == pointer) {
                    missed.push(format!("{name}: {} {mistyped}", resource.type_name()));
                }
            }
        }
    }
    assert!(tried > 1_000, "only {tried} were tried");
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Change sets that AWS made and carried out: no error about their templates, and its word on replacements.
#[test]
fn what_aws_took_has_no_error_and_replacements_are_as_aws_says() {
    let Some(folder) = folder("aws-recordings/changesets") else { return };
    let mut compared = BTreeSet::new();
    for (name, text) in files(&folder) {
        let recording: Value = serde_json::from_str(&text).unwrap();
        for template in ["template_1", "template_2"].iter().filter_map(|key| recording.get(key)) {
            let found = check::template(catalog(), template, &[]);
            let errors: Vec<_> = found.iter().filter(|problem| problem.severity == Severity::Error).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
        replacements(&recording, "", &mut compared);
    }
    assert!(compared.len() >= 3, "only {compared:?}");
}

fn replacements(value: &Value, kind: &str, compared: &mut BTreeSet<(String, String)>) {
    let kind = value.get("ResourceType").and_then(Value::as_str).unwrap_or(kind);
    let text = |name: &str| value.get("Target")?.get(name)?.as_str();
    if let (Some("Properties"), Some(name), Some(needed)) =
        (text("Attribute"), text("Name"), text("RequiresRecreation"))
        && let Some(known) = catalog().resource(kind)
    {
        let expected = match needed {
            "Never" => Replacement::Never,
            "Always" => Replacement::Always,
            _ => Replacement::Conditional,
        };
        assert_eq!(known.replacement(name), expected, "{kind} {name}");
        compared.insert((kind.to_owned(), name.to_owned()));
    }
    let members = value.as_object().into_iter().flat_map(|members| members.values());
    members.chain(value.as_array().into_iter().flatten()).for_each(|member| replacements(member, kind, compared));
}
