//! Templates from outside: none that AWS takes gets an error, and every other finding was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stackfleet_base::{Region, Severity, Sources};
use stackfleet_validate::{Deployment, template};

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
    let wanted =
        |path: &PathBuf| path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
    let mut files: Vec<(String, String)> = files
        .filter(wanted)
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Findings as in `findings.tsv` (file and line, severity, code), with their messages.
type Findings = BTreeMap<String, String>;

/// Lists what is said about templates; notes are left out.
fn findings(prefix: &str, folder: &Path, region: &str) -> Findings {
    let regions: Vec<Region> = vec![region.parse().unwrap()];
    let parameters = BTreeMap::from([("param1", "value1"), ("param2", "value2")].map(|(k, v)| (k.into(), v.into())));
    let deployment = Deployment { regions: &regions, parameters: Some(&parameters), ..Deployment::default() };
    let mut listed = Findings::new();
    for (name, mut text) in files(folder) {
        // The corpus runs the transform on templates that do not ask for it, too.
        if !prefix.is_empty() && !text.contains("Transform:") {
            text.push_str("\nTransform: AWS::Serverless-2016-10-31\n");
        }
        let mut sources = Sources::default();
        let (_, found) = template(sources.add("", &text), &text, &deployment);
        for finding in found.iter().filter(|finding| finding.severity != Severity::Note) {
            let place = sources.location(finding.span().unwrap()).unwrap();
            let key = format!("{prefix}{name}:{}\t{:?}\t{}", place.line, finding.severity, finding.code);
            let messages = listed.entry(key).or_default();
            messages.push_str(&finding.message);
            messages.push_str("; ");
        }
    }
    listed
}

/// `findings.tsv` lists every error and warning with what was found out about it.
#[test]
fn every_finding_in_public_templates_has_a_verdict() {
    let (Some(templates), Some(serverless)) = (folder("templates"), folder("sam/success/input")) else { return };
    let mut found = findings("", &templates, "us-east-1");
    found.extend(findings("sam/", &serverless, "ap-southeast-1"));
    let listed: BTreeSet<String> = include_str!("../findings.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (finding, verdict) = line.rsplit_once('\t').unwrap();
            let severe = finding.contains("\tError\t");
            assert!(verdict.starts_with("real: ") || verdict.starts_with("doubtful: ") && !severe, "{line}");
            finding.to_owned()
        })
        .collect();
    let new: Vec<String> = found
        .iter()
        .filter(|(finding, _)| !listed.contains(*finding))
        .map(|(finding, messages)| format!("{finding}\t{messages}"))
        .collect();
    let gone: Vec<&String> = listed.iter().filter(|finding| !found.contains_key(*finding)).collect();
    assert!(new.is_empty(), "not listed:\n{}", new.join("\n"));
    assert!(gone.is_empty(), "listed, but not found: {gone:#?}");
}
