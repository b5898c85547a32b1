//! Objects: which members they may and must have.

use serde_json::{Map, Value};
use stackfleet_base::{Severity, suggest};

use super::checker::{Checker, Found, Subject};
use super::function::{Presence, is_generated, presence};
use super::place::Place;
use super::{COMBINATION, MISSING, OUT_OF_BOUNDS, UNKNOWN_PROPERTY};
use crate::schema::Schema;

/// So many names are told where none is near.
const NAMES_MAX: usize = 12;

impl Checker {
    /// Checks an object that is written out.
    pub(super) fn object(
        &mut self,
        subject: Subject<'_>,
        object: &Map<String, Value>,
        schema: Schema<'_>,
        place: &Place<'_>,
        depth: usize,
    ) {
        let generated = is_generated(object);
        for (name, value) in object.iter().filter(|(name, _)| !name.starts_with("Fn::")) {
            self.member(subject, (name, value), schema, place, depth);
        }
        if !generated {
            self.required(subject, object, schema, place);
            self.combinations(subject, object, schema, place);
            self.property_count(subject, object, schema, place);
        }
        self.alternatives_of_object(subject, object, schema, place, depth);
    }

    fn member(
        &mut self,
        subject: Subject<'_>,
        (name, value): (&str, &Value),
        schema: Schema<'_>,
        place: &Place<'_>,
        depth: usize,
    ) {
        let here = place.property(name);
        if let Some(member) = schema.property(name) {
            return self.value(subject, value, member, &here, depth + 1);
        }
        let mut patterns = schema.pattern_properties().peekable();
        if patterns.peek().is_some() {
            for (pattern, member) in patterns {
                if self.matches(pattern, name) != Some(false) {
                    return self.value(subject, value, member, &here, depth + 1);
                }
            }
            if schema.is_closed() {
                let message = format!("the name `{name}` in {} has not the form it should", subject.name(place));
                self.report(&here, Found::warning(UNKNOWN_PROPERTY, message).on_key());
            }
            return;
        }
        // Closed without any property is how some schemas say "any object".
        if schema.is_closed() && schema.properties().next().is_some() {
            self.unknown(subject, name, schema, place, &here);
        }
    }

    fn unknown(&mut self, subject: Subject<'_>, name: &str, schema: Schema<'_>, place: &Place<'_>, here: &Place<'_>) {
        let message = format!("{} has no property `{name}`", subject.name(place));
        let found = Found::error(UNKNOWN_PROPERTY, message).on_key();
        let names: Vec<&str> = schema.properties().map(|(name, _)| name).collect();
        let found = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => found.help(format!("did you mean `{near}`?")).replacement(near),
            None if names.len() <= NAMES_MAX => found.help(format!("it has {}", listed(&names))),
            None => found.help("remove it, or mind the spelling"),
        };
        self.report(here, found);
    }

    fn required(&mut self, subject: Subject<'_>, object: &Map<String, Value>, schema: Schema<'_>, place: &Place<'_>) {
        for name in schema.required() {
            if presence(object.get(name)) == Presence::No {
                let message = format!("{} needs `{name}`", subject.name(place));
                self.report(place, Found::error(MISSING, message).on_key().help(format!("add `{name}`")));
            }
        }
    }

    /// Properties that go only together, or not together.
    fn combinations(
        &mut self,
        subject: Subject<'_>,
        object: &Map<String, Value>,
        schema: Schema<'_>,
        place: &Place<'_>,
    ) {
        let is = |name: &str, wanted: Presence| presence(object.get(name)) == wanted;
        let mut report = |message: String| {
            self.report(place, Found::warning(COMBINATION, message).on_key());
        };
        let any: Vec<&str> = schema.required_any().collect();
        if !any.is_empty() && any.iter().all(|name| is(name, Presence::No)) {
            report(format!("{} needs one of {}", subject.name(place), listed(&any)));
        }
        let one: Vec<&str> = schema.required_one().collect();
        let given: Vec<&str> = one.iter().copied().filter(|name| is(name, Presence::Yes)).collect();
        if !one.is_empty() && one.iter().all(|name| is(name, Presence::No)) {
            report(format!("{} needs one of {}", subject.name(place), listed(&one)));
        } else if given.len() > 1 {
            report(format!("{} takes only one of {}", subject.name(place), listed(&given)));
        }
        for (name, others) in schema.dependent_required().filter(|(name, _)| is(name, Presence::Yes)) {
            let missing: Vec<&str> = others.into_iter().filter(|other| is(other, Presence::No)).collect();
            if !missing.is_empty() {
                report(format!("with `{name}`, {} needs {}", subject.name(place), listed(&missing)));
            }
        }
        for (name, others) in schema.dependent_excluded().filter(|(name, _)| is(name, Presence::Yes)) {
            let given: Vec<&str> = others.into_iter().filter(|other| is(other, Presence::Yes)).collect();
            if !given.is_empty() {
                report(format!("with `{name}`, {} cannot have {}", subject.name(place), listed(&given)));
            }
        }
    }

    fn property_count(
        &mut self,
        subject: Subject<'_>,
        object: &Map<String, Value>,
        schema: Schema<'_>,
        place: &Place<'_>,
    ) {
        let bounds = schema.property_count();
        let count =
            |wanted: &[Presence]| object.values().filter(|it| wanted.contains(&presence(Some(it)))).count() as u64;
        let at_least = count(&[Presence::Yes]);
        let at_most = count(&[Presence::Yes, Presence::Maybe]);
        let message = if bounds.max.is_some_and(|max| at_least > max) {
            format!("{} has {at_least} members; {} are possible", subject.name(place), bounds.max.unwrap_or_default())
        } else if bounds.min.is_some_and(|min| at_most < min) {
            format!("{} has {at_most} members; {} are needed", subject.name(place), bounds.min.unwrap_or_default())
        } else {
            return;
        };
        self.report(place, Found::warning(OUT_OF_BOUNDS, message).on_key());
    }

    /// `allOf`, `anyOf`, `oneOf`. Most alternatives only name what must be there.
    fn alternatives_of_object(
        &mut self,
        subject: Subject<'_>,
        object: &Map<String, Value>,
        schema: Schema<'_>,
        place: &Place<'_>,
        depth: usize,
    ) {
        for part in schema.all_of() {
            // What the parts say is as doubtful as combinations are.
            let before = self.found.len();
            self.object(subject, object, part, place, depth + 1);
            self.found.iter_mut().skip(before).for_each(|problem| problem.severity = Severity::Warning);
        }
        for (alternatives, exactly) in
            [(schema.any_of().collect::<Vec<_>>(), false), (schema.one_of().collect::<Vec<_>>(), true)]
        {
            if alternatives.is_empty() {
                continue;
            }
            let fits = |checker: &mut Self, part: &Schema<'_>| {
                checker.holds(|checker| checker.object(subject, object, *part, place, depth + 1))
            };
            let fitting: Vec<&Schema<'_>> = alternatives.iter().filter(|part| fits(self, part)).collect();
            let needs = |parts: &[&Schema<'_>]| {
                let names = parts.iter().map(|part| part.required().collect::<Vec<_>>());
                let names = names.filter(|names| !names.is_empty()).map(|names| joined(&names, " and "));
                names.collect::<Vec<_>>().join(", or ")
            };
            let certain = |part: &&&Schema<'_>| {
                let mut names = part.required().peekable();
                names.peek().is_some() && names.all(|name| presence(object.get(name)) == Presence::Yes)
            };
            if fitting.is_empty() && !is_generated(object) {
                let needed = needs(&alternatives.iter().collect::<Vec<_>>());
                let message = match needed.as_str() {
                    "" => format!("{} has none of the forms it can have", subject.name(place)),
                    needed => format!("{} needs {needed}", subject.name(place)),
                };
                self.report(place, Found::warning(COMBINATION, message).on_key());
            } else if exactly && fitting.len() > 1 && fitting.iter().filter(certain).count() == fitting.len() {
                let message = format!("{} takes only one of {}", subject.name(place), needs(&fitting));
                self.report(place, Found::warning(COMBINATION, message).on_key());
            }
        }
    }
}

fn listed(names: &[&str]) -> String {
    joined(names, ", ")
}

fn joined(names: &[&str], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
