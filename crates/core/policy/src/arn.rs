//! ARNs, and patterns of them: the values of `Resource` and of the ARN operators.

use std::fmt;

use crate::{
    context::{Context, Truth},
    pattern::{Pattern, Syntax},
};

/// An ARN with its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arn<'a> {
    text: &'a str,
    parts: [&'a str; 6],
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart; `None` for what has fewer than six parts, such as the `*` of a request on no resource.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        Some(Self { text, parts: arn_parts(text)? })
    }

    /// Returns what stands behind the fifth colon.
    pub(crate) const fn resource(&self) -> &'a str {
        let [.., resource] = self.parts;
        resource
    }
}

/// An ARN with wildcards and variables, compared part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// `*`
    Anything,
    /// One to six parts.
    Parts(Box<Parts>),
    /// It can match no ARN.
    Nothing,
}

/// The parts of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// At most six; those that are left out match anything.
    patterns: Box<[Pattern]>,
    /// Whether a part before the last ends in `*` and may run on behind its colon.
    runs_on: bool,
}

impl ArnPattern {
    /// Reads the pattern of a `Resource` element: parts that are left out match anything, and a `*` that ends a part
    /// "can expand to match beyond the colon boundaries" (IAM User Guide, element Resource).
    pub(crate) fn resource(text: &str, variables: bool) -> Self {
        Self::new(text, variables, true)
    }

    /// Reads the value of an ARN condition operator: all six parts must be there, and "each of the six colon-delimited
    /// components of the ARN is checked separately" (IAM User Guide, ARN condition operators).
    pub(crate) fn condition(text: &str, variables: bool) -> Self {
        Self::new(text, variables, false)
    }

    fn new(text: &str, variables: bool, is_resource: bool) -> Self {
        if text.chars().all(|sign| sign == '*') && !text.is_empty() {
            return Self::Anything;
        }
        let syntax = Syntax { wildcards: true, variables };
        let texts = split(text, variables);
        if texts.len() < 6 && !is_resource || texts.first().is_none_or(|first| first.is_empty()) {
            return Self::Nothing;
        }
        let patterns: Box<[Pattern]> = texts.iter().map(|text| Pattern::new(text, syntax)).collect();
        let runs_on = is_resource && patterns.iter().rev().skip(1).any(Pattern::ends_in_run);
        Self::Parts(Box::new(Parts { patterns, runs_on }))
    }

    /// Tells whether an ARN matches; `None` is what is no ARN.
    pub(crate) fn matches(&self, arn: Option<&Arn<'_>>, context: &Context) -> Truth {
        match (self, arn) {
            (Self::Anything, _) => Truth::Yes,
            (Self::Nothing, _) | (Self::Parts(_), None) => Truth::No,
            (Self::Parts(parts), Some(arn)) => {
                let in_step = parts.match_in_step(arn, context);
                // Only further colons give a part room to run on.
                let room = || parts.patterns.len() < 6 || arn.resource().contains(':');
                let may_run_on = in_step == Truth::No && parts.runs_on && room();
                if may_run_on { parts.match_running_on(arn.text, context) } else { in_step }
            }
        }
    }

    /// Returns the parts, six at most; none where everything or nothing matches.
    pub(crate) fn parts(&self) -> &[Pattern] {
        if let Self::Parts(parts) = self { &parts.patterns } else { &[] }
    }

    /// Returns the keys of the variables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts().iter().flat_map(Pattern::keys)
    }

    pub(crate) fn unknown_keys<'a>(&'a self, context: &Context, keys: &mut Vec<&'a str>) {
        for pattern in self.parts() {
            pattern.unknown_keys(context, keys);
        }
    }
}

/// The pattern as a policy writes it.
impl fmt::Display for ArnPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => out.write_str("*"),
            Self::Nothing => out.write_str("what is no ARN"),
            Self::Parts(parts) => parts
                .patterns
                .iter()
                .enumerate()
                .try_for_each(|(index, part)| write!(out, "{}{part}", if index == 0 { "" } else { ":" })),
        }
    }
}

impl Parts {
    /// Compares each part with the one at its place.
    fn match_in_step(&self, arn: &Arn<'_>, context: &Context) -> Truth {
        let mut result = Truth::Yes;
        // The last part and the service differ most often.
        for index in [2, 5, 4, 3, 1, 0] {
            let (Some(pattern), Some(part)) = (self.patterns.get(index), arn.parts.get(index)) else { continue };
            result = result.and(pattern.matches(part, context));
            if result == Truth::No {
                return Truth::No;
            }
        }
        result
    }

    /// Compares the parts with the segments between colons, where parts that end in `*` cover the segments behind as
    /// far as it helps. After a mismatch only the last such part is lengthened, as in a text with wildcards.
    fn match_running_on(&self, text: &str, context: &Context) -> Truth {
        let (mut index, mut rest) = (0, Some(text));
        let mut result = Truth::Yes;
        // The part after the last one that runs on, and what is behind the segments covered so far.
        let mut retry: Option<(usize, &str)> = None;
        loop {
            let Some(pattern) = self.patterns.get(index) else { return result };
            let (segment, behind) = match rest {
                // The sixth part is everything behind the fifth colon.
                Some(rest) if index == 5 => (Some(rest), None),
                Some(rest) => match rest.split_once(':') {
                    Some((segment, behind)) => (Some(segment), Some(behind)),
                    None => (Some(rest), None),
                },
                None => (None, None),
            };
            let found = segment.map_or(Truth::No, |segment| pattern.matches(segment, context));
            if found != Truth::No {
                result = result.and(found);
                index += 1;
                rest = behind;
                if let Some(behind) = behind.filter(|_| pattern.ends_in_run()) {
                    retry = Some((index, behind));
                }
                continue;
            }
            let Some((after_run, covered)) = retry else { return Truth::No };
            let Some((_, behind)) = covered.split_once(':') else { return Truth::No };
            (index, rest, retry) = (after_run, Some(behind), Some((after_run, behind)));
        }
    }
}

/// Splits an ARN into at most six parts; colons inside `${...}` do not separate.
fn split(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let inside = variables && *byte == b'$' && text.get(at..).is_some_and(|rest| rest.starts_with("${"));
        if inside && let Some(length) = text.get(at..).and_then(|rest| rest.find('}')) {
            at += length;
        } else if *byte == b':' && parts.len() < 5 {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
        at += 1;
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Splits an ARN into its six parts; `None` when it has fewer.
pub(crate) fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let mut context: Context = [("aws:username", "ana"), ("x:colon", "a:b")].into_iter().collect();
        context.set_unknown("aws:SourceIp");
        context
    }

    fn resource(pattern: &str, arn: &str) -> Truth {
        ArnPattern::resource(pattern, true).matches(Arn::read(arn).as_ref(), &context())
    }

    fn condition(pattern: &str, arn: &str) -> Truth {
        ArnPattern::condition(pattern, true).matches(Arn::read(arn).as_ref(), &context())
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        for (pattern, arn) in [
            ("*", "arn:aws:s3:::b"),
            ("*", "*"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k/deep:er"),
            ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:111111111111:q"),
            ("arn:*:iam::*:role/x", "arn:aws:iam::111111111111:role/x"),
            ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ana/x"),
            ("arn:aws:s3:::${x:colon}", "arn:aws:s3:::a:b"),
        ] {
            assert_eq!(resource(pattern, arn), Truth::Yes, "{pattern} {arn}");
        }
        for (pattern, arn) in [
            ("arn:aws:iam:?:role/x", "arn:aws:iam::111111111111:role/x"),
            ("arn:aws:s3:::b", "*"),
            ("arn:aws:s3:::b", "arn:aws:s3:::b/k"),
            ("", "arn:aws:s3:::b"),
        ] {
            assert_eq!(resource(pattern, arn), Truth::No, "{pattern} {arn}");
        }
        assert_eq!(condition("arn:aws:sqs", "arn:aws:sqs:eu-west-1:1:q"), Truth::No);
    }

    #[test]
    fn a_star_that_ends_a_part_of_a_resource_runs_on_behind_the_colon() {
        for (pattern, arn) in [
            ("arn:aws:iam:*:role/x", "arn:aws:iam::111111111111:role/x"),
            ("arn:aws:lambda:*:function:f", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
            ("arn:aws:lambda:eu-*:f", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
            ("arn:aws:lambda:eu-west-1:*:f", "arn:aws:lambda:eu-west-1:111111111111:function:g:f"),
            ("arn:aws:logs:*:log-group:*:x", "arn:aws:logs:eu-west-1:1:log-group:a:log-group:b:c:x"),
            ("arn:aws:s3:*:b", "arn:aws:s3:::b"),
        ] {
            assert_eq!(resource(pattern, arn), Truth::Yes, "{pattern} {arn}");
            assert_eq!(condition(pattern, arn), Truth::No, "{pattern} {arn}");
        }
        for (pattern, arn) in [
            ("arn:aws:lambda:*x:function:f", "arn:aws:lambda:eu-west-1:1x:function:f"),
            ("arn:aws:lambda:eu-west-1:*:g", "arn:aws:lambda:eu-west-1:111111111111:function:g:f"),
            ("arn:aws:iam:*:role/x", "arn:aws:iam::111111111111:role/y"),
        ] {
            assert_eq!(resource(pattern, arn), Truth::No, "{pattern} {arn}");
        }
        let open = resource("arn:aws:lambda:*:function:${aws:SourceIp}", "arn:aws:lambda:r:1:x:function:y");
        assert_eq!(open, Truth::Unknown);
        // However many ways there are to cover it, a text is read once for each part.
        let long = format!("arn:aws:lambda:r:1:{}", "a:".repeat(50_000));
        assert_eq!(resource("arn:*:*:*:*:x", &long), Truth::No);
    }
}
