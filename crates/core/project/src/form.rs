//! Checks the form of a project file against the table in [`shape`](crate::shape): unknown, missing and unsupported
//! keys, values of the wrong kind. Everything else is checked by those who read the values.

use stackfleet_base::suggest::nearest;
use stackfleet_base::{Diagnostic, Edit, Span};
use stackfleet_template::yaml::{Entry, Node};

use crate::codes;
use crate::shape::{Presence, Shape, Table};

/// Returns everything that is wrong with the form of a project file.
pub(crate) fn check(root: &Node, table: &'static Table) -> Vec<Diagnostic> {
    let mut checker = Checker { found: Vec::new() };
    checker.object(root, table, table.what);
    checker.found
}

struct Checker {
    found: Vec<Diagnostic>,
}

impl Checker {
    fn object(&mut self, node: &Node, table: &'static Table, name: &str) {
        let Some(mapping) = node.as_mapping() else {
            self.wrong(node, name, &format!("a mapping that describes {}", table.what));
            return;
        };
        for entry in mapping.entries() {
            self.entry(entry, table);
        }
        for key in table.keys.iter().filter(|key| key.presence == Presence::Required) {
            if mapping.get(key.name).is_none() {
                let message = format!("`{name}` has no `{}`", key.name);
                let help = format!("add `{}:`. {}", key.name, key.about);
                self.found.push(Diagnostic::error(codes::MISSING_KEY, message).at(node.span, "").help(help));
            }
        }
    }

    fn entry(&mut self, entry: &Entry, table: &'static Table) {
        let Some(name) = entry.key.as_str() else {
            let message = "a key must be text";
            self.found.push(Diagnostic::error(codes::WRONG_KIND, message).at(entry.key.span, ""));
            return;
        };
        let Some(key) = table.keys.iter().find(|key| key.name == name) else {
            self.unknown_key(name, entry.key.span, table);
            return;
        };
        if key.presence == Presence::NotSupported {
            let message = format!("`{name}` is not supported by this release; nothing is done with it");
            let help = "remove it until it is supported, or see to it by other means";
            self.found.push(Diagnostic::warning(codes::NOT_SUPPORTED, message).at(entry.key.span, "").help(help));
            return;
        }
        self.shape(&entry.value, key.shape, name);
    }

    fn unknown_key(&mut self, name: &str, span: Span, table: &'static Table) {
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_KEY, format!("`{name}` is not a key of {}", table.what)).at(span, "");
        self.found.push(match nearest(name, table.keys.iter().map(|key| key.name)) {
            Some(meant) => diagnostic
                .help(format!("did you mean `{meant}`?"))
                .fix(format!("rename it to `{meant}`"), vec![Edit { span, replacement: meant.to_owned() }]),
            None => {
                let known = table.keys.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ");
                diagnostic.help(format!("keys are {known}"))
            }
        });
    }

    fn shape(&mut self, node: &Node, shape: Shape, name: &str) {
        match shape {
            Shape::Anything => {}
            Shape::Text => self.text(node, name),
            Shape::Word(words) => self.word(node, words, name),
            Shape::Bool => {
                if node.as_bool().is_none() {
                    self.wrong(node, name, "`true` or `false`");
                }
            }
            Shape::Texts => match node.as_sequence() {
                Some(items) => items.iter().for_each(|item| self.text(item, name)),
                None => self.wrong(node, name, "a list: `[a, b]`"),
            },
            Shape::TextMap => self.names(node, name, Self::text),
            Shape::ParameterMap => self.names(node, name, |checker, value, key| match value.as_sequence() {
                Some(items) => items.iter().for_each(|item| checker.text(item, key)),
                None => checker.text(value, key),
            }),
            Shape::Object(table) => self.object(node, table, name),
            Shape::Objects(table) => self.names(node, name, |checker, value, key| checker.object(value, table, key)),
        }
    }

    fn names(&mut self, node: &Node, name: &str, check: impl Fn(&mut Self, &Node, &str)) {
        let Some(mapping) = node.as_mapping() else {
            self.wrong(node, name, "a mapping from names");
            return;
        };
        for entry in mapping.entries() {
            match entry.key.as_str() {
                Some(key) => check(self, &entry.value, key),
                None => {
                    let message = "a name must be text";
                    self.found.push(Diagnostic::error(codes::WRONG_KIND, message).at(entry.key.span, ""));
                }
            }
        }
    }

    fn text(&mut self, node: &Node, name: &str) {
        if node.as_str().is_none() {
            self.wrong(node, name, "text");
        }
    }

    fn word(&mut self, node: &Node, words: &'static [&'static str], name: &str) {
        let Some(text) = node.as_str() else {
            self.text(node, name);
            return;
        };
        if words.contains(&text) {
            return;
        }
        let help = match (nearest(text, words.iter().copied()), words) {
            (_, [only]) => format!("write `{name}: {only}`"),
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, _) => {
                format!("write {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "))
            }
        };
        let message = format!("`{name}` cannot be `{text}`");
        self.found.push(Diagnostic::error(codes::BAD_VALUE, message).at(node.span, "").help(help));
    }

    fn wrong(&mut self, node: &Node, name: &str, wanted: &str) {
        let message = format!("`{name}` must be {wanted}, and is {}", node.kind());
        self.found.push(Diagnostic::error(codes::WRONG_KIND, message).at(node.full_span(), ""));
    }
}
