//! Resources that differ: a line for each with what the update does to it, and one for each of its values.

use serde_json::Value;
use stackfleet_catalog::{Replacement, catalog};
use stackfleet_plan::{Effect, Fate, Update, replacement};
use stackfleet_template::{ResourceChange, ValueDifference};

use crate::console::{Console, Paint};

/// Two templates compared for one stack.
#[derive(Debug)]
pub(crate) struct Compared<'a> {
    /// What an update does to resources.
    pub(crate) resources: Vec<Update>,
    /// Outputs that differ.
    pub(crate) outputs: &'a [ValueDifference],
    /// What differs as it is written: parameters, conditions, metadata...
    pub(crate) declarations: &'a [ValueDifference],
}

impl Compared<'_> {
    /// Tells whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty() && self.declarations.is_empty()
    }
}

/// Prints all that differs, and what it comes to.
pub(crate) fn show(console: &Console, compared: &Compared<'_>) {
    let paint = |paint, text: &str| console.paint_result(paint, text);
    for update in &compared.resources {
        console.result(format!(" {}", resource(update, None, &paint)));
        if let ResourceChange::Changed(values) = &update.difference.kind {
            for value in values {
                let note = match replacement(catalog(), &update.difference.type_name, value) {
                    Replacement::Never => "",
                    Replacement::Conditional => "   (may replace)",
                    Replacement::Always => "   (replaces)",
                };
                console.result(format!("     {}{note}", self::value(value)));
            }
        }
        follows(update).iter().for_each(|line| console.result(format!("     {line}")));
    }
    for (title, differing) in [("outputs", compared.outputs), ("declarations", compared.declarations)] {
        if !differing.is_empty() {
            console.result(format!(" {title}"));
            differing.iter().for_each(|differing| console.result(format!("     {}", value(differing))));
        }
    }
    if compared.is_empty() {
        console.result(" No difference.");
    } else {
        console.result(format!("\n {}", total(compared)));
    }
}

/// `1 to create, 2 to change, 1 to replace, 1 to remove; data of Table is lost`
fn total(compared: &Compared<'_>) -> String {
    let count = |of: fn(&Effect) -> bool| compared.resources.iter().filter(|update| of(&update.effect)).count();
    let mut text = format!(
        "{} to create, {} to change, {} to replace, {} to remove",
        count(|effect| matches!(effect, Effect::Created)),
        count(|effect| matches!(effect, Effect::InPlace | Effect::Untouched)),
        count(|effect| matches!(effect, Effect::Replaced(_) | Effect::MayBeReplaced(_))),
        count(|effect| matches!(effect, Effect::Removed(_))),
    );
    let refused = count(|effect| matches!(effect, Effect::TypeRefused | Effect::NameRefused(_)));
    if refused > 0 {
        text.push_str(&format!(", {refused} REFUSED"));
    }
    let names = |of: fn(&Effect) -> bool| -> Vec<&str> {
        let of = compared.resources.iter().filter(|update| of(&update.effect));
        of.map(|update| update.difference.logical_id.as_str()).collect()
    };
    let lost = names(|effect| matches!(effect, Effect::Replaced(Fate::DataLost) | Effect::Removed(Fate::DataLost)));
    let risked = names(|effect| matches!(effect, Effect::MayBeReplaced(Fate::DataLost)));
    for (names, what) in [(lost, "is lost"), (risked, "may be lost")] {
        if !names.is_empty() {
            text.push_str(&format!("; data of {} {what}", names.join(", ")));
        }
    }
    text
}

/// Colours a text for the stream that it goes to.
pub(crate) type Painter<'a> = &'a dyn Fn(Paint, &str) -> String;

/// Sign, colour and words of an effect.
pub(crate) fn told(effect: &Effect) -> (&'static str, Paint, String) {
    match effect {
        Effect::Created => ("+", Paint::Good, String::new()),
        Effect::Untouched => ("~", Paint::Faint, "the resource itself stays as it is".to_owned()),
        Effect::InPlace => ("~", Paint::Odd, "in place".to_owned()),
        Effect::MayBeReplaced(fate) => ("±", Paint::Bad, format!("may be REPLACED{}", then(*fate))),
        Effect::Replaced(fate) => ("±", Paint::Bad, format!("REPLACED{}", then(*fate))),
        Effect::Removed(Fate::Kept) => ("-", Paint::Odd, "leaves the stack and is kept".to_owned()),
        Effect::Removed(Fate::DeletedIfEmpty) => {
            ("-", Paint::Bad, "removed; stays behind unless it is empty".to_owned())
        }
        Effect::Removed(fate) => ("-", Paint::Bad, format!("removed{}", then(*fate))),
        Effect::TypeRefused => ("✗", Paint::Bad, "REFUSED: a resource cannot change its type".to_owned()),
        Effect::NameRefused(names) => {
            let told = format!("REFUSED: must be replaced, so change {}, too", names.join(", "));
            ("✗", Paint::Bad, told)
        }
    }
}

const fn then(fate: Fate) -> &'static str {
    match fate {
        Fate::Deleted => "",
        Fate::DeletedIfEmpty => ", the old one is deleted if it is empty",
        Fate::DataLost => ", data is lost",
        Fate::Snapshot => ", a snapshot is kept",
        Fate::Kept => ", the old one is kept",
    }
}

/// Returns the line of a resource; `cells` is in how many it differs so, where there are several.
pub(crate) fn resource(update: &Update, cells: Option<u32>, paint: Painter<'_>) -> String {
    let difference = &update.difference;
    let (sign, colour, told) = told(&update.effect);
    let told = match &difference.kind {
        ResourceChange::Retyped { from } => format!("{told} (it is {from})"),
        ResourceChange::Added | ResourceChange::Removed | ResourceChange::Changed(_) => told,
    };
    let count = cells.map(|cells| format!("{cells}×  ")).unwrap_or_default();
    let text = format!(
        "{} {:<26} {:<30} {count}{}",
        paint(colour, sign),
        difference.logical_id,
        difference.type_name,
        if colour == Paint::Bad { paint(colour, &told) } else { told },
    );
    text.trim_end().to_owned()
}

/// Returns a line for each property that changes because of a replacement elsewhere.
pub(crate) fn follows(update: &Update) -> Vec<String> {
    update.follows.iter().map(|(property, of)| format!("{property}   changes with {of}")).collect()
}

/// Returns a line for each value of a resource that differs, at most `most`, then how many more there are.
pub(crate) fn values(values: &[ValueDifference], most: usize) -> Vec<String> {
    let mut lines: Vec<String> = values.iter().take(most).map(value).collect();
    if values.len() > most {
        lines.push(format!("and {} more values", values.len() - most));
    }
    lines
}

/// `Timeout   60 -> 120`; `Action   + lambda:TagResource` for lists of which some items come or go.
pub(crate) fn value(value: &ValueDifference) -> String {
    let path = value.path();
    match (&value.before, &value.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) => format!("{path}   {}", items(before, after)),
        (Some(before), Some(after)) => {
            let (before, after) = shortened_pair(&words(before), &words(after));
            format!("{path}   {before} -> {after}")
        }
        (None, Some(after)) => format!("{path}   + {}", shortened(&words(after))),
        (Some(before), None) => format!("{path}   - {}", shortened(&words(before))),
        (None, None) => path,
    }
}

/// What comes and goes of a list; each counts as often as it is there.
fn items(before: &[Value], after: &[Value]) -> String {
    let mut gone: Vec<&Value> = before.iter().collect();
    let mut come: Vec<&Value> = Vec::new();
    for item in after {
        match gone.iter().position(|known| *known == item) {
            Some(at) => drop(gone.remove(at)),
            None => come.push(item),
        }
    }
    let signed = |sign: &'static str, items: Vec<&Value>| -> Vec<String> {
        items.into_iter().map(|item| format!("{sign} {}", shortened(&words(item)))).collect()
    };
    let told = [signed("+", come), signed("-", gone)].concat();
    if told.is_empty() { "the same in another order".to_owned() } else { told.join("  ") }
}

/// Writes a value as templates do: `!Ref Table`, `!GetAtt Role.Arn`; else as JSON.
fn words(value: &Value) -> String {
    let call = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    match call.map(|(name, argument)| (name.as_str(), argument)) {
        Some(("Ref", Value::String(name))) => format!("!Ref {name}"),
        Some(("Fn::GetAtt", Value::Array(parts))) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            parts.map_or_else(|| value.to_string(), |parts| format!("!GetAtt {}", parts.join(".")))
        }
        _ => value.to_string(),
    }
}

/// Most characters of a value: the line says that it changed, the template says to what.
const CHARACTERS_MAX: usize = 48;

fn shortened(text: &str) -> String {
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(CHARACTERS_MAX).collect();
    format!("{cut}...")
}

/// Shortens two texts so that where they begin to differ is seen.
fn shortened_pair(before: &str, after: &str) -> (String, String) {
    const CONTEXT: usize = 12;
    let length = |text: &str| text.chars().count();
    let same = before.chars().zip(after.chars()).take_while(|(old, new)| old == new).count();
    if length(before).max(length(after)) <= CHARACTERS_MAX || same <= CONTEXT * 2 {
        return (shortened(before), shortened(after));
    }
    let tail = |text: &str| {
        let rest: String = text.chars().skip(same - CONTEXT).collect();
        format!("...{}", shortened(&rest))
    };
    (tail(before), tail(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(before: Option<Value>, after: Option<Value>) -> String {
        value(&ValueDifference { pointer: "/Properties/A/0/B".to_owned(), before, after })
    }

    #[test]
    fn values_are_written_as_people_read_them() {
        let both = |before: Value, after: Value| line(Some(before), Some(after));
        assert_eq!(both(json!(60), json!(120)), "A[0].B   60 -> 120");
        assert_eq!(both(json!(["a", "b"]), json!(["b", "c", "c"])), r#"A[0].B   + "c"  + "c"  - "a""#);
        assert_eq!(both(json!(["a", "b"]), json!(["b", "a"])), "A[0].B   the same in another order");
        assert_eq!(
            both(json!({"Ref": "Old"}), json!({"Fn::GetAtt": ["New", "Arn"]})),
            "A[0].B   !Ref Old -> !GetAtt New.Arn"
        );
        assert_eq!(line(None, Some(json!({"x": 1}))), r#"A[0].B   + {"x":1}"#);
        assert_eq!(line(Some(json!("x")), None), r#"A[0].B   - "x""#);
    }

    #[test]
    fn long_values_show_where_they_differ() {
        let long = |end: &str| json!(format!("{}{end}", "x".repeat(60)));
        assert_eq!(
            line(Some(long("one")), Some(long("two"))),
            r#"A[0].B   ...xxxxxxxxxxxxone" -> ...xxxxxxxxxxxxtwo""#
        );
        assert!(line(None, Some(long(""))).ends_with("xxx..."));
    }
}
