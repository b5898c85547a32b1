//! Carrying fixes out: by byte range, round by round, until nothing is left to mend.

use std::{collections::BTreeMap, fmt};

use anyhow::Result;
use serde_json::{Value, json};
use stackfleet_base::{Diagnostic, Edit, FileId, Fix, Location, Sources};
use stackfleet_template::apply_edits;

use super::subject::{Checked, Subject};

/// Most rounds: a fix may bring another to light, and no chain of them is as long.
const ROUNDS_MAX: usize = 10;

/// A fix that was carried out.
#[derive(Debug)]
pub(super) struct Fixed {
    /// Where it was, before the round in which it was mended.
    place: Option<Location>,
    code: &'static str,
    title: String,
}

impl Fixed {
    pub(super) fn value(&self) -> Value {
        let place = self.place.as_ref();
        let place = place.map(|at| json!({ "path": &*at.path, "line": at.line, "column": at.column }));
        json!({ "code": self.code, "title": self.title, "place": place })
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        write!(out, "fixed {place}{} [{}]", self.title, self.code)
    }
}

/// Mends all that can be; returns what is left, and what was done.
pub(super) fn all(subject: &mut Subject, mut checked: Checked) -> Result<(Checked, Vec<Fixed>)> {
    let mut fixed = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let (texts, done) = round(&checked.sources, &checked.found);
        if done.is_empty() {
            break;
        }
        fixed.extend(done);
        for (path, text) in texts {
            subject.mend(&path, text);
        }
        checked = subject.check()?;
    }
    Ok((checked, fixed))
}

/// Carries out the fixes that do not touch each other, in the order of the findings. Those left over come with the next
/// round, if they are still wanted.
fn round(sources: &Sources, found: &[Diagnostic]) -> (BTreeMap<String, String>, Vec<Fixed>) {
    let mut taken: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut fixed = Vec::new();
    for (diagnostic, fix) in found.iter().filter_map(|found| Some((found, found.fix.as_ref()?))) {
        if !is_apart(fix, &taken) {
            continue;
        }
        for edit in &fix.edits {
            taken.entry(edit.span.file).or_default().push(edit.clone());
        }
        let place = diagnostic.span().and_then(|span| sources.location(span));
        fixed.push(Fixed { place, code: diagnostic.code, title: fix.title.clone() });
    }
    let mended = taken.iter().filter_map(|(file, edits)| {
        let file = sources.get(*file)?;
        Some((file.path.to_string(), apply_edits(&file.text, edits)?))
    });
    let texts: BTreeMap<String, String> = mended.collect();
    // All edits lie in texts that were read; where one does not, nothing is mended rather than half.
    if texts.len() == taken.len() { (texts, fixed) } else { (BTreeMap::new(), Vec::new()) }
}

/// Tells whether a fix changes something, and nothing at or beside what is changed already.
fn is_apart(fix: &Fix, taken: &BTreeMap<FileId, Vec<Edit>>) -> bool {
    let apart = |edit: &Edit| {
        let others = taken.get(&edit.span.file).map(Vec::as_slice).unwrap_or_default();
        others.iter().all(|other| edit.span.end < other.span.start || other.span.end < edit.span.start)
    };
    !fix.edits.is_empty() && fix.edits.iter().all(apart)
}

#[cfg(test)]
mod tests {
    use stackfleet_base::Span;

    use super::*;

    #[test]
    fn fixes_that_touch_each_other_wait_for_the_next_round() {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", "one two\r\nthree");
        let fix = |start: usize, end: usize, text: &str| {
            let span = Span { file, start, end };
            let edit = Edit { span, replacement: text.to_owned() };
            Diagnostic::warning("X", "x").at(span, "").fix(format!("write {text}"), vec![edit])
        };
        let (texts, fixed) = round(&sources, &[fix(0, 3, "1"), fix(3, 3, "!"), fix(4, 7, "2"), fix(9, 14, "3")]);
        assert_eq!(texts["t.yaml"], "1 2\r\n3");
        let told: Vec<String> = fixed.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["fixed t.yaml:1:1: write 1 [X]", "fixed t.yaml:1:5: write 2 [X]", "fixed t.yaml:2:1: write 3 [X]"]
        );
    }
}
