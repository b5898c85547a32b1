//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning and editors.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value, json};
use stackfleet_base::{Diagnostic, Edit, FileId, Fix, Label, Location, Severity, Sources, Span};

/// What the documentation says of every code: the rules' texts.
const DOCUMENTATION: &str = include_str!("../../../../docs/diagnostics.md");

/// Returns a log with one run; paths of files are relative to `folder`.
pub(crate) fn log(sources: &Sources, found: &[Diagnostic], folder: &Path) -> Value {
    let mut codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let places = Places { sources, folder };
    let results: Vec<Value> = found
        .iter()
        .map(|found| result(&places, found, codes.iter().position(|code| *code == found.code).unwrap_or_default()))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stackfleet",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            // Columns count characters, not bytes or UTF-16 units.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// What a code stands for, as the documentation's table says it: `| CODE | what is wrong | what to do |`.
fn rule(code: &str) -> Value {
    let row = DOCUMENTATION.lines().find_map(|line| {
        let mut columns = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        (columns.next()? == code).then_some(())?;
        Some((columns.next()?, columns.next()?))
    });
    let Some((wrong, help)) = row else { return json!({ "id": code }) };
    json!({
        "id": code,
        "shortDescription": { "text": wrong },
        "fullDescription": { "text": wrong },
        "help": { "text": help, "markdown": help },
    })
}

fn result(places: &Places<'_>, found: &Diagnostic, rule: usize) -> Value {
    let help = found.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let result = json!({
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": { "text": format!("{}{help}", found.message) },
    });
    let mut labels = found.labels.iter();
    let locations: Vec<Value> = labels.next().map(|main| places.location(main)).into_iter().collect();
    let others: Vec<Value> = labels.map(|label| places.location(label)).collect();
    let fix =
        |fix: &Fix| json!({ "description": { "text": fix.title }, "artifactChanges": places.changes(&fix.edits) });
    let fixes: Vec<Value> = found.fix.as_ref().map(fix).into_iter().collect();
    [("locations", locations), ("relatedLocations", others), ("fixes", fixes)]
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .fold(result, |result, (name, members)| with(result, name, Value::Array(members)))
}

/// Adds a member to an object.
fn with(mut object: Value, name: &str, member: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(name.to_owned(), member);
    }
    object
}

/// Where things are.
struct Places<'a> {
    sources: &'a Sources,
    folder: &'a Path,
}

impl Places<'_> {
    fn location(&self, label: &Label) -> Value {
        let location = json!({ "physicalLocation": {
            "artifactLocation": { "uri": self.uri(label.span.file) },
            "region": self.region(label.span),
        } });
        if label.text.is_empty() { location } else { with(location, "message", json!({ "text": label.text })) }
    }

    /// The end column is the one behind the last character.
    fn region(&self, span: Span) -> Value {
        let place = |at: usize| self.sources.location(Span { start: at, end: at, ..span });
        let mut region = Map::new();
        let mut add = |names: [&str; 2], place: Option<Location>| {
            for (name, number) in names.into_iter().zip(place.map(|place| [place.line, place.column]).unwrap_or([1, 1]))
            {
                region.insert(name.to_owned(), json!(number));
            }
        };
        add(["startLine", "startColumn"], place(span.start));
        add(["endLine", "endColumn"], place(span.end.max(span.start)));
        Value::Object(region)
    }

    fn changes(&self, edits: &[Edit]) -> Vec<Value> {
        let mut files: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
        for edit in edits {
            let deletion = json!({ "deletedRegion": self.region(edit.span) });
            let replacement = match edit.replacement.as_str() {
                "" => deletion,
                text => with(deletion, "insertedContent", json!({ "text": text })),
            };
            files.entry(edit.span.file).or_default().push(replacement);
        }
        let change = |(file, replacements)| json!({ "artifactLocation": { "uri": self.uri(file) }, "replacements": replacements });
        files.into_iter().map(change).collect()
    }

    /// A relative reference, or a `file:` URI for an absolute path.
    fn uri(&self, file: FileId) -> String {
        let path = self.sources.get(file).map(|file| self.folder.join(&*file.path)).unwrap_or_default();
        let path = path.to_string_lossy().replace('\\', "/");
        let path = path.trim_start_matches("./");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let escaped: String = path
            .bytes()
            .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        if path.starts_with('/') { format!("file://{escaped}") } else { escaped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_with_a_fix_is_one_result_of_a_documented_rule() {
        let mut sources = Sources::default();
        let file = sources.add("a b/ü.yaml", "é: [x]\n");
        let span = |start, end| Span { file, start, end };
        let found = Diagnostic::error("YML002", "a key occurs twice")
            .at(span(5, 6), "here")
            .at(span(0, 2), "first here")
            .help("remove one")
            .fix("remove it", vec![Edit { span: span(5, 6), replacement: String::new() }]);
        let log = log(&sources, &[found], Path::new("."));
        let run = &log["runs"][0];
        assert!(run["tool"]["driver"]["rules"][0]["help"]["text"].as_str().unwrap().starts_with("Remove or rename"));
        insta::assert_json_snapshot!(run["results"]);
    }

    #[test]
    fn absolute_paths_are_file_uris() {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", "x");
        let uri = |folder: &str| Places { sources: &sources, folder: Path::new(folder) }.uri(file);
        assert_eq!(uri("."), "t.yaml");
        assert_eq!(uri("infra/prod"), "infra/prod/t.yaml");
        assert_eq!(uri("/srv/a b"), "file:///srv/a%20b/t.yaml");
    }
}
