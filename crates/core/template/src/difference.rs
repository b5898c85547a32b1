//! What differs between two evaluated templates, per resource and property.
//!
//! Whether a change happens in place or by replacement depends on the resource type and is not decided here.

use serde_json::{Map, Value};

use crate::{
    Evaluated, EvaluatedOutput, EvaluatedResource, Template,
    pointer::{Path, Step, to_pointer, tokens},
};

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Resources that differ: those of the new template in its order, then those that are gone.
    pub resources: Vec<ResourceDifference>,
    /// Outputs that differ.
    pub outputs: Vec<ValueDifference>,
}

impl Difference {
    /// Tells whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }
}

/// A resource that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDifference {
    /// The logical id.
    pub logical_id: String,
    /// The type; the new one where it differs.
    pub type_name: String,
    /// How it differs.
    pub kind: ResourceChange,
}

/// How a resource differs.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceChange {
    /// It is only in the new template.
    Added,
    /// It is only in the old template.
    Removed,
    /// It has another type: what there is goes, something else comes.
    Retyped {
        /// The old type.
        from: String,
    },
    /// Some of its values differ.
    Changed(Vec<ValueDifference>),
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueDifference {
    /// JSON pointer into the resource (`/Properties/Timeout`) or into the outputs (`/Name/Value`). Indices of list items
    /// are those of the new list, for removed items those of the old.
    pub pointer: String,
    /// The old value; `None` where there was none.
    pub before: Option<Value>,
    /// The new value; `None` where there is none.
    pub after: Option<Value>,
}

impl ValueDifference {
    /// Returns the property's name, for differences in `Properties`.
    #[must_use]
    pub fn property(&self) -> Option<String> {
        let mut tokens = tokens(&self.pointer);
        tokens.next().filter(|section| section == "Properties")?;
        tokens.next()
    }

    /// Returns the path as people write it: `Policies[0].Statement[2].Action`; attributes other than properties keep
    /// their name in front.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (index, token) in tokens(&self.pointer).enumerate() {
            if index == 0 && token == "Properties" {
                continue;
            }
            if !path.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) {
                path.push_str(&format!("[{token}]"));
            } else {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&token);
            }
        }
        path
    }
}

/// Compares two evaluated templates.
///
/// ```
/// use serde_json::json;
/// use stackfleet_template::{Evaluated, EvaluatedResource, ResourceChange, difference};
///
/// let with = |timeout: u32| {
///     let properties = json!({"Timeout": timeout}).as_object().unwrap().clone();
///     let resource = EvaluatedResource { properties, ..EvaluatedResource::default() };
///     Evaluated { resources: [("Function".to_owned(), resource)].into_iter().collect(), ..Evaluated::default() }
/// };
/// let found = difference(&with(60), &with(120));
/// let ResourceChange::Changed(values) = &found.resources[0].kind else { unreachable!() };
/// assert_eq!((values[0].path().as_str(), &values[0].after), ("Timeout", &Some(json!(120))));
/// ```
#[must_use]
pub fn difference(before: &Evaluated, after: &Evaluated) -> Difference {
    let mut resources = Vec::new();
    for (name, new) in &after.resources {
        let kind = match before.resources.get(name) {
            None => Some(ResourceChange::Added),
            Some(old) => resource_change(old, new),
        };
        let difference = |kind| ResourceDifference { logical_id: name.clone(), type_name: new.type_name.clone(), kind };
        resources.extend(kind.map(difference));
    }
    for (name, old) in before.resources.iter().filter(|(name, _)| !after.resources.contains_key(*name)) {
        let type_name = old.type_name.clone();
        resources.push(ResourceDifference { logical_id: name.clone(), type_name, kind: ResourceChange::Removed });
    }
    let outputs = |evaluated: &Evaluated| {
        let output = |output: &EvaluatedOutput| {
            let mut object = Map::from_iter([("Value".to_owned(), output.value.clone())]);
            object.extend(output.export_name.iter().map(|name| ("Export".to_owned(), name.clone())));
            object.extend(output.description.iter().map(|text| ("Description".to_owned(), Value::from(text.as_str()))));
            Value::Object(object)
        };
        evaluated.outputs.iter().map(|(name, value)| (name.clone(), output(value))).collect::<Map<_, _>>()
    };
    let mut changed_outputs = Vec::new();
    members(&outputs(before), &outputs(after), &mut Vec::new(), &mut changed_outputs);
    Difference { resources, outputs: changed_outputs }
}

/// The sections that [`difference`] does not compare, as they are written.
const DECLARATIONS: [&str; 9] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Transform",
    "Globals",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
];

/// Compares what templates declare beside resources and outputs: parameters, conditions, mappings, metadata... Pointers
/// lead from the root: `/Parameters/Name/Default`.
#[must_use]
pub fn declarations(before: &Template, after: &Template) -> Vec<ValueDifference> {
    let mut found = Vec::new();
    let nothing = Value::Object(Map::new());
    for section in DECLARATIONS {
        let (old, new) = (before.value().get(section), after.value().get(section));
        let path = &mut Vec::new();
        // A section that comes or goes is told member by member.
        match (old, new) {
            (Some(old @ Value::Object(_)), None) => {
                optional(Some(old), Some(&nothing), Step::Key(section), path, &mut found)
            }
            (None, Some(new @ Value::Object(_))) => {
                optional(Some(&nothing), Some(new), Step::Key(section), path, &mut found)
            }
            (old, new) => optional(old, new, Step::Key(section), path, &mut found),
        }
    }
    found
}

fn resource_change(old: &EvaluatedResource, new: &EvaluatedResource) -> Option<ResourceChange> {
    if old.type_name != new.type_name {
        return Some(ResourceChange::Retyped { from: old.type_name.clone() });
    }
    let mut found = Vec::new();
    let path = &mut vec![Step::Key("Properties")];
    members(&old.properties, &new.properties, path, &mut found);
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let depends_on = |names: &[String]| (!names.is_empty()).then(|| Value::from(names));
    let attributes = [
        ("DependsOn", depends_on(&old.depends_on), depends_on(&new.depends_on)),
        ("DeletionPolicy", text(&old.deletion_policy), text(&new.deletion_policy)),
        ("UpdateReplacePolicy", text(&old.update_replace_policy), text(&new.update_replace_policy)),
        ("CreationPolicy", old.creation_policy.clone(), new.creation_policy.clone()),
        ("UpdatePolicy", old.update_policy.clone(), new.update_policy.clone()),
        ("Metadata", old.metadata.clone(), new.metadata.clone()),
    ];
    for (name, before, after) in &attributes {
        optional(before.as_ref(), after.as_ref(), Step::Key(name), &mut Vec::new(), &mut found);
    }
    (!found.is_empty()).then_some(ResourceChange::Changed(found))
}

/// Compares two values; what differs deepest is reported.
pub(crate) fn values<'value>(
    before: &'value Value,
    after: &'value Value,
    path: &mut Path<'value>,
    found: &mut Vec<ValueDifference>,
) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(before), Value::Object(after))
            if crate::intrinsic::call_object(before).is_none() && crate::intrinsic::call_object(after).is_none() =>
        {
            members(before, after, path, found);
        }
        (Value::Array(before), Value::Array(after)) if has_structure(before) || has_structure(after) => {
            items(before, after, path, found);
        }
        _ => found.push(ValueDifference {
            pointer: to_pointer(path),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// Lists of plain texts and numbers are compared as a whole: faces show what came and went.
fn has_structure(items: &[Value]) -> bool {
    items.iter().any(|item| item.is_object() || item.is_array())
}

fn members<'value>(
    before: &'value Map<String, Value>,
    after: &'value Map<String, Value>,
    path: &mut Path<'value>,
    found: &mut Vec<ValueDifference>,
) {
    for (key, new) in after {
        optional(before.get(key), Some(new), Step::Key(key), path, found);
    }
    for (key, old) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        optional(Some(old), None, Step::Key(key), path, found);
    }
}

/// Compares lists: equal items at both ends are set aside, the rest is matched by [`aligned`].
fn items<'value>(
    before: &'value [Value],
    after: &'value [Value],
    path: &mut Path<'value>,
    found: &mut Vec<ValueDifference>,
) {
    let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let shorter = before.len().min(after.len());
    let tail = before.iter().rev().zip(after.iter().rev()).take(shorter - start).take_while(|(old, new)| old == new);
    let tail = tail.count();
    let middle = |list: &'value [Value]| list.get(start..list.len() - tail).unwrap_or_default();
    let (old, new) = (middle(before), middle(after));
    for (of_old, of_new) in aligned(old, new) {
        let Some(index) = of_new.or(of_old) else { continue };
        let item = |list: &'value [Value], at: Option<usize>| at.and_then(|at| list.get(at));
        optional(item(old, of_old), item(new, of_new), Step::Index(start + index), path, found);
    }
}

/// Lists longer than this, multiplied, are matched item by item.
const ALIGNED_MAX: usize = 10_000;

/// Matches items in order: as many as possible that are equal or name the same; what is left between these one by one,
/// unless both have names, which then differ.
fn aligned(old: &[Value], new: &[Value]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut matched = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    let mut alike = if old.len() * new.len() > ALIGNED_MAX { Vec::new() } else { alike(old, new) };
    alike.push((old.len(), new.len()));
    for (to_old, to_new) in alike {
        for offset in 0..(to_old - from_old).max(to_new - from_new) {
            let of_old = Some(from_old + offset).filter(|at| *at < to_old);
            let of_new = Some(from_new + offset).filter(|at| *at < to_new);
            let has_name = |list: &[Value], at: Option<usize>| at.and_then(|at| name(list.get(at)?)).is_some();
            if has_name(old, of_old) && has_name(new, of_new) {
                matched.extend([(of_old, None), (None, of_new)]);
            } else {
                matched.push((of_old, of_new));
            }
        }
        matched.push((Some(to_old), Some(to_new)));
        (from_old, from_new) = (to_old + 1, to_new + 1);
    }
    matched.pop();
    matched
}

/// Returns the longest sequence of pairs, ascending on both sides, that are equal or name the same.
fn alike(old: &[Value], new: &[Value]) -> Vec<(usize, usize)> {
    let same = |left: &Value, right: &Value| left == right || name(left).is_some_and(|own| name(right) == Some(own));
    let width = new.len() + 1;
    // Lengths of the longest sequences from each pair to the end.
    let mut lengths = vec![0_usize; (old.len() + 1) * width];
    let at = |lengths: &[usize], row: usize, column: usize| lengths.get(row * width + column).copied().unwrap_or(0);
    for (row, left) in old.iter().enumerate().rev() {
        for (column, right) in new.iter().enumerate().rev() {
            let length = if same(left, right) {
                at(&lengths, row + 1, column + 1) + 1
            } else {
                at(&lengths, row + 1, column).max(at(&lengths, row, column + 1))
            };
            if let Some(cell) = lengths.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (0, 0);
    while let (Some(left), Some(right)) = (old.get(row), new.get(column)) {
        if same(left, right) {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if at(&lengths, row + 1, column) >= at(&lengths, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

/// Returns what an item of a list calls itself: a tag its key, a statement its id, a policy its name.
fn name(item: &Value) -> Option<&str> {
    const NAMES: [&str; 7] = ["Key", "Sid", "Id", "Name", "PolicyName", "AttributeName", "IndexName"];
    let members = item.as_object()?;
    NAMES.iter().find_map(|name| members.get(*name)?.as_str())
}

fn optional<'value>(
    before: Option<&'value Value>,
    after: Option<&'value Value>,
    step: Step<'value>,
    path: &mut Path<'value>,
    found: &mut Vec<ValueDifference>,
) {
    path.push(step);
    match (before, after) {
        (Some(before), Some(after)) => values(before, after, path, found),
        (None, None) => {}
        (before, after) => {
            found.push(ValueDifference { pointer: to_pointer(path), before: before.cloned(), after: after.cloned() })
        }
    }
    path.pop();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Inputs, Nothing, evaluate, read_body};

    fn evaluated(text: &str) -> Evaluated {
        let inputs = Inputs {
            parameters: BTreeMap::new(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            stack_name: None,
            stack_id: None,
            notification_arns: Vec::new(),
        };
        evaluate(&read_body(text).unwrap(), &inputs, &Nothing).unwrap()
    }

    fn check(before: &str, after: &str) -> String {
        let found = difference(&evaluated(before), &evaluated(after));
        let show = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let line =
            |value: &ValueDifference| format!("  {}: {} -> {}", value.path(), show(&value.before), show(&value.after));
        let mut lines = Vec::new();
        for resource in &found.resources {
            let kind = match &resource.kind {
                ResourceChange::Added => "added",
                ResourceChange::Removed => "removed",
                ResourceChange::Retyped { .. } => "retyped",
                ResourceChange::Changed(_) => "changed",
            };
            lines.push(format!("{} {kind}", resource.logical_id));
            if let ResourceChange::Changed(values) = &resource.kind {
                lines.extend(values.iter().map(line));
            }
        }
        lines.extend(found.outputs.iter().map(line));
        lines.join("\n")
    }

    #[test]
    fn differences_are_named_as_deep_as_they_are() {
        let before = "
Resources:
  Role: {Type: R, Properties: {Policies: [{Statement: [{A: 1}, {Action: [a, b], R: x}]}]}}
  Function: {Type: F, DeletionPolicy: Retain, Properties: {Timeout: 60, Role: !GetAtt Role.Arn, Old: 1}}
  Gone: {Type: T}
  Other: {Type: T}
Outputs: {A: {Value: x}}
";
        let after = "
Resources:
  Role: {Type: R, Properties: {Policies: [{Statement: [{A: 1}, {Action: [a, b, c], R: x}, {N: 1}]}]}}
  Function: {Type: F, DependsOn: Role, Properties: {Timeout: 120, Role: !Sub 'x${Role.Arn}', New: {y: 1}}}
  Come: {Type: T}
  Other: {Type: U}
Outputs: {A: {Value: y}, B: {Value: z}}
";
        insta::assert_snapshot!(check(before, after), @r#"
        Role changed
          Policies[0].Statement[1].Action: ["a","b"] -> ["a","b","c"]
          Policies[0].Statement[2]: - -> {"N":1}
        Function changed
          Timeout: 60 -> 120
          Role: {"Fn::GetAtt":["Role","Arn"]} -> {"Fn::Join":["",["x",{"Fn::GetAtt":["Role","Arn"]}]]}
          New: - -> {"y":1}
          Old: 1 -> -
          DependsOn: - -> ["Role"]
          DeletionPolicy: "Retain" -> -
        Come added
        Other retyped
        Gone removed
          A.Value: "x" -> "y"
          B: - -> {"Value":"z"}
        "#);
        assert_eq!(check(before, before), "");
    }

    #[test]
    fn declarations_are_compared_member_by_member() {
        let before =
            "{Parameters: {A: {Type: String}}, Conditions: {C: !Equals [!Ref A, x]}, Resources: {R: {Type: T}}}";
        let after = "{Description: d, Parameters: {A: {Type: String, Default: x}, B: {Type: Number}}, Resources: {R: {Type: T}}}";
        let found = declarations(&read_body(before).unwrap(), &read_body(after).unwrap());
        let line = |value: &ValueDifference| format!("{} {:?} -> {:?}", value.path(), value.before, value.after);
        insta::assert_snapshot!(found.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
        Description None -> Some(String("d"))
        Parameters.A.Default None -> Some(String("x"))
        Parameters.B None -> Some(Object {"Type": String("Number")})
        Conditions.C Some(Object {"Fn::Equals": Array [Object {"Ref": String("A")}, String("x")]}) -> None
        "#);
        assert!(declarations(&read_body(before).unwrap(), &read_body(before).unwrap()).is_empty());
    }

    #[test]
    fn items_are_matched_by_what_they_call_themselves() {
        let with = |items: &str| format!("Resources: {{A: {{Type: T, Properties: {{L: [{items}]}}}}}}");
        let tags = with("{Key: a, Value: 1}, {Key: b, Value: 2}, {Key: c, Value: 3}, {Key: d, Value: 4}");
        let others = with("{Key: b, Value: 9}, {Key: x, Value: 3}, {Key: d, Value: 5}");
        insta::assert_snapshot!(check(&tags, &others), @r#"
        A changed
          L[0]: {"Key":"a","Value":1} -> -
          L[0].Value: 2 -> 9
          L[2]: {"Key":"c","Value":3} -> -
          L[1]: - -> {"Key":"x","Value":3}
          L[2].Value: 4 -> 5
        "#);
        let plain = with("{a: 1}, {b: 2}, {c: 3}, {d: 4}");
        assert_eq!(
            check(&plain, &with("{a: 0}, {c: 3}, {d: 0}")),
            "A changed\n  L[0].a: 1 -> 0\n  L[1]: {\"b\":2} -> -\n  L[2].d: 4 -> 0"
        );
    }

    #[test]
    fn an_item_that_comes_or_goes_does_not_disturb_the_others() {
        let with = |items: &str| format!("Resources: {{A: {{Type: T, Properties: {{L: [{items}]}}}}}}");
        let (two, three) = (with("{a: 1}, {c: 3}"), with("{a: 1}, {b: 2}, {c: 3}"));
        assert_eq!(check(&two, &three), "A changed\n  L[1]: - -> {\"b\":2}");
        assert_eq!(check(&three, &two), "A changed\n  L[1]: {\"b\":2} -> -");
        assert_eq!(check(&with("{a: 1}, {a: 1}"), &with("{a: 1}")), "A changed\n  L[1]: {\"a\":1} -> -");
    }
}
