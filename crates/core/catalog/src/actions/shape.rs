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

    /// Returns the names of the variables in their order: `Partition`, `Region`, `Account`, `FunctionName`...
    pub fn variables(self) -> impl Iterator<Item = &'facts str> {
        self.text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    /// Tells whether an ARN looks so, or, with wildcards or policy variables in it, may look so.
    ///
    /// As in a policy, the parts between colons are compared one by one, parts that are left out match anything, and
    /// `*` alone matches.
    #[must_use]
    pub fn matches(self, arn: &str) -> bool {
        if !arn.contains(':') && arn.starts_with('*') {
            return true;
        }
        let mut shape = parts(self.text);
        let mut written = parts(arn);
        loop {
            match (shape.next(), written.next()) {
                (None, None) => return true,
                (Some(_), None) => return true,
                (None, Some(_)) => return false,
                (Some(mut shape), Some(written)) => {
                    if let Some(last) = shape.last_mut().filter(|last| self.is_flat && **last == Token::Run) {
                        *last = Token::Flat;
                    }
                    if !overlap(&shape, &written) {
                        return false;
                    }
                }
            }
        }
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

/// Splits into the six parts of an ARN; colons inside `${...}` do not separate.
fn parts(arn: &str) -> impl Iterator<Item = Vec<Token>> {
    let mut rest = Some(pattern(arn));
    let mut left = PARTS;
    std::iter::from_fn(move || {
        let tokens = rest.take()?;
        left -= 1;
        match tokens.iter().position(|token| *token == Token::Sign(':')).filter(|_| left > 0) {
            Some(colon) => {
                rest = tokens.get(colon + 1..).map(<[Token]>::to_vec);
                tokens.get(..colon).map(<[Token]>::to_vec)
            }
            None => Some(tokens),
        }
    })
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
