//! What is printed is read as what it was: values as JSON, and as YAML in all ways in which people write it; and an edit
//! changes one value and nothing else.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stackfleet_base::Sources;
use stackfleet_template::{apply_edits, read};

fn read_value(text: &str) -> Value {
    read(Sources::default().add("t", text), text).0.value().clone()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9/._-]{0,8}",
        "[a-z]{1,4}( [a-z#:!&*-]{1,3}){1,3}",
        "[ -~]{0,12}",
        "([ a-z#:-]{0,6}\n){1,3}[a-z]{0,3}\n{0,2}",
        prop::sample::select(
            [
                "",
                "~",
                "null",
                "yes",
                "No",
                "on",
                "012",
                "0o14",
                "1_000",
                "12:30:45",
                "2026-01-01",
                "1e3",
                ".5",
                "-",
                "?"
            ]
            .map(str::to_owned)
            .to_vec()
        ),
        any::<String>(),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zA-Z][a-zA-Z0-9:]{0,6}", 1 => text()]
}

/// Values without numbers that JSON and YAML write differently.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!({"Ref": "Name"})),
        1 => Just(json!({"Fn::GetAtt": ["Name", "Arn"]})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => object(inner.clone()),
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            1 => inner.prop_map(|argument| json!({"Fn::Sub": argument})),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((key(), inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members)))
}

fn document() -> impl Strategy<Value = Value> {
    object(value())
        .prop_filter("a document that is not empty", |value| value.as_object().is_some_and(|o| !o.is_empty()))
}

/// Writes YAML; bytes choose among the ways to write a value.
struct Printer {
    out: String,
    choices: Vec<u8>,
    at: usize,
}

impl Printer {
    fn print(value: &Value, choices: Vec<u8>) -> String {
        let mut printer = Self { out: String::new(), choices, at: 0 };
        printer.block(value, 0);
        printer.out
    }

    fn choose(&mut self, bound: u8) -> u8 {
        self.at += 1;
        self.choices
            .get(self.at % self.choices.len().max(1))
            .map_or(0, |byte| byte.wrapping_add((self.at / 7) as u8) % bound)
    }

    /// Ends a line, perhaps with a comment or a blank line behind it.
    fn end_line(&mut self) {
        let end = match self.choose(8) {
            0 => " # note: {x} - 'y'\n",
            1 => "\n\n",
            2 => "  \n",
            _ => "\n",
        };
        self.out.push_str(end);
    }

    /// A collection's lines, each indented by `indent`; the first begins where the text ends.
    fn block(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(members) => {
                for (index, (key, member)) in members.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(&" ".repeat(indent));
                    }
                    let key = self.one_line(key);
                    self.out.push_str(&format!("{key}:"));
                    self.behind_key(member, indent);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(&" ".repeat(indent));
                    }
                    self.out.push('-');
                    let is_compact = has_members(item) && tag(item).is_none() && self.choose(2) == 0;
                    if is_compact {
                        self.out.push(' ');
                        self.block(item, indent + 2);
                    } else {
                        self.behind_key(item, indent);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.behind_key(value, indent),
        }
    }

    /// A value behind `key:` or `-`, up to the end of its last line.
    fn behind_key(&mut self, value: &Value, indent: usize) {
        let mut value = value.clone();
        let tagged = tag(&value).filter(|_| self.choose(3) > 0);
        if let Some((name, argument)) = tagged {
            self.out.push_str(&format!(" {name}"));
            value = argument;
        }
        let is_tagged = self.out.ends_with(|sign: char| sign.is_ascii_alphabetic());
        if has_members(&value) && self.choose(4) > 0 {
            self.end_line();
            // A list may stand at the column of its key.
            let is_list = value.is_array() && !is_tagged;
            let deeper = indent + if is_list && self.in_mapping() && self.choose(2) == 0 { 0 } else { 2 };
            self.out.push_str(&" ".repeat(deeper));
            self.block(&value, deeper);
            return;
        }
        match &value {
            Value::String(text) if is_block_text(text) && self.choose(2) == 0 => self.literal(text, indent + 2),
            Value::Null if self.choose(2) == 0 && !is_tagged => self.end_line(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                let written = self.flow(&value);
                self.out.push_str(&format!(" {written}"));
                self.end_line();
            }
        }
    }

    /// Whether the last line is a mapping's key and not an item's dash.
    fn in_mapping(&self) -> bool {
        let lines = self.out.lines().rev().map(|line| line.split(" #").next().unwrap_or_default().trim());
        lines
            .into_iter()
            .find(|line| !line.is_empty())
            .is_some_and(|line| line.ends_with(':') && !line.starts_with("- "))
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let body = text.trim_end_matches('\n');
        let chomping = match text.len() - body.len() {
            0 => "-",
            1 => "",
            _ => "+",
        };
        self.out.push_str(&format!(" |{chomping}\n"));
        for line in body.split('\n') {
            self.out.push_str(&format!("{}{line}\n", " ".repeat(if line.is_empty() { 0 } else { indent })));
        }
        self.out.extend(std::iter::repeat_n('\n', (text.len() - body.len()).saturating_sub(1)));
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::String(text) => self.one_line(text),
            Value::Array(items) if self.choose(2) == 0 => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[ {} ]", items.join(", "))
            }
            Value::Array(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }

    fn one_line(&mut self, text: &str) -> String {
        let is_safe = |sign: char| sign.is_ascii_alphanumeric() || "/._-:".contains(sign);
        let is_plain = text.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && text.chars().all(is_safe)
            && !text.ends_with(':')
            && read_value(&format!("k: {text}")) == json!({"k": text})
            && read_value(&format!("{text}: k")) == json!({text: "k"});
        match self.choose(3) {
            0 | 1 if is_plain => text.to_owned(),
            1 if text.chars().all(|sign| (' '..='~').contains(&sign)) => format!("'{}'", text.replace('\'', "''")),
            _ => Value::from(text).to_string(),
        }
    }
}

fn has_members(value: &Value) -> bool {
    value.as_object().is_some_and(|object| !object.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty())
}

/// A function's short form and its argument.
fn tag(value: &Value) -> Option<(&'static str, Value)> {
    let (name, argument) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    match (name.as_str(), argument) {
        ("Ref", Value::String(_)) => Some(("!Ref", argument.clone())),
        ("Fn::Sub", Value::String(_) | Value::Array(_)) => Some(("!Sub", argument.clone())),
        ("Fn::GetAtt", Value::Array(parts)) if parts.iter().all(Value::is_string) && parts.len() == 2 => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            let is_short = !parts.first()?.contains('.');
            is_short.then(|| ("!GetAtt", Value::from(parts.join("."))))
        }
        _ => None,
    }
}

/// Whether a text can be written as a literal block without an indentation indicator.
fn is_block_text(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    !body.is_empty()
        && !body.starts_with([' ', '\n'])
        && body.chars().all(|sign| sign == '\n' || (' '..='~').contains(&sign))
        && body.split('\n').all(|line| line.is_empty() || !line.trim().is_empty())
}

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut push = |step: &str, child: &Value| {
        let pointer = format!("{at}/{}", step.replace('~', "~0").replace('/', "~1"));
        pointers(child, &pointer, found);
        found.push(pointer);
    };
    match value {
        // The parts of a short `!GetAtt` are not written by themselves.
        Value::Object(members) => {
            members.iter().filter(|(key, _)| *key != "Fn::GetAtt").for_each(|(key, member)| push(key, member));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| push(&index.to_string(), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").map_or(200, |n| n.parse().unwrap())))]

    #[test]
    fn json_is_read_as_it_was_printed(value in document(), number in any::<f64>().prop_filter("JSON has it", |n| n.is_finite())) {
        let document = json!([value, number, u64::MAX, i64::MIN]);
        prop_assert_eq!(&read_value(&document.to_string()), &document);
        prop_assert_eq!(&read_value(&serde_json::to_string_pretty(&document).unwrap()), &document);
    }

    #[test]
    fn yaml_is_read_as_it_was_printed(value in document(), choices in prop::collection::vec(any::<u8>(), 1..60)) {
        let text = Printer::print(&value, choices);
        let (template, found) = read(Sources::default().add("t", &text), &text);
        prop_assert_eq!(template.value(), &value, "{}\n{:?}", text, found);
    }

    #[test]
    fn an_edit_changes_one_value_and_nothing_else(
        value in document(),
        new in value(),
        choices in prop::collection::vec(any::<u8>(), 1..60),
        at in any::<prop::sample::Index>(),
        as_json in prop::sample::select(vec![0, 1, 2]),
    ) {
        let text = match as_json {
            0 => Printer::print(&value, choices),
            1 => value.to_string(),
            _ => serde_json::to_string_pretty(&value).unwrap(),
        };
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        prop_assume!(!all.is_empty());
        let pointer = at.get(&all);
        let (template, _) = read(Sources::default().add("t", &text), &text);
        let edit = template.replace(&text, pointer, &new);
        prop_assert!(edit.is_some(), "nothing to edit at {}\n{}", pointer, text);
        let changed = apply_edits(&text, &edit.into_iter().collect::<Vec<_>>()).unwrap();
        let mut expected = value.clone();
        *expected.pointer_mut(pointer).unwrap() = new;
        prop_assert_eq!(read_value(&changed), expected, "{}\n{}\n{}", pointer, text, changed);
    }

    #[test]
    fn a_member_is_added_and_nothing_else(
        value in document(),
        new in value(),
        choices in prop::collection::vec(any::<u8>(), 1..60),
        at in any::<prop::sample::Index>(),
        as_json in any::<bool>(),
    ) {
        let text = if as_json { serde_json::to_string_pretty(&value).unwrap() } else { Printer::print(&value, choices) };
        let mut all = vec![String::new()];
        pointers(&value, "", &mut all);
        all.retain(|pointer| value.pointer(pointer).is_some_and(|value| value.is_object() && tag(value).is_none()));
        let pointer = at.get(&all);
        let (template, _) = read(Sources::default().add("t", &text), &text);
        let edit = template.insert(&text, pointer, "Added", &new);
        prop_assert!(edit.is_some(), "nothing to add to at {}\n{}", pointer, text);
        let changed = apply_edits(&text, &edit.into_iter().collect::<Vec<_>>()).unwrap();
        let mut expected = value.clone();
        expected.pointer_mut(pointer).and_then(Value::as_object_mut).unwrap().insert("Added".to_owned(), new);
        prop_assert_eq!(read_value(&changed), expected, "{}\n{}\n{}", pointer, text, changed);
    }
}
