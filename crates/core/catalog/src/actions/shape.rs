//! Shapes of ARNs: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.

use std::fmt;

use super::overlap::{Token, overlap, pattern};

/// How the ARNs of a type of resources look; copying it costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArnShape<'facts> {
    pub(super) text: &'facts str,
    /// Whether the variable at the end has no `/`: another type's shape goes on with one.
    pub(super) is_flat: bool,
}

impl<'facts> ArnShape<'facts> {
    /// Returns the shape as AWS documents it.
    #[must_use]
    pub const fn as_str(self) -> &'facts str {
        self.text
    }

    /// Tells whether the variable at the end has no `/`.
    #[must_use]
    pub const fn is_flat(self) -> bool {
        self.is_flat
    }

    /// Returns the names of the variables in their order: `Partition`, `Region`, `Account`, `FunctionName`...
    pub fn variables(self) -> impl Iterator<Item = &'facts str> {
        self.text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    /// Tells whether an ARN looks so, or, with wildcards or policy variables in it, may look so.
    ///
    /// As in a policy, the parts between colons are compared one by one, parts that are left out match anything, a `*`
    /// that ends a part runs on behind its colon, and `*` alone matches.
    #[must_use]
    pub fn matches(self, arn: &str) -> bool {
        if !arn.contains(':') && arn.starts_with('*') {
            return true;
        }
        let shape = self.tokens();
        let written = split(pattern(arn));
        // Parts that are left out match anything.
        let mut in_step = shape.iter().zip(&written);
        let is_in_step = written.len() <= shape.len() && in_step.all(|(shape, written)| overlap(shape, written));
        is_in_step || arn.contains("*:") && overlap(&shape.join(&Token::Sign(':')), &pattern(arn))
    }

    /// Returns the parts; variables before the last part have no colon.
    fn tokens(self) -> Vec<Vec<Token>> {
        let mut parts = split(pattern(self.text));
        let last = parts.pop().unwrap_or_default();
        for token in parts.iter_mut().flatten().filter(|token| **token == Token::Run) {
            *token = Token::Without(':');
        }
        parts.push(last);
        if let Some(end) = parts.last_mut().and_then(|last| last.last_mut()).filter(|_| self.is_flat) {
            *end = Token::Without('/');
        }
        parts
    }

    /// Returns the ARN with the variables that are known; others become `*`.
    #[must_use]
    pub fn fill<'value>(self, value: impl Fn(&str) -> Option<&'value str>) -> String {
        let mut filled = String::new();
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(value(name).unwrap_or("*"));
            rest = after;
        }
        filled + rest
    }
}

/// Splits into the parts of an ARN, six at most.
fn split(tokens: Vec<Token>) -> Vec<Vec<Token>> {
    tokens.splitn(PARTS, |token| *token == Token::Sign(':')).map(<[Token]>::to_vec).collect()
}

const PARTS: usize = 6;

impl fmt::Display for ArnShape<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_compared_with_shapes_part_by_part() {
        let object = ArnShape { text: "arn:${Partition}:s3:::${BucketName}/${ObjectName}", is_flat: false };
        let bucket = ArnShape { text: "arn:${Partition}:s3:::${BucketName}", is_flat: true };
        for (arn, is_object, is_bucket) in [
            ("*", true, true),
            ("arn:aws:s3:::b", false, true),
            ("arn:aws:s3:::b*", true, true),
            ("arn:aws:s3:::b/k", true, false),
            ("arn:aws:s3:::${aws:username}/*", true, false),
            ("arn:aws:s3:::*", true, true),
            ("arn:aws:s3", true, true),
            ("arn:*:s3:*:*:*", true, true),
            ("arn:*", true, true),
            ("arn:aws:s3*:k", true, true),
            ("arn:aws:s3:*:k", true, true),
            ("arn:aws:s3:eu-west-1::b/k", false, false),
            ("arn:aws:sqs:::b/k", false, false),
            ("b", false, false),
        ] {
            assert_eq!((object.matches(arn), bucket.matches(arn)), (is_object, is_bucket), "{arn}");
        }
    }

    #[test]
    fn variables_are_filled() {
        let shape =
            ArnShape { text: "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}:x", is_flat: false };
        assert_eq!(shape.variables().collect::<Vec<_>>(), ["Partition", "Region", "Account", "Name"]);
        let value = |name: &str| [("Partition", "aws"), ("Name", "f")].into_iter().find(|(known, _)| *known == name);
        assert_eq!(shape.fill(|name| Some(value(name)?.1)), "arn:aws:lambda:*:*:function:f:x");
    }
}
