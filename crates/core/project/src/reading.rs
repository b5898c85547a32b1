//! What all readers share: the files, the findings so far, and short ways to values.
//!
//! Readers assume nothing about form: [`form`](crate::form) has told what is of the wrong kind, and here such values
//! are passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use stackfleet_base::suggest::nearest;
use stackfleet_base::{Diagnostic, FileId, Files, Region, Sources, Span};
use stackfleet_organization::Expression;
use stackfleet_template::yaml::Node;

use crate::codes;
use crate::model::{PolicyFile, Spanned, TemplateFile, Text};

/// The state of reading a project.
pub(crate) struct Reading<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) sources: Sources,
    pub(crate) found: Vec<Diagnostic>,
    /// Path and text of every file that was read.
    pub(crate) texts: BTreeMap<String, Arc<str>>,
    /// Policies by path; `None` for one that cannot be used, which was told.
    pub(crate) policies: BTreeMap<String, Option<PolicyFile>>,
    /// Templates by path; `None` for one that cannot be used, which was told.
    pub(crate) templates: BTreeMap<String, Option<TemplateFile>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            sources: Sources::default(),
            found: Vec::new(),
            texts: BTreeMap::new(),
            policies: BTreeMap::new(),
            templates: BTreeMap::new(),
        }
    }

    pub(crate) fn tell(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Reads a file that the project names at `span`.
    pub(crate) fn file(&mut self, path: &str, span: Span) -> Option<(FileId, Arc<str>)> {
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
            let message = format!("`{path}` lies outside the project's folder");
            let help = "put the file below `stackfleet.yaml` and write its path from there";
            self.tell(Diagnostic::error(codes::FILE, message).at(span, "").help(help));
            return None;
        }
        match self.files.text(path) {
            Ok(text) => {
                let id = self.sources.add(path, &text);
                let text: Arc<str> = text.into();
                self.texts.insert(path.to_owned(), Arc::clone(&text));
                Some((id, text))
            }
            Err(error) => {
                let help = self.similar_file(path);
                let diagnostic = Diagnostic::error(codes::FILE, error.to_string()).at(span, "");
                self.tell(match help {
                    Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                    None => diagnostic.help("paths are relative to the folder of `stackfleet.yaml`"),
                });
                None
            }
        }
    }

    fn similar_file(&self, path: &str) -> Option<String> {
        let (folder, _) = path.rsplit_once('/')?;
        let there = self.files.list(folder).ok()?;
        nearest(path, there.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Reads a target expression.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Expression> {
        let (expression, problems) = Expression::parse(node.as_str()?, node.span);
        self.found.extend(problems);
        Some(expression)
    }

    /// Reads a text with references.
    pub(crate) fn text(&mut self, node: &Node) -> Option<Text> {
        Some(crate::text::read(node.as_str()?, node.span, &mut self.found))
    }

    /// Reads parameters: texts, or lists that are joined by commas.
    pub(crate) fn parameters(&mut self, node: Option<&Node>) -> IndexMap<String, Spanned<Text>> {
        let mut parameters = IndexMap::new();
        for (name, node) in entries(node) {
            let value = match node.as_sequence() {
                None => self.text(node),
                Some(items) => self.joined(items),
            };
            parameters.extend(value.map(|value| (name.value, Spanned { value, span: node.span })));
        }
        parameters
    }

    fn joined(&mut self, items: &[Node]) -> Option<Text> {
        let mut parts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                parts.push(crate::model::TextPart::Literal(",".to_owned()));
            }
            parts.extend(self.text(item)?.parts);
        }
        Some(Text::of(parts))
    }

    /// Reads a list of regions.
    pub(crate) fn regions(&mut self, node: Option<&Node>) -> Vec<Spanned<Region>> {
        let mut regions: Vec<Spanned<Region>> = Vec::new();
        for (name, span) in texts(node) {
            let region = match name.parse::<Region>() {
                Ok(region) => region,
                Err(error) => {
                    let diagnostic = Diagnostic::error(codes::REGION, error.to_string()).at(span, "");
                    self.tell(match nearest(name, KNOWN_REGIONS) {
                        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                        None => diagnostic.help("write a region's name"),
                    });
                    continue;
                }
            };
            if !KNOWN_REGIONS.contains(&name) {
                let message = format!("`{name}` is not a region that this release knows");
                let help = match nearest(name, KNOWN_REGIONS) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "regions born later work, too, if the name is right".to_owned(),
                };
                self.tell(Diagnostic::warning(codes::REGION, message).at(span, "").help(help));
            }
            if let Some(first) = regions.iter().find(|known| known.value == region) {
                let message = format!("the region `{name}` is listed twice");
                let error = Diagnostic::error(codes::DUPLICATE, message).at(span, "").at(first.span, "first here");
                self.tell(error.help("remove one of them"));
                continue;
            }
            regions.push(Spanned { value: region, span });
        }
        regions
    }
}

/// Returns names and values of a mapping; keys that are not text are passed over.
pub(crate) fn entries(node: Option<&Node>) -> Vec<(Spanned<String>, &Node)> {
    let mapping = node.and_then(Node::as_mapping);
    let entries = mapping.map_or(&[][..], |mapping| mapping.entries());
    entries
        .iter()
        .filter_map(|entry| {
            let name = entry.key.as_str()?.to_owned();
            Some((Spanned { value: name, span: entry.key.span }, &entry.value))
        })
        .collect()
}

/// Returns the texts of a list with their places.
pub(crate) fn texts(node: Option<&Node>) -> Vec<(&str, Span)> {
    let items = node.and_then(Node::as_sequence).unwrap_or_default();
    items.iter().filter_map(|item| Some((item.as_str()?, item.full_span()))).collect()
}

/// Returns a mapping from names to texts.
pub(crate) fn text_map(node: Option<&Node>) -> IndexMap<String, String> {
    entries(node).into_iter().filter_map(|(name, node)| Some((name.value, node.as_str()?.to_owned()))).collect()
}

/// Returns a text with its place.
pub(crate) fn text_of(node: &Node, key: &str) -> Option<Spanned<String>> {
    let node = node.get(key)?;
    Some(Spanned { value: node.as_str()?.to_owned(), span: node.full_span() })
}

/// The regions of all partitions as of November 2026, for "did you mean".
const KNOWN_REGIONS: [&str; 40] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-west-1",
    "us-west-2",
];
