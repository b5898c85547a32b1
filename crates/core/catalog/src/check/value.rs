//! Single values and lists: kinds, possible values, bounds, forms of texts.
//!
//! CloudFormation turns numbers and truth values into text and back, so only what cannot be turned is of a wrong kind.

use serde_json::{Number, Value};
use stackfleet_base::{Severity, suggest};

use super::checker::{Checker, Found, Subject};
use super::function::{Form, Presence, form, is_dynamic, presence};
use super::place::Place;
use super::{DUPLICATE, NOT_LISTED, OUT_OF_BOUNDS, PATTERN, WRONG_KIND, is_slip};
use crate::format::Kinds;
use crate::schema::{Bounds, Scalar, Schema};

/// Schemas that contain themselves end here; templates cannot be nested as deeply.
const DEPTH_MAX: usize = 200;

/// Kinds that CloudFormation turns into each other.
const SCALARS: Kinds = Kinds::STRING.with(Kinds::INTEGER).with(Kinds::NUMBER).with(Kinds::BOOLEAN);

impl Checker {
    /// Checks a value of a property, or of a part of one.
    pub(super) fn value(
        &mut self,
        subject: Subject<'_>,
        value: &Value,
        schema: Schema<'_>,
        place: &Place<'_>,
        depth: usize,
    ) {
        if depth > DEPTH_MAX {
            return;
        }
        match form(value) {
            Form::Absent => {}
            Form::Either(branches) => {
                let arguments = place.key("Fn::If");
                for (number, branch) in branches {
                    self.value(subject, branch, schema, &arguments.argument(number), depth + 1);
                }
            }
            Form::Computed(kinds) => self.computed(subject, kinds, schema, place),
            Form::Plain(value) => self.plain(subject, value, schema, place, depth),
        }
    }

    /// Of what a function gives, only the kind is known.
    fn computed(&mut self, subject: Subject<'_>, kinds: Kinds, schema: Schema<'_>, place: &Place<'_>) {
        let wanted = schema.kinds();
        if kinds.is_empty() || wanted.is_empty() || fits(kinds, wanted) {
            return;
        }
        let message =
            format!("{} is {}, and the function gives {}", subject.name(place), worded(wanted), worded(kinds));
        // An object may be given as text in JSON.
        let severity = if wanted.meets(Kinds::OBJECT) { Severity::Warning } else { Severity::Error };
        self.report(place, Found::error(WRONG_KIND, message).severity(severity));
    }

    fn plain(&mut self, subject: Subject<'_>, value: &Value, schema: Schema<'_>, place: &Place<'_>, depth: usize) {
        if !self.kind(subject, value, schema, place) {
            return;
        }
        match value {
            Value::Null => {}
            Value::Object(object) => return self.object(subject, object, schema, place, depth),
            Value::Array(members) => self.list(subject, members, schema, place, depth),
            Value::String(text) if is_dynamic(text) => {}
            Value::String(text) => self.scalar(subject, text, schema, place),
            Value::Number(number) => self.scalar(subject, &written(number), schema, place),
            Value::Bool(flag) => self.scalar(subject, if *flag { "true" } else { "false" }, schema, place),
        }
        for part in schema.all_of() {
            self.plain(subject, value, part, place, depth + 1);
        }
        for alternatives in [schema.any_of().collect::<Vec<_>>(), schema.one_of().collect()] {
            let mut fits =
                |part: &Schema<'_>| self.holds(|checker| checker.plain(subject, value, *part, place, depth + 1));
            if !alternatives.is_empty() && !alternatives.iter().any(&mut fits) {
                let message = format!("{} has none of the forms it can have", subject.name(place));
                self.report(place, Found::warning(WRONG_KIND, message));
            }
        }
    }

    /// Reports a wrong kind; tells whether it is right.
    fn kind(&mut self, subject: Subject<'_>, value: &Value, schema: Schema<'_>, place: &Place<'_>) -> bool {
        let wanted = schema.kinds();
        let (given, word) = match value {
            // The template's own checks tell.
            Value::Null => return false,
            Value::Bool(_) => (Kinds::BOOLEAN, "a truth value"),
            Value::Number(_) => (Kinds::NUMBER, "a number"),
            Value::String(_) => (Kinds::STRING, "text"),
            Value::Array(_) => (Kinds::ARRAY, "a list"),
            Value::Object(_) => (Kinds::OBJECT, "a mapping"),
        };
        if wanted.is_empty() || fits(given, wanted) {
            return true;
        }
        let json_text =
            value.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '[']) || is_dynamic(text));
        if !json_text {
            let message = format!("{} is {}, not {word}", subject.name(place), worded(wanted));
            self.report(place, Found::error(WRONG_KIND, message));
        }
        false
    }

    /// Checks a value that can be written as text.
    fn scalar(&mut self, subject: Subject<'_>, text: &str, schema: Schema<'_>, place: &Place<'_>) {
        // One word about a value is enough.
        let kinds = schema.kinds();
        if self.enumeration(subject, text, schema, place) {
            return;
        }
        if kinds.meets(Kinds::STRING) {
            if !self.length(subject, text, schema, place) {
                self.pattern(subject, text, schema, place);
            }
        } else if kinds.meets(Kinds::INTEGER.with(Kinds::NUMBER)) {
            self.number(subject, text, schema, place);
        } else if kinds == Kinds::BOOLEAN && !["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            let message = format!("{} is `true` or `false`, not `{text}`", subject.name(place));
            let number = text.parse::<f64>().is_ok();
            let severity = if number { Severity::Warning } else { Severity::Error };
            self.report(place, Found::error(WRONG_KIND, message).severity(severity));
        }
    }

    /// Tells whether something was found.
    fn enumeration(&mut self, subject: Subject<'_>, text: &str, schema: Schema<'_>, place: &Place<'_>) -> bool {
        let possible: Vec<String> = schema.enumeration().map(|scalar: Scalar<'_>| scalar.to_string()).collect();
        let equal = |known: &String| known == text || same_number(known, text);
        let same_letters = possible.iter().find(|known| known.eq_ignore_ascii_case(text));
        if possible.is_empty() || possible.iter().any(equal) || (same_letters.is_some() && schema.ignores_case()) {
            return false;
        }
        let near =
            same_letters.map(String::as_str).or_else(|| suggest::nearest(text, possible.iter().map(String::as_str)));
        // Lists with numbers in them are versions and sizes: AWS adds to those. Some services do not mind case.
        let grows = possible.iter().any(|known| known.contains(|sign: char| sign.is_ascii_digit()));
        let surely = same_letters.is_none() && (!grows || near.is_some_and(|near| is_slip(text, near)));
        let severity = if surely { Severity::Error } else { Severity::Warning };
        let message = format!("{} cannot be `{text}`", subject.name(place));
        let found = Found::error(NOT_LISTED, message).severity(severity);
        let found = match near {
            Some(near) => found.help(format!("did you mean `{near}`?")).replacement(near),
            None => found.help(some_of(&possible)),
        };
        self.report(place, found);
        true
    }

    /// Tells whether something was found.
    fn length(&mut self, subject: Subject<'_>, text: &str, schema: Schema<'_>, place: &Place<'_>) -> bool {
        let Bounds { min, max } = schema.length();
        let letters = text.chars().count() as u64;
        let limit = match (max.filter(|max| letters > *max), min.filter(|min| letters < *min)) {
            (Some(max), _) => format!("at most {max}"),
            (None, Some(min)) => format!("at least {min}"),
            (None, None) => return false,
        };
        let message = format!("{} has {letters} letters; it can have {limit}", subject.name(place));
        self.report(place, Found::warning(OUT_OF_BOUNDS, message));
        true
    }

    fn pattern(&mut self, subject: Subject<'_>, text: &str, schema: Schema<'_>, place: &Place<'_>) {
        let Some(pattern) = schema.pattern() else { return };
        if self.matches(pattern, text) == Some(false) {
            let message = format!("{} has not the form it should", subject.name(place));
            self.report(place, Found::warning(PATTERN, message).help(format!("it must match `{pattern}`")));
        }
    }

    fn number(&mut self, subject: Subject<'_>, text: &str, schema: Schema<'_>, place: &Place<'_>) {
        let kinds = schema.kinds();
        let Ok(number) = text.trim().parse::<f64>() else {
            let message = format!("{} is {}, not `{text}`", subject.name(place), worded(kinds));
            return self.report(place, Found::error(WRONG_KIND, message));
        };
        if !kinds.meets(Kinds::NUMBER) && number.fract() != 0.0 {
            let message = format!("{} is {}, not `{text}`", subject.name(place), worded(kinds));
            return self.report(place, Found::error(WRONG_KIND, message));
        }
        let Bounds { min, max } = schema.range();
        let limit = if let Some(max) = max.filter(|max| number > *max) {
            format!("at most {max}")
        } else if let Some(min) = min.filter(|min| number < *min) {
            format!("at least {min}")
        } else if let Some(below) = schema.below().filter(|below| number >= *below) {
            format!("less than {below}")
        } else {
            return;
        };
        let message = format!("{} is {text}; it can be {limit}", subject.name(place));
        self.report(place, Found::error(OUT_OF_BOUNDS, message));
    }

    fn list(&mut self, subject: Subject<'_>, members: &[Value], schema: Schema<'_>, place: &Place<'_>, depth: usize) {
        if let Some(items) = schema.items() {
            for (number, member) in members.iter().enumerate() {
                self.value(subject, member, items, &place.member(number), depth + 1);
            }
        }
        let count =
            |wanted: &[Presence]| members.iter().filter(|it| wanted.contains(&presence(Some(it)))).count() as u64;
        let (at_least, at_most) = (count(&[Presence::Yes]), count(&[Presence::Yes, Presence::Maybe]));
        let Bounds { min, max } = schema.item_count();
        let limit = match (max.filter(|max| at_least > *max), min.filter(|min| at_most < *min)) {
            (Some(max), _) => Some(format!("at most {max}")),
            (None, min) => min.map(|min| format!("at least {min}")),
        };
        if let Some(limit) = limit {
            let message = format!("{} has {} members; it can have {limit}", subject.name(place), members.len());
            self.report(place, Found::warning(OUT_OF_BOUNDS, message).on_key());
        }
        self.duplicates(subject, members, schema, place);
    }

    fn duplicates(&mut self, subject: Subject<'_>, members: &[Value], schema: Schema<'_>, place: &Place<'_>) {
        let keys: Vec<&str> = schema.unique_keys().collect();
        let plain = |value: &Value| matches!(form(value), Form::Plain(_));
        let same = |left: &Value, right: &Value| {
            let all = schema.has_unique_items() && plain(left) && left == right;
            let by_key = |key: &&str| left.get(key).is_some_and(|value| plain(value) && right.get(key) == Some(value));
            all || (!keys.is_empty() && keys.iter().all(by_key))
        };
        for (number, member) in members.iter().enumerate() {
            if members.iter().take(number).any(|before| same(before, member)) {
                let message = format!("{} is in the list twice", subject.name(&place.member(number)));
                self.report(&place.member(number), Found::warning(DUPLICATE, message));
            }
        }
    }
}

/// Tells whether a value of a kind can be used as one of the others.
fn fits(given: Kinds, wanted: Kinds) -> bool {
    let both_scalar = given.meets(SCALARS) && wanted.meets(SCALARS);
    both_scalar || given.meets(wanted)
}

fn same_number(left: &str, right: &str) -> bool {
    matches!((left.parse::<f64>(), right.parse::<f64>()), (Ok(left), Ok(right)) if left == right)
}

fn written(number: &Number) -> String {
    number.to_string()
}

/// Words for kinds: "text", "a list", "a whole number or text".
fn worded(kinds: Kinds) -> String {
    let words = kinds.names().map(|name| match name {
        "string" => "text",
        "object" => "a mapping",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        other => other,
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// So many possible values are told.
const VALUES_MAX: usize = 8;

fn some_of(possible: &[String]) -> String {
    let shown = possible.iter().take(VALUES_MAX).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let rest = possible.len().saturating_sub(VALUES_MAX);
    if rest == 0 { format!("it can be {shown}") } else { format!("it can be {shown} or one of {rest} others") }
}
