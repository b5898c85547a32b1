//! Texts in the notations of the language that AWS's transform is written in: identifiers are hashes of such texts and some
//! messages show values this way.

use crate::node::{Map, Node, Origin, Text};
use sha1::{Digest, Sha1};
use std::fmt::Write;

/// The first ten hexadecimal digits of the SHA-1 of a text.
pub(crate) fn short_hash(text: &str) -> String {
    let mut hash = full_hash(text);
    hash.truncate(10);
    hash
}

/// The SHA-1 of a text in hexadecimal digits.
pub(crate) fn full_hash(text: &str) -> String {
    let digest = Sha1::digest(text.as_bytes());
    let mut hash = String::with_capacity(40);
    for byte in digest {
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// What is appended to a logical id so that it changes when `data` does: the hash of a text as it is, of anything else as
/// compact sorted JSON; nothing for an empty value.
pub(crate) fn id_suffix(data: &Node) -> String {
    match data {
        Node::Text(text) if !text.is_empty() => short_hash(text),
        other if other.truthy() => short_hash(&json_sorted(other)),
        _empty => String::new(),
    }
}

/// Compact JSON with sorted keys, everything beyond ASCII escaped.
pub(crate) fn json_sorted(node: &Node) -> String {
    let mut out = String::new();
    write_json(node, &JsonStyle { item: ",", colon: ":", sorted: true }, &mut out);
    out
}

/// JSON with blanks after separators, keys in order, everything beyond ASCII escaped.
pub(crate) fn json_spaced(node: &Node) -> String {
    let mut out = String::new();
    write_json(node, &JsonStyle { item: ", ", colon: ": ", sorted: false }, &mut out);
    out
}

struct JsonStyle {
    item: &'static str,
    colon: &'static str,
    sorted: bool,
}

fn write_json(node: &Node, style: &JsonStyle, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Node::Number(number) => write_number(number, out),
        Node::Text(text) => write_json_text(text, out),
        Node::List(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(style.item);
                }
                write_json(value, style, out);
            }
            out.push(']');
        }
        Node::Map(map) => {
            let mut entries: Vec<(&Text, &Node)> = map.iter().collect();
            if style.sorted {
                entries.sort_by_key(|(key, _)| *key);
            }
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(style.item);
                }
                write_json_text(key, out);
                out.push_str(style.colon);
                write_json(value, style, out);
            }
            out.push('}');
        }
    }
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

fn write_number(number: &serde_json::Number, out: &mut String) {
    if number.is_f64() {
        let value = number.as_f64().unwrap_or_default();
        if value.fract() == 0.0 && value.abs() < 1e16 {
            let _ = write!(out, "{value:.1}");
        } else {
            let _ = write!(out, "{value}");
        }
    } else {
        let _ = write!(out, "{number}");
    }
}

/// The text that a deployment id is the hash of: `str()` of a dictionary in the notation of version 2.
pub(crate) fn repr_2(node: &Node) -> String {
    let mut out = String::new();
    write_repr(node, 2, &mut out);
    out
}

/// A value as messages show it: `repr()` in the notation of version 3.
pub(crate) fn repr_3(node: &Node) -> String {
    let mut out = String::new();
    write_repr(node, 3, &mut out);
    out
}

/// A list of words as messages show it.
pub(crate) fn repr_words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    repr_3(&Node::List(words.into_iter().map(Node::from).collect()))
}

/// A value as an f-string shows it: texts bare, the rest as [`repr_3`].
pub(crate) fn display(node: &Node) -> String {
    node.as_str().map_or_else(|| repr_3(node), str::to_owned)
}

/// The name of the value's type.
pub(crate) fn type_name(node: &Node) -> &'static str {
    match node {
        Node::Null => "NoneType",
        Node::Bool(_) => "bool",
        Node::Number(number) if number.is_f64() => "float",
        Node::Number(_) => "int",
        Node::Text(text) if text.origin() == Origin::Template => "Py27UniStr",
        Node::Text(_) => "str",
        Node::List(_) => "list",
        Node::Map(_) => "dict",
    }
}

fn write_repr(node: &Node, version: u8, out: &mut String) {
    match node {
        Node::Null => out.push_str("None"),
        Node::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Node::Number(number) => {
            write_number(number, out);
            if version == 2 && !number.is_f64() && number.as_i64().is_none() {
                out.push('L');
            }
        }
        Node::Text(text) => write_text_repr(text, version, out),
        Node::List(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(value, version, out);
            }
            out.push(']');
        }
        Node::Map(map) => write_map_repr(map, version, out),
    }
}

fn write_map_repr(map: &Map, version: u8, out: &mut String) {
    out.push('{');
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_text_repr(key, version, out);
        out.push_str(": ");
        write_repr(value, version, out);
    }
    out.push('}');
}

fn write_text_repr(text: &Text, version: u8, out: &mut String) {
    let escape_wide = version == 2 && text.origin() == Origin::Template;
    // AWS's tests drop the mark before letters and digits, which says nothing.
    let is_marked =
        version == 3 && text.origin() == Origin::Template && !text.chars().all(|c| c.is_ascii_alphanumeric());
    if escape_wide || is_marked {
        out.push('u');
    }
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            same if same == quote => {
                out.push('\\');
                out.push(same);
            }
            ' '..='~' => out.push(character),
            control if u32::from(control) < 0x20 || u32::from(control) == 0x7f => {
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            wide if escape_wide => {
                let code = u32::from(wide);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _astral => write!(out, "\\U{code:08x}"),
                };
            }
            other => out.push(other),
        }
    }
    out.push(quote);
}
