//! Documents of which not everything is known, such as those within templates, where functions stand for values.

use stackfleet_base::{Diagnostic, Span};

use crate::{
    json::{Member, Node, Range, Value},
    parse::{Places, Reader},
    policy::PolicyKind,
};

/// A part of a document, and what its place is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What [`check_draft`] asks for the place with: a JSON pointer, say.
    pub place: String,
    /// The part itself.
    pub value: DraftValue,
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftValue {
    /// It is there, and nothing else is known: nothing is said about it.
    Unknown,
    /// A text; numbers and truth values are texts, too, as in policies that CloudFormation hands on.
    Text(String),
    /// A list.
    List(Vec<Draft>),
    /// An object; its keys have the places of its members.
    Object(Vec<(String, Draft)>),
}

/// Tells everything that is wrong with what is known of a document.
///
/// `place` gives the place of a part, or of its key when its second argument is `true`.
#[must_use]
pub fn check_draft(kind: PolicyKind, draft: &Draft, place: &dyn Fn(&str, bool) -> Option<Span>) -> Vec<Diagnostic> {
    let mut names = Vec::new();
    let node = node(draft, &mut names);
    let mut reader = Reader::new(kind, Places::Named { names: &names, place });
    // The policy would not be the one that is meant: only what was said on the way counts.
    drop(reader.policy("", &node));
    reader.diagnostics
}

/// Makes a tree whose ranges are numbers of names: twice the number for a value, one more for a key.
fn node<'draft>(draft: &'draft Draft, names: &mut Vec<&'draft str>) -> Node {
    let number = names.len() * 2;
    names.push(&draft.place);
    let value = match &draft.value {
        DraftValue::Unknown => Value::Unknown,
        DraftValue::Text(text) => Value::String(text.clone()),
        DraftValue::List(items) => Value::Array(items.iter().map(|item| node(item, names)).collect()),
        DraftValue::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| {
                    let node = node(member, names);
                    let at = node.range.start + 1;
                    Member { key: key.clone(), key_range: Range { start: at, end: at }, node }
                })
                .collect(),
        ),
    };
    Node { range: Range { start: number, end: number }, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a draft of JSON in which `"?"` stands for what is unknown; places are pointers.
    fn draft(value: &serde_json::Value, place: &str) -> Draft {
        let below = |key: &str| format!("{place}/{key}");
        let value = match value {
            serde_json::Value::String(text) if text == "?" => DraftValue::Unknown,
            serde_json::Value::Array(items) => {
                let items = items.iter().enumerate();
                DraftValue::List(items.map(|(number, item)| draft(item, &below(&number.to_string()))).collect())
            }
            serde_json::Value::Object(members) => {
                DraftValue::Object(members.iter().map(|(key, it)| (key.clone(), draft(it, &below(key)))).collect())
            }
            serde_json::Value::String(text) => DraftValue::Text(text.clone()),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => panic!("{value}"),
        };
        Draft { place: place.to_owned(), value }
    }

    fn said(kind: PolicyKind, text: &str) -> String {
        let asked = std::cell::RefCell::new(Vec::new());
        let draft = draft(&serde_json::from_str(text).unwrap(), "");
        let found = check_draft(kind, &draft, &|place, key| {
            asked.borrow_mut().push(format!("{place}{}", if key { " (key)" } else { "" }));
            None
        });
        let lines = found.iter().zip(asked.into_inner());
        lines.map(|(found, place)| format!("{place} {}: {}\n", found.code, found.message)).collect()
    }

    #[test]
    fn nothing_is_said_about_what_is_unknown() {
        for text in [
            r#""?""#,
            r#"{"Version": "?", "Statement": "?"}"#,
            r#"{"Version": "?", "Statement": ["?", {"Effect": "?", "Action": "?", "Resource": ["?"], "Condition": "?"}]}"#,
            r#"{"Statement": {"Effect": "Deny", "Action": ["?", "s3:*"], "Resource": "?",
                "Condition": {"Bool": "?", "Null": {"aws:TagKeys": "?"}, "StringLike": {"aws:PrincipalArn": ["?"]}}}}"#,
        ] {
            assert_eq!(said(PolicyKind::Identity, text), "");
        }
        assert_eq!(
            said(
                PolicyKind::Trust,
                r#"{"Statement": [
                {"Effect": "Allow", "Action": "?", "Principal": "?"},
                {"Effect": "Allow", "Action": "?", "Principal": {"AWS": ["?"]}}]}"#
            ),
            ""
        );
    }

    #[test]
    fn what_is_known_is_checked_and_has_its_place() {
        let text = r#"{"Statement": ["?", {"Effect": "allow", "Action": ["GetObject", "?"], "Resurce": "?"}]}"#;
        insta::assert_snapshot!(said(PolicyKind::Identity, text), @r"
        /Statement/1/Resurce (key) POL003: a statement has no element `Resurce`
        /Statement/1/Effect POL009: `allow` is no effect
        /Statement/1/Action/0 POL010: `GetObject` is no action
        ");
    }
}
