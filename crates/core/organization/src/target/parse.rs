//! Reads the text of a target expression; every problem at once.

use stackfleet_base::{Diagnostic, Region, Span};

use super::{All, Expression, Factor, Group, Kind, Range, Term, place_within};
use crate::tree::State;
use stackfleet_base::suggest::nearest;

/// What a term may begin with.
const KINDS: [&str; 6] = ["ou", "account", "tag", "name", "state", "region"];

/// Words that people try first.
const SYNONYMS: [(&str, &str); 5] =
    [("unit", "ou"), ("units", "ou"), ("accounts", "account"), ("id", "account"), ("status", "state")];

/// Groups deeper than this are refused: no person writes them, and reading stays bounded.
const DEPTH_MAX: usize = 32;

impl Expression {
    /// Reads an expression. `place` is where `text` stands, with or without the quotes around it.
    ///
    /// What could not be understood is left out of the expression and told, so that names in the rest can still be
    /// checked; such an expression is not [sound](Expression::is_sound).
    #[must_use]
    pub fn parse(text: &str, place: Span) -> (Self, Vec<Diagnostic>) {
        let mut parser = Parser { text, place, at: 0, problems: Vec::new() };
        let root = parser.group(0);
        let sound = parser.problems.is_empty();
        (Self { text: text.to_owned(), place, root, sound }, parser.problems)
    }
}

struct Parser<'a> {
    text: &'a str,
    place: Span,
    at: usize,
    problems: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn problem(&mut self, code: &'static str, message: String, range: Range, help: impl Into<String>) {
        let span = place_within(self.place, self.text.len(), range);
        self.problems.push(Diagnostic::error(code, message).at(span, "").help(help));
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    /// Moves past `wanted` if it stands next after blanks.
    fn take(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while let Some(blank) = self.peek().filter(|letter| letter.is_whitespace()) {
            self.at += blank.len_utf8();
        }
    }

    /// A sequence of alternatives, up to the end of the text or the parenthesis that closes it.
    fn group(&mut self, depth: usize) -> Group {
        let start = self.at;
        let mut group = Group::default();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => break,
                Some(')') if depth > 0 => break,
                Some(')') => {
                    let range = Range { start: self.at, end: self.at + 1 };
                    self.at += 1;
                    self.problem("ORG001", "this `)` closes nothing".into(), range, "remove it, or add the `(`");
                }
                Some(_) => self.alternative(depth, &mut group),
            }
        }
        if group.any.is_empty() {
            self.empty_group(&group, Range { start, end: self.at });
        }
        group
    }

    fn empty_group(&mut self, group: &Group, range: Range) {
        if !self.problems.is_empty() {
            return;
        }
        if group.none.is_empty() {
            let message = "the target expression names nothing".to_owned();
            self.problem("ORG002", message, range, "write `*` for all accounts, or terms like `ou:NAME`");
        } else {
            let written = self.text.get(range.start..range.end).unwrap_or_default().trim();
            let (message, help) = (format!("`{written}` only excludes"), format!("write `* {written}`"));
            self.problem("ORG003", message, range, help);
        }
    }

    /// `factor & factor & ...`; a lone excluded factor is an exclusion of the group.
    fn alternative(&mut self, depth: usize, group: &mut Group) {
        let start = self.at;
        let mut factors = Vec::new();
        loop {
            factors.extend(self.factor(depth));
            if !self.take('&') {
                break;
            }
        }
        let end = factors.last().map_or(self.at, |factor: &Factor| factor.range.end);
        let range = Range { start, end };
        match factors.as_slice() {
            [] => {}
            [Factor { negated: true, .. }] => group.none.extend(factors),
            several if several.iter().all(|factor| factor.negated) => {
                let message = "both sides of this `&` only exclude".to_owned();
                self.problem("ORG003", message, range, "exclude each by itself: `!A !B`");
            }
            _ => group.any.push(All { factors, range }),
        }
    }

    fn factor(&mut self, depth: usize) -> Option<Factor> {
        self.skip_blanks();
        let start = self.at;
        let negated = self.take('!');
        self.skip_blanks();
        let kind = match self.peek() {
            Some('(') => Kind::Group(self.parenthesis(depth)?),
            Some('!') if negated => {
                self.at += 1;
                let range = Range { start, end: self.at };
                self.problem("ORG001", "`!!` excludes twice".into(), range, "write one `!`, or none");
                return self.factor(depth);
            }
            None | Some('&' | ')' | '!') => {
                let range = Range { start, end: (self.at + 1).min(self.text.len()) };
                let message = if negated { "nothing follows this `!`" } else { "a term is missing here" };
                self.problem("ORG001", message.into(), range, "write a term like `ou:NAME` or `account:NAME`");
                return None;
            }
            Some(_) => Kind::Term(self.term()?),
        };
        Some(Factor { negated, kind, range: Range { start, end: self.at } })
    }

    fn parenthesis(&mut self, depth: usize) -> Option<Group> {
        let open = Range { start: self.at, end: self.at + 1 };
        if depth >= DEPTH_MAX {
            self.at = self.text.len();
            let message = format!("more than {DEPTH_MAX} parentheses are open here");
            self.problem("ORG001", message, open, "write the expression without so many groups");
            return None;
        }
        self.at += 1;
        let group = self.group(depth + 1);
        if !self.take(')') {
            self.problem("ORG001", "this `(` is never closed".into(), open, "add the `)`");
        }
        Some(group)
    }

    /// One term; `None` when it is not one.
    fn term(&mut self) -> Option<Term> {
        let start = self.at;
        let (word, quoted) = self.word();
        let range = Range { start, end: self.at };
        if word == "*" && !quoted {
            return Some(Term::All);
        }
        let Some((kind, value)) = word.split_once(':') else {
            self.without_kind(&word, range);
            return None;
        };
        if value.is_empty() {
            self.problem("ORG004", format!("`{kind}:` has no value"), range, format!("write `{kind}:` and a name"));
            return None;
        }
        self.valued(kind, value, range)
    }

    fn without_kind(&mut self, word: &str, range: Range) {
        let operator = match word.to_lowercase().as_str() {
            "or" | "," => Some("a blank between two terms means \"or\""),
            "and" => Some("write `&` for \"and\""),
            "not" => Some("write `!` before what is excluded"),
            _ => None,
        };
        let help = operator
            .map_or_else(|| format!("write `ou:{word}` for a unit or `account:{word}` for an account"), str::to_owned);
        self.problem("ORG004", format!("`{word}` is not a term"), range, help);
    }

    fn valued(&mut self, kind: &str, value: &str, range: Range) -> Option<Term> {
        match kind {
            "ou" => Some(Term::Unit(value.trim_matches('/').to_owned())),
            "account" => Some(value.parse().map_or_else(|_| Term::AccountName(value.to_owned()), Term::AccountId)),
            "tag" => Some(match value.split_once('=') {
                Some((key, value)) => Term::Tag(key.to_owned(), Some(value.to_owned())),
                None => Term::Tag(value.to_owned(), None),
            }),
            "name" => Some(Term::Name(value.to_owned())),
            "state" => self.state(value, range),
            "region" => self.region(value, range),
            other => {
                let meant = SYNONYMS.iter().find(|(word, _)| *word == other).map(|(_, meant)| *meant);
                let help = match meant.or_else(|| nearest(other, KINDS)) {
                    Some(meant) => format!("did you mean `{meant}:{value}`?"),
                    None => format!("terms are {} and `*`", KINDS.map(|kind| format!("`{kind}:`")).join(", ")),
                };
                self.problem("ORG004", format!("there are no terms `{other}:`"), range, help);
                None
            }
        }
    }

    fn state(&mut self, value: &str, range: Range) -> Option<Term> {
        let found = State::ALL.into_iter().find(|state| state.as_str() == value.to_lowercase().replace('_', "-"));
        if found.is_none() {
            let known = State::ALL.map(State::as_str);
            let help = match nearest(value, known) {
                Some(meant) => format!("did you mean `state:{meant}`?"),
                None => format!("states are {}", known.join(", ")),
            };
            self.problem("ORG004", format!("`{value}` is not a state of an account"), range, help);
        }
        found.map(Term::State)
    }

    fn region(&mut self, value: &str, range: Range) -> Option<Term> {
        match value.parse::<Region>() {
            Ok(region) => Some(Term::Region(region)),
            Err(error) => {
                self.problem("ORG004", error.to_string(), range, "write a region's name");
                None
            }
        }
    }

    /// Characters up to a blank or an operator, with quoted parts taken as they are; and whether any were quoted.
    fn word(&mut self) -> (String, bool) {
        let start = self.at;
        let mut word = String::new();
        let mut quoted = false;
        while let Some(letter) = self.peek().filter(|letter| !letter.is_whitespace() && !"&()".contains(*letter)) {
            self.at += letter.len_utf8();
            if letter != '\'' && letter != '"' {
                word.push(letter);
                continue;
            }
            quoted = true;
            let rest = self.text.get(self.at..).unwrap_or_default();
            match rest.find(letter) {
                Some(end) => {
                    word.push_str(rest.get(..end).unwrap_or_default());
                    self.at += end + 1;
                }
                None => {
                    word.push_str(rest);
                    self.at = self.text.len();
                    let range = Range { start, end: self.at };
                    self.problem("ORG001", "the quote is never closed".into(), range, format!("add the {letter}"));
                }
            }
        }
        (word, quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stackfleet_base::Sources;

    /// Problems of an expression as `bytes: code message (help)`.
    fn problems(text: &str) -> Vec<String> {
        let file = Sources::default().add("t", text);
        let (_, found) = Expression::parse(text, Span { file, start: 0, end: text.len() });
        let show = |problem: &Diagnostic| {
            let Span { start, end, .. } = problem.span().unwrap();
            let help = problem.help.clone().unwrap_or_default();
            format!("{start}..{end} {} {} ({help})", problem.code, problem.message)
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn good_expressions_have_no_problems() {
        for good in [
            "*",
            "ou:Workloads ou:Shared !account:SensitiveData",
            "(tag:env=dev tag:env=test) & name:team-*",
            "account:'Data Lake' & !region:us-east-1",
            "ou:A&ou:B",
            " * !(ou:A ou:B) ",
            "state:pending_activation tag:owner account:012345678901 ou:Workloads/Payments",
        ] {
            assert_eq!(problems(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_places() {
        insta::assert_snapshot!(problems("uo:Shared or Workloads state:suspnded region:eu ou: tag:a &").join("\n"), @r#"
        0..9 ORG004 there are no terms `uo:` (did you mean `ou:Shared`?)
        10..12 ORG004 `or` is not a term (a blank between two terms means "or")
        13..22 ORG004 `Workloads` is not a term (write `ou:Workloads` for a unit or `account:Workloads` for an account)
        23..37 ORG004 `suspnded` is not a state of an account (did you mean `state:suspended`?)
        38..47 ORG004 `eu` is not a region name (like `eu-west-1`) (write a region's name)
        48..51 ORG004 `ou:` has no value (write `ou:` and a name)
        59..59 ORG001 a term is missing here (write a term like `ou:NAME` or `account:NAME`)
        "#);
    }

    #[test]
    fn structure_is_checked() {
        insta::assert_snapshot!(
            ["", "!ou:A", "ou:A)", "(ou:A", "ou:A !", "!!ou:A", "ou:A & & ou:B", "account:'x", "!ou:A & !ou:B", "()"]
                .map(|text| format!("{text:14} {}", problems(text).join("; ")))
                .join("\n"), @r"
                       0..0 ORG002 the target expression names nothing (write `*` for all accounts, or terms like `ou:NAME`)
        !ou:A          0..5 ORG003 `!ou:A` only excludes (write `* !ou:A`)
        ou:A)          4..5 ORG001 this `)` closes nothing (remove it, or add the `(`)
        (ou:A          0..1 ORG001 this `(` is never closed (add the `)`)
        ou:A !         5..6 ORG001 nothing follows this `!` (write a term like `ou:NAME` or `account:NAME`)
        !!ou:A         0..2 ORG001 `!!` excludes twice (write one `!`, or none)
        ou:A & & ou:B  7..8 ORG001 a term is missing here (write a term like `ou:NAME` or `account:NAME`)
        account:'x     0..10 ORG001 the quote is never closed (add the ')
        !ou:A & !ou:B  0..13 ORG003 both sides of this `&` only exclude (exclude each by itself: `!A !B`)
        ()             1..1 ORG002 the target expression names nothing (write `*` for all accounts, or terms like `ou:NAME`)
        ");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}ou:A{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(!problems(&deep).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_within_its_bounds(text in "[ -~éß()&!:*'\"]{0,40}") {
            let file = Sources::default().add("t", &text);
            let (expression, found) = Expression::parse(&text, Span { file, start: 0, end: text.len() });
            for span in found.iter().filter_map(Diagnostic::span).chain(expression.terms().iter().map(|(_, span)| *span)) {
                proptest::prop_assert!(text.get(span.start..span.end).is_some());
            }
        }
    }
}
