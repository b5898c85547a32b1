//! Texts that match some patterns and not others.
//!
//! Patterns are run beside each other as automata over the texts of a shape, such as the ARNs of buckets. Every way in
//! which they can come out together is reached, each by a shortest text.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    arn::ArnPattern,
    pattern::{Pattern, Piece},
};

/// What stands for a policy variable, by its key; `None` stands for anything.
pub(crate) type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// How many states are looked at for one question; 60 patterns of bucket names need some thousands.
const STATES_MAX: usize = 30_000;

/// A sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Is(char),
    /// Any sign but these.
    One(&'static str),
    /// Any number of signs but these.
    Run(&'static str),
}

/// Where reading a pattern may have come to, in ascending order; nowhere when the text so far rules it out.
type Places = Box<[usize]>;

/// A pattern as a row of signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(Vec<Sign>);

impl Text {
    /// Returns what every text matches that is not empty.
    pub(crate) fn anything() -> Self {
        Self(vec![Sign::One(""), Sign::Run("")])
    }

    /// Returns what every ARN matches.
    pub(crate) fn any_arn() -> Self {
        Self::shape("arn:*:*:*:*:*", false)
    }

    /// Reads the shape of an ARN, in which `*` stands for a variable: it has no colon, but in names that are unique
    /// everywhere, such as those of objects. With `is_flat` the last variable has no `/`.
    pub(crate) fn shape(text: &str, is_flat: bool) -> Self {
        let mut signs = Vec::new();
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let has_owner = parts.get(4).is_some_and(|account| !account.is_empty());
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                signs.push(Sign::Is(':'));
            }
            let is_last = index == 5;
            for sign in part.chars() {
                match sign {
                    '*' if is_last && has_owner => signs.extend([Sign::One(":"), Sign::Run(":")]),
                    '*' if is_last => signs.extend([Sign::One(""), Sign::Run("")]),
                    // Regions and accounts may be empty.
                    '*' => signs.push(Sign::Run(":")),
                    sign => signs.push(Sign::Is(sign)),
                }
            }
        }
        if is_flat && let [.., one @ Sign::One(_), run @ Sign::Run(_)] = signs.as_mut_slice() {
            let without = if has_owner { ":/" } else { "/" };
            (*one, *run) = (Sign::One(without), Sign::Run(without));
        }
        Self(signs)
    }

    /// Reads a pattern of texts.
    pub(crate) fn of(pattern: &Pattern, variables: Variables<'_>) -> Self {
        let mut signs = Vec::new();
        push(&mut signs, pattern, "", "", variables);
        Self(signs)
    }

    /// Reads a pattern of resources; `None` where nothing matches.
    pub(crate) fn of_resource(pattern: &ArnPattern, variables: Variables<'_>) -> Option<Self> {
        Self::of_arn(pattern, true, variables)
    }

    /// Reads the value of an ARN operator; `None` where nothing matches.
    pub(crate) fn of_condition(pattern: &ArnPattern, variables: Variables<'_>) -> Option<Self> {
        Self::of_arn(pattern, false, variables)
    }

    fn of_arn(pattern: &ArnPattern, is_resource: bool, variables: Variables<'_>) -> Option<Self> {
        let mut signs = Vec::new();
        match pattern {
            ArnPattern::Anything => signs.push(Sign::Run("")),
            ArnPattern::Nothing => return None,
            ArnPattern::Parts(_) => {
                let parts = pattern.parts();
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        signs.push(Sign::Is(':'));
                    }
                    let inside = if index < 5 { ":" } else { "" };
                    // A `*` that ends a part of a resource runs on behind its colon.
                    push(&mut signs, part, inside, if is_resource { "" } else { inside }, variables);
                }
                if parts.len() < 6 {
                    signs.extend([Sign::Is(':'), Sign::Run("")]);
                }
            }
        }
        Some(Self(signs))
    }

    /// Adds the places that are reached without a further sign.
    fn close(&self, reached: Vec<usize>) -> Places {
        let mut places = Vec::with_capacity(reached.len() + 1);
        for mut place in reached {
            while places.last().is_none_or(|last| *last < place) {
                places.push(place);
                if !matches!(self.0.get(place), Some(Sign::Run(_))) {
                    break;
                }
                place += 1;
            }
        }
        // Behind a `*` at the end everything matches: other places make no difference.
        let end = self.0.len();
        if self.0.last() == Some(&Sign::Run("")) && places.contains(&end) {
            places = vec![end - 1, end];
        }
        places.into()
    }

    fn start(&self) -> Places {
        self.close(vec![0])
    }

    fn step(&self, places: &[usize], sign: char) -> Places {
        let mut next = Vec::with_capacity(places.len());
        for place in places {
            let reached = match self.0.get(*place) {
                Some(Sign::Is(own)) if *own == sign => place + 1,
                Some(Sign::One(without)) if !without.contains(sign) => place + 1,
                Some(Sign::Run(without)) if !without.contains(sign) => *place,
                _ => continue,
            };
            if next.last() != Some(&reached) {
                next.push(reached);
            }
        }
        self.close(next)
    }

    fn accepts(&self, places: &[usize]) -> bool {
        places.last() == Some(&self.0.len())
    }

    /// Returns the signs that make a difference at these places.
    fn signs<'t>(&'t self, places: &'t [usize]) -> impl Iterator<Item = char> + 't {
        places.iter().flat_map(|place| {
            let (own, excluded) = match self.0.get(*place) {
                Some(Sign::Is(sign)) => (Some(*sign), ""),
                Some(Sign::One(without) | Sign::Run(without)) => (None, *without),
                None => (None, ""),
            };
            own.into_iter().chain(excluded.chars())
        })
    }
}

fn push(
    signs: &mut Vec<Sign>,
    pattern: &Pattern,
    inside: &'static str,
    at_end: &'static str,
    variables: Variables<'_>,
) {
    let pieces = pattern.pieces();
    for (index, piece) in pieces.iter().enumerate() {
        let is_end = index + 1 == pieces.len();
        match piece {
            Piece::Literal(literal) => signs.extend(literal.chars().map(Sign::Is)),
            Piece::Variable(variable) => match variables(&variable.key.written) {
                Some(value) => signs.extend(value.chars().map(Sign::Is)),
                None => signs.push(Sign::Run("")),
            },
            Piece::One => signs.push(Sign::One(inside)),
            Piece::Run => signs.push(Sign::Run(if is_end { at_end } else { inside })),
        }
    }
}

/// Tells whether some text matches both.
pub(crate) fn meet(shape: &Text, pattern: &Text) -> bool {
    // Most differ in the service already.
    for pair in shape.0.iter().zip(&pattern.0) {
        match pair {
            (Sign::Is(left), Sign::Is(right)) if left != right => return false,
            (Sign::Is(_), Sign::Is(_)) => {}
            _ => break,
        }
    }
    let all = [shape, pattern];
    let mut seen = BTreeSet::from([all.map(Text::start)]);
    let mut queue: Vec<[Places; 2]> = seen.iter().cloned().collect();
    while let Some(state) = queue.pop() {
        if all.iter().zip(&state).all(|(one, places)| one.accepts(places)) {
            return true;
        }
        let mut signs: BTreeSet<char> = all.iter().zip(&state).flat_map(|(one, places)| one.signs(places)).collect();
        signs.extend(other_than(&signs));
        for sign in signs {
            let [left, right] = &state;
            let next = [shape.step(left, sign), pattern.step(right, sign)];
            if next.iter().all(|places| !places.is_empty()) && seen.insert(next.clone()) {
                queue.push(next);
            }
        }
    }
    false
}

/// Returns a sign that stands for all that no pattern waits for.
fn other_than(signs: &BTreeSet<char>) -> Option<char> {
    ('a'..='z').chain('0'..='9').find(|sign| !signs.contains(sign))
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    /// A text for every way in which the patterns come out.
    pub(crate) texts: Vec<String>,
    /// Whether everything was looked at.
    pub(crate) complete: bool,
}

/// Finds texts of a shape for every way in which the patterns come out together.
pub(crate) fn explore(shape: &Text, patterns: &[Text]) -> Reached {
    let all: Vec<&Text> = std::iter::once(shape).chain(patterns).collect();
    let start: Vec<Places> = all.iter().map(|text| text.start()).collect();
    let mut seen = BTreeSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    let mut complete = true;
    while let Some((state, text)) = queue.pop_front() {
        let each = || all.iter().zip(&state);
        let accepts: Vec<bool> = each().map(|(one, places)| one.accepts(places)).collect();
        if accepts.first() == Some(&true) {
            found.entry(accepts).or_insert_with(|| text.clone());
        }
        let signs: BTreeSet<char> = each().flat_map(|(one, places)| one.signs(places)).collect();
        // A letter first: texts then look like names.
        for sign in other_than(&signs).into_iter().chain(signs) {
            let next: Vec<Places> = each().map(|(one, places)| one.step(places, sign)).collect();
            if next.first().is_none_or(|shape| shape.is_empty()) {
                continue;
            }
            if seen.len() >= STATES_MAX {
                complete = false;
            } else if seen.insert(next.clone()) {
                queue.push_back((next, format!("{text}{sign}")));
            }
        }
    }
    let mut texts: BTreeSet<String> = found.into_values().collect();
    if !complete && patterns.len() > 1 {
        // Too much at once: at least what each pattern alone can do.
        texts.extend(patterns.iter().flat_map(|pattern| explore(shape, std::slice::from_ref(pattern)).texts));
    }
    Reached { texts: texts.into_iter().collect(), complete }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Syntax;

    const VARIABLES: Variables<'_> = &|key: &str| Some(format!("<{key}>"));

    fn resources(shape: &str, is_flat: bool, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<Text> = patterns
            .iter()
            .filter_map(|text| Text::of_resource(&ArnPattern::resource(text, true), VARIABLES))
            .collect();
        let reached = explore(&Text::shape(shape, is_flat), &patterns);
        assert!(reached.complete);
        reached.texts
    }

    #[test]
    fn there_is_a_text_for_every_way_patterns_come_out() {
        let found = resources("arn:aws:s3:::*/*", false, &["arn:aws:s3:::prod-*/*", "arn:aws:s3:::*/secret/*"]);
        assert_eq!(
            found,
            ["arn:aws:s3:::a/a", "arn:aws:s3:::a/secret/", "arn:aws:s3:::prod-/a", "arn:aws:s3:::prod-/secret/"]
        );
        let nested = resources("arn:aws:iam::*:role/*", false, &["arn:aws:iam::*:role/a*", "arn:aws:iam::*:role/ab"]);
        assert_eq!(nested, ["arn:aws:iam:::role/a", "arn:aws:iam:::role/ab", "arn:aws:iam:::role/b"]);
    }

    #[test]
    fn shapes_rule_out_what_is_no_such_resource() {
        assert_eq!(resources("arn:aws:s3:::*", true, &["arn:aws:s3:::prod-*/*"]), ["arn:aws:s3:::a"]);
        assert_eq!(resources("arn:aws:s3:::*", true, &["arn:aws:s3:::*"]), ["arn:aws:s3:::a"]);
        assert_eq!(resources("arn:aws:s3:::*", true, &["arn:aws:sqs:*:*:*"]), ["arn:aws:s3:::a"]);
        // `1:x` is no name of a topic.
        assert_eq!(resources("arn:aws:sns:*:2:*", true, &["arn:aws:sns:*:1:x"]), ["arn:aws:sns::2:a"]);
        assert_eq!(resources("arn:aws:s3:::*/*", false, &["arn:aws:s3:::b/a:*"]).len(), 2);
    }

    #[test]
    fn a_star_that_ends_a_part_runs_on_and_parts_that_are_left_out_match() {
        let shape = "arn:aws:lambda:*:*:function:*";
        assert_eq!(resources(shape, false, &["arn:aws:lambda:*:function:f"]).len(), 2);
        assert_eq!(resources(shape, false, &["arn:aws:lambda"]), ["arn:aws:lambda:::function:a"]);
        assert_eq!(resources(shape, false, &["arn:aws:lambda:e*1:*:function:f"]).len(), 2);
    }

    #[test]
    fn variables_have_a_value() {
        let found = resources("arn:aws:s3:::*/*", false, &["arn:aws:s3:::home/${aws:username}/*"]);
        assert_eq!(found, ["arn:aws:s3:::a/a", "arn:aws:s3:::home/<aws:username>/"]);
        let text = Pattern::new("a?c*", Syntax { wildcards: true, variables: true });
        let reached = explore(&Text::anything(), &[Text::of(&text, VARIABLES)]);
        assert_eq!(reached.texts, ["aac", "b"]);
    }

    #[test]
    fn many_patterns_are_looked_at_within_bounds() {
        let names: Vec<String> = (0..60).map(|number| format!("arn:aws:s3:::bucket-{number:03}-*/logs/*")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(resources("arn:aws:s3:::*/*", false, &names).len(), 61);
    }
}
