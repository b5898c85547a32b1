//! Texts of a policy with wildcards and policy variables, split into pieces once and matched without allocation.

use std::fmt;

use crate::context::{Context, Held, Key, Truth};

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(Box<str>),
    /// `*`
    Run,
    /// `?`
    One,
    Variable(Variable),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    default: Option<Box<str>>,
}

/// Which signs mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub(crate) wildcards: bool,
    /// `${...}`: only in policies of version 2012-10-17.
    pub(crate) variables: bool,
}

/// A text with wildcards and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Box<[Piece]>,
    has_variables: bool,
}

/// A piece with its variable looked up.
enum Token<'a> {
    Literal(&'a str),
    Run,
    One,
}

impl Pattern {
    pub(crate) fn new(text: &str, syntax: Syntax) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let after = rest.get(sign.len_utf8()..).unwrap_or_default();
            let (piece, after) = match sign {
                '*' if syntax.wildcards => (Some(Piece::Run), after),
                '?' if syntax.wildcards => (Some(Piece::One), after),
                '$' if syntax.variables => match variable(rest) {
                    Some((Inner::Escape(escaped), after)) => {
                        literal.push(escaped);
                        (None, after)
                    }
                    Some((Inner::Variable(variable), after)) => (Some(Piece::Variable(variable)), after),
                    None => {
                        literal.push(sign);
                        (None, after)
                    }
                },
                sign => {
                    literal.push(sign);
                    (None, after)
                }
            };
            if let Some(piece) = piece {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
                }
                // `**` means what `*` means.
                if !(piece == Piece::Run && pieces.last() == Some(&Piece::Run)) {
                    pieces.push(piece);
                }
            }
            rest = after;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        let has_variables = pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)));
        Self { pieces: pieces.into(), has_variables }
    }

    /// Returns the pattern that every text matches.
    pub(crate) fn anything() -> Self {
        Self { pieces: [Piece::Run].into(), has_variables: false }
    }

    /// Tells whether the pattern ends in `*`.
    pub(crate) fn ends_in_run(&self) -> bool {
        matches!(&*self.pieces, [.., Piece::Run])
    }

    pub(crate) fn is_anything(&self) -> bool {
        matches!(&*self.pieces, [Piece::Run])
    }

    /// Returns the parts in their order.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Adds the variables' keys whose values are unknown.
    pub(crate) fn unknown_keys<'a>(&'a self, context: &Context, keys: &mut Vec<&'a str>) {
        for piece in &self.pieces {
            if let Piece::Variable(variable) = piece
                && variable.key.is_unknown(context)
            {
                keys.push(&variable.key.written);
            }
        }
    }

    /// Returns the keys of the variables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(&*variable.key.written),
            Piece::Literal(_) | Piece::Run | Piece::One => None,
        })
    }

    /// Tells whether the whole text matches. A variable whose key is absent and that has no default, or whose key
    /// has several values, makes the pattern match nothing.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> Truth {
        self.matches_with(text, context, strip)
    }

    /// As [`Pattern::matches`], without regard to case.
    pub(crate) fn matches_ignoring_case(&self, text: &str, context: &Context) -> Truth {
        self.matches_with(text, context, strip_ignoring_case)
    }

    /// As [`Pattern::matches_ignoring_case`] for names of ASCII letters without variables.
    pub(crate) fn matches_name(&self, text: &str) -> bool {
        let strip = |text: &str, literal: &str| {
            text.get(..literal.len())?.eq_ignore_ascii_case(literal).then_some(literal.len())
        };
        match &*self.pieces {
            [Piece::Literal(literal)] => text.eq_ignore_ascii_case(literal),
            [Piece::Literal(literal), Piece::Run] => strip(text, literal).is_some(),
            pieces => glob(pieces.len(), |index| pieces.get(index).map(static_token), text, strip),
        }
    }

    fn matches_with(&self, text: &str, context: &Context, strip: Strip) -> Truth {
        match &*self.pieces {
            [] => text.is_empty().into(),
            [Piece::Run] => Truth::Yes,
            [Piece::Literal(literal)] => (strip(text, literal) == Some(text.len())).into(),
            [Piece::Literal(literal), Piece::Run] => strip(text, literal).is_some().into(),
            pieces if self.has_variables => matches_variables(pieces, text, context, strip),
            pieces => glob(pieces.len(), |index| pieces.get(index).map(static_token), text, strip).into(),
        }
    }
}

/// The pattern as a policy writes it.
impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Literal(literal) => out.write_str(literal),
            Piece::Run => out.write_str("*"),
            Piece::One => out.write_str("?"),
            Piece::Variable(Variable { key, default: Some(default) }) => {
                write!(out, "${{{}, '{default}'}}", key.written)
            }
            Piece::Variable(Variable { key, default: None }) => write!(out, "${{{}}}", key.written),
        })
    }
}

/// A piece of a pattern without variables.
fn static_token(piece: &Piece) -> Token<'_> {
    match piece {
        Piece::Literal(literal) => Token::Literal(literal),
        Piece::One => Token::One,
        Piece::Run | Piece::Variable(_) => Token::Run,
    }
}

fn matches_variables(pieces: &[Piece], text: &str, context: &Context, strip: Strip) -> Truth {
    let mut unknown = false;
    for piece in pieces {
        if let Piece::Variable(variable) = piece {
            match lookup(variable, context) {
                Lookup::Text(_) => {}
                Lookup::Unknown => unknown = true,
                Lookup::Nothing => return Truth::No,
            }
        }
    }
    // An unknown value could be any text; the rest of the pattern can still rule a match out.
    let token = |index: usize| {
        pieces.get(index).map(|piece| match piece {
            Piece::Variable(variable) => match lookup(variable, context) {
                Lookup::Text(value) => Token::Literal(value),
                Lookup::Unknown | Lookup::Nothing => Token::Run,
            },
            Piece::Literal(_) | Piece::Run | Piece::One => static_token(piece),
        })
    };
    match (glob(pieces.len(), token, text, strip), unknown) {
        (false, _) => Truth::No,
        (true, true) => Truth::Unknown,
        (true, false) => Truth::Yes,
    }
}

enum Lookup<'a> {
    Text(&'a str),
    Unknown,
    Nothing,
}

fn lookup<'a>(variable: &'a Variable, context: &'a Context) -> Lookup<'a> {
    match context.held(&variable.key) {
        Some(Held::Values(values)) => match &**values {
            [value] => Lookup::Text(value),
            _ => Lookup::Nothing,
        },
        Some(Held::Unknown) => Lookup::Unknown,
        None => variable.default.as_deref().map_or(Lookup::Nothing, Lookup::Text),
    }
}

/// Returns how many bytes of the text the literal covers at its start.
type Strip = fn(&str, &str) -> Option<usize>;

fn strip(text: &str, literal: &str) -> Option<usize> {
    text.starts_with(literal).then_some(literal.len())
}

fn strip_ignoring_case(text: &str, literal: &str) -> Option<usize> {
    let mut signs = text.chars();
    for wanted in literal.chars() {
        let sign = signs.next()?;
        if !(sign == wanted || sign.to_lowercase().eq(wanted.to_lowercase())) {
            return None;
        }
    }
    Some(text.len() - signs.as_str().len())
}

/// Matches a whole text against tokens. After a mismatch only the last `*` is lengthened, which suffices: an earlier
/// one could not help more.
fn glob<'a>(count: usize, token: impl Fn(usize) -> Option<Token<'a>>, text: &str, strip: Strip) -> bool {
    let (mut index, mut at) = (0, 0);
    // The token after the last run, and where that run ends for the present.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let step = match token(index) {
            Some(Token::Run) => {
                if index + 1 == count {
                    return true;
                }
                retry = Some((index + 1, at));
                Some(0)
            }
            Some(Token::One) => rest.chars().next().map(char::len_utf8),
            Some(Token::Literal(literal)) => strip(rest, literal),
            None if rest.is_empty() => return true,
            None => None,
        };
        if let Some(bytes) = step {
            at += bytes;
            index += 1;
            continue;
        }
        let Some((after_run, run_end)) = retry else { return false };
        let Some(sign) = text.get(run_end..).and_then(|rest| rest.chars().next()) else { return false };
        index = after_run;
        at = run_end + sign.len_utf8();
        retry = Some((after_run, at));
    }
}

enum Inner {
    Escape(char),
    Variable(Variable),
}

/// Reads `${...}` at the start of a text; `None` when it does not end or holds nothing that makes sense.
fn variable(text: &str) -> Option<(Inner, &str)> {
    let (inner, after) = text.strip_prefix("${")?.split_once('}')?;
    let mut signs = inner.chars();
    if let (Some(sign @ ('*' | '?' | '$')), None) = (signs.next(), signs.next()) {
        return Some((Inner::Escape(sign), after));
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key.trim(), Some(default.into()))
        }
        None => (inner.trim(), None),
    };
    (!key.is_empty()).then(|| (Inner::Variable(Variable { key: Key::new(key), default }), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let mut context: Context =
            [("aws:username", "ana"), ("aws:PrincipalTag/t", "*"), ("x:colon", "a:b")].into_iter().collect();
        context.set_unknown("aws:SourceIp").set_all("aws:TagKeys", ["a", "b"]);
        context
    }

    fn glob(pattern: &str, text: &str) -> Truth {
        Pattern::new(pattern, Syntax { wildcards: true, variables: true }).matches(text, &context())
    }

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("a*", "a"),
            ("*c", "abc"),
            ("a*c", "abcbc"),
            ("a**c", "ac"),
            ("a?c", "aüc"),
            ("*?*", "ü"),
            ("*ab*ab", "abxab"),
            ("a*b*c?", "axxbyybzcd"),
        ] {
            assert_eq!(glob(pattern, text), Truth::Yes, "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("?", ""), ("?", "ab"), ("a*c", "abcd"), ("*ab*ab", "ab"), ("A", "a"), ("?*?", "ü"), ("a", "")]
        {
            assert_eq!(glob(pattern, text), Truth::No, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_stand_for_their_value_and_nothing_else() {
        for (pattern, text, expected) in [
            ("home/${aws:username}/*", "home/ana/x", Truth::Yes),
            ("home/${AWS:UserName}", "home/ana", Truth::Yes),
            ("${aws:userid}", "", Truth::No),
            ("*${aws:userid}*", "x", Truth::No),
            ("${aws:userid, 'none'}", "none", Truth::Yes),
            ("${aws:username, 'none'}", "none", Truth::No),
            ("${aws:PrincipalTag/t}", "anything", Truth::No),
            ("${aws:PrincipalTag/t}", "*", Truth::Yes),
            ("${*}${?}${$}", "*?$", Truth::Yes),
            ("${*}", "a", Truth::No),
            ("${aws:TagKeys}", "a", Truth::No),
            ("ip-${aws:SourceIp}", "ip-1", Truth::Unknown),
            ("ip-${aws:SourceIp}", "no", Truth::No),
            ("${aws:username", "${aws:username", Truth::Yes),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        let old = Pattern::new("${aws:username}", Syntax { wildcards: true, variables: false });
        assert_eq!(old.matches("ana", &context()), Truth::No);
        assert_eq!(old.matches("${aws:username}", &context()), Truth::Yes);
    }

    #[test]
    fn case_can_be_ignored() {
        let pattern = Pattern::new("STRASSE-Ü", Syntax { wildcards: false, variables: true });
        assert_eq!(pattern.matches_ignoring_case("strasse-ü", &context()), Truth::Yes);
        assert_eq!(pattern.matches_ignoring_case("strasse-u", &context()), Truth::No);
    }
}
