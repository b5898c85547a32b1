//! Changing a template's text where a value stands and nowhere else.
//!
//! New values are written in flow style (JSON), which YAML reads anywhere. Text that came through an alias or a merge key
//! stands elsewhere for others, too, and is not edited.

use serde_json::Value;
use stackfleet_base::{Edit, Span};

use crate::{
    Template,
    document::{self, Place, TreeView, find},
    pointer::to_pointer,
    yaml::{Mapping, Node, NodeValue, ScalarStyle},
};

impl Template {
    /// Returns the edit that replaces the value at a JSON pointer; `text` is what the template was read from.
    ///
    /// `None` where nothing is written at the pointer by itself, not even a colon.
    #[must_use]
    pub fn replace(&self, text: &str, pointer: &str, value: &Value) -> Option<Edit> {
        let (node, place) = self.written(pointer)?;
        if let Some(edit) = without_tag(node, place, value) {
            return Some(edit);
        }
        let before = text.get(..place.value.start)?;
        let is_written = place.value.end > place.value.start;
        // `{key}`: there is no colon that a value could stand behind.
        let is_behind_key = place.key.is_none_or(|key| key.end < place.value.start);
        let has_room = is_written || (is_behind_key && before.ends_with([':', '-']));
        if !has_room {
            return None;
        }
        // A list may stand at the column of its key, or left of it where a tag comes before the key; anything else must not.
        let at = column(text, place.value.start);
        let is_at_key = self.key_above(pointer, node, place).is_some_and(|key| at <= column(text, key.start));
        let space = if is_written && !is_at_key { "" } else { " " };
        Some(Edit { span: without_end_of_line(text, node, place.value)?, replacement: format!("{space}{value}") })
    }

    /// Returns the edit that adds a member behind the others of the mapping at a JSON pointer.
    ///
    /// `None` where there is no mapping, or it has the member already.
    #[must_use]
    pub fn insert(&self, text: &str, pointer: &str, key: &str, value: &Value) -> Option<Edit> {
        let (node, place) = self.written(pointer)?;
        let mapping = node.as_mapping().filter(|mapping| mapping.get(key).is_none())?;
        let is_flow = text.get(node.span.start..)?.starts_with('{');
        let json = self.is_json();
        let key = if json || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Value::from(key).to_string()
        } else {
            key.to_owned()
        };
        if is_flow {
            return flow_insertion(text, node, mapping, &format!("{key}: {value}"));
        }
        let first = mapping.entries().first()?;
        let column = column(text, first.key.full_span().start)?;
        let at = behind(text, node)?;
        let replacement = format!("\n{}{key}: {value}", " ".repeat(column));
        Some(Edit { span: Span { start: at, end: at, ..place.value }, replacement })
    }

    /// Returns the edit that makes the value at a JSON pointer what is given: replaces it, or adds it to its mapping.
    ///
    /// ```
    /// use stackfleet_template::{apply_edits, read};
    ///
    /// let text = "Resources:\n  F:\n    Type: T\n    Properties:\n      CodeUri: src/ # local\n";
    /// let (template, _) = read(stackfleet_base::Sources::default().add("app.yaml", text), text);
    /// let code = serde_json::json!({"Bucket": "artifacts", "Key": "f.zip"});
    /// let edit = template.set(text, "/Resources/F/Properties/CodeUri", &code).unwrap();
    /// let changed = apply_edits(text, &[edit]).unwrap();
    /// assert!(changed.ends_with("      CodeUri: {\"Bucket\":\"artifacts\",\"Key\":\"f.zip\"} # local\n"));
    /// ```
    #[must_use]
    pub fn set(&self, text: &str, pointer: &str, value: &Value) -> Option<Edit> {
        self.replace(text, pointer, value).or_else(|| {
            let (parent, key) = pointer.rsplit_once('/')?;
            self.insert(text, parent, &key.replace("~1", "/").replace("~0", "~"), value)
        })
    }

    /// Returns the key that a value stands behind, for the argument of a short call the key of the call.
    fn key_above(&self, pointer: &str, node: &Node, place: Place) -> Option<Span> {
        let is_argument = node.tag.as_ref().is_some_and(|tag| place.key == Some(tag.span));
        if !is_argument {
            return place.key;
        }
        let (above, _) = pointer.rsplit_once('/')?;
        self.written(above)?.1.key
    }

    /// Returns the node at a pointer if it is written there and nowhere else, and not among keys written as `? key`.
    fn written(&self, pointer: &str) -> Option<(&Node, Place)> {
        let (root, json) = self.source()?;
        let mut above = String::new();
        for token in crate::pointer::tokens(pointer) {
            let (TreeView { node, .. }, place, exact) = find(TreeView { node: root, json }, &above);
            if !exact || node.alias.is_some() || has_question_marks(node) || !holds(node, place, &token) {
                return None;
            }
            above.push_str(&to_pointer(&[crate::pointer::Step::Key(&token)]));
        }
        let (TreeView { node, .. }, place, exact) = find(TreeView { node: root, json }, pointer);
        Some((node, place)).filter(|(node, _)| exact && !has_question_marks(node))
    }
}

/// Returns the span of a value without the line break behind it: a collection whose last part is not written ends where
/// the next thing begins.
fn without_end_of_line(text: &str, node: &Node, span: Span) -> Option<Span> {
    if matches!(node.value, NodeValue::Scalar(_)) {
        return Some(span);
    }
    // Wider blanks may be the end of a text.
    let written = text.get(span.start..span.end)?.trim_end_matches([' ', '\t', '\r', '\n']).len();
    Some(Span { end: span.start + written, ..span })
}

/// Returns the edit that writes a call in its long form, where the short one would make something else of the argument:
/// `!Sub 0` is a text, `!GetAtt "a.b"` a list.
fn without_tag(node: &Node, place: Place, value: &Value) -> Option<Edit> {
    let tag = node.tag.as_ref().filter(|tag| place.key == Some(tag.span))?;
    let function = document::long_form(&tag.name)?;
    let is_taken_as_it_is = match value {
        Value::String(_) => function != "Fn::GetAtt",
        Value::Array(_) | Value::Object(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    };
    let replacement = Value::from_iter([(function, value.clone())]).to_string();
    (!is_taken_as_it_is).then_some(Edit { span: node.full_span(), replacement })
}

fn has_question_marks(node: &Node) -> bool {
    node.as_mapping().is_some_and(|mapping| mapping.has_question_marks)
}

/// Tells whether a member is a mapping's own and not merged into it.
fn holds(node: &Node, place: Place, token: &str) -> bool {
    match &node.value {
        NodeValue::Mapping(mapping) if node.tag.is_none() || place.value == node.span => {
            mapping.entries().iter().any(|entry| entry.key.text() == Some(token)) || mapping.get("<<").is_none()
        }
        NodeValue::Mapping(_) | NodeValue::Sequence(_) | NodeValue::Scalar(_) => true,
    }
}

/// Returns the end of the line on which a block mapping ends: behind a comment, and behind the blank lines that belong to
/// a text whose last line breaks are kept.
fn behind(text: &str, node: &Node) -> Option<usize> {
    let rest = text.get(node.span.end..)?;
    let keeps = keeps_line_breaks(text, node);
    let mut lines = rest.split('\n');
    let mut at = node.span.end + lines.next().unwrap_or_default().trim_end_matches('\r').len();
    let mut line_start = node.span.end + rest.find('\n').map_or(rest.len(), |end| end + 1);
    for line in lines.take_while(|line| keeps && line.trim().is_empty()) {
        // What follows the last line break is no line.
        if line_start < text.len() {
            at = line_start + line.trim_end_matches('\r').len();
        }
        line_start += line.len() + 1;
    }
    Some(at)
}

/// Tells whether a node ends with a block scalar such as `|+`.
fn keeps_line_breaks(text: &str, node: &Node) -> bool {
    match &node.value {
        NodeValue::Scalar(scalar) => {
            let header = text.get(node.span.start..node.span.end).and_then(|covered| covered.lines().next());
            matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded)
                && header.is_some_and(|header| header.split('#').next().unwrap_or_default().contains('+'))
        }
        NodeValue::Sequence(items) => items.last().is_some_and(|item| keeps_line_breaks(text, item)),
        NodeValue::Mapping(mapping) => {
            mapping.entries().last().is_some_and(|entry| keeps_line_breaks(text, &entry.value))
        }
    }
}

fn flow_insertion(text: &str, node: &Node, mapping: &Mapping, member: &str) -> Option<Edit> {
    let Some((first, last)) = mapping.entries().first().zip(mapping.entries().last()) else {
        let at = node.span.start + 1;
        return Some(Edit { span: Span { start: at, end: at, ..node.span }, replacement: member.to_owned() });
    };
    let at = last.value.full_span().end;
    // Where each member has a line of its own, so has this one.
    let opening = text.get(node.span.start..first.key.span.start)?;
    let separator = match opening.rfind('\n') {
        Some(line) => format!(",\n{}", opening.get(line + 1..)?),
        None => ", ".to_owned(),
    };
    Some(Edit { span: Span { start: at, end: at, ..node.span }, replacement: format!("{separator}{member}") })
}

fn column(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    Some(before.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count())
}

/// Applies edits to a text; `None` when they overlap or reach beyond it. Edits at the same place keep their order.
#[must_use]
pub fn apply_edits(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        changed.push_str(text.get(at..edit.span.start)?);
        changed.push_str(&edit.replacement);
        at = edit.span.end;
    }
    changed.push_str(text.get(at..)?);
    Some(changed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stackfleet_base::Sources;

    use super::*;
    use crate::{document::to_value, read};

    fn edited(text: &str, pointer: &str, value: &Value) -> String {
        let (template, _) = read(Sources::default().add("t", text), text);
        let edit = template.set(text, pointer, value).unwrap();
        let changed = apply_edits(text, &[edit]).unwrap();
        // The change is exactly the one asked for.
        let mut expected = template.value().clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match expected.pointer_mut(parent).unwrap() {
            Value::Object(object) => drop(object.insert(key.to_owned(), value.clone())),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => panic!("{other}"),
        }
        let (root, found) = crate::yaml::read(Sources::default().add("t", &changed), &changed);
        assert!(found.is_empty(), "{found:?}\n{changed}");
        assert_eq!(
            to_value(&root.unwrap(), crate::yaml::is_json_like(&changed), &mut Vec::new()),
            expected,
            "{changed}"
        );
        changed
    }

    #[test]
    fn values_are_replaced_in_place() {
        let text = "# top\nResources:\n  F:\n    Type: T # kind\n    Properties:\n      CodeUri: src/  # here\n      Code: |\n        a\n        b\n      Role: !GetAtt R.Arn\n      Layers:\n        - x\n        - !Ref L\n      Empty:\n  G: {Type: T}\n";
        let code = json!({"Bucket": "b", "Key": "k\n"});
        assert_eq!(
            edited(text, "/Resources/F/Properties/CodeUri", &code),
            text.replace("src/ ", "{\"Bucket\":\"b\",\"Key\":\"k\\n\"} ")
        );
        assert_eq!(
            edited(text, "/Resources/F/Properties/Code", &code),
            text.replace("|\n        a\n        b", "{\"Bucket\":\"b\",\"Key\":\"k\\n\"}")
        );
        assert_eq!(edited(text, "/Resources/F/Properties/Role", &json!("r")), text.replace("!GetAtt R.Arn", "\"r\""));
        assert_eq!(
            edited(text, "/Resources/F/Properties/Layers", &json!([])),
            text.replace("- x\n        - !Ref L", "[]")
        );
        assert_eq!(edited(text, "/Resources/F/Properties/Layers/1", &json!("y")), text.replace("!Ref L", "\"y\""));
        assert_eq!(edited(text, "/Resources/F/Properties/Empty", &json!(1)), text.replace("Empty:", "Empty: 1"));
    }

    #[test]
    fn a_list_at_the_column_of_its_key_is_replaced() {
        let text = "A:\n- x\n- y\nB: 1\n";
        assert_eq!(edited(text, "/A", &json!("z")), "A:\n \"z\"\nB: 1\n");
        assert_eq!(edited(text, "/A/0", &json!([])), text.replace("- x", "- []"));
        assert_eq!(edited("A: 1\rB:\n- x\n", "/B", &json!("z")), "A: 1\rB:\n \"z\"\n");
        assert_eq!(edited("!And A:\n-\n - x\nB: 1\n", "/A", &json!("z")), "!And A:\n \"z\"\nB: 1\n");
        let text = "A: !Sub\n- x\n- {y: z}\nB: 1\n";
        assert_eq!(edited(text, "/A/Fn::Sub", &json!("z")), "A: !Sub\n \"z\"\nB: 1\n");
    }

    #[test]
    fn a_list_that_ends_with_nothing_leaves_the_next_line_alone() {
        let text = "A:\n - x\n - ? ? \nB: 1\n";
        assert_eq!(edited(text, "/A", &json!("z")), "A:\n \"z\" \nB: 1\n");
        for blank in ['\u{85}', '\u{a0}'] {
            let text = format!("A:\n  B: x{blank}\nC: 1\n");
            assert_eq!(edited(&text, "/A", &json!(1)), "A:\n  1\nC: 1\n");
        }
    }

    #[test]
    fn a_text_is_replaced_up_to_its_last_character() {
        for blank in ['\u{a0}', '\u{2028}', '\u{3000}'] {
            let text = format!("A: |\n  x{blank}\nB: 2\n");
            assert_eq!(edited(&text, "/A", &json!(1)), "A: 1\nB: 2\n");
        }
    }

    #[test]
    fn a_member_without_a_colon_is_not_edited() {
        let text = "A: {x, y: 1}\nB: &b {z }\nC: {!: }\n";
        let (template, _) = read(Sources::default().add("t", text), text);
        assert_eq!(template.set(text, "/A/x", &json!(2)), None);
        assert_eq!(template.set(text, "/B/z", &json!(2)), None);
        assert_eq!(template.set(text, "/C/", &json!(2)), None);
        assert_eq!(edited(text, "/A/y", &json!(2)), text.replace("y: 1", "y: 2"));
        let text = "A: {x: , \"y\":}\n";
        assert_eq!(edited(text, "/A/x", &json!(2)), text.replace("x:", "x: 2"));
        assert_eq!(edited(text, "/A/y", &json!(2)), text.replace("\"y\":", "\"y\": 2"));
    }

    #[test]
    fn keys_with_question_marks_are_not_edited_and_what_they_are_in_is() {
        let set =
            |text: &str, pointer: &str| read(Sources::default().add("t", text), text).0.set(text, pointer, &json!(2));
        assert_eq!(set("A: b\n? x\n:- 2 - -a:\n- y\n", "/x"), None);
        assert_eq!(set("A:\n  ? -0x1F # c\n", "/A/-31"), None);
        assert_eq!(set("A:\n  ? # c\n    aa\n  : b\n", "/A/aa"), None);
        assert_eq!(edited("A:\n - ? aa\n: b\n", "/A", &json!(2)), "A:\n 2\n: b\n");
        assert_eq!(edited("A:\n - - ? - aa: # c\n:!B: 1\n", "/A/0", &json!(2)), "A:\n - 2 # c\n:!B: 1\n");
        assert_eq!(edited("A:\n - ? \n: b\n", "/A", &json!(2)), "A:\n 2 \n: b\n");
    }

    #[test]
    fn an_item_that_is_not_written_stands_before_its_comment() {
        let text = "A: # c - d\n- # e\n-\n- x\n";
        assert_eq!(edited(text, "/A/0", &json!(1)), text.replace("- # e", "- 1 # e"));
        assert_eq!(edited(text, "/A/1", &json!(1)), text.replace("-\n", "- 1\n"));
    }

    #[test]
    fn line_breaks_that_are_kept_stay_with_their_text() {
        for (rest, added) in [("\n\n", "\n\nN: 1\n"), ("\n\n# c\n", "\n\nN: 1\n# c\n"), ("", "\nN: 1")] {
            let text = format!("A:\n  - B: |+\n      x{rest}");
            assert_eq!(edited(&text, "/N", &json!(1)), text.replace(&format!("x{rest}"), &format!("x{added}")));
        }
    }

    #[test]
    fn a_short_call_becomes_a_long_one_where_it_must() {
        let text = "A: !Sub x # c\nB: [!GetAtt a.b]\n";
        assert_eq!(edited(text, "/A/Fn::Sub", &json!(0)), text.replace("!Sub x", "{\"Fn::Sub\":0}"));
        assert_eq!(edited(text, "/A/Fn::Sub", &json!("y")), text.replace("x", "\"y\""));
        assert_eq!(
            edited(text, "/B/0/Fn::GetAtt", &json!("c.d")),
            text.replace("!GetAtt a.b", "{\"Fn::GetAtt\":\"c.d\"}")
        );
    }

    #[test]
    fn members_are_added_behind_the_others() {
        let text = "Resources:\n  F:\n    Type: T\n    Properties:\n      A: 1\n      B: |\n        x\n\n  G: {Type: T}\n  H:\n    Type: T # last\n# end\n";
        assert_eq!(
            edited(text, "/Resources/F/Properties/C", &json!([1])),
            text.replace("        x\n", "        x\n      C: [1]\n")
        );
        assert_eq!(
            edited(text, "/Resources/G/Properties", &json!({"a": 1})),
            text.replace("{Type: T}", "{Type: T, Properties: {\"a\":1}}")
        );
        assert_eq!(
            edited(text, "/Resources/H/Properties", &json!({})),
            text.replace("# last\n", "# last\n    Properties: {}\n")
        );
        let json = "{\n  \"Resources\": {\n    \"A\": {\n      \"Type\": \"T\"\n    },\n    \"B\": {}\n  }\n}\n";
        assert_eq!(
            edited(json, "/Resources/A/Properties", &json!({"a": "b"})),
            json.replace("\"T\"", "\"T\",\n      \"Properties\": {\"a\":\"b\"}")
        );
        assert_eq!(edited(json, "/Resources/B/Type", &json!("T")), json.replace("{}", "{\"Type\": \"T\"}"));
    }

    #[test]
    fn what_stands_elsewhere_is_not_edited() {
        let text = "Resources:\n  A: &a {Type: T, Properties: {x: 1}}\n  B: *a\n  C: {<<: *a}\n";
        let (template, _) = read(Sources::default().add("t", text), text);
        let set = |pointer| template.set(text, pointer, &json!(2));
        assert!(set("/Resources/A/Properties/x").is_some());
        assert_eq!(set("/Resources/B/Properties/x"), None);
        assert_eq!(set("/Resources/C/Properties/x"), None);
        assert_eq!(set("/Resources/D/Properties/x"), None);
    }
}
